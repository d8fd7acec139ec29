"""One viewer's link at the server: what it may say, what it is answered, and what it is refused.

`_RULES` is the table of its frames. Limits are those of the settings; whoever breaks one is closed with the code that says
which. Carries subscriptions and tells them when the link takes writes again. Must never know WebSocket from SSE: it
sees a `Wire`. Called by the wires (server/wire.py) and by the feed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, Protocol

import msgspec

from headway.clock import Clock, iso
from headway.errors import BadFrame, CallerError, HeadwayError, InvalidInput, TooLarge, Unauthorized
from headway.hub.shape import LONGEST_PACE_MS, shape_of
from headway.hub.source import Source
from headway.hub.subscription import Subscription
from headway.hub.sweep import Sweep
from headway.hub.wire import Desk, Wire
from headway.model.settings import Settings
from headway.protocol import frames as f
from headway.protocol.frames import CloseCode

FOLLOWED_PING_S = 2.0  # while somebody looks at a job (R6)
REQUESTS = 16  # of one viewer at once


class House(Protocol):
    """The feed, as its viewers know it."""

    clock: Clock
    settings: Settings
    limits: f.Limits
    desk: Desk
    source: Source
    sweep: Sweep
    server: str

    def settle(self) -> None: ...
    def blocked(self, viewer: Viewer) -> None: ...
    def unblocked(self, viewer: Viewer) -> None: ...
    def left(self, viewer: Viewer) -> None: ...
    def plan_ping(self, viewer: Viewer) -> None: ...
    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...


class Viewer:
    """A link with its subscriptions. `greeted`: it has said hello, or said all in its URL."""

    __slots__ = (
        "_allowance",
        "_allowed_at",
        "_house",
        "_requests",
        "address",
        "blocked",
        "due",
        "ended",
        "greeted",
        "heard_at",
        "listens_only",
        "namespace",
        "number",
        "opened_at",
        "subject",
        "subscriptions",
        "visible",
        "wire",
    )

    def __init__(self, house: House, wire: Wire, number: int, address: str, subject: Any, *, greeted: bool) -> None:
        self._house = house
        self.wire = wire
        self.number = number
        self.address = address
        self.subject = subject
        self.namespace = "default"
        self.greeted = greeted
        self.listens_only = greeted  # it need not say anything, so it is not asked for a pong
        self.visible = True
        self.blocked = False
        self.due = -1  # second of the next ping; -1: never
        self.ended = False
        self.subscriptions: list[Subscription] | None = None
        self.opened_at = self.heard_at = self._allowed_at = house.clock.monotonic()
        self._allowance = float(house.settings.frames_burst)
        self._requests = 0

    @property
    def session(self) -> str:
        return f"{self._house.server}.{self.number}"

    @property
    def fd(self) -> int:
        return self.wire.fd

    @property
    def ping_s(self) -> float:
        """How often it is to hear of us (R6)."""
        settings = self._house.settings
        if not self.visible:
            return settings.ping_hidden_s
        follows = any(each.crowd.followed for each in self.subscriptions or ())
        return min(FOLLOWED_PING_S, settings.ping_s) if follows else settings.ping_s

    # -- out

    def write(self, data: bytes) -> None:
        """Bytes in their dress. A link that does not take all of them is blocked until it is drained."""
        self.wire.write(data)
        if not self.blocked and self.wire.buffered:
            self.blocked = True
            for subscription in self.subscriptions or ():
                subscription.leave()
            self._house.blocked(self)

    def hold(self, rest: bytes) -> None:
        """The rest of a direct write that was taken only in part."""
        self.write(rest)

    def say(self, frame: f.Frame) -> None:
        """A frame about the link."""
        self.write(self.wire.coding.dress(f.encode(frame), None))

    def break_off(self) -> None:
        """The socket is dead."""
        self.wire.abort()

    def refuse(self, code: CloseCode, reason: str) -> None:
        """Close, saying why."""
        self.wire.close(code, reason)
        self.closed()

    # -- what the wire tells

    def drained(self) -> None:
        """Everything written was taken."""
        if self.blocked:
            self.blocked = False
            self._house.unblocked(self)
        for subscription in list(self.subscriptions or ()):
            subscription.advance(self._house.source)

    def closed(self) -> None:
        """The link is gone; a second call does nothing."""
        if self.ended:
            return
        self.ended = True
        for subscription in self.subscriptions or ():
            self._end(subscription)
        self.subscriptions = None
        self._house.left(self)

    def received(self, data: bytes) -> None:
        """One message of the viewer."""
        if self.ended:
            return
        self.heard_at = now = self._house.clock.monotonic()
        if not self._allowed(now):
            self.refuse(CloseCode.TOO_MANY_REQUESTS, "more frames a second than are taken")
            return
        settings = self._house.settings
        try:
            frame = f.decode_viewer(data, max_bytes=settings.frame_bytes, max_depth=settings.json_depth)
            if not self.greeted and not isinstance(frame, f.Hello):
                raise BadFrame("hello comes first")
            self._RULES[type(frame)](self, frame)
        except TooLarge as error:
            self.refuse(CloseCode.FRAME_TOO_LARGE, error.message)
        except BadFrame as error:
            self.refuse(CloseCode.BAD_FRAME, error.message)

    def _allowed(self, now: float) -> bool:
        """The token bucket of frames."""
        settings = self._house.settings
        earned = (now - self._allowed_at) * settings.frames_per_s
        self._allowed_at = now
        self._allowance = min(self._allowance + earned, float(settings.frames_burst)) - 1
        return self._allowance >= 0

    # -- frames

    def _hello(self, frame: f.Hello) -> None:
        if self.greeted:
            raise BadFrame("hello comes once")
        if frame.v != f.VERSION:
            raise BadFrame(f"v: this server speaks version {f.VERSION}, not {frame.v}")
        try:
            if frame.token is not None or self.subject is None:
                self.subject = self._house.desk.authorize(frame.token)
        except Unauthorized as error:
            self.refuse(CloseCode.UNAUTHENTICATED, error.message)
            return
        except CallerError as error:
            self.refuse(CloseCode.FORBIDDEN, error.message)
            return
        self.greeted = True
        self.namespace = frame.namespace or self.namespace
        self.welcome()

    def welcome(self) -> None:
        """Where the log stands and what this link may do."""
        source = self._house.source
        self._house.settle()
        self.say(
            f.Welcome(
                session=self.session,
                epoch=source.epoch,
                seq=source.ring.settled,
                now=iso(source.clock.now()),
                ping_s=self.ping_s,
                limits=self._house.limits,
                server=self._house.server,
            )
        )

    def _subscribe(self, frame: f.Subscribe) -> None:
        others = [each for each in self.subscriptions or () if each.id != frame.id]
        if len(others) >= self._house.settings.subscriptions:
            self.refuse(
                CloseCode.TOO_MANY_SUBSCRIPTIONS, f"more than {self._house.settings.subscriptions} subscriptions"
            )
            return
        self.begin(frame)

    def begin(self, frame: f.Subscribe) -> Subscription | None:
        """Begin a subscription, or say why not."""
        try:
            return self.subscribe(frame)
        except CallerError as error:
            self._complain(frame.id, error)
            self._house.plan_ping(self)
            return None

    def subscribe(self, frame: f.Subscribe) -> Subscription:
        """Begin a subscription; one of the same id ends. InvalidInput or BadCursor: it was not begun."""
        house = self._house
        shape = shape_of(frame, self.namespace, self.wire.coding, house.settings)
        since = None if frame.since is None else f.parse_cursor(frame.since)
        self._drop(frame.id)
        house.settle()
        subscription = Subscription(self, house.sweep.crowd(shape), wants_view=frame.want != "events")
        if self.subscriptions is None:
            self.subscriptions = []
        self.subscriptions.append(subscription)
        house.plan_ping(self)
        subscription.begin(house.source, since, frame.want)
        return subscription

    def _unsubscribe(self, frame: f.Unsubscribe) -> None:
        self._drop(frame.id)

    def _drop(self, id: str) -> None:
        for subscription in self.subscriptions or ():
            if subscription.id == id:
                self._end(subscription)
        self.subscriptions = [each for each in self.subscriptions or () if each.id != id]

    def _end(self, subscription: Subscription) -> None:
        subscription.end()
        if not subscription.crowd.population:
            self._house.sweep.forget(subscription.crowd)

    def _pace(self, frame: f.Pace) -> None:
        sweep = self._house.sweep
        for subscription in self.subscriptions or ():
            if subscription.id == frame.id:
                old = subscription.crowd
                pace_s = min(frame.ms, LONGEST_PACE_MS) / 1000
                subscription.move(sweep.crowd(msgspec.structs.replace(old.shape, pace_s=pace_s)))
                if not old.population:
                    sweep.forget(old)
                subscription.advance(self._house.source)

    def _visible(self, frame: f.Visible) -> None:
        self.visible = frame.visible
        self.ping()
        self._house.plan_ping(self)

    def ping(self) -> None:
        """A sign of life, with the server's clock."""
        source = self._house.source
        self.say(f.Ping(seq=source.ring.settled, now=iso(source.clock.now())))

    def _pong(self, frame: f.ViewerPong) -> None:
        """That it was heard is all there is to it."""

    def _auth(self, frame: f.Auth) -> None:
        try:
            subject = self._house.desk.authorize(frame.token)
        except CallerError as error:
            self.refuse(CloseCode.UNAUTHENTICATED, error.message)
            return
        if subject != self.subject:
            self.refuse(CloseCode.FORBIDDEN, "the new token is somebody else's")

    def _request(self, frame: f.Request) -> None:
        if self._requests >= REQUESTS:
            hint = "Wait for the answers to those before."
            self.say(
                f.Error(
                    id=frame.id, code="overloaded", message="Too many requests at once.", hint=hint, retry_after_ms=500
                )
            )
            return
        self._requests += 1
        self._house.spawn(self._answer(frame))

    async def _answer(self, frame: f.Request) -> None:
        try:
            result: Any = await self._house.desk.request(self.subject, frame.method, frame.params, frame.key)
        except HeadwayError as error:
            if not self.ended:
                self._complain(frame.id, error)
        else:
            if not self.ended:
                self.say(f.Response(id=frame.id, result=result))
        finally:
            self._requests -= 1

    def _complain(self, id: str, error: HeadwayError) -> None:
        retry_s: float | None = getattr(error, "retry_after_s", None)
        self.say(
            f.Error(
                id=id,
                code=error.code,
                message=error.message,
                hint=error.hint or None,
                field=error.field if isinstance(error, InvalidInput) else None,
                retry_after_ms=None if retry_s is None else round(retry_s * 1000),
            )
        )

    _RULES: ClassVar[dict[type[f.FromViewer], Callable[[Viewer, Any], None]]] = {
        f.Hello: _hello,
        f.Subscribe: _subscribe,
        f.Unsubscribe: _unsubscribe,
        f.Pace: _pace,
        f.Visible: _visible,
        f.ViewerPong: _pong,
        f.Auth: _auth,
        f.Request: _request,
    }
