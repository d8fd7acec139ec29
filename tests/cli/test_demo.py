"""`headway demo --once`, as somebody types it on a fresh machine."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.process
@pytest.mark.timeout(120)
def test_the_demo_runs_its_jobs_to_the_end_and_leaves(tmp_path):
    words = [sys.executable, "-m", "headway", "demo", "--once", "--port", "0", "--data", str(tmp_path)]

    said = subprocess.run(
        words, capture_output=True, text=True, timeout=110, env={**os.environ, "NO_COLOR": "1"}, check=False
    )

    assert said.returncode == 0, said.stderr
    lines = sorted(said.stdout.splitlines())
    assert [line.split()[0] for line in lines] == ["checksum", "index_source"]
    assert all("completed" in line for line in lines)
    assert "symbols=" in lines[1]
    assert "headway worker:" not in said.stderr  # its words, and those of `headway run`, are for who types them
    assert "headway: job" not in said.stderr
