"""Time that only moves when a test says so: a `headway.clock.Clock` with awaitable sleepers.

    clock = VirtualClock()
    task = asyncio.create_task(sweeper.run())
    await clock.advance(5)          # everything that sleeps wakes in order, at its own instant

Randomness is seeded, ids are ULIDs of the virtual time. Knows nothing of what it wakes.
"""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from random import Random  # noqa: TID251 - seeded: the same test, the same dice

from headway.clock import ulid

START = 1_790_000_000_000
SETTLING = 25
"""Turns of the loop that woken tasks get before time goes on."""


class VirtualClock:
    """`now` is wall time, which a test may `set_back` or forward; `monotonic` only goes with `advance`."""

    def __init__(self, start: int = START, *, seed: int = 0) -> None:
        self._start = start
        self._passed = 0.0
        self._random = Random(seed)  # noqa: S311 - makes cases, not secrets
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    # -- the clock -------------------------------------------------------------------------------------------------

    def now(self) -> int:
        return self._start + round(self._passed * 1000)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + max(seconds, 0.0), next(self._order), future))
        await future

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def new_id(self) -> str:
        return ulid(self.now(), self._random.getrandbits(80))

    # -- the test's side -------------------------------------------------------------------------------------------

    @property
    def sleeping(self) -> int:
        """How many tasks sleep now."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def skip(self, seconds: float) -> None:
        """Time passes while nobody wakes: a stopped process, a machine asleep."""
        self._passed += seconds

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; monotonic time does not notice."""
        self._start += round(seconds * 1000)

    async def advance(self, seconds: float) -> None:
        """Let time pass: sleepers wake in order, each at its instant, and get turns before time goes on."""
        until = self._passed + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            at, _, future = heapq.heappop(self._sleepers)
            self._passed = max(self._passed, at)
            if not future.done():
                future.set_result(None)
                await settle()
        self._passed = max(self._passed, until)
        await settle()


async def settle(turns: int = SETTLING) -> None:
    """Let everything that can run now run."""
    for _ in range(turns):
        await asyncio.sleep(0)  # noqa: TID251 - gives the loop away, waits for nothing
