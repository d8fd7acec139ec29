"""What a tool says of its progress, made fit to show: it never goes back, and is no more than it is.

    | the tool says                             | shown |
    |---|---|
    | less than before                          | what was shown before |
    | no total, and none before                 | a count without a share |
    | no total, one before                      | with the total from before |
    | another total                             | the new one |
    | more than its total                       | the total |
    | no number at all (NaN, infinite, below 0) | the number from before |
    | a total that is no number, or not above 0 | no total |

Numbers come from strangers, so nothing here raises. Pure. Called by `calling.py`.
"""

from __future__ import annotations

import math
from typing import Any

LARGEST = 1e15  # beyond it, whole numbers are no longer exact in a double


class Progress:
    """`heard` gives what to show: (current, total); both None until there is a number."""

    def __init__(self) -> None:
        self.current: float | None = None
        self.total: float | None = None

    def heard(self, current: Any, total: Any = None) -> tuple[float | None, float | None]:
        """One notification."""
        if (ceiling := _number(total)) is not None and ceiling > 0:
            self.total = ceiling
        if (number := _number(current)) is not None:
            self.current = number if self.current is None else max(self.current, number)
        if self.current is not None and self.total is not None:
            return min(self.current, self.total), self.total
        return self.current, self.total


def _number(value: Any) -> float | None:
    """A finite number from 0 to LARGEST."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= LARGEST and not (isinstance(value, float) and math.isnan(value)) else None
