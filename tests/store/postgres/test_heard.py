"""Two servers may have heard a worker, the new one and the one it left: the newer word stands."""

from __future__ import annotations

from headway.model.command import Reads
from headway.store.postgres import PostgresStore
from headway.testing.store_worlds import NOW, about, write
from writers import opened

WORKER = "w/1"


def hear(store: PostgresStore, at: int) -> None:
    world, _ = store.load(Reads(workers={WORKER}), NOW)
    world.heard[WORKER] = (at, None)
    store.commit(world, {})


def test_a_word_that_is_written_late_does_not_make_a_worker_more_silent(database: str) -> None:
    with opened([PostgresStore(database), PostgresStore(database)]) as [new, old]:
        write(new, about("worker.connected", WORKER, id=WORKER))
        hear(new, NOW + 9_000)

        hear(old, NOW + 4_000)

        with new.reading() as reading:
            assert [worker["last_heard_at"] for worker in reading.workers()] == [NOW + 9_000]
