"""One server with the workers of two examples, for all tests of a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import Headway, headway

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

sys.path.insert(0, str(EXAMPLES / "mcp_crawler"))  # for tests that look inside its package, `crawler`


@pytest.fixture(scope="module")
def hw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """A server that runs `first_job` and `transcript_summary`; commands find `headway` and the server."""
    with headway(tmp_path_factory.mktemp("examples")) as running:
        running.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        running.env["PYTHONPATH"] = str(EXAMPLES)
        running.serve()
        for name in ("first_job", "transcript_summary"):
            running.work(name, app=f"{EXAMPLES / name / 'jobs.py'}:app")
        yield running
