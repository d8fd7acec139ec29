"""Processes die, freeze and are cut off; networks drop, delay and half-close. Nothing acknowledged is lost."""

from __future__ import annotations

import os
import re
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from processes import Gate, Headway, link_to

pytestmark = pytest.mark.timeout(120)


def _lines(hw: Headway, id: str) -> list[str]:
    return hw.http.get(f"/api/v1/jobs/{id}/logs").text.splitlines()


def _pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def test_reports_over_a_bad_network_arrive_once_and_in_order(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "20"
    hw.serve()
    with link_to(hw) as link:
        hw.work(server=link.url)
        id = hw.submit("talk", gate=str(gate.path), rounds=6, lines=300)
        hw.until(lambda: hw.job(id)["state"] == "running", "it runs")

        gate.open()
        link.cut()
        gate.open()
        link.freeze()
        gate.open()
        _pause(1)
        link.thaw()
        gate.open()
        link.half_close()
        gate.open()
        link.bar()
        gate.open()
        _pause(1)
        link.unbar()
        job = hw.state(id, "completed", timeout=60)

    assert _lines(hw, id) == [f"line {number}" for number in range(1800)]
    assert (job["attempt"], job["log_lines"]) == (1, 1800)
    assert link.opened >= 3
    hw.verified()


def test_a_server_killed_while_reports_pour_in_keeps_a_log_without_holes(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "20"
    server = hw.serve()
    hw.work("w1", "--slots", "8")
    ids = [hw.submit("talk", gate=str(gate.path), rounds=3, lines=600) for _ in range(8)]

    for _ in range(3):
        before = sum(hw.job(id).get("log_lines", 0) for id in ids)
        gate.open(8)
        hw.until(lambda: sum(hw.job(id).get("log_lines", 0) for id in ids) > before, "lines come")  # noqa: B023
        server.kill()
        server.wait()
        server = hw.serve()
    jobs = [hw.state(id, "completed", timeout=60) for id in ids]

    assert [job["attempt"] for job in jobs] == [1] * 8
    for id in ids:
        assert _lines(hw, id) == [f"line {number}" for number in range(1800)]
    hw.verified()


def test_a_worker_killed_and_started_again_takes_over_before_its_lease_ends(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "300"
    hw.serve()
    first = hw.work("w1", "--slots", "2")
    ids = [hw.submit("gated", gate=str(gate.path)) for _ in range(2)]
    hw.until(lambda: all(hw.job(id).get("log_lines") for id in ids), "both run")

    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    hw.work("w1", "--slots", "2")
    hw.until(lambda: all(hw.job(id)["attempt"] == 2 for id in ids), "both run again")
    gate.open(2)
    jobs = [hw.state(id, "completed") for id in ids]

    assert [job["attempts"]["1"]["outcome"] for job in jobs] == ["crashed"] * 2


def test_a_worker_cut_off_for_its_lease_stops_what_runs_by_its_own_clock(hw: Headway, gate: Gate) -> None:
    hw.serve()
    with link_to(hw) as link:
        hw.work(server=link.url)
        id = hw.submit("patient", folder=str(hw.folder), gate=str(gate.path))
        hw.until(lambda: hw.job(id).get("log_lines"), "it runs")

        link.freeze()
        hw.until((hw.folder / "stopped-1").exists, "its own clock stops it")
        hw.until(lambda: hw.job(id)["attempts"]["1"].get("outcome") == "lost", "its lease ends here too")
        link.thaw()
        gate.open(2)  # the thread of the first still waits
        job = hw.state(id, "completed")

    assert (hw.folder / "stopped-1").read_text() == "lease lost"
    assert job["result"] == 2


@pytest.mark.parametrize(("kind", "attempts"), [("patient", 2), ("unmoved", 1)])
def test_what_a_worker_does_without_a_server_is_the_jobs_choice(
    hw: Headway, gate: Gate, kind: str, attempts: int
) -> None:
    server = hw.serve()
    hw.work()
    id = hw.submit(kind, folder=str(hw.folder), gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("log_lines"), "it runs")

    server.send_signal(signal.SIGSTOP)
    _pause(5)  # the lease in these tests is 3 s
    server.send_signal(signal.SIGCONT)
    hw.until(lambda: hw.job(id)["attempt"] == attempts and any(w["state"] == "online" for w in hw.workers()), "back")
    gate.open(attempts)
    job = hw.state(id, "completed")

    assert job["result"] == attempts
    assert (hw.folder / "stopped-1").exists() == (attempts == 2)
    assert "lost" not in [each.get("outcome") for each in job["attempts"].values()]


def test_a_server_away_costs_fifty_jobs_no_attempt_and_shifts_their_deadlines(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "30"  # as it comes
    server = hw.serve()
    hw.work("w1", "--slots", "50")
    ids = [hw.submit("watched", gate=str(gate.path)) for _ in range(50)]
    hw.until(lambda: all(hw.job(id)["progress"]["overall"] for id in ids), "all 50 run")

    server.kill()
    server.wait()
    _pause(8)  # longer than timeout and progress_timeout, 6 s each
    hw.serve()
    hw.until(lambda: any(w["state"] == "online" for w in hw.workers()), "the worker is back")
    gate.open(50)
    jobs = [hw.state(id, "completed", "failed") for id in ids]

    assert {(job["state"], job["attempt"], job.get("reason")) for job in jobs} == {("completed", 1, None)}
    hw.verified()


def test_an_answer_given_while_the_worker_is_away_reaches_its_handler_once(hw: Headway) -> None:
    hw.env["HEADWAY_LEASE_S"] = "30"
    server = hw.serve()
    with link_to(hw) as link:
        hw.work(server=link.url)
        id = hw.submit("asks", questions=2)
        hw.until(lambda: hw.job(id).get("input"), "it asks")
        link.bar()
        server.kill()
        server.wait()
        hw.serve()

        _answer(hw, id, "while it was away")
        link.unbar()
        hw.until(lambda: hw.job(id).get("input"), "it asks again")
        link.cut()
        _answer(hw, id, "while it was cut")
        job = hw.state(id, "completed")

    assert (job["result"], job["attempt"]) == (["while it was away", "while it was cut"], 1)
    hw.verified()


def _answer(hw: Headway, id: str, content: str) -> None:
    request = hw.job(id)["input"]["request"]
    hw.http.post(f"/api/v1/jobs/{id}/input", json={"request": request, "content": content}).raise_for_status()


def test_an_executor_that_dies_takes_its_attempts_along_and_blames_no_neighbour(hw: Headway, gate: Gate) -> None:
    hw.serve()
    hw.work("w1", "--slots", "3")
    ids = [hw.submit("gated", gate=str(gate.path)) for _ in range(3)]
    hw.until(lambda: all(hw.job(id).get("log_lines") for id in ids), "all run")
    said = {re.search(r"in (\d+)", line) for id in ids for line in _lines(hw, id)}
    executors = {int(match[1]) for match in said if match}

    assert len(executors) == 1
    os.kill(executors.pop(), signal.SIGKILL)
    hw.until(lambda: all(hw.job(id)["attempt"] == 2 for id in ids), "they run again")
    gate.open(3)
    jobs = [hw.state(id, "completed") for id in ids]

    assert {job["attempts"]["1"]["outcome"] for job in jobs} == {"released"}
    assert {job["tries"] for job in jobs} == {1}


def test_a_handler_deaf_to_its_cancel_is_abandoned_and_the_worker_goes_on(hw: Headway, gate: Gate) -> None:
    hw.serve()
    hw.work("w1", "--slots", "1")
    id = hw.submit("gated", gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("log_lines"), "it runs")

    hw.http.post(f"/api/v1/jobs/{id}/cancel").raise_for_status()
    job = hw.state(id, "cancelled")
    after = hw.state(hw.submit("add", a=1), "completed")

    assert job["cancel"]["cleaned"] == "not run"
    assert "abandoned" in job["attempts"]["1"]["reason"]
    assert after["result"] == {"sum": 2}


def test_a_server_that_comes_and_goes_under_submits_keeps_every_acknowledged_job(hw: Headway) -> None:
    server = hw.serve()
    hw.work("w1", "--slots", "8")
    acknowledged: list[str] = []
    over = threading.Event()

    def submit() -> None:
        with httpx.Client(base_url=hw.url, timeout=10) as http:
            while not over.is_set():
                try:
                    answer = http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}})
                except httpx.TransportError:
                    over.wait(0.05)
                    continue
                if answer.status_code == 201:
                    acknowledged.append(answer.json()["id"])

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(submit) for _ in range(4)]
        try:
            for _ in range(3):
                before = len(acknowledged)
                hw.until(lambda: len(acknowledged) > before + 100, "jobs are taken")  # noqa: B023
                server.kill()
                server.wait()
                server = hw.serve()
        finally:
            over.set()
    for each in running:
        each.result()
    for id in acknowledged:
        hw.state(id, "completed", timeout=60)

    hw.verified()


def test_the_folder_of_a_killed_attempt_does_not_outlive_its_worker(hw: Headway, gate: Gate) -> None:
    hw.serve()
    first = hw.work()
    hw.submit("stubborn", folder=str(hw.folder), gate=str(gate.path))
    hw.until((hw.folder / "tmp-of-stubborn").exists, "it runs")
    inside = Path((hw.folder / "tmp-of-stubborn").read_text())

    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    hw.work()

    assert not inside.exists()


# -- leaving, and work of others -----------------------------------------------------------------------------------


def test_a_worker_told_to_leave_finishes_what_runs_and_a_second_signal_gives_it_back(hw: Headway, gate: Gate) -> None:
    hw.serve()
    patient = hw.work("w1")
    finishing = hw.submit("gated", gate=str(gate.path))
    hw.until(lambda: hw.job(finishing).get("log_lines"), "it runs")

    patient.terminate()
    hw.until(lambda: any(w["state"] == "draining" for w in hw.workers()), "it leaves")
    hasty = hw.work("w2")
    os.mkfifo(f"{gate.path}-other")
    released = hw.submit("gated", gate=str(gate.path) + "-other")
    gate.open()
    done = hw.state(finishing, "completed")
    patient.wait(30)
    hw.until(lambda: hw.job(released).get("log_lines"), "it runs elsewhere")
    hasty.terminate()
    hw.until(lambda: any(w["state"] == "draining" for w in hw.workers()), "it leaves")
    hasty.terminate()
    hasty.wait(30)
    job = hw.job(released)

    assert (patient.returncode, done["attempt"]) == (0, 1)
    assert (job["state"], job["tries"], job["attempts"]["1"]["outcome"]) == ("queued", 0, "released")


def test_a_server_told_to_stop_and_started_again_costs_no_attempt(hw: Headway, gate: Gate) -> None:
    server = hw.serve()
    hw.work()
    id = hw.submit("gated", gate=str(gate.path))
    hw.until(lambda: hw.job(id).get("log_lines"), "it runs")

    server.terminate()
    code = server.wait(30)
    gate.open()  # it ends while nobody listens
    hw.serve()
    job = hw.state(id, "completed")

    assert (code, job["attempt"]) == (0, 1)
    hw.verified()


def _adopted(hw: Headway, gate: Gate) -> str:
    """A command run by `headway run` that waits at the gate; the id of its job once it does."""
    hw.spawn(
        "run",
        "--name",
        "outside",
        "--",
        "sh",
        "-c",
        f"echo begun; head -c 1 {gate.path} >/dev/null; echo done",
        log="run.log",
    )
    hw.until(lambda: any(job.get("log_lines") for job in hw.http.get("/api/v1/jobs").json()["jobs"]), "it runs")
    return str(hw.http.get("/api/v1/jobs").json()["jobs"][0]["id"])


def test_a_command_outlives_the_server_that_watches_it(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "30"
    server = hw.serve()
    id = _adopted(hw, gate)
    run = hw.processes[-1]

    server.kill()
    server.wait()
    gate.open()
    hw.until(lambda: "to tell the server" in hw.log("run.log"), "the command ends")
    _pause(4)  # longer than a server that is there needs
    hw.serve()
    job = hw.state(id, "completed", "failed")

    assert job["state"] == "completed"
    assert _lines(hw, id) == ["begun", "done"]
    assert run.wait(30) == 0


def test_a_command_whose_teller_is_killed_is_lost_and_never_run_again(hw: Headway, gate: Gate) -> None:
    hw.serve()
    hw.work()
    id = _adopted(hw, gate)

    os.killpg(hw.processes[-1].pid, signal.SIGKILL)
    job = hw.state(id, "failed")

    assert (job["reason"], job["attempt"]) == ("worker_lost", 1)
    gate.open()


def test_a_command_is_stopped_by_a_cancel(hw: Headway, gate: Gate) -> None:
    hw.serve()
    id = _adopted(hw, gate)

    hw.http.post(f"/api/v1/jobs/{id}/cancel").raise_for_status()
    job = hw.state(id, "cancelled")

    assert hw.processes[-1].wait(30) != 0
    assert job["cancel"]["stopped_at"]
