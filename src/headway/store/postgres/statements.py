"""The writer's statements as text. Parameters are typed by casts; rows come as arrays (`packing.py`).

A number below zero is relative: -k stands for "k behind the head as it was", and is made absolute under the head, so
that everything is prepared before the head is taken. Every text is constant: few are ever prepared. Called by
`loading.py` and `writing.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from headway.store.journal import KEPT_SAMPLES
from headway.store.postgres.packing import Pack, blobs, documents, doubles, long, longs, words

# -- a transaction begins ------------------------------------------------------------------------------------------

SETTINGS = {
    "statement_timeout": "15s",
    "idle_in_transaction_session_timeout": "10s",  # a server that froze holds its rows no longer
    "tcp_keepalives_idle": "5",  # nor one whose machine is gone
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "plan_cache_mode": "force_generic_plan",  # every statement has one good plan, whatever its numbers:
    "enable_seqscan": "off",  # along indexes, even if it was made while its tables were small
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


def settings(schema: str, *, local: bool) -> str:
    """One statement that sets them, for the transaction or for the session."""
    known = {"search_path": f'"{schema}"', **SETTINGS}
    values = [f"set_config('{name}', '{value}', {local})" for name, value in known.items()]
    return f"SELECT {', '.join([*values, _DURABLE.format(local=local)])}"


_DURABLE = (  # I6, whatever the database's owner set for others; a stricter setting stands
    "set_config('synchronous_commit', "
    "CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, {local})"
)


BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
COMMIT = "COMMIT"
ROLLBACK = "ROLLBACK"
_VERSIONS = "(SELECT coalesce(sum(seq), 0)::bigint FROM queues), (SELECT coalesce(sum(seq), 0)::bigint FROM kinds)"
HEAD = (
    f"SELECT seq, at, skew, epoch, pg_current_xact_id(), {_VERSIONS}, (SELECT coalesce(max(id), 0) FROM lanes), "  # noqa: S608
    "tableoid FROM log_head WHERE id = 1"
)

# -- locks, each statement in the order of its ids -----------------------------------------------------------------

ADVISORY = "SELECT pg_advisory_xact_lock(k) FROM unnest($1::bigint[]) AS k"
JOBS = (
    "SELECT j.id, j.seq, j.tail, j.lane, CASE WHEN j.tail = k.tail THEN NULL ELSE j.doc END "
    "FROM unnest($1::text[], $2::bigint[]) AS k (id, tail) JOIN jobs j ON j.id = k.id ORDER BY j.id FOR UPDATE OF j"
)
"""The document only where it is another than the one that we know: `tail` names its version."""


def some_documents(table: str, *, lock: str = "") -> str:
    """Those of ids, likewise. `lock`: FOR UPDATE, with or without NOWAIT."""
    tail = f" ORDER BY d.id {lock.replace('UPDATE', 'UPDATE OF d')}" if lock else ""
    return (
        "SELECT d.id, d.seq, CASE WHEN d.seq = k.seq THEN NULL ELSE d.doc END "  # noqa: S608
        f"FROM unnest($1::text[], $2::bigint[]) AS k (id, seq) JOIN {table} d ON d.id = k.id{tail}"
    )


LOCKED = {table: some_documents(table, lock="FOR UPDATE") for table in ("workers", "kinds", "queues")}
LOCKED_NOW = {
    table: some_documents(table, lock="FOR UPDATE NOWAIT") for table in ("workers", "services", "kinds", "queues")
}
"""Out of their order, so without waiting."""
SOME_WORKERS = some_documents("workers")
SERVICES = (
    "SELECT s.id, s.seq, s.doc FROM unnest($1::text[]) AS k (worker) "
    "JOIN services s ON s.id > k.worker || '/' AND s.id < k.worker || '0' ORDER BY s.id FOR UPDATE OF s"
)
"""Of workers, whose names may hold a stroke too: more than wanted."""

SAVED = (
    "SELECT s.id, s.seq, s.doc FROM unnest($1::text[]) AS k (section) "
    "JOIN saved s ON s.id > k.section || '/' AND s.id < k.section || '0'"
)
"""Of whole sections, each under the lock of its key: whoever changes one holds that."""
FORGET_SAVED = "DELETE FROM saved WHERE id = ANY($1::text[])"

LOCK_LANES = "SELECT pg_advisory_xact_lock(1212438272, hashtext('lanes ' || $1::text))"
"""Under which new lanes get their numbers; the first key is "HDW"."""

# -- what is only read ---------------------------------------------------------------------------------------------


def all_documents(table: str) -> str:
    """Whole."""
    return f"SELECT id, seq, doc FROM {table}"  # noqa: S608


LANES = "SELECT id, namespace, kind, queue, requires FROM lanes WHERE id > $1::bigint ORDER BY id"
COUNTS = "SELECT lane, state, jobs FROM counts WHERE state IN ('queued', 'running', 'cancelling') AND jobs > 0"
NEWEST = {
    column: (
        "SELECT k.n, (SELECT j.id FROM jobs j WHERE j.namespace = k.namespace AND "  # noqa: S608
        f"j.{column} = k.key ORDER BY j.id DESC LIMIT 1) "
        "FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (namespace, key, n)"
    )
    for column in ("unique_key", "external_id")
}
"""The newest job with a unique key or an external id."""
ANSWERS = (
    "SELECT k.n, i.body, i.answer FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (subject, key, n) "
    "JOIN idempotency i ON i.subject = k.subject AND i.key = k.key"
)
CHECKPOINTS = "SELECT job, key, value FROM checkpoints WHERE job = ANY($1::text[])"
SAMPLES = "SELECT kind, stage, seconds FROM samples WHERE kind = ANY($1::text[]) ORDER BY n DESC"
HELD = (
    "SELECT j.id, j.seq, j.tail, j.lane, j.doc FROM counts c CROSS JOIN LATERAL ("
    "SELECT id, seq, tail, lane, doc FROM jobs WHERE lane = c.lane AND state = c.state OFFSET 0) j "
    "WHERE c.state IN ('running', 'cancelling') AND c.jobs > 0 "
    "AND EXISTS (SELECT FROM unnest($1::text[]) AS k (part) WHERE strpos(j.doc, k.part) > 0)"
)
"""Active jobs whose document has one of the parts in its text. OFFSET 0 keeps it a walk along jobs_by_state."""
ACTIVE_IDS = (
    "SELECT j.id FROM unnest($1::bigint[]) AS l (lane) CROSS JOIN (VALUES ('running'), ('cancelling')) AS s (state) "
    "CROSS JOIN LATERAL (SELECT id FROM jobs WHERE lane = l.lane::int AND state = s.state OFFSET 0) j"
)
SOME_JOBS = "SELECT id, seq, tail, lane, doc FROM jobs WHERE id = ANY($1::text[])"

CANDIDATES = (
    "SELECT j.id, j.seq, j.tail, j.lane, j.doc, "
    "(SELECT body FROM bodies WHERE job = j.id AND part = 'args'), best.n FROM ("
    "SELECT r.id, row_number() OVER (ORDER BY r.priority DESC, r.queued_at, r.id) AS n FROM unnest($1::bigint[]) AS l (lane) CROSS JOIN LATERAL ("
    "SELECT id, priority, queued_at FROM jobs WHERE lane = l.lane::int AND ready = 1 "
    "ORDER BY priority DESC, queued_at, id LIMIT $2::bigint + $3::bigint) r "
    "ORDER BY n OFFSET $2::bigint LIMIT $3::bigint) best "
    "JOIN jobs j ON j.id = best.id AND j.ready = 1 "
    "ORDER BY best.n LIMIT $4::bigint FOR UPDATE OF j SKIP LOCKED"
)
"""Of the page of $3 best jobs behind the first $2, those that nobody else has locked, up to $4; `n` is the rank."""

# -- the last flush ------------------------------------------------------------------------------------------------

MOVE_HEAD = (
    "UPDATE log_head SET seq = seq + $1::bigint / (epoch = $4::text AND tableoid::bigint = $5::bigint)::int, "
    "at = greatest(at, $2::bigint), skew = greatest(skew, $3::bigint) WHERE id = 1 RETURNING seq, at"
)
"""Fails (22012) where the log is another one than the batch was loaded from: a backup was put in its place."""
GUARD = (
    f"SELECT 1 / (v.queues = $1::bigint AND v.kinds = $2::bigint)::int FROM (SELECT {_VERSIONS}) AS v (queues, kinds)"  # noqa: S608
)
"""Fails (22012) where a queue or a kind is not what offers were decided by."""
GUARD_FAILED = "22012"
_BASE = "(SELECT seq - ${n}::bigint AS base, at FROM log_head WHERE id = 1) AS h"


class Column(msgspec.Struct, frozen=True):
    """How a column travels (`type`, `pack`) and what is written of `v`.name; `h` is the head."""

    name: str
    type: str
    pack: Pack
    value: str = "v.{}"


_word = partial(Column, type="text", pack=words)
_json = partial(Column, type="text", pack=documents)
_number = partial(Column, type="bigint", pack=longs)
_seq = partial(
    Column, type="bigint", pack=longs, value="CASE WHEN v.{0} < 0 THEN h.base - v.{0} ELSE v.{0} END"
)  # relative
_blob = partial(Column, type="bytea", pack=blobs)


class Rows(msgspec.Struct, frozen=True):
    """A statement over rows of `columns`. `text` has FROM {rows}, which this fills in, with the head where it is asked."""

    text: str
    columns: tuple[Column, ...]

    def parameters(self, rows: Sequence[Sequence[Any]], behind: int) -> list[bytes]:
        """The rows, transposed and packed; `behind` is the number of events of this flush."""
        packed = [column.pack(values) for column, values in zip(self.columns, zip(*rows, strict=True), strict=True)]
        return [*packed, long(behind)] if "h.base" in self.text else packed


def _rows(text: str, *columns: Column) -> Rows:
    arrays = ", ".join(f"${n}::{column.type}[]" for n, column in enumerate(columns, 1))
    source = f"unnest({arrays}) AS v ({', '.join(column.name for column in columns)})"
    if "h.base" in text:
        source += ", " + _BASE.format(n=len(columns) + 1)
    return Rows(text.replace("{rows}", source), columns)


def _insert(table: str, *columns: Column, tail: str = "") -> Rows:
    names = ", ".join(column.name for column in columns)
    values = ", ".join(column.value.format(column.name) for column in columns)
    return _rows(f"INSERT INTO {table} ({names}) SELECT {values} FROM {{rows}}{tail}", *columns)  # noqa: S608


def _update(table: str, *columns: Column) -> Rows:
    changed = ", ".join(f"{column.name} = {column.value.format(column.name)}" for column in columns[1:])
    return _rows(f"UPDATE {table} t SET {changed} FROM {{rows}} WHERE t.id = v.id", *columns)  # noqa: S608


_CHANGING = (
    _word("state"), _number("priority"), _word("queued_at"), _number("ready"), _number("due_at"), _seq("seq"),
    _seq("tail"), _json("doc"),
)  # fmt: skip
INSERT_LANES = _insert("lanes", _number("id"), _word("namespace"), _word("kind"), _word("queue"), _word("requires"))
INSERT_JOBS = _insert(
    "jobs", _word("id"), _word("namespace"), _number("lane"), _word("unique_key"), _word("external_id"), *_CHANGING
)
MOVE_JOBS = _update("jobs", _word("id"), *_CHANGING)
TOUCH_JOBS = _update("jobs", _word("id"), _seq("seq"), _seq("tail"), _json("doc"))
INSERT_LABELS = _insert("job_labels", _word("name"), _word("value"), _word("job"))
INSERT_AFTER = _insert("job_after", _word("waits_for"), _word("job"))
PUT_BODIES = _insert(
    "bodies", _word("job"), _word("part"), _blob("body"), tail=" ON CONFLICT (job, part) DO UPDATE SET body = excluded.body"
)  # fmt: skip
ADD_COUNTS = _insert(
    "counts", _number("lane"), _word("state"), _number("jobs"),
    tail=" ON CONFLICT (lane, state) DO UPDATE SET jobs = counts.jobs + excluded.jobs",
)  # fmt: skip
INSERT_CHUNKS = _insert(
    "log_chunks", _seq("seq"), _word("job"), _number("attempt"), _number("first"), _number("last"), _json("lines")
)
PUT_CHECKPOINTS = _insert(
    "checkpoints", _word("job"), _word("key"), _json("value"),
    tail=" ON CONFLICT (job, key) DO UPDATE SET value = excluded.value",
)  # fmt: skip
PUT_ANSWERS = _insert(
    "idempotency", _word("subject"), _word("key"), _word("body"), _blob("answer"), _number("at"),
    tail=" ON CONFLICT (subject, key) DO UPDATE SET body = excluded.body, answer = excluded.answer, at = excluded.at",
)  # fmt: skip
INSERT_DOCUMENTS, UPDATE_DOCUMENTS = (
    {
        table: form(table, _word("id"), _seq("seq"), _json("doc"))
        for table in ("workers", "services", "kinds", "queues", "saved")
    }
    for form in (_insert, _update)
)
"""A new one is only inserted: where another server was first, that fails (23505) and the batch begins anew."""
HEAR_WORKERS = _update(
    "workers",
    _word("id"),
    _number("last_heard_at", value="greatest(v.last_heard_at, t.last_heard_at)"),
    _json("load", value="coalesce(v.load, t.load)"),
)
INSERT_EVENTS = _insert(
    "events", _seq("seq"), _number("at", value="greatest(v.at, h.at)"), _word("type"), _word("subject"),
    _word("namespace"), _word("priority"), _word("job"), _number("attempt"), _word("worker"), _word("queue"),
    _word("kind"), _json("labels"), _json("data"), _seq("prev"),
)  # fmt: skip
PUT_SAMPLES = _rows(
    "WITH fresh AS (SELECT * FROM {rows}), "  # noqa: S608
    "last AS (SELECT f.kind, f.stage, coalesce((SELECT max(s.n) FROM samples s WHERE s.kind = f.kind "
    "AND s.stage = f.stage), -1) AS n FROM (SELECT DISTINCT kind, stage FROM fresh) f) "
    "INSERT INTO samples (kind, stage, slot, n, seconds) "
    f"SELECT f.kind, f.stage, (last.n + f.n) % {KEPT_SAMPLES}, last.n + f.n, f.seconds FROM fresh f "
    "JOIN last ON last.kind = f.kind AND last.stage = f.stage "
    "ON CONFLICT (kind, stage, slot) DO UPDATE SET n = excluded.n, seconds = excluded.seconds",
    _word("kind"), _word("stage"), _number("n"), Column("seconds", "float8", doubles),
)  # fmt: skip
"""`n` counts from 1 in this batch: the newest take the places of the oldest."""

FORGET_EVENTS = (
    "WITH RECURSIVE chain (seq, prev) AS ("
    "SELECT e.seq, e.prev FROM jobs j JOIN events e ON e.seq = j.tail WHERE j.id = ANY($1::text[]) "
    "UNION ALL SELECT e.seq, e.prev FROM chain JOIN events e ON e.seq = chain.prev) "
    "DELETE FROM events WHERE seq IN (SELECT seq FROM chain WHERE seq < (SELECT first_seq FROM log_head))"
)
FORGET_LABELS = _rows(
    "DELETE FROM job_labels t USING {rows} WHERE t.name = v.name AND t.value = v.value AND t.job = v.job",
    _word("name"), _word("value"), _word("job"),
)  # fmt: skip
FORGET_JOBS = (
    FORGET_EVENTS,
    *(f"DELETE FROM {table} WHERE {key} = ANY($1::text[])" for table, key in (  # noqa: S608
        ("bodies", "job"), ("log_chunks", "job"), ("checkpoints", "job"), ("jobs", "id"),
    )),
)  # fmt: skip

# -- finding out what became of a flush ------------------------------------------------------------------------------

STATUS = "SELECT pg_xact_status(%s::text::xid8)"
END_SESSION = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE pid <> pg_backend_pid() AND backend_xid::text::bigint = (%s::text::bigint & 4294967295)"
)
"""Of a transaction that is still open."""
WRITTEN = (
    "SELECT seq, at, type, subject, data FROM events WHERE seq > %s "
    "AND xmin::text::bigint = (%s::text::bigint & 4294967295) ORDER BY seq"
)
"""The events of a transaction, by the mark that every row bears."""
