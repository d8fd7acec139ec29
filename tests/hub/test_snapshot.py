"""What each topic shows at first: the same as a viewer shows who was there all the time (I12)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from headway.clock import iso
from headway.hub.snapshot import LINES
from headway.model.event import Event
from headway.protocol.frames import Snapshot
from headway.testing.store_worlds import NOW, about, changed, deleted, job_id, logged, saved, submitted, unsaved
from viewers import Scene, custom, difference, folded, turns

JOB = job_id(1)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    made = Scene(tmp_path)
    yield made
    await made.end()


def _loaded(load: dict[str, Any]) -> Event:
    data = {"set": {"seen_at": iso(NOW)}, "put": {"load": load}}
    return Event(type="service.loaded", at=NOW, subject="w/1/comfy", worker="w/1", data=data)


def a_life() -> list[list[Event]]:
    """Commits that touch every topic."""
    job = submitted(JOB, queue="gpu", kind="crawl", labels={"flow": "brain", "subject": "s1"})
    doc = job.data["set"]
    done = {"state": "completed", "finished_at": iso(NOW)}
    other = submitted(job_id(2), queue="gpu")
    return [
        [job, other],
        [changed(doc, "job.started", state="running", worker="w/1")],
        [changed(doc, "job.progressed", progress={"overall": 0.5}), logged(doc, 1, "one", "two")],
        [about("worker.connected", "w/1", id="w/1", machine="m", state="online", namespace="default")],
        [about("worker.loaded", "w/1", heard_at=iso(NOW), load={"cpu_percent": 5}, load_series={iso(NOW): [5, None, None]})],
        [about("worker.loaded", "w/1", load_series={iso(NOW): None, iso(NOW + 10_000): [6, 7.5, None]})],
        [about("service.changed", "w/1/comfy", id="w/1/comfy", worker="w/1", status="idle")],
        [_loaded({"vram": 1, "gone": 2}), _loaded({"vram": None}), about("service.loaded", "w/1/comfy", seen_at=iso(NOW + 1))],
        [about("queue.paused", "gpu", name="gpu", paused=True), about("kind.registered", "crawl", name="crawl", hash="h")],
        [saved("views/mine", q=""), saved("views/old", q="x"), saved("templates/a", kind="crawl", args={"n": None})],
        [saved("views/mine", q="y"), unsaved("views/old")],
        [custom(1), custom(2, conflate_key="k"), custom(3, conflate_key="k"), custom(4, "crew.agent.ended")],
        [Event(type="metrics.sampled", at=NOW + n, data={"n": n}) for n in range(5)],
        [Event(type="system.alert", at=NOW, data={"n": 1}), Event(type="crew.said", at=NOW, job=JOB, data={"number": 9})],
        [changed({**doc, "state": "running"}, "job.completed", **done), deleted(other.data["set"])],
    ]  # fmt: skip


TOPICS = [
    "jobs", f"job:{JOB}", f"logs:{JOB}", "queue:gpu", "kind:crawl", "label:subject=s1", "flow:brain", "workers", "queues",
    "kinds", "saved", "system", "metrics", "custom:crew", "custom:crew.agent",
]  # fmt: skip


@pytest.mark.parametrize("topic", TOPICS)
async def test_who_comes_late_sees_what_the_others_see(scene: Scene, topic: str):
    early = scene.watch(topic, pace_ms=0, conflate=False)
    await scene.settled(early)
    for events in a_life():
        scene.happen(*events)
        await turns(8)
    await scene.clock.advance(2)

    late = scene.watch(topic, want="snapshot")
    await scene.settled(early, late)

    shown = folded(late, topic).shown()[topic]
    assert shown["documents"] or shown["events"] or shown["lines"]
    assert difference(*(folded(wire, topic) for wire in (early, late))) == []


async def test_a_server_that_starts_again_shows_the_same(scene: Scene):
    for events in a_life():
        scene.happen(*events)
    topics = ["system", "metrics", "custom:crew"]
    before = scene.watch(*topics)
    await scene.settled(before)

    with scene.store.reading() as reading:
        scene.feed.begin(reading.head)
    await scene.clock.advance(2)
    after = scene.watch(*topics)
    await scene.settled(after)

    assert folded(before, *topics).shown()["custom:crew"]["events"]
    assert difference(folded(before, *topics), folded(after, *topics)) == []


async def test_of_a_long_log_the_last_lines_are_shown_and_its_ends_named(scene: Scene):
    doc = submitted(JOB).data["set"]
    scene.happen(submitted(JOB))
    for first in range(1, 2_001, 500):
        scene.happen(logged(doc, first, *(f"line {first + n}" for n in range(500))))

    wire = scene.watch(f"logs:{JOB}")
    await scene.settled(wire)

    (page,) = wire.of(Snapshot)
    found = page.topics[f"logs:{JOB}"]
    assert len(found["lines"]) == LINES
    assert (found["first"], found["last"], found["lines"][0][0]) == (1, 2_000, 1_001)
    assert folded(wire, f"logs:{JOB}").topics[f"logs:{JOB}"].holes() == [(1, 1_000)]


async def test_unfinished_jobs_are_capped_and_counts_are_exact_all_the_same(tmp_path: Path):
    scene = Scene(tmp_path, snapshot_unfinished=10)
    scene.happen(*(submitted(job_id(number)) for number in range(25)))

    wire = scene.watch("jobs")
    await scene.settled(wire)

    (page,) = wire.of(Snapshot)
    assert sorted(page.topics["jobs"]["documents"]["job"]) == [job_id(number) for number in range(15, 25)]
    assert page.topics["jobs"]["capped"] is True
    assert page.topics["jobs"]["counts"] == {"default": {"queued": 25}}
    await scene.end()


async def test_of_a_job_that_is_not_there_nothing_is_shown(scene: Scene):
    wire = scene.watch(f"job:{JOB}", f"logs:{JOB}")
    await scene.settled(wire)

    (page,) = wire.of(Snapshot)
    assert page.topics == {f"job:{JOB}": {}, f"logs:{JOB}": {}}


async def test_jobs_of_another_namespace_are_not_shown(scene: Scene):
    scene.happen(submitted(JOB), submitted(job_id(2), namespace="other"))

    wire = scene.watch("jobs", f"job:{job_id(2)}")
    await scene.settled(wire)

    (page,) = wire.of(Snapshot)
    assert list(page.topics["jobs"]["documents"]["job"]) == [JOB]
    assert page.topics[f"job:{job_id(2)}"] == {}
