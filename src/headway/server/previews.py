"""The live picture of a running attempt by REST: its worker puts it, whoever watches gets the newest one.

It is fenced like an artifact, and forgotten unlike one: the newer takes the place of the older, and the end of the
attempt takes it away (`keys_left`, asked for every commit of this server; what a crash leaves, leftovers.py finds). Its
bytes are nobody's to trust: they are a raster picture by their own word, small, and sent so that nothing in them runs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import unquote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.clock import from_iso
from headway.errors import NotFound, TooLarge
from headway.hub.ledger import Commit
from headway.model import command as c
from headway.model.job import JobDoc, PreviewDoc
from headway.server.allowance import TooMany
from headway.server.answers import answer
from headway.server.openapi import API, gives
from headway.server.pictures import picture_type
from headway.server.site import Site, SiteOf
from headway.server.uploads import check_fence, fenced

router = APIRouter(prefix=API, tags=["preview"])

_DOCUMENT = {
    "type": "object",
    "properties": {
        "type": {"type": "string"}, "size": {"type": "integer"}, "key": {"type": "string"}, "label": {"type": "string"},
    },
}  # fmt: skip
_PICTURES = {
    f"image/{each}": {"schema": {"type": "string", "format": "binary"}} for each in ("png", "jpeg", "webp", "gif")
}
_LONGEST_LABEL = 200
_TAKE = frozenset({"job.previewed", "job.attempt_ended"})


@router.put(
    "/jobs/{id}/attempts/{attempt}/preview",
    summary="Show how a running attempt looks now",
    openapi_extra={
        "requestBody": {"content": _PICTURES, "required": True},
        "parameters": [{"name": "Headway-Label", "in": "header", "schema": {"type": "string"},
                        "description": "What it shows, in words; percent-encoded UTF-8"}],
    },
    responses=gives(_DOCUMENT, "It is what viewers see, in place of the one before"),
)  # fmt: skip
async def put_preview(site: SiteOf, request: Request, id: str, attempt: int) -> Response:
    """Only the worker that runs this attempt may. It goes when the attempt ends."""
    job = await site.job(id)
    worker = request.headers.get("headway-worker") or job.get("worker") or ""
    check_fence(job, attempt, worker, "preview")
    _check_pace(site, job)
    content = await _content(request, site.settings.preview_bytes)
    preview: dict[str, object] = {"type": picture_type(content), "size": len(content)}
    if label := label_of(request.headers.get("headway-label", "")):
        preview["label"] = label
    stored = await site.artifacts.write(id, _whole(content))
    preview["key"] = stored.key
    try:
        said = await site.execute(c.SetPreview(job=id, attempt=attempt, worker=worker, preview=preview))
    except BaseException:
        await site.artifacts.remove(stored.key)
        raise
    if why := said.get("fenced"):
        await site.artifacts.remove(stored.key)
        raise fenced("preview", id, attempt, str(why))
    return answer(preview)


@router.get(
    "/jobs/{id}/preview",
    summary="How it looks now",
    response_class=Response,
    responses={
        200: {"description": "The newest picture of the running attempt", "content": _PICTURES},
        204: {"description": "The version `v` has gone with its attempt"},
    },
)
async def get_preview(site: SiteOf, id: str, v: int = 0) -> Response:
    """The newest picture, whatever `v` says: a `v` of its own for each version keeps a browser from showing another.
    204 where the version that was announced has gone with its attempt: who follows the job hears of that anyway.
    """
    try:
        preview, content = await _newest(site, id)
    except NotFound:
        if not v or (await site.job(id)).get("preview"):
            raise
        return Response(status_code=204)
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": f'"{preview["version"]}"',
        "Headway-Version": str(preview["version"]),
    }
    return Response(content, headers=headers, media_type=preview["type"])


async def _newest(site: Site, id: str) -> tuple[PreviewDoc, bytes]:
    preview = preview_of(await site.job(id))
    try:
        return preview, await _read(site, preview)
    except NotFound:  # replaced between the two
        preview = preview_of(await site.job(id))
        return preview, await _read(site, preview)


def preview_of(job: JobDoc) -> PreviewDoc:
    """The preview of a job. NotFound: it shows none."""
    if preview := job.get("preview"):
        return preview
    hint = "The job shows none now; what its attempts left behind are its artifacts."
    raise NotFound("preview", job.get("id", ""), hint=hint)


def keys_left(commit: Commit) -> list[str]:
    """Files that nobody needs any more: a newer one took their place, or their attempt has ended."""
    return [key for event in commit.events if event.type in _TAKE and (key := event.data.get("left"))]


def label_of(header: str) -> str:
    """A label as it is shown: one line of plain characters, not too long."""
    said = unquote(header, errors="replace")
    return "".join(each if each.isprintable() else " " for each in said).strip()[:_LONGEST_LABEL]


def _check_pace(site: Site, job: JobDoc) -> None:
    """Each one is an event in the log: a worker may not fill it."""
    preview = job.get("preview")
    if preview is None:
        return
    left_ms = from_iso(preview["at"]) + site.settings.preview_ms - site.hub.clock.now()
    if left_ms > 0:
        raise TooMany("previews of this job", left_ms / 1000)


async def _content(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge("The preview", int(declared), limit, hint=_SMALLER)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limit:
            raise TooLarge("The preview", len(content), limit, hint=_SMALLER)
    return bytes(content)


_SMALLER = "Scale it down, or keep it as an artifact."


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _read(site: Site, preview: PreviewDoc) -> bytes:
    return b"".join([part async for part in site.artifacts.read(preview["key"], 0, preview["size"])])
