"""Following on the terminal: Ctrl-C detaches; a query is followed as long as one looks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

from headway.cli.watch import detachable

pytestmark = pytest.mark.timeout(120)  # each starts processes, and a busy machine takes its time over it


@pytest.fixture
def start(server: str):
    """Starts a command in a process of its own, which Ctrl-C can reach; none outlives its test."""
    env = {**os.environ, "HEADWAY_SERVER": server, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    with contextlib.ExitStack() as started:

        def call(*words: str) -> subprocess.Popen[str]:
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            process = subprocess.Popen([sys.executable, "-m", "headway", *words], text=True, env=env, **pipes)
            started.enter_context(process)
            started.callback(process.kill)
            return process

        yield call


@pytest.mark.process
def test_ctrl_c_stops_looking_and_says_how_to_come_back(headway, start):
    job = headway("submit", "crawl").word
    watching = start("watch", job)

    first = watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=100)

    assert "queued" in first
    assert watching.returncode == 130
    assert said == f"Detached; nothing was stopped. Come back with: headway watch {job}\n"
    assert json.loads(headway("job", job, "--json").out)["state"] == "queued"


@pytest.mark.process
def test_the_way_back_is_the_way_one_came(headway, start):
    headway("submit", "crawl", "--label", "a=b")
    looking = start("watch", "--query", "kind:crawl label.a:b")

    looking.stdout.readline()
    looking.send_signal(signal.SIGINT)
    _, said = looking.communicate(timeout=100)

    assert said == "Detached; nothing was stopped. Come back with: headway watch --query 'kind:crawl label.a:b'\n"


async def test_who_reads_a_log_is_sent_back_to_the_log(capsys):
    async def interrupted() -> int:
        raise asyncio.CancelledError

    code = await detachable(interrupted(), "logs", "01J", "-f")

    assert code == 130
    assert capsys.readouterr().err == "Detached; nothing was stopped. Come back with: headway logs 01J -f\n"


@pytest.mark.process
@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_they_are_refused(headway, server, no_color, coloured):
    headway("submit", "painted")
    ours, theirs = os.openpty()

    env = {**os.environ, "HEADWAY_SERVER": server, "NO_COLOR": no_color, "TERM": "xterm"}
    words = [sys.executable, "-m", "headway", "jobs", "kind:painted"]
    subprocess.run(words, env=env, stdout=theirs, stderr=theirs, timeout=100, check=True)

    shown = os.read(ours, 4096).decode()
    os.close(ours)
    os.close(theirs)
    assert "painted" in shown
    assert ("\x1b[" in shown) is coloured


@pytest.mark.process
def test_a_query_shows_jobs_as_they_come_and_as_they_leave_it(headway, start):
    watching = start("watch", "-q", "kind:seen state:queued")
    job = headway("submit", "seen").word

    came = watching.stdout.readline()
    headway("cancel", job)
    left = watching.stdout.readline()
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=100)

    assert f"seen {job}  queued" in came
    assert f"seen {job}  cancelled" in left


@pytest.mark.process
def test_events_are_followed_and_gone_on_from_the_cursor_that_was_said(headway, start, server):
    cursor = httpx.get(f"{server}/api/v1/events", params={"topic": "jobs", "wait": 0}).json()["cursor"]
    words = ("events", "-f", "--topic", "kind:followed", "--jsonl", "--since")
    first = headway("submit", "followed").word
    following = start(*words, cursor)
    seen = json.loads(following.stdout.readline())
    following.send_signal(signal.SIGINT)
    _, said = following.communicate(timeout=100)

    second = headway("submit", "followed").word
    again = start(*words, said.split("--since ")[1].split()[0])
    next_seen = json.loads(again.stdout.readline())

    assert (seen["type"], seen["job"], following.returncode) == ("job.submitted", first, 130)
    assert next_seen["job"] == second


def test_a_query_whose_matches_can_not_be_followed_says_so(headway):
    said = headway("watch", "-q", "args.url:x")

    assert said.code == 2
    assert "can not be followed live" in said.err


def test_ids_and_a_query_do_not_go_together(headway):
    assert headway("watch", "j", "-q", "state:queued").code == 2
