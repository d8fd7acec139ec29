"""Tasks on the wire: what is sent and heard, in both of MCP's designs, which share their names and little else.

2026-07-28, extension `io.modelcontextprotocol/tasks` (SEP-2663): the server decides that a call becomes a task; `tasks/get`
tells all, `tasks/update` answers questions. 2025-11-25, in the core: the client asks for it; `tasks/result` waits for the
end. Must never know what follows from a status. Called by `tasks.py` alone.
"""

from __future__ import annotations

from typing import Any, Literal

from mcp.client.session import ClientSession
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    ErrorData,
    GetTaskPayloadRequest,
    GetTaskPayloadRequestParams,
    Request,
    RequestParams,
    Result,
    TaskMetadata,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

Json = dict[str, Any]

EXTENSION = "io.modelcontextprotocol/tasks"
RELATED = "io.modelcontextprotocol/related-task"
TERMINAL = frozenset({"completed", "failed", "cancelled"})
_KEPT_MS = 86_400_000  # how long a server of 2025 is asked to keep a task


class Created(Result):
    """`resultType: "task"`: the server will answer `tools/call` later (SEP-2663 CreateTaskResult)."""

    result_type: Literal["task"] = "task"
    task_id: str
    status: str
    status_message: str | None = None
    last_updated_at: str | None = None
    poll_interval_ms: float | None = None


class Told(Result):
    """How a task stands, as `tasks/get` tells it (SEP-2663 DetailedTask; 2025: GetTaskResult, without the payloads)."""

    task_id: str
    status: str
    status_message: str | None = None
    last_updated_at: str | None = None
    poll_interval_ms: float | None = None
    poll_interval: float | None = None
    input_requests: dict[str, Json] | None = None
    result: Json | None = None
    error: Json | None = None

    @property
    def poll_s(self) -> float | None:
        """Seconds between two questions, as the server wishes it."""
        wished = self.poll_interval_ms if self.poll_interval_ms is not None else self.poll_interval
        return None if wished is None else wished / 1000


class TaskParams(RequestParams):
    """Of all three requests."""

    task_id: str


class UpdateParams(TaskParams):
    """Of `tasks/update`."""

    input_responses: Json


class GetTask(Request[TaskParams, Literal["tasks/get"]]):
    """`name_param`: over HTTP the task's id is the header `Mcp-Name`, for routing (SEP-2663)."""

    name_param = "taskId"
    method: Literal["tasks/get"] = "tasks/get"
    params: TaskParams


class UpdateTask(Request[UpdateParams, Literal["tasks/update"]]):
    """Answers to what the task asked."""

    name_param = "taskId"
    method: Literal["tasks/update"] = "tasks/update"
    params: UpdateParams


class CancelTask(Request[TaskParams, Literal["tasks/cancel"]]):
    """A wish; `notifications/cancelled` must not be used for tasks."""

    name_param = "taskId"
    method: Literal["tasks/cancel"] = "tasks/cancel"
    params: TaskParams


async def get(session: ClientSession, id: str) -> Told:
    """How it stands. MCPError: -32602 where the server knows no such task (any more)."""
    return await session.send_request(GetTask(params=TaskParams(task_id=id)), Told)


async def update(session: ClientSession, id: str, key: str, answer: Result) -> None:
    """Answer the question `key`."""
    said = answer.model_dump(by_alias=True, mode="json", exclude_none=True)
    await session.send_request(UpdateTask(params=UpdateParams(task_id=id, input_responses={key: said})), Result)


async def cancel(session: ClientSession, id: str) -> None:
    """Ask the server to end it; whether and when it does, `get` tells."""
    await session.send_request(CancelTask(params=TaskParams(task_id=id)), Result)


def is_modern(session: ClientSession) -> bool:
    """Whether the connection speaks the era in which servers decide on tasks."""
    return session.protocol_version in MODERN_PROTOCOL_VERSIONS


def result_of(told: Told) -> CallToolResult:
    """What the tool gave, from a completed task. MCPError where the server gives none, or something else."""
    if told.result is None:
        raise MCPError(INTERNAL_ERROR, "the task is completed, and the server gives no result of it")
    try:
        return CallToolResult.model_validate(told.result, by_name=False)
    except ValidationError:
        raise MCPError(INTERNAL_ERROR, "the task is completed, and what it gives is no result of a tool") from None


def error_of(told: Told) -> MCPError:
    """The JSON-RPC error of a failed task."""
    try:
        return MCPError.from_error_data(ErrorData.model_validate(told.error))
    except ValidationError:
        return MCPError(INTERNAL_ERROR, told.status_message or "the task failed, and the server does not say of what")


# -- 2025-11-25 ------------------------------------------------------------------------------------------------------


async def create(session: ClientSession, name: str, arguments: Json) -> Told:
    """Call a tool as a task of 2025. By the SDK's own channel: its typed `send_request` takes every answer to `tools/call`
    for a result and refuses this one (mcp 2.3.0), so the stamp that it would put on the request is put on here.
    """
    params = CallToolRequestParams(name=name, arguments=arguments, task=TaskMetadata(ttl=_KEPT_MS))
    data = CallToolRequest(params=params).model_dump(by_alias=True, mode="json", exclude_none=True)
    options: Any = {}
    session._stamp(data, options)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    raw = await session._dispatcher.send_raw_request("tools/call", data["params"], options)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    try:
        return Told.model_validate(raw.get("task"), by_name=False)
    except ValidationError:
        raise MCPError(INTERNAL_ERROR, "the tool says that it runs as a task only, and the server made none") from None


async def payload(session: ClientSession, id: str) -> CallToolResult:
    """Wait for the end of a task of 2025 and give what the tool gave; questions come while it waits."""
    request = GetTaskPayloadRequest(params=GetTaskPayloadRequestParams(task_id=id))
    return await session.send_request(request, CallToolResult)
