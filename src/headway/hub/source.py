"""Where subscriptions get what the ring does not have: snapshots and old events, read from the store in a thread.

A snapshot is read once for everybody who asks for the same at about the same time, and may be a second old: whoever
gets it goes on from its seq. Must never know frames that come in, or sockets. Called by subscriptions, on the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

import msgspec

from headway.clock import Clock
from headway.errors import ServerError
from headway.hub.crowd import SLICE_BYTES, Shape
from headway.hub.ring import Entry, Ring, entry_of
from headway.hub.snapshot import Pages, Request, page_frame, read_pages
from headway.hub.tails import Tails, is_tail
from headway.model.settings import Settings
from headway.model.topic import topics_of
from headway.protocol.frames import Cursor
from headway.protocol.resuming import Plan, Standing, plan
from headway.store.base import Reading, Store

log = logging.getLogger(__name__)

SCAN = 5_000  # events read from the store at once
FAR = 20_000  # events behind the ring that a view is still given one by one
SHARED_S = 1.0  # how old a snapshot may be that somebody else asked for
RETRY_S = 1.0
READERS = 2

T = TypeVar("T")


class Missed(msgspec.Struct, frozen=True):
    """Events from the store that lead to `to`, or the plan that is followed instead."""

    entries: list[Entry]
    to: int
    plan: Plan | None = None


class Asker(Protocol):
    """A subscription that waits for the store. `failures`: catch-ups in a row that did not reach the head."""

    wants_view: bool
    cursor: int
    failures: int

    def snapshot_found(self, source: Source, found: Snapshots) -> None: ...
    def missed_found(self, source: Source, found: Missed) -> None: ...
    def nothing_found(self) -> None: ...


class Snapshots:
    """The pages of one snapshot in every dress that was asked for, each made once."""

    def __init__(self, pages: Pages, epoch: str, at: float) -> None:
        self.seq = pages.seq
        self.at = at
        self._pages = pages
        self._cursor = f"{epoch}.{pages.seq}"
        self._dressed: dict[tuple[str, str], list[bytes]] = {}

    def dressed(self, shape: Shape) -> list[bytes]:
        """The frames for a subscription; only the last says where one stands after it."""
        key = shape.id, shape.coding.name
        found = self._dressed.get(key)
        if found is None:
            bodies = self._pages.bodies
            cursors = [None] * (len(bodies) - 1) + [self._cursor]
            found = self._dressed[key] = [
                shape.coding.dress(page_frame(shape.id, body), cursor)
                for body, cursor in zip(bodies, cursors, strict=True)
            ]
        return found


Wanted = tuple[str, tuple[str, ...], bool]  # namespace, topics, small


class Source:
    """The ring, the clock, and the store behind them."""

    def __init__(self, clock: Clock, store: Store, settings: Settings, ring: Ring, tails: Tails) -> None:
        self.clock = clock
        self.settings = settings
        self.ring = ring
        self.epoch = ""
        self.reads = 0  # of the store, since the start
        self._store = store
        self._tails = tails
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="headway-read")
        self._flights: dict[Wanted, list[Asker]] = {}
        self._landed: dict[Wanted, Snapshots] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def head(self) -> Cursor:
        """As far as the ring can tell."""
        return Cursor(self.epoch, self.ring.settled)

    def begin(self, epoch: str) -> None:
        """The log is this one from now on."""
        self.epoch = epoch
        self._landed.clear()

    def close(self) -> None:
        """Let nobody wait any more."""
        for task in self._tasks:
            task.cancel()
        self._flights.clear()
        self._landed.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # -- snapshots

    def snapshot(self, shape: Shape, asker: Asker, *, small: bool) -> None:
        """Give `asker` a snapshot, now or later; never twice the same reading for two who ask together."""
        wanted = shape.namespace, shape.topics, small
        landed = self._landed.get(wanted)
        if landed and self.clock.monotonic() - landed.at < SHARED_S and landed.seq + 1 >= self.ring.first:
            asker.snapshot_found(self, landed)
        elif (waiting := self._flights.get(wanted)) is not None:
            waiting.append(asker)
        else:
            self._flights[wanted] = [asker]
            self._spawn(self._fly(wanted))

    async def _fly(self, wanted: Wanted) -> None:
        namespace, topics, small = wanted
        tails = {topic: self._tails.events(namespace, topic) for topic in topics if is_tail(topic)}
        request = Request(namespace, topics, small, tails, self._tails.seq)
        at = self.clock.monotonic()
        try:
            pages = await self._read(lambda reading: read_pages(reading, request, self.clock.now(), self.settings))
        except Exception as error:  # noqa: BLE001  # whatever it was, the viewer is told
            self._fail(self._flights.pop(wanted, []), error)
            return
        found = Snapshots(pages, self.epoch, at)
        self._forget_old(at)
        self._landed[wanted] = found
        for asker in self._flights.pop(wanted, ()):
            asker.snapshot_found(self, found)

    def _fail(self, askers: list[Asker], error: Exception) -> None:
        log.error("a snapshot could not be made", exc_info=error, extra={"action": "snapshot"})
        for asker in askers:
            asker.nothing_found()

    def _forget_old(self, now: float) -> None:
        for wanted in [wanted for wanted, found in self._landed.items() if now - found.at >= SHARED_S]:
            del self._landed[wanted]

    def tidy(self) -> None:
        """Free what nobody will share any more."""
        self._forget_old(self.clock.monotonic())

    # -- old events

    def missed(self, shape: Shape, asker: Asker) -> None:
        """Give `asker` the events from its cursor to the ring, or as many of them as one batch may hold."""
        self._spawn(self._fetch(shape, asker))

    async def _fetch(self, shape: Shape, asker: Asker) -> None:
        standing = Standing(
            since=Cursor(self.epoch, asker.cursor),
            want="auto" if asker.wants_view else "events",
            head=self.head,
            failures=asker.failures,
        )
        until = self.ring.first - 1
        try:
            found = await self._read(lambda reading: read_missed(reading, shape, standing, until, self.settings))
        except Exception as error:  # noqa: BLE001  # whatever it was, the viewer is told
            self._fail([asker], error)
            return
        asker.missed_found(self, found)

    # -- threads

    async def _read(self, question: Callable[[Reading], T]) -> T:
        """Ask the store in a thread; again and again while it does not answer."""
        loop = asyncio.get_running_loop()
        while True:
            self.reads += 1
            try:
                return await loop.run_in_executor(self._threads, self._ask, question)
            except ServerError as error:
                log.warning("store does not answer viewers: %s", error, extra={"action": "snapshot"})
                await self.clock.sleep(RETRY_S)

    def _ask(self, question: Callable[[Reading], T]) -> T:
        with self._store.reading() as reading:
            return question(reading)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def read_missed(reading: Reading, shape: Shape, standing: Standing, until: int, settings: Settings) -> Missed:
    """Events of the shape's topics after the cursor, up to `until` or as many as one batch may hold."""
    head = Cursor(standing.head.epoch, max(reading.head.seq, standing.head.seq))
    known = msgspec.structs.replace(standing, head=head, first=reading.first_seq())
    cursor = standing.since.seq if standing.since else until
    far = until - cursor > FAR and standing.want != "events"
    chosen = plan(msgspec.structs.replace(known, missed=until - cursor if far else 0), settings)
    if chosen.replay_from != cursor:
        return Missed([], cursor, chosen)
    entries, to = _scan(reading, shape, cursor, until)
    chosen = plan(msgspec.structs.replace(known, missed=len(entries)), settings)
    return Missed(entries, to) if chosen.replay_from == cursor else Missed([], cursor, chosen)


def _scan(reading: Reading, shape: Shape, cursor: int, until: int) -> tuple[list[Entry], int]:
    wanted = set(shape.topics)
    entries: list[Entry] = []
    room, end = SLICE_BYTES, min(until, cursor + SCAN)
    while cursor < end and (events := reading.events(cursor, until=end)):
        for event in events:
            if event.namespace == shape.namespace and not wanted.isdisjoint(topics_of(event)):
                entry = entry_of(event)
                room -= len(entry.body)
                if room < 0 and entries:
                    return entries, entries[-1].seq
                entries.append(entry)
        cursor = events[-1].seq
    return entries, max(cursor, end)
