"""Progress of strangers: whatever comes, what is shown never goes back and is a number."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, strategies as st

from headway.connectors.mcp.progress import LARGEST, Progress


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ([(1, 4), (2, 4)], (2, 4)),
        ([(5, 10), (3, 10)], (5, 10)),
        ([(1, None), (2, None)], (2, None)),
        ([(1, 4), (2, None)], (2, 4)),
        ([(1, 2), (2, 8)], (2, 8)),
        ([(9, 4)], (4, 4)),
        ([(2, 4), (math.nan, 4)], (2, 4)),
        ([(2, 4), (math.inf, 4)], (2, 4)),
        ([(-1, 4)], (None, 4)),
        ([(1, 0)], (1, None)),
        ([(1, -3)], (1, None)),
        ([(1, math.inf)], (1, None)),
        ([("2", "4")], (None, None)),
        ([(True, True)], (None, None)),
        ([(10**400, 10**400)], (None, None)),
    ],
)
def test_what_a_tool_says_is_made_fit(said: list[tuple[Any, Any]], shown: tuple[Any, Any]):
    progress = Progress()

    found = [progress.heard(*each) for each in said]

    assert found[-1] == shown


anything = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))


@given(st.lists(st.tuples(anything, anything), max_size=20), st.floats(1, 1e6))
def test_no_sequence_goes_back_below_one_total(said: list[tuple[Any, Any]], total: float):
    progress = Progress()

    found = [progress.heard(current, total)[0] for current, _ in said]

    counts = [each for each in found if each is not None]
    assert counts == sorted(counts)
    assert all(0 <= each <= min(total, LARGEST) for each in counts)
