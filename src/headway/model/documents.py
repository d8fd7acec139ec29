"""The documents of everything but jobs, exactly as rows hold them and viewers see them: workers, services, queues, kinds.

Like a job's (job.py) each is plain JSON, made by folding the patches of its events: a field that was never set, or was
taken away, is absent. Names in `Annotated` are the words a field can have; they go into spec/documents.schema.json. Must
never know how they are stored or sent.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from headway.model.job import OptionsDoc, StageSpec

WORKER_STATES = ("online", "draining", "stale", "problem", "disconnected", "lost")
"""States of a worker, the best first."""
SERVICE_STATES = ("starting", "idle", "busy", "error", "unreachable", "unknown")

WorkerState = Annotated[str, Meta(extra_json_schema={"title": "WorkerState", "enum": list(WORKER_STATES)})]
ServiceState = Annotated[str, Meta(extra_json_schema={"title": "ServiceState", "enum": list(SERVICE_STATES)})]
Isolation = Annotated[str, Meta(extra_json_schema={"title": "Isolation", "enum": ["shared", "process"]})]


class ProblemNote(TypedDict):
    """What was wrong with a worker, and when."""

    problem: str
    at: str


class AttemptLoad(TypedDict):
    """What an attempt with a process of its own uses."""

    job: str
    attempt: int
    cpu_percent: float  # of one core
    rss_bytes: int


class LoadDoc(TypedDict, total=False):
    """How busy a worker's machine is, as its last heartbeat said; a worker of another make may say more."""

    cpu_percent: float
    memory_percent: float
    gpu_percent: float
    busy: int  # slots in use
    slots: int
    attempts: list[AttemptLoad]


class WorkerDoc(TypedDict, total=False):
    """One worker: its hello, and what became of its link."""

    id: str
    namespace: str
    name: str
    machine: str
    version: str
    python: str
    platform: str
    boot_id: str  # of the machine's last start
    instance: str  # random per process
    pid: int
    labels: dict[str, str]
    internal: bool  # a server itself, which does what it does as jobs: nobody's worker
    slots: int
    kinds: list[str]
    definitions: dict[str, str]  # kind -> hash of what its program says of it, as told last; of kinds that are pinned
    queues: list[str]  # those it takes work from; absent or empty: all
    state: WorkerState
    state_at: str  # since when it is in this state
    server: str  # that its link leads to
    reason: str  # why its link ended
    connected_at: str
    disconnected_at: str
    left_at: str  # it said goodbye and holds nothing: it will not be lost
    stale_at: str
    lost_at: str
    heard_at: str
    draining: bool
    drained_by: str
    problems: list[ProblemNote]  # the newest 5
    load: LoadDoc
    load_series: dict[str, list[float | None]]  # each 10 s of the last 10 min -> [cpu %, memory %, gpu %]
    seq: int


class ServiceDoc(TypedDict, total=False):
    """One engine behind a worker; more fields are its worker's own."""

    id: str  # worker/name
    namespace: str  # of its worker
    name: str
    worker: str
    type: str
    status: ServiceState
    slots: int  # how many jobs it takes at once
    error: str
    reason: str  # why it is in this status
    job: str  # that it works on
    url: str
    version: str
    changed_at: str  # since when it is in this status
    seen_at: str  # its last sign of life, by the server's clock
    gone_at: str  # since when its worker, which speaks of others, names it no more; lists for people leave it out
    load: dict[str, Any]  # how busy it is, in words of its type
    seq: int


class PauseDoc(TypedDict):
    """Since when, by whom and why a queue is paused."""

    at: str
    by: NotRequired[str]
    reason: NotRequired[str]


class SetQueueDoc(TypedDict, total=False):
    """What somebody set on a queue; a queue that nothing was set on has no document."""

    name: str
    paused: PauseDoc
    limit: int  # how many of its jobs may run at once
    seq: int


class KindDefaults(TypedDict, total=False):
    """What a submit of the kind need not say."""

    queue: str
    priority: int
    max_attempts: int
    labels: dict[str, str]
    requires: dict[str, str]
    expires_s: float
    options: OptionsDoc


class KindAnnotations(TypedDict, total=False):
    """What a tool says of its own manners; hints, not promises."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


class QuarantineDoc(TypedDict, total=False):
    """Another definition of a kind than the pinned one, as a worker told it; nothing of it is in use."""

    definition: str  # empty: the worker tells none any more
    title: str
    description: str
    schema: Any
    output: Any
    annotations: KindAnnotations
    confirm: bool
    plan: list[StageSpec]
    defaults: KindDefaults
    hash: str
    limit: int
    key_limit: int
    isolation: Isolation
    service: str
    cleanup: bool
    worker: str  # that told it
    seen_at: str


class KindDoc(TypedDict, total=False):
    """The newest definition of a kind, as a worker declared it; of a pinned kind the one that was approved."""

    name: str
    title: str
    description: str
    schema: Any  # JSON Schema of its arguments
    output: Any  # JSON Schema of its result
    annotations: KindAnnotations
    confirm: bool  # a person is asked before a job of it is submitted
    plan: list[StageSpec]
    defaults: KindDefaults
    hash: str  # of the schema
    definition: str  # pinned: hash of what an outside program says of it; jobs run only under this one
    quarantine: QuarantineDoc  # the newest other one, until a person approves it
    seen: list[str]  # definitions that an alert was raised for
    approved_by: str
    approved_at: str
    limit: int  # how many of its jobs may run at once
    key_limit: int  # the same for each `limit_key`
    limits_set: bool  # at run time: the code's limits do not count
    isolation: Isolation
    service: str  # its jobs need a free slot of such a service of their worker: a type, or type:name
    cleanup: bool
    registered_at: str
    seq: int
