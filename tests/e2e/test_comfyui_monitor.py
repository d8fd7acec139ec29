"""The monitor that never lies: early or late, by snapshot, live or REST, and it follows the engines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from comfy_scene import Monitor, bytes_of, service, services, snapshot, submit, why, work
from headway.protocol.viewing import View
from headway.testing.comfyui import FakeComfy, image_workflow, steps_workflow
from processes import Headway

pytestmark = [pytest.mark.process, pytest.mark.timeout(180)]


@pytest.fixture
def comfy() -> Iterator[FakeComfy]:
    with FakeComfy() as fake:
        yield fake


@pytest.fixture
def monitor(hw: Headway) -> Iterator[Monitor]:
    """A server, and a monitor that was there before any machine."""
    hw.serve()
    found = Monitor(hw)
    yield found
    found.close()


def jobs_of_r5(count: int = 20) -> list[dict[str, Any]]:
    """Every fourth one is the one before it again: ComfyUI has it in its cache and ends it in milliseconds."""
    return [image_workflow(color - (color % 4 == 3)) for color in range(count)]


def service_at(view: View, id: str) -> dict[str, Any]:
    return view.topics["workers"].documents["service"][id]


def test_a_monitor_opened_before_the_machine_and_one_opened_after_show_the_same_bytes(
    hw: Headway, monitor: Monitor, comfy: FakeComfy
):
    late = [snapshot(hw)]
    work(hw, comfy)
    late.append(snapshot(hw))

    ids = [submit(hw, workflow) for workflow in jobs_of_r5()]
    while not all(hw.job(id)["state"] == "completed" for id in ids):
        late.append(snapshot(hw))
    hw.until(lambda: service(hw, comfy)["status"] == "idle", "it is idle")
    late.append(snapshot(hw))

    assert [bytes_of(view) for view in late] == [bytes_of(monitor.at(view.seq or 0)) for view in late]
    assert len({view.seq for view in late}) > 5
    cached = [bool(hw.job(id)["result"]["cached"]) for id in ids]
    assert cached == [False, False, False, True] * 5
    hw.verified()


def test_the_status_of_a_service_follows_its_work_and_is_the_same_by_snapshot_live_and_rest(
    hw: Headway, monitor: Monitor, comfy: FakeComfy
):
    seen: list[tuple[dict[str, Any], View]] = []
    worker = work(hw, comfy)

    id = submit(hw, steps_workflow(steps=30, seconds_per_step=0.03))
    while hw.job(id)["state"] != "completed" or service(hw, comfy)["status"] != "idle":
        seen.append((service(hw, comfy), snapshot(hw)))
    failed = submit(hw, steps_workflow(steps=20, seconds_per_step=0.05, fail_at=18))
    hw.state(failed, "failed")
    hw.until(lambda: service(hw, comfy)["status"] == "error", "its error stands")
    seen.append((service(hw, comfy), snapshot(hw)))
    worker.terminate()
    worker.wait(20)
    hw.until(lambda: service(hw, comfy)["status"] == "unknown", "nobody tells of it any more")
    seen.append((service(hw, comfy), snapshot(hw)))

    stages = monitor.stages_of(comfy, seen[-1][1].seq or 0)
    assert stages[:2] == ["starting", "idle"]
    assert [each for each in stages if each != "starting"] == [
        "idle", "busy", "idle", "busy", "error", "unknown",
    ]  # fmt: skip
    for rest, view in seen:
        assert bytes_of(view) == bytes_of(monitor.at(view.seq or 0))
        live = service_at(monitor.at(rest["seq"]), rest["id"])
        assert {key: rest.get(key) for key in ("status", "job", "error", "reason", "version", "slots")} == {
            key: live.get(key) for key in ("status", "job", "error", "reason", "version", "slots")
        }
    busy = [rest for rest, _ in seen if rest["status"] == "busy"]
    assert {rest["job"] for rest in busy} == {id}
    assert "deliberate failure at step 18" in seen[-2][0]["error"]


def test_a_machine_shows_its_workers_their_engines_and_what_those_are_made_of(hw: Headway, comfy: FakeComfy):
    hw.serve()
    with FakeComfy("0.38") as newer:
        work(hw, comfy, newer)
        work(hw, comfy, name="w2")
        told = {(each["worker"], each["name"]): each for each in services(hw)}

        first = told["basic-1/w1", f"127.0.0.1:{newer.port}"]
        assert len(told) == 3
        assert (first["version"], first["url"], first["slots"]) == ("0.38.1", newer.url, 1)
        assert (first["load"]["vram_total"], first["load"]["queue_pending"]) == (24 << 30, 0)
        assert {each["id"] for each in hw.workers()} == {"basic-1/w1", "basic-1/w2"}


def test_others_prompts_make_it_busy_and_are_counted(hw: Headway, comfy: FakeComfy):
    hw.serve()
    work(hw, comfy)

    theirs = [comfy.others_prompt(), comfy.others_prompt()]
    hw.until(lambda: service(hw, comfy).get("reason") == "2 prompts of others", "they are told")
    told = service(hw, comfy)
    while comfy.running or comfy.pending:
        for prompt in theirs:
            comfy.delete(prompt)
            comfy.interrupt(prompt)
    hw.until(lambda: service(hw, comfy)["status"] == "idle", "it is idle again")

    assert (told["status"], "job" in told, told["load"]["others"]) == ("busy", False, 2)


def test_an_engine_that_is_away_is_offered_nothing_and_comes_back_by_itself(
    hw: Headway, monitor: Monitor, comfy: FakeComfy
):
    work(hw, comfy)
    comfy.stop()
    hw.until(lambda: service(hw, comfy)["status"] == "unreachable", "it is away")

    id = submit(hw, image_workflow(5))
    hw.until(lambda: f"127.0.0.1:{comfy.port}" in why(hw, id), "why says so")
    told, waiting = why(hw, id), hw.job(id)
    comfy.start()
    job = hw.state(id, "completed")

    assert f"127.0.0.1:{comfy.port} of basic-1/w1 is unreachable since" in told
    assert (waiting["state"], waiting["attempt"]) == ("queued", 0)
    assert job["attempt"] == 1
    hw.until(lambda: service(hw, comfy)["status"] == "idle", "it is idle")
    stages = monitor.stages_of(comfy, snapshot(hw).seq or 0)
    assert [each for each in stages if each != "starting"] == [
        "idle", "unreachable", "idle", "busy", "idle",
    ]  # fmt: skip
