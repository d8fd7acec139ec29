"""Views and templates: what is kept, in what bounds, and what is said to those who look."""

from __future__ import annotations

from typing import Any

import pytest

from headway.clock import iso
from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.settings import Settings
from headway.testing.factories import Lab

VIEW = {"q": "state:failed since:24h", "pinned": True}


@pytest.fixture
def lab() -> Lab:
    return Lab()


def entries(lab: Lab) -> dict[str, dict[str, Any]]:
    with lab.store.reading() as reading:
        return {entry["id"]: entry for entry in reading.saved()}


def save(lab: Lab, name: str = "mine", section: str = "views", **more: Any) -> dict[str, Any]:
    return lab.do(c.SaveEntry(**{"section": section, "name": name, "body": VIEW, "by": "ann"} | more))


def test_a_view_is_kept_with_its_owner_and_told_whole(lab):
    made = save(lab)

    whole = {
        "id": "views/mine", "section": "views", "name": "mine", "owner": "ann", "body": VIEW, "stored_at": iso(lab.now),
    }  # fmt: skip
    assert made == {"id": "views/mine", "created": True}
    assert [(event.type, event.subject, event.data) for event in lab.events] == [
        ("saved.stored", "views/mine", {"put": whole})
    ]
    assert entries(lab) == {"views/mine": whole | {"seq": lab.events[0].seq}}


def test_another_body_replaces_it_whole_and_the_same_changes_nothing(lab):
    save(lab, "crawl", "templates", body={"kind": "crawl", "args": {"url": None, "depth": 2}})
    body = {"kind": "crawl", "args": {"url": None}}
    lab.wait(5)
    replaced = save(lab, "crawl", "templates", body=body, by="bob")
    with lab.nothing_changes():
        again = save(lab, "crawl", "templates", body=body)

    entry = entries(lab)["templates/crawl"]
    assert (replaced["created"], again["created"]) == (False, False)
    assert (entry["body"], entry["owner"], entry["stored_at"]) == (body, "bob", iso(lab.now))


def test_what_is_removed_is_gone_and_its_name_free(lab):
    save(lab)
    lab.do(c.RemoveEntry(section="views", name="mine", by="bob"))
    removed = [(event.type, event.subject, event.data) for event in lab.events]

    assert removed == [("saved.removed", "views/mine", {"deleted": True, "by": "bob"})]
    assert entries(lab) == {}
    assert save(lab)["created"]


def test_what_is_not_there_can_not_be_removed(lab):
    with lab.nothing_changes(), pytest.raises(NotFound) as wrong:
        lab.do(c.RemoveEntry(section="views", name="mine"))

    assert str(wrong.value) == "No view has the id 'mine'. GET /api/v1/saved/views lists them."


@pytest.mark.parametrize(
    "command", [c.SaveEntry(section="jobs", name="x", body={}), c.RemoveEntry(section="", name="x")]
)
def test_another_section_is_answered_with_those_there_are(lab, command):
    with lab.nothing_changes(), pytest.raises(NotFound) as wrong:
        lab.do(command)

    assert str(wrong.value).endswith("What can be saved is views and templates.")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "name: has 0 characters."), ("x" * 81, "name: has 81 characters."),
        (" x", "name: ' x' can not be read as it is written."), ("a\nb", "name: 'a\\nb' can not be read as it is written."),
    ],
)  # fmt: skip
def test_a_name_has_bounds(lab, name, said):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        save(lab, name)

    assert str(wrong.value) == f"{said} Use 1 to 80 characters that can be seen, and no space around them."


def test_a_filter_that_can_not_be_read_is_not_kept(lab):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        save(lab, body={"q": "stat:failed"})

    assert wrong.value.field == "q"


def test_a_body_has_a_size():
    lab = Lab(settings=Settings(saved_bytes=40))
    save(lab, "x", "templates", body={"kind": "x" * 29})
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        save(lab, "y", "templates", body={"kind": "x" * 30})

    assert str(wrong.value).startswith("body: 41 bytes are over the limit of 40.")


def test_a_section_that_is_full_takes_no_other_name_even_of_one_commit():
    lab = Lab(settings=Settings(saved_entries=2))
    body = {"kind": "crawl"}
    names = [c.SaveEntry(section="templates", name=name, body=body) for name in ("a", "b", "c")]
    *_, refused = lab.together(*names)
    save(lab, "other section")
    save(lab, "a", "templates", body={"kind": "other"})
    lab.do(c.RemoveEntry(section="templates", name="b"))
    lab.do(names[2])

    assert isinstance(refused, Refused)
    assert str(refused) == "save refused: templates is full: 2 are kept. Remove one that nobody needs."
    assert sorted(entries(lab)) == ["templates/a", "templates/c", "views/other section"]
