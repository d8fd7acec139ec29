"""Bounds and corners of one topic's view; what it shows in whole runs is in test_viewing.py and spec/cases."""

from __future__ import annotations

import pytest

from headway.errors import InvalidInput
from headway.model.event import Event
from headway.protocol.topicview import KEEP, Keep, TopicData, TopicView, joined


def line(number: int) -> list[object]:
    return [number, "2026-11-22T08:21:07.412Z", "info", f"line {number}"]


def logged(*numbers: int) -> Event:
    return Event(type="job.logged", at=1, job="A", data={"lines": [line(number) for number in numbers]}, seq=1)


def test_every_topic_there_is_says_what_it_keeps():
    assert set(KEEP) == {
        "jobs", "queue", "kind", "label", "flow", "job", "logs", "workers", "queues", "kinds", "saved", "system", "metrics", "custom",
    }  # fmt: skip


def test_an_unknown_topic_is_refused():
    with pytest.raises(InvalidInput):
        TopicView("everything")


def test_what_a_later_page_does_not_say_again_stands():
    whole = joined([TopicData(counts={"gpu": {"queued": 1}}, capped=True, first=3), TopicData(keep=Keep(events=1))])

    assert (whole.counts, whole.capped, whole.first, whole.keep) == ({"gpu": {"queued": 1}}, True, 3, Keep(events=1))


class TestLines:
    def test_holes_are_said_from_the_first_to_the_last_line(self):
        view = TopicView("logs:A")
        view.load(TopicData(lines=[line(4), line(6)], first=2, last=9))

        assert view.holes() == [(2, 3), (5, 5), (7, 9)]

    def test_lines_before_the_first_that_still_exists_are_no_hole(self):
        view = TopicView("logs:A")
        view.load(TopicData(lines=[line(1), line(2)], first=1, last=2))

        view.load(TopicData(lines=[line(8)], first=8, last=8))

        assert view.holes() == []

    def test_lines_that_come_twice_or_late_close_no_hole_beyond_themselves(self):
        view = TopicView("logs:A")

        view.apply([logged(3), logged(3), logged(5)])

        assert (view.first_line, view.last_line, view.holes()) == (3, 5, [(4, 4)])

    def test_a_log_event_without_lines_changes_nothing(self):
        view = TopicView("logs:A")

        view.apply([logged()])

        assert (view.first_line, view.last_line, view.holes()) == (None, 0, [])


class TestKept:
    def test_of_finished_jobs_the_oldest_go_and_unfinished_ones_never(self):
        view = TopicView("jobs")
        jobs = {str(n): {"state": "completed", "finished_at": f"{n:02}"} for n in range(3)} | {
            "r": {"state": "running"}
        }

        view.load(TopicData(documents={"job": jobs}, keep=Keep(finished=1)))

        assert sorted(view.documents["job"]) == ["2", "r"]

    def test_few_jobs_are_not_looked_at(self):
        view = TopicView("jobs")

        view.load(TopicData(documents={"job": {"a": {"state": "completed"}}}, keep=Keep(finished=1)))

        assert sorted(view.documents["job"]) == ["a"]

    def test_points_of_a_series_older_than_its_window_go(self):
        view = TopicView("metrics")

        view.apply([Event(type="metrics.sampled", at=at, seq=seq) for seq, at in [(1, 0), (2, 600_000), (3, 600_001)]])

        assert [event.seq for event in view.events.values()] == [2, 3]

    def test_custom_events_of_two_jobs_do_not_supersede_one_another(self):
        view = TopicView("custom:crew")
        more = {"type": "crew.step", "at": 1, "data": {"conflate_key": "k"}}

        view.apply([Event(seq=1, job="A", **more), Event(seq=2, job="B", **more), Event(seq=3, job="A", **more)])

        assert [event.seq for event in view.events.values()] == [2, 3]


class TestDocuments:
    def test_a_soft_field_of_a_worker_nobody_knows_makes_no_document(self):
        view = TopicView("workers")

        view.apply([Event(type="worker.loaded", at=1, subject="w", data={"load": {}}, seq=1)])

        assert view.shown()["documents"] == {}

    def test_an_event_without_a_change_makes_no_document(self):
        view = TopicView("jobs")

        view.apply([Event(type="flow.noted", at=1, subject="f", seq=1)])

        assert view.shown()["documents"] == {}

    def test_a_deletion_of_what_is_not_here_is_nothing(self):
        view = TopicView("jobs")

        view.apply(
            [Event(type="job.deleted", at=1, subject="A", job="A", data={"deleted": True, "was": "failed"}, seq=1)]
        )

        assert view.shown()["documents"] == {}
        assert not view.unknown

    def test_empty_queues_and_entities_are_not_shown(self):
        view = TopicView("jobs")

        view.load(TopicData(documents={"job": {}}, counts={"gpu": {}}))

        assert (view.shown()["documents"], view.shown()["counts"]) == ({}, {})
