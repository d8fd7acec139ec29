"""The hot statements as text, and the rows they take: multi-row VALUES, prepared once per number of rows.

Driver SQL instead of SQLAlchemy where every command passes (docs/decisions/0005). Texts are cut
to powers of two, so that few are ever prepared and the driver's cache keeps them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

import msgspec

MOST_ROWS = 128
"""Rows in one statement; times 14 columns it stays far below SQLite's oldest limit of parameters (32,766)."""


class Insert(msgspec.Struct, frozen=True):
    """`INSERT INTO table (columns) VALUES … tail`, for any number of rows."""

    table: str
    columns: tuple[str, ...]
    tail: str = ""

    def parts(self, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
        """Statements with their parameters that together insert all rows, in order."""
        done, left = 0, len(rows)
        while left:
            size = MOST_ROWS if left >= MOST_ROWS else 1 << (left.bit_length() - 1)
            yield _insert_text(self, size), list(chain.from_iterable(rows[done : done + size]))
            done += size
            left -= size


@lru_cache(maxsize=512)
def _insert_text(insert: Insert, rows: int) -> str:
    one = f"({','.join('?' * len(insert.columns))})"
    return f"INSERT INTO {insert.table} ({','.join(insert.columns)}) VALUES {','.join([one] * rows)} {insert.tail}"  # noqa: S608 - constants


def keyed(select: str, keys: Sequence[str]) -> Iterator[tuple[str, list[str | None]]]:
    """`select … IN (keys)` in statements of at most MOST_ROWS keys, filled up with NULL to a power of two."""
    for start in range(0, len(keys), MOST_ROWS):
        part: list[str | None] = [*keys[start : start + MOST_ROWS]]
        size = 1 << (len(part) - 1).bit_length()
        yield f"{select} IN ({','.join('?' * size)})", part + [None] * (size - len(part))


INSERT_EVENTS = Insert(
    "events",
    (
        "seq", "at", "type", "subject", "namespace", "priority", "job", "attempt", "worker", "queue", "kind", "labels",
        "data", "prev",
    ),
)  # fmt: skip
INSERT_JOBS = Insert(
    "jobs",
    (
        "id", "namespace", "lane", "unique_key", "external_id", "state", "priority", "queued_at", "ready", "due_at",
        "seq", "tail", "doc",
    ),
)  # fmt: skip
MOVE_JOB = "UPDATE jobs SET state=?, priority=?, queued_at=?, ready=?, due_at=?, seq=?, tail=?, doc=? WHERE id=?"
TOUCH_JOB = "UPDATE jobs SET seq=?, tail=?, doc=? WHERE id=?"
MOVE_HEAD = "UPDATE log_head SET seq=?, at=?, skew=? WHERE id=1"
INSERT_LANES = Insert("lanes", ("id", "namespace", "kind", "queue", "requires"))
ADD_COUNTS = Insert("counts", ("lane", "state", "jobs"), "ON CONFLICT DO UPDATE SET jobs = jobs + excluded.jobs")
INSERT_LABELS = Insert("job_labels", ("name", "value", "job"))
INSERT_AFTER = Insert("job_after", ("waits_for", "job"))
PUT_BODIES = Insert("bodies", ("job", "part", "body"), "ON CONFLICT DO UPDATE SET body = excluded.body")
INSERT_CHUNKS = Insert("log_chunks", ("seq", "job", "attempt", "first", "last", "lines"))
PUT_CHECKPOINTS = Insert("checkpoints", ("job", "key", "value"), "ON CONFLICT DO UPDATE SET value = excluded.value")
PUT_SAMPLES = Insert(
    "samples",
    ("kind", "stage", "slot", "n", "seconds"),
    "ON CONFLICT DO UPDATE SET n = excluded.n, seconds = excluded.seconds",
)
PUT_ANSWERS = Insert(
    "idempotency",
    ("subject", "key", "body", "answer", "at"),
    "ON CONFLICT DO UPDATE SET body = excluded.body, answer = excluded.answer, at = excluded.at",
)
PUT_DOCUMENTS = {
    table: Insert(table, ("id", "seq", "doc"), "ON CONFLICT DO UPDATE SET seq = excluded.seq, doc = excluded.doc")
    for table in ("workers", "services", "kinds", "queues", "saved")
}
FORGET_SAVED = "DELETE FROM saved WHERE id = ?"
HEAR_WORKER = "UPDATE workers SET last_heard_at = ?, load = coalesce(?, load) WHERE id = ?"

CHAIN = (
    "WITH RECURSIVE chain (seq, prev) AS (SELECT seq, prev FROM events WHERE seq = (SELECT tail FROM jobs WHERE id = ?) "
    "UNION ALL SELECT e.seq, e.prev FROM chain JOIN events e ON e.seq = chain.prev) "
)
FORGET_UNOWNED = (
    "DELETE FROM events WHERE seq >= ? AND seq < ? AND NOT EXISTS (SELECT 1 FROM jobs WHERE id = events.job)"
)
CHECKPOINTS = "SELECT seq, prev FROM events WHERE seq >= ? AND seq < ? AND type = 'job.compacted' AND prev IS NOT NULL ORDER BY seq"
FORGET_BEFORE = (  # everything of a job below its checkpoint (I3); the parameter is the event before the checkpoint
    "DELETE FROM events WHERE seq IN ("
    "WITH RECURSIVE chain (seq, prev) AS (SELECT seq, prev FROM events WHERE seq = ? "
    "UNION ALL SELECT e.seq, e.prev FROM chain JOIN events e ON e.seq = chain.prev) SELECT seq FROM chain)"
)
CUT_CHAIN = "UPDATE events SET prev = NULL WHERE seq = ?"
MOVE_FIRST = "UPDATE log_head SET first_seq = ?"
FORGET_KEYS = "DELETE FROM idempotency WHERE at < ?"

FORGET_LABEL = "DELETE FROM job_labels WHERE name = ? AND value = ? AND job = ?"
FORGET_JOB = (
    CHAIN + "DELETE FROM events WHERE seq IN (SELECT seq FROM chain) AND seq < (SELECT first_seq FROM log_head)",  # noqa: S608
    "DELETE FROM bodies WHERE job = ?",
    "DELETE FROM log_chunks WHERE job = ?",
    "DELETE FROM checkpoints WHERE job = ?",
    "DELETE FROM jobs WHERE id = ?",
)
