"""A server on fastmcp[tasks], whose tasks (SEP-2663) outlive any connection: `fast.py PORT FOLDER`, with fastmcp's Python.

What runs there leaves a line in FOLDER/runs, and waits until FOLDER/go is there.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from fastmcp import Context, FastMCP  # pyright: ignore[reportMissingImports]
from fastmcp.dependencies import Progress  # pyright: ignore[reportMissingImports]
from fastmcp_tasks import TasksExtension  # pyright: ignore[reportMissingImports]
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult

FOLDER = Path(sys.argv[2])
server = FastMCP("fast")
server.add_extension(TasksExtension())


@server.tool(task=True)
async def gated(word: str, progress: Progress = Progress()) -> dict[str, str]:  # noqa: B008 - as fastmcp has it
    """Wait for the gate."""
    with (FOLDER / "runs").open("a") as runs:
        runs.write(f"{word}\n")
    await progress.set_message("waiting for the gate")
    while not (FOLDER / "go").exists():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return {"said": word}


@server.tool(task=True)
async def greeted(ctx: Context) -> Any:
    """Ask for a name."""
    answers = ctx.input_responses
    if not answers:
        schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
        asked = ElicitRequestFormParams(message="What is your name?", requested_schema=schema)
        return InputRequiredResult(input_requests={"who": ElicitRequest(params=asked)})
    answer = answers["who"]
    return f"{answer.action} {(answer.content or {}).get('name', '')}".strip()


@server.tool(task=True)
async def failing() -> str:
    """Fail."""
    raise ValueError("nothing works")


@server.tool
async def plain(n: int) -> int:
    """No task."""
    return n + 1


server.run("http", host="127.0.0.1", port=int(sys.argv[1]), show_banner=False)
