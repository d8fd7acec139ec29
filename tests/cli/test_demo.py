"""`headway demo --once`, as somebody types it on a fresh machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from headway.cli.demo import way_to_look


@pytest.mark.process
@pytest.mark.timeout(120)
def test_the_demo_runs_its_jobs_to_the_end_and_leaves(tmp_path):
    words = [sys.executable, "-m", "headway", "demo", "--once", "--data", str(tmp_path)]
    env = {**os.environ, "NO_COLOR": "1", "HEADWAY_PORT": "0"}

    said = subprocess.run(words, capture_output=True, text=True, timeout=110, env=env, check=False)

    assert said.returncode == 0, said.stderr
    lines = sorted(said.stdout.splitlines())
    assert [line.split()[0] for line in lines] == ["checksum", "index_source"]
    assert all("completed" in line for line in lines)
    assert "symbols=" in lines[1]
    assert "headway worker:" not in said.stderr  # its words, and those of `headway run`, are for who types them
    assert "headway: job" not in said.stderr
    assert "Headway is at http://127.0.0.1:" in said.stderr
    assert "http://127.0.0.1:8400/" not in said.stderr


def test_what_it_says_to_try_works_in_the_shell_it_was_started_from(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADWAY_SERVER", "http://127.0.0.1:8400")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))

    assert way_to_look("http://127.0.0.1:8400") == "bin/headway jobs"

    (tmp_path / "headway").touch(mode=0o755)

    assert way_to_look("http://127.0.0.1:8400") == "headway jobs"
    assert way_to_look("http://127.0.0.1:9") == "headway jobs --server http://127.0.0.1:9"
