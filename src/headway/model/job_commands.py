"""Commands about jobs: what people ask of them, what time does to them, and what workers state of their attempts.

Imported through `command.py`.
"""

# ruff: noqa: RUF012 (ruff does not see that Command is a msgspec.Struct, which makes empty defaults anew each time)

from __future__ import annotations

from typing import Any

from headway.model.reads import Command, JobCommand, Reads, Statement
from headway.model.report import ReportItem

# -- people and time -----------------------------------------------------------------------------------------------


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


class Begin(Command, frozen=True, kw_only=True):
    """Adopt work that an outside engine runs: job and attempt in one commit, idempotent by `external_id`.

    Answer: `{"id", "attempt", "created", "n"}`; `n` is the last statement applied. `attempt` given: the engine's own
    retry number, may come out of order.
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
    submitted_by: str | None = None

    def reads(self, reads: Reads) -> None:
        reads.externals.add((self.namespace, self.external_id))
        reads.workers.add(self.worker)
        reads.kinds.add(self.kind)


class Cancel(JobCommand, frozen=True, kw_only=True):
    """Stop it. Idempotent; the cancel table of docs/reference/lifecycle.md says what happens when."""

    by: str = ""
    reason: str = ""


class Retry(JobCommand, frozen=True, kw_only=True):
    """A new job of the same lineage as a final one. Answer: `{"id", "created"}` of the new job.

    `args` None: the same input, which the caller gives as `original_args` where it is too large to be in the document.
    """

    id: str
    args: bytes | None = None
    by: str = ""
    original_args: bytes = b""

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


class Compact(JobCommand, frozen=True, kw_only=True):
    """Write a checkpoint of a final job, so that events before it may go (I3).

    `points` are what is kept of its progress: attempt -> [(instant, overall)].
    """

    points: dict[str, list[tuple[str, float]]] = {}


class AddArtifact(Statement, frozen=True, kw_only=True):
    """A file of the attempt is stored and hashed: `{size, type, sha256, …}`."""

    name: str
    artifact: dict[str, Any]


class SetPreview(Statement, frozen=True, kw_only=True):
    """A picture of how the attempt looks now is stored, in place of the one before: `{key, type, size, label?}`."""

    preview: dict[str, Any]


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
    """The attempt ended. `outcome` a word of `Outcome`; `result` JSON text, of a cancelled one what was done till then;
    `retry_after_s` asked by the handler.
    """

    outcome: str
    result: bytes | None = None
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""


class CancelStep(Statement, frozen=True, kw_only=True):
    """A cancel moved on: `step` delivered (said by the server), acknowledged, stopped or cleaned; `note` e.g. "not run"."""

    step: str
    note: str = ""
