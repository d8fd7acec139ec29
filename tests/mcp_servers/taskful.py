"""A server whose tool `work` becomes a task (SEP-2663), which moves when a test says so. In process, or as a script over
stdio. Over `http PORT` its tasks outlive any connection.

`TaskServer.tasks` has every task by its id; `say`, `ask`, `complete`, `fail`, `end` and `forget` move one.
"""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.extension import Extension, MethodBinding
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolRequestParams, RequestParams

Json = dict[str, Any]
TASKS = "io.modelcontextprotocol/tasks"
MODERN = frozenset({"2026-07-28"})


class TaskParams(RequestParams):
    task_id: str


class UpdateParams(TaskParams):
    input_responses: Json


class TaskServer(Extension):
    """The server is `.mcp`. `asked` has every tasks/get, `cancels` every tasks/cancel, `calls` every call of the tool."""

    identifier = TASKS

    def __init__(self, poll_ms: int | None = 20, *, stops: bool = True) -> None:
        self.poll_ms = poll_ms
        self.stops = stops
        self.tasks: dict[str, Json] = {}
        self.calls: list[Json] = []
        self.asked: list[str] = []
        self.cancels: list[str] = []
        self.answers: list[Json] = []
        self.mcp = MCPServer("taskful", extensions=[self])
        self.mcp.tool(description="Work that takes a while")(work)
        self.mcp.tool(description="Plain")(plain)

    # -- what a test says --

    def say(self, message: str, id: str = "") -> None:
        self._set(id, statusMessage=message)

    def ask(self, key: str, request: Json, id: str = "") -> None:
        self._set(id, status="input_required", inputRequests={key: request})

    def complete(self, result: Json, id: str = "") -> None:
        self._set(id, status="completed", result=result)

    def fail(self, code: int, message: str, id: str = "") -> None:
        self._set(id, status="failed", error={"code": code, "message": message})

    def end(self, message: str, id: str = "") -> None:
        self._set(id, status="cancelled", statusMessage=message)

    def forget(self) -> None:
        self.tasks.clear()

    def _set(self, id: str, **fields: Any) -> None:
        task = self.tasks[id or next(iter(self.tasks))]
        task.update(fields, lastUpdatedAt=datetime.now(UTC).isoformat())

    # -- what a client asks --

    def methods(self) -> list[MethodBinding]:
        return [
            MethodBinding("tasks/get", TaskParams, self._get, MODERN),
            MethodBinding("tasks/update", UpdateParams, self._update, MODERN),
            MethodBinding("tasks/cancel", TaskParams, self._cancel, MODERN),
        ]

    async def intercept_tool_call(self, params: CallToolRequestParams, ctx: Any, call_next: Any) -> Any:
        if params.name != "work" or TASKS not in (ctx.session.client_params.capabilities.extensions or {}):
            return await call_next(ctx)
        self.calls.append(params.arguments or {})
        now = datetime.now(UTC).isoformat()
        task: Json = {"taskId": secrets.token_hex(8), "status": "working", "createdAt": now, "lastUpdatedAt": now}
        task |= {"ttlMs": None} | ({} if self.poll_ms is None else {"pollIntervalMs": self.poll_ms})
        self.tasks[task["taskId"]] = task
        return {"resultType": "task", **task}

    async def _get(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> Json:
        self.asked.append(params.task_id)
        return {"resultType": "complete", **self._known(params)}

    async def _update(self, ctx: ServerRequestContext[Any, Any], params: UpdateParams) -> Json:
        task = self._known(params)
        self.answers.append(params.input_responses)
        if task["status"] == "input_required":
            task.update(status="working", inputRequests=None)
            task.pop("inputRequests")
        return {"resultType": "complete"}

    async def _cancel(self, ctx: ServerRequestContext[Any, Any], params: TaskParams) -> Json:
        task = self._known(params)
        self.cancels.append(params.task_id)
        if self.stops:
            task["status"] = "cancelled"
        return {"resultType": "complete"}

    def _known(self, params: TaskParams) -> Json:
        if params.task_id not in self.tasks:
            raise MCPError(-32602, "Failed to retrieve task: Task not found")
        return self.tasks[params.task_id]


def work(n: int = 1) -> str:
    return "worked without a task"


def plain(n: int = 1) -> str:
    return f"plain {n}"


if __name__ == "__main__":
    server = TaskServer()
    if sys.argv[1:2] == ["http"]:
        server.mcp.run("streamable-http", host="127.0.0.1", port=int(sys.argv[2]))
    else:
        server.mcp.run("stdio")
