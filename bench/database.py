"""A PostgreSQL for figures: durable as the peers' is, ours or one that runs already, a fresh database for each setting.

`BENCH_POSTGRES=postgresql://superuser@host:port/` names a server that runs (so that peers and we share one); else the
one that tests start is started, on a free port, with the same durability. A server that forgets is refused.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg
from psycopg import sql

TESTS = Path(__file__).resolve().parents[1] / "tests"
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
SETTINGS = {**DURABLE, "shared_buffers": "256MB", "max_wal_size": "4GB", "max_connections": "200"}
"""What the peers' server has; all else is as installed."""
_numbers = itertools.count(1)


@functools.cache
def server() -> str:
    """The superuser's URL of the server that this script uses, without a database."""
    url = os.environ.get("BENCH_POSTGRES") or _started()
    with psycopg.connect(_with_database(url, "postgres")) as db:
        for name, wanted in DURABLE.items():
            row = db.execute(sql.SQL("SHOW {}").format(sql.Identifier(name))).fetchone()
            if (row is None or row[0] != wanted) and os.environ.get("BENCH_SMOKE") != "1":
                raise SystemExit(f"PostgreSQL has {name} = {row and row[0]}; figures are of one that has it {wanted}.")
    return url


def _started() -> str:
    sys.path.append(str(TESTS))
    from postgres import ABSENT, ADMIN, Postgres, find_binaries  # pyright: ignore[reportMissingImports]

    if (binaries := find_binaries()) is None:
        raise SystemExit(ABSENT.partition(";")[0] + ".")
    made = Postgres(binaries, durable=True, settings=SETTINGS)
    atexit.register(made.close)
    with made.admin() as db:
        return f"postgresql://{ADMIN}:{db.info.password}@127.0.0.1:{made.port}/"


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


class Database:
    """A fresh one; `url` is for the store. As a process it is the whole server: backends come and go."""

    def __init__(self) -> None:
        self.name = f"headway_bench_{os.getpid()}_{next(_numbers)}"
        self._tell("CREATE DATABASE {}")
        self.url = _with_database(server(), self.name)
        self._spent: dict[int, float] = {}

    def _tell(self, statement: str) -> None:
        with psycopg.connect(_with_database(server(), "postgres"), autocommit=True) as db:
            db.execute(sql.SQL(statement).format(sql.Identifier(self.name)))

    def drop(self) -> None:
        self._tell("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    def vacuum(self) -> None:
        """What autovacuum would have done by now."""
        with psycopg.connect(self.url, autocommit=True) as db:
            db.execute("VACUUM (ANALYZE)")

    def bytes(self) -> int:
        with psycopg.connect(self.url) as db:
            row = db.execute("SELECT pg_database_size(current_database())").fetchone()
            return row[0] if row else 0

    @functools.cached_property
    def _postmaster(self) -> psutil.Process | None:
        with contextlib.suppress(OSError, psycopg.Error, psutil.Error), psycopg.connect(server() + "postgres") as db:
            row: Any = db.execute("SHOW data_directory").fetchone()
            return psutil.Process(int((Path(row[0]) / "postmaster.pid").read_text().split()[0]))
        return None

    def cpu(self) -> list[float]:
        """Seconds of CPU of all its processes, those that have ended as far as they were seen."""
        if self._postmaster is not None:
            for each in (self._postmaster, *self._postmaster.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    self._spent[each.pid] = sum(each.cpu_times()[:2])
        return [sum(self._spent.values())]
