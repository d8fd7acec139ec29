"""The ring: what it holds, what it forgets, and what it costs nobody who does not look."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, strategies as st

from headway.hub.ring import RESTING, SEGMENT, Ring, priority_rank
from headway.model.event import Event

TOPICS = ["custom:a", "custom:b", "custom:a.x"]


def events(first: int, *types: str) -> list[Event]:
    return [Event(type=type, at=0, data={}, seq=first + place) for place, type in enumerate(types)]


def ring(max_events: int = 100_000, max_bytes: int = 1 << 30) -> Ring:
    made = Ring(max_events=max_events, max_bytes=max_bytes)
    made.start(0)
    return made


def found(made: Ring, *topics: str, after: int = 0, max_bytes: int = 1 << 30) -> tuple[list[int], int]:
    entries, to = made.select("default", topics, after, max_bytes=max_bytes)
    return [entry.seq for entry in entries], to


def test_an_event_is_found_by_each_of_its_topics_once_it_is_settled():
    made = ring()
    made.extend(events(1, "a.x", "b.y", "a.y"))
    assert found(made, "custom:a") == ([], 0)

    touched = made.settle()

    assert touched >= {("default", "custom:a"), ("default", "custom:a.x"), ("default", "custom:b.y")}
    assert found(made, "custom:a") == ([1, 3], 3)
    assert found(made, "custom:a.x", "custom:a", after=1) == ([3], 3)
    assert found(made, "custom:nothing") == ([], 3)


@given(
    st.lists(st.sampled_from(["a.x", "a.y", "b.x"]), max_size=60),
    st.integers(0, 60),
    st.lists(st.sampled_from(TOPICS), unique=True, min_size=1),
)
def test_it_finds_what_a_search_of_everything_finds(types: list[str], after: int, topics: list[str]):
    made = ring()
    made.extend(events(1, *types))
    made.settle()
    wanted = [
        place
        for place, type in enumerate(types, 1)
        if place > after and any(type == topic[7:] or type.startswith(topic[7:] + ".") for topic in topics)
    ]

    assert found(made, *topics, after=after) == (wanted, len(types))
    assert made.count("default", topics, after) == len(wanted)


def test_it_spans_segments():
    made = ring()
    made.extend(events(1, *["a.x", "b.x"] * SEGMENT))
    made.settle()

    seqs, to = found(made, "custom:a", after=SEGMENT - 3)

    assert to == 2 * SEGMENT
    assert seqs == list(range(SEGMENT - 1, 2 * SEGMENT, 2))


def test_a_selection_ends_where_the_bytes_do_and_has_at_least_one():
    made = ring()
    made.extend(events(1, *["a.x"] * 9))
    made.settle()
    size = len(made.select("default", ["custom:a"], 0, max_bytes=1 << 20)[0][0].body)

    assert found(made, "custom:a", max_bytes=1) == ([1], 1)
    assert found(made, "custom:a", max_bytes=3 * size) == ([1, 2, 3], 3)
    assert found(made, "custom:a", after=6, max_bytes=3 * size) == ([7, 8, 9], 9)


@pytest.mark.parametrize("limits", [{"max_events": 2 * SEGMENT}, {"max_bytes": 200_000}])
def test_the_oldest_are_forgotten_by_number_and_by_size(limits: dict[str, int]):
    made = ring(**limits)
    for start in range(1, 20 * SEGMENT, 512):
        made.extend(events(start, *["a.x"] * 512))
        made.settle()

    assert made.first > 1
    assert made.size <= 200_000 or made.head - made.first < 4 * SEGMENT
    assert found(made, "custom:a", after=made.first - 1)[0] == list(range(made.first, made.head + 1))


def test_while_nobody_reads_only_the_newest_are_kept_and_none_is_encoded():
    made = ring()
    for start in range(1, 5 * RESTING, SEGMENT):
        made.extend(events(start, *["a.x"] * SEGMENT))

    assert made.size == 0
    assert RESTING <= made.head - made.first + 1 <= 2 * RESTING
    made.settle()
    assert found(made, "custom:a", after=made.first - 1)[0] == list(range(made.first, made.head + 1))


def test_known_events_are_passed_over_and_a_gap_begins_it_anew():
    made = ring()
    made.extend(events(1, "a.x", "a.x"))
    made.extend(events(2, "a.x", "a.x"))
    made.settle()
    assert found(made, "custom:a")[0] == [1, 2, 3]

    made.extend(events(9, "a.x"))
    made.settle()

    assert (made.first, made.head) == (9, 9)
    assert found(made, "custom:a", after=8)[0] == [9]


def test_an_entry_keeps_what_filters_look_at():
    made = ring()
    made.extend([msgspec.structs.replace(events(1, "a.x")[0], priority="critical")])
    made.settle()

    (entry,), _ = made.select("default", ["custom:a"], 0, max_bytes=1 << 20)

    assert (entry.type, entry.rank) == ("a.x", 3)
    assert [priority_rank(word) for word in ("low", "normal", "high", "odd")] == [0, 1, 2, 1]
