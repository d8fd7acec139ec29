"""The newest events of topics whose snapshot is events, not documents: system, metrics, custom ones.

Kept by the rule that viewers keep them by (`TopicView`), so that a snapshot shows what a viewer shows who was there
all the time (I12). Filled from the end of the log when the server starts. Must never know viewers. Called by the feed.
"""

from __future__ import annotations

from collections.abc import Iterable

from headway.model.event import Event
from headway.model.topic import topics_of
from headway.protocol.topicview import TopicView
from headway.store.base import Reading

TOPICS = 1_000  # of them at most; the one that has been silent for longest is forgotten
LOOK_BACK = 10_000  # events of the log that are read at the start
_ELSEWHERE = ("job.", "worker.", "service.", "queue.", "kind.", "flow.", "saved.")  # shown as documents


class Tails:
    """By namespace and topic; `seq` is how far they reach."""

    def __init__(self) -> None:
        self.seq = 0
        self._views: dict[tuple[str, str], TopicView] = {}

    def start(self, reading: Reading) -> None:
        """Begin with what the end of the log holds."""
        self._views.clear()
        self.seq = max(reading.head.seq - LOOK_BACK, 0)
        while events := reading.events(self.seq, limit=1_000):
            self.take(events)

    def take(self, events: Iterable[Event]) -> None:
        """The next events of the log."""
        for event in events:
            if event.seq <= self.seq:
                continue
            self.seq = event.seq
            if not event.type.startswith(_ELSEWHERE):
                self._keep(event)

    def _keep(self, event: Event) -> None:
        for topic in topics_of(event):
            if is_tail(topic):
                view = self._views.pop((event.namespace, topic), None) or TopicView(topic)
                view.apply((event,))
                self._views[event.namespace, topic] = view
        if len(self._views) > TOPICS:
            del self._views[next(iter(self._views))]

    def events(self, namespace: str, topic: str) -> list[Event]:
        """What a viewer of the topic holds at `seq`, oldest first."""
        view = self._views.get((namespace, topic))
        return list(view.events.values()) if view else []


def is_tail(topic: str) -> bool:
    """True for a topic whose snapshot is its newest events."""
    return topic in {"system", "metrics"} or topic.startswith("custom:")


def extended(topic: str, events: list[Event], later: Iterable[Event]) -> list[Event]:
    """The events a viewer holds after `later` ones."""
    view = TopicView(topic)
    view.apply([*events, *(event for event in later if topic in topics_of(event))])
    return list(view.events.values())
