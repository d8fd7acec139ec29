"""Two servers on one PostgreSQL: what is asked at one is done at the other, and limits hold for both together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from cluster import Balancer, Cluster, cluster
from postgres import Postgres
from processes import Gate, Headway

pytestmark = pytest.mark.timeout(180)
AT_A: dict[str, Any] = {"requires": {"at": "a"}}
AT_B: dict[str, Any] = {"requires": {"at": "b"}}


@pytest.fixture(scope="module")
def two(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two servers for the tests of this file, two workers at each, and viewers."""
    database = postgres.new_database()
    with cluster(tmp_path_factory.mktemp("across"), database, HEADWAY_STALE_S="4", HEADWAY_LEASE_S="25") as running:
        running.serve()
        linked = [(running.a, "a", "a1"), (running.a, "a", "a2"), (running.b, "b", "b1"), (running.b, "b", "b2")]
        with ThreadPoolExecutor(4) as pool:
            for node, at, name in linked:
                pool.submit(running.work, name, "--slots", "4", "--label", f"at={at}", by=node, server=node.url)
        running.watchers.both_ways(*running.urls)
        yield running
    postgres.drop_database(database)


def _patch(node: Headway, queue: str, **change: Any) -> None:
    node.http.patch(f"/api/v1/queues/{queue}", json=change).raise_for_status()


def _act(node: Headway, id: str, action: str, **body: Any) -> dict[str, Any]:
    answer = node.http.post(f"/api/v1/jobs/{id}/{action}", json=body)
    answer.raise_for_status()
    document: dict[str, Any] = answer.json()
    return document


def _by_eight(two: Cluster, path: str, **request: Any) -> list[httpx.Response]:
    """The same request eight times at once, every second one at the other server."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda turn: two.nodes[turn % 2].http.post(path, **request), range(8)))


def test_a_job_of_one_server_is_waited_for_there_and_done_at_the_other(two: Cluster) -> None:
    id = two.a.submit_with(AT_B, "add", a=1)
    waited = two.a.http.get(f"/api/v1/jobs/{id}/result", params={"wait": 20}).json()
    other = two.b.http.post("/api/v1/jobs", params={"wait": "20s"}, json={"kind": "add", "args": {"a": 2}, **AT_A})

    assert (waited["final"], waited["result"]) == (True, {"sum": 2})
    assert other.status_code in (200, 201)
    assert two.a.state(other.json()["id"], "completed")["result"] == {"sum": 3}


def test_a_cancel_at_one_server_stops_the_attempt_at_the_other(two: Cluster, gate: Gate) -> None:
    id = two.a.submit_with(AT_B, "patient", folder=str(two.a.folder), gate=str(gate.path))
    two.a.until(lambda: two.a.job(id).get("log_lines"), "it runs")

    _act(two.a, id, "cancel", reason="enough")
    job = two.a.state(id, "cancelled", timeout=20)
    gate.open()

    assert (two.a.folder / "stopped-1").read_text() == "cancelled"
    assert job["cancel"]["stopped_at"]


def test_pause_hold_and_priority_of_one_server_bind_the_other(two: Cluster) -> None:
    queue = "ordered"
    _patch(two.a, queue, limit=1, paused=True)
    ids = [two.a.submit_with({"queue": queue, **AT_B}, "add", a=number) for number in range(3)]
    held = two.b.submit_with({"queue": queue, **AT_B}, "add", a=9)
    _act(two.a, held, "hold")
    _act(two.a, ids[2], "priority", priority=9)
    assert [two.b.job(id)["state"] for id in [*ids, held]] == ["queued"] * 4

    _patch(two.a, queue, paused=False)
    jobs = [two.b.state(id, "completed") for id in ids]
    waits = two.b.job(held)
    _act(two.a, held, "release")
    two.b.state(held, "completed")

    begun = sorted(jobs, key=lambda job: job["attempts"]["1"]["started_at"])
    assert [job["args"]["a"] for job in begun] == [2, 0, 1]
    assert waits["state"] == "queued"


@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_holds_for_the_workers_of_both_servers_together(two: Cluster, limit: int) -> None:
    queue, folder = f"limited-{limit}", two.a.folder / f"crowd-{limit}"
    folder.mkdir()
    _patch(two.a, queue, limit=limit)
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(
            lambda number: two.nodes[number % 2].submit_with({"queue": queue}, "crowd", folder=str(folder)), range(40)
        ))  # fmt: skip
    jobs = [two.a.state(id, "completed") for id in ids]

    together = [job["result"] for job in jobs]
    assert max(together) <= limit
    assert len({attempt["worker"] for job in jobs for attempt in job["attempts"].values()}) > 1


def test_a_limit_key_holds_at_both_servers(two: Cluster) -> None:
    folder = two.a.folder / "keyed"
    folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(
            lambda number: two.nodes[number % 2].submit_with({"limit_key": "one"}, "keyed", folder=str(folder)), range(12)
        ))  # fmt: skip

    assert {two.b.state(id, "completed")["result"] for id in ids} == {1}


def test_one_unique_key_at_both_servers_at_once_is_one_job(two: Cluster) -> None:
    for number in range(10):
        body = {"kind": "add", "args": {"a": number}, "queue": "nobody", "unique": f"key-{number}", "delay": "1h"}
        answers = _by_eight(two, "/api/v1/jobs", json=body)

        assert {answer.status_code for answer in answers} <= {200, 201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sum(answer.json()["created"] for answer in answers) == 1


def test_one_idempotency_key_at_both_servers_at_once_is_one_job(two: Cluster) -> None:
    for number in range(5):
        body = {"kind": "add", "args": {"a": number}, "delay": "1h"}
        answers = _by_eight(two, "/api/v1/jobs", json=body, headers={"Idempotency-Key": f"i-{number}"})

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["id"] for answer in answers}) == 1


def test_actions_on_one_job_at_both_servers_are_one_after_the_other(two: Cluster) -> None:
    id = two.a.submit_with({"delay": "1h"}, "add", a=1)

    answers = [
        answer
        for turn in range(1, 6)
        for answer in _by_eight(two, f"/api/v1/jobs/{id}/priority", json={"priority": turn})
    ]
    changes = [event["seq"] for event in two.b.events(id) if event["type"] == "job.priority_changed"]

    assert {answer.status_code for answer in answers} == {200}
    assert len(changes) == 5


def test_a_worker_comes_back_at_the_other_server_while_its_old_link_hangs(two: Cluster, gate: Gate) -> None:
    way = Balancer([two.a.port])
    try:
        two.work("mover", "--slots", "1", "--label", "at=mover", server=way.url)
        id = two.b.submit_with({"requires": {"at": "mover"}}, "gated", gate=str(gate.path))
        two.b.until(lambda: two.b.job(id).get("log_lines"), "it runs")
        at_a = next(each for each in two.b.workers() if "mover" in each["id"])["server"]

        way.ports = [two.b.port]
        way.strand()
        two.b.until(
            lambda: any(
                "mover" in each["id"] and each["state"] == "online" and each["server"] != at_a for each in two.b.workers()
            ),
            "it is at the other server",
        )  # fmt: skip
        gate.open()
        job = two.a.state(id, "completed")
        links = two.a.http.get("/api/v1/admin/connections").json()["workers"]
    finally:
        way.close()

    assert (job["attempt"], job["result"]) == (1, {"attempt": 1})
    assert not [each for each in links if "mover" in (each["worker"] or "") and each["phase"] == "live"]


def test_after_all_of_it_the_log_is_whole_and_no_worker_of_a_follower_was_taken_for_silent(two: Cluster) -> None:
    two.watchers.judged(two, two.a)
    two.a.verified()
    two.b.verified()

    stale = two.rows("SELECT subject FROM events WHERE type IN ('worker.stale', 'worker.lost')")
    assert {str(subject) for (subject,) in stale} <= {"bench/mover"}
