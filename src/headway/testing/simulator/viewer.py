"""A simulated viewer: the real `Follower` on one side, and on the other the pure half of the feed over the disk's log.

The server's end sends what the rules of resuming and conflation say, at its own slow pace; so a viewer is nearly always
behind, and always at a cut that can be checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.clock import iso
from headway.hub.snapshot import Request, page_frame, read_pages
from headway.model.event import Event
from headway.model.topic import topics_of
from headway.protocol import frames as f
from headway.protocol.following import Follower, Subscription
from headway.protocol.frames import Cursor, parse_cursor
from headway.protocol.link import Action, Happening
from headway.protocol.resuming import Standing, conflate, plan
from headway.testing.simulator.network import Wire
from headway.testing.simulator.server import Server
from headway.testing.simulator.timeline import Timeline

PACE_S = 0.3


class ViewerEnd:
    """One viewer's link at the server: a cursor and topics per subscription."""

    def __init__(self, server: Server) -> None:
        self.wire: Wire
        self._server = server
        self._life = server.life
        self._at: dict[str, int] = {}
        self._topics: dict[str, tuple[str, ...]] = {}
        self._due = 0.0
        self._pinged = 0.0
        server.viewer_ends.append(self)

    @property
    def _head(self) -> Cursor:
        return Cursor(self._server.disk.head.epoch, self._server.told)

    def _known(self, since: Cursor | None) -> Cursor:
        """As far as this server has told; for a cursor beyond that, as far as the store knows."""
        head = self._head
        return Cursor(head.epoch, self._server.disk.head.seq) if since is not None and since.seq > head.seq else head

    @property
    def _now(self) -> str:
        return iso(self._server.timeline.clock.now())

    def _say(self, frame: Any) -> None:
        self.wire.send("client", f.encode(frame))

    def take(self, message: bytes) -> None:
        if self._server.frozen or self._life != self._server.life:
            return
        match f.decode_viewer(message):
            case f.Hello():
                head = self._head
                self._say(f.Welcome(session="s", epoch=head.epoch, seq=head.seq, now=self._now, ping_s=5.0))
            case f.Subscribe() as asked:
                self._subscribe(asked)
            case _:
                pass

    def _subscribe(self, asked: f.Subscribe) -> None:
        since = parse_cursor(asked.since) if asked.since else None
        chosen = plan(
            Standing(since=since, want=asked.want, head=self._known(since), first=self._server.disk.first_seq),
            self._server.settings,
        )
        self._topics[asked.id] = tuple(asked.topics)
        if chosen.reset:
            self._say(f.Reset(id=asked.id, epoch=self._head.epoch, reason=chosen.reset))
        if chosen.replay_from is not None:
            self._at[asked.id] = chosen.replay_from
            return
        with self._server.store.reading() as reading:
            request = Request("default", tuple(asked.topics), chosen.small)
            pages = read_pages(reading, request, self._server.timeline.clock.now(), self._server.settings)
        for body in pages.bodies:
            self.wire.send("client", page_frame(asked.id, body))
        self._at[asked.id] = pages.seq

    def flush(self) -> None:
        """A batch for each subscription that is behind, at its pace; a ping now and then."""
        now = self._server.timeline.now
        if now < self._due:
            return
        self._due = now + self._server.timeline.dice.uniform(0, 4 * PACE_S)
        for id, since in self._at.items():
            head = self._server.told
            if head > since:
                self._batch(id, since, head)
        if now - self._pinged > 5.0:
            self._pinged = now
            self._say(f.Ping(now=self._now, seq=self._head.seq))

    def _batch(self, id: str, since: int, head: int) -> None:
        topics = set(self._topics[id])
        with self._server.store.reading() as reading:
            events = reading.events(since, until=head, limit=1_000_000)
        mine: list[Event] = [event for event in events if topics & set(topics_of(event))]
        kept, left_out = conflate(mine)
        body = f.batch_body(since, head, self._now, b",".join(map(f.encode_event, kept)), left_out)
        self.wire.send("client", b'{"type":"batch","id":"%b"%b' % (id.encode(), body))
        self._at[id] = head

    def cut(self, code: int) -> None:
        if self in self._server.viewer_ends:
            self._server.viewer_ends.remove(self)


class Viewer:
    """Follows some topics for as long as the simulation runs."""

    def __init__(self, timeline: Timeline, balancer: Callable[[], Server], topics: tuple[str, ...]) -> None:
        self.topics = topics
        self._timeline = timeline
        self._balancer = balancer
        self._wire: Wire | None = None
        self._follower = Follower(f.Hello())
        self.subscription: Subscription = self._follower.subscribe(topics, 0.0)
        self._do(self._follower.connect(timeline.now))
        self._tick()

    def _tick(self) -> None:
        self._do(self._follower.tick(self._timeline.now, self._timeline.dice.random()))
        self._flush()
        self._timeline.after(0.5, self._tick)

    def _do(self, actions: tuple[Action, ...]) -> None:
        for action in actions:
            if action is Action.CONNECT:
                self._timeline.after(self._timeline.dice.uniform(0.01, 0.3), self._connect)
            elif action is Action.DROP and self._wire is not None:
                self._wire.cut(by="client")
                self._wire = None

    def _connect(self) -> None:
        server = self._balancer()
        if not server.up:
            self._do(self._follower.failed(Happening.UNREACHABLE, self._timeline.now, self._timeline.dice.random()))
            return
        end, seeing = ViewerEnd(server), _Seeing(self)
        self._wire = end.wire = seeing.wire = Wire(self._timeline, seeing, end)
        self._do(self._follower.opened(self._timeline.now))
        self._flush()

    def _flush(self) -> None:
        for frame in self._follower.frames():
            if self._wire is not None:
                self._wire.send("server", f.encode(frame))

    def see(self, message: bytes) -> None:
        """A frame came."""
        frame = f.decode_to_viewer(message)
        self._do(self._follower.receive(frame, self._timeline.now, self._timeline.dice.random()))
        self._flush()

    def cut(self) -> None:
        """Somebody pulls the cable."""
        if self._wire is not None:
            self._wire.cut()

    def lose_link(self, code: int, wire: Wire) -> None:
        """The link is gone."""
        if wire is self._wire:
            self._wire = None
            self._do(self._follower.closed(code, self._timeline.now, self._timeline.dice.random()))
            self._flush()


class _Seeing:
    """The viewer's end of one wire."""

    def __init__(self, viewer: Viewer) -> None:
        self.wire: Wire
        self._viewer = viewer

    def take(self, message: bytes) -> None:
        self._viewer.see(message)

    def cut(self, code: int) -> None:
        self._viewer.lose_link(code, self.wire)
