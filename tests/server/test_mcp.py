"""`/mcp` on the server: who comes in, with which rights, and what it takes of the server's start."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from agents import ADD, MODERN, Raw, Scenes, scene_in
from headway.mcp.caller import TASKS
from headway.server.tokens import line_of

LIST: tuple[str, dict[str, Any]] = ("tools/call", {"name": "list_jobs", "arguments": {}})
SUBMIT: dict[str, Any] = {"name": "submit_job", "arguments": {"kind": "add", "args": {"a": 1}}}
ERAS = [MODERN, "2025-11-25"]


@pytest.fixture
def scene(tmp_path: Path) -> Scenes:
    def made(**config: Any) -> Any:
        return scene_in(tmp_path, **config)

    return made


@pytest.fixture
def tokens(tmp_path: Path) -> str:
    """A file of tokens: `reader` may look, `writer` may act."""
    path = tmp_path / "tokens"
    path.write_text(f"{line_of('r', ['viewer'], 'reader')}\n{line_of('w', ['operator'], 'writer')}\n")
    return str(path)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("version", ERAS)
async def test_a_name_that_is_not_ours_and_a_page_of_others_are_refused(scene: Scenes, version: str):
    async with scene() as s:
        host = await Raw(s.application, version=version, headers={"Host": "evil.example"}).post(*LIST)
        origin = await Raw(s.application, version=version, headers={"Origin": "https://evil.example"}).post(*LIST)

    assert (host.status_code, origin.status_code) == (403, 403)
    assert host.json()["hint"].startswith("Add it to allowed_hosts")
    assert origin.json()["hint"].startswith("Add the origin to allowed_origins")


@pytest.mark.parametrize("version", ERAS)
async def test_names_and_pages_that_were_allowed_come_in(scene: Scenes, version: str):
    headers = {"Host": "board.example", "Origin": "https://app.example"}

    async with scene(allowed_hosts=("board.example",), allowed_origins=("https://app.example",)) as s:
        answer = await Raw(s.application, version=version, headers=headers).post(*LIST)

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example"


@pytest.mark.parametrize("version", ERAS)
async def test_behind_a_proxy_it_is_below_the_path_of_the_server(scene: Scenes, version: str):
    async with scene(base_path="/headway") as s:

        async def proxied(scope: Any, receive: Any, send: Any) -> None:
            await s.application({**scope, "path": "/headway" + scope["path"]}, receive, send)

        result = await Raw(proxied, version=version).call(*LIST)

    assert result["structuredContent"] == {"jobs": []}


@pytest.mark.parametrize("headers", [{}, bearing("wrong")])
async def test_where_tokens_are_asked_for_nobody_comes_in_without(scene: Scenes, tokens: str, headers: dict[str, str]):
    async with scene(tokens=tokens) as s:
        answer = await Raw(s.application, headers=headers).post(*LIST)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_who_may_only_look_looks_and_waits_and_changes_nothing(
    scene: Scenes, tokens: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HEADWAY_TOKEN", "writer")  # what the server's own process has is nobody else's

    async with scene(tokens=tokens, mcp_tools=("*",)) as s:
        reader = Raw(s.application, headers=bearing("reader"), extensions={TASKS: {}})
        writer = Raw(s.application, headers=bearing("writer"), extensions={TASKS: {}})
        job = (await writer.call("tools/call", SUBMIT))["structuredContent"]["id"]
        task = (await writer.call("tools/call", {"name": "add", "arguments": {"a": 1}}))["taskId"]

        calls = {
            name: await reader.call("tools/call", {"name": name, "arguments": args})
            for name, args in {
                "get_job": {"job": job},
                "wait_job": {"job": job, "timeout_s": 0.01},
                "list_jobs": {},
                "get_logs": {"job": job},
                "list_kinds": {},
                "cancel_job": {"job": job},
                "submit_job": SUBMIT["arguments"],
                "add": {"a": 1},
            }.items()
        }
        refused = await reader.error("tasks/cancel", {"taskId": task})

    wrong = {name for name, result in calls.items() if result.get("isError")}
    assert wrong == {"cancel_job", "submit_job", "add"}
    for name in wrong:
        assert "it takes the scope 'operator'" in calls[name]["content"][0]["text"]
    assert "operator" in refused["message"]


@pytest.mark.parametrize("verb", ["GET", "DELETE", "PUT"])
async def test_there_is_no_session_to_open_or_end(scene: Scenes, verb: str):
    async with scene() as s:
        answer = await Raw(s.application).post(*LIST, verb=verb)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("version", ERAS)
@pytest.mark.parametrize(
    "body", ["{", "[]", "7", '{"jsonrpc": "2.0"}', '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": 7}']
)
async def test_what_is_no_message_is_answered_in_one_sentence(scene: Scenes, version: str, body: str):
    async with scene() as s:
        answer = await Raw(s.application, version=version).send(body)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, -32700 if body == "{" else -32600)
    assert "pydantic" not in error["message"]
    assert len(error["message"].splitlines()) == 1
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_request_too_large_is_refused_before_it_is_read(scene: Scenes):
    async with scene() as s:
        args = {"kind": "add", "args": {"a": "x" * (s.application.config.settings.args_bytes + 100_000)}}

        answer = await Raw(s.application).post("tools/call", {"name": "submit_job", "arguments": args})

    assert answer.status_code == 413


async def test_any_server_of_several_answers_for_a_task(pair: Any):
    async with pair(mcp_tools=("add",)) as (one, two):
        await one.connect(ADD)
        await two.until(lambda: "add" in two.site.known.kinds)
        task = await Raw(one.application, extensions={TASKS: {}}).call(
            "tools/call", {"name": "add", "arguments": {"a": 1}}
        )

        seen = await Raw(two.application, extensions={TASKS: {}}).call("tasks/get", {"taskId": task["taskId"]})

    assert (seen["taskId"], seen["status"]) == (task["taskId"], "working")


async def test_without_the_extra_it_says_what_to_install(scene: Scenes, monkeypatch: pytest.MonkeyPatch):
    for name in [name for name in sys.modules if name.startswith("headway.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] in {"mcp", "mcp_types"}]:
        monkeypatch.setitem(sys.modules, name, None)

    async with scene() as s:
        answers = [await Raw(s.application).post(*LIST) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [501, 501]
    assert answers[0].json()["hint"] == "Install it beside the server: pip install 'headway[mcp]'."


def test_a_server_that_no_agent_asks_does_not_import_the_sdk():
    code = (
        "import sys, headway.server.serve; print([m for m in ('mcp', 'mcp_types', 'headway.mcp') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    assert said.stdout.strip() == "[]"


async def test_a_server_that_stops_keeps_no_agent_waiting(scene: Scenes):
    async with scene() as s:
        job = (await Raw(s.application).call("tools/call", SUBMIT))["structuredContent"]["id"]
        waiting = asyncio.create_task(
            Raw(s.application).post("tools/call", {"name": "wait_job", "arguments": {"job": job}})
        )
        await s.until(lambda: s.application.hub.feed.viewers)

        await s.application.say_bye()
        answer = await waiting

        assert (answer.status_code, answer.json()["code"]) == (503, "not_serving")
        assert (await s.application.site.job(job)).get("state") == "queued"
        assert (await Raw(s.application).post(*LIST)).status_code == 503


async def test_who_listens_is_told_that_there_are_other_tools(scene: Scenes):
    async with scene(mcp_tools=("*",)) as s, aclosing(listening(s.application)) as frames:
        acknowledged = await anext(frames)
        await s.connect(ADD, {"name": "new", "hash": "1"})
        told = await anext(frames)

    assert acknowledged["method"] == "notifications/subscriptions/acknowledged"
    assert told["method"] == "notifications/tools/list_changed"


async def listening(application: Any) -> AsyncGenerator[dict[str, Any]]:
    """The messages of a `subscriptions/listen`, as they come; closing it is hanging up."""
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    raw = Raw(tapped(application, heard))
    asking = asyncio.create_task(raw.post("subscriptions/listen", {"notifications": {"toolsListChanged": True}}))
    try:
        while True:
            for line in (await heard.get()).decode().splitlines():
                if line.startswith("data: "):
                    yield json.loads(line[6:])
    finally:
        asking.cancel()
        await asyncio.wait([asking])


def tapped(application: Any, heard: asyncio.Queue[bytes]) -> Any:
    """The application, and what it sends as it sends it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def said(message: Any) -> None:
            heard.put_nowait(message.get("body", b""))
            await send(message)

        await application(scope, receive, said)

    return app


async def test_a_browser_that_opens_the_same_path_is_shown_the_page(tmp_path: Path, running: Any):
    (tmp_path / "dashboard").mkdir()
    (tmp_path / "dashboard" / "index.html").write_text("<html><head><!--headway--></head>built</html>")

    async with running(dashboard=tmp_path / "dashboard") as bench:
        page = await bench.http.get("/mcp", headers={"Accept": "text/html,*/*;q=0.8"})
        stream = await bench.http.get("/mcp", headers={"Accept": "text/event-stream"})
        agent = await Raw(bench.application).post(*LIST)

    assert (page.status_code, "built" in page.text) == (200, True)
    assert stream.status_code == 405
    assert agent.status_code == 200
