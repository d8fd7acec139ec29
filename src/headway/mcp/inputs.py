"""What a job asks of a person, as MCP asks it (elicitation), and the answer on its way back. Pure but for `give`.

A form of MCP is flat: where a job's schema is not, or the caller can not ask people, the job waits for somebody at the
dashboard or the command line. Called by kinds.py (a call that is open) and tasks.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import quote

import mcp_types as types

from headway.client import Client
from headway.errors import CallerError, InvalidInput
from headway.mcp import words
from headway.model.job import JobDoc, is_final

FLAT = frozenset({"string", "number", "integer", "boolean", "array"})


def asked(job: JobDoc) -> Mapping[str, Any] | None:
    """The open question of the job."""
    return None if is_final(job) else job.get("input") or None  # type: ignore[return-value]


def as_request(question: Mapping[str, Any], *, addresses: bool) -> types.ElicitRequest | None:
    """The question as MCP asks it; None where it can not be asked that way. `addresses`: URLs may be opened."""
    message = f"{words.clean(question['message'], 4_000)}\n(asked by a job that Headway runs)"
    if question.get("url"):
        if not addresses:
            return None
        url = types.ElicitRequestURLParams(
            message=message, url=str(question["url"]), elicitation_id=question["request"]
        )
        return types.ElicitRequest(params=url)
    form: dict[str, Any] = question.get("schema") or {"type": "object", "properties": {}}
    if not is_flat(form):
        return None
    return types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=form))


def is_flat(schema: Any) -> bool:
    """True for an object of plain values, the only form that MCP has."""
    properties: dict[str, Any] = _object(_object(schema).get("properties", {}))
    return _object(schema).get("type") == "object" and all(
        _object(each).get("type") in FLAT for each in properties.values()
    )


def _object(value: Any) -> dict[str, Any]:
    """The value where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


async def give(client: Client, job: str, answers: Mapping[str, Any]) -> None:
    """Answer what is open; answers to anything else are nobody's (SEP-2663: unknown and answered keys are ignored).

    InvalidInput names what does not fit the question.
    """
    question = asked(await client.get(job))
    if question is None or question["request"] not in answers:
        return
    body = answer_of(question["request"], answers[question["request"]])
    try:
        await client.rest.call("POST", f"/jobs/{quote(job, safe='')}/input", body)
    except CallerError:
        if asked(await client.get(job)) == question:
            raise  # nobody else answered it meanwhile


def answer_of(request: str, answer: Any) -> dict[str, Any]:
    """The body of `POST …/input`."""
    said = _object(answer.model_dump(by_alias=True) if hasattr(answer, "model_dump") else answer)
    if said.get("action") not in ("accept", "decline", "cancel"):
        raise InvalidInput(
            f"inputResponses.{request}", "is no answer", hint="Send action accept, decline or cancel, and content."
        )
    content: dict[str, Any] = {"content": said["content"]} if said.get("content") is not None else {}
    return {"request": request, "action": said["action"], **content}
