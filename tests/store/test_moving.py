"""Whole stores that are in use: copied while they are written, replaced under those who have them open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from headway.errors import StoreUnavailable
from headway.hub.verify import verify
from headway.model.command import Reads
from headway.model.event import Event
from headway.store.base import Store
from headway.store.copying import Copied, Source, Target, copy
from headway.store.postgres import PostgresStore
from headway.store.postgres.address import Address
from headway.store.postgres.copying import PostgresSource, PostgresTarget
from headway.store.sqlite import SqliteStore
from headway.store.sqlite.copying import SqliteSource, SqliteTarget
from headway.testing.store_worlds import NOW, Stream, changed, job_id, submitted, write


def moved(source: Source, target: Target, epoch: str) -> Copied:
    with source, target:
        return copy(source, target, epoch=epoch, online=True)


def opened(store: Store) -> Store:
    store.open(now=NOW, new_epoch="e9")
    return store


@pytest.fixture
def address(database: str) -> Address:
    return Address.parse(database)


@pytest.fixture
def served(database: str) -> Iterator[Store]:
    """A PostgreSQL store that a server has open, with two jobs in it."""
    store = PostgresStore(database)
    store.open(now=NOW, new_epoch="e1")
    write(store, submitted(job_id(1)), submitted(job_id(2)))
    yield store
    store.close()


@pytest.fixture
def lively(tmp_path: Path) -> Path:
    """A file with a hundred batches of everything that happens to jobs."""
    store, stream = SqliteStore(tmp_path / "lively.db"), Stream(7)
    store.open(now=NOW, new_epoch="e1")
    for _ in range(100):
        for event in write(store, *stream.batch()):
            apply(stream, event)
    store.close()
    return tmp_path / "lively.db"


def apply(stream: Stream, event: Event) -> None:
    if event.data.get("deleted"):
        del stream.jobs[event.subject]
    else:
        stream.jobs[event.subject] = {**stream.jobs.get(event.subject, {}), **event.data["set"]}


def seen(store: Store) -> tuple[object, ...]:
    """What readers are told of it, and whether its rows are what its log says."""
    with store.reading() as reading:
        head = reading.head
        told = (
            list(reading.events(0, limit=100_000)),
            reading.counts(), reading.waiting(), reading.first_seq(), reading.due(NOW * 2, after=None, limit=1000),
        )  # fmt: skip
    jobs = [job for job, _ in store.scan_jobs()]
    found = verify(store)
    return (head.seq, head.at, *told, jobs, (found.different, found.jobs > 10, found.events > 100))


def test_a_store_that_went_to_postgresql_and_back_is_the_same_to_its_readers(
    lively: Path, database: str, address, tmp_path
):
    first = opened(SqliteStore(lively))
    told = seen(first)
    first.close()

    moved(SqliteSource(lively, online=False), PostgresTarget(address), "e2")
    there = opened(PostgresStore(database))
    told_there = seen(there)
    there.close()
    moved(PostgresSource(address, online=False), SqliteTarget(tmp_path / "back.db"), "e3")
    back = opened(SqliteStore(tmp_path / "back.db"))
    told_back = seen(back)
    back.close()

    assert told[-1] == (0, True, True)
    assert told_there == told
    assert told_back == told


def test_a_store_goes_on_where_its_copy_was_taken(lively: Path, database: str, address: Address):
    moved(SqliteSource(lively, online=False), PostgresTarget(address), "e2")

    store = opened(PostgresStore(database))
    with store.reading() as reading:
        before = reading.head
    events = write(store, submitted(job_id(9_999), kind="new"))
    different = verify(store).different
    store.close()

    assert (before.epoch, events[0].seq, different) == ("e2", before.seq + 1, 0)


def test_a_backup_is_one_state_while_its_server_writes(served: Store, address: Address, tmp_path: Path):
    with PostgresSource(address, online=True) as source, SqliteTarget(tmp_path / "backup.db", backup=True) as target:
        write(served, submitted(job_id(3)))
        copied = copy(source, target, epoch="e2", online=True)

    backup = opened(SqliteStore(tmp_path / "backup.db"))
    found = verify(backup)
    backup.close()
    assert (copied.rows["jobs"], copied.head.seq, copied.newer) == (2, 2, 1)
    assert (found.jobs, found.different) == (2, 0)


class TestReplacedUnderAServer:
    @pytest.fixture
    def backup(self, lively: Path) -> SqliteSource:
        return SqliteSource(lively, online=True)

    def test_its_readings_find_another_epoch(self, served: Store, backup: SqliteSource, address: Address):
        copied = moved(backup, PostgresTarget(address, replace=True), "e2")

        with served.reading() as reading:
            head = reading.head

        assert head == copied.head
        assert head.epoch == "e2"

    def test_its_next_batch_is_written_to_the_new_log(self, served: Store, backup: SqliteSource, address: Address):
        copied = moved(backup, PostgresTarget(address, replace=True), "e2")

        events = write(served, submitted(job_id(9_999)))

        assert events[0].seq == copied.head.seq + 1
        assert verify(served).different == 0

    def test_a_batch_that_was_decided_before_is_not(self, served: Store, backup: SqliteSource, address: Address):
        world, _ = served.load(Reads(), NOW)  # it has locked nothing yet
        world.jobs[job_id(9_999)] = None
        world.add(submitted(job_id(9_999)))

        copied = moved(backup, PostgresTarget(address, replace=True), "e2")
        with pytest.raises(StoreUnavailable):
            served.commit(world, {})

        with served.reading() as reading:
            assert reading.head == copied.head
            assert reading.job(job_id(9_999)) is None

    def test_nor_is_one_about_a_job_that_is_another_now(self, served: Store, address: Address, tmp_path: Path):
        with served.reading() as reading:
            job = reading.job(job_id(1))
        moved(PostgresSource(address, online=True), SqliteTarget(tmp_path / "backup.db", backup=True), "e2")
        write(served, changed(job, "job.running", state="running"))

        moved(SqliteSource(tmp_path / "backup.db", online=True), PostgresTarget(address, replace=True), "e3")
        events = write(served, changed(job, "job.cancelled", state="cancelled"))

        assert events[0].seq == 3
        assert verify(served).different == 0
