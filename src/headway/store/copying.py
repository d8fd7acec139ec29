"""A whole store from one place to another: tables out, tables in, whichever database either is.

What belongs to the place stays there (`facts`, `servers`). The copy is a history of its own, under a new epoch: two logs
that give the same numbers to different events must not be taken for one. Texts are those of the users on the way; a
database that can not hold them as they are writes them otherwise (`texts.py`). Called by `headway store`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, Self

import msgspec
from sqlalchemy import Table

from headway.errors import StoreUnusable
from headway.store import schema
from headway.store.base import Head

Row = tuple[Any, ...]
Told = Callable[[str, int, int], None]
"""`told(table, done, total)`: rows that have been copied."""

TABLES: Sequence[Table] = tuple(
    table
    for table in schema.metadata.sorted_tables
    if table not in (schema.facts, schema.servers, schema.files, schema.log_head)
)
"""What is copied row by row. Files have a way of their own, and of the head there is one."""

TOLD_ROWS = 20_000


class HeadRow(msgspec.Struct, frozen=True):
    """`log_head`, whole."""

    epoch: str
    seq: int
    at: int
    first_seq: int
    skew: int


class Source(Protocol):
    """One state of a store, however long it is read. A context manager; entering refuses what can not be copied."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *why: object) -> None: ...
    def head(self) -> HeadRow: ...
    def count(self, table: Table) -> int: ...
    def rows(self, table: Table) -> Iterator[Row]:
        """By the order of the columns; those of `files` by key and part."""
        ...

    def newer(self) -> int:
        """How many events the store has by now that this state of it has not."""
        ...


class Target(Protocol):
    """A store that is made or replaced as a whole: nobody sees anything before `finish`, and without it nothing stays."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *why: object) -> None: ...
    def fill(self, table: Table, rows: Iterable[Row]) -> None: ...
    def count(self, table: Table) -> int: ...
    def finish(self, head: HeadRow) -> Head: ...


class Files(Protocol):
    """A place of its own for artifacts: rows of the table `files`, by key and part."""

    def rows(self) -> Iterator[Row]: ...
    def fill(self, rows: Iterable[Row]) -> int: ...


class Copied(msgspec.Struct, frozen=True):
    """Rows by table, how many files, where the new log stands, and what the source has come to have meanwhile."""

    rows: dict[str, int]
    files: int
    head: Head
    newer: int


def _untold(table: str, done: int, total: int) -> None:
    """Nobody looks."""


def copy(
    source: Source, target: Target, *, epoch: str, told: Told = _untold, online: bool = False,
    files_from: Files | None = None, files_to: Files | None = None,
) -> Copied:  # fmt: skip
    """Everything, or nothing but files that nobody names. Files are those of the table and of `files_from`.

    StoreUnusable: the source was written meanwhile (unless `online`), or the target has not what it was given.
    """
    copied = {table.name: _copy_table(source, target, table, told) for table in TABLES}
    files = _copy_files(source, target, files_from, files_to)
    told(schema.files.name, files, files)
    newer = source.newer()
    if newer and not online:
        raise StoreUnusable(
            f"{newer:,} events were written to the source while it was copied; the copy was thrown away.",
            hint="Stop all of its servers first, or copy it as it is with --online, losing what is written later.",
        )
    return Copied(copied, files, target.finish(msgspec.structs.replace(source.head(), epoch=epoch)), newer)


def _copy_files(source: Source, target: Target, files_from: Files | None, files_to: Files | None) -> int:
    """After the tables: a file that is named there was written before."""
    keys: set[str] = set()

    def every() -> Iterator[Row]:
        for row in source.rows(schema.files):
            keys.add(row[0])
            yield row
        inside = frozenset(keys)
        for row in files_from.rows() if files_from else ():
            if row[0] not in inside:
                keys.add(row[0])
                yield row

    if files_to is None:
        target.fill(schema.files, every())
    else:
        files_to.fill(every())
    return len(keys)


def _copy_table(source: Source, target: Target, table: Table, told: Told) -> int:
    total = source.count(table)

    def counted() -> Iterator[Row]:
        for done, row in enumerate(source.rows(table)):
            if done and done % TOLD_ROWS == 0:
                told(table.name, done, total)
            yield row

    target.fill(table, counted())
    arrived = target.count(table)
    if arrived != total:
        raise StoreUnusable(
            f"{total:,} rows of {table.name} were copied and {arrived:,} arrived; the copy was thrown away.",
            hint="This should not happen: please tell the makers of Headway, with both databases' versions.",
        )
    told(table.name, total, total)
    return total


# -- what both databases refuse ------------------------------------------------------------------------------------


def another_revision(store: str, revision: str | None) -> StoreUnusable:
    """A source of another schema: the copy would lose what this program does not know."""
    known = schema.REVISIONS
    hint = "headway store migrate brings it forward." if revision in known else "Copy it with the newer Headway."
    return StoreUnusable(f"The store {store} is at schema {revision!r}, this Headway copies {known[-1]!r}.", hint=hint)


def not_empty(store: str, seq: int) -> StoreUnusable:
    """A target that holds something."""
    return StoreUnusable(
        f"The store {store} is not empty: it holds {seq:,} events.",
        hint="It was not changed. Name a new one; or put a backup in its place: headway store restore FILE URL --replace.",
    )
