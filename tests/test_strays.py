"""A test run that is killed leaves nothing running: not a server, not the worker that the server started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import strays
from processes import headway

TESTS = Path(__file__).parent
WAITS = """
import os, threading
from pathlib import Path

import psutil

from processes import headway


def test_that_never_ends(tmp_path):
    with headway(tmp_path) as hw:
        server = hw.serve("--app", "jobs_under_test:app")
        hw.until(lambda: any(worker["state"] == "online" for worker in hw.workers()), "its worker is online")
        started = [server.pid, *(child.pid for child in psutil.Process(server.pid).children(recursive=True))]
        said = Path(os.environ["SAID"])
        said.with_suffix(".new").write_text(" ".join(map(str, [os.getpid(), *started])))
        said.with_suffix(".new").rename(said)
        threading.Event().wait()
"""


@pytest.mark.process
@pytest.mark.timeout(240)
@pytest.mark.parametrize("spread", [[], ["-n", "1"]], ids=["one process", "xdist"])
def test_a_killed_run_leaves_no_process(spread: list[str], tmp_path: Path):
    program, said = tmp_path / "test_waits.py", tmp_path / "said"
    program.write_text(WAITS)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", *spread, str(program)]
    env = {**strays.unmarked(), "PYTHONPATH": str(TESTS), "SAID": str(said)}
    with (tmp_path / "log").open("wb") as log:
        run = subprocess.Popen(words, cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        wait_until(lambda: said.exists() or run.poll() is not None)
        assert said.exists(), (tmp_path / "log").read_text()
        started = [psutil.Process(int(pid)) for pid in said.read_text().split()]
    finally:
        run.kill()
        run.wait()

    wait_until(lambda: not any(map(strays.is_alive, started)))

    assert len(started) >= 3  # the run, the server, its worker
    assert [" ".join(each.cmdline()) for each in started if strays.is_alive(each)] == []


@pytest.mark.process
def test_what_a_killed_server_had_started_ends_with_its_test(tmp_path: Path):
    with headway(tmp_path) as hw:
        server = hw.serve("--app", "jobs_under_test:app")
        hw.until(lambda: any(worker["state"] == "online" for worker in hw.workers()), "its worker is online")
        started = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        server.wait()

    assert started
    assert not any(map(strays.is_alive, started))


def test_only_what_has_the_mark_is_ended(tmp_path: Path):
    words = [sys.executable, "-c", "print(flush=True); input()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    marks = [str(tmp_path), f"{tmp_path}2"]
    ours, other = (subprocess.Popen(words, env={**os.environ, "OURS": mark}, **pipes) for mark in marks)
    with ours, other:
        for each in (ours, other):
            each.stdout.readline()

        ended = strays.end_all("OURS", str(tmp_path))

        assert ended == [" ".join(words)]
        assert ours.wait() == -9
        assert other.poll() is None
        other.kill()


def wait_until(true) -> None:
    pause, end = threading.Event(), time.monotonic() + 100
    while not true() and time.monotonic() < end:
        pause.wait(0.02)
