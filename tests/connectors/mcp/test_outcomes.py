"""Each way in which a call may end, against servers that end it so: a process over stdio, and one in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp.server.mcpserver import MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import REQUEST_TIMEOUT

from headway.connectors.mcp.outcomes import TABLE, ServerGone, is_lost, outcome_of
from headway.errors import Reject, Retry


@pytest.mark.parametrize(
    ("tool", "type", "outcome", "message"),
    [
        ("is_error", "ToolFailed", "rejected", "no such city: Atlantis"),
        ("rpc_error", "ProtocolError", "rejected", "it answered with error -32603: the database is on fire"),
        ("refuses", "ArgumentsRefused", "rejected", "it refused the arguments: n must be prime"),
        ("no_result", "ProtocolError", "rejected", "it answered what is not of the protocol."),
        (
            "wrong_output",
            "BadResult",
            "rejected",
            "it broke its own promise: Invalid structured content returned by tool wrong_output: structured",
        ),
        ("no_output", "BadResult", "rejected", "did not return structured content"),
        (
            "dies",
            "ServerGone",
            "errored",
            "MCP server it is gone: its process ended with exit code 3; it last wrote: Traceback",
        ),
    ],
)
async def test_a_call_ends_as_its_own_error(
    bad: dict[str, Any], open_bench: Any, tool: str, type: str, outcome: str, message: str
):
    async with open_bench(options=bad) as bench:
        await bench.ready()

        ran = await bench.run(tool)

    assert (ran.outcome, ran.error["type"]) == (outcome, type)
    assert message in ran.error["message"]


async def test_an_error_raised_in_a_tool_of_the_stateless_era_is_the_tool_s(open_bench: Any):
    server = MCPServer("new")

    @server.tool()
    async def fails() -> str:
        raise ValueError("unlucky")

    async with open_bench(server=server) as bench:
        await bench.ready()
        ran = await bench.run("fails")

    assert ran.error["type"] == "ToolFailed"
    assert "fails" in ran.error["message"]


async def test_what_stands_on_stdout_beside_the_protocol_does_no_harm(bad: dict[str, Any], open_bench: Any):
    async with open_bench(options=bad) as bench:
        await bench.ready()

        ran = await bench.run("garbage")

    assert (ran.outcome, ran.result["content"]) == ("succeeded", [{"type": "text", "text": "said in between"}])


async def test_a_server_that_died_is_started_again_and_serves_the_next_call(bad: dict[str, Any], open_bench: Any):
    async with open_bench(options=bad) as bench:
        await bench.ready()
        await bench.run("dies")
        gone = await bench.status("unreachable")

        waiting = bench.begin("fine")
        ran = await waiting.ran

    assert "exit code 3" in gone["reason"]
    assert ran.outcome == "succeeded"


async def test_no_secret_leaves_by_the_last_words_of_a_process(bad: dict[str, Any], open_bench: Any):
    options = {**bad, "env": {"TOKEN": "${TOKEN}"}}

    async with open_bench(options=options, environment={"TOKEN": "s3cr3t-t0k3n"}) as bench:
        await bench.ready()
        died = await bench.run("dies")
        spilt = await bench.run("spills")
        failed = await bench.run("spills", {"fail": True})

        everything = repr(
            [bench.told, died.__dict__, spilt.__dict__, failed.__dict__, died.items, spilt.items, failed.items]
        )

    assert "token=[hidden]" in died.error["message"]
    assert spilt.result["content"][0]["text"] == "token [hidden]"
    assert failed.error["message"] == "token [hidden]"
    assert "s3cr3t" not in everything


def test_every_meaning_is_a_signal_that_steers_the_job():
    lost = MCPError(-32000, "Connection closed")
    late = MCPError(REQUEST_TIMEOUT, "timed out")

    found = [outcome_of(error, "it", "switched off") for error in (lost, late, RuntimeError("x"), KeyError("ours"))]

    assert str(found[0]) == "MCP server it is gone: switched off."
    assert [isinstance(each, Retry) for each in found[:2]] == [True, True]
    assert isinstance(found[2], Reject)
    assert found[3] is None
    assert len(TABLE) == 9


@pytest.mark.parametrize("text", ["Session terminated", "Server returned an error response"])
def test_an_http_error_that_says_nothing_of_the_call_is_a_lost_server(text: str):
    error = MCPError(-32600, text)

    assert is_lost(error)
    assert isinstance(outcome_of(error, "it", "HTTP 502"), ServerGone)


def test_the_tests_servers_are_there():
    assert (Path(__file__).parents[2] / "mcp_servers" / "bad.py").exists()
