"""The calls of one connection: those that run, and those that were told to stop and go on.

A cancelled call that is heard of again has not stopped: it is counted as a leftover and holds its slot until it answers,
or until nothing was heard of it for `QUIET_S`. What leftovers say goes nowhere else. Told by `tap.py` what passes the
wire. Must never know the board; kept by `engine.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from headway.clock import Clock
from headway.connectors.mcp.calling import Call, Id

QUIET_S = 30.0


class Leftover:
    """A call that was told to stop. `late`: it said something after that. `answered`: it is over."""

    def __init__(self, call: Call, now: float) -> None:
        self.job = call.ctx.job_id
        self.ids = call.ids
        self.said_at = now
        self.late = asyncio.Event()
        self.answered = asyncio.Event()

    async def word(self, clock: Clock, patience_s: float) -> bool:
        """Whether it says something within `patience_s` before it is over."""
        waits = [
            asyncio.ensure_future(each) for each in (self.late.wait(), self.answered.wait(), clock.sleep(patience_s))
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        return self.late.is_set() and not self.answered.is_set()


class Calls:
    """`begin`, then `end` or `abandon`. `on_change`: the numbers are others than before."""

    def __init__(self, clock: Clock, on_change: Callable[[], None]) -> None:
        self.running: list[Call] = []
        self.told_to_stop: list[Leftover] = []
        self.tasks = 0  # that did not stop either (tasks.py)
        self._clock = clock
        self._on_change = on_change

    @property
    def leftover(self) -> int:
        """Calls that go on although they were told to stop."""
        return self.tasks + sum(each.late.is_set() for each in self.told_to_stop)

    def begin(self, call: Call) -> None:
        """It runs."""
        self.running.append(call)
        self._on_change()

    def end(self, call: Call) -> None:
        """Nobody waits for it any more."""
        call.over.set()
        if call in self.running:
            self.running.remove(call)
        self._on_change()

    def abandon(self, call: Call) -> Leftover:
        """It was told to stop."""
        leftover = Leftover(call, self._clock.monotonic())
        if call.ids:
            self.told_to_stop.append(leftover)
        self.end(call)
        return leftover

    def lost(self) -> None:
        """The connection is gone, and with it all that could be heard."""
        for each in self.told_to_stop:
            each.answered.set()
        self.told_to_stop.clear()
        for call in self.running:
            call.ids.clear()  # the next connection counts from one again
        self._on_change()

    # -- as the wire tells it --

    def heard_of(self, id: Id) -> None:
        """A progress notification with this token."""
        for call in self.running:
            if id in call.ids:
                return call.alive()
        for each in self.told_to_stop:
            if id in each.ids:
                each.said_at = self._clock.monotonic()
                if not each.late.is_set():
                    each.late.set()
                    self._on_change()
        return None

    def answered(self, id: Id) -> None:
        """The response to this request."""
        if done := [each for each in self.told_to_stop if id in each.ids]:
            for each in done:
                each.answered.set()
                self.told_to_stop.remove(each)
            self._on_change()

    def forget_quiet(self) -> None:
        """Leftovers that were not heard of for long are taken as over. Call it now and then."""
        now = self._clock.monotonic()
        if quiet := [each for each in self.told_to_stop if now - each.said_at >= QUIET_S]:
            self.told_to_stop = [each for each in self.told_to_stop if each not in quiet]
            self._on_change()
