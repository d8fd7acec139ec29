"""Submitting: the hot path of REST. Bytes to commands by msgspec, arguments judged before the ledger, one wake-up.

A known kind with bad arguments is refused with the argument named; an unknown one is accepted with a hint. A batch is
judged whole before any of it is committed, then goes to the ledger in slices, each one commit. The stored answer
of an Idempotency-Key is given as it was, status and all, with a header that says so. `to_command` is also what
`job.submit` over the viewer link uses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from headway.clock import from_iso
from headway.errors import HeadwayError, InvalidInput, TooLarge
from headway.model.command import Once, Submit
from headway.model.duration import parse_duration
from headway.model.schema import validate
from headway.model.submit import SERVER_KINDS
from headway.server.answers import answer
from headway.server.bodies import check_depth, decode_shallow, read_json
from headway.server.openapi import API, gives, takes
from headway.server.problems import problem_of
from headway.server.requests import BatchAnswer, BatchRequest, Duration, JobRequest, Submitted, Unique
from headway.server.site import Site, once_of, site_of, subject_of

ENVELOPE_BYTES = 65_536
"""Room for what surrounds the arguments in a body."""
REPLAYED = {"Idempotent-Replayed": "true"}
"""As Stripe does, and draft-ietf-httpapi-idempotency-key-header asks: the first answer again, and a header that says so."""
IN_FLIGHT = 4
"""Slices of a batch that wait for their commit at a time: enough to keep the appender busy, few enough to be fair."""


class Bare(APIRoute):
    """A route whose endpoint takes the request as it is: FastAPI documents it and stays out of the way (half the cost)."""

    def get_route_handler(self) -> Any:
        return self.endpoint


router = APIRouter(prefix=API, route_class=Bare)

_EXAMPLE = {"kind": "crawl", "args": {"url": "https://example.org"}, "priority": 5, "labels": {"subject": "sub-01"}}


@router.post(
    "/jobs",
    summary="Submit a job",
    status_code=201,
    tags=["jobs"],
    openapi_extra=takes(JobRequest, _EXAMPLE),
    responses={
        **gives(Submitted, "A new job", 201, example={"id": "01KAQ3W2M0V6Y1R8T5Z9N4C7XD", "created": True}),
        **gives(Submitted, "The job that holds this unique key"),
    },
)
async def submit(request: Request) -> Response:
    """Make one job. It is durable when this answers."""
    site = site_of(request)
    body = await read_json(request, site.settings.args_bytes + ENVELOPE_BYTES)
    asked = decode_shallow(body, JobRequest)
    command = to_command(site, asked, once_of(request, body), subject_of(request).name)
    made: dict[str, Any] = await site.execute(command)
    return answer_submitted(request, command.id, made, site.known.hint(asked.kind))


def answer_submitted(request: Request, asked_id: str, made: dict[str, Any], hint: str | None = None) -> Response:
    """201 and where it is, or 200 for the job that was there already. `asked_id`: the id a new job was to have."""
    headers = {"Location": f"{request.scope.get('root_path', '')}{API}/jobs/{made['id']}"}
    if is_replayed(asked_id, made):
        headers |= REPLAYED
    said = Submitted(id=made["id"], created=made["created"], hint=hint)
    return answer(said, 201 if made["created"] else 200, headers)


def is_replayed(asked_id: str, made: dict[str, Any]) -> bool:
    """Whether the job was made by an earlier request with the same key: it is said to be new, and has another id."""
    return made.get("created") is True and made["id"] != asked_id


@router.post(
    "/jobs/batch",
    summary="Submit many jobs",
    status_code=201,
    tags=["jobs"],
    openapi_extra=takes(BatchRequest, {"jobs": [_EXAMPLE]}),
    responses=gives(
        BatchAnswer, "One answer for each job, in order: id and created, or the problem that refused it", 201
    ),
)
async def submit_batch(request: Request) -> Response:
    """Make many jobs. An error in any of them (named `jobs.N.…`) refuses all; what the ledger refuses, it refuses alone."""
    site = site_of(request)
    body = await read_json(request, site.settings.batch_bytes)
    asked = decode_shallow(body, BatchRequest).jobs
    once, by = once_of(request, body), subject_of(request).name
    commands = [
        to_command(site, job, once and Once(once.subject, f"{once.key}#{place}", once.body), by, f"jobs.{place}")
        for place, job in enumerate(asked)
    ]
    results = [_outcome(each) for each in await _execute_in_slices(site, commands)]
    hints = [hint for kind in {job.kind: None for job in asked} if (hint := site.known.hint(kind))]
    created = sum(each.get("created") is True for each in results)
    replayed = sum(is_replayed(command.id, each) for command, each in zip(commands, results, strict=True))
    said = {"jobs": results, "created": created, **({"hints": hints} if hints else {})}
    return answer(said, 201, REPLAYED if replayed and replayed == created else None)


def _outcome(result: Any) -> dict[str, Any]:
    return {"problem": msgspec.to_builtins(problem_of(result))} if isinstance(result, HeadwayError) else result


async def _execute_in_slices(site: Site, commands: Sequence[Submit]) -> list[Any]:
    """Each slice is one entry of the ledger's inbox; a few are under way at a time, in order."""
    size = site.settings.batch_commands
    slices = [commands[start : start + size] for start in range(0, len(commands), size)]
    turn = asyncio.Semaphore(IN_FLIGHT)

    async def execute(part: Sequence[Submit]) -> list[Any]:
        async with turn:
            return await site.hub.ledger.execute_all(part)

    answered = await asyncio.gather(*map(execute, slices), return_exceptions=True)
    if isinstance(answered[0], BaseException):
        raise answered[0]  # nothing was taken: an answer of its own, with Retry-After
    results: list[Any] = []
    for part, outcome in zip(slices, answered, strict=True):
        results += outcome if isinstance(outcome, list) else [outcome] * len(part)
    return results


# -- from a request to a command -----------------------------------------------------------------------------------


def to_command(site: Site, asked: JobRequest, once: Once | None, by: str, field: str = "") -> Submit:
    """The command of a request, its arguments judged. InvalidInput names the field below `field`."""
    prefix = f"{field}." if field else ""
    unique = asked.unique
    if asked.kind.startswith(SERVER_KINDS):
        hint = f"Kinds that begin with {SERVER_KINDS!r} are what servers do; POST {API}/jobs/actions acts on many jobs."
        raise InvalidInput(f"{prefix}kind", f"{asked.kind!r} is not run by workers", hint=hint)
    return Submit(
        once=once,
        id=site.hub.clock.new_id(),
        kind=asked.kind,
        args=checked_args(site, asked.kind, asked.args, prefix + "args"),
        queue=asked.queue,
        priority=asked.priority,
        labels=asked.labels,
        requires=asked.requires,
        run_at=_run_at(site, asked, prefix),
        expires_s=_seconds(asked.expires, prefix + "expires"),
        unique=unique.key if isinstance(unique, Unique) else unique,
        unique_ttl_s=_seconds(unique.ttl, prefix + "unique.ttl") if isinstance(unique, Unique) else None,
        limit_key=asked.limit_key,
        after=tuple(asked.after),
        parent=asked.parent,
        max_attempts=asked.max_attempts,
        options=_options(asked, prefix),
        submitted_by=by,
    )


def judge_options(site: Site, asked: JobRequest, field: str) -> None:
    """InvalidInput where a submit with these options would be refused, whatever its arguments."""
    prefix = f"{field}."
    _run_at(site, asked, prefix)
    _options(asked, prefix)
    _seconds(asked.expires, prefix + "expires")
    if isinstance(asked.unique, Unique):
        _seconds(asked.unique.ttl, prefix + "unique.ttl")


def checked_args(site: Site, kind: str, args: msgspec.Raw | msgspec.UnsetType, field: str) -> bytes:
    """The arguments as JSON text: an object, not too large, not too deep, and as the kind's newest schema wants them."""
    text = b"{}" if isinstance(args, msgspec.UnsetType) else bytes(args)
    if len(text) > site.settings.args_bytes:
        raise TooLarge(
            field, len(text), site.settings.args_bytes, hint="Store large input elsewhere and pass its address."
        )
    check_depth(text, site.settings.json_depth, field)
    values = decode_shallow(text, dict[str, Any], field)
    schema = site.known.schema(kind)
    if schema is not None:
        validate(schema, values, field)
    return text


_OPTIONS = ("timeout", "progress_timeout", "cancel_grace", "backoff", "backoff_cap")


def _options(asked: JobRequest, prefix: str) -> dict[str, Any]:
    given = {name: value for name in _OPTIONS if (value := getattr(asked, name)) is not None}
    options: dict[str, Any] = {f"{name}_s": _seconds(value, prefix + name) for name, value in given.items()}
    if asked.on_lost is not None:
        options["on_lost"] = asked.on_lost
    return options


def _run_at(site: Site, asked: JobRequest, prefix: str) -> int | None:
    if asked.delay is None and asked.at is None:
        return None
    if asked.delay is not None and asked.at is not None:
        raise InvalidInput(prefix + "at", "given together with delay", hint="Give one of the two.")
    if asked.at is not None:
        return from_iso(asked.at, prefix + "at")
    return site.hub.clock.now() + round((_seconds(asked.delay, prefix + "delay") or 0.0) * 1000)


def _seconds(value: Duration | None, field: str) -> float | None:
    return None if value is None else parse_duration(value, field)
