"""What a worker serves, through the lives of its executor processes."""

from __future__ import annotations

from typing import Any

from headway.worker.kinds import WHOLE_BYTES, Kinds


def kind(name: str, definition: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"name": name, **({"definition": definition} if definition else {}), **fields}


def served() -> Kinds:
    kinds = Kinds()
    kinds.ready([kind("own")])
    kinds.told(0, [kind("a", "d1")])
    return kinds


def names(kinds: Kinds) -> list[str]:
    return [each["name"] for each in kinds.listed()[0]]


def test_the_apps_kinds_come_with_those_of_every_engine():
    kinds = served()

    assert kinds.told(1, [kind("b", "d2")])

    assert names(kinds) == ["own", "a", "b"]


def test_a_list_that_is_as_before_changes_nothing():
    assert not served().told(0, [kind("a", "d1")])


def test_kinds_of_an_engine_stay_through_another_process_and_wait_until_it_tells():
    kinds = served()

    kinds.ready([kind("own")])

    assert names(kinds) == ["own", "a"]
    assert kinds.why_not("a", "d1") == "the engine of 'a' is being started and has not said what it serves"
    kinds.told(0, [kind("a", "d1")])
    assert kinds.why_not("a", "d1") is None


def test_an_offer_of_another_definition_is_refused_and_says_both():
    assert served().why_not("a", "d0") == "'a' is defined otherwise now: offered was d0, here is d1"


def test_an_offer_of_a_kind_that_is_not_pinned_is_taken():
    kinds = served()

    assert (kinds.why_not("own", None), kinds.why_not("a", None)) == (None, None)


def test_an_offer_with_a_definition_of_a_kind_that_has_none_here_is_refused():
    assert served().why_not("own", "d9") == "'own' is defined otherwise now: offered was d9, here is None"


def test_a_kind_that_is_gone_is_refused():
    kinds = served()

    kinds.told(0, [])

    assert kinds.why_not("a", "d1") == "this worker does not serve the kind 'a'"


def test_what_has_no_room_in_a_hello_is_left_out_by_name():
    kinds = Kinds()

    kinds.told(0, [kind("small"), kind("large", description="x" * WHOLE_BYTES), kind("after")])

    fitting, left_out = kinds.listed()
    assert ([each["name"] for each in fitting], left_out) == (["small", "after"], ["large"])
