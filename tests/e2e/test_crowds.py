"""Many viewers, slow ones and dead ones, on a real server: nothing lost unsaid, and nobody pays for the dead."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect

from headway.protocol.frames import Batch, Reset, Snapshot, decode_to_viewer
from processes import Headway

pytestmark = pytest.mark.timeout(120)


class Watcher:
    """A viewer that reads as slowly as it is told, and notes what it was told and what it missed.

    It keeps the cursor's rules and no documents: a hundred folds would measure the test.
    """

    def __init__(self, hw: Headway, slowness_s: float) -> None:
        self.url = hw.url.replace("http", "ws") + "/api/v1/live"
        self.slowness_s = slowness_s
        self.seq: int | None = None
        self.stands = asyncio.Event()
        self.numbers: list[int] = []
        self.resets = 0
        self.gaps = 0

    async def follow(self, until: asyncio.Future[int]) -> None:
        """Until the view stands at the number that will be known."""
        async with connect(self.url, subprotocols=["headway.v1"], compression=None, max_queue=1, max_size=None) as link:
            await link.send(json.dumps({"type": "hello"}))
            await link.send(json.dumps({"type": "subscribe", "id": "v", "topics": ["jobs"], "conflate": False}))
            while not (until.done() and self.seq is not None and self.seq >= until.result()):
                await self._take(link)
                await asyncio.sleep(self.slowness_s)

    async def _take(self, link: ClientConnection) -> None:
        message = await asyncio.wait_for(link.recv(decode=False), 60)
        frame = decode_to_viewer(message)
        match frame:
            case Snapshot() if not frame.more:
                self.seq = frame.seq
                self.stands.set()
            case Batch():
                self.gaps += self.seq is None or frame.since > self.seq
                self.numbers += [event.seq for event in frame.events if event.type == "job.submitted"]
                self.seq = frame.to
            case Reset():
                self.resets += 1
                self.seq = None
            case _:
                pass


def _seq(answer: httpx.Response) -> int:
    answer.raise_for_status()
    return int(answer.headers["Headway-Seq"])


async def test_a_burst_reaches_slow_viewers_whole_or_as_an_announced_new_beginning(hw: Headway) -> None:
    hw.serve()
    loop = asyncio.get_running_loop()
    until: asyncio.Future[int] = loop.create_future()
    watchers = [Watcher(hw, slowness_s=0.02 * (number % 5)) for number in range(100)]
    follows = [asyncio.create_task(watcher.follow(until)) for watcher in watchers]
    await asyncio.gather(*(watcher.stands.wait() for watcher in watchers))
    body = {"jobs": [{"kind": "x", "args": {"n": number}} for number in range(2_500)]}

    for _ in range(2):
        await asyncio.to_thread(lambda: hw.http.post("/api/v1/jobs/batch", json=body).raise_for_status())
    until.set_result(_seq(await asyncio.to_thread(hw.http.get, "/api/v1/jobs")))
    await asyncio.to_thread(hw.submit, "last")  # whoever stands at the number already must hear something to look up
    await asyncio.gather(*follows)

    assert [watcher.gaps for watcher in watchers] == [0] * 100
    for watcher in watchers:
        assert watcher.numbers == sorted(set(watcher.numbers))
        if not watcher.resets:
            assert len(watcher.numbers) >= 5_000


def _rss_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def _stuck(hw: Headway) -> socket.socket:
    """A viewer that subscribes, and never reads."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", hw.port))
    path = "/api/v1/live?topic=jobs&conflate=false"
    link.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{hw.port}\r\nAccept: text/event-stream\r\n\r\n".encode())
    return link


def _viewers(hw: Headway) -> int:
    connections: dict[str, Any] = hw.http.get("/api/v1/admin/connections").json()
    return len(connections["viewers"])


def _prioritize(hw: Headway, priority: int) -> None:
    body = {"action": "priority", "q": "state:queued", "priority": priority}
    begun = hw.http.post("/api/v1/jobs/actions", json=body).raise_for_status().json()
    hw.state(begun["job"], "completed")


async def test_viewers_that_never_read_cost_little_and_are_closed_while_others_follow(hw: Headway) -> None:
    hw.env["HEADWAY_DRAIN_NONE_S"] = "3"
    server = hw.serve()
    jobs = {"jobs": [{"kind": "x", "args": {"text": "x" * 200}} for _ in range(1_000)]}
    hw.http.post("/api/v1/jobs/batch", json=jobs).raise_for_status()
    loop = asyncio.get_running_loop()
    until: asyncio.Future[int] = loop.create_future()
    watchers = [Watcher(hw, slowness_s=0) for _ in range(50)]
    follows = [asyncio.create_task(watcher.follow(until)) for watcher in watchers]
    await asyncio.gather(*(watcher.stands.wait() for watcher in watchers))
    before = _rss_mb(server.pid)
    stuck = [_stuck(hw) for _ in range(20)]

    for priority in range(1, 9):
        await asyncio.to_thread(_prioritize, hw, priority)
    until.set_result(_seq(await asyncio.to_thread(hw.http.get, "/api/v1/jobs")))
    after = _rss_mb(server.pid)
    await asyncio.to_thread(hw.submit, "last")
    await asyncio.gather(*follows)
    await asyncio.to_thread(hw.until, lambda: _viewers(hw) == 0, "the dead are closed", 45)

    assert [watcher.gaps + watcher.resets for watcher in watchers] == [0] * 50
    assert after - before < 80, (before, after)
    for link in stuck:
        with contextlib.suppress(OSError):
            link.close()
