"""What a server answers a viewer that begins or comes back, and what it may leave out: the pure half of the feed.

Theory. A viewer says where it stands; the server chooses between giving every event since (replay) and a new first
cut (snapshot), by the table of `plan` (R3). A snapshot in place of a replay that was asked for is announced by
`reset` with its reason. A viewer that fails twice to catch up gets a smaller snapshot, so that it never chases for ever.

Conflation (R4) leaves an event out of a batch when a later one of the same batch covers it: same key, nothing set by
the earlier that the later does not replace, and no change of state of the same job between them. So folding the
batch with or without it gives the same documents, by construction, and the last value before each final event stays.

Must never know rings, stores or links. Called by hub.feed and the simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from headway.model.event import Event
from headway.model.settings import Settings
from headway.protocol.frames import Cursor
from headway.protocol.topicview import superseding_key

Path = tuple[str, ...]

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


# -- conflation ----------------------------------------------------------------------------------------------------


class Outline(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """All of an event that conflation looks at, for those who keep many: made once, `reach` shared by equal ones."""

    seq: int
    job: str | None
    moves: bool
    key: tuple[str, ...] | None
    reach: frozenset[Path] = frozenset()


def outline(event: Event) -> Outline:
    """The outline of an event with its whole `data`."""
    key = superseding_key(event)
    moves = event.job is not None and "was" in event.data
    reach = frozenset[Path]() if key is None else reach_of(event.data)
    return Outline(seq=event.seq, job=event.job, moves=moves, key=key, reach=reach)


E = TypeVar("E", Event, Outline)


def conflate(events: Sequence[E]) -> tuple[list[E], int]:
    """The events to send, in order, and how many are left out because a later one covers them (R4)."""
    left_out: set[int] = set()
    newest: dict[tuple[str, ...], tuple[int, Outline]] = {}
    of_job: dict[str, set[tuple[str, ...]]] = {}
    for index, event in enumerate(events):
        seen = event if isinstance(event, Outline) else outline(event)
        if seen.moves:
            for key in of_job.pop(seen.job or "", ()):
                newest.pop(key, None)
        elif seen.key is not None:
            before = newest.get(seen.key)
            if before is not None and covers(seen.reach, before[1].reach):
                left_out.add(before[0])
            newest[seen.key] = index, seen
            if seen.job is not None:
                of_job.setdefault(seen.job, set()).add(seen.key)
    return [event for index, event in enumerate(events) if index not in left_out], len(left_out)


def reach_of(data: Mapping[str, Any]) -> frozenset[Path]:
    """The places of a document that an event's `set` and `put` replace; those below a place go with it."""
    places: list[Path] = []
    _walk(data.get("set") or {}, (), places)
    put: Mapping[str, Any] = data.get("put") or {}
    places += [(PUT, key) for key in put]
    return _shared(tuple(places))


PUT = "\0put"
"""Before the key of a `put`: it covers what was set or put there, and a `set` does not cover it."""


EMPTY = "\0empty"
"""Below the place of an empty object: it makes one, and replaces nothing in one that is there."""


def _walk(patch: Mapping[str, Any], path: Path, places: list[Path]) -> None:
    for key, value in patch.items():
        if isinstance(value, dict) and value:
            _walk(cast("Mapping[str, Any]", value), (*path, key), places)
        elif isinstance(value, dict):
            places.append((*path, key, EMPTY))
        else:
            places.append((*path, key))


@lru_cache(maxsize=8192)
def _shared(places: tuple[Path, ...]) -> frozenset[Path]:
    return frozenset(places)


def covers(later: frozenset[Path], earlier: frozenset[Path]) -> bool:
    """True if a document is the same after the later patch, whether or not the earlier was folded in before it."""
    return earlier <= later or all(_covered(place, later) for place in earlier)


def _covered(place: Path, later: frozenset[Path]) -> bool:
    if (PUT, place[0]) in later:
        return True
    return any(place[:length] in later for length in range(1, len(place) + 1))
