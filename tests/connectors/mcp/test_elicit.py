"""Questions that can not be asked, and pages that a call wants opened first."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    URL_ELICITATION_REQUIRED,
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    ErrorData,
)

from comfy_bench import until
from headway.connectors.mcp.calling import Call
from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.elicit import SCHEMA_BYTES, elicited
from headway.connectors.mcp.secrets import Secrets
from headway.model.report import InputRequested
from headway.testing.run import Ran
from headway.worker.context import Answer
from headway.worker.pending import Pending
from mcp_bench import said

TOOL = Tool(name="t", kind="mcp.it.t", title="", description="", schema={}, output=None, annotations={}, definition="")


class Ctx:
    """Answers at once."""

    job_id = "J"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Any, str | None]] = []

    def ask(self, message: str, schema: Any = None, *, url: str | None = None) -> Pending[Answer]:
        self.asked.append((message, schema, url))
        pending: Pending[Answer] = Pending()
        pending.settle(self.answer)
        return pending

    def alive(self) -> None:
        pass


class Slow(Ctx):
    """Answers when the test does."""

    def __init__(self) -> None:
        super().__init__(Answer(action="decline"))
        self.pending: list[Pending[Answer]] = []

    def ask(self, message: str, schema: Any = None, *, url: str | None = None) -> Pending[Answer]:
        self.asked.append((message, schema, url))
        self.pending.append(Pending())
        return self.pending[-1]


def call_with(ctx: Ctx, secrets: Secrets | None = None) -> Call:
    return Call(ctx, TOOL, secrets or Secrets())  # pyright: ignore[reportArgumentType]


def form(message: str = "Who?", **schema: Any) -> ElicitRequestFormParams:
    whole = {"type": "object", "properties": {}, **schema}
    return ElicitRequestFormParams(message=message, requested_schema=whole)


async def test_a_question_is_cut_and_free_of_secrets():
    ctx = Ctx(Answer(action="accept", content={"a": 1}))

    answer = await elicited(call_with(ctx, Secrets(["s3cr3t"])), form("s3cr3t" + "x" * 5_000, title="s3cr3t"))

    ((message, schema, _),) = ctx.asked
    assert (message[:9], len(message)) == ("[hidden]x", 2_000)
    assert schema["title"] == "[hidden]"
    assert answer == ElicitResult(action="accept", content={"a": 1})


async def test_a_second_question_of_a_job_waits_for_the_answer_to_the_first():
    ctx = Slow()
    call = call_with(ctx)
    first = asyncio.ensure_future(elicited(call, form("One?")))
    second = asyncio.ensure_future(elicited(call, form("Two?")))
    await until(lambda: bool(ctx.pending))

    before = [message for message, _, _ in ctx.asked]
    ctx.pending[0].settle(Answer(action="accept", content={"a": 1}))
    await first
    await until(lambda: len(ctx.pending) == 2)
    call.over.set()

    assert before == ["One?"]
    assert [message for message, _, _ in ctx.asked] == ["One?", "Two?"]
    assert await second == ElicitResult(action="cancel")


@pytest.mark.parametrize(
    "schema", [{"title": "x" * SCHEMA_BYTES}, {"type": "nonsense"}, {"$ref": "https://example.com"}]
)
async def test_a_form_that_is_none_is_not_asked(schema: dict[str, Any]):
    ctx = Ctx(Answer(action="accept"))

    answer = await elicited(call_with(ctx), form(**schema))

    assert isinstance(answer, ErrorData)
    assert "requestedSchema" in answer.message
    assert ctx.asked == []


async def test_an_answer_that_mcp_can_not_carry_is_said():
    ctx = Ctx(Answer(action="accept", content={"a": {"b": 1}}))

    answer = await elicited(call_with(ctx), form())

    assert isinstance(answer, ErrorData)
    assert "nested" in answer.message


@pytest.mark.parametrize(
    ("action", "outcome", "asked"), [("accept", "succeeded", 1), ("decline", "rejected", 1), ("cancel", "rejected", 1)]
)
async def test_a_call_that_wants_a_page_opened_first_is_made_again_once_it_was(
    open_bench: Any, monkeypatch: pytest.MonkeyPatch, action: str, outcome: str, asked: int
):
    server = MCPServer("new")
    opened = False

    @server.tool()
    async def protected() -> str:
        return "in"

    page = ElicitRequestURLParams(message="Log in", url="https://example.com/login", elicitation_id="e1")

    async def refuses(_client: Any, *_: Any, **__: Any) -> CallToolResult:
        nonlocal opened
        if opened:
            given = {"content": [{"type": "text", "text": "in"}], "structuredContent": {"result": "in"}}
            return CallToolResult.model_validate(given)
        opened = True
        told = {"elicitations": [page.model_dump(by_alias=True, exclude_none=True)]}
        raise MCPError(URL_ELICITATION_REQUIRED, "log in first", told)

    async with open_bench(server=server) as bench:
        await bench.ready()
        monkeypatch.setattr(bench.engine.link.client, "call_tool", lambda *a, **k: refuses(None, *a, **k))
        ran: Ran = await bench.run("protected", answers=[Answer(action=action)])

    questions = said(ran, InputRequested)
    assert (ran.outcome, len(questions)) == (outcome, asked)
    assert (questions[0].message, questions[0].url) == ("Log in", "https://example.com/login")


async def test_a_tool_that_changed_while_its_page_was_open_is_not_called_again(
    open_bench: Any, monkeypatch: pytest.MonkeyPatch
):
    server = MCPServer("new")
    calls: list[str] = []

    @server.tool()
    async def protected() -> str:
        return "in"

    page = ElicitRequestURLParams(message="Log in", url="https://example.com/login", elicitation_id="e1")

    async with open_bench(server=server) as bench:
        await bench.ready()

        async def refuses(name: str, *_: Any, **__: Any) -> CallToolResult:
            calls.append(name)
            (kind, tool), *_rest = bench.engine.tools.items()
            bench.engine.tools = {kind: msgspec.structs.replace(tool, definition="another")}
            told = {"elicitations": [page.model_dump(by_alias=True, exclude_none=True)]}
            raise MCPError(URL_ELICITATION_REQUIRED, "log in first", told)

        monkeypatch.setattr(bench.engine.link.client, "call_tool", refuses)
        ran: Ran = await bench.run("protected", answers=[Answer(action="accept")])

    assert ((ran.error or {}).get("type"), calls) == ("ToolChanged", ["protected"])


async def test_a_job_waits_for_a_server_that_is_away_and_says_for_what(bad: Any, open_bench: Any, tmp_path: Path):
    async with open_bench(options=bad) as bench:
        await bench.ready()
        (tmp_path / "late").write_text("0.5")
        died = await bench.run("dies")
        running = bench.begin("fine")
        await running.said(lambda ran: bool(ran.progress))
        waiting = running.so_far.progress[0].message
        ran = await running.ran

    assert died.error["type"] == "ServerGone"
    assert waiting.startswith("Waiting for MCP server it: its process ended with exit code 3")
    assert ran.outcome == "succeeded"


async def test_a_job_that_waits_for_a_server_can_be_cancelled(bad: Any, open_bench: Any):
    async with open_bench(options=bad) as bench:
        await bench.ready()
        await bench.run("dies")
        running = bench.begin("fine")
        await running.said(lambda ran: bool(ran.progress))

        running.cancel()
        ran = await running.ran
        await until(lambda: not bench.engine.calls.running)

    assert ran.outcome == "cancelled"
