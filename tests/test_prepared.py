"""What is forked behaves as what is started: the same words, codes and signals, and a session of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import prepared
from processes import Headway, headway

pytestmark = [
    pytest.mark.process,
    pytest.mark.timeout(180),
    pytest.mark.skipif(prepared.unlike(os.environ), reason="everything is started as usual"),
]
AS_ANY = ["--version", "config --jsonl", "jobs --server http://127.0.0.1:9", "jobs --no-such-option", "no-such-command"]


def env(folder: Path) -> dict[str, str]:
    own = {key: value for key, value in os.environ.items() if not key.startswith("HEADWAY_")}
    return {**own, "HEADWAY_DATA": str(folder), "HEADWAY_PATIENCE_S": "0.1"}


@pytest.fixture
def hw(tmp_path: Path):
    with headway(tmp_path) as running:
        yield running


@pytest.mark.parametrize("line", AS_ANY)
def test_a_command_says_and_answers_what_it_does_as_usual(line: str, tmp_path: Path):
    words = line.split()
    usual = subprocess.run(
        [sys.executable, "-m", "headway", *words],
        env=env(tmp_path), cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    forked = prepared.run(words, env=env(tmp_path), cwd=tmp_path, timeout=60)

    assert (forked.returncode, forked.stdout, forked.stderr) == (usual.returncode, usual.stdout, usual.stderr)


def test_modules_are_found_where_its_environment_and_folder_say(tmp_path: Path):
    (tmp_path / "path").mkdir()
    (tmp_path / "path" / "there.py").write_text("raise SystemExit('found by PYTHONPATH')")
    (tmp_path / "here.py").write_text("raise SystemExit('found in the folder')")
    search = {**env(tmp_path), "PYTHONPATH": str(tmp_path / "path")}

    said = [
        prepared.run(
            ["worker", f"{name}:app", "--server", "http://127.0.0.1:9"], env=search, cwd=tmp_path, timeout=60
        ).stderr
        for name in ("there", "here")
    ]

    assert "found by PYTHONPATH" in said[0]
    assert "found in the folder" in said[1]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_server_ends_as_signals_end_it(hw: Headway, number: int, code: int):
    server = hw.serve()
    before = server.poll()
    session = os.getsid(server.pid)

    server.send_signal(number)

    assert (before, session) == (None, server.pid)
    assert isinstance(server, prepared.Forked)
    assert (server.wait(60), server.poll()) == (code, code)


def test_who_waits_for_one_that_runs_is_told_after_its_time(hw: Headway):
    server = hw.serve()

    with pytest.raises(subprocess.TimeoutExpired, match="serve"):
        server.wait(0.01)


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LC_ALL", "TZ", "COVERAGE_PROCESS_CONFIG"])
def test_what_a_fork_would_not_see_is_started_as_usual(name: str):
    assert not prepared.unlike({**os.environ, "PYTHONPATH": "elsewhere", "HEADWAY_DATA": "elsewhere"})
    assert prepared.unlike({**os.environ, name: "1"})


def test_two_in_turn_do_not_order_a_set_alike():
    assert next(prepared.turns) is not next(prepared.turns)
