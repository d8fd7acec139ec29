"""What a subscription asks for, as a value: viewers of equal shapes get equal bytes. Made from the frame `subscribe`.

Must never know who asks. Called by viewers; the key of the crowds.
"""

from __future__ import annotations

import msgspec

from headway.errors import InvalidInput
from headway.hub.coding import Coding
from headway.hub.ring import Entry, priority_rank
from headway.model.settings import Settings
from headway.model.topic import parse_topic
from headway.protocol.frames import Subscribe

LONGEST_PACE_MS = 10_000
PACE = {"job": "pace_job_ms", "logs": "pace_job_ms", "custom": "pace_job_ms", "metrics": "pace_metrics_ms"}


class Shape(msgspec.Struct, frozen=True):
    """What a subscription asks for. Viewers of equal shapes get equal bytes."""

    namespace: str
    topics: tuple[str, ...]
    id: str
    coding: Coding
    conflate: bool = True
    pace_s: float = 0.0
    types: frozenset[str] | None = None
    least: int = 0  # rank of the lowest priority that is let through


def shape_of(frame: Subscribe, namespace: str, coding: Coding, settings: Settings) -> Shape:
    """What is asked for, checked. InvalidInput names the field."""
    topics = tuple(sorted(set(frame.topics)))
    if len(topics) > settings.topics_per_subscription:
        raise InvalidInput(
            "topics",
            f"{len(topics)} of them; a subscription has at most {settings.topics_per_subscription}",
            hint="Make several subscriptions.",
        )
    names = [parse_topic(topic)[0] for topic in topics]
    narrowed = frame.types is not None or frame.min_priority is not None
    if narrowed and frame.want != "events":
        raise InvalidInput("types", "a view can not be made of part of its events", hint='Add "want": "events".')
    pace_ms = frame.pace_ms
    if pace_ms is None:
        pace_ms = min(getattr(settings, PACE.get(name, "pace_list_ms")) for name in names)
    return Shape(
        namespace=namespace,
        topics=topics,
        id=frame.id,
        coding=coding,
        conflate=frame.conflate,
        pace_s=min(pace_ms, LONGEST_PACE_MS) / 1000,
        types=None if frame.types is None else frozenset(frame.types),
        least=0 if frame.min_priority is None else priority_rank(frame.min_priority),
    )


def passes(shape: Shape, entry: Entry) -> bool:
    """The filter of a subscription that wants events only."""
    return (shape.types is None or entry.type in shape.types) and entry.rank >= shape.least
