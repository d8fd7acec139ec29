"""A server as a process: its lines, its end, its last words."""

from __future__ import annotations

import sys
from pathlib import Path

import anyio
import pytest

from comfy_bench import until
from headway.connectors.mcp import process as process_module
from headway.connectors.mcp.config import resolved, server_of
from headway.connectors.mcp.process import ServerProcess

HELLO = 'print(\'{"jsonrpc": "2.0", "method": "notifications/message", "params": {}}\', flush=True)\n'


def started(code: str, environment: dict[str, str] | None = None, **options: object) -> ServerProcess:
    server = server_of("it", {"command": sys.executable, "args": ["-c", code], **options})
    return ServerProcess(resolved(server, environment or {}))


async def test_lines_of_the_protocol_come_and_others_are_passed_over():
    process = started("print('Booting…'); print();\n" + HELLO)

    async with process as (read, _):
        item = await read.receive()

    assert not isinstance(item, Exception)
    assert "notifications/message" in item.message.model_dump_json()
    assert "on its stdout was what is no JSON-RPC: 'Booting…'" in process.problem


async def test_the_end_of_a_process_is_told_with_its_code_and_last_words():
    process = started("import sys; [print('line', n, file=sys.stderr) for n in range(50)]; sys.exit(7)")

    async with process as (read, _):
        with pytest.raises(anyio.EndOfStream):
            await read.receive()
        problem = process.problem

    assert problem == "its process ended with exit code 7; it last wrote: line 49"


async def test_the_last_words_are_without_noise_and_bounded():
    words = (
        "╭─ Error ─╮\n│ \x1b[31mno token \x1b[0m"
        + "x" * 2_000
        + "│\n╰─────────╯\nx.py:1: DeprecationWarning: old\n  old()\n"
    )
    process = started(f"import sys; sys.stderr.write({words!r}); sys.exit(7)")

    async with process as (read, _):
        with pytest.raises(anyio.EndOfStream):
            await read.receive()
        problem = process.problem

    said = problem.removeprefix("its process ended with exit code 7; it last wrote: ")
    assert said.startswith("no token xxx")
    assert len(said) == 300


async def test_a_process_that_was_killed_is_said_to_be():
    process = started("import os; os.kill(os.getpid(), 9)")

    async with process as (read, _):
        with pytest.raises(anyio.EndOfStream):
            await read.receive()

    assert process.problem == "its process ended with signal SIGKILL"


async def test_a_line_without_end_ends_the_connection(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process_module, "LINE_BYTES", 1_000)
    process = started("print('x' * 100_000, flush=True); input()")

    async with process as (read, _):
        with pytest.raises(anyio.EndOfStream):
            await read.receive()

    assert process.problem.startswith("it wrote a line of more than 1,000 bytes")


async def test_a_process_has_the_variables_of_its_config_and_not_the_worker_s(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORKERS_SECRET", "x")
    process = started("import os, sys; sys.exit(' '.join(sorted(os.environ)))", env={"MINE": "1"})

    async with process as (read, _):
        with pytest.raises(anyio.EndOfStream):
            await read.receive()

    assert "MINE" in process.problem
    assert "WORKERS_SECRET" not in process.problem


async def test_what_it_started_ends_with_it(tmp_path: Path):
    child = f"import pathlib, os, time; pathlib.Path({str(tmp_path / 'pid')!r}).write_text(str(os.getpid())); time.sleep(600)"
    process = started(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); input()")

    async with process:
        await until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()))

    pid = int((tmp_path / "pid").read_text())
    await until(lambda: not _is_alive(pid))
    assert not _is_alive(pid)


async def test_without_a_guard_it_is_ended_again(monkeypatch: pytest.MonkeyPatch):
    def no_guard(group: int) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(process_module, "_guard_of", no_guard)
    process = started("import time; time.sleep(20)")

    with pytest.raises(OSError, match=r"its guard \(/bin/sh\) does not start: Resource temporarily unavailable"):
        await process.__aenter__()

    assert process.pid is not None
    assert not _is_alive(process.pid)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
