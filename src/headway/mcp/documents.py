"""What an agent is given of a job: a small document instead of the whole one, and its schema. Pure.

Sizes are bounded here: an agent reads with its context. What is left out is named, with where to get it. Called by the
tools; the text beside a document is words.py's.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headway.mcp import words
from headway.model.job import JobDoc, is_final

RESULT_BYTES = 65_536
"""A result larger than this is left out of answers; `result_path` says where it is."""
FILES = 50

_TEXT = {"type": "string"}
JOB: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "kind": _TEXT,
        "state": {"type": "string", "description": "scheduled, blocked, queued, running, cancelling, completed, failed or cancelled."},
        "final": {"type": "boolean", "description": "True once it has ended: it will not change any more."},
        "summary": {"type": "string", "description": "How it stands, in one line."},
        "progress": {"type": ["number", "null"], "description": "0 to 1; null: unknown."},
        "stage": _TEXT,
        "message": _TEXT,
        "queue": _TEXT,
        "attempt": {"type": "integer"},
        "created_at": _TEXT,
        "started_at": _TEXT,
        "finished_at": _TEXT,
        "labels": {"type": "object"},
        "result": {"description": "What it returned, once it is completed."},
        "result_path": {"type": "string", "description": "Where a result is that is too large to be here."},
        "error": {"type": "object", "description": "type and message of how it failed."},
        "reason": _TEXT,
        "needs_input": {"type": "object", "description": "What it asks of a person: request, message, schema or url."},
        "files": {"type": "array", "description": "Files it left: name, size, type, path."},
    },
    "required": ["id", "kind", "state", "final", "summary"],
}  # fmt: skip
"""The schema of `job_document`."""

_SAME = ("kind", "queue", "attempt", "created_at", "started_at", "finished_at", "labels")


def job_document(job: JobDoc, now: str = "") -> dict[str, Any]:
    """A job as an agent sees it."""
    progress: Any = job.get("progress", {})
    id = job.get("id", "")
    document: dict[str, Any] = {
        "id": id,
        "state": job.get("state", ""),
        "final": is_final(job),
        "summary": words.summary(job, now),
        "progress": words.overall(job),
        **{name: value for name, value in job.items() if name in _SAME},
    }
    said = {
        "stage": progress.get("stage"),
        "message": words.one_line(progress.get("message")),
        "error": _error(job),
        "reason": words.one_line(job.get("reason")),
        "needs_input": _asked(job),
        "files": _files(job),
    }
    document |= {name: value for name, value in said.items() if value}
    return document | (result_of(job) if job.get("state") == "completed" else {})


def result_of(job: JobDoc) -> dict[str, Any]:
    """`result`, or where it is when it is too large to be said."""
    result: Any = job.get("result")
    if len(msgspec.json.encode(result)) > RESULT_BYTES:
        return {"result_path": f"/api/v1/jobs/{job.get('id', '')}/result"}
    return {"result": result}


def _error(job: JobDoc) -> dict[str, str] | None:
    error = job.get("error")
    return error and {"type": words.one_line(error["type"], 200), "message": words.clean(error["message"], 4_000)}


def _asked(job: JobDoc) -> dict[str, Any] | None:
    asked: Any = None if is_final(job) else job.get("input")
    if not asked:
        return None
    kept = {name: asked[name] for name in ("request", "schema", "url") if asked.get(name) is not None}
    return {**kept, "message": words.clean(asked["message"], 4_000)}


def _files(job: JobDoc) -> list[dict[str, Any]]:
    files = list(job.get("artifacts", {}).items())[:FILES]
    path = f"/api/v1/jobs/{job.get('id', '')}/artifacts"
    return [
        {"name": name, "size": file["size"], "type": file["type"], "path": f"{path}/{name}"} for name, file in files
    ]
