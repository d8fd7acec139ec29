"""Schemas whose references double the work with each definition are refused before anything is judged by them."""

from __future__ import annotations

from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.model.schema import check_schema, validate
from headway.model.unfolding import unfolds_too_far


def doubling(levels: int, of: str = "allOf", named: bool = False) -> dict[str, Any]:
    """Each definition names the next one twice."""
    defs: dict[str, Any] = {}
    for level in range(levels):
        ref = f"#a{level + 1}" if named else f"#/$defs/a{level + 1}"
        defs[f"a{level}"] = {of: [{"$ref": ref}, {"$ref": ref}]} | ({"$anchor": f"a{level}"} if named else {})
    defs[f"a{levels}"] = {"$anchor": f"a{levels}"} if named else {}
    return {"type": "object", "$defs": defs, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize("of", ["allOf", "anyOf", "oneOf"])
@pytest.mark.parametrize("named", [False, True])
def test_definitions_that_name_each_other_twice(of: str, named: bool):
    assert unfolds_too_far(doubling(40, of, named))
    assert not unfolds_too_far(doubling(10, of, named))


def test_a_chain_longer_than_can_be_followed():
    defs = {f"a{level}": {"$ref": f"#/$defs/a{level + 1}"} for level in range(2_000)}

    assert unfolds_too_far({"$defs": defs, "$ref": "#/$defs/a0"})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
        {"$defs": {"tree": {"properties": {"l": {"$ref": "#/$defs/tree"}, "r": {"$ref": "#/$defs/tree"}}}}},
        {"anyOf": [{"type": "object", "properties": {"n": {"const": n}}} for n in range(500)]},
        {"$ref": "#/nowhere/1/x"},
        {"allOf": [{"$ref": "#/allOf/7"}]},
        {"properties": {"$ref": {"type": "string"}, "allOf": {"type": "array"}, "not": {"type": "string"}}},
        {"enum": [{"$ref": 5, "allOf": 3}]},
        True,
    ],
)
def test_circles_trees_and_long_lists_are_schemas_like_others(schema: Any):
    assert not unfolds_too_far(schema)


def test_neither_a_kind_is_taken_with_one_nor_a_value_judged_by_it():
    said = "its references unfold to more than 100,000 checks of one value"

    with pytest.raises(InvalidInput, match=f"inputSchema: is not a JSON Schema: {said}"):
        check_schema(doubling(40), "inputSchema")
    with pytest.raises(InvalidInput, match=f"args: can not be checked, the kind's schema is broken: {said}"):
        validate(doubling(40), {})
