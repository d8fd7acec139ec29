"""A server's outside for tests of the client: a WebSocket that follows a script, and GET answers by path.

A script is a list of steps: text to send, `"hear"` (a frame is awaited and kept in `heard`), a close code, `"cut"`.
One script per connection, in order; the last is repeated.
"""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

NOW = "2026-11-22T08:21:07.412Z"


def frame(type: str, **fields: Any) -> str:
    return json.dumps({"type": type, **fields})


def welcome(epoch: str = "e", seq: int = 1) -> str:
    return frame("welcome", session="s", epoch=epoch, seq=seq, now=NOW, ping_s=5)


def snapshot(topics: dict[str, Any], seq: int = 1, id: str = "s1") -> str:
    return frame("snapshot", id=id, seq=seq, now=NOW, topics=topics)


def batch(since: int, to: int, *events: dict[str, Any], id: str = "s1") -> str:
    return frame("batch", id=id, **{"from": since}, to=to, now=NOW, events=list(events))


def moved(seq: int, job: str, state: str, **fields: Any) -> dict[str, Any]:
    """An event that sets a job's state."""
    data = {"set": {"state": state, **fields}, "was": "queued"}
    envelope = {"seq": seq, "at": NOW, "type": f"job.{state}", "namespace": "default", "priority": "normal"}
    return {**envelope, "job": job, "queue": "default", "kind": "crawl", "data": data}


def logged(seq: int, job: str, first: int, *texts: str) -> dict[str, Any]:
    lines = [[first + place, NOW, "info", text] for place, text in enumerate(texts)]
    envelope = {"seq": seq, "at": NOW, "type": "job.logged", "namespace": "default", "priority": "normal"}
    return {**envelope, "job": job, "data": {"lines": lines}}


class FakeServer:
    def __init__(self) -> None:
        self.scripts: list[list[Any]] = []
        self.answers: dict[str, list[tuple[int, str, str]]] = {}  # path -> (status, content type, body), last repeated
        self.refusals: list[int] = []  # status of the next upgrades, once there was a link
        self.heard: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self.links = 0
        self.url = ""

    async def speak(self, link: ServerConnection) -> None:
        script = self.scripts[min(self.links, len(self.scripts) - 1)]
        self.links += 1
        for step in script:
            if step == "hear":
                self.heard.append(json.loads(await link.recv()))
            elif step == "cut":
                link.transport.abort()
                return
            elif isinstance(step, int):
                await link.close(step, "as the script says")
                return
            else:
                await link.send(step)
        await link.wait_closed()

    def answer(self, link: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        upgrade = request.headers.get("Upgrade")
        if upgrade and self.scripts:
            refusal = self.refusals.pop(0) if self.links and self.refusals else None
            return Response(refusal, "as the test says", Headers({"Content-Length": "0"}), b"") if refusal else None
        self.asked.append(request.path)
        answers = self.answers.get(path, [(404, "text/plain", "no such path")])
        status, type, body = answers.pop(0) if len(answers) > 1 else answers[0]
        if upgrade:
            status, type, body = 426, "text/plain", "this proxy knows no WebSocket"
        content = body.encode()
        headers = Headers({"Content-Type": type, "Content-Length": str(len(content)), "Connection": "close"})
        return Response(status, "as the test says", headers, content)


@asynccontextmanager
async def fake_server():
    fake = FakeServer()
    async with serve(
        fake.speak, "127.0.0.1", 0, process_request=fake.answer, subprotocols=["headway.v1"], close_timeout=0.2
    ) as listening:
        fake.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield fake
