"""One action for every job that matches a query: counted first where `dry_run` says so, then carried out in slices.

The ids are read at one place of the log; what became of a job since is the ledger's to refuse, job by job. At most
`MOST` jobs a call, `more` says whether there are others. Must never know what an action means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import HeadwayError, InvalidInput
from headway.model import command as c
from headway.model.job import JobDoc
from headway.model.query import Query, parse
from headway.server.answers import answer
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, takes
from headway.server.requests import ActionsRequest
from headway.server.site import Site, SiteOf, subject_of
from headway.server.submit import ENVELOPE_BYTES
from headway.store.base import Reading

router = APIRouter(prefix=API, tags=["jobs"])

MOST = 10_000
PAGE = 500


class ActionsDone(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`matched` jobs as of `seq`; of these `done` were changed, the others `refused` (code -> number)."""

    action: str
    matched: int
    seq: int
    dry_run: bool = False
    done: int = 0
    refused: dict[str, int] = {}
    more: bool = False
    partial: bool = False


class _Found(msgspec.Struct):
    """The jobs a query meant at one moment."""

    seq: int
    jobs: list[JobDoc]
    args: dict[str, bytes]
    more: bool
    partial: bool


class _Each(msgspec.Struct):
    """One job of the query, and what is asked of it."""

    id: str
    asked: ActionsRequest
    args: bytes
    new_id: str
    by: str


COMMANDS: dict[str, Callable[[_Each], c.Command]] = {
    "cancel": lambda each: c.Cancel(job=each.id, by=each.by, reason=each.asked.reason),
    "retry": lambda each: c.Retry(job=each.id, id=each.new_id, original_args=each.args, by=each.by),
    "delete": lambda each: c.Delete(job=each.id),
    "hold": lambda each: c.Hold(job=each.id, by=each.by),
    "release": lambda each: c.Unhold(job=each.id),
    "priority": lambda each: c.SetPriority(job=each.id, priority=each.asked.priority or 0),
}
"""Action -> the command for one job."""


@router.post(
    "/jobs/actions",
    summary="Do one thing to all that match",
    openapi_extra=takes(ActionsRequest, {"action": "cancel", "q": "state:queued kind:crawl", "dry_run": True}),
    responses=gives(ActionsDone, "How many, and what became of them"),
)
async def act(site: SiteOf, request: Request) -> Response:
    """Cancel, retry, delete, hold, release or move all jobs of a query; with `dry_run` only count them."""
    asked = decode(await read_json(request, ENVELOPE_BYTES), ActionsRequest, site.settings.json_depth)
    if asked.action == "priority" and asked.priority is None:
        raise InvalidInput("priority", "is missing", hint="The action 'priority' needs the new one.")
    return answer(await _act(site, asked, parse(asked.q), subject_of(request).name))


async def cancel_all(site: Site, query: Query, by: str, reason: str) -> ActionsDone:
    """Cancel every job of a query."""
    return await _act(site, ActionsRequest(action="cancel", q=str(query), reason=reason), query, by)


async def _act(site: Site, asked: ActionsRequest, query: Query, by: str) -> ActionsDone:
    now = site.hub.clock.now()
    found = await site.read(lambda reading: _find(reading, asked, query, now))
    said = ActionsDone(
        action=asked.action, matched=len(found.jobs), seq=found.seq, dry_run=asked.dry_run,
        more=found.more, partial=found.partial,
    )  # fmt: skip
    if not asked.dry_run:
        await _carry_out(site, asked, found, said, by)
    return said


def _find(reading: Reading, asked: ActionsRequest, query: Query, now: int) -> _Found:
    found = _Found(reading.head.seq, [], {}, more=False, partial=False)
    after: str | None = None
    while len(found.jobs) < MOST:
        page = reading.jobs(query, now=now, limit=PAGE, after=after)
        found.jobs += page.items
        found.partial |= page.partial
        after = page.next
        if after is None:
            break
    found.more = after is not None
    if asked.action == "retry" and not asked.dry_run:
        found.args = {_id(job): reading.args(_id(job)) or b"{}" for job in found.jobs}
    return found


async def _carry_out(site: Site, asked: ActionsRequest, found: _Found, said: ActionsDone, by: str) -> None:
    make, refused = COMMANDS[asked.action], Counter[str]()
    for start in range(0, len(found.jobs), PAGE):
        jobs = found.jobs[start : start + PAGE]
        every = [_Each(_id(job), asked, found.args.get(_id(job), b"{}"), site.hub.clock.new_id(), by) for job in jobs]
        commands = [make(each) for each in every]
        for result in await site.hub.ledger.execute_all(commands):
            if isinstance(result, HeadwayError):
                refused[result.code] += 1
            else:
                said.done += 1
    said.refused = dict(refused)


def _id(job: JobDoc) -> Any:
    return job.get("id", "")
