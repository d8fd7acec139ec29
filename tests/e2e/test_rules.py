"""What the rules of queues, submits, retries, cancels and logs promise, kept by real processes at the same time."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from processes import Gate, Headway, headway

pytestmark = pytest.mark.timeout(120)

FINAL = ("completed", "failed", "cancelled")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """One server and two workers for all of them; at the end the log is compared with the rows."""
    with headway(tmp_path_factory.mktemp("rules")) as hw:
        hw.serve()
        hw.work("w1", "--slots", "8")
        hw.work("w2", "--slots", "8")
        yield hw
        hw.verified()


def _paused(hw: Headway, queue: str, **limits: Any) -> str:
    hw.http.patch(f"/api/v1/queues/{queue}", json={"paused": True, **limits}).raise_for_status()
    return queue


def _resume(hw: Headway, queue: str) -> None:
    hw.http.patch(f"/api/v1/queues/{queue}", json={"paused": False}).raise_for_status()


def _types(hw: Headway, id: str) -> Counter[str]:
    return Counter(event["type"] for event in hw.events(id))


def _most_at_once(hw: Headway, ids: set[str], group: dict[str, str]) -> dict[str, int]:
    """The most jobs of each group that had an attempt at the same time, by the log itself."""
    now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    with sqlite3.connect(f"file:{next(hw.folder.glob('*.db'))}?mode=ro", uri=True) as db:
        for type, job in db.execute("SELECT type, job FROM events ORDER BY seq"):
            if job in ids and type in ("job.offered", "job.attempt_ended"):
                now[group[job]] += 1 if type == "job.offered" else -1
                most[group[job]] = max(most[group[job]], now[group[job]])
    return dict(most)


# -- submits -------------------------------------------------------------------------------------------------------


def _by_fifty(hw: Headway, **request: Any) -> list[httpx.Response]:
    def submit(_: int) -> httpx.Response:
        with httpx.Client(base_url=hw.url, timeout=60) as http:
            return http.post("/api/v1/jobs", **request)

    with ThreadPoolExecutor(50) as pool:
        return list(pool.map(submit, range(50)))


def test_fifty_clients_with_one_unique_key_make_one_job(running: Headway) -> None:
    queue = _paused(running, "unique")

    answers = _by_fifty(running, json={"kind": "add", "args": {"a": 1}, "queue": queue, "unique": "the-one"})

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}


def test_fifty_clients_with_one_idempotency_key_make_one_job(running: Headway) -> None:
    queue = _paused(running, "idempotent")
    body = {"kind": "add", "args": {"a": 1}, "queue": queue}

    answers = _by_fifty(running, json=body, headers={"Idempotency-Key": "k"})
    other = running.http.post("/api/v1/jobs", json=body | {"priority": 9}, headers={"Idempotency-Key": "k"})

    assert len({answer.json()["id"] for answer in answers}) == 1
    assert running.http.get("/api/v1/jobs", params={"q": f"queue:{queue}"}).json()["jobs"][1:] == []
    assert other.status_code == 422


# -- queues --------------------------------------------------------------------------------------------------------


def test_limits_of_queue_kind_and_key_are_never_exceeded(running: Headway) -> None:
    queue = _paused(running, "tight", limit=3)
    wide = _paused(running, "wide")
    together = running.folder / "together"
    together.mkdir()
    running.http.patch("/api/v1/kinds/crowd", json={"limit": 5, "key_limit": 2}).raise_for_status()
    jobs = [
        {"kind": "crowd", "args": {"folder": str(together)}, "queue": where, "limit_key": f"key-{number % 3}"}
        for number in range(150)
        for where in (queue, wide)
    ]
    answers = running.http.post("/api/v1/jobs/batch", json={"jobs": jobs}).json()["jobs"]
    ids = [answer["id"] for answer in answers]

    _resume(running, queue)
    _resume(running, wide)
    done = [running.state(id, "completed", timeout=60) for id in ids]

    by_queue = _most_at_once(running, set(ids), {job["id"]: job["queue"] for job in done})
    by_key = _most_at_once(running, set(ids), {job["id"]: job["limit_key"] for job in done})
    in_all = _most_at_once(running, set(ids), dict.fromkeys(ids, "crowd"))
    assert by_queue[queue] <= 3
    assert max(by_key.values()) <= 2
    assert 1 < in_all["crowd"] <= 5
    assert max(job["result"] for job in done) <= 5


def test_a_paused_queue_gives_nothing_out_and_then_the_most_urgent_first(running: Headway) -> None:
    queue = _paused(running, "urgent", limit=1)
    order = [0, 5, -3, 5, 9]
    ids = [running.submit_with({"queue": queue, "priority": each}, "add", a=each) for each in order]
    others = running.submit("add", a=1)

    running.state(others, "completed")
    waiting = {running.job(id)["state"] for id in ids}
    _resume(running, queue)
    done = [running.state(id, "completed") for id in ids]

    assert waiting == {"queued"}
    begun = sorted(
        done, key=lambda job: next(e["seq"] for e in running.events(job["id"]) if e["type"] == "job.offered")
    )
    assert [job["id"] for job in begun] == [ids[4], ids[1], ids[3], ids[0], ids[2]]


# -- attempts ------------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_there_for_the_next_attempt(running: Headway) -> None:
    job = running.state(running.submit("resumed"), "completed")

    assert job["result"] == {"attempt": 2, "found": {"done": [1, 2]}, "key": job["id"]}


def test_children_know_their_parent(running: Headway) -> None:
    job = running.state(running.submit("parent", children=3), "completed")
    children = [running.state(id, "completed") for id in job["result"]]

    assert {child["parent"] for child in children} == {job["id"]}


def test_a_chain_runs_in_order_and_breaks_where_it_breaks(running: Headway) -> None:
    queue = _paused(running, "chain")
    first = running.submit("add", queue=queue, a=1)
    second = running.submit_with({"after": [first]}, "add", a=2)
    broken = running.submit("fail", queue=queue)
    never = running.submit_with({"after": [broken]}, "add", a=3)
    nor = running.submit_with({"after": [never, second]}, "add", a=4)
    waiting = {running.job(id)["state"] for id in (second, never, nor)}

    _resume(running, queue)
    ended = {id: running.state(id, *FINAL) for id in (first, second, broken, never, nor)}

    assert waiting == {"blocked"}
    assert [ended[id]["state"] for id in (first, second, broken)] == ["completed", "completed", "failed"]
    assert ended[second]["started_at"] >= ended[first]["finished_at"]
    assert [(ended[id]["state"], ended[id]["reason"]) for id in (never, nor)] == [("cancelled", "upstream_failed")] * 2


def test_what_is_not_begun_in_its_time_expires_and_a_delay_is_kept(running: Headway) -> None:
    queue = _paused(running, "late")
    expiring = running.submit_with({"queue": queue, "expires": "1s"}, "add", a=1)
    delayed = running.submit_with({"delay": "1s"}, "add", a=1)
    before = running.job(delayed)

    expired = running.state(expiring, *FINAL)
    after = running.state(delayed, "completed")

    assert (expired["state"], expired["reason"]) == ("failed", "expired")
    assert before["state"] == "scheduled"
    assert after["started_at"] >= before["run_at"]


def test_a_retry_waits_its_backoff(running: Headway) -> None:
    id = running.submit_with({"backoff": "1s", "max_attempts": 2}, "fail")
    running.state(id, "failed")

    scheduled = next(event for event in running.events(id) if event["type"] == "job.retry_scheduled")
    ends = [event for event in running.events(id) if event["type"] == "job.attempt_ended"]
    assert 0.25 <= scheduled["data"]["after_s"] <= 2
    assert ends[1]["at"] >= scheduled["data"]["set"]["run_at"]


def test_a_stalled_job_goes_to_another_worker(running: Headway, gate: Gate) -> None:
    id = running.submit_with({"max_attempts": 2, "progress_timeout": "1s"}, "stall", gate=str(gate.path))
    running.until(lambda: running.job(id)["attempt"] == 2, "it runs elsewhere")
    gate.open(2)
    job = running.state(id, "completed")

    attempts = job["attempts"]
    assert attempts["1"]["outcome"] == "stalled"
    assert attempts["1"]["worker"] != attempts["2"]["worker"]


# -- cancels -------------------------------------------------------------------------------------------------------


def _cancel(hw: Headway, id: str) -> dict[str, Any]:
    answer = hw.http.post(f"/api/v1/jobs/{id}/cancel", json={"reason": "enough"})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_what_waits_is_cancelled_at_once(running: Headway) -> None:
    queue = _paused(running, "cancelled")
    queued = running.submit("add", queue=queue, a=1)
    blocked = running.submit_with({"after": [queued]}, "add", a=1)
    scheduled = running.submit_with({"delay": "1h"}, "add", a=1)

    states = [_cancel(running, id)["state"] for id in (scheduled, blocked, queued)]

    assert states == ["cancelled"] * 3


def test_a_running_job_stops_and_a_second_cancel_changes_nothing(running: Headway, gate: Gate) -> None:
    id = running.submit("patient", folder=str(running.folder), gate=str(gate.path))
    running.until(lambda: running.job(id).get("log_lines"), "it runs")

    first = _cancel(running, id)
    again = [_cancel(running, id) for _ in range(3)]
    job = running.state(id, *FINAL)
    after = running.http.post(f"/api/v1/jobs/{id}/cancel", json={})

    assert first["state"] in ("cancelling", "cancelled")
    assert {each["cancel"]["requested_at"] for each in again} == {first["cancel"]["requested_at"]}
    assert job["state"] == "cancelled"
    assert job["cancel"]["stopped_at"] >= job["cancel"]["delivered_at"] >= job["cancel"]["requested_at"]
    assert _types(running, id)["job.cancel_requested"] == 1
    assert after.json().get("state", "cancelled") == "cancelled"
    gate.open()


def test_cancels_that_race_completion_leave_one_outcome_and_a_visible_loser(running: Headway) -> None:
    def race(_: int) -> str:
        with httpx.Client(base_url=running.url, timeout=60) as http:
            id: str = http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}}).json()["id"]
            http.post(f"/api/v1/jobs/{id}/cancel", json={})
            return id

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(race, range(200)))
    jobs = [running.state(id, *FINAL) for id in ids]

    for job in jobs:
        types = _types(running, job["id"])
        assert types["job.completed"] + types["job.cancelled"] + types["job.failed"] == 1
        if job["state"] == "completed" and "cancel" in job:
            assert types["job.cancel_too_late"] == 1
    assert "failed" not in {job["state"] for job in jobs}


# -- logs ----------------------------------------------------------------------------------------------------------


def test_a_bar_of_a_program_is_one_line_and_streams_are_told_apart(running: Headway) -> None:
    job = running.state(running.submit("bars"), "completed")

    lines = running.http.get(f"/api/v1/jobs/{job['id']}/logs", params={"format": "jsonl"}).text.splitlines()
    said = {(line["level"], line["text"]) for line in map(json.loads, lines)}
    assert said == {("out", "100%"), ("out", "done"), ("err", "care")}


def test_a_log_is_read_by_range_tail_text_and_level(running: Headway) -> None:
    job = running.state(running.submit("flood", lines=1500, size=10), "completed")
    path = f"/api/v1/jobs/{job['id']}/logs"

    whole = running.http.get(path).text.splitlines()
    part = running.http.get(path, params={"from": 1001, "limit": 5}).text.splitlines()
    tail = running.http.get(path, params={"tail": 3}).text.splitlines()
    found = running.http.get(path, params={"contains": "149"}).text.splitlines()
    none = running.http.get(path, params={"level": "error"}).text

    assert [line.split()[0] for line in whole] == [str(number) for number in range(1500)]
    assert part == whole[1000:1005]
    assert tail == whole[-3:]
    assert [line.split()[0] for line in found] == [str(n) for n in range(1500) if "149" in str(n)]
    assert none == ""


def test_a_flood_is_cut_by_its_rate_and_the_cut_is_said(running: Headway) -> None:
    job = running.state(running.submit("flood", lines=12_000, size=1), "completed")

    assert job["log_lines"] < 12_000
    assert any(
        "log lines were dropped: more than 2,000 lines in one second" in note["message"] for note in job["notes"]
    )


# -- offers --------------------------------------------------------------------------------------------------------


def test_an_offer_nobody_took_is_withdrawn_by_a_cancel_and_goes_elsewhere_without_counting(hw: Headway) -> None:
    hw.env |= {"HEADWAY_LEASE_S": "60", "HEADWAY_ACCEPT_S": "1"}
    hw.serve()
    frozen = hw.work("w1", "--slots", "2")
    frozen.send_signal(signal.SIGSTOP)
    cancelled = hw.submit("add", a=1)
    moved = hw.submit("add", a=2)
    hw.until(lambda: hw.job(cancelled)["attempt"] == 1, "it is offered")

    _cancel(hw, cancelled)
    gone = hw.job(cancelled)
    hw.work("w2")
    done = hw.state(moved, "completed")
    frozen.send_signal(signal.SIGCONT)

    assert gone["state"] == "cancelled"
    assert done["tries"] == 1
    assert done["attempts"]["1"]["outcome"] == "released"


def test_a_log_over_its_quota_is_cut_and_says_so(hw: Headway) -> None:
    hw.env["HEADWAY_LOG_BYTES"] = "100000"
    hw.serve()
    hw.work()

    job = hw.state(hw.submit("flood", lines=1500, size=1000), "completed")

    assert "100,000 bytes" in job["log_cut"]
    size = len(hw.http.get(f"/api/v1/jobs/{job['id']}/logs").content)
    assert 90_000 < size <= 100_000


def test_artifacts_stay_in_their_folder_whatever_they_are_called(running: Headway) -> None:
    id = running.submit("add", a=1)
    running.state(id, "completed")
    names = ["../../evil", "..%2f..%2fevil", "%2e%2e/evil", "/etc/passwd", "a/../../b", "x\\..\\y", "%00", "a" * 2000]

    answers = [
        running.http.request(method, f"/api/v1/jobs/{id}/artifacts/{name}")
        for name in names
        for method in ("GET", "PUT")
    ]
    answers += [running.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/{name}", content=b"x") for name in names]

    assert {answer.status_code // 100 for answer in answers} == {4}
    assert not list(Path(running.folder).rglob("evil"))
