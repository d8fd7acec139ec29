"""The log as it grows: every commit, whoever made it, in the order of its numbers, to everybody who follows.

Alone on a store, what the ledger commits is all there is, and passes straight through. Where several servers append to
one log, our own commits wait here until all before them have been told; those of others are read from the store, when
the doorbell rings or at the latest after `poll_s`. So the order of what is told never depends on who told it first.
What happens then (offers, cancels, answers to those who wait) is a matter of who follows.

A head of another epoch, or below what was told already, means that the store was put back to an older time: everybody
begins anew (`begin_again`). Knows no worker and no viewer. Fed by the ledger, on the loop; `run` is its service.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from functools import partial

import msgspec

from headway.clock import Clock
from headway.errors import ServerError, StoreUnusable
from headway.hub.asking import Ask
from headway.model.event import Event
from headway.model.settings import Settings
from headway.model.world import World
from headway.store.base import Head, Reading, Store

log = logging.getLogger(__name__)

PAGE = 1_000
"""Events read at once."""


class Commit(msgspec.Struct, frozen=True):
    """Durable events with their `seq`, and the working copy they left (read only).

    Of a commit by another server the copy holds only jobs that somebody here `wants`, as they are by now.
    """

    events: list[Event]
    world: World


class _Page(msgspec.Struct, frozen=True):
    """What was read behind a seq: the head at that moment, and events up to it or to the end of a page."""

    head: Head
    commit: Commit


class Tail:
    """`begin` at a head, then `offer` what this server commits; `run` where others commit too."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, ask: Ask) -> None:
        self.seq = 0
        self.epoch = ""
        self.begin_again: Callable[[], Awaitable[None]] = _stop_here
        """Awaited when the log is another one than before; it calls `begin`."""
        self.wants: Callable[[Event], bool] = lambda _: False
        """Asked in a thread for each event of another server: is its job to be loaded with it?"""
        self.reads = 0
        self._store = store
        self._clock = clock
        self._settings = settings
        self._ask = ask
        self._listeners: list[Callable[[Commit], None]] = []
        self._ours: dict[int, Commit] = {}  # first seq -> a commit that others' are still before
        self._news = asyncio.Event()

    def follow(self, listener: Callable[[Commit], None]) -> None:
        """`listener` is called on the loop with each commit, in order."""
        self._listeners.append(listener)

    def begin(self, head: Head) -> None:
        """What comes after `head` will be told."""
        self.seq, self.epoch = head.seq, head.epoch
        self._ours.clear()

    def offer(self, commit: Commit) -> None:
        """Take what this server has committed."""
        first = commit.events[0].seq
        if not self._store.shared or first == self.seq + 1:
            self._tell(commit)
            self._tell_ours()
        elif first > self.seq:
            self._ours[first] = commit
            self._news.set()

    async def run(self) -> None:
        """Follow the store until cancelled. One that does not answer is asked again."""
        loop = asyncio.get_running_loop()
        hears = self._store.on_news(lambda: _ring(loop, self._news))
        poll_s = self._settings.poll_s if hears else self._settings.poll_alone_s
        failing = False
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(poll_s):
                    await self._news.wait()
            self._news.clear()
            try:
                await self.catch_up()
            except ServerError as problem:
                if not failing:
                    log.warning("the log can not be followed: %s", problem, extra={"action": "tail"})
                failing = True
                await self._clock.sleep(poll_s)
            else:
                failing = False

    async def catch_up(self) -> None:
        """Tell all there is by now. StoreUnavailable: later."""
        while True:
            before = self.seq
            until = min(self._ours) - 1 if self._ours else None
            self.reads += 1
            page = await self._ask(partial(self._read, before, until))
            if page.head.epoch != self.epoch or page.head.seq < before or not self._take(page.commit):
                log.warning("the log is not the one that was told up to %d", before, extra={"action": "tail"})
                await self.begin_again()
                return
            if self.seq >= page.head.seq and not self._ours:
                return

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self, after: int, until: int | None, reading: Reading) -> _Page:
        """In a thread."""
        events = reading.events(after, until=until, limit=PAGE)
        world = World(events[-1].at if events else 0)
        for event in events:
            if event.job and self.wants(event):
                _load(reading, world, event.job)
        return _Page(reading.head, Commit(events, world))

    def _take(self, read: Commit) -> bool:
        """Tell what was read, but our own commits as we know them. False: a number is missing, which I2 excludes, and
        everybody must rather begin anew than go on with a hole.
        """
        fresh = [event for event in read.events if event.seq > self.seq]
        while fresh:
            if fresh[0].seq != self.seq + 1:
                log.error("event %d follows event %d", fresh[0].seq, self.seq, extra={"action": "tail"})
                return False
            ours = next((place for place, event in enumerate(fresh) if event.seq in self._ours), len(fresh))
            if ours:
                self._tell(Commit(fresh[:ours], read.world))
            self._tell_ours()
            fresh = [event for event in fresh[ours:] if event.seq > self.seq]
        self._tell_ours()
        return True

    def _tell_ours(self) -> None:
        """Our own commits that are next by now. What was told from the store meanwhile is not told again."""
        while (commit := self._ours.pop(self.seq + 1, None)) is not None:
            self._tell(commit)
        for first in [first for first in self._ours if first <= self.seq]:
            del self._ours[first]

    def _tell(self, commit: Commit) -> None:
        self.seq = commit.events[-1].seq
        tell(self._listeners, commit)


def tell(listeners: Iterable[Callable[[Commit], None]], commit: Commit) -> None:
    """Call each with the commit; one that fails does not keep it from the others."""
    for listener in listeners:
        try:
            listener(commit)
        except Exception:
            log.exception("a listener of the log failed", extra={"action": "follow", "seq": commit.events[-1].seq})


def _ring(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended
        loop.call_soon_threadsafe(news.set)


async def _stop_here() -> None:
    raise StoreUnusable("The log has begun anew, and nobody here can begin with it.")


def _load(reading: Reading, world: World, id: str) -> None:
    if (job := reading.job(id)) is None:
        return  # deleted since
    world.jobs[id] = job
    world.args[id] = reading.args(id) or b"{}"
    if job.get("attempt", 0) > 1:
        world.checkpoints[id] = reading.checkpoints(id)
