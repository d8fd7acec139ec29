"""One action for every job that matches a query, or that is named: counted where `dry_run` says so, else begun as a job.

Which jobs are meant is read at one place of the log (`seq`) before the job is made, so that it is never among them. What
is done is acting.py's, who does it inner.py's. Must never know what an action means.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter
from msgspec import UNSET, UnsetType
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.model.command import Once
from headway.model.query import Query, parse
from headway.server.acting import Acting
from headway.server.answers import answer
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, takes
from headway.server.requests import ActionsRequest
from headway.server.site import Site, SiteOf, once_of, subject_of
from headway.server.submit import ENVELOPE_BYTES, REPLAYED
from headway.store.base import Reading

router = APIRouter(prefix=API, tags=["jobs"])

KIND = "headway.actions"
PAGE = 1_000
SEARCH_S = 10.0
"""How long a query that no index answers is searched for; what was found by then is meant, and `partial` says so."""
FEW = 50
FEW_S = 2.0
"""So few jobs are waited for, so long, before the answer."""


class ActionsAnswer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`matched` jobs as of `seq`, on which `job` acts; its progress and result tell how far it came.

    `done` and `refused` (code -> number) where it has ended before the answer. `partial`: the search was cut at its
    bound. `missing`: ids that no job has.
    """

    action: str
    matched: int
    seq: int
    job: str | UnsetType = UNSET
    dry_run: bool = False
    partial: bool = False
    missing: int = 0
    done: int | UnsetType = UNSET
    refused: dict[str, int] | UnsetType = UNSET


class Found(msgspec.Struct):
    """The ids that were meant at one moment, the oldest job first."""

    seq: int
    ids: list[str]
    partial: bool = False
    missing: int = 0


@router.post(
    "/jobs/actions",
    summary="Do one thing to all that match",
    status_code=202,
    openapi_extra=takes(ActionsRequest, {"action": "cancel", "q": "state:queued kind:crawl"}),
    responses={
        **gives(ActionsAnswer, "The job that does it", 202),
        **gives(ActionsAnswer, "With `dry_run`: how many it would be"),
    },
)
async def act(site: SiteOf, request: Request) -> Response:
    """Cancel, retry, delete, hold, release or move all jobs of a query `q`, or those of `ids`; with `dry_run` only count.

    It runs as a job of kind `headway.actions`, here, with progress of its own; its result is `{matched, done, refused}`.
    Cancelled, it stops between two slices: what was done stays done.
    """
    body = await read_json(request, site.settings.args_bytes + ENVELOPE_BYTES)
    asked = decode(body, ActionsRequest, site.settings.json_depth)
    if (asked.q is None) == (asked.ids is None):
        raise InvalidInput("q", "or ids must be given, one of the two", hint='All jobs there are: "q": "".')
    if asked.action == "priority" and asked.priority is None:
        raise InvalidInput("priority", "is missing", hint="The action 'priority' needs the new one.")
    return await begin_action(site, request, asked, once_of(request, body))


async def begin_action(site: Site, request: Request, asked: ActionsRequest, once: Once | None) -> Response:
    """Find what is meant, and begin the job that acts on it."""
    found = await _find(site, asked)
    said = ActionsAnswer(
        action=asked.action, matched=len(found.ids), seq=found.seq, dry_run=asked.dry_run, partial=found.partial,
        missing=found.missing,
    )  # fmt: skip
    if asked.dry_run:
        return answer(said)
    by = subject_of(request).name
    acting = Acting(site, asked, found.ids, by, partial=found.partial)
    whole = msgspec.to_builtins(asked) | {"seq": found.seq, "matched": len(found.ids)}
    begun = await site.inner.begin(KIND, msgspec.json.encode(whole), acting, by=by, once=once)
    said.job = begun.job
    headers = {"Location": f"{request.scope.get('root_path', '')}{API}/jobs/{begun.job}"}
    if not begun.new:
        return answer(await _as_then(site, said), 202, headers | REPLAYED)
    if len(found.ids) <= FEW:
        await asyncio.wait([begun.task], timeout=FEW_S)
        if begun.task.done():
            said.done, said.refused = acting.tally["done"], acting.tally["refused"]
    return answer(said, 202, headers)


async def _as_then(site: Site, said: ActionsAnswer) -> ActionsAnswer:
    """The answer about the job that an earlier request with this key has begun."""
    args = await site.read(lambda reading: reading.args(str(said.job)))
    then: dict[str, Any] = msgspec.json.decode(args) if args else {}
    return msgspec.structs.replace(
        said, matched=then.get("matched", 0), seq=then.get("seq", 0), partial=False, missing=0
    )


# -- which jobs ----------------------------------------------------------------------------------------------------


async def _find(site: Site, asked: ActionsRequest) -> Found:
    if asked.ids is not None:
        ids = list(dict.fromkeys(asked.ids))
        return await site.read(lambda reading: _named(reading, ids))
    query, clock = parse(asked.q or ""), site.hub.clock
    now, stop_at = clock.now(), clock.monotonic() + SEARCH_S
    return await site.read(lambda reading: matching(reading, query, now, lambda: clock.monotonic() > stop_at))


def _named(reading: Reading, ids: list[str]) -> Found:
    found = [id for id in ids if reading.job(id) is not None]
    return Found(reading.head.seq, found, missing=len(ids) - len(found))


def matching(reading: Reading, query: Query, now: int, late: Callable[[], bool]) -> Found:
    """All of them; only a page that a bounded scan has cut is a place to stop at."""
    found, after = Found(reading.head.seq, []), None
    while True:
        page = reading.jobs(query, now=now, limit=PAGE, after=after)
        found.ids += [job.get("id", "") for job in page.items]
        after = page.next
        if after is None:
            break
        if page.partial and late():
            found.partial = True
            break
    found.ids.reverse()
    return found
