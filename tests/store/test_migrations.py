"""The migrations lead to the schema that a new store is made with, on both databases."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection as SqlConnection, StaticPool, create_engine, event

from headway.errors import StoreUnusable
from headway.hub.verify import verify
from headway.model.query import parse
from headway.store import migrations, schema
from headway.store.base import Answer, Store
from headway.store.postgres import PostgresStore
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import begin
from headway.store.postgres.opening import open_store
from headway.store.schema import APPLICATION_ID, REVISIONS
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, Stream, about, job_id, logged, submitted, write

HEAD = f"INSERT INTO log_head (id, epoch, seq, at, first_seq, skew) VALUES (1, 'e1', 7, {NOW}, 1, 0)"  # noqa: S608 - a number of our own
QUEUE = "INSERT INTO queues (id, seq, doc) VALUES ('default', 7, '{}')"


LINKED = (
    "INSERT INTO jobs (id, namespace, lane, state, priority, ready, seq, tail, doc) VALUES "
    """('01A', 'default', 1, 'completed', 0, 0, 1, 1, '{"id":"01A","labels":{"x":"1"}}'), """
    """('01B', 'default', 1, 'completed', 0, 0, 2, 2, '{"id":"01B","parent":"01A","retry_of":"01P"}'), """
    """('01C', 'default', 1, 'completed', 0, 0, 3, 3, '{"id":"01C","retry_of":"01A","args":{"parent":"01A"}}')"""
)
LINKS = [("", "parent:01A", "01B"), ("", "retry_of:01A", "01C"), ("", "retry_of:01P", "01B")]


def configured(connection: SqlConnection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    config.attributes["connection"] = connection
    return config


def test_the_revisions_are_known_by_name_without_alembic():
    written = [script.revision for script in ScriptDirectory.from_config(configured()).walk_revisions()]

    assert tuple(reversed(written)) == REVISIONS


def stream_through(store: Store) -> None:
    """Everything that happens to jobs, workers and what stands beside them."""
    stream = Stream(3)
    for _ in range(20):
        for each in write(store, *stream.batch()):
            if each.data.get("deleted"):
                del stream.jobs[each.subject]
            else:
                stream.jobs[each.subject] = {**stream.jobs.get(each.subject, {}), **each.data["set"]}
    job = submitted(job_id(9_002))
    write(store, job, about("worker.connected", "w/1", id="w/1"), about("kind.declared", "crawl", id="crawl"))
    write(
        store, logged(job.data["set"], 1, "a line"), args={job.subject: b"{}"}, new_samples=[("crawl", "", 1.5)],
        new_checkpoints=[(job.subject, "place", 7)], answers={("ann", "key"): Answer("hash", b"answer")},
        heard={"w/1": (NOW, {"cpu": 1})},
    )  # fmt: skip


class TestSqlite:
    @pytest.fixture
    def at(self, tmp_path: Path):
        """A file that migrations up to a revision went over, with a log of seven events."""
        path = tmp_path / "old.db"

        def migrated_to(revision: str) -> Path:
            db = sqlite3.connect(path, isolation_level=None)
            with create_engine("sqlite://", creator=lambda: db, poolclass=StaticPool).begin() as connection:
                command.upgrade(configured(connection), revision)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(HEAD)
            db.execute(QUEUE)
            db.close()
            return path

        return migrated_to

    def test_all_migrations_make_the_schema_of_a_new_store(self, at, tmp_path: Path):
        store = SqliteStore(tmp_path / "new.db")
        store.open(now=NOW, new_epoch="e1")
        store.close()

        assert tables_of(at("head")) == tables_of(tmp_path / "new.db")

    @pytest.mark.parametrize("revision", REVISIONS[:-1])
    def test_every_older_store_is_brought_forward_with_what_it_holds(self, at, revision: str):
        path = at(revision)

        store = SqliteStore(path)
        head = store.open(now=NOW, new_epoch="e2")
        with store.reading() as reading:
            queues = reading.queues()
        write(store, submitted(job_id(1)))
        store.close()

        assert (head.seq, queues) == (7, [{"seq": 7}])
        assert tables_of(path) == tables_of(at_head(path.with_name("new.db")))

    def test_jobs_of_before_are_found_by_their_parent_and_by_what_they_repeat(self, at):
        path = at("0001")
        db = sqlite3.connect(path)
        db.execute(LINKED)
        db.commit()
        db.close()

        store = SqliteStore(path)
        store.open(now=NOW, new_epoch="e2")
        with store.reading() as reading:
            children = reading.jobs(parse("parent:01A"), now=NOW, limit=9).items
        store.close()

        rows = sqlite3.connect(path).execute("SELECT name, value, job FROM job_labels ORDER BY name, value").fetchall()
        assert rows == LINKS
        assert [job.get("id") for job in children] == ["01B"]

    def test_one_that_fails_on_the_way_is_left_as_it_was(self, at, monkeypatch: pytest.MonkeyPatch):
        path = at("0001")
        before = tables_of(path)
        upgrade = migrations.upgrade

        def fail(connection: SqlConnection) -> None:
            upgrade(connection)
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr(migrations, "upgrade", fail)
        with pytest.raises(StoreUnusable, match="disk full"):
            SqliteStore(path).open(now=NOW, new_epoch="e2")

        assert tables_of(path) == before

    def test_the_program_before_works_with_a_store_that_has_more_columns(self, tmp_path: Path):
        path = at_head(tmp_path / "new.db")
        db = sqlite3.connect(path, isolation_level=None)
        for table in schema.metadata.sorted_tables:
            db.execute(f"ALTER TABLE {table.name} ADD COLUMN colour TEXT")
        db.execute("UPDATE alembic_version SET version_num = '9998'")
        db.close()

        store = SqliteStore(path)
        store.open(now=NOW, new_epoch="e2")
        stream_through(store)
        different = verify(store).different
        store.close()

        assert different == 0

    def test_alembic_is_not_asked_about_a_store_of_today(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        path = at_head(tmp_path / "new.db")
        asked: list[Any] = []
        monkeypatch.setattr(migrations, "upgrade", asked.append)

        store = SqliteStore(path)
        store.open(now=NOW, new_epoch="e2")
        store.close()

        assert asked == []


def at_head(path: Path) -> Path:
    """A new store, closed."""
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch="e1")
    store.close()
    return path


def tables_of(path: Path) -> dict[str, list[str]]:
    """Every table and index, its text cut into words."""
    db = sqlite3.connect(path)
    rows = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'alembic_version'"
    ).fetchall()
    db.close()
    return {name: sorted(text.replace(",", " ").replace("(", " ").replace(")", " ").split()) for name, text in rows}


class TestPostgres:
    @pytest.fixture
    def address(self, database: str) -> Address:
        return Address.parse(database)

    @pytest.fixture
    def connection(self, address: Address):
        with connect(address) as made:
            yield made

    @pytest.fixture
    def at(self, address: Address, connection: Connection):
        """Makes a schema that migrations up to a revision went over, with a log of seven events."""
        connection.execute("CREATE SCHEMA headway")

        def migrate_to(revision: str) -> None:
            engine = create_engine("postgresql+psycopg://", creator=lambda: connection, poolclass=StaticPool)
            event.listen(engine, "begin", lambda _: connection.execute(begin(address)))
            with engine.begin() as sql:
                command.upgrade(configured(sql), revision)
                connection.execute(HEAD.encode())
                connection.execute(QUEUE.encode())

        return migrate_to

    def test_all_migrations_make_the_schema_of_a_new_store(self, at, address: Address, connection: Connection):
        at("head")
        migrated = shape_of(connection, "headway")
        other = Address(address.options, "fresh")

        open_store(other, connection, NOW, "e1")

        assert shape_of(connection, "fresh") == migrated
        assert len(migrated["columns"]) > 80

    @pytest.mark.parametrize("revision", REVISIONS[:-1])
    def test_every_older_store_is_brought_forward_with_what_it_holds(self, at, address, connection, revision: str):
        at(revision)

        head = open_store(address, connection, NOW, "e2")

        found = connection.execute("SELECT version_num FROM headway.alembic_version").fetchone()
        assert (head.seq, head.at, found) == (7, NOW, (REVISIONS[-1],))
        assert connection.execute("SELECT id, seq FROM headway.queues").fetchall() == [("default", 7)]
        assert connection.info.transaction_status.name == "IDLE"

    def test_jobs_of_before_are_found_by_their_parent_and_by_what_they_repeat(self, at, address, connection):
        at("0001")
        connection.execute(LINKED.replace("INTO jobs", "INTO headway.jobs").encode())

        open_store(address, connection, NOW, "e2")

        rows = connection.execute("SELECT name, value, job FROM headway.job_labels ORDER BY name, value").fetchall()
        assert rows == LINKS

    def test_one_that_fails_on_the_way_is_left_as_it_was(
        self, at, address, connection, monkeypatch: pytest.MonkeyPatch
    ):
        at("0001")
        before = shape_of(connection, "headway")
        upgrade = migrations.upgrade

        def fail(sql: SqlConnection) -> None:
            upgrade(sql)
            raise RuntimeError("power cut")

        monkeypatch.setattr(migrations, "upgrade", fail)
        with pytest.raises(RuntimeError, match="power cut"):
            open_store(address, connection, NOW, "e2")

        assert shape_of(connection, "headway") == before

    def test_alembic_is_not_asked_about_a_store_of_today(self, address, connection, monkeypatch: pytest.MonkeyPatch):
        open_store(address, connection, NOW, "e1")
        asked: list[Any] = []
        monkeypatch.setattr(migrations, "upgrade", asked.append)

        open_store(address, connection, NOW, "e1")

        assert asked == []

    def test_a_server_of_the_version_before_goes_on_while_a_store_is_brought_forward(
        self, address, connection, database: str, monkeypatch: pytest.MonkeyPatch
    ):
        def add_columns(sql: SqlConnection) -> None:
            for table in schema.metadata.sorted_tables:
                sql.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN colour text")
            sql.exec_driver_sql("UPDATE alembic_version SET version_num = '9998'")

        before = PostgresStore(database)
        before.open(now=NOW, new_epoch="e1")
        write(before, submitted(job_id(9_001)))
        with monkeypatch.context() as newer:
            newer.setattr(schema, "REVISIONS", (*REVISIONS, "9998"))
            newer.setattr(migrations, "upgrade", add_columns)
            head = open_store(address, connection, NOW, "e2")

        stream_through(before)
        before.close()
        again = PostgresStore(database)
        epoch = again.open(now=NOW, new_epoch="e3").epoch
        different = verify(again).different
        again.close()

        found = connection.execute("SELECT version_num FROM headway.alembic_version").fetchone()
        assert (head.epoch, epoch, found, different) == ("e1", "e1", ("9998",), 0)

    def test_a_migration_that_can_not_have_the_tables_gives_up_soon_instead_of_stopping_everybody(
        self, at, address, connection, monkeypatch: pytest.MonkeyPatch
    ):
        at("0001")
        upgraded: list[str] = []

        def add_column(sql: SqlConnection) -> None:
            sql.exec_driver_sql("SET LOCAL lock_timeout TO '50ms'; ALTER TABLE jobs ADD COLUMN colour text")
            upgraded.append("done")

        monkeypatch.setattr(migrations, "upgrade", add_column)
        with connect(address) as reader:
            reader.execute("BEGIN; SELECT count(*) FROM headway.jobs")
            with pytest.raises(Exception, match="or its tables are locked"):
                open_store(address, connection, NOW, "e2")

        assert upgraded == []


def shape_of(connection: Connection, name: str) -> dict[str, list[tuple[Any, ...]]]:
    """Columns with their types, defaults and collations, and the indexes, primary keys among them."""
    columns = connection.execute(
        "SELECT table_name, column_name, data_type, is_nullable, column_default, collation_name"
        " FROM information_schema.columns WHERE table_schema = %s ORDER BY 1, 2",
        (name,),
    )
    indexes = connection.execute(
        "SELECT tablename, indexname, replace(indexdef, schemaname || '.', '') FROM pg_indexes WHERE schemaname = %s"
        " AND tablename <> 'alembic_version' ORDER BY 1, 2",
        (name,),
    )
    return {
        "columns": [row for row in columns.fetchall() if row[0] != "alembic_version"],
        "indexes": indexes.fetchall(),
    }
