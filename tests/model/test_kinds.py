"""Kinds: the first definition is pinned, another one waits for a person, and lists on a link that is up count as a hello."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.errors import NotFound, Refused
from headway.hub.verify import verify
from headway.model import command as c
from headway.model.kind_check import KIND_BYTES
from headway.model.kinds import KEPT_SEEN
from headway.store.sqlite.store import SqliteStore
from headway.testing.factories import Lab

TOOL = "mcp.github.create_issue"
OBJECT = {"type": "object", "properties": {"title": {"type": "string"}}}


def tool(definition: str | None = "d1", **more: Any) -> dict[str, Any]:
    told = {"name": TOOL, "hash": f"h-{definition}", "schema": {**OBJECT, "title": f"for {definition}"}, **more}
    return told | ({"definition": definition} if definition else {})


@pytest.fixture
def lab() -> Lab:
    return Lab(workers=False)


def kind(lab: Lab, name: str = TOOL) -> dict[str, Any]:
    with lab.store.reading() as reading:
        return next(each for each in reading.kinds() if each["name"] == name)


def tell(lab: Lab, *kinds: dict[str, Any], worker: str = "w/1", **more: Any) -> Any:
    return lab.do(c.ReportKinds(worker=worker, instance="i1", kinds=kinds, **more))


def approve(lab: Lab, definition: str, **more: Any) -> None:
    lab.do(c.ApproveKind(kind=TOOL, definition=definition, by="ann", **more))


def pinned(lab: Lab) -> tuple[str | None, str | None]:
    """The definition that is pinned, and the one in quarantine."""
    found = kind(lab)
    return found.get("definition"), found.get("quarantine", {}).get("definition")


# -- quarantine ----------------------------------------------------------------------------------------------------


def test_the_first_definition_is_pinned_and_another_changes_nothing_but_the_quarantine(lab: Lab):
    lab.worker(kinds=(tool("d1", title="Create", confirm=True, annotations={"destructive": True}),))
    before = kind(lab)

    lab.worker(kinds=(tool("d2", title="Delete all", annotations={"read_only": True}, defaults={"queue": "x"}),))

    after = kind(lab)
    waiting = after.pop("quarantine")
    assert {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)} == {"seq", "seen"}
    assert waiting == {
        "definition": "d2", "hash": "h-d2", "schema": {**OBJECT, "title": "for d2"}, "title": "Delete all",
        "annotations": {"read_only": True}, "defaults": {"queue": "x"}, "worker": "w/1", "seen_at": waiting["seen_at"],
    }  # fmt: skip
    assert lab.last("system.alert").data["about"] == f"kind {TOOL}"
    assert f"headway kinds approve {TOOL}" in lab.last("system.alert").data["message"]


def test_the_same_definition_is_said_once(lab: Lab):
    lab.worker(kinds=(tool("d1"),))
    lab.worker(kinds=(tool("d2"),))

    lab.worker(kinds=(tool("d2"),))

    assert {"kind.quarantined", "kind.registered", "system.alert"}.isdisjoint(lab.types())


def test_definitions_that_come_and_go_raise_an_alert_each_and_no_more(lab: Lab):
    lab.worker("a", kinds=(tool("d1"),))
    alerts = 0

    for _ in range(3):
        for worker, definition in (("b", "d2"), ("c", "d3"), ("a", "d1")):
            lab.worker(worker, kinds=(tool(definition),))
            alerts += lab.types().count("system.alert")

    assert (alerts, pinned(lab)) == (2, ("d1", "d3"))


def test_definitions_that_were_seen_are_forgotten_at_last(lab: Lab):
    lab.worker(kinds=(tool("d1"),))

    for number in range(KEPT_SEEN + 5):
        tell(lab, tool(f"x{number}"))

    assert kind(lab)["seen"] == [f"x{number}" for number in range(5, KEPT_SEEN + 5)]


def test_the_pinned_one_told_again_by_that_worker_ends_the_quarantine(lab: Lab):
    lab.worker(kinds=(tool("d1"),))
    tell(lab, tool("d2"))
    lab.worker("w/2", kinds=(tool("d1"),))
    by_another = pinned(lab)

    tell(lab, tool("d1"))

    assert (by_another, pinned(lab)) == (("d1", "d2"), ("d1", None))
    assert "kind.registered" in lab.types()


def test_the_last_worker_that_told_it_is_the_one_that_ends_it(lab: Lab):
    lab.worker(kinds=(tool("d1"),))
    lab.worker("w/2", kinds=(tool("d2"),))
    tell(lab, tool("d2"))

    lab.worker("w/2", kinds=(tool("d1"),))
    still = pinned(lab)
    tell(lab, tool("d1"))

    assert (still, pinned(lab)) == (("d1", "d2"), ("d1", None))


def test_a_pinned_kind_of_which_no_definition_is_told_any_more_waits_too(lab: Lab):
    lab.worker(kinds=(tool("d1"),))

    tell(lab, tool(None))
    waiting = pinned(lab)
    approve(lab, "")

    assert waiting == ("d1", "")
    assert pinned(lab) == (None, None)
    assert kind(lab)["hash"] == "h-None"


def test_what_a_worker_of_a_pinned_kind_changes_beside_the_definition_counts_at_once(lab: Lab):
    lab.worker(kinds=(tool("d1", confirm=True),))

    tell(lab, tool("d1", defaults={"queue": "slow"}))

    assert (kind(lab)["defaults"], "confirm" in kind(lab), pinned(lab)) == ({"queue": "slow"}, False, ("d1", None))


# -- approval ------------------------------------------------------------------------------------------------------


def test_an_approval_puts_in_place_what_waited_and_nothing_of_the_old_stays(lab: Lab):
    lab.worker(kinds=(tool("d1", title="Create", output={"type": "object"}, confirm=True, limit=5),))
    lab.do(c.LimitKind(kind=TOOL, limit=2))
    tell(lab, tool("d2", description="new", limit=9))

    approve(lab, "d2")

    now = kind(lab)
    assert (now["definition"], now["description"], now["schema"]["title"]) == ("d2", "new", "for d2")
    assert (now["approved_by"], now["limit"], now["limits_set"]) == ("ann", 2, True)
    assert {"title", "output", "confirm", "quarantine"}.isdisjoint(now)
    assert lab.types() == ["kind.approved"]


def test_a_definition_that_changed_again_since_it_was_looked_at_is_not_approved(lab: Lab):
    lab.worker(kinds=(tool("d1"),))
    tell(lab, tool("d2"))
    tell(lab, tool("d3"))

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        approve(lab, "d2")

    assert str(refused.value) == (
        f"approve refused: kind {TOOL} is in quarantine with the definition d3: it changed again since you looked. "
        "Look at it again, and approve that one."
    )


def test_an_approval_twice_is_no_news_and_one_of_nothing_is_refused(lab: Lab):
    lab.worker(kinds=(tool("d1"),))

    with lab.nothing_changes():
        approve(lab, "d1")
    with lab.nothing_changes(), pytest.raises(Refused, match="There is nothing to approve"):
        approve(lab, "d2")
    with lab.nothing_changes(), pytest.raises(NotFound):
        lab.do(c.ApproveKind(kind="nobody", definition="d1"))


# -- claims --------------------------------------------------------------------------------------------------------


def test_jobs_are_offered_only_under_the_pinned_definition_and_the_attempt_says_which_it_was(lab: Lab):
    lab.worker("old", kinds=(tool("d1"),))
    lab.worker("new", kinds=(tool("d2"),))
    job = lab.submit(kind=TOOL)

    refused = lab.claim("new", kinds=(TOOL,))
    offered = lab.claim("old", kinds=(TOOL,))

    assert (refused, offered, lab.attempt(job).get("definition")) == ([], [job], "d1")


def test_after_the_approval_it_is_the_other_worker(lab: Lab):
    lab.worker("old", kinds=(tool("d1"),))
    lab.worker("new", kinds=(tool("d2"),))
    approve(lab, "d2")
    job = lab.submit(kind=TOOL)

    assert lab.claim("old", kinds=(TOOL,)) == []
    assert lab.claim("new", kinds=(TOOL,)) == [job]
    assert lab.attempt(job).get("definition") == "d2"


def test_a_worker_that_tells_no_definition_is_not_offered_jobs_of_a_pinned_kind(lab: Lab):
    lab.worker("old", kinds=(tool("d1"),))
    lab.worker("new", kinds=(tool(None),))
    lab.submit(kind=TOOL)

    assert lab.claim("new", kinds=(TOOL,)) == []


def test_an_attempt_of_a_kind_without_a_definition_says_none(lab: Lab):
    lab.worker()

    assert "definition" not in lab.attempt(lab.job("offered"))


# -- lists on a link that is up ------------------------------------------------------------------------------------


def test_a_list_takes_the_place_of_what_the_worker_served(lab: Lab):
    lab.worker(kinds=("crawl", tool("d1")))

    answer = tell(lab, {"name": "parse", "hash": "1"}, tool("d1"))

    assert answer == {"taken": [TOOL, "parse"], "refused": []}
    assert lab.types() == ["kind.registered", "worker.kinds_changed"]
    doc = lab.worker_doc()
    assert (doc["kinds"], doc["definitions"], kind(lab, "crawl")["hash"]) == ([TOOL, "parse"], {TOOL: "d1"}, "h1")


def test_a_list_that_says_nothing_new_is_no_event(lab: Lab):
    lab.worker(kinds=("crawl", tool("d1")))

    with lab.nothing_changes():
        tell(lab, tool("d1"), {"name": "crawl", "hash": "h1"})


@pytest.mark.parametrize("late", [{"instance": "i0"}, {"server": "s9"}, {"worker": "nobody"}])
def test_a_late_list_of_a_link_that_is_over_is_not_heeded(lab: Lab, late: dict[str, str]):
    lab.worker(server="s1")

    with lab.nothing_changes():
        answer = lab.do(c.ReportKinds(**{"worker": "w/1", "instance": "i1", "kinds": (tool(),), **late}))

    assert answer is None


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"hash": "1"}, "kinds[1].name"),
        ({"name": 5}, "kinds[1].name"),
        ({"name": "x" * 201}, "kinds[1].name"),
        ({"name": ".."}, "kinds.name"),
        ({"name": "good"}, "kinds.good"),
        ({"name": "k", "description": "x" * KIND_BYTES}, "kinds.k"),
        ({"name": "k", "title": "x" * 501}, "kinds.k.title"),
        ({"name": "k", "schema": "no"}, "kinds.k.schema"),
        ({"name": "k", "annotations": {"read_only": "yes"}}, "kinds.k.annotations"),
        ({"name": "k", "confirm": 1}, "kinds.k.confirm"),
        ({"name": "k", "definition": ""}, "kinds.k.definition"),
        ({"name": "k", "defaults": []}, "kinds.k.defaults"),
        ({"name": "k", "limits_set": True}, "kinds.k.limits_set"),
        ({"name": "k", "quarantine": {}}, "kinds.k.quarantine"),
        ({"name": "k", "plan": {"a": 0}}, "kinds.k.plan.a"),
    ],
)
@pytest.mark.parametrize("live", [True, False])
def test_an_entry_that_is_not_whole_is_refused_by_name_and_the_others_are_taken(
    lab: Lab, entry: dict[str, Any], field: str, live: bool
):
    lab.worker(kinds=("crawl",))
    entries = ({"name": "good", "hash": "1"}, entry)

    answer = tell(lab, *entries) if live else lab.worker(kinds=entries)

    [fault] = answer["refused"]
    assert (fault["field"], answer["taken"], lab.worker_doc()["kinds"]) == (field, ["good"], ["good"])
    assert lab.worker_doc()["problems"][-1]["problem"] == fault["message"]


def test_a_store_whose_kinds_changed_is_its_log(tmp_path: Path):
    store = SqliteStore(tmp_path / "headway.db")
    lab = Lab(workers=False, store=store)
    lab.worker(kinds=(tool("d1", title="Create"), "crawl"))
    tell(lab, tool("d2", annotations={"read_only": True}), {"name": "parse"})
    tell(lab, tool("d3"))
    job = lab.submit(kind=TOOL)
    waits = lab.claim(kinds=(TOOL,))
    approve(lab, "d3")
    lab.offer(job)
    tell(lab, tool("d4"), {"name": "..", "hash": "1"})
    tell(lab, tool("d3"))

    found = verify(store)
    store.close()

    assert (waits, found.different, found.skipped) == ([], 0, {}), found.differences
