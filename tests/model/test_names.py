"""What a name may be, wherever one is made known."""

from __future__ import annotations

from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.model import command as c
from headway.testing.factories import Lab


@pytest.fixture
def lab() -> Lab:
    return Lab()


NAMINGS: list[tuple[str, Any]] = [
    ("kind", lambda name: c.Submit(id="J1", kind=name)),
    ("queue", lambda name: c.Submit(id="J1", kind="k", queue=name)),
    ("name", lambda name: c.PauseQueue(queue=name)),
    ("name", lambda name: c.LimitQueue(queue=name, limit=1)),
    ("worker", lambda name: c.Connect(worker=name, profile={"machine": "m", "instance": "i"})),
    ("name", lambda name: c.SaveEntry(section="views", name=name, body={"q": ""})),
]  # fmt: skip


@pytest.mark.parametrize(("field", "command"), NAMINGS)
@pytest.mark.parametrize("name", [".", ".."])
def test_what_no_address_can_have_is_no_name(lab: Lab, field: str, command: Any, name: str):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(command(name))

    assert str(wrong.value) == f"{field}: {name!r} is no name. No address can have it; use another."


@pytest.mark.parametrize(("field", "command"), NAMINGS)
@pytest.mark.parametrize("name", ["...", ".a", "a/../b", "/"])
def test_what_only_resembles_it_is_a_name(lab: Lab, field: str, command: Any, name: str):
    lab.do(command(name))


@pytest.mark.parametrize("name", [".", ".."])
def test_a_kind_without_an_address_is_not_taken(lab: Lab, name: str):
    answer = lab.worker(kinds=({"name": name},))

    said = f"kinds.name: {name!r} is no name. No address can have it; use another."
    assert (answer["taken"], answer["refused"]) == ([], [{"field": "kinds.name", "message": said}])
