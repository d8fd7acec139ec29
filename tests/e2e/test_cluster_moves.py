"""Two servers on one PostgreSQL: restored under their viewers, upgraded one by one, behind a transaction pooler."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cluster import Cluster, Load, cluster
from postgres import Postgres
from processes import Gate, free_port

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def two(tmp_path: Path, database: str) -> Iterator[Cluster]:
    """Two servers that are not started yet."""
    with cluster(tmp_path, database) as running:
        yield running


def _states(two: Cluster) -> dict[str, str]:
    return dict(two.rows("SELECT id, state FROM jobs"))


# -- an older state is put back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["pg_restore", "headway store restore"])
def test_a_restore_under_live_viewers_is_a_reset_and_the_right_view(
    two: Cluster, postgres: Postgres, tmp_path: Path, gate: Gate, way: str
) -> None:
    two.serve()
    watchers = two.watchers.both_ways(*two.urls)
    two.work("w1", "--slots", "2", by=two.b, server=two.b.url)
    before = [two.a.submit_with({"requires": {"at": "nowhere"}}, "add", a=1) for _ in range(5)]
    two.a.until(lambda: all(watcher.seq >= 0 for watcher in watchers), "they look")
    dump = postgres.folder / "dump" if way == "pg_restore" else tmp_path / "backup.db"
    if way == "pg_restore":
        postgres.run("pg_dump", "-Fc", "-f", str(dump), two.store)
    else:
        backup = two.a.run("store", "backup", two.store, str(dump))
        assert backup.returncode == 0, backup.stderr
    later = [node.submit_with({"requires": {"at": "nowhere"}}, "add", a=2) for node in two.nodes for _ in range(10)]
    running = two.a.submit("gated", gate=str(gate.path))
    two.a.until(lambda: two.a.job(running).get("log_lines"), "it runs")
    old = watchers[0].epoch

    if way == "pg_restore":
        postgres.run("pg_restore", "--clean", "--if-exists", "-d", two.store, str(dump))
        dump.unlink()
    else:
        restored = two.a.run("store", "restore", "--replace", str(dump), two.store)
        assert restored.returncode == 0, restored.stderr
    two.a.until(
        lambda: all(watcher.resets and watcher.epoch != old and watcher.seq >= 0 for watcher in watchers),
        "every viewer begins anew",
    )
    after = [node.submit_with({"requires": {"at": "nowhere"}}, "add", a=3) for node in two.nodes for _ in range(3)]
    worked = [node.submit("add", a=4) for node in two.nodes]
    two.a.until(lambda: all(two.b.job(id)["state"] == "completed" for id in worked), "the worker is back and works")
    gate.open()

    two.a.until(lambda: all(watcher.shown == _states(two) for watcher in watchers), "each shows what there is")
    stored = _states(two)
    assert {*before, *after, *worked} == set(stored)
    assert not {*later, running} & set(stored)
    assert len({watcher.epoch for watcher in watchers}) == 1
    assert [watcher.gaps for watcher in watchers] == [[]] * 4
    two.b.verified()


# -- new versions --------------------------------------------------------------------------------------------------------


def test_servers_started_anew_one_by_one_refuse_nothing_that_is_tried_at_the_other(two: Cluster, gate: Gate) -> None:
    two.serve()
    two.work("w1", "--slots", "4")
    running = two.a.submit("gated", gate=str(gate.path))
    two.a.until(lambda: two.a.job(running).get("log_lines"), "it runs")
    two.watchers.both_ways(*two.urls)

    with Load(two.urls) as load:
        for node, other in ((two.a, two.b), (two.b, two.a)):
            other.until(load.more(20), "jobs are taken")
            assert node.server is not None
            node.server.terminate()
            code = node.server.wait(20)
            other.until(load.more(20), "jobs are taken by the other one")
            node.serve()
            assert code == 0
    gate.open()
    job = two.a.state(running, "completed")

    load.judged(two)
    two.watchers.judged(two, two.a)
    assert job["attempt"] == 1
    assert load.broken <= len(load.acknowledged)
    two.a.verified()


def test_a_newer_store_is_served_if_it_allows_it_and_else_refused_while_older_servers_go_on(two: Cluster) -> None:
    two.a.serve()
    with psycopg.connect(two.store, autocommit=True, options="-c search_path=headway") as newer:
        name = newer.execute("SELECT name FROM facts").fetchall()
        newer.execute("ALTER TABLE jobs ADD COLUMN of_tomorrow text")
        newer.execute("UPDATE alembic_version SET version_num = '0099'")
    two.b.serve()
    served = two.b.submit_with({"delay": "1h"}, "add", a=1)
    assert two.b.server is not None
    two.b.server.terminate()
    two.b.server.wait(20)
    with psycopg.connect(two.store, autocommit=True, options="-c search_path=headway") as newer:
        newer.execute(
            "INSERT INTO facts (name, value) VALUES ('serves', '0099') ON CONFLICT (name) DO UPDATE SET value = '0099'"
        )
    refused = two.b.run("serve", "--port", str(two.b.port), timeout=30)
    goes_on = two.a.submit_with({"delay": "1h"}, "add", a=2)

    assert name is not None
    assert two.a.job(served)["state"] == "scheduled"
    assert refused.returncode != 0
    assert "newer" in refused.stderr
    assert two.a.job(goes_on)["state"] == "scheduled"


# -- a pooler between ----------------------------------------------------------------------------------------------------


@pytest.fixture
def pooler(postgres: Postgres, database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a real PgBouncer in transaction mode before the database."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed; left out: servers behind a real transaction pooler")
    port, name = free_port(), database.rsplit("/", 1)[1]
    user, password = database.split("//")[1].split("@", maxsplit=1)[0].split(":")
    folder = postgres.folder / f"pooler-{port}"
    folder.mkdir()
    (folder / "users").write_text(f'"{user}" "{password}"\n')
    (folder / "ini").write_text(
        f"[databases]\n{name} = host=127.0.0.1 port={postgres.port} dbname={name} password={password}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = plain\nauth_file = {folder}/users\n"
        "pool_mode = transaction\ndefault_pool_size = 8\nmax_client_conn = 200\nunix_socket_dir =\n"
        "ignore_startup_parameters = extra_float_digits\n"
    )
    process = subprocess.Popen(
        [program, "-q", str(folder / "ini")], cwd=folder, start_new_session=True, **postgres.as_its_user
    )
    yield f"postgresql://{user}:{password}@127.0.0.1:{port}/{name}?pooler=transaction"
    process.kill()
    process.wait()
    shutil.rmtree(folder)


@pytest.mark.parametrize("direct", [False, True], ids=["polling", "listening"])
def test_two_servers_behind_a_transaction_pooler(tmp_path: Path, database: str, pooler: str, direct: bool) -> None:
    with cluster(tmp_path / "two", pooler, HEADWAY_STORE_DIRECT=database if direct else "") as two:
        two.store = database
        two.serve()
        two.work("w1", "--slots", "4", by=two.b, server=two.b.url)
        two.watchers.both_ways(*two.urls)

        with Load(two.urls) as load:
            two.a.until(load.more(100), "jobs are taken")
        waited = two.a.http.get(f"/api/v1/jobs/{two.a.submit('add', a=1)}/result", params={"wait": 20}).json()

        assert waited["result"] == {"sum": 2}
        load.judged(two)
        two.watchers.judged(two, two.a)
        listeners = two.rows(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%%' OR query LIKE 'NOTIFY%%'"
        )
        assert (listeners[0][0] > 0) == direct
        two.a.verified()
