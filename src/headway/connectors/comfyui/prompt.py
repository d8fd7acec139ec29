"""One prompt in one engine: what to ask of it, and when; what an answer means. Without input or output.

Theory. Events of the socket are hints; the terminal truth is an entry of the history, or `/api/jobs/{id}` (`Look`).
Each rule answers a race that was measured on a real ComfyUI:

    | rule | because |
    |---|---|
    | nothing is sent before the socket has said `status`        | a cached prompt ends in 2 ms, its last event in 21 of 40 runs unheard |
    | the id is ours, of job and attempt                         | after a lost answer it is looked up, not submitted twice |
    | look at once: after sending, after each reconnect          | nothing is said again to who comes late |
    | look on silence, and keep looking after a terminal hint    | `execution_success` is said before the history has the entry |
    | over only by a look, never by an event                     | events get lost, come late, come from an earlier life |
    | in neither queue nor history, twice: lost                  | the engine was restarted, or somebody deleted it |
    | alive: an event; seen pending; seen running and not silent for longer than `quiet` | whether it has stalled, the server decides |

Instants are monotonic seconds, given by the caller (`driving.py`). Must never know HTTP, sockets or jobs.
"""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Literal

import msgspec

from headway.connectors.comfyui.history import Ended

_NAMES = uuid.UUID("6f2a3c1e-8d0b-5b7a-9c43-0e5d7f1a2b64")
HINTS = frozenset({"execution_success", "execution_error", "execution_interrupted"})


def prompt_id_of(job: str, attempt: int) -> str:
    """The id of an attempt's prompt: the same whenever it is asked for, a canonical UUID as newer ComfyUIs insist."""
    return str(uuid.uuid5(_NAMES, f"{job}.{attempt}"))


class Pace(msgspec.Struct, frozen=True):
    """Seconds. `silence_s`: without a word, look; `lag_s`: how long the history may lag behind a terminal hint, and how
    long a submission without an answer may be on its way; `absent_s`: between two looks that found nothing; `stop_s`:
    between two orders to stop; `grace_s`: how long a cancelled attempt waits for the end, within the grace of its kind.
    """

    silence_s: float = 3.0
    hint_s: tuple[float, float] = (0.02, 1.0)
    absent_s: float = 0.5
    lag_s: float = 10.0
    stop_s: float = 1.0
    grace_s: float = 45.0


class Want(StrEnum):
    """What is to be done now."""

    SUBMIT = "submit"
    LOOK = "look"
    STOP = "stop"


class Look(msgspec.Struct, frozen=True):
    """Where a prompt was found. `before`: how many wait ahead of it; `outputs`: those it is to make, where told."""

    where: Literal["pending", "running", "over", "absent"]
    ended: Ended | None = None
    before: int | None = None
    outputs: tuple[str, ...] = ()


class Prompt:
    """What is known of it, and what to do next (`wanted`, `wake_at`). `ended`, `lost`: it is over."""

    def __init__(self, id: str, *, quiet_s: float, now: float, pace: Pace | None = None) -> None:
        self.id = id
        self.ended: Ended | None = None
        self.lost = False
        self.running = False
        self.submitted = False
        self.sent_at: float | None = None
        self._pace = pace or Pace()
        self._quiet_s = quiet_s
        self._sent = False  # on its way, or gone without an answer
        self._send_at = now
        self._unsure_since: float | None = None
        self._word_at = now
        self._look_at: float | None = None
        self._hinted_at: float | None = None
        self._hint_wait_s = self._pace.hint_s[0]
        self._absent = 0

    @property
    def over(self) -> bool:
        """Nothing more is to be done."""
        return self.lost or self.ended is not None

    def silence(self, now: float) -> float:
        """Seconds since the last word about it, if it runs."""
        return now - self._word_at if self.running else 0.0

    # -- what to do --

    def wanted(self, now: float, *, connected: bool) -> Want | None:
        """The next thing to do, if there is one now. `connected`: the socket is open and has said `status`."""
        if self.over:
            return None
        if not self._sent:
            return Want.SUBMIT if connected and self._send_at <= now else None
        return Want.LOOK if self._look_at is not None and self._look_at <= now else None

    def wake_at(self) -> float | None:
        """When to ask `wanted` again though nothing happened."""
        if self.over:
            return None
        return self._look_at if self._sent else self._send_at

    # -- submitting --

    def submitting(self, now: float) -> None:
        """It is being sent; until something is heard of that, it is not sent again."""
        self.sent_at = now
        self._sent, self._look_at = True, None

    def accepted(self, now: float) -> None:
        """The engine has it. A cached one may be over already: look."""
        self.submitted, self._unsure_since, self._word_at = True, None, now
        self._look_now(now)

    def unsent(self, now: float) -> None:
        """It surely did not arrive: send it again, when the socket is there."""
        self._sent, self._send_at = False, now + self._pace.stop_s

    def unanswered(self, now: float) -> None:
        """It may have arrived. Look before it is sent again."""
        self._unsure_since = now
        self._look_now(now)

    # -- hearing --

    def heard(self, type: str, now: float) -> None:
        """An event of this prompt: it is there, and alive. A terminal one is a hint to look."""
        self.submitted, self._unsure_since, self._word_at = True, None, now
        self._absent = 0
        if type in HINTS and self._hinted_at is None:
            self._hinted_at = now
        if type in HINTS or (type == "executing_none" and self._hinted_at is not None):
            self._look_now(now)
        elif self._hinted_at is None and self._look_at is not None:
            self._look_at = max(self._look_at, now + self._pace.silence_s)
        if type not in HINTS:
            self.running = True

    def reconnected(self, now: float) -> None:
        """The socket is open again: what was said in between is lost."""
        if self._sent:
            self._look_now(now)

    def stirred(self, now: float) -> None:
        """Something changed in the engine's queue: if ours waits there, look, but not more often than each second."""
        if self._look_at is not None and not self.running and self._hinted_at is None:
            self._look_at = min(self._look_at, now + self._pace.hint_s[1])

    # -- looking --

    def looked(self, look: Look, now: float) -> bool:
        """The answer of a look; whether it is evidence of life."""
        if look.where == "over" and look.ended is not None:
            self.ended = look.ended
            return True
        if look.where == "absent":
            self._missed(now)
            return False
        self.submitted, self._unsure_since, self._absent = True, None, 0
        self.running = look.where == "running"
        self._look_at = now + self._pace.silence_s if self._hinted_at is None else now + self._next_hint_wait(now)
        return look.where == "pending" or now - self._word_at < self._quiet_s

    def unseen(self, now: float) -> None:
        """A look got no answer: it proves nothing, neither life nor loss."""
        self._look_at = now + self._pace.silence_s

    # -- parts --

    def _look_now(self, now: float) -> None:
        self._look_at = now

    def _missed(self, now: float) -> None:
        """In neither queue nor history: for once that may be a race, twice it is gone."""
        self._absent += 1
        if self._hinted_at is not None and now - self._hinted_at < self._pace.lag_s:
            self._look_at = now + self._next_hint_wait(now)
        elif self._absent < 2 or (self._unsure_since is not None and now - self._unsure_since < self._pace.absent_s):
            self._look_at = now + self._pace.absent_s
        elif self._unsure_since is not None:
            self._unsure_since, self._sent, self._absent = None, False, 0
        else:
            self.lost = True

    def _next_hint_wait(self, now: float) -> float:
        """Soon, then slower: a history lags by milliseconds, once in a while by more."""
        wait = self._hint_wait_s
        self._hint_wait_s = min(wait * 2, self._pace.hint_s[1])
        return wait


class Stopping:
    """A prompt that must end: it is told so again and again until the engine knows nothing of it, or its end.

    `sure`: the engine had it. If not, its submission may still be on its way: then nothing found proves little at first.
    """

    def __init__(self, id: str, *, sure: bool, now: float, pace: Pace | None = None) -> None:
        self.id = id
        self.over = False
        self.seen = sure
        self._pace = pace or Pace()
        self._since = now
        self._stop_at = now
        self._look_at: float | None = None
        self._wait_s = self._pace.hint_s[0]

    def wanted(self, now: float) -> Want | None:
        """The order to stop, again each `stop_s`; in between a look whether it is over."""
        if self.over:
            return None
        if self._stop_at <= now:
            return Want.STOP
        return Want.LOOK if self._look_at is not None and self._look_at <= now else None

    def wake_at(self) -> float:
        """When to ask `wanted` again."""
        return self._stop_at if self._look_at is None else min(self._stop_at, self._look_at)

    def ordered(self, now: float) -> None:
        """The order was given, or did not reach the engine: in any case look what became of it."""
        self._stop_at = now + self._pace.stop_s
        self._wait_s = self._pace.hint_s[0]
        self._look_at = now + self._wait_s

    def looked(self, look: Look, now: float) -> None:
        """The answer of a look."""
        self._look_later(now)
        if look.where == "over":
            self.over = True
        elif look.where == "absent":
            self.over = self.seen or now - self._since >= self._pace.lag_s
        else:
            self.seen = True

    def unseen(self, now: float) -> None:
        """No answer."""
        self._look_later(now)

    def _look_later(self, now: float) -> None:
        """It ends at the next step of a node: soon, or not so soon."""
        self._wait_s = min(self._wait_s * 2, self._pace.stop_s)
        self._look_at = now + self._wait_s
