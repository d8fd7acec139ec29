"""An obstacle in a job's way, as it is said: its code, its sentence, the way out, and the facts it was said from.

`Situation` is all that decides whether a job may run. Called by `waiting.py` and `placing.py`, which know the rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired, TypedDict, cast

import msgspec
from msgspec import Meta

from headway.model.documents import PauseDoc
from headway.model.job import ErrorDoc, JobDoc

Document = dict[str, Any]

CODES = (
    "held", "adopted", "scheduled", "retry_scheduled", "blocked", "queue_paused", "queue_limit", "kind_limit", "key_limit",
    "no_worker", "no_worker_online", "kind_quarantined", "queue_not_served", "requires", "service_away", "service_full", "slots_full",
    "avoided", "next", "offered", "needs_input", "worker_away",
)  # fmt: skip
ReasonCode = Annotated[str, Meta(extra_json_schema={"title": "ReasonCode", "enum": list(CODES)})]


class Reason(TypedDict):
    """One obstacle: a sentence, the way out, and the facts it was said from, as its code has them."""

    code: ReasonCode
    text: str
    hint: NotRequired[str]  # the way out, where there is one
    workers: NotRequired[dict[str, Any] | list[str]]  # id -> what keeps it from the job; of `next`: those that are free
    jobs: NotRequired[dict[str, str]]  # that it waits for -> state
    more: NotRequired[int]  # workers or jobs that are not named
    queue: NotRequired[str]
    kind: NotRequired[str]
    service: NotRequired[str]  # that it needs a free slot of: a type, or type:name
    limit_key: NotRequired[str]
    limit: NotRequired[int]
    running: NotRequired[int]  # that count toward the limit
    paused: NotRequired[PauseDoc]
    requires: NotRequired[dict[str, str]]
    run_at: NotRequired[str]
    left_s: NotRequired[float]  # until then
    until: NotRequired[str]  # when the first of the avoided workers is asked again
    attempt: NotRequired[int]  # that ended
    outcome: NotRequired[str]
    error: NotRequired[ErrorDoc]
    worker: NotRequired[str]
    state: NotRequired[str]  # of the worker
    offered_at: NotRequired[str]
    request: NotRequired[str]  # that an answer is waited for
    external_id: NotRequired[str]


NEXT = "next"
"""The code of a job that nothing stands in the way of."""
NAMED = 20
"""Workers or jobs that a reason names; `more` counts the rest."""


class Situation(msgspec.Struct, kw_only=True):
    """A job and all that decides whether it may run. `active` are the running and cancelling jobs of everybody,
    `upstream` those it waits for (None: deleted), `needs` kind -> service, `now` in ms. A worker that was silent for `stale_s` counts as away.
    """

    job: JobDoc
    now: int
    queue: Mapping[str, Any] = {}
    kind: Mapping[str, Any] = {}
    workers: Sequence[Document] = ()
    services: Sequence[Document] = ()
    needs: Mapping[str, str] = {}
    active: Sequence[JobDoc] = ()
    upstream: Mapping[str, JobDoc | None] = {}
    stale_s: float = 15.0


def reason(code: str, text: str, hint: str = "", **facts: Any) -> Reason:
    """An obstacle; `facts` are its other fields."""
    whole: dict[str, Any] = {"code": code, "text": text, **({"hint": hint} if hint else {}), **facts}
    return cast("Reason", whole)


def some(found: Mapping[str, Any]) -> dict[str, Any]:
    """As many as a reason names."""
    return dict(list(found.items())[:NAMED])


def more(found: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """The field `more`, where there are others."""
    return {"more": len(found) - NAMED} if len(found) > NAMED else {}


def listed(found: Mapping[str, str]) -> str:
    """`gpu/1 (stale), gpu/2 (lost) and 3 more`."""
    shown = [f"{id} ({word})" for id, word in list(found.items())[:3]]
    rest = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(shown) + rest
