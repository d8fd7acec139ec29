"""What user code may hand over: JSON, within its size, and no deeper than a frame may be."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from headway.errors import HeadwayError
from headway.worker.fitting import check_fits

LOOP: list[Any] = []
LOOP.append(LOOP)
DEEP: list[Any] = functools.reduce(lambda inner, _: [inner], range(40), [])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (object(), "Checkpoint: is not JSON: "),
        (LOOP, "Checkpoint: is not JSON: "),
        (DEEP, "Checkpoint: nests deeper than 24 levels. Make it flatter, or store it with ctx.artifact()."),
        ("x" * 100, "Checkpoint has 102 bytes; the limit is 50. Store it with ctx.artifact()."),
    ],
)
def test_what_can_not_travel_is_refused_with_the_way_out(value: Any, sentence: str):
    with pytest.raises(HeadwayError) as refused:
        check_fits("Checkpoint", value, 50)

    assert sentence in f"{refused.value}"


def test_what_fits_passes():
    check_fits("Checkpoint", {"n": [1, 2]}, 50)
