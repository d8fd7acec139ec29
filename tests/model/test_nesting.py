"""How deep JSON nests, and that what is too deep for a frame is refused by name."""

from __future__ import annotations

import msgspec
import pytest

from headway.errors import InvalidInput
from headway.model.nesting import VALUE_DEPTH, check_nesting, nests_deeper
from headway.model.schema import check_schema


def nested(levels: int) -> dict[str, object]:
    value: dict[str, object] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("levels", "is_deeper"), [(1, False), (VALUE_DEPTH, False), (VALUE_DEPTH + 1, True), (190, True)]
)
def test_levels_are_counted(levels: int, is_deeper: bool):
    found = nests_deeper(msgspec.json.encode(nested(levels)))

    assert found == is_deeper


def test_brackets_in_texts_and_beside_each_other_are_no_levels():
    data = msgspec.json.encode([["[{" * 50], *([{}] * 50), '"[' * 50])

    assert not nests_deeper(data)


def test_what_is_too_deep_is_refused_by_its_name():
    with pytest.raises(InvalidInput, match=f"answer: nests deeper than {VALUE_DEPTH} levels. Make it flatter"):
        check_nesting(msgspec.json.encode(nested(VALUE_DEPTH + 1)), "answer")


def test_a_schema_that_no_frame_could_carry_is_refused():
    schema: dict[str, object] = {"type": "string"}
    for _ in range(20):
        schema = {"type": "object", "properties": {"a": schema}}

    with pytest.raises(InvalidInput, match=r"inputSchema: nests deeper than 24 levels. Use \$defs"):
        check_schema(schema, "inputSchema")
