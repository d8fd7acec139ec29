"""What tests of live delivery share: a clock that is moved by hand, a wire with a reader, a log that is real."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from headway.hub.coding import BARE, Coding
from headway.hub.feed import Feed
from headway.hub.ledger import Commit
from headway.hub.viewer import Viewer
from headway.model.event import Event
from headway.model.settings import Settings
from headway.model.world import World
from headway.protocol.frames import Batch, Reset, Snapshot, Subscribe, decode_to_viewer
from headway.protocol.viewing import Took, View
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, write

TURNS = 40


class HandClock:
    """Time passes by `advance` alone; whoever sleeps is woken in order."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ids = 0

    def now(self) -> int:
        return NOW + round((self.time - 1_000.0) * 1000)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._ids += 1
        heapq.heappush(self._sleepers, (self.time + seconds, self._ids, woken))
        await woken

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2

    def new_id(self) -> str:
        self._ids += 1
        return f"01J{self._ids:023d}"

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking sleepers at their instants."""
        end = self.time + seconds
        await turns()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, woken = heapq.heappop(self._sleepers)
            self.time = max(self.time, at)
            if not woken.done():
                woken.set_result(None)
            await turns()
        self.time = end
        await turns()


async def turns(number: int = TURNS) -> None:
    """Let the loop do what it has to do."""
    for _ in range(number):
        await asyncio.sleep(0)


class ReadWire:
    """A wire whose reader takes everything, or at most `room` bytes until `read` is called."""

    def __init__(self, coding: Coding = BARE, room: int | None = None) -> None:
        self.coding = coding
        self.fd = -1
        self.viewer: Viewer | None = None
        self.room = room
        self.got: list[bytes] = []
        self.waiting: list[bytes] = []
        self.closed: tuple[int, str] | None = None
        self.aborted = False
        self.most_buffered = 0

    @property
    def buffered(self) -> int:
        return sum(map(len, self.waiting))

    def write(self, data: bytes) -> None:
        if self.room is None or (not self.waiting and self.room >= len(data)):
            self.got.append(data)
            self.room = None if self.room is None else self.room - len(data)
        else:
            self.waiting.append(data)
        self.most_buffered = max(self.most_buffered, self.buffered)

    def read(self, room: int | None = None) -> None:
        """The reader takes what waits, and has room for that much more."""
        self.got += self.waiting
        self.waiting = []
        self.room = room
        if self.viewer is not None:
            self.viewer.drained()

    def close(self, code: int, reason: str) -> None:
        self.closed = code, reason

    def abort(self) -> None:
        self.aborted = True

    @property
    def frames(self) -> list[Any]:
        return [decode_to_viewer(data) for data in self.got]

    def of(self, kind: type[Any], id: str = "v") -> list[Any]:
        return [frame for frame in self.frames if isinstance(frame, kind) and getattr(frame, "id", id) == id]


class Scene:
    """A store, a feed and a clock; `happen` commits and publishes."""

    def __init__(self, path: Path, **settings: Any) -> None:
        self.clock = HandClock()
        self.store = SqliteStore(path / "log.db")
        self.feed = Feed(self.clock, self.store, msgspec.structs.replace(Settings(), **settings))
        self.feed.begin(self.store.open(now=NOW, new_epoch="e1"))
        self.service: asyncio.Task[None] | None = None

    def serve(self) -> None:
        self.service = asyncio.create_task(self.feed.run())

    async def end(self) -> None:
        if self.service is not None:
            self.service.cancel()
            await asyncio.wait([self.service])
        self.feed.close()
        self.store.close()

    def commit(self, *events: Event) -> list[Event]:
        """Into the store, not yet published."""
        try:
            return write(self.store, *events, at=self.clock.now())
        except BaseException:
            self.store.rollback()
            raise

    def publish(self, events: Sequence[Event]) -> None:
        self.feed.publish(Commit(list(events), World(self.clock.now())))

    def happen(self, *events: Event) -> list[Event]:
        committed = self.commit(*events)
        self.publish(committed)
        return committed

    def open(self, wire: ReadWire | None = None, **options: Any) -> tuple[Viewer, ReadWire]:
        wire = wire or ReadWire()
        wire.viewer = self.feed.open_viewer(wire, **{"greeted": True, **options})
        return wire.viewer, wire

    def watch(self, *topics: str, wire: ReadWire | None = None, id: str = "v", **wanted: Any) -> ReadWire:
        """A viewer with one subscription."""
        viewer, wire = self.open(wire)
        viewer.subscribe(Subscribe(id=id, topics=list(topics), **wanted))
        return wire

    async def settled(self, *wires: ReadWire) -> None:
        """Until every thread has answered and every viewer that can take something stands at the head."""
        async with asyncio.timeout(20):
            while self.feed.source._tasks or any(not at_rest(wire) for wire in wires):  # noqa: ASYNC110
                await asyncio.sleep(0)  # threads answer when they do
        await turns()


def at_rest(wire: ReadWire) -> bool:
    viewer = wire.viewer
    return viewer is None or viewer.blocked or all(each.state >= 3 for each in viewer.subscriptions or ())


def custom(number: int, type: str = "crew.started", **data: Any) -> Event:
    return Event(type=type, at=NOW, data={"number": number, **data})


def folded(wire: ReadWire, *topics: str, id: str = "v", want: str = "auto") -> View:
    """The view that a client makes of what it got; a gap fails the test."""
    view = View(topics, want=want)
    view.open("e1")
    for frame in wire.frames:
        if isinstance(frame, Snapshot | Batch | Reset) and frame.id == id:
            assert view.take(frame) is not Took.GAP, frame
    return view


def reach(wire: ReadWire, id: str = "v") -> list[tuple[int, int]]:
    """(from, to] of the batches, in order."""
    return [(frame.since, frame.to) for frame in wire.of(Batch, id)]


def numbers(wire: ReadWire, id: str = "v") -> list[int]:
    """What the custom events in the batches carry."""
    return [event.data["number"] for frame in wire.of(Batch, id) for event in frame.events]


def difference(one: View, other: View) -> list[str]:
    """Where two views differ, in few words (a comparison of the whole would fill the screen)."""
    found: list[str] = []
    for topic, shown in one.shown().items():
        there = other.shown()[topic]
        for part, value in shown.items():
            if value != there[part]:
                found.append(f"{topic}.{part}: {_first_difference(value, there[part])}")
    return found


def _first_difference(one: Any, other: Any, path: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}, key=str):
            if one.get(key) != other.get(key):
                return _first_difference(one.get(key), other.get(key), f"{path}.{key}")
    return f"{path}: {str(one)[:200]} != {str(other)[:200]}"
