"""What a viewer sees, kept right by seven rules: the viewer's half of the viewer link, without its network.

Theory. State is a fold of one log. A viewer that holds the state at `seq` N and every event after N holds the state
at any later `seq`; so all there is to get right is *where I stand* (the cursor) and *that nothing is between* (R1: a
batch says from where to where it reaches). The first cut comes as a snapshot, whole or not at all (R5: nothing shows
before its last page); a cut, a doubled frame, a lost frame and a replaced history are then the same few cases:

    batch against cursor          what the viewer does                                    `Took`
    from == cursor                applies it; cursor := to                                APPLIED
    to <= cursor                  has it all: drops it                                    KNOWN
    from < cursor < to            drops what it has, applies the rest; cursor := to       APPLIED
    from > cursor, or no cursor   something is missing: resubscribes with `since`         GAP

Conflation (R4) and retention only ever leave out what later events cover, so views at equal cursors are equal
whoever drew them (I12). One shape of topic data serves all topics, so an event or topic this viewer has never heard of
still folds. Log lines are facts with dense numbers: they survive a reset within an epoch; holes are asked for by number.

Must never know transports or time. Called by client.watch and the simulator; its twin is viewing.ts, and both run
spec/cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from headway.model.event import Event
from headway.model.topic import topics_of
from headway.protocol.frames import Batch, Cursor, Reset, Snapshot, event_of
from headway.protocol.topicview import TopicView, joined, topic_data


class Took(StrEnum):
    """What became of a frame."""

    APPLIED = "applied"  # the view stands at a new cursor
    KNOWN = "known"  # nothing new in it
    PAGE = "page"  # kept until the snapshot is whole
    GAP = "gap"  # something is missing: resubscribe with `since`
    RESET = "reset"  # what is here is not to be continued; a snapshot follows


class View:
    """The topics of one subscription with their one cursor (R2). Feed it snapshots, batches and resets, in any mess.

    `ready`: stands on a consistent cut; until then nothing is to be shown (R5), and after a reset what is shown is old.
    `conflated`: how many events were left out so far. `as_of`: the server's `now` of the newest frame.
    """

    def __init__(self, topics: Sequence[str], *, want: str = "auto") -> None:
        self.topics = {topic: TopicView(topic) for topic in topics}
        self.want = want
        self.epoch = ""
        self.seq: int | None = None
        self.conflated = 0
        self.as_of = ""
        self.reset_reason: str | None = None
        self.fresh: list[Event] = []
        self._pages: list[Snapshot] = []

    @property
    def ready(self) -> bool:
        return self.seq is not None

    @property
    def cursor(self) -> Cursor | None:
        """Where to go on from, or None: with a snapshot."""
        return None if self.seq is None else Cursor(self.epoch, self.seq)

    def open(self, epoch: str) -> None:
        """A link has begun on the log `epoch`. Another log than before is said by `reset`, not here."""
        self._pages = []
        if self.seq is None:
            self._enter(epoch)

    def take(self, frame: Snapshot | Batch | Reset) -> Took:
        """Apply one frame; afterwards `fresh` holds the events that were new in it, in order."""
        self.fresh = []
        if isinstance(frame, Reset):
            return self._reset(frame)
        took = self._batch(frame) if isinstance(frame, Batch) else self._snapshot(frame)
        if took is Took.APPLIED:
            self.as_of = frame.now
        return took

    def shown(self) -> dict[str, Any]:
        """The view as plain JSON, equal for equal views at equal cursors."""
        return {topic: view.shown() for topic, view in self.topics.items()}

    def _batch(self, batch: Batch) -> Took:
        if self.seq is None and self.want == "events":
            self.seq = batch.since
        if self.seq is None or batch.since > self.seq:
            return Took.GAP
        if batch.to < self.seq or (batch.to == self.seq and batch.since < self.seq):
            return Took.KNOWN
        known, self.seq = self.seq, batch.to
        self.conflated += batch.conflated
        self.fresh = [event_of(wire) for wire in batch.events if wire.seq > known]
        parts: dict[str, list[Event]] = {}
        for event in self.fresh:
            for topic in self.topics.keys() & set(topics_of(event)):
                parts.setdefault(topic, []).append(event)
        for topic, events in parts.items():
            self.topics[topic].apply(events)
        return Took.APPLIED

    def _snapshot(self, page: Snapshot) -> Took:
        if page.page == 0:
            self._pages = []
        if page.page != len(self._pages) or (self._pages and self._pages[0].seq != page.seq):
            self._pages = []
            return Took.GAP
        self._pages.append(page)
        if page.more:
            return Took.PAGE
        pages, self._pages = self._pages, []
        for topic, view in self.topics.items():
            view.load(joined([topic_data(topic, page.topics[topic]) for page in pages if topic in page.topics]))
        self.seq = page.seq
        self.reset_reason = None
        return Took.APPLIED

    def _reset(self, frame: Reset) -> Took:
        self._enter("" if frame.reason == "permission" else frame.epoch)
        self.epoch = frame.epoch
        self.seq = None
        self.reset_reason = frame.reason
        self._pages = []
        return Took.RESET

    def _enter(self, epoch: str) -> None:
        """Another log than that of what is shown: nothing shown counts any more."""
        if self.epoch and epoch != self.epoch:
            for view in self.topics.values():
                view.forget()
        self.epoch = epoch
