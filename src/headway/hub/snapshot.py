"""Snapshots: what each topic shows at one head, read in one short transaction and encoded into pages in memory.

`CONTENT` is the table of topics. Reading ends before the first byte is sent, so a slow viewer holds no
transaction; pages are shared by everybody who asks for the same. Runs in a thread. Must never know viewers or links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headway.clock import iso
from headway.hub.tails import extended
from headway.model.event import Event
from headway.model.job import visible
from headway.model.settings import Settings
from headway.model.topic import parse_topic
from headway.protocol.frames import encode_event, encode_value
from headway.protocol.topicview import KEEP, Keep, TopicView
from headway.store.base import Reading

PAGE_BYTES = 262_144
LINES = 1_000
SMALL = 8  # a small snapshot has an eighth of everything


class Atom(msgspec.Struct, frozen=True, gc=False):
    """A piece that is never divided: encoded `value` at `path` below a topic, or another item of the list there."""

    path: tuple[str, ...]
    value: bytes
    item: bool = False


class Request(msgspec.Struct, frozen=True):
    """What to read. `tails`: the newest events of the topics that show events, as of seq `tails_seq`."""

    namespace: str
    topics: tuple[str, ...]
    small: bool = False
    tails: dict[str, list[Event]] = {}
    tails_seq: int = 0


class Pages(msgspec.Struct, frozen=True):
    """`bodies`: of each page, what follows the subscription's id in the frame `Snapshot`."""

    seq: int
    bodies: list[bytes]


def read_pages(reading: Reading, request: Request, now: int, settings: Settings) -> Pages:
    """The snapshot of all topics at the head of `reading`."""
    seq = reading.head.seq
    gap = reading.events(request.tails_seq, until=seq, limit=10_000) if request.tails else []
    atoms = [(topic, atom) for topic in request.topics for atom in _content(reading, request, topic, gap, settings)]
    pages = list(_paged(atoms, request.topics))
    last = len(pages) - 1
    return Pages(
        seq,
        [
            b',"seq":%d,"now":"%b","page":%d,"more":%b,"topics":%b}'
            % (seq, iso(now).encode(), number, b"false" if number == last else b"true", encode_value(page))
            for number, page in enumerate(pages)
        ],
    )


def page_frame(id: str, body: bytes) -> bytes:
    """The frame `Snapshot` of subscription `id`."""
    return b'{"type":"snapshot","id":%b%b' % (encode_value(id), body)


def _paged(atoms: Sequence[tuple[str, Atom]], topics: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Pages of at most 256 KB, or of one larger atom; every topic is in the first, be it empty."""
    page: dict[str, Any] = {topic: {} for topic in topics}
    size = 0
    for topic, atom in atoms:
        if size and size + len(atom.value) > PAGE_BYTES:
            yield page
            page, size = {}, 0
        size += len(atom.value) + 32
        place = page.setdefault(topic, {})
        for word in atom.path[:-1]:
            place = place.setdefault(word, {})
        if atom.item:
            place.setdefault(atom.path[-1], []).append(msgspec.Raw(atom.value))
        else:
            place[atom.path[-1]] = msgspec.Raw(atom.value)
    yield page


# -- topics --------------------------------------------------------------------------------------------------------


class Question(msgspec.Struct, frozen=True):
    """One topic, parsed, with what is needed to answer it."""

    name: str
    rest: str
    topic: str
    namespace: str
    settings: Settings
    share: int  # 1, or SMALL
    events: list[Event]


def _content(reading: Reading, request: Request, topic: str, gap: list[Event], settings: Settings) -> Iterator[Atom]:
    name, rest = parse_topic(topic)
    events = request.tails.get(topic, [])
    if gap:
        events = extended(topic, events, [event for event in gap if event.namespace == request.namespace])
    share = SMALL if request.small else 1
    return CONTENT[name](reading, Question(name, rest, topic, request.namespace, settings, share, events))


def _field(name: str, value: Any) -> Atom:
    return Atom((name,), encode_value(value))


def _documents(entity: str, documents: Mapping[str, Any]) -> Iterator[Atom]:
    for id, document in documents.items():
        yield Atom(("documents", entity, id), encode_value(document))


def _events(events: Sequence[Event]) -> Iterator[Atom]:
    for event in events:
        yield Atom(("events",), encode_event(event), item=True)


def _board(reading: Reading, ask: Question) -> Iterator[Atom]:
    """Unfinished jobs up to a cap, the newest finished ones, exact counts where they are known."""
    unfinished = ask.settings.snapshot_unfinished // ask.share
    finished = ask.settings.snapshot_finished // ask.share
    rows = reading.board((ask.name, ask.rest), unfinished=unfinished + 1, finished=finished)
    open_rows = [row for row in rows if "finished_at" not in row]
    capped = len(open_rows) > unfinished
    shown = [*open_rows[:unfinished], *(row for row in rows if "finished_at" in row)]
    yield _field("keep", Keep(finished=finished))
    if capped:
        yield _field("capped", value=True)
    if ask.name in {"jobs", "queue"}:
        counts = reading.counts()
        yield _field("counts", counts if ask.name == "jobs" else {ask.rest: counts.get(ask.rest, {})})
    mine = {
        row["id"]: visible(row) for row in shown if row.get("namespace", "default") == ask.namespace and "id" in row
    }
    yield from _documents("job", mine)
    if ask.name == "queue":  # the topic carries the queue's own events too
        queues = _by_id(reading.queues(), ask.namespace)
        yield from _documents("queue", {name: document for name, document in queues.items() if name == ask.rest})


def _job(reading: Reading, ask: Question) -> Iterator[Atom]:
    """The document, and the events that a viewer who was there all the time still holds."""
    job = reading.job(ask.rest)
    if job is None or job.get("namespace", "default") != ask.namespace:
        return
    yield from _documents("job", {ask.rest: visible(job)})
    view, seq = TopicView(ask.topic), 0
    while events := reading.events_of(ask.rest, after=seq, limit=1_000):
        seq = events[-1].seq
        view.apply([event for event in events if event.type != "job.logged"])
    kept = list(view.events.values())
    yield from _events(kept[-(KEEP["job"].events // ask.share) :])


def _logs(reading: Reading, ask: Question) -> Iterator[Atom]:
    """The last lines, and the numbers of the first and last line there are."""
    lines = reading.lines(ask.rest, last=LINES // ask.share)
    if not lines:
        return
    first = reading.lines(ask.rest, limit=1)
    yield _field("first", first[0].number)
    yield _field("last", lines[-1].number)
    for line in lines:
        yield Atom(("lines",), encode_value([line.number, iso(line.at), line.level, line.text]), item=True)


def _workers(reading: Reading, ask: Question) -> Iterator[Atom]:
    yield from _documents("worker", _by_id([_told(each) for each in reading.workers()], ask.namespace))
    yield from _documents("service", _by_id(reading.services(), ask.namespace))


def _told(worker: Mapping[str, Any]) -> Mapping[str, Any]:
    """As the events made it (`worker.loaded` tells of load and age): without what only the row has."""
    return {key: value for key, value in worker.items() if key != "last_heard_at"}


def _queues(reading: Reading, ask: Question) -> Iterator[Atom]:
    return _documents("queue", _by_id(reading.queues(), ask.namespace))


def _kinds(reading: Reading, ask: Question) -> Iterator[Atom]:
    return _documents("kind", _by_id(reading.kinds(), ask.namespace))


def _saved(reading: Reading, ask: Question) -> Iterator[Atom]:
    return _documents("saved", _by_id(reading.saved(), ask.namespace))


def _tail(reading: Reading, ask: Question) -> Iterator[Atom]:  # one signature for the table
    return _events(ask.events)


def _by_id(documents: Sequence[Mapping[str, Any]], namespace: str) -> dict[str, Mapping[str, Any]]:
    return {
        document.get("id") or document["name"]: document
        for document in documents
        if document.get("namespace", namespace) == namespace
    }


CONTENT: dict[str, Callable[[Reading, Question], Iterator[Atom]]] = {
    "jobs": _board,
    "queue": _board,
    "kind": _board,
    "label": _board,
    "flow": _board,
    "job": _job,
    "logs": _logs,
    "workers": _workers,
    "queues": _queues,
    "kinds": _kinds,
    "saved": _saved,
    "system": _tail,
    "metrics": _tail,
    "custom": _tail,
}
