"""`headway mcp` as an agent's configuration starts it: a process of its own, spoken to over its pipes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import free_port

pytestmark = pytest.mark.process

HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "by-hand", "version": "1"}}


class Agent:
    """A client of stdio by hand: lines of JSON, one answer for each request."""

    def __init__(self, url: str, folder: Path, *arguments: str) -> None:
        self._errors = folder / "stderr"
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "headway", "mcp", "--server", url, *arguments],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=folder,
            )  # fmt: skip
        self.notified: list[str] = []
        self._id = 0

    def say(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors
        return json.loads(line)

    def ask(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """The result; what was notified before it is kept."""
        self._id += 1
        self.say({"id": self._id, "method": method, "params": params or {}})
        while (message := self.hear()).get("id") != self._id:
            self.notified.append(message["method"])
        return message["result"]

    def greet(self) -> dict[str, Any]:
        result = self.ask("initialize", HELLO)
        self.say({"method": "notifications/initialized"})
        return result

    def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.ask("tools/call", {"name": name, "arguments": arguments})

    @property
    def errors(self) -> str:
        return self._errors.read_text()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def agent(server: str, tmp_path: Path) -> Iterator[Agent]:
    made = Agent(server, tmp_path)
    yield made
    made.end()


def test_a_job_is_submitted_and_found_by_hand(agent: Agent):
    greeted = agent.greet()
    tools = agent.ask("tools/list")["tools"]
    made = agent.call("submit_job", kind="nobody-serves-this", args={"a": 1})
    found = agent.call("list_jobs", query="kind:nobody-serves-this")

    assert greeted["serverInfo"]["name"] == "headway"
    assert [tool["name"] for tool in tools][:3] == ["submit_job", "get_job", "wait_job"]
    assert made["structuredContent"]["labels"] == {"agent": "by-hand"}
    assert [job["id"] for job in found["structuredContent"]["jobs"]] == [made["structuredContent"]["id"]]


def test_it_ends_when_stdin_does_and_says_nothing_else(agent: Agent):
    agent.greet()
    assert agent.process.stdin is not None
    assert agent.process.stdout is not None

    agent.process.stdin.close()

    assert agent.process.wait(20) == 0
    assert agent.process.stdout.read() == b""
    assert agent.errors == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_a_signal_though_it_waits_for_its_agent(agent: Agent, number: signal.Signals):
    agent.greet()

    agent.process.send_signal(number)

    assert agent.process.wait(20) == 0
    assert agent.errors == ""


def test_lines_that_are_no_messages_do_not_end_it(agent: Agent):
    agent.greet()
    assert agent.process.stdin is not None

    agent.process.stdin.write(b"garbage\n\xff\xfe\n{}\n")
    agent.process.stdin.flush()

    assert agent.call("list_kinds")["structuredContent"] == {"kinds": []}


def test_without_a_server_its_tools_say_what_to_do(tmp_path: Path):
    agent = Agent(f"http://127.0.0.1:{free_port()}", tmp_path, "--tool", "*")
    try:
        agent.greet()
        tools = agent.ask("tools/list")["tools"]
        result = agent.call("list_jobs")
    finally:
        agent.end()

    assert len(tools) == 7
    assert result["isError"] is True
    assert "Start one with 'headway serve'" in result["content"][0]["text"]
