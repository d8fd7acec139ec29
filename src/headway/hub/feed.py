"""The feed: every committed event to every viewer that wants it, in order, none twice, none silently left out (I7).

Puts the parts together: ring (memory), tails, source (store), sweep (who gets what when), viewers (links). `publish` is
called on the loop after each commit, in commit order, and costs an append; all else happens when the loop has a moment.
`run` is its service: signs of life, bookmarks, and an end for links that take nothing. Must never know HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from headway.clock import Clock
from headway.hub.ledger import Commit
from headway.hub.ring import Ring
from headway.hub.source import Source
from headway.hub.sweep import Sweep
from headway.hub.tails import Tails
from headway.hub.viewer import Viewer
from headway.hub.wire import Desk, OpenDesk, Wire
from headway.model.settings import Settings
from headway.protocol.frames import Bye, CloseCode, Limits
from headway.store.base import Head, Store

log = logging.getLogger(__name__)

TICK_S = 1.0
AT_ONCE = 250  # viewers that are pinged before others have their turn
PINGS_MISSED = 3


class Feed:
    """`begin` with the store's head, then `run`. `desk` may be set before the first viewer comes."""

    def __init__(self, clock: Clock, store: Store, settings: Settings, *, desk: Desk | None = None) -> None:
        self.clock = clock
        self.settings = settings
        self.limits = Limits(
            frame_bytes=settings.frame_bytes,
            frames_per_s=settings.frames_per_s,
            frames_burst=settings.frames_burst,
            subscriptions=settings.subscriptions,
            topics=settings.topics_per_subscription,
            json_depth=settings.json_depth,
        )
        self.desk: Desk = desk or OpenDesk()
        self.ring = Ring(max_events=settings.ring_events, max_bytes=settings.ring_bytes)
        self.tails = Tails()
        self.source = Source(clock, store, settings, self.ring, self.tails)
        self.sweep = Sweep(clock, self.ring)
        self.server = clock.new_id()[-6:].lower()
        self.viewers: dict[int, Viewer] = {}
        self.draining = False
        self._store = store
        self._numbers = 0
        self._addresses: dict[str, int] = {}
        self._blocked: dict[Viewer, tuple[int, float]] = {}  # what it had not taken, and since when
        self._greeting: set[Viewer] = set()
        self._due: list[set[Viewer]] = [set() for _ in range(_slots(settings))]  # a wheel of seconds
        self._tick = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def head(self) -> int:
        """The newest seq of the log."""
        return self.ring.head

    def begin(self, head: Head) -> None:
        """The log as the store has it; before the first `publish` and the first viewer."""
        self.ring.start(head.seq)
        self.source.begin(head.epoch)
        self.sweep.epoch = head.epoch
        with self._store.reading() as reading:
            self.tails.start(reading)

    def publish(self, commit: Commit) -> None:
        """The next events of the log, durable by now."""
        self.ring.extend(commit.events)
        self.tails.take(commit.events)
        self.sweep.news()

    # -- viewers

    def open_viewer(
        self, wire: Wire, *, address: str = "", subject: Any = None, greeted: bool = False, pinged: bool = True
    ) -> Viewer:
        """A new link. `greeted`: it has said all it has to say (SSE, long-poll); `pinged`: it hears signs of life."""
        self._numbers += 1
        viewer = Viewer(self, wire, self._numbers, address, subject, greeted=greeted)
        self.viewers[viewer.number] = viewer
        self._addresses[address] = self._addresses.get(address, 0) + 1
        if not greeted:
            self._greeting.add(viewer)
        if pinged:
            viewer.due = 0
            if not greeted:  # else with its subscription
                self.plan_ping(viewer)
        return viewer

    def has_room(self, address: str) -> bool:
        """True if one more link from this address is taken."""
        return not self.draining and self._addresses.get(address, 0) < self.settings.links_per_address

    def settle(self) -> None:
        """Let what was published be seen by a viewer that begins now."""
        if self.ring.settled < self.ring.head:
            self.sweep.settle()
            self.sweep.wake()

    def blocked(self, viewer: Viewer) -> None:
        """The viewer does not take all that was written."""
        self._blocked[viewer] = viewer.wire.buffered, self.clock.monotonic()

    def unblocked(self, viewer: Viewer) -> None:
        """It has taken everything."""
        self._blocked.pop(viewer, None)

    def left(self, viewer: Viewer) -> None:
        """Its link is gone."""
        del self.viewers[viewer.number]
        self._blocked.pop(viewer, None)
        self._greeting.discard(viewer)
        self._addresses[viewer.address] -= 1
        if not self._addresses[viewer.address]:
            del self._addresses[viewer.address]

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that takes a while, for a viewer."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- the service

    async def run(self) -> None:
        """Until cancelled; then every link is closed, to come back elsewhere or later."""
        try:
            while True:
                await self.clock.sleep(TICK_S)
                try:
                    await self._attend()
                except Exception:
                    log.exception("viewers could not be attended to", extra={"action": "attend"})
        finally:
            self.close()

    async def _attend(self) -> None:
        self.sweep.bookmark(self.settings.ping_s, max(self.settings.ring_events // 4, 1))
        self.source.tidy()
        self._end_silent()
        self._end_stuck()
        await self._ping_due()

    def _end_silent(self) -> None:
        """Links that were opened and never said hello."""
        before = self.clock.monotonic() - self.settings.hello_s
        for viewer in [viewer for viewer in self._greeting if viewer.greeted or viewer.opened_at <= before]:
            self._greeting.discard(viewer)
            if not viewer.greeted:
                viewer.refuse(CloseCode.BAD_FRAME, f"no hello within {self.settings.hello_s:g} s")

    def _end_stuck(self) -> None:
        """Links that took nothing for 30 s: a polite end would wait behind what they do not take."""
        now = self.clock.monotonic()
        for viewer, (left, since) in list(self._blocked.items()):
            buffered = viewer.wire.buffered
            if buffered < left:
                self._blocked[viewer] = buffered, now
            elif now - since >= self.settings.drain_none_s:
                viewer.wire.abort()
                viewer.closed()

    def plan_ping(self, viewer: Viewer) -> None:
        """When it is to hear of us next; what was planned before does not count any more."""
        if viewer.due >= 0:
            viewer.due = self._tick + max(1, min(round(viewer.ping_s / TICK_S), len(self._due) - 1))
            self._due[viewer.due % len(self._due)].add(viewer)

    async def _ping_due(self) -> None:
        self._tick += 1
        place = self._tick % len(self._due)
        due, self._due[place] = self._due[place], set()
        now = self.clock.monotonic()
        for number, viewer in enumerate(due, 1):
            if viewer.ended or viewer.due != self._tick:
                continue
            if not viewer.listens_only and now - viewer.heard_at > PINGS_MISSED * viewer.ping_s + TICK_S:
                viewer.refuse(CloseCode.NO_PONG, "no pong")
                continue
            if viewer.greeted and not viewer.blocked:
                viewer.ping()
            self.plan_ping(viewer)
            if number % AT_ONCE == 0:
                await self.clock.sleep(0)

    # -- the end

    async def drain(self, spread_s: float = 5.0) -> None:
        """Ask every viewer to come back within `spread_s`, each at its own time, and close. No new ones from now on."""
        self.draining = True
        for number, viewer in enumerate(list(self.viewers.values()), 1):
            self._send_away(viewer, "drain", spread_s)
            if number % AT_ONCE == 0:
                await self.clock.sleep(0)

    def send_away(self, reason: str, spread_s: float) -> None:
        """Ask every viewer to come back within `spread_s`, here or elsewhere; new ones are taken as ever."""
        for viewer in list(self.viewers.values()):
            self._send_away(viewer, reason, spread_s)

    @staticmethod
    def _send_away(viewer: Viewer, reason: str, spread_s: float) -> None:
        if not viewer.ended:
            viewer.say(Bye(reason=reason, after_ms=(0, round(spread_s * 1000))))
            viewer.refuse(CloseCode.DRAIN, "the server is going down" if reason == "drain" else reason)

    def close(self) -> None:
        """Close what is left."""
        self.draining = True
        for viewer in list(self.viewers.values()):
            viewer.refuse(CloseCode.DRAIN, "the server is going down")
        self.sweep.close()
        self.source.close()
        for task in self._tasks:
            task.cancel()


def _slots(settings: Settings) -> int:
    return round(max(settings.ping_s, settings.ping_hidden_s) / TICK_S) + 2
