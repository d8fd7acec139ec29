"""Servers at a URL, of both eras, on 127.0.0.1: calls, lost servers, credentials, and what is said when it will not do."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from comfy_bench import until
from headway.connectors.mcp import http as http_module
from headway.model.report import InputRequested
from headway.testing.run import Ran
from headway.worker.context import Answer
from mcp_bench import said


def tools() -> MCPServer:
    server = MCPServer("web")

    @server.tool()
    async def counts(n: int, ctx: Context) -> int:
        for step in range(n):
            await ctx.report_progress(step + 1, n, f"step {step + 1}")
        return n

    @server.tool()
    async def waits(ctx: Context) -> str:
        await ctx.report_progress(1, 2)
        await asyncio.Event().wait()
        return "never"

    return server


def eraless(app: ASGIApp, era: str) -> ASGIApp:
    """A server of the handshake era: it does not know `server/discover`."""

    async def old(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", []))
        if headers.get(b"mcp-method") == b"server/discover":
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    return old if era == "handshake" else app


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    sock = socket.create_server(("127.0.0.1", port))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=0, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    task = asyncio.get_running_loop().create_task(server.serve([sock]))
    await until(lambda: server.started)
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/mcp"
    finally:
        server.should_exit = server.force_exit = True
        with contextlib.suppress(BaseException):
            await task
        sock.close()


@pytest.fixture(params=["handshake", "stateless"])
def era(request: pytest.FixtureRequest) -> str:
    return request.param


VERSIONS = {"handshake": "2025-11-25", "stateless": "2026-07-28"}


async def test_a_call_over_http_is_watched_in_both_eras(era: str, open_bench: Any):
    async with serving(eraless(tools().streamable_http_app(), era)) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()

        ran: Ran = await bench.run("counts", {"n": 3})
        service = bench.service

    assert ran.outcome == "succeeded", ran.error
    assert [(each.current, each.total) for each in ran.progress][-1] == (3, 3)
    assert ran.result["protocol"] == VERSIONS[era]
    assert (service["url"], service["version"].split(" · ")[1]) == (url, f"MCP {VERSIONS[era]}")


async def test_a_cancel_reaches_a_server_over_http(era: str, open_bench: Any):
    async with serving(eraless(tools().streamable_http_app(), era)) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()
        running = bench.begin("waits")
        await running.said(lambda ran: bool(ran.progress))

        running.cancel()
        ran = await running.ran
        again = await bench.run("counts", {"n": 1})

    assert (ran.outcome, again.outcome) == ("cancelled", "succeeded")


async def test_a_server_that_goes_away_takes_its_calls_along_and_is_reached_again(era: str, open_bench: Any):
    async with contextlib.AsyncExitStack() as stack:
        async with serving(eraless(tools().streamable_http_app(), era)) as url:
            bench = await stack.enter_async_context(open_bench(options={"url": url}))
            await bench.ready()
            running = bench.begin("waits")
            await running.said(lambda ran: bool(ran.progress))
        ran = await running.ran
        await until(lambda: bench.service["status"] == "unreachable" and "nobody" in bench.service["reason"])
        gone = bench.service
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with serving(eraless(tools().streamable_http_app(), era), port):
            await bench.ready()
            again = await bench.run("counts", {"n": 1})

    assert (ran.outcome, ran.error["type"]) == ("errored", "ServerGone")
    assert gone["reason"]
    assert again.outcome == "succeeded", again.error


@pytest.mark.parametrize("service_s", [0.2, 1_000.0])
async def test_a_server_that_was_started_anew_and_knows_no_session_is_met_anew(service_s: float, open_bench: Any):
    async with contextlib.AsyncExitStack() as stack:
        async with serving(eraless(tools().streamable_http_app(), "handshake")) as url:
            bench = await stack.enter_async_context(open_bench(options={"url": url}, service_s=service_s))
            await bench.ready()
        port = int(url.rpartition(":")[2].partition("/")[0])
        async with serving(eraless(tools().streamable_http_app(), "handshake"), port):
            ran: Ran = await bench.run("counts", {"n": 1})
            while ran.outcome != "succeeded":
                assert ran.error is not None
                assert ran.error["type"] == "ServerGone"
                await bench.ready()
                ran = await bench.run("counts", {"n": 1})

    assert ran.result["structured"] == {"result": 1}


@pytest.mark.parametrize(("status", "silent"), [(405, False), (503, True)])
async def test_a_server_whose_call_is_silent_is_asked_from_beside(status: int, silent: bool, open_bench: Any):
    app = tools().streamable_http_app()
    knocks: list[str] = []

    async def knockable(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            knocks.append(scope["path"])
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await app(scope, receive, send)

    async with serving(knockable) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()
        running = bench.begin("waits")
        await running.said(lambda ran: bool(ran.progress))
        await until(lambda: len(knocks) > 2)
        service, loads = bench.service, bench.service["load"]["calls"]
        running.cancel()
        ran = await running.ran

    assert (service["status"], loads, ran.outcome) == ("busy", 1, "cancelled")
    assert ("does not answer; its calls go on" in service.get("reason", "")) is silent


@pytest.mark.parametrize(("protocol", "spoken"), [("auto", "2026-07-28"), ("2025-11-25", "2025-11-25")])
async def test_the_config_may_choose_the_older_protocol(protocol: str, spoken: str, open_bench: Any):
    options = {"protocol": protocol}
    async with serving(tools().streamable_http_app()) as url, open_bench(options={"url": url, **options}) as bench:
        await bench.ready()

        ran: Ran = await bench.run("counts", {"n": 1})

    assert ran.result["protocol"] == spoken


async def test_headers_are_sent_and_wrong_ones_are_said_without_them(open_bench: Any):
    app = tools().streamable_http_app()
    seen: list[bytes | None] = []

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = dict(scope["headers"]).get(b"authorization")
            seen.append(given)
            if given != b"Bearer right-token":
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await app(scope, receive, send)

    headers = {"Authorization": "Bearer ${TOKEN}"}
    async with serving(guarded) as url:
        async with open_bench(options={"url": url, "headers": headers}, environment={"TOKEN": "right-token"}) as bench:
            await bench.ready()
        async with open_bench(options={"url": url, "headers": headers}, environment={"TOKEN": "wrong-token"}) as bench:
            refused = await bench.status("unreachable")
            told = repr(bench.told)

    assert b"Bearer right-token" in seen
    assert refused["reason"] == "HTTP 401: it wants credentials, or others; see headers in the config"
    assert "wrong-token" not in told


async def test_nobody_at_the_url_is_said(open_bench: Any):
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]

    async with open_bench(options={"url": f"http://127.0.0.1:{port}/mcp"}) as bench:
        service = await bench.status("unreachable")

    assert service["reason"].startswith("nobody is reached there: ")


async def test_a_redirect_to_elsewhere_is_not_followed(open_bench: Any):
    hits: list[str] = []

    async def redirects(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hits.append(scope["path"])
            location = [(b"location", b"http://127.0.0.2:1/mcp")]
            await send({"type": "http.response.start", "status": 307, "headers": location})
            await send({"type": "http.response.body", "body": b""})

    config: Callable[..., Any] = serving
    async with config(_without_lifespan(redirects)) as url, open_bench(options={"url": url}) as bench:
        service = await bench.status("unreachable")

    assert "Redirect to http://127.0.0.1:1/mcp not followed" in service["reason"].replace("127.0.0.2", "127.0.0.1")
    assert hits


@pytest.mark.parametrize("folded", [False, True])
async def test_an_answer_that_is_no_stream_is_bounded_by_what_it_unfolds_to(
    folded: bool, open_bench: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http_module, "LINE_BYTES", 50_000)
    server = MCPServer("web")

    @server.tool()
    async def writes(size: int) -> str:
        return "x" * size

    app = eraless(server.streamable_http_app(json_response=True), "handshake")
    encodings: list[str] = []
    async with serving(GZipMiddleware(app) if folded else app) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()
        link = bench.engine.link
        link._inner._http.event_hooks["response"].insert(0, _encodings_of(encodings))

        much = await bench.run("writes", {"size": 1_000_000})
        little = await bench.run("writes", {"size": 10_000})
        same = bench.engine.link is link

    assert (much.outcome, much.error["type"]) == ("rejected", "ProtocolError")
    assert much.error["message"] == "it answered too much: the answer has more than 50,000 bytes."
    assert (little.outcome, same) == ("succeeded", True), little.error
    assert encodings == (["gzip", "gzip"] if folded else ["", ""])


def _encodings_of(seen: list[str]) -> Any:
    async def note(response: Any) -> None:
        if response.request.method == "POST":
            seen.append(response.headers.get("content-encoding", ""))

    return note


async def test_an_answer_that_is_not_encoded_as_it_says_fails_its_call_alone(open_bench: Any):
    app = eraless(tools().streamable_http_app(json_response=True), "handshake")
    garbled: list[bool] = []

    async def garbles(scope: Scope, receive: Receive, send: Send) -> None:
        if garbled and scope["type"] == "http":
            headers = [(b"content-type", b"application/json"), (b"content-encoding", b"gzip")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"this is no gzip"})
            return
        await app(scope, receive, send)

    async with serving(garbles) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()
        link = bench.engine.link
        garbled.append(True)
        ran = await bench.run("counts", {"n": 1})
        same = bench.engine.link is link

    assert (ran.error["type"], same) == ("ProtocolError", True)
    assert "it is not encoded as it says" in ran.error["message"]


def _without_lifespan(app: ASGIApp) -> ASGIApp:
    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await app(scope, receive, send)

    return whole


class Sure(BaseModel):
    sure: bool = True


async def test_questions_of_two_calls_over_http_find_their_own_jobs(open_bench: Any):
    server = MCPServer("web")
    together = asyncio.Barrier(2)

    @server.tool()
    async def asks(who: str, ctx: Context) -> str:
        await together.wait()
        answer = await ctx.elicit(f"Are you {who}?", Sure)
        return answer.action

    app = eraless(server.streamable_http_app(), "handshake")
    async with serving(app) as url, open_bench(options={"url": url}) as bench:
        await bench.ready()
        one = bench.begin("asks", {"who": "Ada"}, answers=[Answer(action="decline")])
        two = bench.begin("asks", {"who": "Bob"}, answers=[Answer(action="cancel")])
        first, second = await one.ran, await two.ran

    assert [each.message for each in said(first, InputRequested)] == ["Are you Ada?"]
    assert [each.message for each in said(second, InputRequested)] == ["Are you Bob?"]
    assert first.result["content"][0]["text"] == "decline"
