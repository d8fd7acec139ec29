"""What a server answers a viewer that begins or comes back, and what it may leave out: the pure half of the feed.

Theory. A viewer says where it stands; the server chooses between giving every event since (replay) and a new first
cut (snapshot), by the table of `plan` (R3). A snapshot in place of a replay that was asked for is announced by
`reset` with its reason. A viewer that fails twice to catch up gets a smaller snapshot, so that it never chases for ever.

Conflation (R4) leaves an event out of a batch when a later one of the same batch covers it: same key, nothing set by
the earlier that the later does not set again, and no change of state of the same job between them. So folding the
batch with or without it gives the same documents, by construction, and the last value before each final event stays.

Must never know rings, stores or links. Called by hub.feed and the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headway.model.event import Event
from headway.model.settings import Settings
from headway.protocol.frames import Cursor
from headway.protocol.topicview import superseding_key

FAILED_CATCH_UPS = 2
"""After so many in a row a snapshot is made small (R3)."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What the server knows when a viewer subscribes or has fallen behind.

    `first` is the oldest seq still retained; `missed` events and bytes lie between `since` and the head, as far as the
    ring knows (0 when unknown); `failures` are catch-ups in a row that did not reach the head.
    """

    since: Cursor | None
    want: str
    head: Cursor
    first: int = 1
    missed: int = 0
    missed_bytes: int = 0
    failures: int = 0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`replay_from` a seq: send events after it; None: a snapshot, `small` or not. `reset`: say so first, with the reason."""

    replay_from: int | None = None
    reset: str | None = None
    small: bool = False


def plan(standing: Standing, settings: Settings) -> Plan:
    """Replay or snapshot (R3). The first row that fits decides:

    ==========================================  =======================  ==================================
    the viewer                                  wants auto or snapshot   wants events
    ==========================================  =======================  ==================================
    has no cursor                               snapshot                 replay from the head
    asks for a snapshot                         snapshot                 –
    has a cursor of another epoch, or beyond    reset epoch, snapshot    reset epoch, replay from the head
    has a cursor older than what is retained    reset expired, snapshot  reset expired, replay what is retained
    failed twice to catch up                    reset slow, small        replay
    missed more than 2,000 events or 1 MB       reset slow, snapshot     replay
    else                                        replay                   replay
    ==========================================  =======================  ==================================
    """
    since, head = standing.since, standing.head
    events_only = standing.want == "events"
    small = standing.failures >= FAILED_CATCH_UPS
    if since is None:
        return Plan(replay_from=head.seq) if events_only else Plan(small=small)
    if standing.want == "snapshot":
        return Plan(small=small)
    if since.epoch != head.epoch or since.seq > head.seq:
        return Plan(replay_from=head.seq if events_only else None, reset="epoch", small=small)
    if since.seq < standing.first - 1:
        return Plan(replay_from=standing.first - 1 if events_only else None, reset="expired", small=small)
    if not events_only and (small or _too_far(standing, settings)):
        return Plan(reset="slow", small=small)
    return Plan(replay_from=since.seq)


def _too_far(standing: Standing, settings: Settings) -> bool:
    return standing.missed > settings.replay_events or standing.missed_bytes > settings.replay_bytes


def conflate(events: Sequence[Event]) -> list[int]:
    """Indexes of the events to send, in order; the rest are covered by later ones (R4). `conflated` is the difference."""
    left_out: set[int] = set()
    newest: dict[tuple[str, ...], int] = {}
    by_job: dict[str, set[tuple[str, ...]]] = {}
    for index, event in enumerate(events):
        if event.job is not None and "was" in event.data:
            for key in by_job.pop(event.job, ()):
                newest.pop(key, None)
            continue
        key = superseding_key(event)
        if key is None:
            continue
        before = newest.get(key)
        if before is not None and covers(event.data, events[before].data):
            left_out.add(before)
        newest[key] = index
        if event.job is not None:
            by_job.setdefault(event.job, set()).add(key)
    return [index for index in range(len(events)) if index not in left_out] if left_out else list(range(len(events)))


def covers(later: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """True if a document that `later` was folded into is the same whether or not `earlier` had been before it."""
    put: Mapping[str, Any] = later.get("put") or {}
    if not (earlier.get("put") or {}).keys() <= put.keys():
        return False
    patch: Mapping[str, Any] = later.get("set") or {}
    before: Mapping[str, Any] = earlier.get("set") or {}
    return all(key in put or (key in patch and _covers_value(patch[key], value)) for key, value in before.items())


def _covers_value(later: Any, earlier: Any) -> bool:
    """A patch's value over another's: objects merge, so each key must come again; all else replaces whole."""
    if not isinstance(later, dict):
        return True
    if not isinstance(earlier, dict):
        return False
    return all(key in later and _covers_value(later[key], value) for key, value in earlier.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
