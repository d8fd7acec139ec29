"""One action on thousands of jobs, at a real server: watched, cancelled, and outlived."""

from __future__ import annotations

import signal
from typing import Any

import pytest

import headway
from processes import Headway

pytestmark = pytest.mark.timeout(300)

ACTIONS = "/api/v1/jobs/actions"


def submitted(hw: Headway, number: int) -> None:
    """So many jobs that nobody serves."""
    for start in range(0, number, 5_000):
        jobs = [{"kind": "x"}] * min(5_000, number - start)
        hw.http.post("/api/v1/jobs/batch", json={"jobs": jobs}).raise_for_status()


def begun(hw: Headway) -> str:
    answer = hw.http.post(ACTIONS, json={"action": "cancel", "q": "kind:x"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job"])


def counts(hw: Headway) -> dict[str, int]:
    found: dict[str, int] = hw.http.get("/api/v1/queues/default").json()["counts"]
    return found


async def test_three_thousand_are_counted_and_cancelled_and_the_progress_is_seen_by_who_looks(hw: Headway) -> None:
    hw.env["HEADWAY_REPORT_MS"] = "1"
    hw.serve()
    submitted(hw, 3_000)
    async with headway.Client(hw.url) as client:
        meant = await client.matching("kind:x state:queued")

        job = await client.act("cancel", "kind:x state:queued", reason="enough")
        seen: list[Any] = [view.document["progress"] async for view in job.watch() if "progress" in view.document]
        result = await job.result()

    currents = [progress["current"] for progress in seen]
    assert meant["matched"] == 3_000
    assert result == {"matched": 3_000, "done": 3_000, "refused": {}}
    assert currents == sorted(currents)
    assert len({current for current in currents if 0 < current < 3_000}) >= 3, currents
    assert {progress["total"] for progress in seen} == {3_000}
    assert counts(hw) == {"cancelled": 3_000}


def test_cancelled_midway_it_stops_and_what_was_done_stays_done(hw: Headway) -> None:
    hw.serve()
    submitted(hw, 8_000)
    id = begun(hw)

    hw.http.post(f"/api/v1/jobs/{id}/cancel", json={"reason": "wrong ones"}).raise_for_status()
    job = hw.state(id, "cancelled")
    now = counts(hw)

    assert job["result"]["matched"] == 8_000
    assert 0 < job["result"]["done"] < 8_000
    assert now == {"cancelled": job["result"]["done"], "queued": 8_000 - job["result"]["done"]}
    assert job["cancel"].keys() >= {"delivered_at", "acknowledged_at", "stopped_at"}
    hw.verified()


def test_killed_with_its_server_it_is_lost_when_its_lease_is_over_and_can_be_asked_for_again(hw: Headway) -> None:
    server = hw.serve()
    submitted(hw, 8_000)
    id = begun(hw)
    hw.until(lambda: hw.job(id).get("progress", {}).get("current"), "it does something")
    server.send_signal(signal.SIGKILL)
    server.wait(10)

    hw.serve()
    job = hw.state(id, "failed")
    before = counts(hw)
    again = hw.state(begun(hw), "completed")

    assert (job["reason"], job["state"]) == ("worker_lost", "failed")
    assert 0 < before["cancelled"] < 8_000
    assert before["cancelled"] + before["queued"] == 8_000
    assert again["result"]["matched"] == 8_000
    assert counts(hw) == {"cancelled": 8_000}
    hw.verified()


def test_stopped_with_its_server_it_says_how_far_it_came(hw: Headway) -> None:
    server = hw.serve()
    submitted(hw, 8_000)
    id = begun(hw)
    server.send_signal(signal.SIGTERM)
    server.wait(20)

    hw.serve()
    job, now = hw.job(id), counts(hw)

    assert (job["state"], job["attempts"]["1"]["reason"]) == ("cancelled", "the server was stopped")
    assert job["result"]["done"] == now["cancelled"] < 8_000
    assert "jobs left as they were" in job["notes"][-1]["message"]
