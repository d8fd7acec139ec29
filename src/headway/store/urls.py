"""Which store a URL names: the only place that knows all of them. Imports a database's driver only when it is meant.

Called by the server and by `headway store`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from urllib.parse import unquote, urlsplit

from headway.errors import InvalidInput
from headway.store.base import Store
from headway.store.copying import Source, Target
from headway.store.passwords import without_password

SQLITE = "Write sqlite:///headway.db or sqlite:////var/lib/headway.db."
POSTGRES = ("postgresql://", "postgres://")


def open_store(url: str, direct: str = "") -> Store:
    """The store of a URL, not opened yet. `direct`: another way to the same database, past a transaction pooler, to
    listen on. InvalidInput: no such sort of store.
    """
    if is_postgres(url):
        require_postgres(url)
        from headway.store.postgres import PostgresStore

        return PostgresStore(url, direct=direct or None)
    from headway.store.sqlite import SqliteStore

    file = file_of(url)
    file.parent.mkdir(parents=True, exist_ok=True)
    return SqliteStore(file)


def source_of(url: str, *, online: bool) -> Source:
    """The store of a URL, to be copied. `online`: servers may go on writing it."""
    if is_postgres(url):
        require_postgres(url)
        from headway.store.postgres.address import Address
        from headway.store.postgres.copying import PostgresSource

        return PostgresSource(Address.parse(url), online=online)
    from headway.store.sqlite.copying import SqliteSource

    return SqliteSource(file_of(url), online=online)


def target_of(url: str, *, replace: bool = False) -> Target:
    """The store of a URL, to be filled; with `replace` whatever it holds."""
    if is_postgres(url):
        require_postgres(url)
        from headway.store.postgres.address import Address
        from headway.store.postgres.copying import PostgresTarget

        return PostgresTarget(Address.parse(url), replace=replace)
    from headway.store.sqlite.copying import SqliteTarget

    return SqliteTarget(file_of(url), replace=replace)


def look(url: str) -> tuple[str | None, str | None] | None:
    """The revision of a store and the oldest whose programs may serve it; None where there is none. Changes nothing."""
    if is_postgres(url):
        require_postgres(url)
        from headway.store.postgres import opening
        from headway.store.postgres.address import Address

        return opening.look(Address.parse(url))
    from headway.store.sqlite import opening as files

    return files.look(file_of(url))


def is_postgres(url: str) -> bool:
    """True for a URL of PostgreSQL, whatever else it says."""
    return url.startswith(POSTGRES)


def require_postgres(url: str) -> None:
    """InvalidInput where the driver is not installed."""
    if importlib.util.find_spec("psycopg") is None:
        raise InvalidInput(
            "store",
            f"{without_password(url)!r} needs the driver of PostgreSQL, which is not installed",
            hint="Run: pip install 'headway[postgres]'.",
        )


def file_of(url: str) -> Path:
    """The file of an SQLite URL. InvalidInput: it names none, or is no URL of a store at all."""
    if not url.startswith("sqlite:"):
        raise InvalidInput(
            "store",
            f"{without_password(url)!r} is no store that this version knows",
            hint="Write sqlite:///PATH or postgresql://user:password@host:5432/database.",
        )
    path = unquote(urlsplit(url).path.removeprefix("/")) if url.startswith("sqlite:///") else ""
    if not path:
        raise InvalidInput("store", f"{url!r} names no file", hint=SQLITE)
    return Path(path).expanduser()
