"""Queues by REST: what they hold, pause and resume, limits, clear.

A queue exists as soon as a job names it; its document is there only once somebody set something on it. Counts come
from the store's folded table, exact. Clearing is a bulk cancel (bulk.py) of what waits.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import InvalidInput, NotFound
from headway.model import command as c
from headway.model.documents import PauseDoc
from headway.model.job import WAITING
from headway.model.query import Query, Term
from headway.server.answers import answer
from headway.server.bodies import decode, read_json
from headway.server.bulk import ActionsAnswer, begin_action
from headway.server.openapi import API, gives, takes
from headway.server.requests import ActionsRequest, QueueRequest
from headway.server.site import Site, SiteOf, once_of, subject_of
from headway.server.submit import ENVELOPE_BYTES
from headway.store.base import Reading

router = APIRouter(prefix=API, tags=["queues"])


class QueueList(msgspec.Struct, kw_only=True):
    """Queues by name."""

    queues: list[QueueDoc]


class QueueDoc(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A queue: exact number of jobs by state, and what was set on it."""

    name: str
    counts: dict[str, int]
    paused: PauseDoc | None = None
    limit: int | None = None


def all_queues(reading: Reading) -> dict[str, QueueDoc]:
    """Every queue that holds a job or has something set, by name."""
    counts = reading.counts()
    documents = {queue["name"]: queue for queue in reading.queues()}
    return {
        name: QueueDoc(
            name=name,
            counts=counts.get(name, {}),
            paused=documents.get(name, {}).get("paused"),
            limit=documents.get(name, {}).get("limit"),
        )
        for name in sorted({*counts, *documents})
    }


@router.get("/queues", summary="All queues", responses=gives(QueueList, "queues, by name"))
async def list_queues(site: SiteOf) -> Response:
    """Every queue with its counts, pause and limit."""
    return answer(QueueList(queues=list((await site.read(all_queues)).values())))


@router.get("/queues/{name:path}", summary="One queue", responses=gives(QueueDoc, "The queue"))
async def get_queue(site: SiteOf, name: str) -> Response:
    """Its counts, pause and limit."""
    return answer(await _queue(site, name))


@router.patch(
    "/queues/{name:path}",
    summary="Pause it, let it go on, limit it",
    openapi_extra=takes(QueueRequest, {"paused": True, "reason": "disk is being replaced"}),
    responses=gives(QueueDoc, "The queue after it"),
)
async def change_queue(site: SiteOf, request: Request, name: str) -> Response:
    """A paused queue offers nothing; what runs goes on. `limit` is how many of its jobs may run at once."""
    if not 1 <= len(name) <= 200:
        raise InvalidInput("name", f"has {len(name)} characters", hint="Use 1 to 200.")
    asked = decode(await read_json(request, ENVELOPE_BYTES), QueueRequest, site.settings.json_depth)
    await _carry_out(site, list(_commands(name, asked, subject_of(request).name)))
    return answer((await site.read(all_queues)).get(name) or QueueDoc(name=name, counts={}))


async def _carry_out(site: Site, commands: list[c.Command]) -> None:
    for result in await site.hub.ledger.execute_all(commands):
        if isinstance(result, Exception):
            raise result


def _commands(name: str, asked: QueueRequest, by: str) -> Iterator[c.Command]:
    if asked.limit is not msgspec.UNSET:
        yield c.LimitQueue(queue=name, limit=asked.limit, by=by)
    if asked.paused is True:
        yield c.PauseQueue(queue=name, by=by, reason=asked.reason)
    if asked.paused is False:
        yield c.ResumeQueue(queue=name, by=by)


@router.post(
    "/queues/{name:path}/clear",
    summary="Cancel what waits in it",
    status_code=202,
    responses=gives(ActionsAnswer, "The job that does it", 202),
)
async def clear_queue(site: SiteOf, request: Request, name: str) -> Response:
    """Cancel every scheduled, blocked and queued job of it, as `POST /jobs/actions` does; what runs goes on."""
    await _queue(site, name)
    waiting = Query((Term("queue", (name,)), Term("state", tuple(sorted(WAITING)))))
    asked = ActionsRequest(action="cancel", q=str(waiting), reason="queue cleared")
    return await begin_action(site, request, asked, once_of(request, b""))


async def _queue(site: Site, name: str) -> QueueDoc:
    queue = (await site.read(all_queues)).get(name)
    if queue is None:
        raise NotFound("queue", name, hint="A queue exists once a job names it; GET /api/v1/queues lists them.")
    return queue
