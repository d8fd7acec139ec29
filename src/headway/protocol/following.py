"""A whole viewer without its network: one link, its subscriptions, and what to say next.

Owns which frames are sent in answer to which: hello, subscriptions from their cursors, pongs, and a resubscription
where a view has a gap (one, until it came to something). Frames, instants and dice come in; frames and actions come
out; the shell (client.watch, the simulator) connects and writes. Must never know sockets. Views are in viewing.py,
the link's rules in link.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from headway.model.settings import Settings
from headway.protocol.frames import (
    Batch,
    Bye,
    Error,
    Frame,
    Hello,
    Ping,
    Reset,
    Snapshot,
    Subscribe,
    ToViewer,
    Unknown,
    Unsubscribe,
    ViewerPong,
    Visible,
    Welcome,
)
from headway.protocol.link import Action, Happening, Link, Patience
from headway.protocol.linked import Linked
from headway.protocol.viewing import Took, View

_DEFAULTS = Settings()

REASK_S = 5.0
"""A subscription that got no answer for so long, while the link lives, is asked for again."""


class Subscription:
    """A view and how it was asked for. `asked` until the server's answer made it whole again."""

    def __init__(self, id: str, topics: Sequence[str], *, want: str, conflate: bool, pace_ms: int | None) -> None:
        self.id = id
        self.view = View(topics, want=want)
        self.refused: Error | None = None
        self._template = Subscribe(id=id, topics=list(topics), want=want, conflate=conflate, pace_ms=pace_ms)  # pyright: ignore[reportArgumentType]
        self.asked = False
        self.asked_at = 0.0
        self.target = 0

    def ask(self) -> Subscribe:
        """The frame that begins it or goes on from where it stands."""
        self.asked = True
        cursor = self.view.cursor
        return Subscribe(
            id=self.id,
            topics=self._template.topics,
            since=str(cursor) if cursor else None,
            want=self._template.want,
            conflate=self._template.conflate,
            pace_ms=self._template.pace_ms,
        )

    @property
    def caught_up(self) -> bool:
        """True when it stands on a cut at least as new as the server was when it was asked, or is refused."""
        return self.refused is not None or (self.view.seq is not None and self.view.seq >= self.target)


class Follower(Linked):
    """One viewer. `connect` first; then feed `opened`, `receive`, `closed`, `tick` and write what `frames` gives.

    `link.state` is what the user sees of the link; a `Subscription.view` what they see of the topics.
    """

    def __init__(self, hello: Hello, *, link: Link | None = None) -> None:
        super().__init__(link or Link())
        self.subscriptions: dict[str, Subscription] = {}
        self.session = ""
        self.unknown_frames = 0
        self._hello = hello
        self._visible = True
        self._ping_s = _DEFAULTS.ping_s
        self._epoch = ""
        self._out: list[Frame] = []
        self._seq = 0
        self._count = 0

    def frames(self) -> list[Frame]:
        """What is to be sent now, in order; each is given once."""
        out, self._out = self._out, []
        return out

    def subscribe(
        self,
        topics: Sequence[str],
        now: float,
        *,
        want: str = "auto",
        conflate: bool = True,
        pace_ms: int | None = None,
    ) -> Subscription:
        """Follow topics as one view from now on, over every reconnect."""
        self._count += 1
        subscription = Subscription(f"s{self._count}", topics, want=want, conflate=conflate, pace_ms=pace_ms)
        self.subscriptions[subscription.id] = subscription
        if self.link.is_welcomed:
            if self._epoch:
                subscription.view.open(self._epoch)
            self._ask(subscription, now)
            self._look(now)
        return subscription

    def unsubscribe(self, subscription: Subscription, now: float) -> None:
        """No more of it."""
        if self.subscriptions.pop(subscription.id, None) is not None and self.link.is_welcomed:
            self._out.append(Unsubscribe(id=subscription.id))
            self._look(now)

    def show(self, *, visible: bool, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """Somebody looks, or no longer does: said to the server, and a reason to probe the link."""
        self._visible = visible
        self._set_ping(now)
        return self._happen(Happening.WAKE, now, dice) if visible else self._say_visible()

    def receive(self, frame: ToViewer | Unknown, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """Take one frame. Batches, snapshots and resets change the view they name before anybody is told (R5)."""
        self.link.hear(now)
        match frame:
            case Welcome():
                return self._begin(frame, now)
            case Batch() | Snapshot() | Reset():
                return self._show(frame, now)
            case Ping():
                self._seq = max(self._seq, frame.seq)
                self._out.append(ViewerPong())
                for subscription in self.subscriptions.values():
                    if self._unanswered(subscription, now):
                        self._ask(subscription, now)
            case Bye():
                return self._happen(
                    Happening.BYE, now, dice, patience=Patience(after_ms=frame.after_ms), reason=frame.reason
                )
            case Error():
                self._note_error(frame)
                self._look(now)
            case Unknown():
                self.unknown_frames += 1
            case _:
                pass  # a response to a request: its caller's
        return ()

    def _begin(self, welcome: Welcome, now: float) -> tuple[Action, ...]:
        """A way that was not greeted may not know its log yet (no `epoch`): then no view is begun anew."""
        self.session, self._epoch = welcome.session, welcome.epoch
        self._seq, self._ping_s = welcome.seq, welcome.ping_s
        if welcome.epoch:
            for subscription in self.subscriptions.values():
                subscription.view.open(welcome.epoch)
        self._set_ping(now)
        return self._happen(Happening.WELCOMED, now) + self._look(now)

    def _show(self, frame: Batch | Snapshot | Reset, now: float) -> tuple[Action, ...]:
        subscription = self.subscriptions.get(frame.id)
        if subscription is None:
            return ()
        if isinstance(frame, Reset):
            self._epoch = frame.epoch
        took = subscription.view.take(frame)
        if took is Took.GAP and (not subscription.asked or self._unanswered(subscription, now)):
            self._ask(subscription, now)
        elif took is Took.APPLIED:
            subscription.asked = False
        return self._look(now)

    def _look(self, now: float) -> tuple[Action, ...]:
        """Tell the link whether every view is where the server was."""
        behind = any(each.asked or not each.caught_up for each in self.subscriptions.values())
        return self._happen(Happening.FELL_BEHIND if behind else Happening.CAUGHT_UP, now)

    def _ask(self, subscription: Subscription, now: float) -> None:
        subscription.target = self._seq
        subscription.asked_at = now
        self._out.append(subscription.ask())

    def _unanswered(self, subscription: Subscription, now: float) -> bool:
        return subscription.asked and now - subscription.asked_at >= REASK_S

    def _note_error(self, error: Error) -> None:
        if error.retry_after_ms is not None:
            self._patience = Patience(retry_after_ms=error.retry_after_ms)
        subscription = self.subscriptions.get(error.id or "")
        if subscription is not None:
            subscription.refused = error
            subscription.asked = False

    def _set_ping(self, now: float) -> None:
        self.link.ping_s = self._ping_s if self._visible else _DEFAULTS.ping_hidden_s
        if not self._visible:
            self.link.hear(now)  # the longer time counts from here

    def _say_visible(self) -> tuple[Action, ...]:
        if self.link.is_welcomed:
            self._out.append(Visible(visible=self._visible))
        return ()

    def _probe(self, now: float) -> None:
        """A way without a voice is asked for a sign of life by asking for everything again, from where it stands."""
        if self.link.way == "websocket":
            self._out.append(Visible(visible=self._visible))
            return
        for subscription in self.subscriptions.values():
            self._ask(subscription, now)

    def _do(self, actions: tuple[Action, ...], now: float) -> tuple[Action, ...]:
        """Turn the actions that are frames into frames; the rest is the shell's."""
        for action in actions:
            if action is Action.GREET:
                self._out = [self._hello]
            elif action is Action.SUBSCRIBE:
                for subscription in self.subscriptions.values():
                    subscription.refused = None
                    self._ask(subscription, now)
                if not self._visible:
                    self._out.append(Visible(visible=False))
            elif action is Action.PROBE:
                self._probe(now)
            elif action is Action.DROP:
                self._out = []
        return tuple(action for action in actions if action not in _FRAMES)


_FRAMES = frozenset({Action.GREET, Action.SUBSCRIBE, Action.PROBE})
