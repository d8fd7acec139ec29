from __future__ import annotations

from typing import Any

from headway.mcp.documents import JOB, RESULT_BYTES, job_document
from headway.model.schema import validate

DONE: Any = {
    "id": "01J",
    "kind": "add",
    "state": "completed",
    "queue": "default",
    "attempt": 1,
    "attempts": {"1": {"worker": "w"}},
    "result": {"sum": 3},
    "artifacts": {"a.png": {"size": 3, "type": "image/png", "key": "secret-key", "sha256": "x"}},
}


def but(**other: Any) -> Any:
    return {**DONE, **other}


def test_a_document_is_small_and_fits_its_schema():
    document = job_document(DONE)

    validate(JOB, document)
    assert document == {
        "id": "01J",
        "kind": "add",
        "state": "completed",
        "final": True,
        "summary": "job 01J completed",
        "progress": 1.0,
        "queue": "default",
        "attempt": 1,
        "result": {"sum": 3},
        "files": [{"name": "a.png", "size": 3, "type": "image/png", "path": "/api/v1/jobs/01J/artifacts/a.png"}],
    }


def test_a_result_that_is_too_large_is_named_with_where_it_is():
    document = job_document(but(result="x" * RESULT_BYTES))

    assert "result" not in document
    assert document["result_path"] == "/api/v1/jobs/01J/result"


def test_what_a_job_asks_is_there_while_it_asks():
    asked: Any = {"request": "r1", "message": "\x1b[1mSure?", "schema": {"type": "object"}, "asked_at": "x"}

    open_one = job_document(but(state="running", input=asked))
    closed = job_document(but(input=asked))

    assert open_one["needs_input"] == {"request": "r1", "message": "Sure?", "schema": {"type": "object"}}
    assert "needs_input" not in closed


def test_a_failed_job_says_its_error_and_no_result():
    document = job_document(but(state="failed", error={"type": "E", "message": "m\x00", "traceback": "t"}))

    assert document["error"] == {"type": "E", "message": "m"}
    assert "result" not in document
