"""Live delivery from a published commit to the bytes on a wire: complete, in order, and fair to slow readers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from headway.errors import Forbidden, InvalidInput, NotFound, Unauthorized
from headway.hub.subscription import State
from headway.model.event import Event
from headway.model.fold import fold
from headway.protocol.frames import (
    Auth,
    Batch,
    Bye,
    Error,
    Hello,
    Pace,
    Ping,
    Request,
    Reset,
    Response,
    Snapshot,
    Subscribe,
    Unsubscribe,
    ViewerPong,
    Visible,
    Welcome,
    encode,
)
from headway.testing.store_worlds import Stream, changed, job_id, logged, submitted
from viewers import ReadWire, Scene, at_rest, custom, difference, folded, numbers, reach, turns

Make = Callable[..., Scene]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    scenes: list[Scene] = []

    def made(**settings: Any) -> Scene:
        folder = tmp_path / str(len(scenes))
        folder.mkdir()
        scenes.append(Scene(folder, **settings))
        return scenes[-1]

    yield made
    for scene in scenes:
        await scene.end()


Settled = Awaitable[None]


class TestFollowing:
    async def test_a_viewer_gets_a_bookmark_where_its_count_begins_and_then_what_happens(self, make: Make):
        scene = make()
        scene.happen(custom(0))
        wire = scene.watch("custom:crew", want="events")

        scene.happen(custom(1))
        await turns()

        assert reach(wire) == [(1, 1), (1, 2)]
        assert numbers(wire) == [1]

    async def test_what_happened_since_the_last_turn_leaves_as_one_batch(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew", want="events")

        scene.happen(custom(1), custom(2))
        scene.happen(custom(3))
        await turns()

        assert reach(wire) == [(0, 0), (0, 3)]
        assert numbers(wire) == [1, 2, 3]

    async def test_only_what_was_subscribed_comes_and_the_cursor_says_what_was_passed_over(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew.started", want="events", pace_ms=0)

        scene.happen(custom(1, "crew.ended"), custom(2), custom(3, "memory.stored"))
        await turns()

        assert reach(wire) == [(0, 0), (0, 3)]
        assert numbers(wire) == [2]

    async def test_another_namespace_is_not_seen(self, make: Make):
        scene = make()
        wire = scene.watch("jobs", want="events")

        scene.happen(submitted(job_id(1), namespace="other"))
        await turns()

        assert reach(wire) == [(0, 0)]

    async def test_subscriptions_of_one_link_have_their_own_cursors(self, make: Make):
        scene = make()
        viewer, wire = scene.open()
        for id, topic in (("a", "custom:crew"), ("b", "custom:memory")):
            viewer.subscribe(Subscribe(id=id, topics=[topic], want="events"))

        scene.happen(custom(1), custom(2, "memory.stored"))
        await turns()

        assert numbers(wire, "a") == [1]
        assert numbers(wire, "b") == [2]

    async def test_types_and_priority_narrow_events(self, make: Make):
        scene = make()
        by_type = scene.watch("custom:crew", want="events", types=["crew.ended"])
        by_rank = scene.watch("custom:crew", want="events", min_priority="high")

        event = custom(2)
        scene.happen(
            custom(1, "crew.ended"),
            type(event)(type="crew.started", at=event.at, priority="critical", data={"number": 3}),
        )
        await turns()

        assert numbers(by_type) == [1]
        assert numbers(by_rank) == [3]

    async def test_an_unsubscribed_viewer_gets_nothing_more(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew", want="events")
        assert wire.viewer is not None

        wire.viewer.received(encode(Unsubscribe(id="v")))
        scene.happen(custom(1))
        await turns()

        assert numbers(wire) == []
        assert scene.feed.sweep.crowds == {}

    async def test_one_frame_is_built_for_a_whole_crowd(self, make: Make):
        scene = make()
        wires = [scene.watch("custom:crew", want="events") for _ in range(700)]

        scene.happen(custom(1))
        await turns()

        assert {id(wire.got[-1]) for wire in wires} == {id(wires[0].got[-1])}
        assert all(numbers(wire) == [1] for wire in wires)


class TestPace:
    async def test_a_batch_comes_at_once_and_the_next_when_its_pace_allows(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew", want="events", pace_ms=100)
        scene.happen(custom(1))
        await turns()
        scene.happen(custom(2))
        scene.happen(custom(3))
        await scene.clock.advance(0.09)
        assert numbers(wire) == [1]

        await scene.clock.advance(0.02)

        assert numbers(wire) == [1, 2, 3]
        assert reach(wire) == [(0, 0), (0, 1), (1, 3)]

    @pytest.mark.parametrize(
        ("topic", "pace_s"), [("jobs", 0.25), ("job:J", 0.05), ("metrics", 1.0), ("custom:x", 0.05)]
    )
    async def test_each_topic_has_its_own(self, make: Make, topic: str, pace_s: float):
        scene = make()

        wire = scene.watch(topic, want="events")

        assert wire.viewer is not None
        assert wire.viewer.subscriptions is not None
        assert wire.viewer.subscriptions[0].crowd.shape.pace_s == pace_s

    async def test_it_can_be_changed_without_losing_the_place(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew", want="events", pace_ms=5_000)
        assert wire.viewer is not None
        scene.happen(custom(1))
        await turns()
        scene.happen(custom(2))
        await turns()

        wire.viewer.received(encode(Pace(id="v", ms=0)))
        scene.happen(custom(3))
        await turns()

        assert numbers(wire) == [1, 2, 3]
        assert reach(wire)[-1][1] == 3

    async def test_progress_is_conflated_and_counted_unless_every_event_is_wanted(self, make: Make):
        scene = make()
        job = submitted(job_id(1))
        scene.happen(job)
        brief = scene.watch("jobs", pace_ms=0)
        whole = scene.watch("jobs", pace_ms=0, conflate=False, id="w")
        await scene.settled(brief, whole)
        doc = job.data["set"]

        scene.happen(*(changed(doc, "job.progressed", progress={"overall": share / 10}) for share in range(5)))
        await turns()

        assert [(len(frame.events), frame.conflated) for frame in brief.of(Batch)] == [(1, 4)]
        assert [(len(frame.events), frame.conflated) for frame in whole.of(Batch, "w")] == [(5, 0)]
        assert difference(folded(brief, "jobs"), folded(whole, "jobs", id="w")) == []


class TestSlowReaders:
    async def test_a_reader_that_takes_nothing_holds_one_write_however_much_happens(self, make: Make):
        scene = make()
        slow = scene.watch("custom:crew", want="events", wire=ReadWire(room=2_000), pace_ms=0)
        quick = scene.watch("custom:crew", want="events", pace_ms=0)

        for number in range(200):
            scene.happen(custom(number))
            await turns(5)

        assert numbers(quick) == list(range(200))
        assert slow.most_buffered < 1_000
        slow.read()
        await turns()
        assert numbers(slow) == list(range(200))

    async def test_it_catches_up_in_few_large_batches_without_a_gap(self, make: Make):
        scene = make()
        slow = scene.watch("custom:crew", want="events", wire=ReadWire(room=0), pace_ms=0)
        for number in range(300):
            scene.happen(custom(number))
            await turns(3)

        slow.read()
        scene.happen(custom(300))
        await turns()

        assert numbers(slow) == list(range(301))
        assert len(reach(slow)) <= 4
        folded(slow, "custom:crew", want="events")

    async def test_one_that_fell_off_the_ring_is_caught_up_from_the_store(self, make: Make):
        scene = make(ring_events=1)
        slow = scene.watch("custom:crew", want="events", wire=ReadWire(room=0), pace_ms=0)
        keeper = scene.watch("custom:crew", want="events", pace_ms=0)
        for start in range(0, 3_000, 100):
            scene.happen(*(custom(number) for number in range(start, start + 100)))
            await turns(5)
        assert scene.feed.ring.first > 1

        slow.read()
        await scene.settled(slow, keeper)

        assert numbers(slow) == list(range(3_000))
        folded(slow, "custom:crew", want="events")

    async def test_a_view_that_is_too_far_behind_begins_again_with_a_snapshot(self, make: Make):
        scene = make(ring_events=1, replay_events=1_000)
        slow = scene.watch("custom:crew", wire=ReadWire(room=0))
        keeper = scene.watch("custom:crew", pace_ms=0)
        await scene.settled(keeper)
        for start in range(0, 3_000, 100):
            scene.happen(*(custom(number) for number in range(start, start + 100)))
            await turns(5)

        slow.read()
        await scene.settled(slow, keeper)

        assert [frame.reason for frame in slow.of(Reset)] == ["slow"]
        assert difference(folded(slow, "custom:crew"), folded(keeper, "custom:crew")) == []

    async def test_one_that_takes_nothing_for_30_s_is_ended(self, make: Make):
        scene = make()
        scene.serve()
        slow = scene.watch("custom:crew", want="events", wire=ReadWire(room=0))
        quick = scene.watch("custom:crew", want="events")
        scene.happen(custom(1))

        await scene.clock.advance(28)
        assert not slow.aborted
        await scene.clock.advance(5)

        assert slow.aborted
        assert not quick.aborted
        assert list(scene.feed.viewers.values()) == [quick.viewer]

    async def test_one_that_takes_a_little_is_not(self, make: Make):
        scene = make()
        scene.serve()
        slow = scene.watch("custom:crew", want="events", wire=ReadWire(room=0))
        scene.happen(custom(1))
        await scene.clock.advance(20)
        slow.read(room=0)
        scene.happen(custom(2))

        await scene.clock.advance(20)

        assert not slow.aborted


class TestResuming:
    async def test_what_was_missed_is_replayed_from_memory(self, make: Make):
        scene = make()
        scene.happen(*(custom(number) for number in range(50)))

        wires = [scene.watch("custom:crew", since="e1.10") for _ in range(20)]
        await turns()

        assert all(numbers(wire) == list(range(10, 50)) for wire in wires)
        assert reach(wires[0])[0][0] == 10
        assert scene.feed.source.reads == 0

    async def test_a_server_that_has_just_started_replays_from_the_store(self, make: Make, tmp_path: Path):
        scene = make()
        scene.happen(*(custom(number) for number in range(50)))
        with scene.store.reading() as reading:
            scene.feed.begin(reading.head)

        wire = scene.watch("custom:crew", since="e1.10", id="v")
        await scene.settled(wire)

        assert numbers(wire) == list(range(10, 50))
        assert scene.feed.source.reads == 1

    @pytest.mark.parametrize("since", ["e0.5", "e1.51"])
    async def test_a_cursor_of_another_log_or_beyond_the_head_is_reset(self, make: Make, since: str):
        scene = make()
        scene.happen(*(custom(number) for number in range(50)))

        wire = scene.watch("custom:crew", since=since)
        await scene.settled(wire)

        assert [frame.reason for frame in wire.of(Reset)] == ["epoch"]
        assert [frame.seq for frame in wire.of(Snapshot)] == [50]

    async def test_a_cursor_that_the_store_has_and_the_ring_not_yet_is_a_good_one(self, make: Make):
        scene = make()
        scene.happen(custom(1))
        committed = scene.commit(custom(2))

        wire = scene.watch("custom:crew", since="e1.2")
        await scene.settled(wire)
        scene.publish(committed)
        scene.happen(custom(3))
        await turns()

        assert wire.of(Reset) == []
        assert numbers(wire) == [3]

    async def test_a_view_that_missed_too_much_is_given_a_snapshot_and_told(self, make: Make):
        scene = make(replay_events=20)
        scene.happen(*(custom(number) for number in range(50)))

        view = scene.watch("custom:crew", since="e1.10")
        events = scene.watch("custom:crew", since="e1.10", want="events")
        await scene.settled(view, events)

        assert [frame.reason for frame in view.of(Reset)] == ["slow"]
        assert len(view.of(Snapshot)) == 1
        assert numbers(events) == list(range(10, 50))


class TestSnapshots:
    async def test_a_view_begins_with_one_and_goes_on_from_its_seq(self, make: Make):
        scene = make()
        scene.happen(submitted(job_id(1)), submitted(job_id(2)))
        wire = scene.watch("jobs", pace_ms=0)
        await scene.settled(wire)

        scene.happen(submitted(job_id(3)))
        await turns()

        assert [frame.seq for frame in wire.of(Snapshot)] == [2]
        assert reach(wire) == [(2, 3)]
        assert sorted(folded(wire, "jobs").topics["jobs"].documents["job"]) == [job_id(1), job_id(2), job_id(3)]

    async def test_a_crowd_that_asks_together_is_answered_by_one_reading(self, make: Make):
        scene = make()
        scene.happen(*(submitted(job_id(number)) for number in range(30)))

        wires = [scene.watch("jobs") for _ in range(50)]
        await scene.settled(*wires)
        later = scene.watch("jobs")
        await scene.settled(later)

        assert scene.feed.source.reads == 1
        assert len({id(wire.got[-1]) for wire in [*wires, later]}) == 1

    async def test_it_comes_in_pages_and_news_wait_for_the_last(self, make: Make):
        scene = make()
        for start in range(0, 600, 200):
            scene.happen(*(submitted(job_id(start + n), args={"text": "x" * 1500}) for n in range(200)))
        wire = scene.watch("jobs", wire=ReadWire(room=0), pace_ms=0)
        await scene.settled(wire)

        scene.happen(submitted(job_id(999)))
        await turns()
        assert len(wire.waiting) == 1
        while wire.waiting:
            wire.read(room=0)
            await turns()

        pages = wire.of(Snapshot)
        assert len(pages) >= 3
        assert [page.page for page in pages] == list(range(len(pages)))
        assert [page.more for page in pages] == [True] * (len(pages) - 1) + [False]
        assert wire.most_buffered < 400_000
        assert len(folded(wire, "jobs").topics["jobs"].documents["job"]) == 601

    async def test_one_that_is_ahead_of_what_was_published_is_not_followed_by_what_it_shows(self, make: Make):
        scene = make()
        scene.happen(submitted(job_id(1)))
        committed = scene.commit(submitted(job_id(2)))
        wire = scene.watch("jobs", pace_ms=0)
        await scene.settled(wire)

        scene.publish(committed)
        await turns()
        scene.happen(submitted(job_id(3)))
        await turns()

        assert [frame.seq for frame in wire.of(Snapshot)] == [2]
        assert reach(wire) == [(2, 3)]

    async def test_a_reader_that_failed_twice_gets_a_smaller_one(self, make: Make):
        scene = make(ring_events=1, replay_events=10, snapshot_unfinished=80)
        scene.happen(*(submitted(job_id(number)) for number in range(60)))
        keeper = scene.watch("jobs", pace_ms=0, id="k")
        wire = scene.watch("jobs", wire=ReadWire(room=0))
        await scene.settled(keeper)

        made = 60
        for _ in range(3):
            await scene.settled(wire)
            for _ in range(15):
                scene.happen(*(submitted(job_id(made + number)) for number in range(100)))
                made += 100
                await turns(5)
            wire.read(room=0)
        wire.read()
        await scene.settled(wire, keeper)

        sizes = [len(frame.topics["jobs"]["documents"]["job"]) for frame in wire.of(Snapshot)]
        assert sizes[0] == 60
        assert sizes[-1] == 10
        assert {frame.reason for frame in wire.of(Reset)} == {"slow"}

    async def test_equal_cursors_have_equal_views_whoever_came_when(self, make: Make):
        scene = make()
        topics = ("jobs", f"job:{job_id(900)}", f"logs:{job_id(900)}", "queue:gpu", "custom:crew", "system")
        early = scene.watch(*topics, pace_ms=0)
        await scene.settled(early)
        stream, doc = Stream(7), submitted(job_id(900)).data["set"]
        scene.happen(submitted(job_id(900)))
        for number in range(40):
            scene.publish(commit_from(stream, scene))
            scene.happen(logged(doc, number * 2 + 1, "a", "b"), custom(number))
            await turns(5)

        await scene.clock.advance(2)  # a snapshot that is older than that is not shared
        late = scene.watch(*topics)
        await scene.settled(early, late)

        assert folded(early, *topics).seq == folded(late, *topics).seq
        assert difference(folded(early, *topics), folded(late, *topics)) == []


def commit_from(stream: Stream, scene: Scene) -> list[Event]:
    """The next batch of the stream, committed and not yet published."""
    events = scene.commit(*stream.batch())
    for event in events:
        if event.data.get("deleted"):
            del stream.jobs[event.subject]
        elif event.prefix == "job":
            stream.jobs[event.subject] = cast("Any", fold(stream.jobs.get(event.subject), event))
    return events


class TestAnyMess:
    @pytest.mark.parametrize("seed", range(12))
    async def test_every_view_equals_the_store_whatever_happened_on_the_way(self, make: Make, seed: int):
        dice = random.Random(seed)
        scene = make(ring_events=dice.choice([1, 100_000]), replay_events=dice.choice([5, 2_000]))
        stream = Stream(seed)
        wires = [
            scene.watch("jobs", wire=ReadWire(room=dice.choice([None, 0, 3_000])), pace_ms=dice.choice([0, 50]))
            for _ in range(6)
        ]
        for _ in range(60):
            batches = [commit_from(stream, scene) for _ in range(dice.randint(1, 3))]
            for batch in batches:
                scene.publish(batch)
            await turns(dice.randint(0, 6))
            if dice.random() < 0.5:
                dice.choice(wires).read(room=dice.choice([None, 0, 5_000]))
            if dice.random() < 0.2:
                await scene.clock.advance(dice.choice([0.01, 0.1, 2]))
            if dice.random() < 0.3:
                wires.append(come_back(scene, dice.choice(wires), dice))

        for wire in wires:
            wire.read()
        await scene.clock.advance(20)
        await scene.settled(*(wire for wire in wires if wire.viewer is not None and not wire.viewer.ended))

        probe = scene.watch("jobs", want="snapshot")
        await scene.settled(probe)
        shown = folded(probe, "jobs")
        for wire in wires:
            if wire.viewer is not None and not wire.viewer.ended:
                view = folded(wire, "jobs")
                assert view.seq == shown.seq
                assert difference(view, shown) == []


def come_back(scene: Scene, wire: ReadWire, dice: random.Random) -> ReadWire:
    """The same client on a new link: it keeps what it got and goes on from its cursor."""
    if wire.viewer is None or wire.viewer.ended:
        return scene.watch("jobs", pace_ms=0)
    wire.viewer.closed()
    view = folded(wire, "jobs")
    successor = ReadWire(room=dice.choice([None, 0]))
    successor.got = list(wire.got)
    return scene.watch("jobs", wire=successor, since=str(view.cursor) if view.cursor else None, pace_ms=0)


class TestLink:
    async def test_hello_is_answered_with_where_the_log_stands(self, make: Make):
        scene = make()
        scene.happen(custom(1))
        viewer, wire = scene.open(greeted=False)

        viewer.received(encode(Hello(client="test")))

        (welcome,) = wire.of(Welcome)
        assert (welcome.epoch, welcome.seq, welcome.ping_s, welcome.limits.topics) == ("e1", 1, 5.0, 32)

    @pytest.mark.parametrize(
        ("sent", "code", "reason"),
        [
            (b'{"type":"subscribe","id":"a","topics":["jobs"]}', 4000, "hello comes first"),
            (b'{"type":"hello","v":2}', 4000, "this server speaks version 1"),
            (b'{"type":"hello","namespcae":"x"}', 4000, "namespcae"),
            (b'{"type":"dance"}', 4000, "dance"),
            (b"[]", 4000, "Expected `object`"),
            (b"not json", 4000, "not JSON"),
            (b'{"type":"hello","client":' + b"[" * 40 + b"]" * 40 + b"}", 4000, "nested deeper"),
            (b'{"type":"hello","client":"' + b"x" * 70_000 + b'"}', 4013, "limit is 65,536"),
        ],
    )
    async def test_what_is_not_of_the_protocol_ends_the_link_and_says_why(
        self, make: Make, sent: bytes, code: int, reason: str
    ):
        scene = make()
        viewer, wire = scene.open(greeted=False)

        viewer.received(sent)

        assert wire.closed is not None
        assert wire.closed[0] == code
        assert reason in wire.closed[1]
        assert scene.feed.viewers == {}

    async def test_hello_comes_within_10_s(self, make: Make):
        scene = make()
        scene.serve()
        _, wire = scene.open(greeted=False)

        await scene.clock.advance(9.5)
        assert wire.closed is None
        await scene.clock.advance(1.5)

        assert wire.closed == (4000, "no hello within 10 s")

    async def test_a_flood_of_frames_ends_the_link(self, make: Make):
        scene = make()
        viewer, wire = scene.open(greeted=False)
        viewer.received(encode(Hello()))

        for _ in range(49):
            viewer.received(encode(ViewerPong()))
        assert wire.closed is None
        viewer.received(encode(ViewerPong()))

        assert wire.closed == (4008, "more frames a second than are taken")

    async def test_20_frames_a_second_are_taken_for_ever(self, make: Make):
        scene = make()
        viewer, wire = scene.open()

        for _ in range(30):
            for _ in range(20):
                viewer.received(encode(ViewerPong()))
            await scene.clock.advance(1)

        assert wire.closed is None

    async def test_too_many_subscriptions_end_the_link(self, make: Make):
        scene = make(subscriptions=3)
        viewer, wire = scene.open()
        for id in "abca":
            viewer.received(encode(Subscribe(id=id, topics=["custom:x"], want="events")))
        assert wire.closed is None

        viewer.received(encode(Subscribe(id="d", topics=["custom:x"], want="events")))

        assert wire.closed == (4009, "more than 3 subscriptions")

    @pytest.mark.parametrize(
        ("subscribe", "code", "field"),
        [
            (Subscribe(id="v", topics=["nonsense"]), "invalid_input", "topic"),
            (Subscribe(id="v", topics=["label:x"]), "invalid_input", "topic"),
            (Subscribe(id="v", topics=[f"job:{n}" for n in range(33)]), "invalid_input", "topics"),
            (Subscribe(id="v", topics=["jobs"], types=["job.failed"]), "invalid_input", "types"),
            (Subscribe(id="v", topics=["jobs"], since="yesterday"), "bad_cursor", None),
        ],
    )
    async def test_a_subscription_that_cannot_be_is_refused_alone(
        self, make: Make, subscribe: Subscribe, code: str, field: str | None
    ):
        scene = make()
        viewer, wire = scene.open()

        viewer.received(encode(subscribe))

        (error,) = wire.of(Error)
        assert (error.id, error.code, error.field) == ("v", code, field)
        assert error.hint
        assert wire.closed is None

    async def test_the_same_id_again_replaces_the_subscription(self, make: Make):
        scene = make()
        viewer, wire = scene.open()
        viewer.received(encode(Subscribe(id="v", topics=["custom:crew"], want="events")))

        viewer.received(encode(Subscribe(id="v", topics=["custom:memory"], want="events")))
        scene.happen(custom(1), custom(2, "memory.stored"))
        await turns()

        assert numbers(wire) == [2]

    async def test_a_dead_link_leaves_nothing_behind(self, make: Make):
        scene = make()
        wire = scene.watch("custom:crew", "jobs")
        assert wire.viewer is not None

        wire.viewer.closed()
        wire.viewer.closed()
        await scene.settled()

        assert (scene.feed.viewers, scene.feed.sweep.crowds, scene.feed._addresses) == ({}, {}, {})

    async def test_links_are_counted_by_address(self, make: Make):
        scene = make(links_per_address=2)
        first, _ = scene.open(address="10.0.0.1")
        scene.open(address="10.0.0.1")

        assert not scene.feed.has_room("10.0.0.1")
        assert scene.feed.has_room("10.0.0.2")
        first.closed()
        assert scene.feed.has_room("10.0.0.1")


class TestSignsOfLife:
    async def test_a_visible_viewer_hears_of_us_every_5_s_a_hidden_one_every_25_s(self, make: Make):
        scene = make()
        scene.serve()
        shown, hidden = scene.watch("custom:x", want="events"), scene.watch("custom:x", want="events")
        assert hidden.viewer is not None
        hidden.viewer.received(encode(Visible(visible=False)))

        await scene.clock.advance(26)

        assert len(shown.of(Ping)) == 5
        assert len(hidden.of(Ping)) == 2  # the answer to `visible`, and one after 25 s

    async def test_one_that_follows_a_job_hears_of_us_every_2_s(self, make: Make):
        scene = make()
        scene.serve()
        wire = scene.watch("job:J")

        await scene.clock.advance(10.5)

        assert len(wire.of(Ping)) == 5

    async def test_visible_is_a_probe_answered_at_once(self, make: Make):
        scene = make()
        viewer, wire = scene.open()
        scene.happen(custom(1))
        scene.feed.settle()

        viewer.received(encode(Visible(visible=True)))

        assert [frame.seq for frame in wire.of(Ping)] == [1]

    async def test_quiet_viewers_get_bookmarks_so_that_their_cursor_stays_young(self, make: Make):
        scene = make()
        scene.serve()
        wire = scene.watch("custom:memory", want="events")
        scene.happen(custom(1), custom(2))

        await scene.clock.advance(6)

        assert reach(wire) == [(0, 0), (0, 2)]
        assert numbers(wire) == []

    async def test_one_that_never_answers_is_ended(self, make: Make):
        scene = make()
        scene.serve()
        viewer, wire = scene.open(greeted=False)
        viewer.received(encode(Hello()))
        other, kept = scene.open(greeted=False)
        other.received(encode(Hello()))

        for _ in range(25):
            other.received(encode(ViewerPong()))
            await scene.clock.advance(1)

        assert wire.closed == (4103, "no pong")
        assert kept.closed is None

    async def test_a_reader_that_cannot_answer_is_not_asked_to(self, make: Make):
        scene = make()
        scene.serve()
        wire = scene.watch("custom:x", want="events")

        await scene.clock.advance(60)

        assert wire.closed is None

    async def test_at_the_end_everybody_is_told_when_to_come_back(self, make: Make):
        scene = make()
        wires = [scene.watch("custom:x", want="events") for _ in range(3)]

        await scene.feed.drain(4)

        assert [[frame.after_ms for frame in wire.of(Bye)] for wire in wires] == [[(0, 4000)]] * 3
        assert {wire.closed for wire in wires} == {(4200, "the server is going down")}
        assert not scene.feed.has_room("")


class Desk:
    """Knows one token, carries out one method."""

    def authorize(self, token: str | None) -> str:
        if token == "guest":
            raise Forbidden("guests may not look.")
        if token not in {"secret", "renewed", "other"}:
            raise Unauthorized("The token is not valid here.")
        return "other" if token == "other" else "me"

    async def request(self, subject: Any, method: str, params: dict[str, Any], key: str | None) -> Any:
        if method == "job.cancel":
            return {"by": subject, **params, "key": key}
        if method == "job.submit":
            raise InvalidInput("args.url", "is missing")
        raise NotFound("method", method)


class TestSubjects:
    @pytest.mark.parametrize(("token", "code"), [(None, 4001), ("wrong", 4001), ("guest", 4003)])
    async def test_hello_without_a_good_token_ends_the_link(self, make: Make, token: str | None, code: int):
        scene = make()
        scene.feed.desk = Desk()
        viewer, wire = scene.open(greeted=False)

        viewer.received(encode(Hello(token=token)))

        assert wire.closed is not None
        assert wire.closed[0] == code

    @pytest.mark.parametrize(("token", "code"), [("renewed", None), ("other", 4003), ("wrong", 4001)])
    async def test_a_fresh_token_must_be_of_the_same_subject(self, make: Make, token: str, code: int | None):
        scene = make()
        scene.feed.desk = Desk()
        viewer, wire = scene.open(greeted=False)
        viewer.received(encode(Hello(token="secret")))

        viewer.received(encode(Auth(token=token)))

        assert (wire.closed and wire.closed[0]) == code

    async def test_requests_are_answered_or_refused_as_rest_would(self, make: Make):
        scene = make()
        scene.feed.desk = Desk()
        viewer, wire = scene.open(subject="me")

        for id, method in (("1", "job.cancel"), ("2", "job.submit"), ("3", "job.dance")):
            viewer.received(encode(Request(id=id, method=method, params={"job": "J"}, key="k")))
        await turns()

        assert [frame.result for frame in wire.of(Response, "1")] == [{"by": "me", "job": "J", "key": "k"}]
        assert [(frame.code, frame.field) for frame in wire.of(Error, "2")] == [("invalid_input", "args.url")]
        assert [frame.code for frame in wire.of(Error, "3")] == ["not_found"]

    async def test_without_a_desk_there_are_no_commands(self, make: Make):
        scene = make()
        viewer, wire = scene.open()

        viewer.received(encode(Request(id="1", method="job.cancel")))
        await turns()

        (error,) = wire.of(Error, "1")
        assert error.hint == "This server takes no commands over the stream; use REST."


async def test_a_blocked_reader_is_not_at_rest_before_it_is_level(make: Make):
    scene = make()
    wire = scene.watch("custom:crew", want="events", wire=ReadWire(room=0))
    assert wire.viewer is not None
    assert wire.viewer.subscriptions is not None

    scene.happen(custom(1))
    await turns()

    assert at_rest(wire)  # nothing can be done for it
    assert wire.viewer.subscriptions[0].state is State.BEHIND
