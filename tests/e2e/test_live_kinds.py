"""An engine that serves other jobs from one moment to the next: worker and server are real processes, nothing is played."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import psutil
import pytest
from tests.worker.toys import toy_package

from processes import Headway, link_to

pytestmark = [pytest.mark.process, pytest.mark.timeout(120)]


class Shifty:
    """A server, and a worker of the toy `a:1`, which serves what the test says."""

    def __init__(self, hw: Headway) -> None:
        self.hw = hw
        self.place = hw.folder / "toys"
        self.place.mkdir()
        hw.env |= {**toy_package(self.place), "HEADWAY_SERVICE_INTERVAL_S": "0.3"}
        hw.serve()

    def work(self, url: str = "") -> subprocess.Popen[bytes]:
        words = ("--connector", "toy=a:1*4", "--name", "w", "--machine", "bench")
        worker = self.hw.spawn("worker", *words, "--server", url or self.hw.url, log="w.log")
        self.hw.until(lambda: self.served, "the worker is there")
        return worker

    def have(self, **kinds: str) -> None:
        """Let the engine have these jobs beside the toy's own, each with its definition."""
        whole = self.place / "whole"
        whole.write_text("".join(f"mcp.toy.{name} {definition}\n" for name, definition in kinds.items()))
        whole.rename(self.place / "kinds a:1")

    @property
    def served(self) -> set[str]:
        """The kinds that the server knows the worker to serve."""
        [worker] = self.hw.http.get("/api/v1/workers").json()["workers"] or [{}]
        return set(worker.get("kinds") or ())

    def serve(self, **kinds: str) -> None:
        """`have`, and wait until the server knows."""
        self.have(**kinds)
        wanted = {f"mcp.toy.{name}" for name in kinds}
        self.hw.until(lambda: {name for name in self.served if name.startswith("mcp.")} == wanted, f"it serves {kinds}")

    def submit(self, name: str, **args: Any) -> str:
        return self.hw.submit(f"mcp.toy.{name}", **args)

    def result(self, id: str) -> Any:
        """A worker that refused it, for it did not serve the kind at that moment, is passed over for 30 s."""
        return self.hw.state(id, "completed", timeout=120)["result"]


@pytest.fixture
def shifty(hw: Headway) -> Shifty:
    return Shifty(hw)


def test_jobs_of_a_kind_that_is_gone_wait_and_those_of_a_new_one_run_while_what_ran_goes_on(shifty: Shifty):
    shifty.work()
    shifty.serve(one="d1")
    running = shifty.submit("one", wait=True)
    shifty.hw.state(running, "running")

    shifty.serve(two="d2")
    late, new = shifty.submit("one"), shifty.submit("two")

    assert shifty.result(new) == {"definition": "d2"}
    assert (shifty.hw.job(late)["state"], shifty.hw.job(running)["state"]) == ("queued", "running")
    (shifty.place / "go on").touch()
    assert shifty.result(running) == {"definition": "d1", "wait": True}
    shifty.serve(one="d1", two="d2")
    assert shifty.result(late) == {"definition": "d1"}


@pytest.mark.timeout(180)
def test_the_kinds_of_an_engine_outlive_its_executor_and_their_jobs_run_in_the_next(shifty: Shifty):
    worker = shifty.work()
    shifty.serve(one="d1")
    [executor] = psutil.Process(worker.pid).children()

    os.kill(executor.pid, signal.SIGKILL)
    jobs = [shifty.submit("one") for _ in range(8)]

    assert [shifty.result(job) for job in jobs] == [{"definition": "d1"}] * 8
    assert "mcp.toy.one" in shifty.served
    assert {len(shifty.hw.job(job)["attempts"]) for job in jobs} <= {1, 2}


def test_what_changed_while_the_link_was_away_is_in_the_hello_of_the_next(shifty: Shifty):
    with link_to(shifty.hw) as link:
        shifty.work(link.url)
        shifty.serve(one="d1")

        link.bar()
        link.cut()
        shifty.have(two="d2")
        job = shifty.submit("two")
        shifty.hw.until(lambda: "1 new, 1 gone" in shifty.hw.log("w.log"), "the worker knows")
        link.unbar()

        result = shifty.result(job)

    assert result == {"definition": "d2"}
    assert {"mcp.toy.one", "mcp.toy.two"} & shifty.served == {"mcp.toy.two"}


def test_jobs_of_a_kind_that_is_defined_otherwise_wait_until_a_person_approves_it(shifty: Shifty):
    shifty.work()
    shifty.serve(one="d1")

    shifty.serve(one="d2")
    shifty.hw.until(lambda: "quarantine" in shifty.hw.http.get("/api/v1/kinds/mcp.toy.one").json(), "it is quarantined")
    waits = shifty.submit("one")
    shifty.serve(one="d2", two="d9")
    assert shifty.result(shifty.submit("two")) == {"definition": "d9"}
    assert shifty.hw.job(waits)["state"] == "queued"
    shifty.hw.http.post("/api/v1/kinds/mcp.toy.one/approve", json={"definition": "d2"})

    assert shifty.result(waits) == {"definition": "d2"}
