"""A SEP-2663 server of others (fastmcp[tasks]) over HTTP: calls that become tasks, and tasks that outlive a worker."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from mcp_peers import fastmcp
from mcp_scene import SERVERS, call, configure, ended, error, progressed, result, service, text, tries, warnings, work
from processes import Headway, free_port, headway

pytestmark = pytest.mark.process


class Fast:
    """The server's process; `runs` tells how often its tool `gated` ran, `open` lets it end."""

    def __init__(self, hw: Headway) -> None:
        self.folder = hw.folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        with (hw.folder / "fast.log").open("ab") as log:
            self.process = subprocess.Popen(
                [fastmcp(), str(SERVERS / "fast.py"), str(self.port), str(hw.folder)],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        hw.processes.append(self.process)
        hw.until(self._answers, "fastmcp answers")

    def _answers(self) -> bool:
        return httpx.get(self.url, timeout=5).status_code > 0

    @property
    def runs(self) -> list[str]:
        told = Path(self.folder / "runs")
        return told.read_text().split() if told.exists() else []

    def open(self) -> None:
        (self.folder / "go").touch()

    def close(self) -> None:
        (self.folder / "go").unlink(missing_ok=True)


@dataclass
class Scene:
    """A server, fastmcp, and the worker of the moment."""

    hw: Headway
    fast: Fast
    worker: subprocess.Popen[bytes] | None = None
    _names: Iterator[int] = field(default_factory=count)

    def with_worker(self) -> None:
        if self.worker is None or self.worker.poll() is not None:
            self.worker = work(self.hw, "fast", worker=f"w{next(self._names)}")

    def kill_worker(self) -> None:
        assert self.worker is not None
        os.killpg(self.worker.pid, signal.SIGKILL)
        self.worker.wait(20)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with headway(tmp_path_factory.mktemp("mcp")) as hw:
        fast = Fast(hw)
        hw.serve()
        configure(hw, fast={"url": fast.url, "tools": {"gated": {"max_attempts": 3}}})
        yield Scene(hw, fast)


@pytest.fixture
def at(scene: Scene) -> Iterator[Scene]:
    """The scene with a worker, the gate closed; open afterwards, so that nothing waits for ever."""
    scene.fast.close()
    scene.with_worker()
    yield scene
    scene.fast.open()


def test_a_call_that_becomes_a_task_shows_its_words_and_gives_its_result(at: Scene):
    hw, fast = at.hw, at.fast
    id = call(hw, "fast.gated", word="hello")
    hw.until(lambda: "waiting for the gate" in str(hw.job(id).get("progress")), "its words are shown")
    fast.open()

    given = result(hw, id)

    assert (given["structured"], given["protocol"]) == ({"said": "hello"}, "2026-07-28")
    assert not [each for each in progressed(hw, id) if each.get("overall")]
    assert service(hw, "fast")["version"].startswith("fast 4.0.11")


def test_a_task_asks_is_answered_and_goes_on(at: Scene):
    hw = at.hw
    id = call(hw, "fast.greeted")
    hw.until(lambda: hw.job(id).get("input"), "it asks")

    hw.run("answer", id, "name=Ada")

    assert text(result(hw, id)) == "accept Ada"


def test_a_task_whose_tool_fails_is_the_tools_failure(at: Scene):
    hw = at.hw

    job = ended(hw, call(hw, "fast.failing"))

    assert error(job)[0] == "ToolFailed"
    assert "nothing works" in error(job)[1]


def test_a_tool_without_a_task_is_an_ordinary_call(at: Scene):
    hw = at.hw

    assert result(hw, call(hw, "fast.plain", n=1))["structured"] == {"result": 2}


def test_a_killed_worker_leaves_its_task_running_and_the_next_one_goes_on_with_it(at: Scene):
    hw, fast = at.hw, at.fast
    id = call(hw, "fast.gated", word="durable")
    hw.until(lambda: "durable" in fast.runs and hw.job(id).get("progress"), "it runs")

    at.kill_worker()
    at.with_worker()
    hw.until(lambda: tries(hw.job(id)) == 2, "the next attempt is under way")
    fast.open()
    given = result(hw, id)

    assert given["structured"] == {"said": "durable"}
    assert fast.runs.count("durable") == 1


def test_a_cancelled_job_cancels_its_task(at: Scene):
    hw, fast = at.hw, at.fast
    id = call(hw, "fast.gated", word="unwanted")
    hw.until(lambda: "unwanted" in fast.runs, "it runs")

    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    job = hw.state(id, "cancelled")

    assert [attempt["outcome"] for attempt in job["attempts"].values()] == ["cancelled"]
    assert "goes on" not in warnings(hw, id)
