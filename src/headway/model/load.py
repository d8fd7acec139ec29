"""The series of a worker's load: one sample for each ten seconds of the last ten minutes, as part of its document.

A map from the beginning of each ten seconds to the newest sample in them, so that a merge patch adds one and takes away
what is past: every viewer folds it as any other change, and a snapshot has the same series as a view that was there all
the time (I12). Pure; called by `fleet.hear`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.clock import iso

EVERY_MS = 10_000
KEPT_MS = 600_000
SAMPLED = ("cpu_percent", "memory_percent", "gpu_percent")
"""What a sample holds, in this order; null where the load does not say it."""

Sample = list[float | None]


def extended(series: Mapping[str, Sample], at: int, load: Mapping[str, Any]) -> dict[str, Sample | None]:
    """The patch of `series` that a load heard at `at` (ms) makes: a new sample, null for those that are past."""
    oldest = iso(at - KEPT_MS)
    patch: dict[str, Sample | None] = {begin: None for begin in series if begin <= oldest}
    sample = [_number(load.get(field)) for field in SAMPLED]
    if any(value is not None for value in sample):
        patch[iso(at - at % EVERY_MS)] = sample
    return patch


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
