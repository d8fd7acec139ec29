from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from headway.cli import main
from headway.store.schema import REVISIONS
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, job_id, submitted, write

KEY = "01J0000000000000000000000A"


class Said(NamedTuple):
    """What a command line answered."""

    code: int
    out: str
    err: str


@pytest.fixture
def headway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run one command line here, with a data folder of its own."""
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("NO_COLOR", "1")

    def call(*words: str | Path) -> Said:
        code = main([str(word) for word in words])
        said = capfd.readouterr()
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def source(tmp_path: Path) -> str:
    """The URL of a store with three jobs, and a file in the data folder."""
    store = SqliteStore(tmp_path / "source.db")
    store.open(now=NOW, new_epoch="e1")
    write(store, *(submitted(job_id(number)) for number in range(3)))
    store.close()
    path = tmp_path / "data" / "artifacts" / KEY[-2:] / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(b"report")
    return f"sqlite:///{tmp_path / 'source.db'}"


def jobs_in(path: Path) -> int:
    db = sqlite3.connect(path)
    (number,) = db.execute("SELECT count(*) FROM jobs").fetchone()
    db.close()
    return number


def test_a_store_moves_to_postgresql_and_back(headway, source: str, database: str, tmp_path: Path, monkeypatch):
    there = headway("store", "copy", source, database)
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "elsewhere"))
    back = headway("store", "copy", database, f"sqlite:///{tmp_path / 'back.db'}")

    assert (there.code, back.code) == (0, 0)
    assert "Copied 3 jobs, 3 events and 1 files. It is a log of its own: viewers begin anew with it." in there.err
    assert "  jobs                    3 of 3\n" in there.err
    assert jobs_in(tmp_path / "back.db") == 3
    assert (tmp_path / "elsewhere" / "artifacts" / KEY[-2:] / KEY).read_bytes() == b"report"
    assert database.split(":")[2].split("@", maxsplit=1)[0] not in there.err + back.err


def test_a_backup_is_one_file_from_which_everything_comes_back(headway, source: str, tmp_path: Path, monkeypatch):
    backed_up = headway("store", "backup", source, tmp_path / "backup.db")
    monkeypatch.setenv("HEADWAY_DATA", str(tmp_path / "elsewhere"))
    restored = headway("store", "restore", tmp_path / "backup.db", f"sqlite:///{tmp_path / 'new.db'}")

    assert (backed_up.code, restored.code) == (0, 0)
    assert "Backed up 3 jobs, 3 events and 1 files." in backed_up.err
    assert "Restored 3 jobs, 3 events and 1 files." in restored.err
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup.db"]
    assert jobs_in(tmp_path / "new.db") == 3
    assert (tmp_path / "elsewhere" / "artifacts" / KEY[-2:] / KEY).read_bytes() == b"report"


def test_a_backup_takes_the_place_of_what_is_there_only_when_told(headway, source: str, database: str, tmp_path: Path):
    headway("store", "backup", source, tmp_path / "backup.db")
    headway("store", "copy", source, database)

    refused = headway("store", "restore", tmp_path / "backup.db", database)
    replaced = headway("store", "restore", tmp_path / "backup.db", database, "--replace")

    assert refused.code == 1
    assert "is not empty: it holds 3 events." in refused.err
    assert replaced.code == 0


def test_a_store_whose_server_runs_is_copied_only_online(headway, source: str, tmp_path: Path):
    store = SqliteStore(tmp_path / "source.db")
    store.open(now=NOW, new_epoch="e1")

    refused = headway("store", "copy", source, f"sqlite:///{tmp_path / 'copy.db'}")
    online = headway("store", "copy", "--online", source, f"sqlite:///{tmp_path / 'copy.db'}")
    backed_up = headway("store", "backup", source, tmp_path / "backup.db")
    store.close()

    assert (refused.code, online.code, backed_up.code) == (1, 0, 0)
    assert "Stop it, so that nothing is written after the copy was taken" in refused.err


def test_what_a_store_can_not_be_is_said(headway, source: str):
    said = headway("store", "copy", source, "redis://me:secret@cache")

    assert said.code == 2
    assert "store: 'redis://me:***@cache' is no store that this version knows." in said.err


class TestMigrate:
    def test_says_what_it_would_do_and_does_it(
        self, headway, tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("HEADWAY_STORE", f"sqlite:///{tmp_path / 'new.db'}")

        missing = headway("store", "migrate", "--check")
        nothing_was_made = not (tmp_path / "new.db").exists()
        made = headway("store", "migrate")
        done = headway("store", "migrate", "--check")

        url = f"sqlite:///{tmp_path / 'new.db'}"
        newest = REVISIONS[-1]
        assert (missing.code, missing.out) == (
            1,
            f"The store {url} is not there yet; this version would make it at {newest}.\n",
        )
        assert nothing_was_made
        assert (made.code, made.out) == (0, f"The store {url} was made at {newest}.\n")
        assert (done.code, done.out) == (0, f"The store {url} is at schema {newest}: nothing to do.\n")

    @pytest.mark.parametrize("sort", ["sqlite", "postgres"])
    def test_an_older_store_is_named_with_its_schema(
        self, headway, source: str, database: str, tmp_path: Path, sort, monkeypatch
    ):
        url = source if sort == "sqlite" else database
        headway("store", "migrate", url)
        monkeypatch.setattr("headway.store.schema.REVISIONS", (*REVISIONS, "9998"))

        checked = headway("store", "migrate", url, "--check")
        monkeypatch.setattr("headway.store.migrations.upgrade", lambda connection: None)
        brought = headway("store", "migrate", url)

        assert checked.code == 1
        assert checked.out.endswith(f" is at schema {REVISIONS[-1]}; this version would bring it to 9998.\n")
        assert brought.code == 0
        assert brought.out.endswith(f" was brought from schema {REVISIONS[-1]} to 9998.\n")
        assert "headway:***@" in checked.out or sort == "sqlite"

    def test_one_that_is_newer_and_one_that_is_too_new(self, headway, source: str, tmp_path: Path):
        db = sqlite3.connect(tmp_path / "source.db", isolation_level=None)
        db.execute("UPDATE alembic_version SET version_num = '9999'")

        served = headway("store", "migrate", source, "--check")
        db.execute("UPDATE facts SET value = '9999' WHERE name = 'serves'")
        db.close()
        refused = headway("store", "migrate", source, "--check")

        assert (served.code, served.out) == (
            0,
            f"The store {source} is at schema 9999, newer than this version, which may serve it: nothing to do.\n",
        )
        assert refused.code == 1
        assert f"The store {source} is at schema '9999', which this Headway does not know" in refused.err
