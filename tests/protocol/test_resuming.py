from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st
from tests.protocol.worlds import logs

from headway.model.event import Event
from headway.model.fold import merge
from headway.model.settings import Settings
from headway.protocol.frames import Cursor
from headway.protocol.resuming import Outline, Plan, Standing, conflate, covers, outline, plan, reach_of

HEAD = Cursor("e1", 5_000)


def decided(since: Cursor | None, want: str = "auto", **more: Any) -> Plan:
    return plan(Standing(since=since, want=want, head=HEAD, **more), Settings())


class TestPlan:
    @pytest.mark.parametrize(
        ("since", "more", "expected"),
        [
            (None, {}, Plan()),
            (None, {"failures": 2}, Plan(small=True)),
            (Cursor("e0", 10), {}, Plan(reset="epoch")),
            (Cursor("e1", 5_001), {}, Plan(reset="epoch")),
            (Cursor("e1", 98), {"first": 100}, Plan(reset="expired")),
            (Cursor("e1", 99), {"first": 100}, Plan(replay_from=99)),
            (Cursor("e1", 100), {"missed": 2_000, "missed_bytes": 1_048_576}, Plan(replay_from=100)),
            (Cursor("e1", 100), {"missed": 2_001}, Plan(reset="slow")),
            (Cursor("e1", 100), {"missed_bytes": 1_048_577}, Plan(reset="slow")),
            (Cursor("e1", 4_999), {"failures": 1}, Plan(replay_from=4_999)),
            (Cursor("e1", 4_999), {"failures": 2}, Plan(reset="slow", small=True)),
            (Cursor("e1", 5_000), {}, Plan(replay_from=5_000)),
        ],
    )
    def test_replay_or_snapshot_as_the_table_says(self, since: Cursor | None, more: dict[str, Any], expected: Plan):
        assert decided(since, **more) == expected

    @pytest.mark.parametrize(
        ("since", "more", "expected"),
        [
            (None, {}, Plan(replay_from=5_000)),
            (Cursor("e0", 10), {}, Plan(replay_from=5_000, reset="epoch")),
            (Cursor("e1", 7), {"first": 100}, Plan(replay_from=99, reset="expired")),
            (Cursor("e1", 100), {"missed": 9_999, "failures": 5}, Plan(replay_from=100)),
        ],
    )
    def test_who_wants_events_alone_never_gets_a_snapshot(
        self, since: Cursor | None, more: dict[str, Any], expected: Plan
    ):
        assert decided(since, "events", **more) == expected

    def test_who_asks_for_a_snapshot_gets_one_without_a_reset(self):
        assert decided(Cursor("e1", 4_999), "snapshot") == Plan()


def progressed(
    seq: int, *, job: str = "A", stage: str = "s", patch: dict[str, Any] | None = None, **data: Any
) -> Event:
    data = {"stage": stage, "set": {"progress": seq} if patch is None else patch} | data
    return Event(type="job.progressed", at=seq, job=job, subject=job, attempt=1, data=data, seq=seq)


def moved(seq: int, job: str = "A") -> Event:
    return Event(type="job.moved", at=seq, job=job, subject=job, data={"was": "queued"}, seq=seq)


def kept(*events: Event) -> list[int]:
    by_event, left_out = conflate(events)
    by_outline, _ = conflate([outline(event) for event in events])
    assert [event.seq for event in by_event] == [event.seq for event in by_outline]
    assert left_out == len(events) - len(by_event)
    return [event.seq for event in by_event]


class TestConflation:
    def test_the_newest_progress_of_a_stage_stands_for_the_older(self):
        assert kept(progressed(1), progressed(2), progressed(3)) == [3]

    def test_stages_and_jobs_stand_for_themselves(self):
        assert kept(progressed(1), progressed(2, stage="t"), progressed(3, job="B"), progressed(4)) == [2, 3, 4]

    def test_the_last_value_before_a_change_of_state_stays(self):
        assert kept(progressed(1), progressed(2), moved(3), progressed(4), progressed(5)) == [2, 3, 5]

    def test_another_jobs_change_of_state_is_no_wall(self):
        assert kept(progressed(1), moved(2, "B"), progressed(3)) == [2, 3]

    def test_what_a_later_one_does_not_say_again_is_kept(self):
        first = progressed(1, patch={"progress": 1, "stages": {"s": {"started_at": 1}}})
        details = progressed(2, put={"details": {"a": None}})

        assert kept(first, progressed(3)) == [1, 3]
        assert kept(details, progressed(3)) == [2, 3]
        assert kept(details, progressed(3, put={"details": 3})) == [3]

    def test_log_lines_warnings_and_samples_are_never_left_out(self):
        events = [
            Event(type=type, at=1, job="A", subject="A", seq=seq)
            for seq, type in enumerate(["job.logged", "job.logged", "job.warned", "job.warned", "metrics.sampled"] * 2)
        ]

        assert kept(*events) == list(range(10))

    def test_a_workers_load_is_superseded_by_worker(self):
        loads = [
            Event(type="worker.loaded", at=1, subject=f"w{seq % 2}", seq=seq, data={"set": {"heard_at": str(seq)}})
            for seq in range(4)
        ]

        assert kept(*loads) == [2, 3]

    @given(logs())
    def test_what_is_left_out_is_only_progress_and_keyed_custom_events(self, events: list[Event]):
        seqs = set(kept(*events))

        assert {event.type for event in events if event.seq not in seqs} <= {"job.progressed", "crew.step"}


patches = st.recursive(
    st.none() | st.integers(0, 1),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
datas = st.fixed_dictionaries(
    {},
    optional={
        "set": st.dictionaries(st.sampled_from("abc"), patches, max_size=3),
        "put": st.dictionaries(st.sampled_from("abc"), patches, max_size=2),
    },
)


class TestCovers:
    @given(datas, datas, st.dictionaries(st.sampled_from("abc"), patches, max_size=3))
    def test_what_is_covered_could_have_been_left_out_whatever_the_document_was(
        self, earlier: dict[str, Any], later: dict[str, Any], document: dict[str, Any]
    ):
        def fold(before: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
            return merge(before, data.get("set", {})) | data.get("put", {})

        if covers(reach_of(later), reach_of(earlier)):
            assert fold(fold(document, earlier), later) == fold(document, later)

    @pytest.mark.parametrize(
        ("later", "earlier", "expected"),
        [
            ({"set": {"a": 1}}, {"set": {"a": {"b": 1}}}, True),
            ({"set": {"a": None}}, {"set": {"a": {"b": 1}}}, True),
            ({"set": {"a": {"b": 1}}}, {"set": {"a": 1}}, False),
            ({"set": {"a": {"b": 1}}}, {"set": {"a": None}}, False),
            ({"set": {"a": {}}}, {"set": {"a": {"b": 1}}}, False),
            ({"set": {"a": {}}}, {"set": {"a": {}}}, True),
            ({"set": {"a": {"b": 1, "c": 2}}}, {"set": {"a": {"b": 0}}}, True),
            ({"put": {"a": 1}}, {"set": {"a": {"b": 1}}, "put": {"a": 2}}, True),
            ({"set": {"a": 1}}, {"put": {"a": 2}}, False),
        ],
    )
    def test_objects_merge_and_all_else_replaces(self, later: Any, earlier: Any, expected: bool):
        assert covers(reach_of(later), reach_of(earlier)) is expected

    def test_equal_reaches_are_one_object(self):
        assert reach_of({"set": {"a": 1}}) is reach_of({"set": {"a": 2}})


def test_an_event_that_is_never_left_out_has_a_bare_outline():
    assert outline(moved(3)) == Outline(seq=3, job="A", moves=True, key=None)


def test_an_age_without_a_load_does_not_cover_one_with_a_load():
    both, age = ({"set": {"heard_at": "a"}, "put": {"load": {"cpu": 1}}}, {"set": {"heard_at": "b"}})
    events = [
        Event(type="worker.loaded", at=seq, subject="w", worker="w", seq=seq, data=data)
        for seq, data in enumerate((both, age, both, age, age), 1)
    ]

    kept, left_out = conflate(events)

    assert [event.seq for event in kept] == [1, 3, 5]
    assert left_out == 2


def test_no_sample_of_a_load_is_ever_left_out():
    """Views draw them as a series, which must be the same for all (I12)."""
    events = [
        Event(type="worker.loaded", at=seq, subject="w", worker="w", seq=seq, data={"set": {"load_series": change}})
        for seq, change in enumerate(({"10": [1]}, {"10": [2]}, {"20": [3]}, {"10": None, "30": [4]}), 1)
    ]

    kept, left_out = conflate(events)

    assert [event.seq for event in kept] == [2, 3, 4]
    assert left_out == 1
