"""What only SQLite has: one file with companions, a lock, a witness, disks that fill, processes that are killed."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from headway.errors import StoreUnavailable, StoreUnusable
from headway.model.command import Reads
from headway.model.query import parse
from headway.store.schema import REVISIONS
from headway.store.sqlite import SqliteStore, store as module
from headway.store.sqlite.mirror import KEPT_JOBS
from headway.testing.store_worlds import NOW, PLACE, changed, job_id, load_for, submitted, write

OURS = 0x48445759  # "HDWY", the application_id of SQLite files that are ours


@pytest.fixture
def path(tmp_path):
    return tmp_path / "headway.db"


@pytest.fixture
def store(path):
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch="e1")
    yield store
    store.close()


def opened(path: Path, *, epoch: str = "e1") -> SqliteStore:
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch=epoch)
    return store


def jobs_in(store: SqliteStore) -> list[str]:
    return sorted(job.get("id", "") for job, _ in store.scan_jobs())


def refusal(path: Path) -> str:
    with pytest.raises(StoreUnusable) as caught:
        SqliteStore(path).open(now=NOW, new_epoch="e9")
    return str(caught.value)


class TestOpening:
    def test_a_missing_file_is_made_with_its_folders(self, tmp_path):
        store = opened(tmp_path / "a" / "b" / "headway.db")

        with store.reading() as reading:
            assert (reading.head.epoch, reading.head.seq, reading.head.at) == ("e1", 0, NOW)
        store.close()

    def test_a_second_server_is_refused_and_told_which_process_has_it(self, store, path):
        import os

        assert refusal(path) == (
            f"The store {path} is in use by another Headway server (process {os.getpid()}). "
            "Stop that server first, or give this one another file with --store sqlite:///PATH."
        )
        write(store, submitted(job_id(1)))  # and the first one goes on

    def test_a_closed_store_can_be_opened_again(self, path):
        opened(path).close()

        opened(path).close()

    def test_a_text_file_is_refused_and_not_changed(self, path):
        path.write_text("Dear diary, " * 100)

        assert refusal(path) == (
            f"{path} is not a Headway store: it is not an SQLite file. It was not changed. "
            "Name another file with --store sqlite:///PATH; a missing one is made."
        )
        assert path.read_text() == "Dear diary, " * 100

    @pytest.mark.parametrize(
        ("tables", "owner"),
        [
            (tables, owner)
            for tables in (["notes"], ["log_head"], ["log_head", "alembic_version"])
            for owner in (0, OURS, 77)
            if (len(tables), owner) != (2, OURS)  # that one would be ours
        ],
    )
    def test_a_database_of_another_program_is_refused_and_not_changed(self, path, tables, owner):
        with sqlite3.connect(path) as db:
            db.execute(f"PRAGMA application_id = {owner}")
            for table in tables:
                db.execute(f"CREATE TABLE {table} (x)")
        db.close()
        before = path.read_bytes()

        assert refusal(path).startswith(f"{path} is not a Headway store: it is a database of another program.")
        assert path.read_bytes() == before

    def test_a_store_of_a_newer_headway_is_refused(self, path):
        opened(path).close()
        with sqlite3.connect(path) as db:
            db.execute("UPDATE alembic_version SET version_num = '9999'")
            db.execute("UPDATE facts SET value = '9999' WHERE name = 'serves'")
        db.close()

        assert refusal(path) == (
            f"The store {path} is at schema '9999', which this Headway does not know (it knows up to {REVISIONS[-1]!r}). "
            "Start it with the newer Headway that wrote it, or put the backup from before that upgrade back."
        )

    def test_a_newer_store_that_leaves_alone_what_we_use_is_served(self, path):
        before = opened(path)
        write(before, submitted(job_id(1)))
        before.close()
        with sqlite3.connect(path) as db:
            db.execute("UPDATE alembic_version SET version_num = '9999'")
            db.execute("ALTER TABLE jobs ADD COLUMN mood TEXT")
        db.close()

        store = opened(path)
        write(store, submitted(job_id(2)))

        assert jobs_in(store) == [job_id(1), job_id(2)]
        store.close()

    def test_a_place_that_can_not_be_opened_is_named(self, tmp_path):
        (tmp_path / "file").write_text("")

        path = tmp_path / "file" / "headway.db"

        said = refusal(path)

        assert said.startswith(f"The store {path} can not be opened: [Errno ")
        assert said.endswith(
            "Check the path and the rights of the server's user, or name another file with --store sqlite:///PATH."
        )

    def test_every_commit_is_made_to_be_on_disk(self, store):
        pragma = {
            name: store._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        }

        assert pragma == {"synchronous": 2, "journal_mode": "wal"}


class TestHistory:
    def test_a_clean_restart_goes_on_with_the_epoch(self, path):
        store = opened(path)
        write(store, submitted(job_id(1)))
        store.close()

        again = opened(path, epoch="e2")

        with again.reading() as reading:
            assert (reading.head.epoch, reading.head.seq) == ("e1", 1)
        again.close()

    def test_an_older_copy_put_back_begins_a_new_epoch(self, path, tmp_path):
        store = opened(path)
        write(store, submitted(job_id(1)))
        store.close()
        shutil.copy(path, tmp_path / "backup.db")
        store = opened(path)
        write(store, submitted(job_id(2)))
        store.close()
        shutil.copy(tmp_path / "backup.db", path)

        restored = opened(path, epoch="e2")

        with restored.reading() as reading:
            assert (reading.head.epoch, reading.head.seq) == ("e2", 1)
        restored.close()

    def test_a_copy_without_its_witness_begins_a_new_epoch(self, path, tmp_path):
        store = opened(path)
        write(store, submitted(job_id(1)))
        store.close()
        shutil.copy(path, tmp_path / "copy.db")

        copy = opened(tmp_path / "copy.db", epoch="e2")

        with copy.reading() as reading:
            assert reading.head.epoch == "e2"
        copy.close()

    @pytest.mark.parametrize("damage", [b"", b"{", b'{"epoch":"other","seq":0}'])
    def test_a_witness_that_says_nothing_of_this_log_begins_a_new_epoch(self, path, damage):
        store = opened(path)
        write(store, submitted(job_id(1)))
        store.close()
        path.with_name(path.name + "-witness").write_bytes(damage)

        again = opened(path, epoch="e2")

        with again.reading() as reading:
            assert reading.head.epoch == "e2"
        again.close()

    def test_a_server_that_was_killed_keeps_its_epoch_though_the_witness_lags(self, path, tmp_path):
        store = opened(path)
        write(store, submitted(job_id(1)), at=NOW + 100)
        for suffix in ("", "-wal", "-witness"):
            shutil.copy(str(path) + suffix, str(tmp_path / "killed.db") + suffix)
        store.close()

        again = opened(tmp_path / "killed.db", epoch="e2")

        with again.reading() as reading:
            assert (reading.head.epoch, reading.head.seq) == ("e1", 1)
        again.close()

    def test_the_witness_follows_within_a_second(self, store, path):
        write(store, submitted(job_id(1)), at=NOW + module.WITNESS_MS)

        assert path.with_name(path.name + "-witness").read_bytes() == b'{"epoch":"e1","seq":1}'

    def test_the_last_commit_before_a_silence_is_witnessed_by_maintenance(self, store, path):
        write(store, submitted(job_id(1)), at=NOW + 1)

        store.maintain()

        assert path.with_name(path.name + "-witness").read_bytes() == b'{"epoch":"e1","seq":1}'


COMMITS_FOREVER = """
import sys
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, job_id, submitted, write
store = SqliteStore(sys.argv[1])
store.open(now=NOW, new_epoch="e1")
for n in range(1, 1_000_000):
    made = write(store, submitted(job_id(n)), at=NOW + n * 100)
    print(made[-1].seq, flush=True)
"""


@pytest.mark.process
def test_what_was_acknowledged_survives_a_kill(path):
    child = subprocess.Popen([sys.executable, "-c", COMMITS_FOREVER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(40)]
    child.kill()
    acknowledged += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    child.wait()
    child.stdout.close()

    store = opened(path, epoch="e2")

    with store.reading() as reading:
        head = reading.head
        numbers = [event.seq for event in reading.events(0, limit=100_000)]
        counted = reading.counts()
    assert head.epoch == "e1"
    assert head.seq >= acknowledged[-1]
    assert numbers == list(range(1, head.seq + 1))
    assert counted == {"default": {"queued": head.seq}}
    assert len(jobs_in(store)) == head.seq
    store.close()


class TestTrouble:
    def test_a_full_disk_refuses_the_commit_and_nothing_else(self, store, path):
        write(store, submitted(job_id(1)))
        pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
        store._writer.execute(f"PRAGMA max_page_count = {pages + 2}")

        with pytest.raises(StoreUnavailable) as caught:
            write(store, submitted(job_id(2), kind="new", args={"text": "x" * 100_000}))
        store._writer.execute("PRAGMA max_page_count = 1000000")
        made = write(store, changed({"id": job_id(1), **PLACE}, state="running"), submitted(job_id(3), kind="new"))

        assert str(caught.value) == (
            f"The disk with the store {path} is full; nothing was committed. Free some space; the server goes on by itself."
        )
        assert [event.seq for event in made] == [2, 3]
        assert jobs_in(store) == [job_id(1), job_id(3)]
        with store.reading() as reading:
            assert reading.counts() == {"default": {"running": 1, "queued": 1}}

    def test_another_program_that_holds_the_file_is_said(self, store, path):
        store._writer.execute("PRAGMA busy_timeout = 10")
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            store.load(Reads(), NOW)
        other.execute("ROLLBACK")
        other.close()

        assert [event.seq for event in write(store, submitted(job_id(1)))] == [1]

    def test_a_failed_commit_forgets_what_it_believed(self, store):
        write(store, submitted(job_id(1)))
        world = load_for(store, changed({"id": job_id(1), **PLACE}, state="running", worker="w/1"))
        world.events.append(changed({"id": job_id(1), **PLACE}, bad=object()))
        with pytest.raises(TypeError):
            store.commit(world, {})

        fresh, _ = store.load(Reads(jobs={job_id(1)}, held_by={"w/1"}), NOW)
        store.rollback()

        assert (fresh.jobs[job_id(1)] or {}).get("state") == "queued"
        assert fresh.held_by == {"w/1": set()}
        assert fresh.active == {}

    def test_documents_that_were_shared_are_never_changed(self, store):
        write(store, submitted(job_id(1)))
        world, _ = store.load(Reads(jobs={job_id(1)}), NOW)
        store.rollback()
        before = world.jobs[job_id(1)]
        copy = dict(before or {})

        write(store, changed({"id": job_id(1), **PLACE}, state="running"))
        write(store, changed({"id": job_id(1), **PLACE}, type="job.said"))

        assert before == copy

    def test_more_jobs_than_are_remembered_are_read_again(self, store, monkeypatch):
        monkeypatch.setattr("headway.store.sqlite.mirror.KEPT_JOBS", 8)
        write(store, *[submitted(job_id(n)) for n in range(1, 40)])

        for n in range(1, 40):
            write(store, changed({"id": job_id(n), **PLACE}, state="running", worker="w/1"))

        write(store, *[changed({"id": job_id(n), **PLACE, "state": "running"}, state="queued") for n in range(1, 20)])

        with store.reading() as reading:
            assert reading.counts() == {"default": {"running": 20, "queued": 19}}
        store.load(Reads(), NOW)
        store.rollback()
        assert len(store._mirror.jobs) < 30
        assert KEPT_JOBS > 8


class TestUpkeep:
    def test_a_long_write_ahead_log_is_cut(self, store, path, monkeypatch):
        monkeypatch.setattr(module, "WAL_BYTES", 10_000)
        write(store, submitted(job_id(1), args={"text": "x" * 50_000}))
        log = path.with_name(path.name + "-wal")
        assert log.stat().st_size > 10_000

        store.maintain()

        assert log.stat().st_size == 0
        assert jobs_in(store) == [job_id(1)]

    def test_purging_lets_commits_through(self, store, monkeypatch):
        monkeypatch.setattr(module, "PURGE_ROWS", 3)
        for n in range(1, 60):
            write(store, submitted(job_id(n)))
        done = threading.Event()

        def purge() -> None:
            store.purge(events_before=60, keys_before=NOW)
            done.set()

        thread = threading.Thread(target=purge)
        thread.start()
        n = 60
        while not done.is_set():
            write(store, submitted(job_id(n)))
            n += 1
        thread.join()

        with store.reading() as reading:
            assert reading.first_seq() == 60
            assert reading.head.seq == n - 1


class TestPlans:
    """The statements that must not grow with the store use their index."""

    @pytest.mark.parametrize(
        ("statement", "index"),
        [
            ("SELECT -priority, queued_at, id FROM jobs WHERE lane=1 AND ready=1 ORDER BY priority DESC, queued_at, id", "jobs_ready"),
            ("SELECT lane, count(*) FROM jobs WHERE state = 'queued' AND ready = 0 GROUP BY lane", "jobs_held"),
            ("SELECT due_at, id FROM jobs WHERE due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, id LIMIT 5", "jobs_due"),
            ("SELECT id FROM jobs WHERE lane=1 AND state='failed' AND id < ? ORDER BY id DESC LIMIT 5", "jobs_by_state"),
            ("SELECT id FROM jobs WHERE namespace=? AND unique_key=? ORDER BY id DESC LIMIT 1", "jobs_by_unique_key"),
            ("SELECT id FROM jobs WHERE namespace=? AND external_id=? ORDER BY id DESC LIMIT 1", "jobs_by_external_id"),
            ("SELECT * FROM log_chunks WHERE job=? AND last >= ? ORDER BY last", "log_chunks_of"),
        ],
    )  # fmt: skip
    def test_an_index_answers_and_sorts(self, store, statement, index):
        plan = [
            row[3] for row in store._writer.execute(f"EXPLAIN QUERY PLAN {statement}", ["x"] * statement.count("?"))
        ]

        assert len(plan) == 1
        assert index in plan[0].split()

    def test_cold_reads_that_must_not_grow_use_their_partial_index(self, store):
        asked: list[str] = []
        with store.reading() as reading:
            db = reading._db.connection.dbapi_connection
            assert db is not None
            db.set_trace_callback(asked.append)
            reading.waiting()
            reading.due(NOW, after=None, limit=5)
            reading.jobs(parse("priority:>5"), now=NOW, limit=5)
            db.set_trace_callback(None)
            plans = [
                row[3] for text in asked if "FROM jobs" in text for row in db.execute(f"EXPLAIN QUERY PLAN {text}")
            ]

        assert [plan.split("jobs")[-1].split()[0] for plan in plans] == ["_held", "_due", "_with_priority"]
