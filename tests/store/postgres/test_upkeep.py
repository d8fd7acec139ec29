"""Upkeep beside running servers: nothing is left behind, nobody is held up, and who froze is let go of."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from headway.model.command import Reads
from headway.store.postgres import PostgresStore, statements as s, upkeep
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import connect
from headway.store.postgres.identity import transaction
from headway.store.postgres.packing import long
from headway.testing.store_worlds import NOW, PLACE, changed, compacted, deleted, job_id, load_for, submitted, write
from writers import opened, together


@pytest.fixture
def stores(database: str) -> Iterator[list[PostgresStore]]:
    with opened([PostgresStore(database) for _ in range(2)]) as stores:
        yield stores


def numbers_in(store: PostgresStore) -> list[int]:
    with store.reading() as reading:
        return [event.seq for event in reading.events(0, limit=100_000)]


def ended(n: int) -> dict[str, object]:
    return {"id": job_id(n), **PLACE, "state": "completed"}


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_a_job_deleted_while_its_events_are_purged_leaves_none_behind(stores, monkeypatch, moment):
    """Whichever transaction of the purge it comes before: of keys, of the log's beginning, of rows."""
    store, other = stores
    write(store, submitted(job_id(1), state="completed"), submitted(job_id(2)))
    begun: list[object] = []
    whole = upkeep.transaction

    def transaction_of_a_purge(connection: Any, address: Any) -> Any:
        begun.append(connection)
        if len(begun) == moment:
            write(other, deleted(ended(1)))
        return whole(connection, address)

    monkeypatch.setattr(upkeep, "transaction", transaction_of_a_purge)

    store.purge(events_before=3, keys_before=0)

    assert len(begun) == 3
    assert numbers_in(store) == [2, 3]


def test_a_purge_never_waits_for_a_batch(stores, monkeypatch):
    monkeypatch.setitem(s.SETTINGS, "idle_in_transaction_session_timeout", "60s")
    store, other = stores
    write(store, submitted(job_id(1)), submitted(job_id(2), state="completed"))
    write(store, deleted(ended(2)))
    store.load(Reads(jobs={job_id(1)}), NOW)

    gone = other.purge(events_before=4, keys_before=0)

    store.rollback()
    assert gone == 2
    assert numbers_in(store) == [1]


def test_purging_and_writing_at_once_keeps_every_event_of_living_jobs(stores, monkeypatch):
    monkeypatch.setattr(upkeep, "PURGE_ROWS", 7)
    store, other = stores
    done = threading.Event()

    def work() -> None:
        for n in range(1, 60):
            write(store, submitted(job_id(n), state="completed"))
            job = ended(n)
            if n % 3 == 0:
                write(store, deleted(job))
            elif n % 3 == 1:
                with store.reading() as reading:
                    whole = {key: value for key, value in (reading.job(job_id(n)) or {}).items() if key != "seq"}
                write(store, changed(job, reason="x"), compacted({**whole, "reason": "x"}))
        done.set()

    def purge() -> None:
        while not done.is_set():
            with other.reading() as reading:
                head = reading.head.seq
            other.purge(events_before=head, keys_before=0)

    together(work, purge)
    with store.reading() as reading:
        last = reading.head.seq
    store.purge(events_before=last + 1, keys_before=0)

    for doc, events in store.scan_jobs():
        assert events[-1].seq == doc.get("seq")
        assert events[0].type in ("job.submitted", "job.compacted")
    owners = {doc.get("id"): [event.seq for event in events] for doc, events in store.scan_jobs()}
    assert numbers_in(store) == sorted(seq for numbers in owners.values() for seq in numbers)


def test_rows_that_a_crash_kept_from_being_purged_go_the_next_time(stores, database):
    store, _ = stores
    write(store, submitted(job_id(1), state="completed"))
    write(store, deleted(ended(1)), submitted(job_id(2)))
    address = Address.parse(database)
    with connect(address) as connection, transaction(connection, address):
        connection.execute("UPDATE log_head SET first_seq = 3")  # and then it crashed

    store.purge(events_before=4, keys_before=0)

    assert numbers_in(store) == [3]


def head_is_held(address: Address) -> bool:
    """Whether somebody's transaction has moved the head."""
    with connect(address) as connection, transaction(connection, address):
        try:
            connection.execute("SELECT 1 FROM log_head FOR UPDATE NOWAIT")
        except psycopg.errors.LockNotAvailable:
            connection.rollback()
            return True
    return False


def test_a_server_that_froze_while_it_sent_a_batch_does_not_hold_the_head_for_ever(stores, database, monkeypatch):
    monkeypatch.setattr(upkeep, "FROZEN_S", 0.1)
    frozen, other = stores
    load_for(frozen, submitted(job_id(1)))
    wire, batch = frozen._wire, frozen._batch
    assert wire is not None
    assert batch is not None
    wire.ask(s.MOVE_HEAD, [long(1), long(NOW), long(0), b"e1", long(batch.table)])
    wire._pg.send_flush_request()
    while wire._pg.flush():
        pass
    while not head_is_held(Address.parse(database)):
        pass

    writing = threading.Thread(target=lambda: write(other, submitted(job_id(2))))
    writing.start()
    writing.join(0.5)
    held_up = writing.is_alive()
    other.maintain()
    writing.join(10)
    frozen.rollback()

    assert held_up
    assert not writing.is_alive()
    assert numbers_in(other) == [1]


def test_batches_at_work_are_let_alone(stores, monkeypatch):
    monkeypatch.setattr(upkeep, "FROZEN_S", 0.0)
    world = load_for(stores[0], submitted(job_id(1)))

    stores[1].maintain()

    assert [event.seq for event in stores[0].commit(world, {})] == [1]
