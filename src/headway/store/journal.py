"""The journal: what a worked-on World becomes in the database, as plain rows. Shared by every store.

One transaction writes rows, then the head, then the events (I2). Pure functions: the stores own the
statements. `job_columns` is the only place where an index column is derived from a document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, reduce
from typing import Any

import msgspec

from headway.clock import from_iso, ulid
from headway.model.elapse import due_at
from headway.model.event import Event
from headway.model.fold import changes
from headway.model.job import JobDoc, JobState, is_claimable
from headway.model.world import World
from headway.store.base import Line

KEPT_SAMPLES = 50
"""Durations kept per kind and stage: the newest."""

Row = tuple[Any, ...]
Columns = tuple[str, int, str | None, int, int | None]

encode = msgspec.json.Encoder().encode
decode: Callable[[str | bytes], Any] = msgspec.json.Decoder().decode
_STATES: dict[str, str] = {state: state.value for state in JobState}  # members and plain words alike -> plain words
_ENTITIES = {
    "job": "jobs",
    "worker": "workers",
    "queue": "queues",
    "kind": "kinds",
    "service": "services",
    "saved": "saved",
}


class Kept(msgspec.Struct, frozen=True, gc=False):
    """A stored job as its store remembers it: document, index columns, last event that names it."""

    doc: JobDoc
    columns: Columns
    tail: int


class JobRow(msgspec.Struct, frozen=True, gc=False):
    """A job to write. `before` is None for a new one."""

    id: str
    seq: int
    now: Kept
    before: Kept | None
    text: str

    @property
    def changed_state(self) -> bool:
        """True if it counts in another state than before, or is new."""
        return self.before is None or self.before.columns[0] != self.now.columns[0]

    @property
    def moved(self) -> bool:
        """True if an index column changed, or there was none."""
        return self.before is None or self.before.columns != self.now.columns


class Journal(msgspec.Struct):
    """All that one commit writes, in the order of their tables."""

    events: list[Event]
    event_rows: list[Row]
    jobs: list[JobRow]
    documents: dict[str, list[Row]]  # table -> (id, seq, doc)
    chunks: list[Row]
    unsaved: list[str]  # ids of `saved` that go


def is_worth_writing(world: World, answers: Mapping[Any, Any]) -> bool:
    """False for a batch that changed nothing at all."""
    return bool(world.events or world.heard or answers or world.new_checkpoints or world.new_samples or world.results)


@lru_cache(maxsize=1024)
def entity_of(type: str) -> str | None:
    """The table whose documents events of this type are about, or None."""
    return _ENTITIES.get(type.partition(".")[0])


def write_journal(world: World, numbers: Iterable[int], stored: Callable[[str], Kept | None]) -> Journal:
    """Number the events, stamp their documents, and make the rows.

    `numbers` go up from the head, or down from -1 where the head is not known yet (`settle`). `stored` tells how a job
    stood before this batch. The documents of `world` are numbered copies afterwards: what was shared is never touched.
    """
    replace = msgspec.structs.replace
    events = [replace(event, seq=seq) for event, seq in zip(world.events, numbers, strict=False)]
    tails: dict[str, int] = {}
    stamps: dict[tuple[str, str], int] = {}
    rows = [_event_row(event, _link(event, tails, stored)) for event in events]
    for event in events:
        entity = entity_of(event.type)
        if entity is not None:
            stamps[entity, event.subject] = event.seq if changes(event) else stamps.get((entity, event.subject), 0)
    gone = set(world.deleted)
    return Journal(
        events=events,
        event_rows=rows,
        jobs=_job_rows(world, tails, stamps, stored, gone),
        documents=_document_rows(world, stamps),
        chunks=[_chunk_row(event) for event in events if event.extra and event.job not in gone],
        unsaved=[id for entity, id in stamps if entity == "saved" and world.saved.get(id) is None],
    )


def settle(journal: Journal, world: World, base: int, at: int) -> None:
    """Numbers below zero become what they stand for: -k is `base` + k. No event is before `at`.

    The events and documents of a journal are its own copies until they are told.
    """
    change = msgspec.structs.force_setattr
    for event in journal.events:
        change(event, "seq", base - event.seq)
        if event.at < at:
            change(event, "at", at)
    tables = {"jobs": [row.id for row in journal.jobs]}
    tables |= {table: [row[0] for row in rows] for table, rows in journal.documents.items()}
    for table, ids in tables.items():
        documents: dict[str, Any] = getattr(world, table)
        for id in ids:
            if documents[id]["seq"] < 0:
                documents[id]["seq"] = base - documents[id]["seq"]
    for row in journal.jobs:
        change(row.now, "tail", base - row.now.tail)


def _link(event: Event, tails: dict[str, int], stored: Callable[[str], Kept | None]) -> int | None:
    """The event before of the same job; the job's chain then ends with this one."""
    if (job := event.job) is None:
        return None
    previous = tails.get(job)
    if previous is None and (kept := stored(job)) is not None:
        previous = kept.tail
    tails[job] = event.seq
    return previous


def _event_row(event: Event, prev: int | None) -> Row:
    return (
        event.seq, event.at, event.type, event.subject, event.namespace, event.priority, event.job, event.attempt,
        event.worker, event.queue, event.kind, encode(event.labels).decode() if event.labels else None,
        encode(event.data).decode(), prev,
    )  # fmt: skip


def event_of(row: Any) -> Event:
    """The event of a row in the order of `_event_row`, without `prev`."""
    return Event(
        seq=row[0], at=row[1], type=row[2], subject=row[3], namespace=row[4], priority=row[5], job=row[6],
        attempt=row[7], worker=row[8], queue=row[9], kind=row[10], labels=decode(row[11]) if row[11] else None,
        data=decode(row[12]),
    )  # fmt: skip


def stamp_document(document: Any, stamp: int) -> tuple[Any, int, str]:
    """A copy numbered with `stamp` (0: as before), that number, and the text of its row, which leaves it to its column."""
    numbered = document.copy()
    before = numbered.pop("seq", 0)
    text = encode(numbered).decode()
    seq = numbered["seq"] = stamp or before
    return numbered, seq, text


# -- jobs ----------------------------------------------------------------------------------------------------------


def _plain(state: str) -> str:
    return _STATES.get(state, state)


def job_columns(job: JobDoc) -> Columns:
    """The changing index columns of a document: state, priority, queued_at, ready, due_at."""
    state = job.get("state", "")
    return (
        _plain(state),
        job.get("priority", 0),
        job.get("queued_at") if state == "queued" else None,
        int(is_claimable(job)),
        due_at(job),
    )


def kept_of(text: str, seq: int, tail: int) -> Kept:
    """A job as read from its row."""
    doc = job_of(text, seq)
    return Kept(doc, job_columns(doc), tail)


def job_of(text: str, seq: int) -> JobDoc:
    """The document of a row."""
    doc: JobDoc = decode(text)
    doc["seq"] = seq
    return doc


def _job_rows(
    world: World,
    tails: Mapping[str, int],
    stamps: Mapping[tuple[str, str], int],
    stored: Callable[[str], Kept | None],
    gone: set[str],
) -> list[JobRow]:
    rows: list[JobRow] = []
    for id, tail in tails.items():
        doc = world.jobs.get(id)
        if doc is None or id in gone:
            continue
        doc, seq, text = stamp_document(doc, stamps.get(("jobs", id), 0))
        world.jobs[id] = doc
        rows.append(JobRow(id, seq, Kept(doc, job_columns(doc), tail), stored(id), text))
    return rows


def skew_of(new: Iterable[JobDoc], known: int) -> int:
    """How far (ms) the time that an id tells is at most from `created_at`, so that times bound ids in lists."""
    for job in new:
        id, created_at = job.get("id", ""), job.get("created_at", "1970-01-01")
        low, high = _ids_of(created_at, known)
        if not low <= id <= high:
            known = max(known, abs(from_iso(created_at) - _time_of(id)))
    return known


@lru_cache(maxsize=64)
def _ids_of(created_at: str, skew: int) -> tuple[str, str]:
    at = from_iso(created_at)
    return ulid(max(at - skew, 0), 0), ulid(min(at + skew, END_OF_ULIDS), _MOST_ENTROPY)


_MOST_ENTROPY = (1 << 80) - 1
END_OF_ULIDS = (1 << 48) - 1
"""The last millisecond that a ULID can tell; a skew of as much bounds nothing."""
_DIGITS = {digit: value for value, digit in enumerate("0123456789ABCDEFGHJKMNPQRSTVWXYZ")}


def _time_of(id: str) -> int:
    """The milliseconds that a ULID begins with; far away for anything else."""
    if len(id) != 26 or id > "8" or not _DIGITS.keys() >= set(id):
        return -END_OF_ULIDS
    return reduce(lambda time, digit: time * 32 + _DIGITS[digit], id[:10], 0)


def bodies_of(row: JobRow, world: World) -> list[Row]:
    """Inputs and results whose text the document does not already hold to the letter: (job, part, body)."""
    found: list[Row] = []
    if row.before is None and (body := world.args.get(row.id)) is not None and not _holds(row.now.doc, "args", body):
        found.append((row.id, "args", body))
    if (body := world.results.get(row.id)) is not None and not _holds(row.now.doc, "result", body):
        found.append((row.id, "result", body))
    return found


LINKS = ("parent", "retry_of")
"""Fields that name another job, and are found like labels."""
LINK = ""
"""The name under which they are: no filter can ask for a label that has none."""


def link_to(key: str, id: str) -> str:
    """How a job is found by the job that its field `key` names."""
    return f"{key}:{id}"


def labels_of(job: JobDoc) -> list[Row]:
    """Rows of `job_labels`, the same from its submission to its end: (name, value, job)."""
    found = list(job.get("labels", {}).items())
    found += [(LINK, link_to(key, linked)) for key in LINKS if (linked := job.get(key)) is not None]
    return [(*label, job.get("id")) for label in dict.fromkeys(found)]


def _holds(doc: Mapping[str, Any], part: str, body: bytes) -> bool:
    return part in doc and encode(doc[part]) == body


# -- other documents -----------------------------------------------------------------------------------------------


def _document_rows(world: World, stamps: Mapping[tuple[str, str], int]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for (entity, id), stamp in stamps.items():
        documents: dict[str, Any] = getattr(world, entity)
        if entity == "jobs" or documents.get(id) is None:
            continue
        documents[id], seq, text = stamp_document(documents[id], stamp)
        rows.setdefault(entity, []).append((id, seq, text))
    return rows


def document_of(text: str, seq: int) -> dict[str, Any]:
    """The document of a row of anything but jobs."""
    doc: dict[str, Any] = decode(text)
    doc["seq"] = seq
    return doc


# -- log lines -----------------------------------------------------------------------------------------------------


def _chunk_row(event: Event) -> Row:
    lines: list[Any] = (event.extra or {}).get("lines", [])
    first = lines[0][0]
    text = encode([line[1:] for line in lines]).decode()
    return event.seq, event.job, event.attempt or 0, first, first + len(lines) - 1, text


def lines_of(first: int, attempt: int, text: str) -> list[Line]:
    """The lines of a chunk."""
    found: list[tuple[int, str, str]] = decode(text)
    return [Line(number, at, level, said, attempt) for number, (at, level, said) in enumerate(found, first)]
