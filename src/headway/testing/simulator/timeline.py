"""What happens when: one heap of callbacks by virtual time, one dice, one trace. The only order there is."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from random import Random  # noqa: TID251 - seeded: the same seed, the same world

from headway.testing.clock import VirtualClock


class Timeline:
    """`now` in seconds from the start; `clock` tells the same to the server's parts."""

    def __init__(self, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.dice = Random(seed)  # noqa: S311 - makes cases, not secrets
        self.clock = VirtualClock(seed=seed)
        self._trace = trace
        self._order = count()
        self._heap: list[tuple[float, int, Callable[[], None]]] = []

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Let `what` happen then."""
        heapq.heappush(self._heap, (when, next(self._order), what))

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        """Let `what` happen so much later."""
        self.at(self.now + seconds, what)

    def note(self, line: Callable[[], str]) -> None:
        """Write into the trace, if there is one."""
        if self._trace:
            self._trace(f"{self.now:9.3f}  {line()}")

    def run(self, until: float, enough: Callable[[], bool] = lambda: False) -> None:
        """Let everything happen up to then, or until it is enough (looked at once a second)."""
        looked = self.now
        while self._heap and self._heap[0][0] <= until:
            when, _, what = heapq.heappop(self._heap)
            if when > self.now:
                self.clock.skip(when - self.now)
            what()
            if self.now - looked >= 1.0:
                looked = self.now
                if enough():
                    return
