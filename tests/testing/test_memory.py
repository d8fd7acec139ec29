"""The store of the simulator keeps every promise that real ones keep."""

from __future__ import annotations

import pytest

from headway.errors import StoreUnavailable, StoreUnusable
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore
from headway.testing.store_suite import StoreSuite
from headway.testing.store_worlds import NOW, job_id, submitted, write


class TestMemoryStore(StoreSuite):
    @pytest.fixture
    def make(self):
        disk = Disk()
        return lambda: MemoryStore(disk)


def test_a_second_store_on_the_disk_is_refused_until_the_first_is_closed():
    disk = Disk()
    MemoryStore(disk).open(now=NOW, new_epoch="e1")

    with pytest.raises(StoreUnusable):
        MemoryStore(disk).open(now=NOW, new_epoch="e2")


def test_a_failing_commit_writes_nothing():
    store = MemoryStore()
    store.open(now=NOW, new_epoch="e1")
    store.failing = True

    with pytest.raises(StoreUnavailable):
        write(store, submitted(job_id(1)))

    assert store.disk.log == []
    assert store.disk.jobs == {}
