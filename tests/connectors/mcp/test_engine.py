"""A server as an engine of the worker: its tools as kinds, its status on the board, its ends and its returns."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from mcp.server.mcpserver import Context, MCPServer

from comfy_bench import until
from headway.connectors.mcp import connection as connection_module, engine as engine_module
from headway.connectors.mcp.config import server_of
from headway.connectors.mcp.engine import McpEngine
from headway.testing.clock import VirtualClock
from mcp_bench import SERVERS, python


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def guards_of(group: int) -> list[Path]:
    """The shells that watch over this process group."""
    found: list[Path] = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = each.read_bytes().split(b"\0")
            if words[0] == b"/bin/sh" and str(group).encode() in words:
                found.append(each)
    return found


class TestTools:
    async def test_are_kinds_with_schema_title_description_and_annotations(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            kinds = {kind["name"]: kind for kind in bench.kinds[-1]}

        erases, waits = kinds["mcp.it.erases"], kinds["mcp.it.waits"]
        assert erases["annotations"] == {"read_only": False, "destructive": True}
        assert (erases["confirm"], erases["service"]) == (True, "mcp:it")
        assert len(erases["definition"]) == 64
        assert waits["schema"]["required"] == ["gate"]
        assert kinds["mcp.it.dies_read_only"]["defaults"]["max_attempts"] == 3
        assert waits["defaults"] == {"max_attempts": 1, "options": {"progress_timeout_s": 600.0}}

    async def test_follow_the_server_s_word_that_they_changed(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            before = {kind["name"]: kind["definition"] for kind in bench.kinds[-1]}

            await bench.run("redefine", {"description": "Now it erases everything.", "extra": "yes"})
            await until(lambda: "extra" in bench.jobs)
            after = {kind["name"]: kind["definition"] for kind in bench.kinds[-1]}

        assert {name for name in after if after[name] != before.get(name)} == {"mcp.it.changing", "mcp.it.extra"}

    async def test_follow_it_in_the_stateless_era_too(self, open_bench: Any):
        server = MCPServer("new")

        @server.tool()
        async def grows(ctx: Context) -> str:
            server.add_tool(lambda: "more", name="more")
            await ctx.notify_tools_changed()
            return "grown"

        async with open_bench(server=server) as bench:
            await bench.ready()
            await until(lambda: bool(bench.engine.link.client.session._listen_routes))
            await bench.run("grows")
            await until(lambda: "more" in bench.jobs)

        assert set(bench.jobs) == {"grows", "more"}

    async def test_are_those_that_the_config_wants(self, bad: Any, open_bench: Any):
        options = {**bad, "include": ["fine", "dies*"], "exclude": ["*_only"], "tools": {"fine": {"confirm": True}}}

        async with open_bench(options=options) as bench:
            await bench.ready()

        assert set(bench.jobs) == {"fine", "dies"}
        assert bench.jobs["fine"].confirm is True

    async def test_that_are_no_kinds_are_left_out_and_said(self, open_bench: Any):
        server = MCPServer("new")
        server.add_tool(lambda: "x", name="with space")
        server.add_tool(lambda: "x", name="fine")

        async with open_bench(server=server) as bench:
            await bench.ready()
            service = bench.service

        assert set(bench.jobs) == {"fine"}
        assert service["reason"].startswith("1 tool is left out (with space: its name is not 1 to 128 letters")

    async def test_that_changed_since_the_job_was_given_out_are_not_called(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            old = bench.jobs["changing"]
            await bench.run("redefine", {"description": "Now it erases everything."})
            await until(lambda: bench.jobs["changing"] is not old)
            bench.served.jobs = {"mcp.it.changing": old}

            ran = await bench.run("changing")

        assert (ran.outcome, ran.error["type"]) == ("errored", "ToolChanged")
        assert ran.error["message"] == "it has another definition of it now: changing."

    async def test_over_pages_are_one_list(self, open_bench: Any, tmp_path: Path):
        script = tmp_path / "paging.py"
        source = (SERVERS / "mcp_servers" / "bad.py").read_text()
        whole = 'send({"id": id, "result": {"tools": listed()}})'
        assert whole in source
        page = (
            'at = int((message.get("params") or {}).get("cursor") or 0); '
            'more = {"nextCursor": str(at + 1)} if at + 1 < len(listed()) else {}; '
            'send({"id": id, "result": {"tools": listed()[at : at + 1], **more}})'
        )
        script.write_text(source.replace(whole, page))

        async with open_bench(options={"command": sys.executable, "args": [str(script), str(tmp_path)]}) as bench:
            await bench.ready()

        assert len(bench.jobs) > 20

    async def test_that_are_too_many_bytes_are_given_up_and_said(
        self, bad: Any, open_bench: Any, monkeypatch: pytest.MonkeyPatch
    ):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            before = set(bench.jobs)
            monkeypatch.setattr(connection_module, "LIST_BYTES", 100)
            await bench.run("redefine", {"description": "Longer."})
            await until(lambda: "reason" in bench.service)
            again = bench.service
            after = set(bench.jobs)
        async with open_bench(options=bad) as bench:
            first = await bench.status("unreachable")

        assert first["reason"] == "its list of tools has more than 100 bytes"
        assert (again["status"], after) == ("idle", before)
        assert again["reason"] == "its tools stay as they were: its list of tools has more than 100 bytes"

    async def test_that_change_again_and_again_are_read_less_and_less_often_until_they_are_calm(self):
        clock = VirtualClock()
        looked: list[float] = []
        restless, nobody = True, cast("Any", None)

        async def look(link: Any, board: Any) -> None:
            looked.append(clock.monotonic())
            if restless:
                engine.tools_changed()

        engine = McpEngine(server_of("it", {"command": "x"}), clock, {})
        engine._list = look
        listing = asyncio.get_running_loop().create_task(engine._list_for_ever(nobody, nobody))
        engine.tools_changed()
        await clock.advance(600)
        often = len(looked)
        restless = False
        await clock.advance(120)
        looked.clear()
        for _ in range(2):
            engine.tools_changed()
            await clock.advance(2)
        listing.cancel()

        assert often == 24
        assert len(looked) == 2


class TestTheBoard:
    async def test_says_who_it_is_and_how_it_stands(self, bad: Any, open_bench: Any):
        async with open_bench(options=bad) as bench:
            starting = bench.service
            await bench.ready()
            idle = bench.service
            await bench.run("fine")

        assert (starting["status"], starting["slots"], starting["type"]) == ("starting", 8, "mcp")
        assert (idle["status"], idle["version"]) == ("idle", "bad 1.0 · MCP 2025-11-25")
        assert idle["load"]["tools"] == len(bench.jobs)
        assert "busy" in [services[0]["status"] for services in bench.told]

    async def test_says_which_variable_is_missing(self, bad: Any, open_bench: Any):
        async with open_bench(options={**bad, "env": {"TOKEN": "${NO_SUCH_TOKEN}"}}) as bench:
            service = await bench.status("error")

        assert service["error"] == (
            "env.TOKEN wants the environment variable NO_SUCH_TOKEN, which this worker does not have: set it and start anew"
        )

    async def test_says_that_there_is_no_such_command(self, open_bench: Any):
        async with open_bench(options={"command": "no-such-command-anywhere"}) as bench:
            service = await bench.status("unreachable")

        assert service["reason"] == "there is no command 'no-such-command-anywhere'"

    async def test_says_how_a_process_ended_that_is_no_server(self, open_bench: Any):
        code = "import sys; print('hello'); sys.exit('wrong arguments')"

        async with open_bench(options={"command": sys.executable, "args": ["-c", code]}) as bench:
            service = await bench.status("unreachable")

        assert service["reason"] == (
            "its process ended with exit code 1; on its stdout was what is no JSON-RPC: 'hello'; "
            "it last wrote: wrong arguments"
        )

    async def test_shows_silence_while_calls_run_and_ends_none(self, bad: Any, open_bench: Any, tmp_path: Path):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            running = bench.begin("silent")
            await until(lambda: len(bench.engine.calls.running) == 1)
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGSTOP)
            bench.engine.link.answers = _never
            await until(lambda: "reason" in bench.service)
            silent = bench.service
            os.kill(int((tmp_path / "pid").read_text()), signal.SIGCONT)
            del bench.engine.link.answers
            service = await bench.status("busy")
            await until(lambda: "reason" not in bench.service)
            still_running = not running.ending.done()
            running.cancel()
            await running.ran

        assert silent["status"] == "busy"
        assert "does not answer; its calls go on" in silent["reason"]
        assert still_running
        assert service["job"]

    async def test_a_hung_server_without_calls_is_ended_and_started_anew(
        self, bad: Any, open_bench: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(engine_module, "HUNG_S", 0.0)
        async with open_bench(options=bad) as bench:
            await bench.ready()
            first = int((tmp_path / "pid").read_text())
            os.kill(first, signal.SIGSTOP)
            bench.engine.link.answers = _never
            await bench.status("unreachable")
            await bench.status("idle")
            second = int((tmp_path / "pid").read_text())

        assert first != second
        assert not is_alive(first)
        assert not is_alive(second)


async def _never(patience_s: float = 0) -> bool:
    return False


class TestItsProcess:
    async def test_ends_with_the_engine(self, bad: Any, open_bench: Any, tmp_path: Path):
        async with open_bench(options=bad) as bench:
            await bench.ready()
            pid = int((tmp_path / "pid").read_text())
            before = (is_alive(pid), len(guards_of(pid)))

        assert before == (True, 1)
        assert (is_alive(pid), len(guards_of(pid))) == (False, 0)

    async def test_ends_with_a_worker_that_was_killed_though_it_ignores_its_stdin(self, tmp_path: Path):
        stubborn = tmp_path / "stubborn.py"
        stubborn.write_text(
            "import os, pathlib, sys, time\n"
            f"pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))\n"
            "while True: time.sleep(60)\n"
        )
        worker = (
            "import asyncio, sys\n"
            "from headway.connectors.mcp.config import resolved, server_of\n"
            "from headway.connectors.mcp.process import ServerProcess\n"
            "async def main():\n"
            f"    options = {{'command': sys.executable, 'args': [{str(stubborn)!r}]}}\n"
            "    async with ServerProcess(resolved(server_of('it', options), {})):\n"
            "        await asyncio.Event().wait()\n"
            "asyncio.run(main())\n"
        )
        killed = subprocess.Popen([sys.executable, "-c", worker])  # noqa: ASYNC220 - it is killed below
        await until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))
        pid = int((tmp_path / "pid").read_text())

        killed.kill()
        killed.wait()
        await until(lambda: not is_alive(pid) and not guards_of(pid))

        assert not is_alive(pid)


def test_python_servers_are_scripts_of_ours():
    assert Path(python("mcp_servers/bad.py")["args"][0]).exists()
