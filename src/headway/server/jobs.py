"""Reading jobs and asking things of one: list, look, wait for the result; cancel, retry, hold, priority, input.

A job is answered as its document (model/job.py), with args and result whole where one job is asked for. What is asked
of it becomes a command; the answer shows the document after the commit. Submitting is submit.py's, bulk actions are
bulk.py's.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from headway.clock import iso
from headway.errors import NotFound
from headway.model import command as c
from headway.model.job import AttemptDoc, ErrorDoc, JobDoc, StateWord, is_final, visible
from headway.model.query import parse
from headway.protocol.frames import WireEvent, encode_event
from headway.server.answers import answer, done, raw_answer
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, gives_nothing, takes
from headway.server.requests import CancelRequest, InputRequest, PriorityRequest, RetryRequest, Submitted
from headway.server.site import Site, SiteOf, once_of, subject_of
from headway.server.submit import ENVELOPE_BYTES, answer_submitted, checked_args
from headway.store.base import Reading

router = APIRouter(prefix=API, tags=["jobs"])

Limit = Annotated[int, Query(ge=1, le=1_000)]
Id = str
MOST_WAIT_S = 300.0


class JobPage(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Jobs, newest first. `next` is what to pass as `after`; `partial`: the scan was cut at its bound."""

    jobs: list[JobDoc]
    now: str
    next: str | None = None
    partial: bool = False


class AttemptList(msgspec.Struct, kw_only=True):
    """Attempts in order."""

    attempts: list[AttemptDoc]


class EventPage(msgspec.Struct, kw_only=True):
    """Events as on the live stream, in order. `next` is what to pass as `after`; None: there are no more."""

    events: list[WireEvent]
    next: int | None


class Ending(msgspec.Struct, kw_only=True, omit_defaults=True):
    """How a job stands: final with its result or error, or not yet."""

    id: str
    state: StateWord
    final: bool
    reason: str | None = None
    error: ErrorDoc | None = None
    result: Any = msgspec.UNSET


# -- reading -------------------------------------------------------------------------------------------------------


@router.get("/jobs", summary="List and search jobs", responses=gives(JobPage, "A page of jobs"))
async def list_jobs(
    site: SiteOf,
    q: Annotated[str, Query(max_length=4_000, examples=["state:running,queued queue:gpu"])] = "",
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Newest first. The filter language is that of the command line and the dashboard."""
    query, now = parse(q), site.hub.clock.now()
    page = await site.read(lambda reading: reading.jobs(query, now=now, limit=limit, after=after))
    return answer(JobPage(jobs=[shown(job) for job in page.items], now=iso(now), next=page.next, partial=page.partial))


@router.get("/jobs/{id}", summary="One job, whole", responses=gives(JobDoc, "The job's document"))
async def get_job(site: SiteOf, id: Id) -> Response:
    """The document, with all of its arguments and its result."""
    return answer(await site.read(lambda reading: whole_job(reading, id)))


def whole_job(reading: Reading, id: str) -> JobDoc:
    """The document with args and result put in as they are stored."""
    job = reading.job(id)
    if job is None:
        raise NotFound("job", id)
    document = shown(job)
    if (args := reading.args(id)) is not None:
        document["args"] = msgspec.Raw(args)
    if (result := reading.result(id)) is not None:
        document["result"] = msgspec.Raw(result)
    return document


def shown(job: JobDoc) -> JobDoc:
    """The document as viewers see it, and how many lines its log has by now."""
    document = visible(job).copy()
    if lines := job.get("soft", {}).get("log_lines"):
        document["log_lines"] = lines
    return document


@router.get("/jobs/{id}/attempts", summary="Its attempts", responses=gives(AttemptList, "The newest 20, in order"))
async def list_attempts(site: SiteOf, id: Id) -> Response:
    """Every attempt that is kept, with its stages and how it ended."""
    attempts = (await site.job(id)).get("attempts", {})
    return answer(AttemptList(attempts=[attempts[number] for number in sorted(attempts, key=int)]))


@router.get(
    "/jobs/{id}/events",
    summary="Its events",
    responses=gives(EventPage, "events: as on the live stream, in order; next: what to pass as after"),
)
async def list_events(site: SiteOf, id: Id, after: Annotated[int, Query(ge=0)] = 0, limit: Limit = 500) -> Response:
    """What happened to it, from the log. `after` is a seq."""
    await site.job(id)
    events = await site.read(lambda reading: reading.events_of(id, after=after, limit=limit))
    following = b"%d" % events[-1].seq if len(events) == limit else b"null"
    return raw_answer(b'{"events":[%s],"next":%s}' % (b",".join(map(encode_event, events)), following))


@router.get(
    "/jobs/{id}/result", summary="Its result, waited for", responses=gives(Ending, "How it ended, or that it has not")
)
async def get_result(site: SiteOf, id: Id, wait: Annotated[float, Query(ge=0, le=MOST_WAIT_S)] = 0) -> Response:
    """Answers as soon as the job is final, or after `wait` seconds with `final` false."""
    with site.waits.until_final(id) as ended:
        job = await site.job(id)
        if not is_final(job) and wait > 0:
            await asyncio.wait([ended], timeout=wait)
    return answer(await site.read(lambda reading: _ending(reading, id)))


def _ending(reading: Reading, id: str) -> Ending:
    job = reading.job(id)
    if job is None:
        raise NotFound("job", id)
    result = reading.result(id) if is_final(job) else None
    return Ending(
        id=id,
        state=job.get("state", ""),
        final=is_final(job),
        reason=job.get("reason"),
        error=job.get("error"),
        result=msgspec.UNSET if result is None else msgspec.Raw(result),
    )


# -- asking --------------------------------------------------------------------------------------------------------


@router.post(
    "/jobs/{id}/cancel",
    summary="Cancel it",
    openapi_extra=takes(CancelRequest, required=False),
    responses=gives(JobDoc, "The job after it"),
)
async def cancel(site: SiteOf, request: Request, id: Id) -> Response:
    """A waiting job is cancelled at once; a running one is asked to stop, and `cancel` is its receipt."""
    body = await read_json(request, ENVELOPE_BYTES)
    asked = decode(body, CancelRequest, site.settings.json_depth)
    by = subject_of(request).name
    return await _after(site, id, c.Cancel(once=once_of(request, body), job=id, by=by, reason=asked.reason))


@router.post(
    "/jobs/{id}/retry",
    summary="Run it again, as a new job",
    status_code=201,
    openapi_extra=takes(RetryRequest, required=False),
    responses=gives(Submitted, "The new job", 201),
)
async def retry(site: SiteOf, request: Request, id: Id) -> Response:
    """A new job of the same lineage, with the same arguments or with others."""
    body = await read_json(request, site.settings.args_bytes + ENVELOPE_BYTES)
    asked = decode(body, RetryRequest, site.settings.json_depth)
    job = await site.job(id)
    kind = job.get("kind", "")
    args = None if asked.args is msgspec.UNSET else checked_args(site, kind, asked.args, "args")
    original = await site.read(lambda reading: reading.args(id)) if args is None else None
    command = c.Retry(
        once=once_of(request, body),
        job=id,
        id=site.hub.clock.new_id(),
        args=args,
        original_args=original or b"{}",
        by=subject_of(request).name,
    )
    return answer_submitted(request, command.id, await site.execute(command), site.known.hint(kind))


@router.post(
    "/jobs/{id}/priority",
    summary="Move it in the order",
    openapi_extra=takes(PriorityRequest, {"priority": 10}),
    responses=gives(JobDoc, "The job after it"),
)
async def set_priority(site: SiteOf, request: Request, id: Id) -> Response:
    """Higher runs first; only while it waits."""
    body = await read_json(request, ENVELOPE_BYTES)
    asked = decode(body, PriorityRequest, site.settings.json_depth)
    return await _after(site, id, c.SetPriority(once=once_of(request, body), job=id, priority=asked.priority))


@router.post(
    "/jobs/{id}/input",
    summary="Answer what it asks for",
    openapi_extra=takes(InputRequest, {"request": "confirm-1", "action": "accept", "content": {"sure": True}}),
    responses=gives(JobDoc, "The job after it"),
)
async def give_input(site: SiteOf, request: Request, id: Id) -> Response:
    """The answer goes to the worker that runs it."""
    body = await read_json(request, site.settings.args_bytes + ENVELOPE_BYTES)
    asked = decode(body, InputRequest, site.settings.json_depth)
    command = c.AnswerInput(
        once=once_of(request, body),
        job=id,
        request=asked.request,
        action=asked.action,
        content=asked.content,
        by=subject_of(request).name,
    )
    return await _after(site, id, command)


@router.post("/jobs/{id}/hold", summary="Keep it from starting", responses=gives(JobDoc, "The job after it"))
async def hold(site: SiteOf, request: Request, id: Id) -> Response:
    """It keeps its place and is not offered until released."""
    command = c.Hold(once=once_of(request, b""), job=id, by=subject_of(request).name)
    return await _after(site, id, command)


@router.post("/jobs/{id}/release", summary="Let a held job start", responses=gives(JobDoc, "The job after it"))
async def release(site: SiteOf, request: Request, id: Id) -> Response:
    """The end of a hold."""
    return await _after(site, id, c.Unhold(once=once_of(request, b""), job=id))


@router.delete("/jobs/{id}", summary="Delete it", status_code=204, responses=gives_nothing("It and its log are gone"))
async def delete(site: SiteOf, request: Request, id: Id) -> Response:
    """Remove an ended job, its log and its files for good."""
    await site.execute(c.Delete(once=once_of(request, b""), job=id))
    return done()


async def _after(site: Site, id: str, command: c.Command) -> Response:
    """Carry it out and show the job as it is then."""
    await site.execute(command)
    return answer(await site.read(lambda reading: whole_job(reading, id)))
