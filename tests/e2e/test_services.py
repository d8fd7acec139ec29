"""Engines behind a worker, in real processes: what the board says of them whatever happens to who looks after them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.worker.toys import toy_package

from processes import Headway, link_to

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


class Toys:
    """A server and a worker of two toys: `a:1` with one slot, `b:2` with two."""

    def __init__(self, hw: Headway) -> None:
        self.hw = hw
        self.place = hw.folder / "toys"
        self.place.mkdir()
        hw.env |= {
            **toy_package(self.place),
            "HEADWAY_SERVICE_INTERVAL_S": "0.3",
            "HEADWAY_SERVICE_UNKNOWN_S": "1.5",
        }
        hw.serve()

    def work(self, url: str = "") -> subprocess.Popen[bytes]:
        words = ("--connector", "toy=a:1", "--connector", "toy=b:2*2", "--name", "w", "--machine", "bench")
        process = self.hw.spawn("worker", *words, "--server", url or self.hw.url, log="w.log")
        self.until("idle", "idle")
        return process

    @property
    def services(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.hw.http.get("/api/v1/services").json()["services"]
        return found

    def until(self, *statuses: str) -> list[dict[str, Any]]:
        self.hw.until(
            lambda: [each["status"] for each in self.services] == list(statuses), f"the services are {statuses}"
        )
        return self.services

    def follow(self, since: str = "") -> tuple[list[dict[str, Any]], str]:
        """What happened to workers since then, and the cursor to go on from."""
        told = {"topic": "workers", "wait": 0, **({"since": since} if since else {})}
        answer = self.hw.http.get("/api/v1/events", params=told).json()
        return [event for frame in answer["frames"] for event in frame.get("events", [])], answer["cursor"]


@pytest.fixture
def toys(hw: Headway) -> Toys:
    return Toys(hw)


def test_a_killed_executor_leaves_its_engines_starting_until_another_looks_after_them(toys: Toys):
    worker = toys.work()
    [executor] = psutil.Process(worker.pid).children()
    told: list[dict[str, Any]] = []
    _, cursor = toys.follow()

    os.kill(executor.pid, signal.SIGKILL)

    def changes() -> list[tuple[str, str]]:
        nonlocal cursor
        news, cursor = toys.follow(cursor)
        told.extend(event for event in news if event["type"] == "service.changed" and "a:1" in str(event))
        return [(event["data"]["set"].get("status"), event["data"]["set"].get("reason")) for event in told]

    toys.hw.until(lambda: ("idle", None) in changes(), "another looks after it")
    away = next(reason for status, reason in changes() if status == "starting")
    assert away == "its executor died: killed by SIGKILL (out of memory?); another is started"


def test_engines_on_a_loop_that_hangs_become_unknown_and_are_back_when_it_goes_on(toys: Toys):
    toys.work()
    job = toys.hw.submit("toy.hang")
    toys.hw.state(job, "running")

    first, _ = toys.until("unknown", "unknown")
    (toys.place / "go on").touch()

    assert first["reason"] == "nothing heard of it for 1.5 s"
    toys.until("idle", "idle")
    toys.hw.state(job, "completed")
    toys.hw.verified()


def test_after_a_cut_the_ages_told_are_those_of_the_signs_of_life(toys: Toys):
    with link_to(toys.hw) as link:
        toys.work(link.url)
        link.bar()
        toys.until("unknown", "unknown")
        heard = toys.services[0]["seen_at"]
        link.unbar()
        toys.until("idle", "idle")
        toys.hw.until(lambda: toys.services[0]["seen_at"] > heard, "it was heard again")


def test_services_of_a_worker_that_leaves_are_unknown_at_once_and_of_its_next_process_they_are_as_told(toys: Toys):
    worker = toys.work()

    worker.send_signal(signal.SIGTERM)
    worker.wait(20)
    left, _ = toys.until("unknown", "unknown")
    toys.work()

    assert "nothing heard" not in left["reason"]
    toys.hw.verified()


def test_an_engine_whose_connector_raises_is_an_error_with_its_message_and_comes_back(toys: Toys):
    broken: Path = toys.place / "broken a:1"
    broken.touch()
    words = ("--connector", "toy=a:1", "--server", toys.hw.url, "--name", "w", "--machine", "bench")
    toys.hw.spawn("worker", *words, log="w.log")

    [failed] = toys.until("error")
    broken.unlink()
    [mended] = toys.until("idle")

    assert failed["error"] == "ValueError: no luck"
    assert mended.keys() & {"error", "reason"} == set()


def test_more_jobs_than_an_engine_has_slots_wait_with_the_reason(toys: Toys):
    toys.work()
    jobs = [toys.hw.submit("toy.wait") for _ in range(4)]
    running = [job for job in jobs if toys.hw.state(job, "running", "queued")]

    toys.hw.until(lambda: sum(toys.hw.job(job)["state"] == "running" for job in jobs) == 3, "three run")
    waiting = next(job for job in running if toys.hw.job(job)["state"] != "running")
    why = toys.hw.http.get(f"/api/v1/jobs/{waiting}/why").json()
    (toys.place / "go on").touch()

    assert "service_full" in str(why) or "slots_full" in str(why)
    for job in jobs:
        toys.hw.state(job, "completed")
