"""The spine, as a user meets it: real server, real workers, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from headway.protocol.frames import Batch, Snapshot, decode_to_viewer
from headway.protocol.viewing import View
from processes import Gate, Headway

pytestmark = pytest.mark.timeout(120)


def test_a_job_runs_from_submit_to_result(hw: Headway) -> None:
    hw.serve()
    hw.work()

    id = hw.submit("add", a=2, b=3)
    job = hw.state(id, "completed")

    assert job["result"] == {"sum": 5}
    assert job["progress"]["overall"] == 1.0
    assert hw.http.get(f"/api/v1/jobs/{id}/result").json()["result"] == {"sum": 5}


def test_an_embedded_worker_needs_no_second_command(hw: Headway) -> None:
    hw.serve("--app", "jobs_under_test:app")

    id = hw.submit("add", a=1)

    assert hw.state(id, "completed")["result"] == {"sum": 2}


def test_what_a_page_opened_late_shows_is_what_one_opened_early_shows(hw: Headway, gate: Gate) -> None:
    hw.serve()
    early = subprocess.Popen(
        ["curl", "-sN", "-H", "Accept: text/event-stream", f"{hw.url}/api/v1/live?topic=jobs&conflate=false"],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    hw.processes.append(early)
    hw.work()
    id = hw.submit("staged", gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("progress", {}).get("overall", 0) >= 0.25, "the first stage is done")
    gate.open()
    hw.state(id, "completed")

    late = View(["jobs"])
    for frame in hw.http.get("/api/v1/events", params={"topic": "jobs"}).json()["frames"]:
        late.take(decode_to_viewer(json.dumps(frame).encode()))

    assert id in late.topics["jobs"].shown()["documents"]["job"]
    assert _viewed_until(early, late.seq or 0).shown() == late.shown()


def _viewed_until(stream: subprocess.Popen[bytes], seq: int) -> View:
    view = View(["jobs"])
    assert stream.stdout is not None
    for line in stream.stdout:
        frame = decode_to_viewer(line[5:]) if line.startswith(b"data:") else None
        if isinstance(frame, Snapshot | Batch):
            view.take(frame)
        if (view.seq or 0) >= seq:
            return view
    raise AssertionError("the stream ended")


def test_a_server_killed_with_fifty_jobs_running_loses_nothing(hw: Headway, gate: Gate) -> None:
    server = hw.serve()
    hw.work("w1", "--slots", "50")
    ids = [hw.submit("gated", gate=str(gate.path)) for _ in range(50)]
    hw.until(lambda: all(hw.job(id).get("log_lines") for id in ids), "all 50 run")

    server.send_signal(signal.SIGKILL)
    server.wait()
    hw.serve()
    gate.open(50)
    jobs = [hw.state(id, "completed", "failed", timeout=60) for id in ids]

    assert [job["state"] for job in jobs] == ["completed"] * 50
    assert {job["attempt"] for job in jobs} == {1}
    verified = hw.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_a_server_away_for_longer_than_the_lease_costs_no_attempt(hw: Headway, gate: Gate) -> None:
    server = hw.serve()
    hw.work("w1", "--slots", "5")
    ids = [hw.submit("gated", gate=str(gate.path)) for _ in range(5)]
    hw.until(lambda: all(hw.job(id).get("log_lines") for id in ids), "all run")

    server.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        server.wait(5)  # the lease in these tests is 3 s
    server.send_signal(signal.SIGCONT)
    gate.open(5)
    jobs = [hw.state(id, "completed", "failed", timeout=60) for id in ids]

    assert [(job["state"], job["attempt"]) for job in jobs] == [("completed", 1)] * 5


def test_a_killed_worker_gives_its_job_to_another(hw: Headway, gate: Gate) -> None:
    hw.serve()
    first = hw.work("w1")
    id = hw.submit("gated", gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("log_lines"), "it runs")
    hw.work("w2")

    os.killpg(first.pid, signal.SIGKILL)
    hw.until(lambda: hw.job(id)["attempt"] == 2 and hw.job(id).get("log_lines") == 2, "the second attempt runs")
    gate.open()
    job = hw.state(id, "completed")

    assert job["attempts"]["1"]["outcome"] == "lost"
    assert job["result"] == {"attempt": 2}


def test_a_worker_frozen_past_its_lease_is_fenced_when_it_thaws(hw: Headway, gate: Gate) -> None:
    hw.serve()
    first = hw.work("w1")
    id = hw.submit("gated", gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("log_lines"), "it runs")

    os.killpg(first.pid, signal.SIGSTOP)
    hw.until(lambda: hw.job(id)["attempts"]["1"].get("outcome") == "lost", "its lease ends")
    hw.work("w2")
    hw.until(lambda: hw.job(id)["attempt"] == 2 and hw.job(id)["attempts"]["2"]["phase"] == "started", "another has it")
    os.killpg(first.pid, signal.SIGCONT)
    hw.until(lambda: any("w1" in w["id"] and w["state"] == "online" for w in hw.workers()), "w1 is back")
    gate.open(2)
    job = hw.state(id, "completed")

    assert job["result"] == {"attempt": 2}
    assert job["attempts"]["1"]["outcome"] == "lost"


def test_cancel_kills_an_isolated_job_cleans_up_and_gives_a_receipt(hw: Headway, gate: Gate, tmp_path: Path) -> None:
    hw.serve()
    hw.work()
    id = hw.submit("stubborn", folder=str(tmp_path), gate=str(gate.path))
    hw.until((tmp_path / "tmp-of-stubborn").exists, "it runs")
    inside = Path((tmp_path / "tmp-of-stubborn").read_text())

    cancelled = hw.run("cancel", id)
    job = hw.state(id, "cancelled")
    hw.until(lambda: "cleaned_at" in hw.job(id)["cancel"], "the receipt is complete")

    assert cancelled.returncode == 0, cancelled.stderr
    assert job["cancel"]["delivered_at"] >= job["cancel"]["requested_at"]
    assert (tmp_path / f"cleaned-{id}").exists()
    assert not inside.exists()


def test_a_job_that_kills_its_own_process_fails_as_crashed(hw: Headway) -> None:
    hw.serve()
    hw.work()

    id = hw.submit("crash")
    job = hw.state(id, "failed")

    assert job["reason"] == "crashed"


@pytest.mark.parametrize(("kind", "reason"), [("stall", "stalled"), ("overrun", "timeout")])
def test_time_runs_out_by_the_servers_clock(hw: Headway, gate: Gate, kind: str, reason: str) -> None:
    hw.serve()
    hw.work()

    id = hw.submit(kind, gate=str(gate.path))
    job = hw.state(id, "failed")

    assert job["reason"] == reason


def test_a_failing_job_is_tried_again_and_then_fails_with_its_error(hw: Headway) -> None:
    hw.serve()
    hw.work()

    id = hw.submit("fail", message="out of cheese")
    job = hw.state(id, "failed")

    assert (job["reason"], job["tries"]) == ("error", 2)
    assert job["error"]["type"] == "ValueError"
    assert "out of cheese" in job["error"]["message"]
    retried = hw.run("retry", id)
    assert retried.returncode == 0, retried.stderr


def test_a_second_server_on_the_file_is_refused_with_the_way_out(hw: Headway) -> None:
    hw.serve()

    second = hw.run("serve", "--port", "0")

    assert second.returncode != 0
    assert "another" in second.stderr.lower()
    assert "Traceback" not in second.stderr


def test_run_makes_any_command_a_job_and_keeps_its_exit_code(hw: Headway) -> None:
    hw.serve()

    done = hw.run("run", "--name", "counting", "--", "sh", "-c", "for i in 1 2 3; do echo step $i; done; exit 3")
    jobs = hw.http.get("/api/v1/jobs").json()["jobs"]

    assert done.returncode == 3
    assert "step 2" in done.stdout
    assert jobs[0]["state"] == "failed"
    assert jobs[0]["adopted"] is True
    log = hw.http.get(f"/api/v1/jobs/{jobs[0]['id']}/logs", params={"format": "text"}).text
    assert "step 3" in log
