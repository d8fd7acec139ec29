"""What tests of the client start from."""

from __future__ import annotations

import pytest

from scripted_server import fake_server


@pytest.fixture
async def server():
    """A scripted server; its `url` is where it listens."""
    async with fake_server() as fake:
        yield fake
