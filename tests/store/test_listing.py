"""How lists go about it: few statements, along the index that holds less. What they find is the conformance suite's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from headway.model.query import parse
from headway.store.queries import SqlReading
from headway.store.sqlite import SqliteStore
from headway.testing.store_worlds import NOW, job_id, submitted, write

JOBS = 120


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """Jobs on 40 shelves: every second is completed, one has failed; each third has a label."""
    made = SqliteStore(tmp_path / "headway.db")
    made.open(now=NOW, new_epoch="e1")
    for n in range(JOBS):
        state = "failed" if n == 7 else ("completed", "queued")[n % 2]
        labels = {"common": "1"} if n % 3 == 0 else {"rare": "1"} if n == 7 else {}
        parent: dict[str, Any] = {"parent": job_id(1)} if n % 10 == 9 else {}
        write(made, submitted(job_id(n), queue=f"q{n % 20}", state=state, labels=labels, **parent))
    yield made
    made.close()


def asked(store: SqliteStore, text: str, limit: int = 50) -> tuple[list[str], int]:
    """The statements that one list took, beside those for the shelves and labels there are; rows found."""
    told: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        told.append(statement)

    with store.reading() as reading:
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            page = reading.jobs(parse(text), now=NOW, limit=limit)
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
    return [statement for statement in told if "j.seq" in statement], len(page.items)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 50), ("state:completed,queued", 50), ("queue:q*", 50), ("queue:q1,q2,q3", 18), ("label.common:1,2", 40),
        (f"parent:{job_id(1)}", 12), (f"retry_of:{job_id(1)}", 0), (f"id:{job_id(5)}", 1), ("error:*", 0), ("running:>1s", 0),
        ("waiting:>1s", 0), ("since:1h", 50), ("-state:completed", 50),
    ],
)  # fmt: skip
def test_a_page_is_one_statement(store: SqliteStore, text: str, found: int):
    statements, rows = asked(store, text)

    assert (len(statements), rows) == (0 if text.startswith("running") else 2 if "waiting" in text else 1, found)


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("state:failed label.common:1", "jobs WHERE lane"),
        ("state:failed label.rare:1", "job_labels"),
        ("state:queued label.common:1", "job_labels"),
        ("error:x label.common:1", "jobs WHERE lane"),
        ("kind:crawl label.rare:1", "job_labels"),
    ],
)
def test_a_walk_goes_where_fewer_jobs_are(store: SqliteStore, text: str, table: str):
    statements, _ = asked(store, text)

    assert f"FROM {table}" in statements[0]


def test_an_index_of_labels_is_read_by_its_key(store: SqliteStore):
    [statement], _ = asked(store, f"parent:{job_id(1)},{job_id(2)}")

    with store.reading() as reading:
        plan = plan_of(reading, statement)

    assert plan.count("SEARCH job_labels USING PRIMARY KEY (name=? AND value=?)") == 2
    assert "SCAN job" not in plan


def plan_of(reading: SqlReading, statement: str) -> str:
    """How SQLite goes about it."""
    db = reading._db  # pyright: ignore[reportPrivateUsage]
    return " / ".join(
        row[-1] for row in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", ("",) * statement.count("?"))
    )
