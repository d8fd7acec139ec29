"""Custom events by REST: anything `<prefix>.<name>` outside our own prefixes, seen by viewers at once.

Bounded in rate per subject; name, priority and size are the ledger's to judge, as for those that handlers emit.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.model.command import Emit
from headway.server.answers import answer
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, takes
from headway.server.requests import EventRequest
from headway.server.site import SiteOf, once_of, subject_of
from headway.server.submit import ENVELOPE_BYTES

router = APIRouter(prefix=API, tags=["events"])


@router.post(
    "/events",
    summary="Emit a custom event",
    status_code=201,
    openapi_extra=takes(EventRequest, {"type": "crew.started", "data": {"crew": "research"}}),
    responses=gives({"type": "object", "properties": {"type": {"type": "string"}}}, "It is in the log", 201),
)
async def emit(site: SiteOf, request: Request) -> Response:
    """Viewers of `custom:<prefix>`, and of the job where one is named, get it."""
    body = await read_json(request, ENVELOPE_BYTES)
    asked = decode(body, EventRequest, site.settings.json_depth)
    subject = subject_of(request)
    site.allowance.spend(subject.name, "custom events")
    await site.execute(
        Emit(
            once=once_of(request, body),
            name=asked.type,
            data=asked.data,
            priority=asked.priority,
            conflate_key=asked.conflate_key,
            job=asked.job,
        )
    )
    return answer({"type": asked.type}, 201)
