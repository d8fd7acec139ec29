"""`/mcp`: Headway for agents by streamable HTTP, on the server itself. What it may do, the caller's own token may do.

A call is answered through our own REST, without a socket, with the token that came with it: the same edge, checks and
errors as for anybody, and nothing of the caller kept. Each request stands alone, so behind a proxy any server of several
answers it. Host, Origin and token were checked by the edge; the SDK's own list of hosts would only contradict ours.
The SDK is an extra and slow to import: that happens in a thread, with the first request. Mounted by app.py.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.hub.tail import Commit
from headway.server.edge import MCP, path_within
from headway.server.guard import bearer, client_address
from headway.server.problems import Problem, answer_problem
from headway.server.site import Site
from headway.server.submit import ENVELOPE_BYTES

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from headway.client import Client
    from headway.mcp import AgentServer

INSIDE = "http://127.0.0.1"
"""The name by which a server always goes (guard.py)."""
PATIENCE_S = 2.0

NOT_INSTALLED = Problem(
    status=501,
    code="not_installed",
    message="This server can not speak MCP: the extra is not installed.",
    hint="Install it beside the server: pip install 'headway[mcp]'.",
)
ONLY_POST = Problem(
    status=405, code="method_not_allowed", message="Only POST is answered here.",
    hint="Every MCP request is a POST of its own; there is no session to open or end.",
)  # fmt: skip
NO_MESSAGE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": None,
    "error": {
        "code": -32600,  # Invalid Request
        "message": "This is no message of JSON-RPC. Send one object with jsonrpc, id, method and, as an object, params.",
    },
}
CLOSING = Problem(status=503, code="not_serving", message="The server stops.", retry_after_s=1.0)


class McpDoor:
    """An ASGI application around `inner`, which gets all that is not for agents. `outside` is the server as a whole."""

    def __init__(self, inner: ASGIApp, site: Site) -> None:
        self.inner = inner
        self.site = site
        self.outside: ASGIApp = inner
        self._wanted = asyncio.Event()
        self._ready = asyncio.Event()
        self._agents: AgentServer | None = None
        self._manager: StreamableHTTPSessionManager | None = None
        self._open: set[anyio.CancelScope] = set()
        self._closing = False
        self._telling: set[asyncio.Task[None]] = set()
        site.hub.ledger.on_commit(self._follow)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_within(scope).rstrip("/") != MCP:
            await self.inner(scope, receive, send)
            return
        found = await self._found(scope)
        if isinstance(found, Response):
            await found(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with anyio.CancelScope() as call:
            self._open.add(call)
            try:
                await found.handle_request(scope, receive, in_a_sentence(watched))
            finally:
                self._open.discard(call)
        if call.cancelled_caught:
            await _leave(scope, receive, send, begun=begun)

    async def _found(self, scope: Scope) -> StreamableHTTPSessionManager | Response:
        """Who answers the request, or why nobody does."""
        if scope["method"] != "POST":
            return answer_problem(ONLY_POST, {"Allow": "POST"})
        if self._closing:
            return answer_problem(CLOSING)
        self._wanted.set()
        await self._ready.wait()
        return self._manager or answer_problem(NOT_INSTALLED)

    async def run(self) -> None:
        """Serve from the first request on. One of the works of the application."""
        await self._wanted.wait()
        try:
            room: Any = await asyncio.to_thread(importlib.import_module, "headway.mcp")
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
                raise
            self._ready.set()
            return
        agents: AgentServer = room.AgentServer(self._connect, self.site.config.mcp_tools)
        self._agents, self._manager = agents, self._made(agents)
        async with self._manager.run():
            self._ready.set()
            await asyncio.get_running_loop().create_future()

    def _made(self, agents: AgentServer) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        return StreamableHTTPSessionManager(
            agents.server,
            stateless=True,
            security_settings=TransportSecuritySettings(enable_dns_rebinding_protection=False),
            max_request_body_size=self.site.settings.args_bytes + ENVELOPE_BYTES,
        )

    def close(self) -> None:
        """End the calls that wait: their jobs go on, and clients ask again."""
        self._closing = True
        for call in list(self._open):
            call.cancel()

    @asynccontextmanager
    async def _connect(self, request: Request) -> AsyncGenerator[Client]:
        """A client with the rights of the request, through the whole of the server."""
        import httpx

        from headway.client import Client
        from headway.client.rest import Rest

        headers, peer = request.headers, request.client
        address = client_address(self.site.guard, peer.host if peer else "", headers.get("x-forwarded-for"))
        clock = self.site.hub.clock
        async with Client(INSIDE, clock=clock) as client:
            client.rest = Rest(
                INSIDE,
                bearer(headers.get("authorization")),
                patience_s=PATIENCE_S,
                clock=clock,
                transport=httpx.ASGITransport(self.outside, raise_app_exceptions=False, client=(address, 0)),
                ways=("poll",),  # such a transport gives whole answers
            )
            yield client

    def _follow(self, commit: Commit) -> None:
        """Kinds are tools: who listens is told when there are others, whichever server heard of them."""
        if self._agents is not None and any(event.prefix == "kind" for event in commit.events):
            task = asyncio.ensure_future(self._agents.kinds_changed())
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)


def in_a_sentence(send: Send) -> Send:
    """To what is no message of JSON-RPC the SDK's older era answers with all that pydantic found, over many lines: the
    same 400 in the words of the newer one.
    """
    held: list[Message] = []

    async def shortened(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 400:
            held.append(message)
        elif not held:
            await send(message)
        else:
            start, body = held.pop(), _shortened(message.get("body", b""))
            headers = [each for each in start["headers"] if each[0].lower() != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(body)).encode())]})
            await send({**message, "body": body})

    return shortened


def _shortened(body: bytes) -> bytes:
    return body if b'"message":"Validation error: ' not in body else msgspec.json.encode(NO_MESSAGE)


async def _leave(scope: Scope, receive: Receive, send: Send, *, begun: bool) -> None:
    """End the answer of a call that we do not wait for any more."""
    if begun:
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    else:
        await answer_problem(CLOSING)(scope, receive, send)
