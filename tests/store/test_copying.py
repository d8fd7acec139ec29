"""Every row of every table arrives, whichever database it leaves and reaches, and nothing else happens to either."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table

from headway.errors import StoreUnusable
from headway.store import schema
from headway.store.base import Head
from headway.store.copying import TABLES, Copied, Source, Target, copy
from headway.store.folder import Folder
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.copying import PostgresSource, PostgresTarget
from headway.store.postgres.opening import open_store
from headway.store.postgres.peers import Peers
from headway.store.sqlite import SqliteStore
from headway.store.sqlite.copying import SqliteSource, SqliteTarget
from headway.testing.store_worlds import NOW, job_id, submitted, write

Rows = dict[str, list[tuple[Any, ...]]]
KEYS = {"01J0000000000000000000000A": b"", "01J0000000000000000000000B": b"x" * 2_500_000}


@pytest.fixture
def source_file(tmp_path: Path) -> Path:
    """A store whose every table has rows with what is hard to carry."""
    path = tmp_path / "source.db"
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch="e1")
    write(store, *(submitted(job_id(number), labels={"name": "a\0b\x01"}) for number in range(1, 30)))
    store.close()
    db = sqlite3.connect(path)
    for table in schema.metadata.sorted_tables:
        if table not in (schema.log_head, schema.facts):
            insert(db, table)
    db.commit()
    db.close()
    return path


def insert(db: sqlite3.Connection, table: Table) -> None:
    """Three rows: least, ordinary, awkward."""
    for number in range(3):
        row = [value_of(column, number) for column in table.columns]
        marks = ", ".join("?" * len(row))
        db.execute(f"INSERT INTO {table.name} VALUES ({marks})", row)  # noqa: S608 - our own names


def value_of(column: Any, number: int) -> Any:
    if column.nullable and number == 0:
        return None
    if column.name == "doc":
        return ("{}", '{"id":"\\u0000"}', '{"id":"\U0001f600"}')[number]
    sort = column.type.compile().split()[0]
    values = {
        "TEXT": ("", "plain", "z\0 \x01 \x010 \U0001f600 \\N \t\n\ue000"),
        "BIGINT": (0, 1 << 40, (1 << 62) + 1),
        "INTEGER": (-5, 1, (1 << 31) - 1),
        "FLOAT": (0.1, 1e-300, 1.7976931348623157e308),
        "BLOB": (b"", b"\0\xff", bytes(range(256)) * 9),
    }
    found = values["BIGINT" if sort == "INTEGER" and column.name in {"seq", "at"} else sort][number]
    return f"{found}{number}" if sort == "TEXT" and column.primary_key else found


def make_empty(path: Path) -> None:
    """A store without a job."""
    store = SqliteStore(path)
    store.open(now=NOW, new_epoch="e1")
    store.close()


def rows_of(source: Source) -> Rows:
    with source:
        rows = {table.name: sorted(source.rows(table), key=repr) for table in (*TABLES, schema.files)}
        head = source.head()
    return rows | {"log_head": [(head.seq, head.at, head.first_seq, head.skew)]}


@pytest.fixture
def address(database: str) -> Address:
    return Address.parse(database)


def moved(source: Source, target: Target, epoch: str, **more: Any) -> Copied:
    with source, target:
        return copy(source, target, epoch=epoch, **more)


def test_every_row_of_every_table_goes_to_the_other_database_and_back(
    source_file: Path, address: Address, tmp_path: Path
):
    there = moved(SqliteSource(source_file, online=False), PostgresTarget(address), "e2")
    back = moved(PostgresSource(address, online=False), SqliteTarget(tmp_path / "back.db"), "e3")

    first = rows_of(SqliteSource(source_file, online=True))
    assert rows_of(PostgresSource(address, online=True)) == first
    assert rows_of(SqliteSource(tmp_path / "back.db", online=True)) == first
    assert min(map(len, first.values())) >= 1
    assert [len(first[name]) for name in ("jobs", "files", "samples")] == [32, 3, 3]
    assert (there.head.epoch, back.head.epoch) == ("e2", "e3")
    assert there.rows == back.rows == {table.name: len(first[table.name]) for table in TABLES}


def test_what_belongs_to_the_place_stays_there(source_file: Path, address: Address):
    moved(SqliteSource(source_file, online=False), PostgresTarget(address), "e2")

    with connect(address) as connection:
        facts = dict(connection.execute("SELECT name, value FROM headway.facts").fetchall())
        servers = connection.execute("SELECT count(*) FROM headway.servers").fetchone()
        opened = open_store(address, connection, NOW, "e9")
    assert facts.keys() == {"serves", "origin"}
    assert servers == (0,)
    assert opened.epoch == "e2"


def test_a_copied_file_opens_under_the_epoch_that_the_copy_said(source_file: Path, tmp_path: Path):
    copied = moved(SqliteSource(source_file, online=False), SqliteTarget(tmp_path / "copy.db"), "e2")

    store = SqliteStore(tmp_path / "copy.db")
    head = store.open(now=NOW, new_epoch="e9")
    store.close()

    assert head == copied.head == Head("e2", 29, NOW)
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db", "copy.db-lock", "copy.db-witness"]


def test_progress_is_told_by_table(source_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headway.store.copying.TOLD_ROWS", 10)
    told: list[tuple[str, int, int]] = []

    moved(
        SqliteSource(source_file, online=False),
        SqliteTarget(tmp_path / "copy.db"),
        "e2",
        told=lambda *each: told.append(each),
    )

    assert [each for each in told if each[0] == "jobs"] == [
        ("jobs", 10, 32),
        ("jobs", 20, 32),
        ("jobs", 30, 32),
        ("jobs", 32, 32),
    ]
    assert {each[0] for each in told} == {table.name for table in (*TABLES, schema.files)}


class TestFilesOfJobs:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Folder:
        found = Folder(tmp_path / "artifacts")
        for key, body in KEYS.items():
            path = found.path / key[-2:] / key
            path.parent.mkdir(parents=True)
            path.write_bytes(body)
        (found.path / "0A" / "half.part").write_bytes(b"half")
        return found

    def test_go_from_a_folder_into_the_database_and_back(self, folder: Folder, address: Address, tmp_path: Path):
        source = tmp_path / "source.db"
        make_empty(source)
        back = Folder(tmp_path / "back")

        there = moved(SqliteSource(source, online=True), PostgresTarget(address), "e2", files_from=folder, online=True)
        again = moved(PostgresSource(address, online=True), SqliteTarget(tmp_path / "back.db"), "e3", files_to=back)

        with connect(address) as connection:
            parts = connection.execute(
                "SELECT key, part, length(body) FROM headway.files ORDER BY key, part"
            ).fetchall()
        assert [part[1:] for part in parts] == [(0, 0), (0, 1 << 20), (1, 1 << 20), (2, 2_500_000 - (2 << 20))]
        assert {path.name: path.read_bytes() for path in back.path.glob("*/*")} == KEYS
        assert (there.files, again.files) == (2, 2)

    def test_one_that_is_there_already_is_kept(self, folder: Folder, tmp_path: Path):
        key = next(iter(KEYS))

        folder.fill([(key, 0, b"another")])

        assert (folder.path / key[-2:] / key).read_bytes() == b""


class TestWhatIsRefused:
    def said(self, source: Source, target: Target, **more: Any) -> str:
        with pytest.raises(StoreUnusable) as caught:
            moved(source, target, "e2", **more)
        return str(caught.value)

    def test_a_source_that_is_not_there(self, tmp_path: Path, address: Address):
        none = SqliteSource(tmp_path / "none.db", online=True)

        assert self.said(none, PostgresTarget(address)) == (
            f"There is no store at {tmp_path / 'none.db'}. Check the path; nothing was made there."
        )
        assert list(tmp_path.iterdir()) == []
        assert self.said(
            PostgresSource(Address(address.options, "none"), online=True), SqliteTarget(tmp_path / "x.db")
        ) == (f"There is no store in {address}?schema=none. Check the URL and its schema.")

    def test_an_sqlite_source_whose_server_runs(self, source_file: Path, tmp_path: Path):
        store = SqliteStore(source_file)
        store.open(now=NOW, new_epoch="e1")

        said = self.said(SqliteSource(source_file, online=False), SqliteTarget(tmp_path / "copy.db"))
        online = moved(SqliteSource(source_file, online=True), SqliteTarget(tmp_path / "copy.db"), "e2", online=True)
        store.close()

        assert said.endswith(
            "Stop it, so that nothing is written after the copy was taken; or copy what there is now with --online, "
            "losing what is written later."
        )
        assert "is in use by another Headway server (process " in said
        assert online.rows["jobs"] == 32

    def test_a_postgresql_source_whose_servers_run(self, address: Address, tmp_path: Path):
        with connect(address) as connection:
            open_store(address, connection, NOW, "e1")
        peers = Peers(address)
        peers.beat("server-1", {})

        said = self.said(PostgresSource(address, online=False), SqliteTarget(tmp_path / "copy.db"))
        peers.retire("server-1")
        peers.close()
        moved(PostgresSource(address, online=False), SqliteTarget(tmp_path / "copy.db"), "e2")

        assert said == (
            f"Servers have the store {address} open, or had it 30 s ago: server-1. "
            "Stop them, so that nothing is written after the copy was taken; or copy what there is now with --online, "
            "losing what is written later."
        )

    def test_a_source_that_was_written_all_the_same(self, source_file: Path, address: Address, tmp_path: Path):
        moved(SqliteSource(source_file, online=False), PostgresTarget(address), "e2")
        source, target = PostgresSource(address, online=False), SqliteTarget(tmp_path / "copy.db")

        with source, target, connect(address) as other:
            other.execute("UPDATE headway.log_head SET seq = seq + 3")
            with pytest.raises(StoreUnusable) as caught:
                copy(source, target, epoch="e3")

        assert str(caught.value).startswith(
            "3 events were written to the source while it was copied; the copy was thrown away."
        )
        assert not (tmp_path / "copy.db").exists()

    @pytest.mark.parametrize("sort", ["sqlite", "postgres"])
    def test_a_target_that_holds_something(self, source_file: Path, address: Address, tmp_path: Path, sort: str):
        target = SqliteTarget(tmp_path / "copy.db") if sort == "sqlite" else PostgresTarget(address)
        moved(SqliteSource(source_file, online=False), target, "e2")

        said = self.said(SqliteSource(source_file, online=False), target)

        place = tmp_path / "copy.db" if sort == "sqlite" else address
        assert said == (
            f"The store {place} is not empty: it holds 29 events. It was not changed. Name a new one; "
            "or put a backup in its place: headway store restore FILE URL --replace."
        )

    def test_a_backup_over_a_file(self, source_file: Path, tmp_path: Path):
        (tmp_path / "precious").write_text("mine")

        said = self.said(SqliteSource(source_file, online=True), SqliteTarget(tmp_path / "precious", backup=True))

        assert said == f"{tmp_path / 'precious'} exists already. It was not changed. Name another file."
        assert (tmp_path / "precious").read_text() == "mine"

    @pytest.mark.parametrize(
        ("revision", "hint"),
        [("0001", "headway store migrate brings it forward."), ("9999", "Copy it with the newer Headway.")],
    )
    def test_a_source_of_another_schema(
        self, source_file: Path, address: Address, tmp_path: Path, revision: str, hint: str
    ):
        moved(SqliteSource(source_file, online=False), PostgresTarget(address), "e2")
        with connect(address) as connection:
            connection.execute("UPDATE headway.alembic_version SET version_num = %s", (revision,))
        with sqlite3.connect(source_file) as db:
            db.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        db.close()
        now = schema.REVISIONS[-1]

        sayings = [
            self.said(SqliteSource(source_file, online=True), SqliteTarget(tmp_path / "a.db")),
            self.said(PostgresSource(address, online=True), SqliteTarget(tmp_path / "b.db")),
        ]

        assert sayings == [
            f"The store {shown} is at schema {revision!r}, this Headway copies {now!r}. {hint}"
            for shown in (source_file, address)
        ]

    def test_rows_that_did_not_arrive(self, source_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(SqliteTarget, "count", lambda self, table: 1)

        said = self.said(SqliteSource(source_file, online=True), SqliteTarget(tmp_path / "copy.db"))

        assert "rows of bodies were copied and 1 arrived; the copy was thrown away." in said
        assert [path.name for path in tmp_path.glob("copy*") if "lock" not in path.name] == []


class TestReplacing:
    @pytest.fixture
    def served(self, source_file: Path, address: Address) -> Iterator[Connection]:
        """A PostgreSQL store with the rows of the source, and a connection of a server that has it open."""
        moved(SqliteSource(source_file, online=False), PostgresTarget(address), "e2")
        with connect(address) as connection:
            yield connection

    def test_readers_see_the_old_store_or_the_new_one_whole(self, served: Connection, address: Address, tmp_path: Path):
        empty = tmp_path / "empty.db"
        make_empty(empty)
        seen = "SELECT (SELECT epoch FROM headway.log_head), (SELECT count(*) FROM headway.jobs)"
        source, target = SqliteSource(empty, online=True), PostgresTarget(address, replace=True)

        with source, target:
            served.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            begun = served.execute("SELECT epoch FROM headway.log_head").fetchone()
            with connect(address) as other:
                during = other.execute(seen).fetchone()
            copy(source, target, epoch="e6")
            still = served.execute(seen).fetchone()
            served.execute("COMMIT")
        after = served.execute(seen).fetchone()

        assert (begun, during, still, after) == (("e2",), ("e2", 32), ("e2", 32), ("e6", 0))

    def test_a_writer_waits_until_it_is_done(self, served: Connection, address: Address, source_file: Path):
        with SqliteSource(source_file, online=True) as source, PostgresTarget(address, replace=True) as target:
            served.execute("SET lock_timeout TO '50ms'")
            with pytest.raises(Exception, match="lock timeout"):
                served.execute("SELECT 1 FROM headway.jobs FOR UPDATE")
            copy(source, target, epoch="e3", online=True)

        assert served.execute("SELECT 1 FROM headway.jobs LIMIT 1 FOR UPDATE").fetchone() == (1,)

    def test_what_breaks_off_leaves_everything_as_it_was(self, served: Connection, address: Address, source_file: Path):
        before = rows_of(PostgresSource(address, online=True))

        with SqliteSource(source_file, online=True), PostgresTarget(address, replace=True) as target:
            target.fill(schema.saved, [("views/name", 1, "{}")])
            during = target.count(schema.saved)

        assert during == 1
        assert rows_of(PostgresSource(address, online=True)) == before

    def test_a_file_is_replaced_whole_and_what_was_beside_it_goes(self, source_file: Path, tmp_path: Path):
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        store.open(now=NOW, new_epoch="e1")
        write(store, submitted(job_id(99)))
        store.close()

        copied = moved(SqliteSource(source_file, online=True), SqliteTarget(path, replace=True), "e2")
        again = SqliteStore(path)
        head = again.open(now=NOW, new_epoch="e9")
        again.close()

        assert head == copied.head
        assert rows_of(SqliteSource(path, online=True)) == rows_of(SqliteSource(source_file, online=True))
        assert sorted(each.name for each in tmp_path.glob("store*")) == [
            "store.db",
            "store.db-lock",
            "store.db-witness",
        ]

    def test_a_file_that_could_not_be_replaced_is_there_as_before(self, source_file: Path, tmp_path: Path, monkeypatch):
        path = tmp_path / "store.db"
        store = SqliteStore(path)
        store.open(now=NOW, new_epoch="e1")
        write(store, submitted(job_id(99)))
        store.close()
        before = rows_of(SqliteSource(path, online=True))

        def fail(self: Path, to: Path) -> None:
            raise OSError("disk full")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(Exception, match=f"The copy {path} could not be written: disk full"):
            moved(SqliteSource(source_file, online=True), SqliteTarget(path, replace=True), "e2")

        assert rows_of(SqliteSource(path, online=True)) == before

    def test_a_file_whose_server_runs_is_not_replaced(self, source_file: Path, tmp_path: Path):
        store = SqliteStore(tmp_path / "store.db")
        store.open(now=NOW, new_epoch="e1")

        with pytest.raises(StoreUnusable, match="is in use by another Headway server"):
            moved(SqliteSource(source_file, online=True), SqliteTarget(tmp_path / "store.db", replace=True), "e2")

        store.close()
