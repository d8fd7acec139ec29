"""Custom events: names, priorities and sizes; each refusal names the field and the way out."""

from __future__ import annotations

import pytest

from headway.errors import InvalidInput, NotFound
from headway.model import command as c
from headway.testing.factories import Lab

RESERVED = "flow, headway, job, kind, metrics, queue, saved, schedule, service, system, worker"


@pytest.fixture
def lab():
    return Lab(workers=False)


@pytest.mark.parametrize("name", ["crew.started", "memory.stored.twice", "a_1.B_2"])
def test_a_name_outside_the_reserved_prefixes_is_taken(lab, name):
    lab.do(c.Emit(name=name, data={"x": None}, namespace="n"))

    [event] = lab.events
    assert (event.type, event.namespace, event.job, event.data) == (name, "n", None, {"data": {"x": None}})


@pytest.mark.parametrize(
    "name", ["", "crew", ".x", "x.", "a..b", "a b.c", "job.done", "system.x", "ü.x", "a." + "b" * 200]
)
def test_other_names_are_refused_with_how_to_write_them(lab, name):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(c.Emit(name=name))

    assert str(wrong.value) == (
        f"type: {name!r} is not a custom event's name. Write <prefix>.<name> of letters, digits and _; "
        f"the prefixes {RESERVED} are reserved."
    )


def test_an_unknown_priority_is_answered_with_the_known_ones(lab):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(c.Emit(name="a.b", priority="loud"))

    assert str(wrong.value) == "priority: 'loud' is unknown. One of low, normal, high, critical."


def test_too_much_data_is_refused_with_the_limit(lab):
    lab.do(c.Emit(name="a.b", data={"x": "y" * (16_384 - 8)}))
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(c.Emit(name="a.b", data={"x": "y" * (16_384 - 7)}))

    assert str(wrong.value) == (
        "data: 16,385 bytes are over the limit of 16,384. Keep what is large as an artifact and name it in the event."
    )


def test_one_about_a_job_carries_its_place_and_one_about_none_is_refused(lab):
    job = lab.submit(queue="gpu", labels={"a": "b"})
    lab.do(c.Emit(name="a.b", job=job))

    assert (lab.events[0].queue, lab.events[0].labels) == ("gpu", {"a": "b"})
    with pytest.raises(NotFound):
        lab.do(c.Emit(name="a.b", job="nowhere"))
