"""What may be asked by REST, as types: decoded by msgspec, shown in the OpenAPI description.

Unknown fields are refused: a misspelled option would be silently ignored otherwise. Durations are numbers of seconds
or texts (`1h30m`). Called by the routers; what a request becomes is theirs.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from headway.server.problems import Problem

Duration = Annotated[str, Meta(max_length=40, examples=["30s", "1h30m"])] | Annotated[float, Meta(ge=0)]
KindName = Annotated[str, Meta(min_length=1, max_length=200)]
QueueName = Annotated[str, Meta(min_length=1, max_length=200)]
JobId = Annotated[str, Meta(min_length=1, max_length=64)]
Priority = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Label = Annotated[str, Meta(max_length=500)]
LabelName = Annotated[str, Meta(min_length=1, max_length=100)]
Labels = Annotated[dict[LabelName, Label], Meta(max_length=64)]


class Asked(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Root of the bodies."""


class Unique(Asked, frozen=True):
    """A key that one unfinished job holds, or, with `ttl`, the newest job for that long."""

    key: Annotated[str, Meta(min_length=1, max_length=500)]
    ttl: Duration | None = None


class JobRequest(Asked, frozen=True):
    """One job to make. Everything but `kind` has a default: the kind's own, then the server's."""

    kind: KindName
    args: Raw | UnsetType = UNSET
    queue: QueueName | None = None
    priority: Priority | None = None
    labels: Labels = {}
    requires: Labels = {}
    delay: Duration | None = None
    at: str | None = None
    unique: Unique | Annotated[str, Meta(min_length=1, max_length=500)] | None = None
    after: Annotated[list[JobId], Meta(max_length=1_000)] = []
    expires: Duration | None = None
    limit_key: Annotated[str, Meta(max_length=500)] | None = None
    parent: JobId | None = None
    max_attempts: Annotated[int, Meta(ge=1, le=1_000)] | None = None
    timeout: Duration | None = None
    progress_timeout: Duration | None = None
    cancel_grace: Duration | None = None
    backoff: Duration | None = None
    backoff_cap: Duration | None = None
    on_lost: Literal["abort", "continue"] | None = None
    namespace: Literal["default"] = "default"


class BatchRequest(Asked, frozen=True):
    """Many jobs in one request. Each is its own commit decision: one that is refused does not refuse the others."""

    jobs: Annotated[list[JobRequest], Meta(min_length=1, max_length=10_000)]


class CancelRequest(Asked, frozen=True):
    """Why it is cancelled; shown on its receipt."""

    reason: Annotated[str, Meta(max_length=500)] = ""


class RetryRequest(Asked, frozen=True):
    """Other arguments for the retry; left out: the same."""

    args: Raw | UnsetType = UNSET


class PriorityRequest(Asked, frozen=True):
    """Its new place in the order: higher runs first."""

    priority: Priority


class InputRequest(Asked, frozen=True):
    """The answer to what a job asked for."""

    request: Annotated[str, Meta(min_length=1, max_length=200)]
    action: Literal["accept", "decline", "cancel"] = "accept"
    content: Any = None


class ActionsRequest(Asked, frozen=True):
    """One action for all jobs that match a query, or for those that are named."""

    action: Literal["cancel", "retry", "delete", "hold", "release", "priority"]
    q: str | None = None
    ids: Annotated[list[JobId], Meta(max_length=5_000)] | None = None
    dry_run: bool = False
    priority: Priority | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""


class QueueRequest(Asked, frozen=True):
    """What to change of a queue. `limit` null: no limit; `paused` false: go on."""

    paused: bool | UnsetType = UNSET
    reason: Annotated[str, Meta(max_length=500)] = ""
    limit: int | UnsetType | None = UNSET


class KindRequest(Asked, frozen=True):
    """How many jobs of a kind, and of one `limit_key` of it, may run at once. null: no limit."""

    limit: int | None = None
    key_limit: int | None = None


class ApproveRequest(Asked, frozen=True):
    """The definition in quarantine that was looked at: another one by now is not approved."""

    definition: Annotated[str, Meta(max_length=200)]


class ViewRequest(Asked, frozen=True):
    """A filter to keep under a name. `sort` is a word of the page's own; a pinned one is always in sight."""

    q: Annotated[str, Meta(max_length=4_000)]
    sort: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    pinned: bool = False


class TemplateRequest(Asked, frozen=True):
    """A job to make again: its kind, some or all of its arguments, and options as a submit has them."""

    kind: KindName
    args: dict[str, Any] = {}
    options: dict[str, Any] = {}


class EventRequest(Asked, frozen=True):
    """A custom event: `<prefix>.<name>` outside the reserved prefixes."""

    type: Annotated[str, Meta(min_length=3, max_length=200)]
    data: dict[str, Any] = {}
    priority: Literal["low", "normal", "high", "critical"] = "normal"
    conflate_key: Annotated[str, Meta(max_length=200)] | None = None
    job: JobId | None = None


# -- answers that are not documents --------------------------------------------------------------------------------


class Submitted(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The job's id; `created` false: a job with this unique key was there already. `hint`: what it may wait for."""

    id: str
    created: bool
    hint: str | None = None


class BatchPart(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of one job of a batch: made (or met, `created` false), or refused for a `problem`."""

    id: str | None = None
    created: bool = False
    problem: Problem | None = None


class BatchAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One part for each job, in order; how many are new; hints on kinds that nobody serves yet."""

    jobs: list[BatchPart]
    created: int
    hints: list[str] = []
