"""A store that is closed leaves nothing open: readings under way end first, later ones are refused."""

from __future__ import annotations

import gc
import threading
import warnings

import pytest

from headway.errors import NotServing
from headway.store.postgres import PostgresStore
from headway.testing.store_worlds import NOW


def test_a_reading_that_ends_while_the_store_is_closed_leaves_no_connection(database: str) -> None:
    store = PostgresStore(database)
    store.open(now=NOW, new_epoch="e1")
    begun, go_on = threading.Event(), threading.Event()
    seen: list[int] = []

    def read() -> None:
        with store.reading() as reading:
            begun.set()
            go_on.wait()
            seen.append(reading.head.seq)

    reader = threading.Thread(target=read)
    reader.start()
    begun.wait()
    closer = threading.Thread(target=store.close)
    closer.start()
    while not store._readings._closed:
        closer.join(0.001)
    waited = closer.is_alive()
    go_on.set()
    reader.join()
    closer.join()

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        gc.collect()
    assert waited
    assert seen == [0]
    assert [str(each.message) for each in said if "psycopg" in str(each.message)] == []


def test_a_closed_store_is_not_read(database: str) -> None:
    store = PostgresStore(database)
    store.open(now=NOW, new_epoch="e1")
    store.close()

    with pytest.raises(NotServing), store.reading():
        pass
