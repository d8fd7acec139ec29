"""The migrations lead to the schema that a new store is made with."""

from __future__ import annotations

import sqlite3

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import StaticPool, create_engine

from headway.store import migrations, schema
from headway.store.schema import REVISIONS
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, job_id, submitted, write


def schema_of(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Every table and index, its text cut into words."""
    rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'")
    return {name: sorted(text.replace(",", " ").replace("(", " ").replace(")", " ").split()) for name, text in rows}


@pytest.fixture
def migrated(tmp_path):
    """An empty file that all migrations went over."""
    db = sqlite3.connect(tmp_path / "migrated.db", isolation_level=None)
    with create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool).connect() as connection:
        migrations.upgrade(connection)
    yield db
    db.close()


def test_all_migrations_make_the_schema_of_a_new_store(migrated, tmp_path):
    store = SqliteStore(tmp_path / "new.db")
    store.open(now=NOW, new_epoch="e1")
    fresh = schema_of(store._writer)
    store.close()

    assert schema_of(migrated) == fresh


def test_the_revisions_are_known_by_name_without_alembic():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])

    written = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]

    assert tuple(reversed(written)) == REVISIONS


def test_an_older_store_is_brought_forward_with_its_jobs(tmp_path, monkeypatch):
    path = tmp_path / "old.db"
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch="e1")
    write(store, submitted(job_id(1)))
    store.close()
    asked = []
    monkeypatch.setattr(schema, "REVISIONS", (*REVISIONS, "9998"))
    monkeypatch.setattr(
        migrations, "upgrade", lambda connection: asked.append(connection.exec_driver_sql("SELECT 1").scalar())
    )

    again = SqliteStore(path)
    again.open(now=NOW, new_epoch="e2")

    with again.reading() as reading:
        assert (reading.head.epoch, reading.head.seq) == ("e1", 1)
    again.close()
    assert asked == [1]
