"""Stores as a whole: moved to another database, backed up, put back, brought to today's schema. No server is asked.

What a copy is stands in `store/copying.py`, which URL names what in `store/urls.py`; here it is wired with the files of
jobs, which lie in a folder beside an SQLite store and in the database of a PostgreSQL store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headway.cli.board import Board
from headway.cli.exits import FAILED, OK, say

if TYPE_CHECKING:
    from headway.store.copying import Copied, Source, Target
    from headway.store.folder import Folder

_finds_files = click.option(
    "--artifacts", metavar="FOLDER", help="Where the servers keep files of jobs; else as they are configured."
)


@click.group()
def store() -> None:
    """Copy, back up, restore and migrate stores."""


@store.command()
@click.argument("source")
@click.argument("target")
@click.option("--online", is_flag=True, help="Also while servers write SOURCE: what they write later is not copied.")
@_finds_files
def copy(source: str, target: str, online: bool, artifacts: str | None) -> int:
    """Copy everything from the store SOURCE to the new store TARGET, files of jobs too.

    Both are URLs, sqlite:///PATH or postgresql://user@host/database. Stop the servers of SOURCE first, then start those
    of TARGET. SOURCE is not changed.
    """
    from headway.store.urls import source_of, target_of

    folders = _folder(source, artifacts), _folder(target, artifacts)
    copied = _copy(source_of(source, online=online), target_of(target), *folders, online=online)
    say(f"{_sentence('Copied', copied)} {_ANEW}")
    _say_newer(copied)
    return OK


@store.command()
@click.argument("url")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_finds_files
def backup(url: str, file: Path, artifacts: str | None) -> int:
    """Write one state of the store URL into the new FILE, files of jobs too. Its servers may go on."""
    from headway.store.sqlite.copying import SqliteTarget
    from headway.store.urls import source_of

    copied = _copy(source_of(url, online=True), SqliteTarget(file, backup=True), _folder(url, artifacts), online=True)
    say(_sentence("Backed up", copied))
    return OK


@store.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("url")
@click.option("--replace", is_flag=True, help="Put it in the place of what the store holds.")
@_finds_files
def restore(file: Path, url: str, replace: bool, artifacts: str | None) -> int:
    """Fill the store URL from the backup FILE.

    Servers of a PostgreSQL store may go on: they find another log and begin anew with it. The server of an SQLite store
    must be stopped.
    """
    from headway.store.sqlite.copying import SqliteSource
    from headway.store.urls import target_of

    source, target = SqliteSource(file, online=True), target_of(url, replace=replace)
    restored = _copy(source, target, None, _folder(url, artifacts), online=True)
    say(f"{_sentence('Restored', restored)} {_ANEW}")
    return OK


@store.command()
@click.argument("url", required=False)
@click.option("--check", is_flag=True, help="Only say what would be done; exit 1 if anything.")
def migrate(url: str | None, check: bool) -> int:
    """Bring the store URL, by default the configured one, to the schema of this version; make it where there is none.

    A server does the same when it starts.
    """
    from headway.server.config import load
    from headway.store.passwords import without_password
    from headway.store.revisions import must_migrate
    from headway.store.schema import REVISIONS
    from headway.store.urls import look

    url = url or load().config.store_url
    shown, found = without_password(url), look(url)
    if found is not None and not must_migrate(shown, *found):
        newer = "" if found[0] == REVISIONS[-1] else ", newer than this version, which may serve it"
        click.echo(f"The store {shown} is at schema {found[0]}{newer}: nothing to do.")
        return OK
    if check:
        click.echo(f"The store {shown} {_would(found)} {REVISIONS[-1]}.")
        return FAILED
    _open_once(url)
    click.echo(
        f"The store {shown} was {'made at' if found is None else f'brought from schema {found[0]} to'} {REVISIONS[-1]}."
    )
    return OK


def _would(found: tuple[str | None, str | None] | None) -> str:
    if found is None:
        return "is not there yet; this version would make it at"
    return f"is at schema {found[0]}; this version would bring it to"


def _open_once(url: str) -> None:
    from headway.clock import SystemClock
    from headway.store.urls import open_store

    opened, clock = open_store(url), SystemClock()
    opened.open(now=clock.now(), new_epoch=clock.new_id()[-10:].lower())
    opened.close()


def _copy(
    source: Source, target: Target, files_from: Folder | None = None, files_to: Folder | None = None, *, online: bool
) -> Copied:
    """With progress by table on stderr."""
    from headway.clock import SystemClock
    from headway.store.copying import copy as copy_store

    clock = SystemClock()
    board = Board(sys.stderr, clock.monotonic)

    def tell(table: str, done: int, total: int) -> None:
        if total:
            board.put(table, f"  {table:<12} {done:>12,} of {total:,}", done * 10 // total)

    moved = files_from if files_from is None or files_to is None or files_from.path != files_to.path else None
    with source, target:
        copied = copy_store(
            source, target, epoch=clock.new_id()[-10:].lower(), told=tell, online=online,
            files_from=moved, files_to=files_to,
        )  # fmt: skip
    board.close()
    return copied


def _folder(url: str, artifacts: str | None) -> Folder | None:
    """Where the servers of a store keep files of jobs; None: in its database."""
    from headway.server.config import load
    from headway.store.folder import Folder
    from headway.store.urls import is_postgres

    config: Any = load({"artifacts": artifacts}).config
    if config.artifacts:
        return Folder(Path(config.artifacts))
    return None if is_postgres(url) else Folder(Path(config.data) / "artifacts")


_ANEW = "It is a log of its own: viewers begin anew with it."


def _sentence(done: str, copied: Copied) -> str:
    rows = copied.rows
    return f"{done} {rows['jobs']:,} jobs, {rows['events']:,} events and {copied.files:,} files."


def _say_newer(copied: Copied) -> None:
    if copied.newer:
        say(f"{copied.newer:,} events were written to the source meanwhile and are not in the copy.")
