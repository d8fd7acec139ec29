"""Where a PostgreSQL store is: its URL, taken apart and checked, and never shown with its password.

`postgresql://user:password@host:5432/database?schema=headway&pooler=transaction&…`, with every option of libpq
(https://www.postgresql.org/docs/current/libpq-connect.html). `schema` and `pooler` are ours and never reach libpq.
Connects to nothing. Called by whoever opens a store; must never know tables.
"""

from __future__ import annotations

import re
from typing import Self
from urllib.parse import unquote

import msgspec
from psycopg import Error
from psycopg.conninfo import conninfo_to_dict

from headway.errors import InvalidInput
from headway.store.passwords import without_password

EXAMPLE = "postgresql://user:password@host:5432/database"
SCHEMA = "headway"

DEFAULTS = {
    "application_name": "headway",
    "client_encoding": "utf8",
    "connect_timeout": "5",
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
"""What libpq is told where the URL says nothing: a peer that is gone is noticed within eleven seconds."""

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,47}")  # "headway_" before it is still a name that LISTEN takes whole


class Address(msgspec.Struct, frozen=True):
    """`options` of libpq, the schema of our tables, and whether a transaction pooler stands between."""

    options: dict[str, str]
    schema: str = SCHEMA
    pooled: bool = False

    @classmethod
    def parse(cls, url: str, *, field: str = "store") -> Self:
        """The address of a URL. InvalidInput names `field` and what could not be understood."""
        start, _, query = url.partition("?")
        pairs = [
            (unquote(name), value) for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
        ]
        ours = {name: unquote(value) for name, value in pairs if name in {"schema", "pooler"}}
        rest = "&".join(f"{name}={value}" for name, value in pairs if name not in ours)
        return cls(
            _options(f"{start}?{rest}" if rest else start, url, field),
            _schema(ours.get("schema", SCHEMA), field),
            _is_pooled(ours.get("pooler", ""), field),
        )

    @property
    def path(self) -> str:
        """The statement that begins every transaction: behind a pooler no setting outlives one."""
        return f'SET LOCAL search_path TO "{self.schema}"'

    @property
    def channel(self) -> str:
        """Where servers of this store tell each other that there is something new."""
        return f"headway_{self.schema}"

    def beside(self, store: Address) -> Address:
        """The same way to a database, for the schema of `store`."""
        return msgspec.structs.replace(self, schema=store.schema)

    def __str__(self) -> str:
        """For people: user, hosts, database, schema. No password, and nothing that could hold one."""
        user = f"{self.options['user']}@" if "user" in self.options else ""
        hosts = self.options.get("host", "").split(",")
        ports = self.options.get("port", "").split(",")
        ports += ports[-1:] * (len(hosts) - len(ports))
        places = ",".join(_place(host, port) for host, port in zip(hosts, ports, strict=False))
        words = [f"schema={self.schema}"] * (self.schema != SCHEMA) + ["pooler=transaction"] * self.pooled
        database = self.options.get("dbname", "")
        return f"postgresql://{user}{places}/{database}{'?' if words else ''}{'&'.join(words)}"

    def __repr__(self) -> str:
        return f"Address({self})"


def _place(host: str, port: str) -> str:
    host = f"[{host}]" if ":" in host else "" if host.startswith("/") else host
    return f"{host}:{port}" if port else host


def _options(url: str, given: str, field: str) -> dict[str, str]:
    try:
        found = {name: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}
    except Error as error:
        raise _not_understood(field, given, _reason(str(error))) from None
    if "@" in found.get("host", ""):
        raise _not_understood(field, given, "a @ inside of a name or password is written %40")
    return {**DEFAULTS, **found}


def _reason(said: str) -> str:
    """libpq quotes what it could not read, password and all: only the name of an option may be repeated."""
    reason, _, quoted = said.strip().partition(": ")
    return f"{reason}: {quoted}" if reason.endswith("parameter") else reason


def _not_understood(field: str, url: str, why: str) -> InvalidInput:
    return InvalidInput(
        field, f"{without_password(url)!r} is not a URL of PostgreSQL ({why})", hint=f"Write {EXAMPLE}."
    )


def _schema(name: str, field: str) -> str:
    if not _SCHEMA.fullmatch(name) or name.startswith("pg_") or name == "information_schema":
        raise InvalidInput(
            field, f"{name!r} can not be the schema of a store",
            hint=f"Take up to 48 small letters, digits and underscores: ?schema={SCHEMA}.",
        )  # fmt: skip
    return name


def _is_pooled(pooler: str, field: str) -> bool:
    if pooler not in {"", "transaction"}:
        raise InvalidInput(
            field, f"pooler={pooler} is unknown",
            hint="Write pooler=transaction where a pooler hands out connections by transaction; else leave it out.",
        )  # fmt: skip
    return bool(pooler)
