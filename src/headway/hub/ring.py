"""The newest events of the log, encoded once, found by topic: what nearly every viewer is fed from.

Owns memory only: segments of 1,024 consecutive events, each with its own index topic -> places, so that forgetting
the oldest is dropping one object and a lookup touches few of them. Taking events is an append; encoding and indexing
wait for the first reader (`settle`), so a server that nobody watches pays for neither. Must never know viewers or
the store. Called by the feed, on the loop.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from heapq import merge
from itertools import chain

import msgspec

from headway.model.event import PRIORITIES, Event
from headway.model.topic import topics_of
from headway.protocol.frames import encode_event
from headway.protocol.resuming import Outline, outline

SEGMENT = 1_024
RESTING = 2 * SEGMENT  # events kept while nobody reads: as many as are replayed at all (Settings.replay_events)


_LEAST = {word: rank for rank, word in enumerate(PRIORITIES)}


def priority_rank(word: str) -> int:
    """low 0 … critical 3; an unknown word counts as normal."""
    return _LEAST.get(word, 1)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One event as viewers get it (`body`), and what filters and conflation look at; `rank` is that of its priority."""

    seq: int
    body: bytes
    type: str
    rank: int
    outline: Outline


def entry_of(event: Event) -> Entry:
    """The event, encoded and outlined once for everybody."""
    return Entry(event.seq, encode_event(event), event.type, priority_rank(event.priority), outline(event))


class Segment:
    """Consecutive events from `first` on. `index`: namespace -> topic -> places, ascending."""

    __slots__ = ("entries", "first", "index", "size")

    def __init__(self, first: int) -> None:
        self.first = first
        self.entries: list[Entry] = []
        self.index: dict[str, dict[str, list[int]]] = {}
        self.size = 0

    def add(self, entry: Entry, namespace: str, topics: Iterable[str]) -> None:
        """Take the next event."""
        place = len(self.entries)
        self.entries.append(entry)
        self.size += len(entry.body)
        places = self.index.get(namespace)
        if places is None:
            places = self.index[namespace] = {}
        for topic in topics:
            found = places.get(topic)
            if found is None:
                places[topic] = [place]
            elif found[-1] != place:
                found.append(place)

    def places(self, namespace: str, topics: Sequence[str]) -> list[int]:
        """Ascending places of the events that any of the topics carries."""
        index = self.index.get(namespace)
        if index is None:
            return []
        lists = [index[topic] for topic in topics if topic in index]
        if len(lists) < 2:
            return lists[0] if lists else []
        merged = list(merge(*lists))
        return [place for before, place in zip(chain((-1,), merged), merged, strict=False) if place != before]


class Ring:
    """`first` is the oldest seq it holds (head + 1: none), `head` the newest of the log."""

    def __init__(self, *, max_events: int, max_bytes: int) -> None:
        self.head = 0
        self.first = 1
        self.size = 0  # bytes of the settled events
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._fresh: list[Event] = []  # not settled yet
        self._segments: deque[Segment] = deque()

    def start(self, head: int) -> None:
        """Forget everything: the log stands at `head`."""
        self.head = head
        self.first = head + 1
        self.size = 0
        self._fresh.clear()
        self._segments.clear()

    def extend(self, events: Sequence[Event]) -> None:
        """Take the next events of the log. Known ones are passed over; after a gap the ring begins anew behind it."""
        if events and events[0].seq != self.head + 1:
            events = [event for event in events if event.seq > self.head]
            if events and events[0].seq != self.head + 1:
                self.start(events[0].seq - 1)
        if not events:
            return
        self._fresh.extend(events)
        self.head = events[-1].seq
        if len(self._fresh) > 2 * RESTING:
            self._rest()

    def _rest(self) -> None:
        """Nobody has read for long: keep the newest few as they came."""
        del self._fresh[:-RESTING]
        self._segments.clear()
        self.size = 0
        self.first = self._fresh[0].seq

    def settle(self) -> set[tuple[str, str]]:
        """Encode and index what came; the (namespace, topic) pairs that it touched."""
        touched: set[tuple[str, str]] = set()
        for event in self._fresh:
            topics = topics_of(event)
            entry = entry_of(event)
            namespace = event.namespace
            self._segment().add(entry, namespace, topics)
            self.size += len(entry.body)
            for topic in topics:
                touched.add((namespace, topic))
        self._fresh.clear()
        self._trim()
        return touched

    def _segment(self) -> Segment:
        if not self._segments or len(self._segments[-1].entries) == SEGMENT:
            last = self._segments[-1].first + SEGMENT if self._segments else self.first
            self._segments.append(Segment(last))
        return self._segments[-1]

    def _trim(self) -> None:
        while len(self._segments) > 1 and (
            self.head - self._segments[0].first - SEGMENT >= self._max_events or self.size > self._max_bytes
        ):
            self.size -= self._segments.popleft().size
            self.first = self._segments[0].first

    def select(self, namespace: str, topics: Sequence[str], after: int, *, max_bytes: int) -> tuple[list[Entry], int]:
        """The settled events of these topics with seq > `after`, and how far they reach: to the end of what is
        settled, or to the last one that fits in `max_bytes` (at least one). `after` must be >= `first` - 1.
        """
        found: list[Entry] = []
        room = max_bytes
        for segment in self._from(after + 1):
            entries = segment.entries
            places = segment.places(namespace, topics)
            start = bisect_left(places, after + 1 - segment.first)
            for place in places[start:]:
                entry = entries[place]
                room -= len(entry.body)
                if room < 0 and found:
                    return found, found[-1].seq
                found.append(entry)
        return found, self.settled

    @property
    def settled(self) -> int:
        """The newest seq that `select` sees."""
        return self.head - len(self._fresh)

    def count(self, namespace: str, topics: Sequence[str], after: int) -> int:
        """How many events `select` would find without a limit."""
        number = 0
        for segment in self._from(after + 1):
            places = segment.places(namespace, topics)
            number += len(places) - bisect_left(places, after + 1 - segment.first)
        return number

    def _from(self, seq: int) -> list[Segment]:
        """The segments that hold `seq` and all later ones."""
        if not self._segments or seq > self._segments[-1].first + len(self._segments[-1].entries) - 1:
            return []
        if seq >= self._segments[-1].first:
            return [self._segments[-1]]
        segments = list(self._segments)
        return segments[max(bisect_right(segments, seq, key=lambda segment: segment.first) - 1, 0) :]
