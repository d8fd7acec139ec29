from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("fake_server", Path(__file__).parent / "fake_server.py")
assert spec
assert spec.loader
fake_server = sys.modules.setdefault("fake_server", importlib.util.module_from_spec(spec))
spec.loader.exec_module(fake_server)


@pytest.fixture
async def server():
    """A scripted server; its `url` is where it listens."""
    async with fake_server.fake_server() as fake:
        yield fake
