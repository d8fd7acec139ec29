"""One call of a tool by one attempt: what the tool says on its way becomes what the attempt says.

All that is heard of a call is a sign of its life. Every text is freed of secrets and bounded before it leaves. The call
in whose name something is sent is found by context variable, from the sender's task down to the wire (`tap.py`). Must
never know how the server is reached. Made by `call.py`, kept by `calls.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import msgspec
from mcp_types import LoggingMessageNotificationParams

from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.progress import Progress
from headway.connectors.mcp.secrets import Secrets, cut
from headway.worker.context import Context

_LEVELS = {
    "debug": "debug", "info": "info", "notice": "info", "warning": "warning",
    "error": "error", "critical": "error", "alert": "error", "emergency": "error",
}  # fmt: skip


class Call:
    """A call that runs, or was told to stop. `ids`: what its requests are called on the wire, which are also the tokens
    of its progress. `over`: nobody waits for its result any more. `is_task`: it was answered by a task (`tasks.py`).
    `asking`: held while the job shows a question.
    """

    def __init__(self, ctx: Context, tool: Tool, secrets: Secrets) -> None:
        self.ctx = ctx
        self.tool = tool
        self.secrets = secrets
        self.ids: set[str | int] = set()
        self.over = asyncio.Event()
        self.asking = asyncio.Lock()
        self.is_task = False
        self._progress = Progress()

    def __repr__(self) -> str:
        return f"<call of {self.tool.kind} for job {self.ctx.job_id}>"

    def alive(self) -> None:
        """Something was heard of it."""
        self.ctx.alive()

    async def progressed(self, progress: float, total: float | None, message: str | None) -> None:
        """A progress notification, as the SDK gives it."""
        if not self.over.is_set():
            current, of = self._progress.heard(progress, total)
            self.ctx.progress(current, of, message=None if message is None else self.clean(message))
            self.alive()

    def say(self, text: str) -> None:
        """Words without numbers."""
        if not self.over.is_set():
            self.ctx.progress(message=self.clean(text))

    def log(self, params: LoggingMessageNotificationParams) -> None:
        """A log notification of its server."""
        if not self.over.is_set():
            self.ctx.log.write(_LEVELS.get(params.level, "info"), self.clean(log_text(params)))
            self.alive()

    def clean(self, text: str) -> str:
        """A text of the server as it may be shown."""
        return cut(self.secrets.hide(text))


def log_text(params: LoggingMessageNotificationParams) -> str:
    """`logger: text`; data that is no text as JSON."""
    data = params.data if isinstance(params.data, str) else msgspec.json.encode(params.data).decode()
    return f"{params.logger}: {data}" if params.logger else data


calling: ContextVar[Call | None] = ContextVar("headway_mcp_call", default=None)
"""The call in whose name this task speaks with its server."""


def the_call(running: Sequence[Call]) -> Call | None:
    """Whose word it is that came just now: the context's where the transport keeps that, else the only one that runs.

    The handshake era over stdio ties log notifications and questions to no call.
    """
    if (call := calling.get()) is not None:
        return call
    return running[0] if len(running) == 1 else None


Id = str | int
Params = dict[str, Any]
