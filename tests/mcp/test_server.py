"""One connection that lasts, as by stdio: questions by requests of our own, and being told of other tools."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from mcp import Client as McpClient
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from agents import ADD, ASKS, Scene, Scenes, texts
from headway.client import Client
from headway.client.rest import Rest
from headway.mcp import AgentServer
from headway.mcp.stdio import follow_kinds
from headway.model import report as r

URL = "http://127.0.0.1"


def client_of(scene: Scene) -> Client:
    """A client through the application, without sockets."""
    client = Client(URL)
    client.rest = Rest(URL, transport=httpx.ASGITransport(scene.application), ways=("poll",), patience_s=0.1)
    return client


def lasting(client: Client, *globs: str) -> AgentServer:
    @asynccontextmanager
    async def connect(_request: Any) -> AsyncGenerator[Client]:
        yield client

    return AgentServer(connect, globs, remembers=True)


@pytest.mark.parametrize("action", ["accept", "decline"])
async def test_an_older_client_is_asked_by_a_request_while_its_call_is_open(scene: Scenes, action: Any):
    content = {"sure": True} if action == "accept" else None

    async def answer(context: Any, params: ElicitRequestParams) -> ElicitResult:
        assert isinstance(params, ElicitRequestFormParams)
        return ElicitResult(action=action, content=content)  # type: ignore[arg-type]

    async with scene() as s, client_of(s) as client:
        server = lasting(client, "*").server
        async with McpClient(server, mode="legacy", elicitation_callback=answer) as agent:
            calling = asyncio.create_task(agent.call_tool("add", {"a": 1}))
            id = await s.newest()
            await s.start(id)
            await s.say(id, 1, r.InputRequested(**ASKS))
            answers: Any = None
            while not answers:
                answers = (await s.application.site.job(id)).get("soft", {}).get("answers")
            await s.say(id, 2, r.InputTaken(request="sure-1"))
            await s.end(id, 3, result=b"1")
            result = await calling

    assert answers == [{"request": "sure-1", "action": action, "content": content}]
    assert result.structured_content["result"] == 1  # type: ignore[index]


async def test_other_tools_are_told_of_and_the_same_ones_are_not(scene: Scenes):
    told: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        told.put_nowait(getattr(message, "method", ""))

    async with scene() as s, client_of(s) as client:
        agents = lasting(client, "*")
        async with McpClient(agents.server, mode="legacy", message_handler=hear) as agent:
            before = await agent.list_tools()
            await agents.kinds_changed()
            await agent.list_tools(cache_mode="bypass")  # what was said before its answer has arrived
            assert told.empty()
            following = asyncio.create_task(follow_kinds(client, agents))
            await s.connect(ADD, {"name": "new", "hash": "1"})
            method = await told.get()
            after = await agent.list_tools(cache_mode="bypass")
            following.cancel()
            await asyncio.wait([following])

    assert method == "notifications/tools/list_changed"
    assert {tool.name for tool in after.tools} - {tool.name for tool in before.tools} == {"new"}


async def test_a_fault_of_ours_is_an_error_of_the_tool_that_tells_nothing_of_the_inside():
    @asynccontextmanager
    async def broken(_request: Any) -> AsyncGenerator[Client]:
        client = Client(URL)
        client.rest = None  # type: ignore[assignment]
        yield client

    async with McpClient(AgentServer(broken).server, mode="legacy") as agent:
        result = await agent.call_tool("get_job", {"job": "x"})

    assert result.is_error
    assert texts(result) == ["Headway failed at this call; its log has the reason."]
