"""ComfyUI restarts and hangs, workers and servers are killed, prompts are cancelled and refused: one outcome, and said."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from comfy_scene import prompt_of, service, submit, work
from headway.testing.comfyui import FakeComfy, image_workflow, steps_workflow
from processes import Headway

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]

LONG = 5_000
"""Steps of a prompt that only a cancel or a fault ends."""


@pytest.fixture(params=["0.3.64", "0.38.1"])
def comfy(request: pytest.FixtureRequest) -> Iterator[FakeComfy]:
    """Of each generation."""
    with FakeComfy(request.param) as fake:
        yield fake


@pytest.fixture
def newer() -> Iterator[FakeComfy]:
    with FakeComfy("0.38.1") as fake:
        yield fake


def running(hw: Headway, comfy: FakeComfy, *, steps: int = LONG, seconds_per_step: float = 0.02, **options: Any) -> str:
    """A job whose prompt is at its second step or later."""
    id = submit(hw, steps_workflow(steps=steps, seconds_per_step=seconds_per_step), **options)

    def at_a_step() -> bool:
        told = hw.job(id).get("progress", {})
        return told.get("unit") == "step" and told.get("current", 0) >= 2

    hw.until(at_a_step, "it is at a step")
    assert prompt_of(comfy, id) is not None
    return id


def kill(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)


def clear(comfy: FakeComfy, *prompts: str) -> None:
    """Somebody ends prompts at ComfyUI's own page."""
    while {*comfy.running, *comfy.pending} & {*prompts}:
        for prompt in prompts:
            comfy.delete(prompt)
            if prompt in comfy.running:
                comfy.interrupt(prompt)


def outcomes(job: dict[str, Any]) -> list[str]:
    return [job["attempts"][number]["outcome"] for number in sorted(job["attempts"])]


def test_a_cancel_ends_that_prompt_alone_and_is_told_when_comfyui_really_stops(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)
    id = running(hw, comfy)
    ours, theirs = prompt_of(comfy, id), comfy.others_prompt()

    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    job = hw.state(id, "cancelled")

    assert ours in comfy.history
    hw.until(lambda: comfy.running == [theirs], "the other's prompt runs")
    assert outcomes(job) == ["cancelled"]
    clear(comfy, theirs)
    assert ("POST", "/interrupt") not in comfy.requests or comfy.generation.startswith("0.3")


def test_a_cancel_that_has_to_wait_for_a_node_says_so_until_it_has_stopped(hw: Headway, newer: FakeComfy):
    hw.serve()
    work(hw, newer)
    id = running(hw, newer)
    newer.hang()

    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    hw.until(lambda: "Waiting for ComfyUI to stop" in str(hw.job(id)["attempts"]), "it says so")
    meanwhile = hw.job(id)["state"]
    newer.thaw()
    job = hw.state(id, "cancelled")

    assert meanwhile == "cancelling"
    assert (outcomes(job), newer.running) == (["cancelled"], [])


def test_a_pending_prompt_is_taken_out_and_the_one_that_runs_goes_on(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)
    theirs = comfy.others_prompt(steps=LONG)
    id = submit(hw, image_workflow(7))
    hw.until(lambda: prompt_of(comfy, id, running=False), "it waits behind the other")

    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    hw.state(id, "cancelled")

    assert (comfy.running, comfy.pending) == ([theirs], [])
    clear(comfy, theirs)


def test_a_restart_of_comfyui_costs_a_try_and_not_the_job(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)
    id = running(hw, comfy, steps=150)

    comfy.restart()
    job = hw.state(id, "completed", "failed")

    assert (job["state"], job["attempt"]) == ("completed", 2)
    assert outcomes(job) == ["errored", "succeeded"]
    assert job["attempts"]["1"]["error"]["type"] == "PromptLost"
    assert len(comfy.history) == 1


def test_a_killed_worker_leaves_no_prompt_behind_for_long(hw: Headway, comfy: FakeComfy):
    hw.serve()
    first = work(hw, comfy)
    id = running(hw, comfy)
    left = prompt_of(comfy, id)

    kill(first)
    work(hw, comfy)
    hw.until(lambda: hw.job(id)["attempt"] == 2 and prompt_of(comfy, id) not in {None, left}, "another one runs")

    assert comfy.history[left or ""]["status"]["messages"][-1][0] == "execution_interrupted"
    assert len(comfy.running) == 1
    hw.http.post(f"/api/v1/jobs/{id}/cancel")
    assert outcomes(hw.state(id, "cancelled"))[-1] == "cancelled"
    hw.until(lambda: comfy.running == [], "nothing runs any more")


def test_a_server_killed_in_the_middle_costs_nothing(hw: Headway, comfy: FakeComfy):
    hw.env["HEADWAY_LEASE_S"] = "30"
    server = hw.serve()
    work(hw, comfy)
    id = running(hw, comfy, steps=200)

    kill(server)
    hw.serve()
    job = hw.state(id, "completed")

    assert (job["attempt"], job["progress"]["overall"]) == (1, 1.0)
    assert list(comfy.history) == [job["result"]["prompt_id"]]
    hw.verified()


def test_what_stalls_is_given_to_another_worker_and_what_goes_on_goes_on(hw: Headway, comfy: FakeComfy):
    hw.serve()
    with FakeComfy(comfy.generation) as other:
        work(hw, comfy, name="w1")
        work(hw, other, name="w2")
        workflow = steps_workflow(steps=500, seconds_per_step=0.02)  # ten seconds of it
        ids = [submit(hw, workflow, progress_timeout="4s") for _ in range(2)]
        hw.until(lambda: comfy.running and other.running, "both are at it")
        stalls, goes_on = sorted(ids, key=lambda id: prompt_of(comfy, id) is None)
        comfy.freeze()
        long, job = hw.state(goes_on, "completed", "failed"), hw.state(stalls, "completed", "failed")

    assert (long["state"], long["attempt"]) == ("completed", 1)
    assert (job["state"], outcomes(job)) == ("completed", ["stalled", "succeeded"])
    assert [job["attempts"][each]["worker"] for each in ("1", "2")] == ["basic-1/w1", "basic-1/w2"]


def test_what_stalled_is_stopped_once_its_comfyui_is_reached_again(hw: Headway):
    hw.serve()
    with FakeComfy("0.3.64") as comfy:  # asked to look first: no order waits in its socket's buffer
        work(hw, comfy, name="w1")
        id = running(hw, comfy, progress_timeout="3s", max_attempts=1)
        left = prompt_of(comfy, id)
        comfy.freeze()
        hw.state(id, "failed")
        hw.until(lambda: hw.workers()[0].get("load", {}).get("busy") == 0, "its worker has let go of it")

        comfy.thaw()

        hw.until(lambda: left not in comfy.running, "its prompt is stopped")
        hw.until(lambda: service(hw, comfy)["status"] == "idle", "the engine is free")


def test_a_node_that_fails_is_named_and_the_job_is_not_tried_again(hw: Headway, newer: FakeComfy):
    hw.serve()
    work(hw, newer)

    failed = hw.state(submit(hw, steps_workflow(steps=3, fail_at=1)), "failed")
    newer.fail_next("torch.OutOfMemoryError", "Allocation on device 0 would exceed allowed memory")
    memory = hw.state(submit(hw, image_workflow(8)), "completed", "failed")

    error = failed["attempts"]["1"]["error"]
    assert (error["type"], failed["attempt"]) == ("NodeFailed", 1)
    assert "HeadwaySteps" in error["message"]
    assert "deliberate failure at step 1" in error["message"]
    assert outcomes(memory) == ["errored", "succeeded"]
    assert memory["attempts"]["1"]["error"]["type"] == "OutOfMemory"


def test_a_workflow_that_comfyui_refuses_fails_with_node_and_input(hw: Headway, newer: FakeComfy):
    hw.serve()
    work(hw, newer)
    workflow = image_workflow(9)
    workflow["2"]["inputs"]["blur_radius"] = 500

    job = hw.state(submit(hw, workflow), "failed")

    error = job["attempts"]["1"]["error"]
    assert (error["type"], job["attempt"]) == ("WorkflowRefused", 1)
    assert all(word in error["message"] for word in ("ImageBlur", "blur_radius", "500", "31")), error["message"]


def test_a_partly_valid_workflow_makes_what_it_can_and_warns(hw: Headway, newer: FakeComfy):
    hw.serve()
    work(hw, newer)
    workflow = image_workflow(10)
    workflow["5"] = {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 500, "sigma": 1.0}}
    workflow["6"] = {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "bad"}}

    job = hw.state(submit(hw, workflow), "completed")

    assert list(job["result"]["outputs"]) == ["9"]
    assert (job["result"]["executed"], job["progress"]["total"], job["warnings"]) == (3, 3, 1)
    (note,) = job["notes"]
    assert all(word in note["message"] for word in ("ImageBlur (node 5)", "blur_radius", "31")), note


def test_answers_that_get_lost_and_sockets_that_drop_cost_no_try(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)

    comfy.lose_post_answer()
    first = hw.state(submit(hw, image_workflow(11)), "completed", "failed")
    comfy.lose_post()
    second = hw.state(submit(hw, image_workflow(12)), "completed", "failed")
    id = running(hw, comfy, steps=200)
    comfy.drop_sockets()
    hw.until(lambda: service(hw, comfy)["status"] == "busy" and comfy.clients, "it is linked again")
    comfy.deafen_sockets()
    third = hw.state(id, "completed", "failed")

    assert [(job["state"], job["attempt"]) for job in (first, second, third)] == [("completed", 1)] * 3
    assert len(comfy.history) == 3
