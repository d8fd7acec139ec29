"""Agents against a real server and worker: progress as it happens, agents that die, servers that are started again."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from agents import texts
from mcp_peers import fastmcp
from processes import Gate, Headway

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

WAITS = """
import asyncio, sys
from mcp import Client

async def told(progress, total, message):
    print(message, flush=True)

async def main():
    async with Client(sys.argv[1] + "/mcp", mode=sys.argv[2]) as agent:
        await agent.call_tool("wait_job", {"job": sys.argv[3]}, progress_callback=told)

asyncio.run(main())
"""


@asynccontextmanager
async def over_stdio(hw: Headway, *arguments: str, mode: Any = "auto", **options: Any) -> AsyncGenerator[Client]:
    """An agent that has started `headway mcp`."""
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "headway", "mcp", *arguments], env=hw.env, cwd=str(hw.folder)
    )
    async with Client(command, mode=mode, **options) as agent:
        yield agent


class Told:
    """Progress of a call, and until when it is worth waiting for."""

    def __init__(self) -> None:
        self.news: list[tuple[float, float | None, str]] = []
        self._more = asyncio.Event()

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.news.append((progress, total, message or ""))
        self._more.set()

    async def until(self, word: str) -> None:
        while not any(word in message for _, _, message in self.news):
            self._more.clear()
            await self._more.wait()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_progress_arrives_while_the_job_runs_and_the_result_when_it_is_over(hw: Headway, gate: Gate, mode: Any):
    await asyncio.to_thread(hw.serve)
    await asyncio.to_thread(hw.work)
    job = hw.submit("staged", gate=str(gate.path))
    told = Told()

    async with Client(f"{hw.url}/mcp", mode=mode) as agent:
        waiting = asyncio.create_task(agent.call_tool("wait_job", {"job": job}, progress_callback=told))
        await told.until('stage 1/2 "read"')
        gate.open()
        result = await waiting

    numbers = [progress for progress, _, _ in told.news]
    assert not isinstance(result, dict)
    assert result.structured_content["result"] == {"items": 10}  # type: ignore[index]
    assert texts(result)[0].startswith(f"job {job} completed after")
    assert numbers == sorted(set(numbers))
    assert told.news[-1][:2] == (1.0, 1.0)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_that_is_killed_takes_no_job_with_it(hw: Headway, gate: Gate, mode: str):
    await asyncio.to_thread(hw.serve)
    await asyncio.to_thread(hw.work)
    job = hw.submit("staged", gate=str(gate.path))
    heard = await asyncio.to_thread(wait_and_die, hw, mode, job)

    await asyncio.to_thread(hw.until, lambda: viewers(hw) == 0, "nobody follows any more")
    running = hw.job(job)
    gate.open()
    done = await asyncio.to_thread(hw.state, job, "completed")

    assert job in heard
    assert running["state"] == "running"
    assert "cancel" not in done
    assert done["attempt"] == 1


def wait_and_die(hw: Headway, mode: str, job: str) -> str:
    """An agent waits for the job; killed by SIGKILL once it has heard of it. What it heard."""
    agent = subprocess.Popen(
        [sys.executable, "-c", WAITS, hw.url, mode, job], stdout=subprocess.PIPE, env=hw.env, start_new_session=True
    )
    assert agent.stdout is not None
    with agent.stdout as said:
        try:
            return said.readline().decode()
        finally:
            os.killpg(agent.pid, signal.SIGKILL)
            agent.wait(10)


def viewers(hw: Headway) -> int:
    return len(hw.http.get("/api/v1/admin/connections").json()["viewers"])


async def test_an_agent_keeps_its_tools_and_tasks_over_a_restart_of_the_server(hw: Headway, gate: Gate):
    changed = asyncio.Event()

    async def hear(message: Any) -> None:
        if "list_changed" in str(getattr(message, "method", "")):
            changed.set()

    async with over_stdio(hw, "--tool", "add", mode="legacy", message_handler=hear) as agent:
        away = await agent.call_tool("list_jobs", {})
        before = [tool.name for tool in (await agent.list_tools()).tools]
        await asyncio.to_thread(hw.serve)
        await asyncio.to_thread(hw.work)
        await changed.wait()
        after = [tool.name for tool in (await agent.list_tools()).tools]
        result = await agent.call_tool("add", {"a": 2, "b": 3})

    assert away.is_error
    assert "Start one with 'headway serve'" in texts(away)[0]
    assert "add" not in before
    assert "add" in after
    assert result.structured_content["result"] == {"sum": 5}  # type: ignore[index]


FASTMCP = """
import asyncio, json, sys
import fastmcp_tasks
from fastmcp import Client
from fastmcp_tasks import call_tool_task

async def answer(message, response_type, params, context):
    return {}

async def main():
    async with Client(sys.argv[1] + "/mcp", elicitation_handler=answer) as agent:
        task = await call_tool_task(agent, "add", {"a": 2, "b": 3})
        first = await task.result()
        asked = await agent.call_tool("asks", {"questions": 2})
        print(json.dumps({
            "task": task.task_id,
            "sum": first.structured_content["result"],
            "asked": asked.structured_content["result"],
        }))

asyncio.run(main())
"""


async def test_a_client_of_others_takes_tasks_and_answers_what_they_ask(hw: Headway):
    python = await asyncio.to_thread(fastmcp)
    hw.env["HEADWAY_MCP_TOOLS"] = "add,asks"
    await asyncio.to_thread(hw.serve)
    await asyncio.to_thread(hw.work)

    said = await asyncio.to_thread(
        subprocess.run, [python, "-c", FASTMCP, hw.url], capture_output=True, text=True, timeout=120, check=False
    )

    assert said.returncode == 0, said.stderr
    answer = json.loads(said.stdout)
    job = hw.job(answer["task"].partition(".")[0])
    assert answer["sum"] == {"sum": 5}
    assert answer["asked"] == [{}, {}]
    assert job["state"] == "completed"
    assert answer["task"].partition(".")[2] not in str(job)
