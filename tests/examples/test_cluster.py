"""examples/cluster by its plain commands: a real PostgreSQL, nginx, two servers, two workers; one is killed mid-job."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import headway
from cluster_example import CLUSTER, NO_NGINX, copied
from headway.client.follow import follow
from processes import Headway, free_port, headway as in_folder
from strays import is_alive

BELOW, PRIMES = 300_000_000, 16_252_325

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


class Cluster:
    """cluster.sh in a folder of the test, with ports of its own; `hw` asks by way of nginx. `below`: the script's job."""

    def __init__(self, hw: Headway, database: str, below: int) -> None:
        self.hw = hw
        self.ports = {"one": free_port(), "two": free_port()}
        front = free_port()
        self.url = f"http://127.0.0.1:{front}"
        self.folder = copied(hw.folder, front, *self.ports.values())
        self.log = hw.folder / "cluster.log"
        script = self.folder / "cluster.sh"
        script.write_text(script.read_text().replace(f"below={BELOW}", f"below={below}"))
        hw.http.close()
        hw.http = httpx.Client(base_url=self.url, timeout=30)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        with self.log.open("ab") as log:
            self.script = subprocess.Popen(
                ["./cluster.sh"], cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**kept, "PATH": path, "HEADWAY_STORE": database, "HEADWAY_DATA": str(hw.folder)},
                start_new_session=True,
            )  # fmt: skip
        hw.processes.append(self.script)

    def pid(self, name: str) -> int:
        """As the page says: `cat run/NAME.pid`."""
        return int((self.folder / "run" / f"{name}.pid").read_text())

    def name_of(self, server: str) -> str:
        """Which of the two calls itself that on the board."""
        for name, port in self.ports.items():
            address = f"http://127.0.0.1:{port}/api/v1/live?topic=jobs"
            with httpx.stream("GET", address, headers={"Accept": "text/event-stream"}) as stream:
                welcome = next(line for line in stream.iter_lines() if line.startswith("data:"))
            if json.loads(welcome.removeprefix("data:"))["server"] == server:
                return name
        raise AssertionError(f"no server calls itself {server}")

    def counting(self) -> dict[str, Any]:
        """The script's job, once its worker counts."""

        def well_on_its_way() -> bool:
            jobs = self.hw.http.get("/api/v1/jobs").json()["jobs"]
            return bool(jobs) and (jobs[0].get("progress") or {}).get("overall", 0) > 0.1

        self.hw.until(well_on_its_way, "the job is on its way", 90)
        job: dict[str, Any] = self.hw.http.get("/api/v1/jobs").json()["jobs"][0]
        return job


async def followed(url: str, way: str) -> list[int]:
    """Numbers of all events of the log until a job has completed, by one transport, links made again as needed."""
    seen: list[int] = []
    async with headway.Client(url) as client:
        poll = await client.rest.get("/events", {"topic": "jobs", "wait": 0})
        begin = f"{poll['cursor'].split('.')[0]}.0"
        async for update in follow(client.rest, ["jobs"], since=begin, want="events", conflate=False, ways=(way,)):
            seen += [event.seq for event in update.events]
            if any(event.type == "job.completed" for event in update.events):
                return seen
    raise AssertionError("the stream has no end")


@pytest.fixture
def cluster(tmp_path: Path, database: str, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with in_folder(tmp_path) as hw:
        yield Cluster(hw, database, getattr(request, "param", BELOW))


def test_the_page_shows_what_the_script_runs():
    script = (CLUSTER / "cluster.sh").read_text()
    page = (CLUSTER / "README.md").read_text()

    runs = [
        f"$ {found['command']}" + (" &" if found["how"].startswith("start") else "")
        for found in re.finditer(r"^(?P<how>start \w+|show) (?P<command>.+)$", script, re.MULTILINE)
    ]

    assert len(runs) == 7
    assert "\n".join(runs) in page


def test_the_containers_have_the_addresses_that_their_nginx_asks():
    compose = (CLUSTER / "compose.yaml").read_text()

    addresses = re.findall(r"ipv4_address: ([\d.]+)", compose)
    asked = re.findall(r"server ([\d.]+):8400 max_fails", compose)

    assert len(addresses) == 2
    assert asked == addresses * 2


@pytest.mark.skipif(shutil.which("nginx") is None, reason=NO_NGINX)
async def test_a_server_is_killed_under_a_job_and_nothing_is_lost(cluster: Cluster):
    hw = cluster.hw
    await asyncio.to_thread(
        hw.until, lambda: hw.http.get("/readyz").status_code == 200, "a server behind nginx is ready"
    )
    followers = [asyncio.create_task(followed(cluster.url, way)) for way in ("websocket", "sse")]
    job = await asyncio.to_thread(cluster.counting)
    worker = next(each for each in hw.workers() if each["id"] == job["worker"])
    victim = cluster.name_of(worker["server"])

    os.kill(cluster.pid(victim), signal.SIGKILL)
    under_way = await asyncio.to_thread(hw.job, job["id"])

    done = await asyncio.to_thread(hw.state, job["id"], "completed", "failed", timeout=120)
    assert under_way["state"] == "running"
    assert (done["state"], done["result"]) == ("completed", {"below": BELOW, "primes": PRIMES})
    assert done["attempt"] == 1
    told = {event["seq"] for event in hw.events(job["id"])}
    for seen in await asyncio.wait_for(asyncio.gather(*followers), 60):
        assert seen == sorted(set(seen))
        assert told - set(seen) == set()
    await asyncio.to_thread(hw.until, lambda: "All is up" in cluster.log.read_text(), "`submit --watch` saw the end")


@pytest.mark.skipif(shutil.which("nginx") is None, reason=NO_NGINX)
@pytest.mark.parametrize("cluster", [1_000_000], indirect=True, ids=["short"])
def test_the_script_prints_what_it_runs_and_ends_all_it_started(cluster: Cluster):
    hw = cluster.hw
    hw.until(lambda: "All is up" in cluster.log.read_text(), "all is up", 120)
    started = [psutil.Process(cluster.pid(name)) for name in ("one", "two", "nginx", "ada", "bob")]

    os.kill(cluster.script.pid, signal.SIGTERM)
    cluster.script.wait(60)

    assert not any(map(is_alive, started))
    printed = [line for line in cluster.log.read_text().splitlines() if line.startswith("$ ")]
    assert [line.split()[1] for line in printed] == [
        "headway", "headway", "nginx", "curl", "headway", "headway", "headway"
    ]  # fmt: skip
