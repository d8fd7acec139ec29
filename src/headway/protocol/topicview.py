"""One topic as a viewer sees it: documents, counts, kept events and log lines, folded from a snapshot and events.

One shape serves all topics, so an event or topic that this viewer has never heard of still folds. What is kept of
what grows is chosen so that the view is a function of the log alone, not of when one began to look (I12). Must never
know cursors or frames. Called by viewing.py; the feed builds `TopicData` for snapshots; twin in the TypeScript client.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from headway.errors import BadFrame
from headway.model.event import CONFLATABLE, Event, conflation_key
from headway.model.fold import fold, fold_counts
from headway.model.job import FINAL
from headway.model.settings import Settings
from headway.model.topic import parse_topic
from headway.protocol.frames import WireEvent, event_of

Document = dict[str, Any]
Line = list[Any]
"""`[number, instant, level, text]`, as on the wire."""

_DEFAULTS = Settings()


class Keep(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of what grows a view of a topic keeps: finished jobs, events, events of the last seconds."""

    finished: int | None = None
    events: int = 0
    window_s: float | None = None


KEEP: dict[str, Keep] = {
    "jobs": Keep(finished=_DEFAULTS.snapshot_finished),
    "queue": Keep(finished=_DEFAULTS.snapshot_finished),
    "kind": Keep(finished=_DEFAULTS.snapshot_finished),
    "label": Keep(finished=_DEFAULTS.snapshot_finished),
    "flow": Keep(finished=_DEFAULTS.snapshot_finished),
    "job": Keep(events=200),
    "logs": Keep(),
    "workers": Keep(),
    "queues": Keep(),
    "kinds": Keep(),
    "saved": Keep(),
    "system": Keep(events=100),
    "metrics": Keep(events=2_000, window_s=600.0),
    "custom": Keep(events=100),
}
"""By the name of the topic; a snapshot's own `keep` wins, because the server's settings do."""


class TopicData(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a snapshot says of one topic; every topic has this shape. Pages add up (`joined`).

    `documents`: entity (first word of event types) -> id -> document; `counts`: queue -> state -> number, None: not
    known for this topic; `events`: what the view keeps, oldest first; `lines` the newest, of `first`..`last`;
    `capped`: there are more documents than these.
    """

    documents: dict[str, dict[str, Document]] = {}
    counts: dict[str, dict[str, int]] | None = None
    events: list[WireEvent] = []
    lines: list[Line] = []
    first: int | None = None
    last: int | None = None
    keep: Keep | None = None
    capped: bool = False


def topic_data(topic: str, value: Any) -> TopicData:
    """What a snapshot page says of a topic, checked. BadFrame names the place."""
    try:
        return msgspec.convert(value, TopicData)
    except msgspec.ValidationError as error:
        raise BadFrame(f"topics.{topic}: {error}") from None


def joined(pages: Sequence[TopicData]) -> TopicData:
    """The pages of one topic as one: documents are united, lists follow one another, of the rest the last said stands."""
    whole = TopicData()
    for page in pages:
        for entity, documents in page.documents.items():
            whole.documents.setdefault(entity, {}).update(documents)
        whole.events = whole.events + page.events
        whole.lines = whole.lines + page.lines
        for field in ("counts", "first", "last", "keep"):
            if (value := getattr(page, field)) is not None:
                setattr(whole, field, value)
        whole.capped = whole.capped or page.capped
    return whole


class TopicView:
    """One topic as seen now. Read its attributes; only the `View` it belongs to changes it.

    `documents`, `counts`, `capped` as in `TopicData`; `events` the kept ones, oldest first, by what they supersede;
    `lines` by number; `unknown` are jobs beyond a capped snapshot that moved (a new snapshot may show them).
    """

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.lines: dict[int, Line] = {}
        self.last_line = 0
        self._keep = KEEP[parse_topic(topic)[0]]
        self.load(TopicData())

    def load(self, data: TopicData) -> None:
        """Begin anew with a snapshot. Lines stay: they are facts of this epoch (`forget` ends them)."""
        self.documents = data.documents
        self.counts = data.counts
        self.capped = data.capped
        self.unknown: set[str] = set()
        self.keep = data.keep or self._keep
        self.events: dict[Any, Event] = {}
        for wire in data.events:
            self._remember(event_of(wire))
        self.first_line = data.first
        self.last_line = max(self.last_line, data.last or 0)
        self.fill(data.lines)
        self._trim_finished()

    def forget(self) -> None:
        """The log is another one: nothing seen counts any more."""
        self.lines = {}
        self.last_line = 0
        self.load(TopicData())

    def fill(self, lines: Iterable[Line]) -> None:
        """Lines from a snapshot, an event or a REST page; one that is here already is the same one."""
        for line in lines:
            self.lines[line[0]] = line

    def holes(self) -> list[tuple[int, int]]:
        """Ranges of line numbers, both ends included, between the first and last line that are not here yet."""
        start = self.first_line if self.first_line is not None else min(self.lines, default=1)
        found: list[tuple[int, int]] = []
        expected = start
        for number in [*sorted(number for number in self.lines if number >= start), self.last_line + 1]:
            if number > expected:
                found.append((expected, number - 1))
            expected = max(expected, number + 1)
        return found

    def apply(self, events: Iterable[Event]) -> None:
        """Fold events of this topic, in order."""
        moved = False
        for event in events:
            self._apply(event)
            moved = moved or (event.prefix == "job" and "was" in event.data)
        if moved:
            self._trim_finished()

    def shown(self) -> dict[str, Any]:
        """The whole view as plain JSON: equal for equal views, whoever drew them (golden cases, the simulator)."""
        return {
            "documents": {entity: documents for entity, documents in self.documents.items() if documents},
            "counts": None if self.counts is None else {queue: each for queue, each in self.counts.items() if each},
            "events": [event.seq for event in self.events.values()],
            "lines": [self.lines[number] for number in sorted(self.lines)],
            "holes": [list(hole) for hole in self.holes()],
            "capped": self.capped,
            "unknown": sorted(self.unknown),
        }

    def _apply(self, event: Event) -> None:
        if event.type == "job.logged":
            self._log(event)
            return
        if self.counts is not None:
            fold_counts(self.counts, event)
        if not event.is_custom:
            self._fold(event)
        self._remember(event)

    def _log(self, event: Event) -> None:
        lines: list[Line] = event.data.get("lines") or []
        self.fill(lines)
        self.last_line = max([self.last_line, *(line[0] for line in lines)])
        if self.first_line is None and lines:
            self.first_line = lines[0][0]

    def _fold(self, event: Event) -> None:
        documents = self.documents.setdefault(event.prefix, {})
        before = documents.get(event.subject)
        if event.data.get("deleted"):
            documents.pop(event.subject, None)
        elif "set" in event.data or "put" in event.data:
            if before is None and event.prefix == "job" and event.data.get("was", "") is not None:
                self.unknown.add(event.subject)
            else:
                documents[event.subject] = fold(before, event)

    def _remember(self, event: Event) -> None:
        """Keep the event if this topic keeps events, in place of the one it supersedes."""
        if not self.keep.events or (event.type in CONFLATABLE and event.type not in SERIES):
            return
        key = superseding_key(event) or event.seq
        self.events.pop(key, None)
        self.events[key] = event
        while len(self.events) > self.keep.events or self._is_past(next(iter(self.events.values())), event):
            del self.events[next(iter(self.events))]

    def _is_past(self, oldest: Event, newest: Event) -> bool:
        return self.keep.window_s is not None and newest.at - oldest.at > self.keep.window_s * 1000

    def _trim_finished(self) -> None:
        """Keep the newest finished jobs, by when they finished: the same ones that a snapshot taken now would have."""
        jobs = self.documents.get("job", {})
        if self.keep.finished is None or len(jobs) <= self.keep.finished:
            return
        done = [(job.get("finished_at", ""), id) for id, job in jobs.items() if job.get("state") in FINAL]
        for _, id in sorted(done)[: max(len(done) - self.keep.finished, 0)]:
            del jobs[id]


SERIES = frozenset({"metrics.sampled"})
"""Conflatable by R4, and yet never left out: views draw them as series, which must be the same for all (I12)."""


def superseding_key(event: Event) -> tuple[str, ...] | None:
    """Of two events with one key the later stands for both; None: this event is never superseded."""
    key = None if event.type in SERIES else conflation_key(event)
    return None if key is None else (*key, event.subject, event.job or "")
