"""One view: cursors, gaps, doubles, resets. Whole transcripts are in spec/cases (test_cases.py)."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st
from tests.protocol.worlds import Server, logs

from headway.errors import BadFrame
from headway.model.event import Event
from headway.protocol.frames import Batch, Cursor, Reset, Snapshot, Subscribe
from headway.protocol.viewing import Took, View

TOPICS = ("jobs", "job:A", "logs:A", "custom:crew")


def whole(events: list[Event]) -> View:
    """The view of one who was there from the beginning and got every event."""
    server, view = Server(events), View(TOPICS)
    view.open("e1")
    for page in server.snapshot("s1", TOPICS, 0):
        view.take(page)
    for event in events:
        assert view.take(server.batch("s1", TOPICS, event.seq - 1, event.seq, conflated=False)) is Took.APPLIED
    return view


@given(logs(), st.data())
def test_a_viewer_that_comes_at_any_moment_sees_what_one_from_the_beginning_sees(
    events: list[Event], data: st.DataObject
):
    server, late = Server(events), View(TOPICS)
    joined_at = data.draw(st.integers(0, len(events)))
    late.open("e1")

    for page in server.snapshot("s1", TOPICS, joined_at, pages=data.draw(st.integers(1, 3))):
        late.take(page)
    late.take(server.batch("s1", TOPICS, joined_at, len(events), conflated=data.draw(st.booleans())))

    assert late.shown() == whole(events).shown()


@given(logs(), st.data())
def test_with_and_without_conflation_views_are_equal_at_equal_cursors(events: list[Event], data: st.DataObject):
    server, view = Server(events), whole([])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(events)), max_size=5)) | {len(events)})
    left_out = 0

    for since, to in zip([0, *cuts], cuts, strict=False):
        batch = server.batch("s1", TOPICS, since, to, conflated=True)
        view.take(batch)
        left_out += batch.conflated
        assert view.shown() == whole(events[:to]).shown()

    assert view.conflated == left_out


@given(logs(), st.integers(0, 2**32))
def test_any_cut_doubling_loss_and_resumption_gives_the_view_of_the_uncut_run(events: list[Event], seed: int):
    dice = random.Random(seed)
    server, view = Server(events), View(TOPICS)
    view.open("e1")
    head, sent, line = 0, 0, list[Batch | Snapshot | Reset]()

    def subscribe() -> None:
        nonlocal sent
        since = str(view.cursor) if view.cursor else None
        asked = Subscribe(id="s1", topics=list(TOPICS), since=since, conflate=dice.random() < 0.5)
        line.extend(server.answer(asked, head, pages=dice.choice([1, 3]), failures=dice.choice([0, 0, 2])))
        sent = head

    subscribe()
    for _ in range(300):
        if head == len(events):
            break
        head = min(head + dice.randrange(4), len(events))
        line.append(server.batch("s1", TOPICS, sent, head, conflated=dice.random() < 0.5))
        sent = head
        if dice.random() < 0.1:  # the link breaks, and what was on the way is gone
            line.clear()
            view.open("e1")
            subscribe()
        while line and dice.random() < 0.8:
            frame = line[0] if dice.random() < 0.1 else line.pop(0)
            if dice.random() >= 0.1 and view.take(frame) is Took.GAP:
                line.clear()
                subscribe()
    line.clear()
    subscribe()
    while line and view.take(line.pop(0)) is not Took.GAP:
        pass
    if not view.ready:  # a doubled reset was the last frame: one more answer heals it
        subscribe()
        for frame in line:
            view.take(frame)

    assert view.cursor == Cursor("e1", len(events))
    assert view.shown() == whole(events).shown()


def test_the_position_has_moved_before_anybody_is_told():
    server, view = Server([Event(type="crew.step", at=1, seq=1)]), View(["custom:crew"], want="events")
    view.open("e1")

    view.take(server.batch("s1", ["custom:crew"], 0, 1, conflated=True))

    assert (view.cursor, [event.seq for event in view.fresh]) == (Cursor("e1", 1), [1])


def test_nothing_is_ready_before_the_last_page():
    view = View(["jobs"])
    view.open("e1")

    view.take(Snapshot(id="s1", seq=1, now="", page=0, more=True, topics={"jobs": {"capped": True}}))

    assert not view.ready
    assert not view.topics["jobs"].capped


def test_pages_of_two_snapshots_are_never_mixed():
    view = View(["jobs"])

    view.take(Snapshot(id="s1", seq=1, now="", page=0, more=True))

    assert view.take(Snapshot(id="s1", seq=2, now="", page=1)) is Took.GAP


def test_a_snapshot_that_is_not_of_the_protocol_names_its_topic():
    with pytest.raises(BadFrame) as refusal:
        View(["jobs"]).take(Snapshot(id="s1", seq=1, now="", topics={"jobs": {"lines": 3}}))

    assert refusal.value.problem == "topics.jobs: Expected `array`, got `int` - at `$.lines`"


def test_the_reason_of_a_reset_stands_until_the_snapshot_is_there():
    view = View(["jobs"])
    view.open("e1")

    view.take(Reset(id="s1", epoch="e1", reason="slow"))
    reason = view.reset_reason
    view.take(Snapshot(id="s1", seq=4, now="now"))

    assert (reason, view.reset_reason, view.as_of) == ("slow", None, "now")
