"""Why a job is not running, by REST: what decides it, read in one go, and what the rules say of it (model/waiting.py).

Of the jobs that run at most `MOST_ACTIVE` are counted; beyond that the answer says `partial`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from headway.errors import NotFound
from headway.model.job import ACTIVE, JobDoc
from headway.model.obstacle import Reason, Situation
from headway.model.query import Query
from headway.model.term import Term
from headway.model.waiting import reasons
from headway.server.answers import answer
from headway.server.openapi import API, gives
from headway.server.site import SiteOf
from headway.store.base import Reading

router = APIRouter(prefix=API, tags=["jobs"])

MOST_ACTIVE = 20_000
PAGE = 1_000

_ACTIVE = Query((Term("state", tuple(sorted(ACTIVE))),))


class Why(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What keeps a job from running at `seq`, what it itself waits for first; none where it runs or has ended. Each with
    `code`, `text`, `hint` (the way out, where there is one), and the facts behind it.
    """

    job: str
    state: str
    reasons: list[Reason]
    seq: int
    partial: bool = False


@router.get("/jobs/{id}/why", summary="Why it is not running", responses=gives(Why, "Every obstacle, with the way out"))
async def get_why(site: SiteOf, id: str) -> Response:
    """By the rules by which jobs are offered to workers, as things stand now."""
    now, stale_s = site.hub.clock.now(), site.settings.stale_s
    return answer(await site.read(lambda reading: why(reading, id, now, stale_s)))


def why(reading: Reading, id: str, now: int, stale_s: float) -> Why:
    """The answer as of the head of `reading`."""
    job = reading.job(id)
    if job is None:
        raise NotFound("job", id)
    active, partial = _active(reading, now) if job.get("state") == "queued" else ([], False)
    kinds = reading.kinds()
    situation = Situation(
        job=job,
        now=now,
        queue=_named(reading.queues(), job.get("queue", "")),
        kind=_named(kinds, job.get("kind", "")),
        workers=reading.workers(),
        services=reading.services(),
        needs={each["name"]: each["service"] for each in kinds if each.get("service")},
        active=active,
        upstream={id: reading.job(id) for id in job.get("after", [])} if job.get("state") == "blocked" else {},
        stale_s=stale_s,
    )
    state = job.get("state", "")
    return Why(job=id, state=state, reasons=reasons(situation), seq=reading.head.seq, partial=partial)


def _active(reading: Reading, now: int) -> tuple[list[JobDoc], bool]:
    """Those that hold slots and count for limits; true where there are more."""
    found: list[JobDoc] = []
    after: str | None = None
    while len(found) < MOST_ACTIVE:
        page = reading.jobs(_ACTIVE, now=now, limit=PAGE, after=after)
        found += page.items
        after = page.next
        if after is None:
            break
    return found, after is not None


def _named(documents: list[dict[str, Any]], name: str) -> dict[str, Any]:
    none: dict[str, Any] = {}
    return next((document for document in documents if document.get("name") == name), none)
