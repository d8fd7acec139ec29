"""A question of a server (elicitation) becomes a question of the job, and its answer the server's.

A form has the schema that the server sent; a URL is only shown, and opened by who reads it. Declining is no error: what
follows from it is the tool's business. A call that ended takes its question with it. Called by the SDK through
`connection.py`, and by `tasks.py`.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from mcp_types import (
    INVALID_PARAMS,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitRequestURLParams,
    ElicitResult,
    ErrorData,
)
from pydantic import ValidationError

from headway.connectors.mcp.calling import Call
from headway.errors import InvalidInput
from headway.model.schema import check_schema
from headway.worker.context import Answer

SCHEMA_BYTES = 65_536


async def elicited(call: Call, params: ElicitRequestParams, note: str = "") -> ElicitResult | ErrorData:
    """Ask whoever watches the job, however long that takes. ErrorData: the question can not be asked.

    A job shows one question at a time: another one waits for the answer to it.
    """
    async with call.asking:
        return await _asked(call, params, note)


async def _asked(call: Call, params: ElicitRequestParams, note: str) -> ElicitResult | ErrorData:
    if call.over.is_set():
        return ElicitResult(action="cancel")
    message = call.clean(f"{params.message}{note}")
    try:
        if isinstance(params, ElicitRequestURLParams):
            pending = call.ctx.ask(message, url=params.url)
        else:
            pending = call.ctx.ask(message, _schema_of(call, params))
    except InvalidInput as problem:
        return ErrorData(code=INVALID_PARAMS, message=str(problem))
    answer = await _first_of(asyncio.ensure_future(_answer(pending)), call)
    call.alive()
    return _result(answer)


def _schema_of(call: Call, params: ElicitRequestFormParams) -> Any:
    schema = call.secrets.hide_in(params.requested_schema)
    if (size := len(msgspec.json.encode(schema))) > SCHEMA_BYTES:
        raise InvalidInput("requestedSchema", f"has {size:,} bytes; the limit is {SCHEMA_BYTES:,}")
    check_schema(schema, "requestedSchema")
    return schema


async def _answer(pending: Any) -> Answer:
    return await pending


async def _first_of(asked: asyncio.Future[Answer], call: Call) -> Answer:
    """The answer, or `cancel` once the call is over."""
    over = asyncio.ensure_future(call.over.wait())
    try:
        await asyncio.wait([asked, over], return_when=asyncio.FIRST_COMPLETED)
        return asked.result() if asked.done() else Answer(action="cancel")
    finally:
        asked.cancel()
        over.cancel()


def _result(answer: Answer) -> ElicitResult | ErrorData:
    try:
        return ElicitResult.model_validate(
            {"action": answer.action, "content": answer.content if answer.accepted else None}
        )
    except ValidationError:
        return ErrorData(
            code=INVALID_PARAMS, message="The answer has values that MCP can not carry: nested objects or lists."
        )
