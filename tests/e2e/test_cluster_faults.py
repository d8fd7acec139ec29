"""Two servers on one PostgreSQL: servers and the database are killed, frozen and ended under load. Nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster, Load, cluster
from postgres import Postgres, required_postgres
from processes import Gate, Headway

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def two(tmp_path: Path, database: str) -> Iterator[Cluster]:
    """Two servers that are not started yet."""
    with cluster(tmp_path, database) as running:
        yield running


@pytest.fixture
def hasty(tmp_path: Path, database: str) -> Iterator[Cluster]:
    """The same, with leases of seconds."""
    with cluster(tmp_path, database, HEADWAY_STALE_S="1.5", HEADWAY_LEASE_S="4") as running:
        yield running


def _kill(node: Headway) -> None:
    assert node.server is not None
    node.server.kill()
    node.server.wait()


def _signal(node: Headway, number: signal.Signals) -> None:
    assert node.server is not None
    node.server.send_signal(number)


def _lines(node: Headway, id: str) -> list[str]:
    return node.http.get(f"/api/v1/jobs/{id}/logs").text.splitlines()


def _outcomes(node: Headway, id: str) -> list[str]:
    return [str(each.get("outcome")) for each in node.job(id)["attempts"].values()]


# -- servers that are killed -----------------------------------------------------------------------------------------


def test_servers_killed_in_turn_under_load_cost_nothing(two: Cluster, gate: Gate) -> None:
    two.serve()
    two.work("w1", "--slots", "8")
    talks = [two.a.submit("talk", gate=str(gate.path), rounds=3, lines=200) for _ in range(2)]
    two.a.until(lambda: all(two.a.job(id)["state"] == "running" for id in talks), "they run")
    two.watchers.both_ways(*two.urls)

    with Load(two.urls) as load:
        for victim, other in ((two.a, two.b), (two.b, two.a), (two.a, two.b)):
            gate.open(2)  # reports pour in while it dies
            other.until(load.more(), "jobs are taken")
            _kill(victim)
            other.until(load.more(), "jobs are taken by the other one")
            victim.serve()
    jobs = [two.a.state(id, "completed", "failed") for id in talks]

    load.judged(two)
    two.watchers.judged(two, two.a)
    assert [(job["state"], job["attempt"]) for job in jobs] == [("completed", 1)] * 2
    assert [_lines(two.b, id) for id in talks] == [[f"line {number}" for number in range(600)]] * 2
    assert all(watcher.links > 1 for watcher in two.watchers.all)
    two.a.verified()


# -- the one that leads ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frozen", [False, True], ids=["killed", "frozen"])
def test_another_leads_within_seconds_and_nothing_is_judged_twice(hasty: Cluster, gate: Gate, frozen: bool) -> None:
    hasty.serve()
    leader = hasty.leader(hasty.a)
    assert leader is not None
    other = hasty.b if leader is hasty.a else hasty.a
    silent = hasty.work("silent", "--slots", "1", by=other, server=other.url)
    id = other.submit("gated", gate=str(gate.path))
    other.until(lambda: other.job(id).get("log_lines"), "it runs")
    hasty.watchers.both_ways(*hasty.urls)
    expiring = other.submit_with({"requires": {"at": "nowhere"}, "expires": "1s"}, "add", a=1)

    _signal(leader, signal.SIGSTOP if frozen else signal.SIGKILL)
    os.killpg(silent.pid, signal.SIGSTOP)
    hasty.front.ports = [other.port]
    other.until(lambda: hasty.leader(other) is other, "another leads", timeout=15)
    other.state(expiring, "failed", "cancelled", "expired", timeout=20)
    other.until(lambda: _outcomes(other, id)[0] == "lost", "the silent worker is lost", timeout=20)
    hasty.work("heir", "--slots", "1", by=other, server=other.url)
    other.until(lambda: other.job(id)["attempt"] == 2, "it runs again")
    if frozen:
        _signal(leader, signal.SIGCONT)
    else:
        leader.serve()
    os.killpg(silent.pid, signal.SIGCONT)
    gate.open(2)
    job = other.state(id, "completed")
    late = leader.submit("add", a=2)
    leader.state(late, "completed")

    assert _outcomes(leader, id) == ["lost", "succeeded"]
    assert job["result"] == {"attempt": 2}
    assert hasty.ended()[id] == 1
    assert hasty.rows("SELECT count(*) FROM events WHERE type = 'worker.lost'") == [(1,)]
    hasty.watchers.judged(hasty, other)
    leader.verified()


# -- PostgreSQL ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def own() -> Iterator[Postgres]:
    """A PostgreSQL whose disk counts."""
    with required_postgres(durable=True) as server:
        yield server


def test_a_database_that_crashes_under_load_keeps_what_was_acknowledged(
    own: Postgres, tmp_path: Path, gate: Gate
) -> None:
    with cluster(tmp_path / "two", own.new_database(), HEADWAY_CUT_OFF_S="60") as two:  # nobody is sent away
        two.serve()
        two.work("w1", "--slots", "4")
        running = two.a.submit("gated", gate=str(gate.path))
        two.a.until(lambda: two.a.job(running).get("log_lines"), "it runs")
        two.watchers.both_ways(*two.urls)
        with Load(two.urls) as load:
            for crash in (True, False, True):
                two.a.until(load.more(), "jobs are taken")
                if crash:
                    own.kill()
                    threading.Event().wait(1)  # long enough for requests to fail
                    own.start()
                else:
                    own.restart()
                two.a.until(load.more(), "jobs are taken again")
        gate.open()
        job = two.b.state(running, "completed")

        load.judged(two)
        two.watchers.judged(two, two.a)
        assert job["attempt"] == 1
        assert [watcher.links for watcher in two.watchers.all] == [1] * 4
        two.a.verified()


def test_sessions_ended_every_second_cost_nothing(two: Cluster, postgres: Postgres) -> None:
    two.serve()
    two.work("w1", "--slots", "4")
    two.watchers.both_ways(*two.urls)
    ended = 0

    with Load(two.urls) as load:
        for _ in range(5):
            two.a.until(load.more(20), "jobs are taken")
            ended += postgres.terminate_backends(two.store)
        two.a.until(load.more(20), "jobs are taken")

    load.judged(two)
    two.watchers.judged(two, two.a)
    assert ended >= 20
    assert [watcher.links for watcher in two.watchers.all] == [1] * 4
    two.b.verified()
