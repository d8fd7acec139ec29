"""R5: cached ComfyUI prompts, one after the other: whose end is missed, and who waits for a timer.

    python bench/r5_comfyui.py [--runs 1000] [--naive 200] [--generation 0.3.64|0.38.1] [--url http://127.0.0.1:8188]

A cached prompt is over milliseconds after it was sent. Three ways to hear of that, against the same engine:

- `naive`: send the prompt, then connect the socket, as scripts do; `naive_lost`: no last event within 1 s of the answer.
- `connector`: the connector alone, in this process, with its usual pace.
- `system`: submitted to a server, run by `headway worker --connector`, its end seen by a client that watches.

`lost` are prompts without a result at the first attempt, `waited_for` those whose end was noticed later than 2.5 s after
the engine's own word in its history: the first timer of the connector is at 3 s. Both must be 0. Without `--url` the
engine is our fake, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from harness import HERE, Process, out, out_latencies, run, setting, size
from websockets.asyncio.client import connect

import headway
from headway.connectors.comfyui.prompt import Pace
from headway.testing.comfyui import image_workflow

sys.path.append(str(HERE.parent / "tests"))
from comfy_bench import bench_of

TOO_LATE_S = 2.5
NAIVE_S = 1.0
WORKFLOW = image_workflow(0xC0FFEE, size=256)


@contextlib.contextmanager
def engine(url: str, generation: str) -> Iterator[str]:
    """Where a ComfyUI answers."""
    if url:
        yield url
        return
    words = [sys.executable, "-m", "headway.testing.comfyui", "--port", "0", "--generation", generation]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


async def warm(url: str) -> None:
    """Run it once, so that every later one is cached."""
    async with httpx.AsyncClient(base_url=url) as http:
        id = str(uuid.uuid4())
        (await http.post("/prompt", json={"prompt": WORKFLOW, "prompt_id": id})).raise_for_status()
        async with asyncio.timeout(60):
            while not (await http.get(f"/history/{id}")).json():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.02)


# -- without us ------------------------------------------------------------------------------------------------------


async def last_word(socket: Any, id: str) -> None:
    while True:
        message = await socket.recv()
        told = json.loads(message) if isinstance(message, str) else {}
        if told.get("type") == "execution_success" and told["data"]["prompt_id"] == id:
            return


async def naive(url: str, n: int) -> None:
    """POST first, socket afterwards."""
    lost = 0
    async with httpx.AsyncClient(base_url=url) as http:
        for _ in range(n):
            id, client = str(uuid.uuid4()), uuid.uuid4().hex
            await http.post("/prompt", json={"prompt": WORKFLOW, "prompt_id": id, "client_id": client})
            async with connect(f"{url.replace('http', 'ws', 1)}/ws?clientId={client}") as socket:
                try:
                    await asyncio.wait_for(last_word(socket, id), NAIVE_S)
                except TimeoutError:
                    lost += 1
    out("naive_lost", lost, "prompts", n=n, variant="naive", store="memory")


# -- with us ---------------------------------------------------------------------------------------------------------


async def ended_at(http: httpx.AsyncClient, id: str) -> float:
    """The engine's own word about its end, in seconds since the epoch."""
    entry = (await http.get(f"/history/{id}")).json()[id]
    return entry["status"]["messages"][-1][1]["timestamp"] / 1000


def told(variant: str, walls: list[float], noticed: list[float], lost: int, n: int) -> None:
    more = {"variant": variant, "store": "memory" if variant == "connector" else "sqlite"}
    out("lost", lost, "prompts", n=n, **more)
    out("waited_for", sum(late > TOO_LATE_S for late in noticed), "prompts", n=n, **more)
    out_latencies("submit_to_result", walls, **more)
    out_latencies("end_to_noticed", noticed, **more)
    out("end_to_noticed_max", max(noticed, default=0.0) * 1000, "ms", n=n, **more)


async def through_the_connector(url: str, n: int) -> None:
    walls, noticed, lost = list[float](), list[float](), 0
    with tempfile.TemporaryDirectory() as folder:
        alone = bench_of(url, folder=Path(folder), pace=Pace())
        async with alone as bench, httpx.AsyncClient(base_url=url) as http:
            await bench.reached()
            for _ in range(n):
                began = time.monotonic()
                ran = await bench.begin(WORKFLOW).ran
                at = time.time()
                walls.append(time.monotonic() - began)
                if ran.outcome == "succeeded" and len(ran.result["cached"]) == len(WORKFLOW):
                    noticed.append(at - await ended_at(http, ran.result["prompt_id"]))
                else:
                    lost += 1
    told("connector", walls, noticed, lost, n)


async def through_the_system(url: str, n: int) -> None:
    walls, noticed, lost = list[float](), list[float](), 0
    with setting() as place:
        words = ["worker", "--connector", f"comfyui={url}", "--server", place.url, "--name", "comfy"]
        worker = Process(words, place.folder, r": linked")
        try:
            async with headway.Client(place.url) as client, httpx.AsyncClient(base_url=url) as http:
                for _ in range(n):
                    began = time.monotonic()
                    job = await client.submit("comfyui.workflow", {"workflow": WORKFLOW})
                    result = await job.result()
                    at = time.time()
                    walls.append(time.monotonic() - began)
                    document = await client.rest.get(f"/jobs/{job.id}")
                    if document["attempt"] == 1 and len(result["cached"]) == len(WORKFLOW):
                        noticed.append(at - await ended_at(http, result["prompt_id"]))
                    else:
                        lost += 1
                differing = (await client.rest.get("/admin/verify", wait_s=600.0))["different"]
        finally:
            worker.end()
    told("system", walls, noticed, lost, n)
    out("differences", differing, "fields", n=n, variant="system")


async def main(url: str, generation: str, n: int, naive_runs: int) -> None:
    with engine(url, generation) as found:
        await warm(found)
        await naive(found, naive_runs)
        await through_the_connector(found, n)
        await through_the_system(found, n)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=size(1_000, 5))
    parser.add_argument("--naive", type=int, default=size(200, 5))
    parser.add_argument("--generation", default="0.3.64")
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    run(main(given.url, given.generation, given.runs, given.naive))
