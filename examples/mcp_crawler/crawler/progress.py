"""Telling a client how far a call is: not too often, never backwards, several stages as one number.

Knows nothing of pages or repositories. `Tell` is `Context.report_progress` of the SDK, or a list in a test.
"""

from collections.abc import Awaitable, Callable, Mapping

import anyio

Tell = Callable[[float, float | None, str | None], Awaitable[None]]

EVERY_S = 0.1
"""People see no more than ten changes a second; the first, the last and a new total are told at once."""


class Meter:
    """One rising amount; what would fall is left out."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told: tuple[float, float | None] | None = None
        self._next = 0.0

    async def __call__(
        self, done: float, total: float | None, message: str | None = None, *, now: bool = False
    ) -> None:
        """Tell it unless it was told a moment ago, or is less than what was told."""
        if self._told is not None and done < self._told[0]:
            return
        due = anyio.current_time() >= self._next or self._told is None or self._told[1] != total
        if (done, total) == self._told and not now:
            return
        if due or now or done == total:
            self._told = (done, total)
            self._next = anyio.current_time() + EVERY_S
            await self._tell(done, total, message)


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
