"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headway.errors import InvalidInput
from headway.model.duration import duration_text, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("2h", 7200),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("2d", 172_800),
        ("1w", 604_800),
        ("45", 45),
        (45, 45),
        (0.25, 0.25),
        (" 5m ", 300),
        ("1m500ms", 60.5),
        ("0s", 0),
    ],
)
def test_a_duration_is_read_as_seconds(written, seconds):
    assert parse_duration(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written", ["", "soon", "30 s", "5x", "30m1h", "1h1h", "nan", "inf", float("nan"), True, None, "h"]
)
def test_what_is_no_duration_is_refused_by_the_name_of_its_field(written):
    with pytest.raises(InvalidInput) as caught:
        parse_duration(written, "timeout")

    assert str(caught.value) == (
        f"timeout: {written!r} is not a duration. Write 30s, 5m, 1h30m, 2d or a number of seconds."
    )


@pytest.mark.parametrize("written", [-1, "-5"])
def test_a_negative_duration_is_called_negative(written):
    with pytest.raises(InvalidInput, match="is negative"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.42, "0.4s"),
        (3, "3s"),
        (9.96, "10s"),
        (42, "42s"),
        (59.7, "1m 00s"),
        (185, "3m 05s"),
        (3599.9, "1h 00m"),
        (7620, "2h 07m"),
        (97_200, "1d 03h"),
    ],
)
def test_people_read_at_most_two_units(seconds, text):
    assert duration_text(seconds) == text


@given(st.floats(min_value=0, max_value=1e9))
def test_what_is_written_for_people_reads_back_within_its_precision(seconds):
    back = parse_duration(duration_text(seconds).replace(" ", ""))

    assert abs(back - seconds) <= max(0.05 + 1e-9, seconds / 20)
