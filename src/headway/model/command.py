"""Commands: everything that may be asked of the ledger, and what each must read before it can be decided.

A command is a wish in the imperative; `decide.py` answers it with events or a refusal (I1). `reads()` declares
the rows that must be loaded; nothing else is visible while deciding. Ids and randomness are made by the caller,
so that deciding twice gives the same events.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.model.report import ReportItem


class Reads(msgspec.Struct, kw_only=True):
    """Rows to load, united over a batch. `claims` ask for the best queued jobs of a worker."""

    jobs: set[str] = msgspec.field(default_factory=set[str])
    workers: set[str] = msgspec.field(default_factory=set[str])
    held_by: set[str] = msgspec.field(default_factory=set[str])  # workers whose active jobs are needed
    kinds: set[str] = msgspec.field(default_factory=set[str])
    uniques: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # (namespace, key)
    externals: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # (namespace, external id)
    claims: list[Claim] = msgspec.field(default_factory=list["Claim"])
    once: set[tuple[str, str]] = msgspec.field(default_factory=set[tuple[str, str]])  # idempotency (subject, key)
    services: set[str] = msgspec.field(default_factory=set[str])  # workers whose services are needed
    checkpoints: set[str] = msgspec.field(default_factory=set[str])  # jobs whose handler checkpoints are needed


class Once(msgspec.Struct, frozen=True):
    """An idempotency key: the same (subject, key) and body hash gets the stored answer for 24 h; another hash is refused."""

    subject: str
    key: str
    body: str


class Command(msgspec.Struct, kw_only=True, frozen=True, tag_field="command", gc=False):
    """Root of the commands. `dice` in [0, 1) is the caller's randomness (jitter)."""

    once: Once | None = None
    dice: float = 0.5

    def reads(self, reads: Reads) -> None:
        """Add what this command must see to `reads`."""


class JobCommand(Command, frozen=True, kw_only=True):
    """A command about one existing job."""

    job: str

    def reads(self, reads: Reads) -> None:
        reads.jobs.add(self.job)


class Statement(JobCommand, frozen=True, kw_only=True):
    """A worker's statement about an attempt: fenced by `attempt`, numbered by `n` (I4)."""

    worker: str
    attempt: int
    n: int = 0


# -- jobs ----------------------------------------------------------------------------------------------------------


class Submit(Command, frozen=True, kw_only=True):
    """Ask for one job. `args` is its input as JSON text; `options` override the kind's defaults.

    Answer: `{"id", "created"}`; `created` False when `unique` met an existing job.
    """

    id: str
    kind: str
    args: bytes = b"{}"
    namespace: str = "default"
    queue: str | None = None
    priority: int | None = None
    labels: dict[str, str] = {}
    requires: dict[str, str] = {}
    run_at: int | None = None
    expires_s: float | None = None
    unique: str | None = None
    unique_ttl_s: float | None = None
    limit_key: str | None = None
    after: tuple[str, ...] = ()
    parent: str | None = None
    retry_of: str | None = None
    max_attempts: int | None = None
    options: dict[str, Any] = {}
    submitted_by: str | None = None

    def reads(self, reads: Reads) -> None:
        reads.kinds.add(self.kind)
        reads.jobs.update(self.after)
        if self.unique:
            reads.uniques.add((self.namespace, self.unique))
        if self.retry_of:
            reads.jobs.add(self.retry_of)


class Claim(Command, frozen=True, kw_only=True):
    """Offer up to `limit` of the best queued jobs to a worker. Answer: the ids offered, best first.

    `kinds` are those that may be waiting, of those the worker serves; `queues` empty: any.
    """

    worker: str
    limit: int
    kinds: tuple[str, ...]
    queues: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    namespace: str = "default"

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.kinds.update(self.kinds)
        reads.claims.append(self)


class Begin(Command, frozen=True, kw_only=True):
    """Adopt work that an outside engine runs: job and attempt in one commit, idempotent by `external_id`.

    Answer: `{"id", "attempt", "created"}`. `attempt` given: the engine's own retry number, may come out of order.
    """

    id: str
    worker: str
    instance: str
    external_id: str
    kind: str
    args: bytes = b"{}"
    plan: Any = None
    attempt: int | None = None
    namespace: str = "default"
    queue: str | None = None
    labels: dict[str, str] = {}
    options: dict[str, Any] = {}

    def reads(self, reads: Reads) -> None:
        reads.externals.add((self.namespace, self.external_id))
        reads.workers.add(self.worker)
        reads.kinds.add(self.kind)


class Cancel(JobCommand, frozen=True, kw_only=True):
    """Stop it. Idempotent; the cancel table of 01-architecture §5 says what happens when."""

    by: str = ""
    reason: str = ""


class Retry(JobCommand, frozen=True, kw_only=True):
    """A new job of the same lineage as a final one; `args` None: the same input. Answer: `{"id"}` of the new job."""

    id: str
    args: bytes | None = None
    by: str = ""
    original_args: bytes = b"{}"

    def reads(self, reads: Reads) -> None:
        reads.jobs.add(self.job)


class SetPriority(JobCommand, frozen=True, kw_only=True):
    """Higher runs first; only while it waits."""

    priority: int


class Hold(JobCommand, frozen=True, kw_only=True):
    """Keep a waiting job from being offered, until `Unhold`."""

    by: str = ""


class Unhold(JobCommand, frozen=True, kw_only=True):
    """Let a held job be offered again."""


class AnswerInput(JobCommand, frozen=True, kw_only=True):
    """Answer what the job asked for: `action` accept, decline or cancel; `content` for accept."""

    request: str
    action: str
    content: Any = None
    by: str = ""


class Unblock(JobCommand, frozen=True, kw_only=True):
    """Look again at a blocked job: are the jobs it waits for final? Sent by the dispatcher on each final event."""

    after: tuple[str, ...] = ()

    def reads(self, reads: Reads) -> None:
        reads.jobs.add(self.job)
        reads.jobs.update(self.after)


class Elapse(JobCommand, frozen=True, kw_only=True):
    """Look whether time has run out on a job. `deaf` are the intervals (ms) in which the server could not hear (I9)."""

    deaf: tuple[tuple[int, int], ...] = ()

    def reads(self, reads: Reads) -> None:
        reads.jobs.add(self.job)


class Delete(JobCommand, frozen=True, kw_only=True):
    """Remove a final job and its log for good."""


class AddArtifact(Statement, frozen=True, kw_only=True):
    """A file of the attempt is stored and hashed: `{size, type, sha256, …}`."""

    name: str
    artifact: dict[str, Any]


# -- statements of workers -----------------------------------------------------------------------------------------


class Accept(Statement, frozen=True, kw_only=True):
    """The worker takes the offer and starts."""


class Refuse(Statement, frozen=True, kw_only=True):
    """The worker does not take the offer."""

    reason: str = ""


class Report(Statement, frozen=True, kw_only=True):
    """Progress, stages, log lines …: the items in order."""

    items: tuple[ReportItem, ...] = ()


class End(Statement, frozen=True, kw_only=True):
    """The attempt ended. `outcome` a word of `Outcome`; `result` JSON text; `retry_after_s` asked by the handler."""

    outcome: str
    result: bytes | None = None
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""


class CancelStep(Statement, frozen=True, kw_only=True):
    """A cancel moved on: `step` delivered (said by the server), acknowledged, stopped or cleaned; `note` e.g. "not run"."""

    step: str
    note: str = ""


# -- workers and services ------------------------------------------------------------------------------------------


class WorkerCommand(Command, frozen=True, kw_only=True):
    """A command about one worker."""

    worker: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)


class Connect(WorkerCommand, frozen=True, kw_only=True):
    """A worker said hello. `profile` is its description (machine, name, version, boot_id, instance, pid, labels,
    slots, queues); `running` what it says it runs: (job, attempt, n). Answer: `{"yours": […], "fenced": […]}`.
    """

    profile: dict[str, Any]
    kinds: tuple[dict[str, Any], ...] = ()
    services: tuple[dict[str, Any], ...] = ()
    running: tuple[tuple[str, int, int], ...] = ()
    namespace: str = "default"
    server: str = ""

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)
        reads.services.add(self.worker)
        reads.kinds.update(kind["name"] for kind in self.kinds)
        reads.jobs.update(job for job, _, _ in self.running)


class Disconnect(WorkerCommand, frozen=True, kw_only=True):
    """Its link ended. Attempts keep their lease. `goodbye`: it said so itself and holds nothing more."""

    instance: str
    reason: str = ""
    goodbye: bool = False

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        if self.goodbye:
            reads.held_by.add(self.worker)


class Stale(WorkerCommand, frozen=True, kw_only=True):
    """Nothing was heard of it for `stale_s`."""

    instance: str


class Back(WorkerCommand, frozen=True, kw_only=True):
    """It is heard again on the same link. Stall clocks of its attempts start anew."""

    instance: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)


class Lose(WorkerCommand, frozen=True, kw_only=True):
    """Its lease ended: every attempt it holds is lost."""

    instance: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)


class Drain(WorkerCommand, frozen=True, kw_only=True):
    """No more offers to it; what it runs goes on."""

    by: str = ""


class Problem(WorkerCommand, frozen=True, kw_only=True):
    """It is on the board with a problem: a refused registration, a state that disagrees."""

    problem: str
    profile: dict[str, Any] = {}
    namespace: str = "default"


class ReportServices(WorkerCommand, frozen=True, kw_only=True):
    """The state of the engines behind a worker: `[{name, type, status, …}]`."""

    services: tuple[dict[str, Any], ...]

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.services.add(self.worker)


class Hear(WorkerCommand, frozen=True, kw_only=True):
    """Soft: the worker was heard at `at` (ms), with its load. Writes soft columns; makes a `worker.loaded` event only
    when `load` is given.
    """

    at: int
    load: dict[str, Any] | None = None


# -- queues, kinds, custom events, the system ----------------------------------------------------------------------


class PauseQueue(Command, frozen=True, kw_only=True):
    """No offers from it. Running jobs go on."""

    queue: str
    by: str = ""
    reason: str = ""


class ResumeQueue(Command, frozen=True, kw_only=True):
    """Offers again."""

    queue: str
    by: str = ""


class LimitQueue(Command, frozen=True, kw_only=True):
    """At most `limit` running jobs of this queue; None: no limit."""

    queue: str
    limit: int | None
    by: str = ""


class LimitKind(Command, frozen=True, kw_only=True):
    """At most `limit` running jobs of this kind, and `key_limit` per `limit_key`; None: no limit."""

    kind: str
    limit: int | None
    key_limit: int | None = None

    def reads(self, reads: Reads) -> None:
        reads.kinds.add(self.kind)


class Emit(Command, frozen=True, kw_only=True):
    """A custom event. `name` is `<prefix>.<name>` outside the reserved prefixes."""

    name: str
    data: dict[str, Any] = {}
    priority: str = "normal"
    conflate_key: str | None = None
    job: str | None = None
    namespace: str = "default"

    def reads(self, reads: Reads) -> None:
        if self.job:
            reads.jobs.add(self.job)


class Note(Command, frozen=True, kw_only=True):
    """A `system.*` or `metrics.*` event of the server itself."""

    name: str
    data: dict[str, Any] = {}
    priority: str = "normal"
