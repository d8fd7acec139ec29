"""The job document: what one request is and has become, exactly as rows hold it and viewers see it.

A document is plain JSON: the row's `doc`, the REST body and the viewer's copy are the same object, made by
folding the patches of the job's events (`fold.py`). Instants are ISO 8601 texts of fixed width
(`2026-11-22T08:21:07.412Z`), so they compare as text. Must never know how it is stored or sent.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta


class JobState(StrEnum):
    """Where a job stands. The last three are final: reached once, never left (I5)."""

    SCHEDULED = "scheduled"
    BLOCKED = "blocked"
    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
ACTIVE = frozenset({JobState.RUNNING, JobState.CANCELLING})
WAITING = frozenset({JobState.SCHEDULED, JobState.BLOCKED, JobState.QUEUED})


class Outcome(StrEnum):
    """How one attempt ended."""

    SUCCEEDED = "succeeded"
    ERRORED = "errored"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    STALLED = "stalled"
    CRASHED = "crashed"
    LOST = "lost"
    RELEASED = "released"
    REFUSED = "refused"


UNCOUNTED = frozenset({Outcome.RELEASED, Outcome.REFUSED})
"""Outcomes that are nobody's try: they do not use up `max_attempts` (glossary: tries)."""


StateWord = Annotated[str, Meta(extra_json_schema={"title": "JobState", "enum": [each.value for each in JobState]})]
OutcomeWord = Annotated[str, Meta(extra_json_schema={"title": "Outcome", "enum": [each.value for each in Outcome]})]
PhaseWord = Annotated[str, Meta(extra_json_schema={"title": "Phase", "enum": ["offered", "started", "ended"]})]
StageWord = Annotated[str, Meta(extra_json_schema={"title": "StageState", "enum": ["running", "completed"]})]
NoteWord = Annotated[str, Meta(extra_json_schema={"title": "NoteLevel", "enum": ["warning", "error"]})]
"""Texts of which only these are written; spec/documents.schema.json says so to other languages."""


class ErrorDoc(TypedDict):
    """What a handler raised, as text."""

    type: str
    message: str
    traceback: NotRequired[str]


class StageSpec(TypedDict):
    """One stage of a plan; `weight` > 0 is its share among its siblings."""

    name: str
    weight: float
    progress_timeout_s: NotRequired[float]  # while this stage runs, instead of the job's
    stages: NotRequired[list[StageSpec]]


class StageDoc(TypedDict, total=False):
    """Progress of one stage. `fraction` in 0..1, absent while it is indeterminate."""

    state: StageWord
    current: float | None
    total: float | None
    unit: str | None
    message: str | None
    fraction: float | None
    started_at: str
    ended_at: str | None
    half_at: str  # when its count passed half, and `half` is the fraction it then had (estimate.py)
    half: float


class AttemptDoc(TypedDict, total=False):
    """One attempt. Its number is the fence (I4)."""

    number: int
    worker: str
    instance: str  # the process of the worker that it was offered to
    phase: PhaseWord
    offered_at: str
    started_at: str
    ended_at: str
    outcome: OutcomeWord
    counted: bool
    error: ErrorDoc | None
    reason: str  # why it ended so, in words
    n: int  # of the last statement applied, once it has ended; while it runs: SoftDoc
    plan: list[StageSpec]
    stages: dict[str, StageDoc]  # key: path, "parse" or "parse/inner"
    progress_at: str  # last evidence of progress
    heard_from: str  # the stall clock counts from here when it is later than progress_at
    missed_at: str  # its worker, asked what it runs, did not name it; the second time it is lost
    orphaned_at: str  # adopted, and the worker's new process has not named it since: it has a lease's time to
    definition: str  # of its kind, where that is pinned: the one under which it was offered
    alone: bool  # an executor died under this job before: give it one of its own, so that neighbours are not blamed
    fenced: bool  # somebody spoke for it after it had ended
    late: OutcomeWord  # the outcome that came too late


class ProgressDoc(TypedDict, total=False):
    """Of the current attempt. Every progress event sets all of these, so an older one may be dropped unseen (R4)."""

    overall: float | None  # 0..1, never decreases within an attempt, 1.0 only when completed; None: unknown
    stage: str | None
    current: float | None
    total: float | None
    unit: str | None
    message: str | None
    at: str


class EstimateDoc(TypedDict):
    """Time left as a range of seconds as of `at`: an 80 % interval and the median, with its basis.

    None in a patch, absent in a document: no range can be said (a single past run).
    """

    low_s: NotRequired[float | None]
    p50_s: float
    high_s: NotRequired[float | None]
    basis: str
    at: str


class CancelDoc(TypedDict, total=False):
    """The receipt of a cancel: each step with its time; a step that was not reached is absent."""

    requested_at: str
    requested_by: str
    reason: str
    grace_s: float
    delivered_at: str
    acknowledged_at: str
    stopped_at: str
    cleaned_at: str
    cleaned: str  # done | not run


class NoteDoc(TypedDict):
    """A warning, or an error that the handler went on after."""

    level: NoteWord
    message: str
    at: str


class InputDoc(TypedDict):
    """What a running job asks of people; the answer is given with the same `request`."""

    request: str
    message: str
    schema: Any  # JSON Schema of the answer, or None
    asked_at: str
    url: NotRequired[str]  # an http(s) page on which what is asked for is done


class ArtifactDoc(TypedDict):
    """A file that an attempt left behind."""

    size: int
    type: str  # media type
    sha256: str
    key: str  # where it is kept
    attempt: int
    at: str


class PreviewDoc(TypedDict):
    """The newest picture of a running attempt; gone with the attempt."""

    version: int  # counts on over all attempts of the job
    type: str  # media type, found in the bytes
    size: int
    key: str  # where it is kept
    at: str
    label: NotRequired[str | None]  # what it shows, in words


class AnswerDoc(TypedDict):
    """An answer to the current attempt, until its worker says that it has it: told again on every new link."""

    request: str
    action: str
    content: Any


class SoftDoc(TypedDict, total=False):
    """What only the server needs to know (I3). Patched by `data["soft"]`, never shown to viewers."""

    n: int  # the last statement of the current attempt that was applied (I4)
    log_lines: int  # the number of the newest line
    log_bytes: int  # of the current attempt
    previews: int  # how many there were: the version of the newest
    answers: list[AnswerDoc]  # in the order given


class OptionsDoc(TypedDict, total=False):
    """How to run it: the kind's defaults, overridden at submit. Durations in seconds."""

    timeout_s: float | None
    progress_timeout_s: float | None
    cancel_grace_s: float
    backoff_s: float
    backoff_cap_s: float
    on_lost: str  # abort | continue


class JobDoc(TypedDict, total=False):
    """One job. Fields that were never set are absent."""

    id: str
    namespace: str
    kind: str
    queue: str
    priority: int  # higher runs first
    labels: dict[str, str]
    requires: dict[str, str]  # labels that a worker must have
    args: Any  # in the document only while small; the row always has it
    args_bytes: int
    created_at: str
    submitted_by: str
    state: StateWord
    reason: str
    held: bool
    run_at: str
    expires_at: str
    queued_at: str
    started_at: str
    finished_at: str
    after: list[str]
    parent: str
    retry_of: str
    retried_by: str
    unique: str
    unique_until: str
    limit_key: str
    adopted: bool
    external_id: str
    options: OptionsDoc
    max_attempts: int
    attempt: int
    tries: int
    worker: str | None
    attempts: dict[str, AttemptDoc]  # the newest KEPT_ATTEMPTS, by number
    progress: ProgressDoc
    details: Any  # what the handler attached to its newest progress, whole
    estimate: EstimateDoc | None
    avoid: dict[str, str]  # worker -> until
    result: Any
    result_bytes: int
    error: ErrorDoc | None
    cancel: CancelDoc
    input: InputDoc | None
    warnings: int
    errors: int
    notes: list[NoteDoc]  # the newest 5 warnings and noted errors
    steps: int
    last_steps: list[str]  # the newest 10
    log_lines: int  # the number of the newest line when its last attempt ended; meanwhile: SoftDoc, and its log
    log_cut: str
    artifacts: dict[str, ArtifactDoc]  # by name
    preview: PreviewDoc | None
    soft: SoftDoc
    seq: int  # of the last event that changed the document


MOST_PRIORITY = 1_000_000
"""Priorities lie between minus and plus this."""
MOST_ATTEMPTS = 1_000_000
"""The largest number of an attempt that an engine may tell of."""
KEPT_ATTEMPTS = 20
KEPT_STAGES = 200
KEPT_NOTES = 5
KEPT_STEPS = 10
INLINE_BYTES = 2_048
"""Args and results up to this size travel inside documents and events; larger ones are fetched (REST has them whole)."""


def is_final(job: JobDoc) -> bool:
    """True once the job has its one outcome."""
    return job.get("state") in FINAL


def current_attempt(job: JobDoc) -> AttemptDoc | None:
    """The attempt that holds the fence, or None before the first offer."""
    return job.get("attempts", {}).get(str(job.get("attempt", 0)))


def is_claimable(job: JobDoc) -> bool:
    """True if it may be offered, as far as the job itself goes: adopted work waits for its own engine."""
    return job.get("state") == JobState.QUEUED and not job.get("held") and not job.get("adopted")


def visible(job: JobDoc) -> JobDoc:
    """The document as viewers see it: without what is soft."""
    if "soft" not in job:
        return job
    seen = job.copy()
    del seen["soft"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    return seen
