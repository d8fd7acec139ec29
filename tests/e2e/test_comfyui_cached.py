"""Prompts that are over before anybody could have listened (R5): none is lost, nobody waits for a timer."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from comfy_scene import submit, work
from headway.connectors.comfyui.prompt import Pace
from headway.testing.comfyui import FakeComfy, image_workflow
from processes import Headway

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]

WORKFLOW = image_workflow(0xC0FFEE)


@pytest.fixture(params=["0.3.64", "0.38.1"])
def comfy(request: pytest.FixtureRequest) -> Iterator[FakeComfy]:
    with FakeComfy(request.param) as fake:
        yield fake


def looks(comfy: FakeComfy) -> list[str]:
    """What was asked about prompts; each look is two requests of the older generation, one of the newer."""
    return [path for method, path in comfy.requests if method == "GET" and ("/history/" in path or "/jobs/" in path)]


def test_two_hundred_cached_prompts_through_the_whole_system(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)
    hw.state(submit(hw, WORKFLOW), "completed")
    before = len(looks(comfy))

    jobs = [{"kind": "comfyui.workflow", "args": {"workflow": WORKFLOW}} for _ in range(200)]
    ids = [each["id"] for each in hw.http.post("/api/v1/jobs/batch", json={"jobs": jobs}).json()["jobs"]]
    found = [hw.state(id, "completed", "failed", timeout=240) for id in ids]

    assert {(job["state"], job["attempt"]) for job in found} == {("completed", 1)}
    assert all(sorted(job["result"]["cached"]) == ["1", "2", "9"] for job in found)
    assert max(waited(comfy, job) for job in found) < Pace().silence_s
    assert len(looks(comfy)) - before <= 3 * len(ids)
    assert len(comfy.history) == 201
    hw.verified()


def waited(comfy: FakeComfy, job: dict[str, Any]) -> float:
    """Seconds from the engine's own word to the attempt's end: who needs the first timer needs more than its time."""
    told = comfy.history[job["result"]["prompt_id"]]["status"]["messages"][-1][1]["timestamp"] / 1000
    return instant(job["attempts"]["1"]["ended_at"]) - told


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_the_naive_order_loses_what_ours_does_not():
    """The fake is no easier than the real one, where 21 of 40 were lost."""
    with FakeComfy() as comfy, httpx.Client(base_url=comfy.url) as http:
        http.post("/prompt", json={"prompt": WORKFLOW})

        lost = sum(not heard_afterwards(http, comfy.url) for _ in range(10))

        assert lost > 0


def heard_afterwards(http: httpx.Client, url: str) -> bool:
    """Send the prompt, then connect; whether the last event came."""
    client = uuid.uuid4().hex
    http.post("/prompt", json={"prompt": WORKFLOW, "client_id": client})
    with connect(f"{url.replace('http', 'ws', 1)}/ws?clientId={client}", max_queue=None) as socket:
        try:
            while json.loads(socket.recv(0.3))["type"] != "execution_success":
                pass
        except TimeoutError:
            return False
    return True
