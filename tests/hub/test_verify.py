"""Whatever in a store is not what its log says, verify says."""

from __future__ import annotations

import pytest

from headway.hub.verify import MOST, verify
from headway.model import command as c, report as r
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    lab = Lab()
    lab.do(c.PauseQueue(queue="gpu"))
    for state in ("queued", "running", "completed", "cancelled", "adopted"):
        lab.job(state)
    job = lab.job("running", max_attempts=2)
    lab.report(job, r.Progressed(current=1, total=2), r.LogLines(lines=[(0, "info", "x")]))
    lab.end(job, "crashed")
    lab.do(c.Hear(worker="w/1", at=lab.now, load={"cpu_percent": 1}))
    for load in ({"queue_pending": 1}, {"queue_pending": 2}):
        service = {"name": "comfy", "type": "comfyui", "status": "idle", "load": load}
        lab.do(c.ReportServices(worker="w/1", services=(service,)))
    for name in ("mine", "old"):
        lab.do(c.SaveEntry(section="views", name=name, body={"q": ""}))
    lab.do(c.RemoveEntry(section="views", name="old"))
    return lab


def test_a_store_that_is_its_log_has_no_differences(lab):
    found = verify(lab.store)

    assert found.different == 0, found.differences
    assert (found.jobs, found.documents) == (6, 5)
    assert found.events > 15
    assert found.skipped == {}


@pytest.mark.parametrize(
    ("table", "id", "entity"),
    [
        ("workers", "w/1", "worker"),
        ("queues", "gpu", "queue"),
        ("kinds", "crawl", "kind"),
        ("saved", "views/mine", "saved"),
        ("services", "w/1/comfy", "service"),
    ],
)
def test_a_document_that_differs_is_named(lab, table, id, entity):
    lab.store.disk.documents[table][id] = {**lab.store.disk.documents[table][id], "colour": "red"}

    [difference] = verify(lab.store).differences

    assert (difference.entity, difference.job, difference.field) == (entity, id, "colour")
    assert (difference.row, difference.log) == ("red", None)


def test_the_load_of_a_service_is_folded_and_compared(lab):
    lab.store.disk.documents["services"]["w/1/comfy"]["load"] = {"queue_pending": 3}

    [difference] = verify(lab.store).differences

    assert (difference.field, difference.row, difference.log) == ("load", {"queue_pending": 3}, {"queue_pending": 2})


def test_a_job_that_differs_is_named_with_both_sides(lab):
    id = min(lab.store.disk.jobs)
    lab.store.disk.jobs[id] = {**lab.store.disk.jobs[id], "priority": 9}

    [difference] = verify(lab.store).differences

    assert (difference.job, difference.field, difference.row, difference.log) == (id, "priority", 9, 0)


def test_counts_that_differ_are_named(lab):
    lab.store.disk.counts["default"]["queued"] += 1

    [difference] = verify(lab.store).differences

    assert (difference.job, difference.field) == ("default", "counts")


def test_a_document_whose_row_is_gone_is_named(lab):
    del lab.store.disk.documents["queues"]["gpu"]

    assert {each.field for each in verify(lab.store).differences} == {"name", "paused", "seq"}


def test_after_a_purge_what_can_not_be_compared_is_said(lab):
    lab.store.purge(events_before=3, keys_before=0)

    found = verify(lab.store)

    assert found.different == 0
    assert found.skipped == {"documents": "the log no longer reaches back to their beginning"}


def test_all_differences_are_counted_and_the_first_listed(lab):
    for _ in range(MOST + 5):
        id = lab.submit()
        lab.store.disk.jobs[id] = {**lab.store.disk.jobs[id], "priority": 9}

    found = verify(lab.store)

    assert (found.different, len(found.differences)) == (MOST + 5, MOST)
