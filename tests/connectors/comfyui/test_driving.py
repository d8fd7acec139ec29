"""One prompt driven against an engine whose answers come when the test says so."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from comfy_bench import QUICK, until
from headway.clock import SystemClock
from headway.connectors.comfyui.api import Api
from headway.connectors.comfyui.driving import Drive
from headway.connectors.comfyui.engine import ComfyEngine
from headway.connectors.comfyui.events import Event, Preview, Said
from headway.connectors.comfyui.prompt import Prompt
from headway.connectors.comfyui.target import address_of

ADDRESS = address_of("http://comfy:8188")
ENTRY = {"outputs": {}, "status": {"status_str": "success", "messages": []}}


class Scene:
    """An engine that answers a submission only once it is `released`, and the drive of prompt P in it."""

    def __init__(self) -> None:
        self.released = asyncio.Event()
        self.asked: list[str] = []
        self.queued = False
        self.ended = False
        self.accepted: list[dict[str, Any]] = []
        self.events: list[Event] = []
        self.api = Api(ADDRESS, httpx.MockTransport(self.answer))
        prompt = Prompt("P", quiet_s=60, now=SystemClock().monotonic(), pace=QUICK)
        self.drive = Drive(
            prompt, self.api, {}, SystemClock(),
            on_event=self.events.append, on_look=lambda _: None, on_alive=lambda: None, on_accepted=self.accepted.append,
        )  # fmt: skip

    async def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        if self.asked[-1] == "POST /prompt":
            await self.released.wait()
            self.queued = not self.ended
            return httpx.Response(200, json={"node_errors": {"told": "late"}})
        if request.method == "POST":
            self.queued = False
            return httpx.Response(200)
        if request.url.path == "/queue":
            return httpx.Response(200, json={"queue_running": [[0, "P"]] if self.queued else [], "queue_pending": []})
        return httpx.Response(200, json={"P": ENTRY} if self.ended else {})

    def run(self) -> asyncio.Task[None]:
        self.drive.connected()
        return asyncio.get_running_loop().create_task(self.drive.run())


async def test_the_answer_to_a_submission_is_taken_even_if_the_prompt_was_over_before_it():
    scene = Scene()
    running = scene.run()
    await until(lambda: scene.asked == ["POST /prompt"])
    scene.ended = True

    scene.drive.hear(Said("execution_success", {"prompt_id": "P"}))
    await until(lambda: scene.drive.prompt.over)
    scene.released.set()
    await running

    assert scene.accepted == [{"node_errors": {"told": "late"}}]


async def test_what_is_stopped_on_its_way_is_asked_for_only_after_it_has_arrived():
    scene = Scene()
    engine = ComfyEngine(ADDRESS, SystemClock(), QUICK)
    engine.api = scene.api
    running = scene.run()
    await until(lambda: scene.asked == ["POST /prompt"])
    running.cancel()
    await asyncio.wait([running])

    ending = engine.stop("P", "J", sure=False, after=scene.drive)
    await asyncio.wait([ending], timeout=0.1)
    asked_early = list(scene.asked)
    scene.released.set()
    await ending

    assert asked_early == ["POST /prompt"]
    assert scene.asked[:3] == ["POST /prompt", "GET /queue", "POST /interrupt"]
    assert not scene.queued


async def test_stopping_it_twice_is_stopping_it_once():
    scene = Scene()
    engine = ComfyEngine(ADDRESS, SystemClock(), QUICK)
    engine.api = scene.api
    scene.queued = True

    first, second = (engine.stop("P", "J", sure=True) for _ in range(2))
    await first

    assert first is second
    assert scene.asked.count("POST /interrupt") == 1


async def test_words_about_other_prompts_are_not_heard():
    drive = Scene().drive

    for event in (
        Said("progress", {"prompt_id": "Q", "node": "1"}),
        Said("executing", {"node": "1"}),
        Preview(b"x", "image/png"),
    ):
        drive.hear(event)

    assert not drive.prompt.submitted


async def test_a_picture_of_no_prompt_is_of_the_one_that_runs():
    scene = Scene()
    scene.released.set()
    running = scene.run()
    scene.drive.hear(Said("executing", {"prompt_id": "P", "node": "1"}))

    scene.drive.hear(Preview(b"x", "image/png"))
    await until(lambda: len(scene.events) == 2)
    running.cancel()
    await asyncio.wait([running])

    assert scene.events[1] == Preview(b"x", "image/png")
