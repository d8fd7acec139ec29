"""Acknowledged means durable (I6), whatever the owner of the database set for others."""

from __future__ import annotations

import psycopg
import pytest

from headway.model.command import Reads
from headway.store.postgres import PostgresStore
from headway.testing.store_worlds import NOW
from writers import opened


@pytest.mark.parametrize(("set_to", "pooler", "durable"), [
    ("off", "", "on"),
    ("off", "transaction", "on"),
    ("remote_apply", "", "remote_apply"),
])  # fmt: skip
def test_a_commit_waits_for_the_disk_at_least(database: str, set_to: str, pooler: str, durable: str) -> None:
    with psycopg.connect(database, autocommit=True) as owner:
        name = owner.info.dbname
        owner.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO {set_to}'.encode())
    url = f"{database}{'&' if '?' in database else '?'}pooler={pooler}" if pooler else database

    with opened([PostgresStore(url)]) as [store]:
        store.load(Reads(), NOW)
        wire = store._wire
        assert wire is not None
        reply = wire.ask("SELECT current_setting('synchronous_commit')")
        wire.exchange()
        store.rollback()

    assert reply.rows() == [(durable.encode(),)]
