"""The conformance suite of stores: every promise of `headway.store.base`, run against each implementation.

    class TestMyStore(StoreSuite):
        @pytest.fixture
        def make(self, tmp_path):
            return lambda: MyStore(tmp_path / "store")      # not opened; each call a new one on the same data

Needs pytest. Built on hand-made events (`store_worlds.py`), so that it judges the store and not the rules. Here: order,
fold, readers and upkeep; what is kept beside jobs is in `store_suite_keeps.py`, what finds jobs in
`store_suite_reads.py`; `StoreSuite` is all of it.
"""
# ruff: noqa: S101 - tests: they assert, their names are sentences, and they group without state

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headway.clock import iso
from headway.errors import StoreUnavailable
from headway.model.command import Claim, Reads
from headway.model.fold import fold, fold_counts
from headway.model.job import JobDoc
from headway.store.base import Reading, Store
from headway.testing.store_suite_keeps import KeepsSuite
from headway.testing.store_suite_lists import ListsSuite
from headway.testing.store_suite_reads import ReadsSuite
from headway.testing.store_worlds import (
    NOW,
    PLACE,
    Stream,
    about,
    changed,
    compacted,
    deleted,
    job_id,
    load_for,
    logged,
    noted,
    submitted,
    write,
)

A, B = job_id(1), job_id(2)


def refolded(reading: Reading, id: str) -> Any:
    """The document that the job's events make."""
    document = None
    for event in reading.events_of(id, limit=100_000):
        document = fold(document, event)
    return document


class StoreSuite(KeepsSuite, ReadsSuite, ListsSuite):
    """Subclass it and give the fixture `make`."""

    @pytest.fixture
    def make(self) -> Callable[[], Store]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, make: Callable[[], Store]) -> Iterator[Store]:
        store = make()
        store.open(now=NOW, new_epoch="e1")
        yield store
        store.close()

    # -- one order -------------------------------------------------------------------------------------------------

    def test_numbers_are_dense_from_one_and_in_order(self, store: Store) -> None:
        first = write(store, submitted(A), submitted(B))
        second = write(store, changed(first[0].data["set"], state="running"))

        with store.reading() as reading:
            stored = reading.events(0)
        assert [event.seq for event in first + second] == [1, 2, 3]
        assert stored == first + second

    def test_a_batch_that_is_rolled_back_uses_no_number_and_leaves_nothing(self, store: Store) -> None:
        write(store, submitted(A))
        load_for(store, submitted(B))
        store.rollback()
        store.rollback()

        made = write(store, submitted(job_id(3)))

        assert [event.seq for event in made] == [2]
        with store.reading() as reading:
            assert reading.job(B) is None
            assert reading.counts() == {"default": {"queued": 2}}

    def test_a_world_without_changes_is_not_written(self, store: Store) -> None:
        write(store, submitted(A))
        world, _ = store.load(Reads(jobs={A}), NOW + 50)

        events = store.commit(world, {})

        assert events == []
        with store.reading() as reading:
            assert (reading.head.seq, reading.head.at) == (1, NOW)

    def test_events_that_can_not_be_written_fail_their_batch_alone(self, store: Store) -> None:
        write(store, submitted(A))
        with pytest.raises((TypeError, StoreUnavailable)):
            write(store, submitted(B), changed({"id": B, **PLACE}, progress={"bad": object()}))

        made = write(store, changed({"id": A, **PLACE}, state="running", worker="w/1"))

        with store.reading() as reading:
            assert [event.seq for event in made] == [2]
            assert reading.job(B) is None
            assert reading.counts() == {"default": {"running": 1}}

    def test_time_never_goes_back_in_the_log(self, store: Store) -> None:
        write(store, submitted(A), at=NOW)

        world, _ = store.load(Reads(), NOW - 60_000)
        store.rollback()

        assert world.now == NOW

    def test_events_are_read_by_range(self, store: Store) -> None:
        made = write(store, *[submitted(job_id(n)) for n in range(1, 8)])

        with store.reading() as reading:
            assert reading.events(2, until=5) == made[2:5]
            assert reading.events(2, limit=2) == made[2:4]
            assert reading.events(7) == []

    def test_events_of_a_job_are_its_own_in_order_even_between_those_of_others(self, store: Store) -> None:
        write(store, submitted(A), submitted(B))
        for step in range(5):
            write(store, changed({"id": A, **PLACE}, steps=step), changed({"id": B, **PLACE}, steps=step))

        with store.reading() as reading:
            mine = reading.events_of(A)
            assert [event.seq for event in mine] == [1, 3, 5, 7, 9, 11]
            assert reading.events_of(A, after=5, limit=2) == mine[3:5]
            assert reading.events_of(A, after=11) == []

    # -- fold ------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("seed", range(12))
    def test_rows_are_what_their_events_make_of_them(self, make: Callable[[], Store], seed: int) -> None:
        stream = Stream(seed)
        store = make()
        store.open(now=NOW, new_epoch="e1")
        for turn in range(30):
            world = load_for(store, *stream.batch())
            if turn % 7 == 6:
                store.rollback()
                continue
            store.commit(world, {})
            stream.jobs.update({id: job for id, job in world.jobs.items() if job})
            stream.jobs = {id: job for id, job in stream.jobs.items() if id not in world.deleted}
            if turn % 10 == 9:
                self.check_against_the_log(store, stream.jobs)
                store.close()
                store = make()
                store.open(now=NOW, new_epoch="e1")

        self.check_against_the_log(store, stream.jobs)
        store.close()

    def check_against_the_log(self, store: Store, expected: dict[str, JobDoc]) -> None:
        """Rows, counts, counters and the log all tell the same."""
        with store.reading() as reading:
            counted: dict[str, dict[str, int]] = {}
            for event in reading.events(0, limit=100_000):
                fold_counts(counted, event)
            assert {id: reading.job(id) for id in expected} == expected
            assert {id: refolded(reading, id) for id in expected} == expected
            assert reading.counts() == counted
        assert {doc.get("id"): doc for doc, _ in store.scan_jobs()} == expected
        claim = Claim(worker="w/1", limit=1, kinds=("crawl", "index"))  # counters are exact where a claim may meet them
        world, _ = store.load(Reads(held_by={"w/1", "w/2"}, claims=[claim]), NOW)
        store.rollback()
        active = [job for job in expected.values() if job.get("state") in ("running", "cancelling")]
        for queue in ("default", "gpu"):
            assert world.active["queue", queue] == sum(job.get("queue") == queue for job in active)
        for worker, held in world.held_by.items():
            assert held == {job.get("id") for job in active if job.get("worker") == worker}
            assert all(world.jobs[id] == expected[id] for id in held)

    def test_a_job_is_deleted_with_its_log(self, store: Store) -> None:
        job = {"id": A, **PLACE, "labels": {"x": "y"}}
        write(store, submitted(A, state="completed", labels={"x": "y"}), args={A: b'{"a":"' + b"x" * 5_000 + b'"}'})
        write(store, logged(job, 1, "one"), new_checkpoints=[(A, "k", 1)])

        write(store, deleted({**job, "state": "completed"}))

        with store.reading() as reading:
            assert (reading.job(A), reading.args(A), reading.lines(A), reading.checkpoints(A)) == (None, None, [], {})
            assert reading.counts() == {}
            assert [event.type for event in reading.events(0)] == ["job.submitted", "job.logged", "job.deleted"]

    # -- readers and upkeep ----------------------------------------------------------------------------------------

    def test_a_reading_sees_one_moment_while_others_commit(self, store: Store) -> None:
        write(store, submitted(A))
        with store.reading() as reading:
            write(store, changed({"id": A, **PLACE}, state="running"))
            assert reading.head.seq == 1
            assert [event.seq for event in reading.events(0)] == [1]
            assert (reading.job(A) or {}).get("state") == "queued"
            assert reading.counts() == {"default": {"queued": 1}}

    def test_readings_stay_whole_while_a_writer_runs(self, store: Store) -> None:
        stop = threading.Event()

        def append() -> None:
            n = 0
            while not stop.is_set():
                n += 1
                write(store, submitted(job_id(n)), changed({"id": job_id(n), **PLACE}, state="running", worker="w/1"))

        writer = threading.Thread(target=append)
        writer.start()
        try:
            for _ in range(60):
                with store.reading() as reading:
                    head = reading.head.seq
                    newest = reading.events(max(head - 3, 0))
                    jobs = reading.board(("jobs", ""), unfinished=10_000, finished=10)
                    assert ([event.seq for event in newest] or [0])[-1] == head
                    assert sum(reading.counts().get("default", {}).values()) == len(jobs) == head // 2
                    assert all(job.get("state") == "running" for job in jobs)
        finally:
            stop.set()
            writer.join()

    def test_purging_forgets_what_no_job_needs(self, store: Store) -> None:
        write(store, about("worker.connected", "w/1", id="w/1"), submitted(A), submitted(B, state="completed"))
        write(store, deleted({"id": B, **PLACE, "state": "completed"}), about("worker.lost", "w/1", state="lost"))

        gone = store.purge(events_before=5, keys_before=0)

        assert gone == 3
        with store.reading() as reading:
            assert reading.first_seq() == 5
            assert [event.seq for event in reading.events(0)] == [2, 5]
            assert refolded(reading, A) == reading.job(A)
            assert reading.head.seq == 5

    def test_a_checkpoint_stands_for_all_events_before_it(self, store: Store) -> None:
        write(store, submitted(A), changed({"id": A, **PLACE}, state="completed"))
        with store.reading() as reading:
            whole = {key: value for key, value in (reading.job(A) or {}).items() if key != "seq"}
        write(store, compacted(whole), changed({**whole}, retried_by=B))

        scanned = [(doc, [event.seq for event in events]) for doc, events in store.scan_jobs()]
        gone = store.purge(events_before=4, keys_before=0)

        with store.reading() as reading:
            assert scanned == [(reading.job(A), [3, 4])]
            assert gone == 2
            assert [event.seq for event in reading.events(0)] == [3, 4]
            assert refolded(reading, A) == reading.job(A)

    def test_a_checkpoint_that_user_code_made_stands_for_nothing_before_it(self, store: Store) -> None:
        write(store, submitted(A))
        write(store, noted({"id": A, **PLACE}, "page"))

        [(_, events)] = store.scan_jobs()
        store.purge(events_before=3, keys_before=0)

        with store.reading() as reading:
            assert [event.seq for event in events] == [1, 2]
            assert refolded(reading, A) == reading.job(A)

    def test_what_a_purge_kept_for_a_job_goes_with_the_job(self, store: Store) -> None:
        write(store, submitted(A, state="completed"), submitted(B))
        store.purge(events_before=3, keys_before=0)

        write(store, deleted({"id": A, **PLACE, "state": "completed"}))

        with store.reading() as reading:
            assert [event.seq for event in reading.events(0)] == [2, 3]

    def test_the_log_goes_on_where_it_ended_after_a_restart(self, make: Callable[[], Store]) -> None:
        first = make()
        first.open(now=NOW, new_epoch="e1")
        write(first, submitted(A), at=NOW + 7)
        first.close()

        second = make()
        head = second.open(now=NOW, new_epoch="e2")
        made = write(second, submitted(B))
        second.close()

        assert (head.epoch, head.seq, head.at) == ("e1", 1, NOW)
        assert [event.seq for event in made] == [2]

    def test_maintenance_changes_nothing(self, store: Store) -> None:
        write(store, submitted(A))

        store.maintain()

        with store.reading() as reading:
            assert reading.head.seq == 1
            assert (reading.job(A) or {}).get("created_at") == iso(NOW)
