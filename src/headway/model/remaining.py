"""Time left in words: one rule for the command line and for agents.

A range where there is one, else `about`; counted down from when it was made. Pure; called by `cli/words.py` and
`mcp/words.py`.
"""

from __future__ import annotations

from headway.model.duration import duration_text
from headway.model.job import EstimateDoc

NEAR = 0.9
"""From this share of the whole on the end is near."""


def remaining(estimate: EstimateDoc, gone_s: float) -> str | None:
    """`1m 05s–2m 10s left`, `about 12s left`, or None where all of the time is gone by now."""
    low, middle, high = estimate.get("low_s"), estimate["p50_s"], estimate.get("high_s")
    if (middle if high is None else high) - gone_s < 1:
        return None
    if low is None or high is None:
        return f"about {duration_text(middle - gone_s)} left"
    ends = duration_text(max(low - gone_s, 0.0)), duration_text(high - gone_s)
    return f"{ends[0] if ends[0] == ends[1] else '–'.join(ends)} left"
