"""The result of a call from how its job stands. Pure; for calls that stay open (kinds.py) and for tasks (tasks.py)."""

from __future__ import annotations

import mcp_types as types

from headway.mcp import words
from headway.mcp.caller import answered, refused
from headway.mcp.documents import job_document
from headway.model.job import JobDoc, is_final


def outcome(job: JobDoc, now: str) -> types.CallToolResult:
    """The result of a call from how its job stands: what it returned, that it goes on, or why it did not complete."""
    document = job_document(job, now)
    id = document["id"]
    if job.get("state") == "completed":
        text = (
            words.result_text(id, document["result"])
            if "result" in document
            else f"The result is too large to be said here; it is at {document['result_path']}."
        )
        return answered(text, document, document["summary"])
    if not is_final(job):
        return answered(
            document["summary"], document, f"It goes on as job {id}: call wait_job with it to go on waiting."
        )
    error = document.get("error")
    return refused(document["summary"], *([words.quoted(f"error of job {id}", error["message"])] if error else []))
