"""A server without a socket, a worker that speaks in commands, and agents by the official SDK, of either era."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from headway.model import command as c
from headway.server.app import Application
from headway.server.built import Dashboard
from headway.server.config import Config

WORKER = "bench/1"
URL = "http://127.0.0.1:8400/mcp"
ADD: dict[str, Any] = {
    "name": "add",
    "hash": "1",
    "description": "Adds.",
    "schema": {
        "type": "object",
        "properties": {"a": {"type": "integer"}},
        "required": ["a"],
        "additionalProperties": False,
    },
}


ASKS: dict[str, Any] = {
    "request": "sure-1",
    "message": "Sure?",
    "schema": {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]},
}
MODERN = "2026-07-28"


class Raw:
    """JSON-RPC by hand, as any client may write it: one POST for each request, nothing of the SDK."""

    def __init__(
        self, application: Any, *, version: str = MODERN, headers: dict[str, str] | None = None, **capabilities: Any
    ) -> None:
        self._transport = httpx.ASGITransport(application, client=("127.0.0.1", 50_000))
        self._version = version
        self._headers = headers or {}
        self._capabilities = capabilities

    async def post(self, method: str, params: dict[str, Any], verb: str = "POST") -> httpx.Response:
        """The HTTP answer."""
        headers = {
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": self._version,
            **({"Mcp-Method": method} if self._version == MODERN else {}),
            **({"Mcp-Name": name} if (name := params.get("name") or params.get("taskId")) else {}),
            **self._headers,
        }
        meta = {
            "io.modelcontextprotocol/protocolVersion": self._version,
            "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": self._capabilities,
        }
        said = {**params, "_meta": meta} if self._version == MODERN else params
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": said}
        async with httpx.AsyncClient(transport=self._transport, base_url="http://127.0.0.1:8400") as http:
            return await http.request(verb, "/mcp", json=body, headers={k: v.encode() for k, v in headers.items()})

    async def send(self, body: str) -> httpx.Response:
        """The HTTP answer to any text."""
        headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=self._transport, base_url="http://127.0.0.1:8400") as http:
            return await http.post("/mcp", content=body, headers={**headers, "MCP-Protocol-Version": self._version})

    async def _message(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = await self.post(method, params)
        text = answer.text
        if answer.headers["content-type"].startswith("text/event-stream"):
            text = [line[6:] for line in text.splitlines() if line.startswith("data: ")][-1]
        return json.loads(text)

    async def call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The result of a request."""
        message = await self._message(method, params)
        assert "result" in message, message
        return message["result"]

    async def error(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """The error of a request."""
        message = await self._message(method, params)
        assert "error" in message, message
        return message["error"]


class Scene:
    """One server, one worker, any number of agents."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def do(self, command: c.Command) -> Any:
        return await self.application.hub.ledger.execute(command)

    async def connect(self, *kinds: dict[str, Any]) -> None:
        profile = {"id": WORKER, "machine": "bench", "instance": "i1", "slots": 10, "name": "one"}
        await self.do(c.Connect(worker=WORKER, profile=profile, kinds=kinds or (ADD,)))

    async def start(self, id: str, kind: str = "add") -> None:
        """The worker takes the job."""
        await self.do(c.Claim(worker=WORKER, limit=10, kinds=(kind,)))
        await self.do(c.Accept(job=id, worker=WORKER, attempt=1))

    async def say(self, id: str, n: int, *items: Any) -> None:
        await self.do(c.Report(job=id, worker=WORKER, attempt=1, n=n, items=items))

    async def end(self, id: str, n: int = 1, outcome: str = "succeeded", **more: Any) -> None:
        await self.do(c.End(job=id, worker=WORKER, attempt=1, n=n, outcome=outcome, **more))

    async def until(self, true: Callable[[], object]) -> None:
        """Give the loop away until it holds; the test's timeout is the limit."""
        while not true():  # noqa: ASYNC110  # other tasks and threads of the server, without signals of their own
            await asyncio.sleep(0.001)

    async def newest(self) -> str:
        """The id of the newest job, waited for."""
        found: list[Any] = []
        while not found:
            found = (await self.application.site.read(_newest)).items
        return found[0]["id"]

    @asynccontextmanager
    async def agent(self, mode: str = "auto", *, token: str | None = None, **options: Any) -> AsyncGenerator[Client]:
        """The SDK's client at `/mcp`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx2.ASGITransport(self.application)
        async with (
            httpx2.AsyncClient(transport=transport, headers=headers, timeout=None) as http,
            Client(streamable_http_client(URL, http_client=http), mode=mode, **options) as client,  # type: ignore[arg-type]
        ):
            yield client


def _newest(reading: Any) -> Any:
    from headway.model.query import parse

    return reading.jobs(parse(""), now=0, limit=1, after=None)


def texts(result: Any) -> list[str]:
    """What the blocks of a result say."""
    assert isinstance(result, CallToolResult)
    return [block.text for block in result.content]  # type: ignore[union-attr]


Scenes = Callable[..., AbstractAsyncContextManager[Scene]]


@asynccontextmanager
async def scene_in(folder: Path, **config: Any) -> AsyncGenerator[Scene]:
    """A server with this configuration, its store in `folder`, and its worker that adds."""
    application = Application(Config(data=str(folder), **config), dashboard=Dashboard(folder / "nothing-built"))
    async with application.lifespan():
        made = Scene(application)
        await made.connect()
        yield made
