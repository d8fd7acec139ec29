from __future__ import annotations

import re
from itertools import permutations
from typing import Any

from hypothesis import given, strategies as st

from headway.mcp.naming import LONGEST, offered

LEGAL = re.compile(r"[A-Za-z0-9_-]{1,64}")


def names(kinds: list[str], *globs: str, taken: tuple[str, ...] = ()) -> dict[str, str]:
    found = offered([{"name": kind} for kind in kinds], globs, taken)
    return {tool: kind["name"] for tool, kind in found.items()}


def test_without_a_list_no_kind_is_a_tool():
    assert names(["add"]) == {}


def test_globs_allow_and_dots_become_underscores():
    assert names(["mcp.github.search", "mcp.fs.read", "add"], "mcp.github.*", "add") == {
        "mcp_github_search": "mcp.github.search",
        "add": "add",
    }


def test_a_kind_in_quarantine_is_no_tool():
    kinds: list[Any] = [{"name": "a", "quarantine": {"definition": "x"}}, {"name": "b"}]

    assert list(offered(kinds, ["*"], ())) == ["b"]


def test_of_two_with_one_name_the_changed_one_is_made_distinct_in_any_order():
    found = [names(list(order), "*") for order in permutations(["a.b", "a_b", "a/b"])]

    assert all(each == found[0] for each in found)
    assert found[0]["a_b"] == "a_b"
    assert len(found[0]) == 3


def test_a_name_of_headways_own_is_not_taken():
    found = names(["get_job"], "*", taken=("get_job",))

    assert list(found.values()) == ["get_job"]
    assert "get_job" not in found


@given(st.sets(st.text(min_size=1, max_size=100), max_size=8))
def test_every_name_is_one_that_clients_take_and_no_kind_is_lost(kinds: set[str]):
    found = names(sorted(kinds), "*")

    assert set(found.values()) == kinds
    assert all(LEGAL.fullmatch(name) and len(name) <= LONGEST for name in found)
