"""Telling a client how far a call is: not too often, never backwards, several stages as one number.

Knows nothing of pages or repositories. `Tell` is `Context.report_progress` of the SDK, or a list in a test.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio

Tell = Callable[[float, float | None, str | None], Awaitable[None]]

EVERY_S = 0.1
"""People see no more than ten changes a second; the first, the last and a new total are told at once."""


class Meter:
    """One rising amount; what would fall is left out, what comes too soon is told a moment later if it is the newest."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._order = anyio.Lock()
        self._told: tuple[float, float | None] | None = None
        self._newest: tuple[float, float | None, str | None] | None = None
        self._next = 0.0
        self._later: asyncio.Task[None] | None = None

    async def __call__(
        self, done: float, total: float | None, message: str | None = None, *, now: bool = False
    ) -> None:
        """Tell it; a moment later unless it is time, or `now`, or the end."""
        if self._told is not None and done < self._told[0]:
            return
        self._newest = (done, total, message)
        due = self._told is None or self._told[1] != total or anyio.current_time() >= self._next
        if due or now or (done == total and self._told != (done, total)):
            await self._told_now()
        elif self._later is None or self._later.done():
            self._later = asyncio.create_task(self._told_later())

    async def _told_later(self) -> None:
        await anyio.sleep(self._next - anyio.current_time())
        await self._told_now()

    async def _told_now(self) -> None:
        async with self._order:
            if self._newest is not None:
                done, total, message = self._newest
                self._newest, self._told = None, (done, total)
                self._next = anyio.current_time() + EVERY_S
                await self._tell(done, total, message)

    def close(self) -> None:
        """Nothing is told after the result."""
        if self._later is not None:
            self._later.cancel()


@asynccontextmanager
async def metering(tell: Tell) -> AsyncIterator[Meter]:
    """A meter for one call."""
    meter = Meter(tell)
    try:
        yield meter
    finally:
        meter.close()


class Stages:
    """Weighted stages as one amount of 100; a stage without a total stands at its beginning until it ends."""

    def __init__(self, meter: Meter, weights: Mapping[str, float]) -> None:
        whole = sum(weights.values())
        self._shares = {name: 100 * weight / whole for name, weight in weights.items()}
        self._meter = meter
        self._name = ""

    async def begin(self, name: str, message: str | None = None) -> None:
        """This stage runs; those before it are done."""
        self._name = name
        await self._meter(self._before(), 100, message or name, now=True)

    async def at(self, done: float, total: float, message: str) -> None:
        """`done` of `total` of the stage that runs."""
        share = self._shares[self._name] * min(1.0, done / total if total else 1.0)
        await self._meter(round(self._before() + share, 2), 100, f"{self._name}: {message}", now=done >= total)

    async def end(self, message: str) -> None:
        """All are done."""
        await self._meter(100, 100, message, now=True)

    def _before(self) -> float:
        names = list(self._shares)
        return round(sum(self._shares[name] for name in names[: names.index(self._name)]), 2)
