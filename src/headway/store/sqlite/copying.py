"""An SQLite store as the source or the target of a copy.

A source is read in one transaction, beside a server that writes it (`online`) or with its lock held. A target is made
aside and takes its name when it is whole and on disk; one that is replaced is kept beside as `.replaced` until then.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from sqlalchemy import Table

from headway.errors import StoreUnavailable, StoreUnusable
from headway.store import schema
from headway.store.base import Head
from headway.store.copying import HeadRow, Row, another_revision, not_empty
from headway.store.sqlite.opening import connect, create, is_new, revision_of
from headway.store.sqlite.witness import Lock, Witness, WitnessFile, unopenable

_HEAD = "SELECT epoch, seq, at, first_seq, skew FROM log_head"


class SqliteSource:
    """`headway.store.copying.Source`. With `online` a server may have it open."""

    def __init__(self, path: Path, *, online: bool) -> None:
        self._path = path
        self._online = online
        self._ends = ExitStack()
        self._db: sqlite3.Connection

    def __enter__(self) -> Self:
        if not self._path.is_file():
            raise StoreUnusable(f"There is no store at {self._path}.", hint="Check the path; nothing was made there.")
        with self._ends as ends:
            if not self._online:
                self._take_lock(ends)
            self._db = connect(self._path)
            ends.callback(self._db.close)
            try:
                self._begin()
            except sqlite3.Error as error:
                raise unopenable(self._path, error) from error
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._ends.close()

    def head(self) -> HeadRow:
        return HeadRow(*self._db.execute(_HEAD).fetchone())

    def count(self, table: Table) -> int:
        return _count(self._db, table)

    def rows(self, table: Table) -> Iterator[Row]:
        order = " ORDER BY key, part" if table is schema.files else ""
        try:
            yield from self._db.execute(f"SELECT {_columns(table)} FROM {table.name}{order}")  # noqa: S608 - our own names
        except sqlite3.Error as error:
            raise unopenable(self._path, error) from error

    def newer(self) -> int:
        known = self.head().seq
        other = connect(self._path)
        try:
            return other.execute(_HEAD).fetchone()[1] - known
        finally:
            other.close()

    def _take_lock(self, ends: ExitStack) -> None:
        lock = Lock(self._path)
        try:
            lock.take()
        except StoreUnusable as error:
            raise StoreUnusable(
                error.message,
                hint="Stop it, so that nothing is written after the copy was taken; or copy what there is now with "
                "--online, losing what is written later.",
            ) from None
        ends.callback(lock.release)

    def _begin(self) -> None:
        self._db.execute("PRAGMA query_only = 1")
        self._db.execute("BEGIN")
        if is_new(self._db, self._path):
            raise StoreUnusable(f"There is no store in {self._path}: the file is empty.", hint="Check the path.")
        revision = revision_of(self._db)[0]
        if revision != schema.REVISIONS[-1]:
            raise another_revision(str(self._path), revision)


class SqliteTarget:
    """`headway.store.copying.Target`. `replace`: what is there may hold something. `backup`: a file that nobody serves,
    where nothing may be.
    """

    def __init__(self, path: Path, *, replace: bool = False, backup: bool = False) -> None:
        self._path = path
        self._aside = path.with_name(path.name + ".new")
        self._replace = replace
        self._backup = backup
        self._ends = ExitStack()
        self._db: sqlite3.Connection

    def __enter__(self) -> Self:
        with self._ends as ends:
            if self._backup and self._path.exists():
                raise StoreUnusable(f"{self._path} exists already.", hint="It was not changed. Name another file.")
            if not self._backup:
                lock = Lock(self._path)
                lock.take()
                ends.callback(lock.release)
                self._refuse_what_holds_something()
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                _remove(self._aside)
                self._db = connect(self._aside)
                ends.callback(_remove, self._aside)
                ends.callback(self._db.close)
                self._db.execute("PRAGMA journal_mode = OFF")  # it is written to disk as a whole, or thrown away
                self._db.execute("PRAGMA synchronous = OFF")
                create(self._db, 0, "")
                self._db.execute("BEGIN")
            except (sqlite3.Error, OSError) as error:
                raise unopenable(self._path, error) from error
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._ends.close()

    def fill(self, table: Table, rows: Iterable[Row]) -> None:
        marks = ", ".join("?" * len(table.columns))
        try:
            self._db.executemany(f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({marks})", rows)  # noqa: S608
        except sqlite3.Error as error:
            raise _unwritten(self._path, error) from error

    def count(self, table: Table) -> int:
        return _count(self._db, table)

    def finish(self, head: HeadRow) -> Head:
        try:
            self._db.execute(
                "UPDATE log_head SET epoch = ?, seq = ?, at = ?, first_seq = ?, skew = ?",
                (head.epoch, head.seq, head.at, head.first_seq, head.skew),
            )
            self._db.execute("COMMIT")
            self._db.close()
            _settle(self._aside)
            if self._backup:
                os.link(self._aside, self._path)  # fails where somebody else was first
            else:
                self._take_its_place(Witness(head.epoch, head.seq))
            _settle(self._path.parent)
        except (sqlite3.Error, OSError) as error:
            raise _unwritten(self._path, error) from error
        return Head(head.epoch, head.seq, head.at)

    def _take_its_place(self, witness: Witness) -> None:
        """There is a store under the name at every moment: the old one, then the new one."""
        kept = self._path.with_name(self._path.name + ".replaced")
        if self._path.exists():
            _bring_home(self._path)
            _remove(kept)
            try:
                os.link(self._path, kept)
            except OSError:  # a file system without links
                shutil.copy2(self._path, kept)
        WitnessFile(self._path).write(witness)
        self._aside.replace(self._path)
        _settle(self._path.parent)
        _remove(kept)

    def _refuse_what_holds_something(self) -> None:
        if not self._path.exists():
            return
        db = connect(self._path)
        try:
            held = 0 if is_new(db, self._path) else db.execute(_HEAD).fetchone()[1]
        except sqlite3.Error as error:
            raise unopenable(self._path, error) from error
        finally:
            db.close()
        if held and not self._replace:
            raise not_empty(str(self._path), held)


def _columns(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _count(db: sqlite3.Connection, table: Table) -> int:
    return db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]  # noqa: S608 - our own names


def _bring_home(path: Path) -> None:
    """Everything of the write-ahead log into the file, so that the file alone is the store."""
    db = connect(path)
    try:
        if db.execute("PRAGMA journal_mode = DELETE").fetchone()[0] != "delete":
            raise sqlite3.OperationalError("somebody has the old store open")
    finally:
        db.close()


def _settle(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _unwritten(path: Path, error: Exception) -> StoreUnavailable:
    return StoreUnavailable(
        f"The copy {path} could not be written: {error}.",
        hint="Look at the disk and the rights of this user; what was there before was not changed.",
    )
