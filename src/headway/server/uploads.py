"""Artifacts by REST: workers put them, everybody with access gets them, as attachments and nothing else.

The attempt's fence is asked twice: before the first byte, so that a stale worker does not fill the disk, and by the
ledger when the file is whole (I4). A file is always sent as an attachment that the browser neither sniffs nor runs.
"""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from headway.errors import InvalidInput, NotFound, Refused, TooLarge
from headway.hub.ledger import Commit
from headway.model import command as c
from headway.model.job import JobDoc, current_attempt
from headway.server.answers import answer
from headway.server.openapi import API, gives
from headway.server.ranges import file_answer
from headway.server.site import SiteOf

router = APIRouter(prefix=API, tags=["artifacts"])

_DOCUMENT = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"}, "type": {"type": "string"}, "sha256": {"type": "string"}, "key": {"type": "string"},
    },
}  # fmt: skip
_LONGEST_NAME = 200


@router.put(
    "/jobs/{id}/attempts/{attempt}/artifacts/{name:path}",
    summary="Store a file of a running attempt",
    status_code=201,
    openapi_extra={
        "requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "required": True}
    },
    responses=gives(_DOCUMENT, "It is stored and listed with the job", 201),
)
async def put_artifact(site: SiteOf, request: Request, id: str, attempt: int, name: str) -> Response:
    """Only the worker that runs this attempt may; the same name again replaces it."""
    _check_name(name)
    job = await site.job(id)
    worker = request.headers.get("headway-worker") or job.get("worker") or ""
    check_fence(job, attempt, worker, "artifact")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > site.artifacts.limit:
        raise TooLarge("The artifact", int(declared), site.artifacts.limit)
    stored = await site.artifacts.write(id, request.stream())
    document = {
        "key": stored.key,
        "size": stored.size,
        "sha256": stored.sha256,
        "type": _media_type(request.headers.get("content-type", "")),
    }
    try:
        said = await site.execute(c.AddArtifact(job=id, attempt=attempt, worker=worker, name=name, artifact=document))
    except BaseException:
        await site.artifacts.remove(stored.key)
        raise
    if why := said.get("fenced"):
        await site.artifacts.remove(stored.key)
        raise fenced("artifact", id, attempt, str(why))
    if (replaced := job.get("artifacts", {}).get(name)) and replaced.get("key"):
        await site.artifacts.remove(str(replaced["key"]))
    return answer({"name": name, **document}, 201)


@router.get(
    "/jobs/{id}/artifacts", summary="Its files", responses=gives({"type": "object"}, "artifacts: name -> description")
)
async def list_artifacts(site: SiteOf, id: str) -> Response:
    """What its attempts stored, by name."""
    return answer({"artifacts": (await site.job(id)).get("artifacts", {})})


@router.get(
    "/jobs/{id}/artifacts/{name:path}",
    summary="One file",
    response_class=Response,
    responses={200: {"description": "The file, as an attachment", "content": {"*/*": {}}}},
)
async def get_artifact(site: SiteOf, request: Request, id: str, name: str) -> Response:
    """The bytes as they were stored; a range is answered."""
    artifact = (await site.job(id)).get("artifacts", {}).get(name)
    if artifact is None:
        raise NotFound("artifact", name, hint=f"GET /api/v1/jobs/{id}/artifacts lists them.")
    headers = {
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(name.rpartition('/')[2], safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": f'"{artifact.get("sha256", "")}"',
    }
    media_type = str(artifact.get("type") or "application/octet-stream")
    return await file_answer(
        request, site.artifacts, str(artifact.get("key", "")), headers=headers, media_type=media_type
    )


def keys_left(commit: Commit) -> list[str]:
    """Files that nobody needs any more, because the jobs that they are of were deleted."""
    deleted = [event.job or "" for event in commit.events if event.type == "job.deleted"]
    jobs = [commit.world.jobs.get(id) or JobDoc() for id in deleted]
    return [artifact["key"] for job in jobs for artifact in job.get("artifacts", {}).values()]


def _check_name(name: str) -> None:
    parts = name.split("/")
    if len(name) > _LONGEST_NAME or not name.isprintable() or any(part in ("", ".", "..") for part in parts):
        raise InvalidInput("name", f"{name[:80]!r} is not an artifact name",
                           hint=f"Use up to {_LONGEST_NAME} printable characters, like 'report.html' or 'plots/a.png'.")  # fmt: skip


def check_fence(job: JobDoc, attempt: int, worker: str, what: str) -> None:
    """The look before the first byte; the ledger looks again. Refused: this attempt may store no `what` any more."""
    current = current_attempt(job)
    live = current is not None and current.get("phase") != "ended" and current.get("worker") == worker
    if not live or job.get("attempt") != attempt:
        why = f"attempt {attempt} is over; the job is {job.get('state')}, attempt {job.get('attempt')}"
        raise fenced(what, job.get("id", ""), attempt, why)


def fenced(what: str, job: str, attempt: int, why: str) -> Refused:
    """The answer to a worker that may not speak for this attempt (I4)."""
    return Refused(what, "fenced", entity=f"attempt {attempt} of job {job}", reason=why,
                   hint="Stop this attempt: another one counts, or the job has ended.")  # fmt: skip


def _media_type(declared: str) -> str:
    """What the worker says it is, kept only where it is a plain type."""
    essence = declared.partition(";")[0].strip().lower()
    kind, slash, rest = essence.partition("/")
    plain = slash and f"{kind}{rest}".replace("+", "").replace("-", "").replace(".", "").isalnum() and essence.isascii()
    return essence if plain else "application/octet-stream"
