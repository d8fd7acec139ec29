"""A server for the commands to ask: real, in a thread, on a free port, with a store of its own for each module."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from headway.cli import main
from headway.server.config import load
from headway.server.serve import serve


@dataclass
class Said:
    """What a command line answered."""

    code: int
    out: str
    err: str

    @property
    def word(self) -> str:
        """The one thing it printed: an id."""
        return self.out.strip()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    """The URL of a running server without any worker."""
    data = tmp_path_factory.mktemp("server")
    config = load({"port": 0, "data": str(data)}, environ={}, folder=data).config
    started = threading.Event()
    running: dict[str, object] = {}

    def announce(url: str) -> None:
        running["url"] = url.rstrip("/")
        started.set()

    async def run() -> None:
        running["stop"] = stop = asyncio.Event()
        running["loop"] = asyncio.get_running_loop()
        await serve(config, announce=announce, stop=stop)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="server")
    thread.start()
    assert started.wait(50), "the server did not start"
    yield running["url"]
    running["loop"].call_soon_threadsafe(running["stop"].set)
    thread.join(50)
    assert not thread.is_alive()


@pytest.fixture
def headway(server: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run one command line here, against the server."""
    monkeypatch.setenv("HEADWAY_SERVER", server)
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*words: str) -> Said:
        code = main(list(words))
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return call
