"""The frames of the worker link, `headway.worker.v1`. A message is one frame or an array of frames.

Unknown fields are passed over: worker and server of different versions work together while one of them is renewed.
Must never know leases or attempts. Called through `frames.py`.
"""

# ruff: noqa: RUF012 (ruff does not see that Frame is a msgspec.Struct, which makes empty defaults anew each time)

from __future__ import annotations

from typing import Any, Literal

import msgspec

from headway.model.report import ReportItem
from headway.protocol.base import DEFAULTS, VERSION, Bye, Error, Frame, Name, Number, Ping, Pong, Seconds


def _no_args() -> msgspec.Raw:
    return msgspec.Raw(b"{}")


def _no_result() -> msgspec.Raw:
    return msgspec.Raw(b"null")


# -- worker link: worker -> server ---------------------------------------------------------------------------------


class Running(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """`[job, attempt, n]`: an attempt and the number of the last statement known to whoever says this."""

    job: str
    attempt: int
    n: int = 0


class WorkerHello(Frame, frozen=True, tag="hello"):
    """First frame. `worker`: id, machine, instance (random per process), and name, version, boot_id, pid, labels, slots.

    It stays an open object here, so that a wrong field can be refused by name and shown on the board. So do the
    `services`, always all of the worker's: `{name, type, status, slots?, error?, reason?, job?, url?, version?, load?,
    age_s?}`, `age_s` being the seconds since the engine last gave a sign of life.
    """

    worker: dict[str, Any]
    v: Number = VERSION
    kinds: list[dict[str, Any]] = []
    queues: list[str] = []
    services: list[dict[str, Any]] = []
    running: list[Running] = []
    session_key: str | None = None


class Accept(Frame, frozen=True, tag="accept"):
    """The offer is taken and starts."""

    job: str
    attempt: Number


class Refuse(Frame, frozen=True, tag="refuse"):
    """The offer is not taken."""

    job: str
    attempt: Number
    reason: str = ""


class Begin(Frame, frozen=True, tag="begin"):
    """Adopt work that this side runs; idempotent by `external_id`; answered by `begun` or `error` with it as `id`."""

    external_id: Name
    kind: Name
    args: msgspec.Raw = msgspec.field(default_factory=_no_args)
    plan: Any = None
    attempt: Number | None = None
    queue: str | None = None
    labels: dict[str, str] = {}
    options: dict[str, Any] = {}


class Report(Frame, frozen=True, tag="report"):
    """Statement `n` of an attempt: what happened, in order."""

    job: str
    attempt: Number
    n: Number
    items: list[ReportItem]


class Ended(Frame, frozen=True, tag="outcome"):
    """Statement `n`: the attempt ended. `outcome` is a word of `model.job.Outcome`; `result` any JSON."""

    job: str
    attempt: Number
    n: Number
    outcome: str
    result: msgspec.Raw = msgspec.field(default_factory=_no_result)
    error: dict[str, str] | None = None
    retry_after_s: Seconds | None = None
    reason: str = ""


class CancelState(Frame, frozen=True, tag="cancel_state"):
    """Statement `n`: a cancel came as far as `step`; `note` e.g. "not run" of a clean-up."""

    job: str
    attempt: Number
    n: Number
    step: Literal["acknowledged", "stopped", "cleaned"]
    note: str = ""


class Heartbeat(Frame, frozen=True, tag="heartbeat"):
    """The worker lives; every `heartbeat_s`, and at once when a service or what it serves changed.

    `services` and `kinds`: all of them, as in the hello. `running`: all it holds, so that both sides can compare; now
    and then.
    """

    load: dict[str, Any] | None = None
    services: list[dict[str, Any]] | None = None
    running: list[Running] | None = None
    kinds: list[dict[str, Any]] | None = None


class Draining(Frame, frozen=True, tag="draining"):
    """The worker wants no more offers; what it runs goes on."""

    reason: str = ""


class Goodbye(Frame, frozen=True, tag="goodbye"):
    """The worker leaves and holds nothing more."""

    reason: str = ""


FromWorker = (
    WorkerHello | Accept | Refuse | Begin | Report | Ended | CancelState | Heartbeat | Draining | Goodbye | Pong
)

# -- worker link: server -> worker ---------------------------------------------------------------------------------


class WorkerWelcome(Frame, frozen=True, tag="welcome"):
    """The answer to `hello`. `yours`: attempts to go on with and the last `n` applied; `fenced`: those to stop.

    `service_s`: how often the engines behind the worker are asked for a sign of life, and told of without a change.
    """

    session_key: str
    lease_s: Seconds
    heartbeat_s: Seconds
    report_ms: Number
    now: str
    yours: list[Running] = []
    fenced: list[Running] = []
    server: str = ""
    service_s: Seconds = DEFAULTS.service_interval_s


class Offer(Frame, frozen=True, tag="offer"):
    """An attempt to take or refuse within `accept_s`. `options` as in the job document (timeouts, grace, on_lost).
    `definition`: the one of the kind that is pinned; a worker that has another one refuses.
    """

    job: str
    attempt: Number
    kind: str
    args: msgspec.Raw = msgspec.field(default_factory=_no_args)
    tries: Number = 0
    queue: str = ""
    namespace: str = "default"
    plan: Any = None
    options: dict[str, Any] = {}
    labels: dict[str, str] = {}
    checkpoints: dict[str, Any] = {}
    accept_s: Seconds = DEFAULTS.accept_s
    definition: str | None = None


class Cancel(Frame, frozen=True, tag="cancel"):
    """Stop this attempt: cooperatively, by force after `grace_s`."""

    job: str
    attempt: Number
    reason: str = ""
    grace_s: Seconds = DEFAULTS.cancel_grace_s


class Ack(Frame, frozen=True, tag="ack"):
    """Everything up to statement `n` is durable; also the answer to a statement out of turn."""

    job: str
    attempt: Number
    n: Number


class Fenced(Frame, frozen=True, tag="fenced"):
    """The attempt is not yours any more: stop it, say nothing more of it."""

    job: str
    attempt: Number
    reason: str = ""


class Begun(Frame, frozen=True, tag="begun"):
    """The answer to `begin`: the job and attempt to report about."""

    external_id: str
    job: str
    attempt: Number
    created: bool = True
    n: Number = 0


class InputAnswer(Frame, frozen=True, tag="input"):
    """The answer to an input request: `{action: accept|decline|cancel, content?}`."""

    job: str
    attempt: Number
    request: str
    answer: dict[str, Any]


class ReportPace(Frame, frozen=True, tag="pace"):
    """From now on at most one report per attempt each `report_ms`."""

    report_ms: Number


class Drain(Frame, frozen=True, tag="drain"):
    """Finish what runs and leave."""

    reason: str = ""


ToWorker = WorkerWelcome | Offer | Cancel | Ack | Fenced | Begun | InputAnswer | ReportPace | Drain | Error | Ping | Bye
