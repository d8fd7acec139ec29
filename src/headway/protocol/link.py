"""A client's link to its server, as one table: when to open, greet, subscribe, wait, fall back, and when to give up.

Theory. Either side may vanish at any moment without a word, and every reason to come back looks alike from here. So
nothing is decided by the reason alone: `TABLE` says for each state and each happening what is the next state and what
is to be done, and no cell is open. Deadlines live in `due`: `tick` turns them into happenings (R6: grey at twice, cut
at thrice the ping). Waiting follows R7: first 0–1 s, then full jitter up to 30 s, for ever; only a refusal ends it.

    idle ─open─► connecting ─opened─► hello_sent ─welcomed─► catching_up ─caught_up─► live
                     ▲                    │                      ▲  │ fell_behind ◄────┘
                     └──── due ── waiting ◄── lost, silent, bye ──┴──┘        refusal ─► refused

Times are seconds of a monotonic clock, dice in [0, 1): both are arguments. Must never know sockets or frames' content.
Called through linked.py by following.py (viewers) and leasing.py (workers), which turn frames into happenings and
actions into frames.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from headway.model.settings import Settings
from headway.protocol.frames import REFUSALS

_DEFAULTS = Settings()

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
STEADY_S = 10.0
"""A link that held this long is no failure when it ends: the next wait is a first one again."""
DOUBTS = 2
"""Connections in a row that came to nothing after somebody had answered: the way itself may be barred (a proxy)."""
WEBSOCKET_AGAIN_S = 300.0
PROBE_S = 3.0
"""A link that is asked for a sign of life has this long to give it."""
LEAST_PING_S = {"sse": 15.0, "poll": 25.0}
"""Signs of life come no faster there: comments of a stream, answers to a long poll."""


class LinkState(StrEnum):
    """Where a link stands; shown to the user as it is."""

    IDLE = "idle"
    CONNECTING = "connecting"
    HELLO_SENT = "hello_sent"
    CATCHING_UP = "catching_up"
    LIVE = "live"
    WAITING = "waiting"
    REFUSED = "refused"
    CLOSED = "closed"


class Happening(StrEnum):
    """What can happen to a link."""

    OPEN = "open"  # the user wants it
    OPENED = "opened"  # the transport is up
    UNREACHABLE = "unreachable"  # nobody answers: no doubt about the way
    BARRED = "barred"  # somebody answers, and not with this transport
    WELCOMED = "welcomed"
    CAUGHT_UP = "caught_up"  # every view stands where the server stood
    FELL_BEHIND = "fell_behind"  # a gap, a reset, a new subscription
    LOST = "lost"  # the transport ended
    SILENT = "silent"  # nothing heard for too long (tick)
    BYE = "bye"  # the server said when to come back
    REFUSAL = "refusal"  # one of the close codes in REFUSALS
    DUE = "due"  # the wait is over (tick)
    WAKE = "wake"  # online, visible, page shown, machine woke up
    BETTER = "better"  # time to try WebSocket again (tick)
    CLOSE = "close"  # the user is done


class Action(StrEnum):
    """What the shell does, in the order given."""

    CONNECT = "connect"  # by `Link.way`
    GREET = "greet"  # send hello
    SUBSCRIBE = "subscribe"  # every subscription, each from its cursor
    PROBE = "probe"  # ask for a sign of life at once
    DROP = "drop"  # abort the transport; whatever it still says is not for us
    WAIT = "wait"  # until `Link.due`
    REFUSE = "refuse"  # tell the user why


_S, _H, _A = LinkState, Happening, Action
Cell = tuple[LinkState, tuple[Action, ...]]
_AGAIN: Cell = (_S.WAITING, (_A.DROP, _A.WAIT))
_NOW: Cell = (_S.CONNECTING, (_A.DROP, _A.CONNECT))
_NO: Cell = (_S.REFUSED, (_A.DROP, _A.REFUSE))
_END: Cell = (_S.CLOSED, (_A.DROP,))


def _row(state: LinkState, **cells: Cell) -> dict[Happening, Cell]:
    """A row; what it does not name leaves the state and does nothing."""
    return {happening: cells.get(happening.value, (state, ())) for happening in Happening}


_OPEN_ROW: dict[str, Cell] = {
    "unreachable": _AGAIN, "barred": _AGAIN, "lost": _AGAIN, "silent": _AGAIN, "bye": _AGAIN, "refusal": _NO, "close": _END,
}  # fmt: skip
_WELCOMED_ROW: dict[str, Cell] = {**_OPEN_ROW, "better": _NOW}

TABLE: dict[LinkState, dict[Happening, Cell]] = {
    _S.IDLE: _row(_S.IDLE, open=(_S.CONNECTING, (_A.CONNECT,)), close=(_S.CLOSED, ())),
    _S.CONNECTING: _row(_S.CONNECTING, **_OPEN_ROW, opened=(_S.HELLO_SENT, (_A.GREET,))),
    _S.HELLO_SENT: _row(_S.HELLO_SENT, **_OPEN_ROW, welcomed=(_S.CATCHING_UP, (_A.SUBSCRIBE,))),
    _S.CATCHING_UP: _row(
        _S.CATCHING_UP, **_WELCOMED_ROW, caught_up=(_S.LIVE, ()), wake=(_S.CATCHING_UP, (_A.PROBE,))
    ),
    _S.LIVE: _row(_S.LIVE, **_WELCOMED_ROW, fell_behind=(_S.CATCHING_UP, ()), wake=(_S.LIVE, (_A.PROBE,))),
    _S.WAITING: _row(
        _S.WAITING, open=_NOW, due=(_S.CONNECTING, (_A.CONNECT,)), wake=(_S.CONNECTING, (_A.CONNECT,)), refusal=_NO,
        close=_END,
    ),
    _S.REFUSED: _row(_S.REFUSED, open=(_S.CONNECTING, (_A.CONNECT,)), close=(_S.CLOSED, ())),
    _S.CLOSED: _row(_S.CLOSED, open=(_S.CONNECTING, (_A.CONNECT,))),
}  # fmt: skip
"""State × happening -> next state and actions. Complete; the docs' diagram is made from it."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """What a server asked of those who come back: `after_ms` of bye, `retry_after_ms` of an error."""

    after_ms: tuple[int, int] | None = None
    retry_after_ms: int | None = None


def wait_s(failures: int, dice: float, patience: Patience | None = None, longest_s: float = LONGEST_WAIT_S) -> float:
    """How long to wait before the next try, after `failures` in a row (R7)."""
    asked = patience or Patience()
    if asked.after_ms is not None:
        low, high = asked.after_ms
        return (low + dice * max(high - low, 0)) / 1000
    longest = FIRST_WAIT_S * 2.0 ** min(failures, 10)
    jitter = dice * min(longest, longest_s)
    return jitter if asked.retry_after_ms is None else asked.retry_after_ms / 1000 + dice * FIRST_WAIT_S


class Link:
    """One client's link. Tell it what happens; do the actions it answers with. Never holds a socket.

    `ways`: transports from best to last resort. `due`: when `tick` has something to say (None: never).
    """

    def __init__(
        self, *, ways: tuple[str, ...] = ("websocket", "sse", "poll"), hello_s: float = _DEFAULTS.hello_s
    ) -> None:
        self.ways = ways
        self.way = ways[0]
        self.state = LinkState.IDLE
        self.failures = 0
        self.ping_s = _DEFAULTS.ping_s
        self.reason = ""
        self.longest_wait_s = LONGEST_WAIT_S  # shorter where somebody counts the time (leasing.py)
        self.due: float | None = None
        self._hello_s = hello_s
        self._doubts = 0
        self._heard = 0.0
        self._welcomed: float | None = None
        self._better: float | None = None

    def happen(
        self, what: Happening, now: float, dice: float = 0.5, *, patience: Patience | None = None, reason: str = ""
    ) -> tuple[Action, ...]:
        """Follow the table; the actions to do, in order. `reason` is what the user is shown."""
        before = self.state
        self.state, actions = TABLE[before][what]
        if what in _ENDINGS and before in _CONNECTED:
            self._weigh(what, now)
            self.reason = reason or what.value
        if Action.WAIT in actions:
            self.due = now + wait_s(self.failures, dice, patience, self.longest_wait_s)
            self.failures += 1
        elif Action.CONNECT in actions:
            self._choose_way(what)
            self.due = now + self._hello_s
        elif what is Happening.WELCOMED and Action.SUBSCRIBE in actions:
            self._settle_in(now)
        elif Action.PROBE in actions:
            self.due = now + PROBE_S
        elif self.state in _ENDED:
            self.due = self._better = None
        return actions

    def _weigh(self, what: Happening, now: float) -> None:
        """What an ending says about the server (was it steady) and about the way (did it ever carry a welcome)."""
        if self._welcomed is not None:
            self.failures = 0 if now - self._welcomed >= STEADY_S else self.failures
            self._doubts = 0
        elif what is Happening.BARRED:
            self._doubts = DOUBTS
        elif what is not Happening.UNREACHABLE:
            self._doubts += 1

    def _choose_way(self, what: Happening) -> None:
        """WebSocket again whenever there is no doubt about it; the next way once there is too much (R7)."""
        self._welcomed = self._better = None
        if self._doubts >= DOUBTS:
            self.way = self.ways[(self.ways.index(self.way) + 1) % len(self.ways)]
            self._doubts = 0
        elif self._doubts == 0 or what is Happening.WAKE:
            self.way = self.ways[0]

    def _settle_in(self, now: float) -> None:
        self._welcomed = now
        self._better = None if self.way == self.ways[0] else now + WEBSOCKET_AGAIN_S
        self.hear(now)

    @property
    def is_welcomed(self) -> bool:
        """True from the welcome to the end of the connection."""
        return self.state in _WELCOMED

    @property
    def interval_s(self) -> float:
        """How often to expect a sign of life, on this way."""
        return max(self.ping_s, LEAST_PING_S.get(self.way, 0.0))

    def hear(self, now: float) -> None:
        """Any frame is a sign of life (R6)."""
        self._heard = now
        if self.is_welcomed:
            self.due = now + 3 * self.interval_s

    def be_patient(self, now: float) -> None:
        """The server has its reasons to let us wait for the welcome, and says so."""
        if self.state is LinkState.HELLO_SENT:
            self.due = now + self._hello_s

    def is_grey(self, now: float) -> bool:
        """True while what is shown may be old: not connected, or nothing heard for twice the ping."""
        return not self.is_welcomed or now - self._heard > 2 * self.interval_s

    def tick(self, now: float, dice: float = 0.5) -> tuple[Action, ...]:
        """What time alone brings about by `now`."""
        if self.due is not None and now >= self.due:
            return self.happen(Happening.DUE if self.state is LinkState.WAITING else Happening.SILENT, now, dice)
        if self._better is not None and now >= self._better and self.is_welcomed:
            self._better = None
            return self.happen(Happening.BETTER, now, dice)
        return ()


_WELCOMED = frozenset({LinkState.CATCHING_UP, LinkState.LIVE})
_CONNECTED = _WELCOMED | {LinkState.CONNECTING, LinkState.HELLO_SENT}
_ENDED = frozenset({LinkState.REFUSED, LinkState.CLOSED})
_ENDINGS = frozenset(
    {Happening.UNREACHABLE, Happening.BARRED, Happening.LOST, Happening.SILENT, Happening.BYE, Happening.REFUSAL}
)


def happening_of_close(code: int) -> Happening:
    """What a close code means to a link."""
    return Happening.REFUSAL if code in REFUSALS else Happening.LOST
