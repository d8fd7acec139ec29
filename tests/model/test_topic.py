"""One routing table: which topics carry an event, and which topics there are."""

from __future__ import annotations

from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.model.event import Event, conflation_key
from headway.model.topic import parse_topic, topics_of


def about(type, **more: Any):
    return Event(type=type, at=0, **more)


JOB = {"subject": "J", "job": "J", "queue": "gpu", "kind": "crawl"}


@pytest.mark.parametrize(
    ("event", "topics"),
    [
        (about("job.completed", **JOB), {"jobs", "job:J", "queue:gpu", "kind:crawl"}),
        (
            about("job.progressed", labels={"flow": "f", "a": "b"}, **JOB),
            {"jobs", "job:J", "queue:gpu", "kind:crawl", "label:flow=f", "label:a=b", "flow:f"},
        ),
        (about("job.started", labels={"a": "b"}, **JOB), {"jobs", "job:J", "queue:gpu", "kind:crawl", "label:a=b"}),
        (about("job.logged", **JOB), {"logs:J"}),
        (about("worker.lost", subject="w/1"), {"workers"}),
        (about("service.changed", subject="w/1/comfy"), {"workers"}),
        (about("queue.paused", subject="gpu"), {"queues", "queue:gpu"}),
        (about("kind.registered", subject="crawl"), {"kinds"}),
        (about("saved.stored", subject="views/mine"), {"saved"}),
        (about("system.started"), {"system"}),
        (about("metrics.sampled"), {"metrics"}),
        (about("crew.agent.started"), {"custom:crew", "custom:crew.agent", "custom:crew.agent.started"}),
        (about("crew.started", job="J"), {"custom:crew", "custom:crew.started", "job:J"}),
    ],
    ids=lambda each: getattr(each, "type", ""),
)
def test_an_event_goes_to_its_topics(event, topics):
    assert set(topics_of(event)) == topics


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("jobs", ("jobs", "")), ("job:01J", ("job", "01J")), ("label:a=b:c", ("label", "a=b:c")),
        ("custom:crew.started", ("custom", "crew.started")), ("logs:01J", ("logs", "01J")),
    ],
)  # fmt: skip
def test_a_topic_is_read(text, parsed):
    assert parse_topic(text) == parsed


@pytest.mark.parametrize("text", ["", "job", "job:", "jobs:x", "jobs:", "everything", "Jobs"])
def test_an_unknown_topic_is_answered_with_the_known_ones(text):
    with pytest.raises(InvalidInput) as wrong:
        parse_topic(text)

    assert str(wrong.value) == (
        f"topic: {text!r} is unknown. Topics are jobs, workers, queues, kinds, saved, system, metrics, job:…, logs:…, queue:…, "
        "kind:…, label:…, flow:…, custom:…."
    )


def test_a_label_needs_a_value():
    with pytest.raises(InvalidInput) as wrong:
        parse_topic("label:a")

    assert str(wrong.value) == "topic: 'label:a' lacks a value. Write label:KEY=VALUE."


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (about("job.progressed", attempt=2, data={"stage": "a"}, **JOB), ("job.progressed", "J", "2", "a")),
        (about("worker.loaded", subject="w/1"), ("worker.loaded", "w/1")),
        (about("crew.token", data={"conflate_key": "k"}), ("crew.token", "k")),
        (about("crew.token", data={}), None),
        (about("job.completed", **JOB), None),
        (about("job.logged", **JOB), None),
    ],
    ids=lambda each: getattr(each, "type", ""),
)
def test_only_what_a_newer_one_replaces_is_conflated(event, key):
    assert conflation_key(event) == key
