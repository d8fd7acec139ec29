"""A server that loses the database, or has a wrong clock, or waits for somebody's lock: it says so and harms nobody."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Load, cluster
from postgres import Postgres
from processes import Gate, Headway, Link

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def wire(postgres: Postgres) -> Iterator[Link]:
    """The way of one server to the database."""
    link = Link(postgres.port)
    yield link
    link.close()


def _through(postgres: Postgres, database: str, wire: Link) -> str:
    return postgres.url(database.rsplit("/", 1)[1], port=int(wire.url.rsplit(":", 1)[1]))


def _readiness(node: Headway) -> tuple[int, str]:
    answer = node.http.get("/readyz")
    return answer.status_code, answer.json()["status"]


@pytest.mark.parametrize("swallows", [False, True], ids=["cut", "swallowing"])
def test_a_server_cut_off_from_the_database_sends_everybody_to_the_other(
    tmp_path: Path, postgres: Postgres, database: str, wire: Link, gate: Gate, swallows: bool
) -> None:
    with cluster(tmp_path / "two", database) as two:
        two.b.env["HEADWAY_STORE"] = _through(postgres, database, wire)
        two.serve()
        two.front.ports = [two.b.port]
        two.work("w1", "--slots", "4")
        two.front.ports = [two.b.port, two.a.port]
        watchers = [two.watchers.watch(two.b.url, two.a.url, transport=way) for way in ("ws", "sse")]
        id = two.a.submit("gated", gate=str(gate.path))
        two.a.until(lambda: two.a.job(id).get("log_lines"), "it runs")
        two.a.until(lambda: all(watcher.links for watcher in watchers), "they look")

        with Load(two.urls, clients=2) as load:
            two.a.until(load.more(10), "jobs are taken")
            if swallows:
                wire.freeze()
            else:
                wire.bar()
            two.b.until(lambda: _readiness(two.b)[0] == 503, "it is not ready", timeout=15)
            said, alive = _readiness(two.b), two.b.http.get("/livez").status_code
            two.a.until(lambda: all(watcher.links > 1 for watcher in watchers), "its viewers look at the other")
            server = two.a.http.get("/api/v1/admin/connections").json()["workers"]
            two.a.until(
                lambda: two.a.http.get("/api/v1/admin/connections").json()["workers"], "its worker is at the other"
            )
            two.a.until(load.more(10), "jobs are taken")
            if swallows:
                wire.thaw()
            else:
                wire.unbar()
            two.b.until(lambda: _readiness(two.b)[0] == 200, "it takes part again", timeout=30)
        gate.open()
        job = two.b.state(id, "completed")
        there = two.b.submit("add", a=1)

        assert server is not None
        assert "has not answered" in said[1]
        assert alive == 200
        assert job["attempt"] == 1
        assert two.b.state(there, "completed")["result"] == {"sum": 2}
        load.judged(two)
        two.watchers.judged(two, two.a)
        two.b.verified()


def test_a_server_that_is_alone_keeps_its_links_while_the_database_is_away(
    tmp_path: Path, postgres: Postgres, database: str, wire: Link, gate: Gate
) -> None:
    with cluster(tmp_path / "one", _through(postgres, database, wire), "a", HEADWAY_CUT_OFF_S="2") as one:
        one.serve()
        one.work("w1", "--slots", "1")
        watchers = one.watchers.both_ways(one.a.url)
        id = one.a.submit("gated", gate=str(gate.path))
        one.a.until(lambda: one.a.job(id).get("log_lines"), "it runs")
        one.a.until(lambda: all(watcher.links for watcher in watchers), "they look")
        heard = [watcher.heard for watcher in watchers]

        wire.bar()
        one.a.until(lambda: _readiness(one.a)[0] == 503, "it is not ready")
        refused = one.a.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}})
        one.a.until(
            lambda: all(w.heard > h + 1 for w, h in zip(watchers, heard, strict=True) if w.transport == "ws"),
            "it pings its viewers meanwhile",
        )
        wire.unbar()
        one.a.until(lambda: _readiness(one.a)[0] == 200, "it is ready again")
        gate.open()
        job = one.a.state(id, "completed")

        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        assert "database" in refused.json()["message"]
        assert job["attempt"] == 1
        assert [watcher.links for watcher in watchers] == [1, 1]
        one.watchers.judged(one, one.a)
        one.a.verified()
