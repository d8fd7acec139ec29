"""One subscription of one viewer: a place in the log, and how it gets from there to the head.

    state      what it waits for
    LOADING    the store, in a thread: a snapshot, or events older than the ring
    SENDING    its link to take the next page of a snapshot
    BEHIND     its link to take the next batch, which comes from the ring
    LIVE       news: it stands in a cohort of its crowd, and the sweep writes to it
    ENDED      nothing

A viewer is a cursor, not a queue: however slow it is, all it holds is where it stands. After a snapshot it is live only
when the last page is out (R5); too far behind, it begins again with `reset` (R3), and the third time in a row with a
smaller snapshot. Must never know frames that come in, sockets or SQL. Called by viewers and by cohorts.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

from headway.clock import iso
from headway.hub.crowd import Cohort, Crowd, encode_batch
from headway.hub.ring import Entry
from headway.hub.source import Missed, Snapshots, Source
from headway.protocol.frames import Cursor, Error, Frame, Reset, encode
from headway.protocol.resuming import Plan, Standing, plan

UNPLACED = -1


class State(IntEnum):
    """What a subscription waits for."""

    LOADING = 0
    SENDING = 1
    BEHIND = 2
    LIVE = 3
    ENDED = 4


class Link(Protocol):
    """The viewer's connection, as its subscriptions know it."""

    @property
    def fd(self) -> int:
        """The plain socket, or -1."""
        ...

    @property
    def blocked(self) -> bool:
        """True while it cannot take a write at once."""
        ...

    def write(self, data: bytes) -> None:
        """Bytes that are framed already."""
        ...

    def hold(self, rest: bytes) -> None:
        """`rest` of a direct write was not taken: write it, and take everybody of this link out of their cohorts."""
        ...

    def break_off(self) -> None:
        """The socket is dead."""
        ...


class Subscription:
    """See the table above. `cursor` is where it stands while it is in no cohort."""

    __slots__ = ("_page", "_pages", "cohort", "crowd", "cursor", "failures", "link", "place", "state", "wants_view")

    def __init__(self, link: Link, crowd: Crowd, *, wants_view: bool) -> None:
        self.link = link
        self.crowd = crowd
        self.wants_view = wants_view  # False: events only, never a snapshot
        self.cursor = UNPLACED
        self.state = State.LOADING
        self.place = -1
        self.cohort: Cohort | None = None
        self._pages: list[bytes] | None = None
        self._page = 0
        self.failures = 0
        crowd.population += 1

    @property
    def id(self) -> str:
        return self.crowd.shape.id

    @property
    def fd(self) -> int:
        return self.link.fd

    @property
    def stands_at(self) -> int:
        """How far the viewer has been sent."""
        return self.cursor if self.cohort is None else self.cohort.cursor_of(self)

    # -- beginning

    def begin(self, source: Source, since: Cursor | None, want: str) -> None:
        """Start from a cursor, or with a snapshot, as R3 says; beyond what the ring knows the store is asked."""
        ring, shape = source.ring, self.crowd.shape
        missed = 0
        if since is not None and since.epoch == source.epoch and want != "snapshot":
            self.cursor = since.seq
            if not ring.first - 1 <= since.seq <= ring.settled:
                source.missed(shape, self)
                return
            missed = ring.settled - since.seq  # of all topics; its own are no more
            if missed > source.settings.replay_events:
                missed = ring.count(shape.namespace, shape.topics, since.seq)
        standing = Standing(since=since, want=want, head=source.head, first=ring.first, missed=missed)
        self._follow(source, plan(standing, source.settings))

    def _follow(self, source: Source, chosen: Plan) -> None:
        """Carry a plan out."""
        if chosen.reset is not None:
            self.say(Reset(id=self.id, epoch=source.epoch, reason=chosen.reset))
        self.state = State.LOADING
        if chosen.replay_from is None:
            source.snapshot(self.crowd.shape, self, small=chosen.small)
            return
        fresh = chosen.reset is not None or self.cursor == UNPLACED
        self.cursor = chosen.replay_from
        if fresh:
            self._send(source, [], self.cursor)  # a bookmark: here the count begins
        self.state = State.BEHIND
        self.advance(source)

    # -- going on

    def advance(self, source: Source) -> None:
        """Write as much as the link takes, from pages or from the ring, and join the crowd when level with it."""
        while not self.link.blocked:
            if self.state is State.SENDING:
                self._send_page()
            elif self.state is State.BEHIND and self.cursor >= source.ring.settled:
                self._join()
            elif self.state is State.BEHIND and self.cursor + 1 >= source.ring.first:
                now = iso(source.clock.now())
                frame, self.cursor = self.crowd.batch(source.ring, self.cursor, now, source.epoch)
                self.link.write(frame)
            elif self.state is State.BEHIND:
                self.failures += 1
                self.state = State.LOADING
                source.missed(self.crowd.shape, self)
            else:
                return

    def _send_page(self) -> None:
        pages = self._pages or []
        if self._page < len(pages):
            self._page += 1
            self.link.write(pages[self._page - 1])
        else:
            self._pages = None
            self.state = State.BEHIND

    def _join(self) -> None:
        self.failures = 0
        self.state = State.LIVE
        self.crowd.join(self, self.cursor)

    def _send(self, source: Source, entries: list[Entry], to: int) -> None:
        now = iso(source.clock.now())
        self.link.write(encode_batch(self.crowd.shape, entries, self.cursor, to, now, source.epoch))
        self.cursor = to

    def bookmark(self, source: Source) -> None:
        """Say that nothing has happened up to now, if that is so."""
        if self.state is State.LIVE and not self.crowd.waiting and self.stands_at < source.ring.settled:
            self.leave()
            self._send(source, [], source.ring.settled)
            self.advance(source)

    # -- what the source has found

    def snapshot_found(self, source: Source, found: Snapshots) -> None:
        """Pages, to be sent one by one."""
        if self.state is State.LOADING:
            self._pages, self._page = found.dressed(self.crowd.shape), 0
            self.cursor = found.seq
            self.state = State.SENDING
            self.advance(source)

    def missed_found(self, source: Source, found: Missed) -> None:
        """Events older than the ring, or that there is another way."""
        if self.state is not State.LOADING:
            return
        if found.plan is not None:
            self._follow(source, found.plan)
        else:
            if found.to > self.cursor:
                self._send(source, found.entries, found.to)
            self.state = State.BEHIND
            self.advance(source)

    def nothing_found(self) -> None:
        """The source failed for good."""
        if self.state is State.LOADING:
            self.say(
                Error(id=self.id, code="server_error", message="The view could not be read.", hint="Subscribe again.")
            )
            self.end()

    # -- leaving

    def leave(self) -> None:
        """Out of the cohort, knowing where it stands; goes on with `advance`."""
        if self.cohort is not None:
            self.cursor = self.cohort.leave(self)
            self.state = State.BEHIND

    def end(self) -> None:
        """Unsubscribed, or the link is gone."""
        if self.state is not State.ENDED:
            self.leave()
            self.state = State.ENDED
            self.crowd.population -= 1
            self._pages = None

    def move(self, crowd: Crowd) -> None:
        """Into another crowd, standing where it stands; goes on with `advance`."""
        self.leave()
        self.crowd.population -= 1
        crowd.population += 1
        self.crowd = crowd

    def fall_behind(self, rest: bytes) -> None:
        """A direct write was taken only in part."""
        self.link.hold(rest)

    def deliver(self, frame: bytes) -> None:
        """A frame from the sweep, where the link must write it itself."""
        self.link.write(frame)

    def break_off(self) -> None:
        """The socket is dead."""
        self.link.break_off()

    def say(self, frame: Frame) -> None:
        """A frame about this subscription."""
        self.link.write(self.crowd.shape.coding.dress(encode(frame), None))
