"""Counts as people read them."""

from __future__ import annotations

import pytest

from headway.model.amounts import count_text, number_text, size_text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (10, "10"), (0.254, "0.25"), (999.5, "999.5"), (1000.4, "1,000"), (-2.5, "-2.5")]
)
def test_a_number_has_the_decimals_that_tell_something(value: float, text: str):
    assert number_text(value) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KB"),
        (1_048_575, "1.0 MB"),
        (1_536 * 1024, "1.5 MB"),
        (2**70, "1,048,576.0 PB"),
    ],
)
def test_a_size_moves_on_to_the_next_step_before_it_would_read_1024(size: float, text: str):
    assert size_text(size) == text


def test_the_unit_of_the_author_is_left_as_it_is():
    assert count_text(1, 799, "file") == "1/799 file"
    assert count_text(1, 799, "Dateien") == "1/799 Dateien"
    assert count_text(5, 8, "b") == "5/8 b"  # bits, perhaps: not ours to tell
