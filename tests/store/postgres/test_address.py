from __future__ import annotations

import importlib.util

import pytest

from headway.errors import InvalidInput
from headway.store import urls
from headway.store.postgres.address import DEFAULTS, Address


def said_of(url: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        Address.parse(url)
    assert caught.value.field == "store"
    return str(caught.value)


def test_what_is_ours_is_taken_out_and_the_rest_is_libpqs():
    address = Address.parse(
        "postgresql://me:p%40ss@db.example:5433/jobs?schema=team_1&pooler=transaction&sslmode=require"
    )

    assert (address.schema, address.pooled) == ("team_1", True)
    assert address.options == DEFAULTS | {
        "user": "me", "password": "p@ss", "host": "db.example", "port": "5433", "dbname": "jobs", "sslmode": "require",
    }  # fmt: skip


def test_what_the_url_says_of_waiting_and_naming_wins():
    address = Address.parse("postgres://db/jobs?connect_timeout=30&application_name=mine")

    assert (address.options["connect_timeout"], address.options["application_name"]) == ("30", "mine")
    assert (address.schema, address.pooled) == ("headway", False)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db:5432/jobs", "postgresql://me@db:5432/jobs"),
        ("postgresql://db/jobs?user=me&password=secret&sslpassword=secret", "postgresql://me@db/jobs"),
        ("postgresql://me:secret@[::1]:5/jobs?schema=x", "postgresql://me@[::1]:5/jobs?schema=x"),
        ("postgresql://a:1,b:2/jobs?pooler=transaction", "postgresql://a:1,b:2/jobs?pooler=transaction"),
        ("postgresql:///jobs?host=/run/postgresql", "postgresql:///jobs"),
    ],
)
def test_it_is_shown_without_a_password(url: str, shown: str):
    address = Address.parse(url)

    assert str(address) == shown
    assert "secret" not in repr(address)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://me:secret@db/jobs?colour=red", 'invalid URI query parameter: "colour"'),
        ("postgresql://me:secret%ZZ@db/jobs", "invalid percent-encoded token"),
        ("postgresql://me:secret@more@db/jobs", "a @ inside of a name or password is written %40"),
    ],
)
def test_what_can_not_be_understood_is_said_without_the_password(url: str, why: str):
    said = said_of(url)

    assert said.startswith("store: 'postgresql://me:***@db/jobs")
    assert said.endswith(f"is not a URL of PostgreSQL ({why}). Write postgresql://user:password@host:5432/database.")
    assert "secret" not in said


@pytest.mark.parametrize("schema", ["Team", "pg_mine", "information_schema", "a-b", 'a"b', "x" * 49, ""])
def test_a_schema_that_would_need_care_everywhere_is_refused(schema: str):
    assert said_of(f"postgresql://db/jobs?schema={schema}") == (
        f"store: {schema!r} can not be the schema of a store. "
        "Take up to 48 small letters, digits and underscores: ?schema=headway."
    )


def test_a_pooler_of_another_sort_is_refused():
    assert said_of("postgresql://db/jobs?pooler=session") == (
        "store: pooler=session is unknown. "
        "Write pooler=transaction where a pooler hands out connections by transaction; else leave it out."
    )


def test_the_direct_way_is_for_the_schema_of_the_store():
    store = Address.parse("postgresql://pooler/jobs?schema=team_1&pooler=transaction")

    direct = Address.parse("postgresql://db/jobs", field="store_direct").beside(store)

    assert (direct.schema, direct.pooled, direct.channel) == ("team_1", False, "headway_team_1")


def test_without_the_driver_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(InvalidInput) as caught:
        urls.open_store("postgresql://me:secret@db/jobs")

    assert str(caught.value) == (
        "store: 'postgresql://me:***@db/jobs' needs the driver of PostgreSQL, which is not installed. "
        "Run: pip install 'headway[postgres]'."
    )


@pytest.mark.parametrize("url", ["redis://me:secret@db", "headway.db", "postgresql+psycopg://me:secret@db/jobs"])
def test_no_store_at_all_is_said_so(url: str):
    with pytest.raises(InvalidInput) as caught:
        urls.open_store(url)

    assert "is no store that this version knows" in str(caught.value)
    assert str(caught.value).endswith("Write sqlite:///PATH or postgresql://user:password@host:5432/database.")
    assert "secret" not in str(caught.value)
