"""Several servers on one store, as threads: writers with delays and aborts, readers that follow the log by its numbers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from random import Random
from typing import Any

from headway.errors import StoreContended, StoreUnavailable
from headway.model.event import Event
from headway.store.base import Store
from headway.testing.store_worlds import NOW, load_for, submitted

PAGE = 50


def identifier(writer: int, n: int) -> str:
    return f"01J{writer:03d}{n:020d}"


@contextmanager
def opened(stores: list[Any]) -> Iterator[list[Any]]:
    for store in stores:
        store.open(now=NOW, new_epoch="e1")
    try:
        yield stores
    finally:
        for store in stores:
            store.close()


def together(*jobs: Callable[[], object]) -> None:
    """Run them at once, each in a thread; the first failure is raised."""
    failures: list[BaseException] = []

    def run(job: Callable[[], object]) -> None:
        try:
            job()
        except BaseException as failure:  # noqa: BLE001 - raised below
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "it hangs"
    if failures:
        raise failures[0]


class Writer:
    """Commits small batches with pauses between its steps; `acknowledged` are the events as the store returned them."""

    def __init__(self, store: Store, number: int, commits: int, *, pause_s: float = 0.004) -> None:
        self.store = store
        self.acknowledged: list[Event] = []
        self._number = number
        self._commits = commits
        self._dice = Random(number)
        self._pause = threading.Event()
        self._pause_s = pause_s
        self._ids = count(1)
        self.doubtful: set[str] = set()

    def run(self) -> None:
        for _ in range(self._commits):
            ids = [identifier(self._number, next(self._ids)) for _ in range(self._dice.randint(1, 5))]
            while not self._commit(ids):
                self._pause.wait(0.01)

    def _commit(self, ids: list[str]) -> bool:
        """False: surely not written, to be tried again. True also for one that it took back or can not know of."""
        at = NOW + self._dice.randint(-5_000, 5_000)  # clocks that differ
        try:
            world = load_for(self.store, *[submitted(id, at=at) for id in ids], at=at)
            self._pause.wait(self._dice.random() * self._pause_s)
            if self._dice.random() < 0.2:
                self.store.rollback()
                return True
            made = self.store.commit(world, {})
        except StoreContended:
            return False
        except StoreUnavailable as error:
            if "not known" in str(error):
                self.doubtful.update(ids)
                return True
            return False
        finally:
            self.store.rollback()
        assert [event.subject for event in made] == ids
        self.acknowledged += made
        return True


class Reader:
    """Follows the log as every server does: events behind its cursor, again and again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.events: list[Event] = []

    def run(self, done: threading.Event) -> None:
        while True:
            last = done.is_set()
            if not self._read() and last:
                return

    def _read(self) -> bool:
        with self._store.reading() as reading:
            found = reading.events(self.events[-1].seq if self.events else 0, limit=PAGE)
        self.events += found
        return bool(found)


def follow(writers: list[Writer], readers: list[Reader]) -> None:
    """All at once; the readers end when the writers have, and they have read everything."""
    done = threading.Event()

    def write() -> None:
        try:
            together(*[writer.run for writer in writers])
        finally:
            done.set()

    together(write, *[lambda reader=reader: reader.run(done) for reader in readers])


def problems(writers: list[Writer], readers: list[Reader]) -> list[str]:
    """What is wrong with what was read: nothing may be missed, doubled, out of order or back in time."""
    written = {event.seq: event for writer in writers for event in writer.acknowledged}
    acknowledged = sum(len(writer.acknowledged) for writer in writers)
    found = [f"{acknowledged - len(written)} numbers were given twice"] if len(written) != acknowledged else []
    for reader in readers:
        numbers = [event.seq for event in reader.events]
        missed = written.keys() - set(numbers)
        found += [f"missed {len(missed)} of {len(written)}"] if missed else []
        found += ["read twice"] if len(set(numbers)) != len(numbers) else []
        found += ["not dense"] if numbers != list(range(1, len(numbers) + 1)) else []
        times = [event.at for event in reader.events]
        found += ["time went back"] if times != sorted(times) else []
        different = (
            [seq for seq in numbers if seq in written and written[seq] != reader.events[seq - 1]] if not found else []
        )
        found += [f"{len(different)} are not as they were acknowledged"] if different else []
    return found
