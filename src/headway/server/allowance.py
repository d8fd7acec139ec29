"""How often somebody may do something: token buckets by name. A flood is told when to come back.

Used for custom events. Takes its time from the clock it is given.
"""

from __future__ import annotations

from collections import defaultdict

from headway.clock import Clock
from headway.errors import CallerError


class TooMany(CallerError):
    """More than the rate allows."""

    code = "too_many_requests"
    status = 429

    def __init__(self, what: str, retry_after_s: float) -> None:
        super().__init__(f"Too many {what}.", hint=f"Try again in {retry_after_s:.1f} s.")
        self.retry_after_s = retry_after_s


class Allowance:
    """Token buckets by name: `rate` per second, `burst` at once."""

    def __init__(self, clock: Clock, rate: float, burst: float) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._left: defaultdict[str, tuple[float, float]] = defaultdict(lambda: (burst, clock.monotonic()))

    def spend(self, name: str, what: str) -> None:
        """Take one; TooMany says when there is one again."""
        left, at = self._left[name]
        now = self._clock.monotonic()
        left = min(self._burst, left + (now - at) * self._rate)
        if left < 1:
            self._left[name] = (left, now)
            raise TooMany(what, (1 - left) / self._rate)
        self._left[name] = (left - 1, now)
