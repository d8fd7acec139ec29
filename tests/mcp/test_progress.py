from __future__ import annotations

import itertools

from hypothesis import given, strategies as st

from headway.mcp.progress import STEP, Telling


def test_the_first_words_are_told_and_the_same_ones_never_again():
    telling = Telling()

    assert telling.next(0.25, "a") == (0.25, 1.0, "a")
    assert telling.next(0.25, "a") is None


def test_new_words_at_the_same_fraction_are_told_a_millionth_further():
    telling = Telling()
    telling.next(0.25, "a")

    assert telling.next(0.25, "b") == (0.25 + STEP, 1.0, "b")


def test_without_a_fraction_there_is_no_total():
    telling = Telling()

    assert telling.next(None, "queued") == (STEP, None, "queued")
    assert telling.next(0.5, "running") == (0.5, 1.0, "running")
    assert telling.next(None, "again") == (0.5 + STEP, 1.0, "again")


def test_a_second_attempt_that_begins_anew_does_not_go_back():
    telling = Telling()
    telling.next(0.8, "attempt 1")

    told = telling.next(0.0, "attempt 2")

    assert told is not None
    assert told[0] > 0.8


@given(st.lists(st.tuples(st.none() | st.floats(0, 1), st.text(max_size=2))))
def test_whatever_comes_each_number_is_greater_than_the_last(news: list[tuple[float | None, str]]):
    telling = Telling()

    told = [said for each in news if (said := telling.next(*each)) is not None]

    numbers = [said[0] for said in told]
    assert all(one < two for one, two in itertools.pairwise(numbers))
