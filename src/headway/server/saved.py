"""Views and templates by REST: list, look, keep, remove. Kept in the log, so that every open page shows them.

Bodies are judged here as submits and filters are, so that what is kept can be used later; names, numbers and sizes are
the rules' to judge (model/saved.py). A page's own, built-in views are no business of the server.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import InvalidInput
from headway.model import command as c
from headway.model.saved import SavedDoc, check_section, id_of, not_saved
from headway.server.answers import answer, done
from headway.server.bodies import decode, read_json
from headway.server.openapi import API, gives, gives_nothing, takes
from headway.server.requests import JobRequest, TemplateRequest, ViewRequest
from headway.server.site import Site, SiteOf, once_of, subject_of
from headway.server.submit import ENVELOPE_BYTES, judge_options

router = APIRouter(prefix=API, tags=["saved"])

_LIST = {"type": "object"}


@router.get("/saved/{section}", summary="All views or templates", responses=gives(_LIST, "saved, by name"))
async def list_saved(site: SiteOf, section: str) -> Response:
    """`section` is `views` or `templates`."""
    check_section(section)
    return answer({"saved": await site.read(lambda reading: reading.saved(section))})


@router.get("/saved/{section}/{name:path}", summary="One view or template", responses=gives(SavedDoc, "It"))
async def get_saved(site: SiteOf, section: str, name: str) -> Response:
    """With who keeps it, and since when."""
    check_section(section)
    return answer(await _entry(site, section, name))


@router.put(
    "/saved/views/{name:path}",
    summary="Keep a view",
    openapi_extra=takes(ViewRequest, {"q": "state:failed since:24h", "pinned": True}),
    responses={**gives(SavedDoc, "It, in place of another"), **gives(SavedDoc, "It is new", 201)},
)
async def save_view(site: SiteOf, request: Request, name: str) -> Response:
    """A filter under a name, in place of what had this name."""
    body = await _body(site, request)
    asked = decode(body, ViewRequest, site.settings.json_depth)
    return await _save(site, request, "views", name, body, msgspec.to_builtins(asked))


@router.put(
    "/saved/templates/{name:path}",
    summary="Keep a template",
    openapi_extra=takes(
        TemplateRequest, {"kind": "crawl", "args": {"url": "https://example.org"}, "options": {"queue": "gpu"}}
    ),
    responses={**gives(SavedDoc, "It, in place of another"), **gives(SavedDoc, "It is new", 201)},
)
async def save_template(site: SiteOf, request: Request, name: str) -> Response:
    """A job to make again, in place of what had this name. What it leaves out, the kind's defaults of that day say."""
    body = await _body(site, request)
    asked = decode(body, TemplateRequest, site.settings.json_depth)
    for field in asked.options.keys() & {"kind", "args"}:
        raise InvalidInput(f"options.{field}", "is no option", hint=f"Give {field} beside the options.")
    whole = msgspec.json.encode({"kind": asked.kind, **asked.options})
    judge_options(site, decode(whole, JobRequest, site.settings.json_depth, "options"), "options")
    return await _save(site, request, "templates", name, body, msgspec.to_builtins(asked))


async def _body(site: Site, request: Request) -> bytes:
    return await read_json(request, site.settings.saved_bytes + ENVELOPE_BYTES)


async def _save(site: Site, request: Request, section: str, name: str, body: bytes, kept: dict[str, Any]) -> Response:
    by = subject_of(request).name
    command = c.SaveEntry(once=once_of(request, body), section=section, name=name, body=kept, by=by)
    made = await site.execute(command)
    return answer(await _entry(site, section, name), 201 if made["created"] else 200)


@router.delete(
    "/saved/{section}/{name:path}", summary="Remove one", status_code=204, responses=gives_nothing("It is gone")
)
async def remove(site: SiteOf, request: Request, section: str, name: str) -> Response:
    """Jobs that were found or made by it stay."""
    by = subject_of(request).name
    await site.execute(c.RemoveEntry(once=once_of(request, b""), section=section, name=name, by=by))
    return done()


async def _entry(site: Site, section: str, name: str) -> dict[str, Any]:
    id = id_of(section, name)
    entries = await site.read(lambda reading: reading.saved(section))
    for entry in entries:
        if entry["id"] == id:
            return entry
    raise not_saved(section, name)
