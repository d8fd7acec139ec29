"""One attempt, as a tool sees it and as its watchers do: progress, words, questions, cancels; both eras of the protocol."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ElicitRequest, ElicitRequestFormParams, InputRequiredResult
from pydantic import BaseModel

from comfy_bench import until
from headway.connectors.mcp.calls import QUIET_S
from headway.model.report import Alive, InputRequested, LogLines, Warned
from headway.testing.run import Ran
from headway.worker.context import Answer
from mcp_bench import said


class Gate:
    """A FIFO at which a tool of the bad server waits."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "gate"
        os.mkfifo(self.path)
        self._end = os.open(self.path, os.O_RDWR)

    def open(self) -> None:
        os.write(self._end, b"x")

    def close(self) -> None:
        os.close(self._end)


@pytest.fixture
def gate(tmp_path: Path) -> Any:
    gate = Gate(tmp_path)
    yield gate
    gate.close()


def steps(ran: Ran) -> list[tuple[Any, Any]]:
    return [(each.current, each.total) for each in ran.progress if each.current is not None]


def lines(ran: Ran) -> list[tuple[str, str]]:
    return [(level, text) for item in said(ran, LogLines) for _, level, text in item.lines]


class TestProgress:
    async def test_of_the_tool_is_the_job_s_with_its_words(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("fine")

        assert ran.outcome == "succeeded"
        assert steps(ran) == [(1, 4), (2, 4), (3, 4), (4, 4)]
        assert [each.message for each in ran.progress] == [f"step {n} of 4" for n in (1, 2, 3, 4)]
        assert ("warning", "bad: nearly done") in lines(ran)

    @pytest.mark.parametrize(
        ("tool", "expected"),
        [
            ("backwards", [(5, 10), (5, 10), (7, 10), (7, 10)]),
            ("no_total", [(1, None), (2, None), (3, None)]),
            ("changing_total", [(1, 2), (2, 8), (3, 4)]),
        ],
    )
    async def test_that_breaks_the_rules_is_made_fit(
        self, bad: Any, open_bench: Any, gate: Gate, tool: str, expected: list[Any]
    ):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            running = bench.begin(tool, {"gate": str(gate.path)})
            await running.said(lambda ran: len(steps(ran)) == len(expected))
            gate.open()
            ran = await running.ran

        assert steps(ran) == expected
        assert ran.outcome == "succeeded"

    async def test_that_is_no_number_ends_neither_the_call_nor_the_connection(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("nonsense")
            again = await bench.run("fine")

        assert (ran.outcome, again.outcome) == ("succeeded", "succeeded")
        assert all(current is None or 0 <= current <= 1e15 for current, _ in steps(ran))

    async def test_and_words_are_cut_and_what_is_hostile_stays_data(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            huge = await bench.run("huge")
            hostile = await bench.run("hostile")

        assert max(len(each.message or "") for each in huge.progress) == 2_000
        assert max(len(text) for _, text in lines(huge)) == 2_000
        assert huge.result["content"] == [{"type": "text", "artifact": "text-1.txt", "bytes": 1_000_000}]
        assert huge.artifacts["text-1.txt"] == b"z" * 1_000_000
        assert "<img src=x" in hostile.result["content"][0]["text"]

    async def test_every_word_is_a_sign_of_life(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("fine")

        assert said(ran, Alive)


class TestACancel:
    async def test_is_told_to_a_tool_that_obeys(self, open_bench: Any):
        server, stopped, begun = MCPServer("new"), asyncio.Event(), asyncio.Event()

        @server.tool()
        async def waits() -> str:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()
            return ""

        async with open_bench(server=server) as bench:
            await bench.ready()
            running = bench.begin("waits")
            await begun.wait()
            running.cancel()
            ran = await running.ran
            await stopped.wait()
            service = await bench.status("idle")

        assert ran.outcome == "cancelled"
        assert not said(ran, Warned)
        assert service["load"]["leftover"] == 0

    async def test_that_is_not_obeyed_is_said_and_holds_a_slot_until_the_call_is_over(
        self, bad: Any, open_bench: Any, gate: Gate
    ):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            running = bench.begin("ignores_cancel", {"gate": str(gate.path)})
            await running.said(lambda ran: len(ran.progress) > 1)

            running.cancel()
            ran = await running.ran
            told = len(ran.progress)
            meanwhile = bench.service
            gate.open()
            await until(lambda: bench.service["load"]["leftover"] == 0)
            after = bench.service

        assert ran.outcome == "cancelled"
        assert [each.message for each in said(ran, Warned)] == [
            "MCP server it goes on although it was told to stop; what it says is ignored."
        ]
        assert (meanwhile["slots"], meanwhile["load"]["leftover"]) == (7, 1)
        assert (meanwhile["status"], meanwhile["reason"]) == ("busy", "a call that was told to stop goes on")
        assert len(ran.progress) == told
        assert (after["slots"], after["status"]) == (8, "idle")

    async def test_sends_the_server_the_id_of_that_call_alone(
        self, bad: Any, open_bench: Any, gate: Gate, tmp_path: Path
    ):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            other = bench.begin("waits", {"gate": str(gate.path)})
            running = bench.begin("progresses", {"gate": str(gate.path) + "-never"})
            await running.said(lambda ran: bool(ran.progress))
            (call,) = [each for each in bench.engine.calls.running if each.tool.name == "progresses"]
            (id,) = call.ids

            running.cancel()
            await running.ran
            gate.open()
            ran = await other.ran

        assert (tmp_path / "cancels").read_text().split() == [str(id)]
        assert ran.outcome == "succeeded"

    def test_of_which_nothing_is_heard_any_more_is_taken_as_obeyed(self):
        assert QUIET_S == 30


class Person(BaseModel):
    name: str
    age: int = 0


class TestAQuestion:
    async def test_is_the_job_s_and_its_answer_the_server_s(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("asks", answers=[Answer(action="accept", content={"name": "Ada"})])

        (asked,) = said(ran, InputRequested)
        assert (asked.message, asked.schema["required"]) == ("Who are you?", ["name"])
        assert ran.result["content"][0]["text"] == '{"action": "accept", "content": {"name": "Ada"}}'

    @pytest.mark.parametrize("action", ["decline", "cancel"])
    async def test_that_is_not_answered_is_no_error(self, bad: Any, open_bench: Any, action: str):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("asks", answers=[Answer(action=action)])

        assert ran.result["content"][0]["text"] == f'{{"action": "{action}"}}'

    async def test_may_be_a_page_to_open(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()

            ran = await bench.run("asks_url", answers=[Answer(action="accept")])

        (asked,) = said(ran, InputRequested)
        assert (asked.message, asked.url) == ("Log in", "https://example.com/login")
        assert ran.result["content"][0]["text"] == '{"action": "accept"}'

    async def test_of_the_stateless_era_comes_in_rounds(self, open_bench: Any):
        server = MCPServer("new")

        @server.tool()
        async def greets(ctx: Context) -> Any:
            if not ctx.input_responses:
                asked = ElicitRequestFormParams(message="Who?", requested_schema=Person.model_json_schema())
                return InputRequiredResult(input_requests={"who": ElicitRequest(params=asked)})
            answer: Any = ctx.input_responses["who"]
            return f"{answer.action} {answer.content}"

        async with open_bench(server=server) as bench:
            await bench.ready()
            ran = await bench.run("greets", answers=[Answer(action="accept", content={"name": "Ada", "age": 36})])

        assert ran.outcome == "succeeded", ran.error
        assert ran.result["content"][0]["text"] == "accept {'name': 'Ada', 'age': 36}"

    async def test_of_one_of_several_calls_says_that_it_is_not_known_whose_it_is(
        self, bad: Any, open_bench: Any, gate: Gate
    ):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            other = bench.begin("waits", {"gate": str(gate.path)}, answers=[Answer(action="decline")])
            await until(lambda: len(bench.engine.calls.running) == 1)
            ran = await bench.run("asks")
            gate.open()
            first = await other.ran

        (asked,) = said(first, InputRequested)
        assert asked.message.endswith("(One of 2 calls that run in it asks this: it does not say which.)")
        assert ran.result["content"][0]["text"] == '{"action": "decline"}'

    async def test_that_nobody_answers_ends_with_its_call(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            running = bench.begin("asks")
            await running.said(lambda ran: bool(said(ran, InputRequested)))

            running.cancel()
            ran = await running.ran
            again = await bench.run("fine")

        assert (ran.outcome, again.outcome) == ("cancelled", "succeeded")


class TestALogLine:
    async def test_of_the_stateless_era_reaches_the_job(self, open_bench: Any, recwarn: Any):
        server = MCPServer("new")

        @server.tool()
        async def talks(ctx: Context) -> str:
            await ctx.log("error", {"disk": "full"}, logger_name="disks")  # pyright: ignore[reportDeprecated]
            return "ok"

        async with open_bench(server=server) as bench:
            await bench.ready()
            ran = await bench.run("talks")

        assert ran.outcome == "succeeded", ran.error
        assert lines(ran) == [("error", 'disks: {"disk":"full"}')]

    async def test_that_may_be_of_either_of_two_calls_is_the_server_s(
        self, bad: Any, open_bench: Any, gate: Gate, caplog: Any
    ):
        caplog.set_level("INFO", "headway.mcp")
        async with open_bench(options=bad) as bench:
            await bench.ready()
            other = bench.begin("waits", {"gate": str(gate.path)})
            await until(lambda: len(bench.engine.calls.running) == 1)
            ran = await bench.run("fine")
            gate.open()
            await other.ran

        assert lines(ran) == []
        assert "MCP server it: bad: nearly done" in caplog.messages


async def test_fifty_calls_run_side_by_side(open_bench: Any):
    server = MCPServer("new")
    together = asyncio.Barrier(50)

    @server.tool()
    async def meets() -> int:
        await together.wait()
        return 1

    async with open_bench(server=server) as bench:
        await bench.ready()
        all_ran = await asyncio.gather(*(bench.run("meets") for _ in range(50)))

    assert [ran.result["structured"] for ran in all_ran] == [{"result": 1}] * 50
