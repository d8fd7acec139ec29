"""Arguments against a kind's schema: each thing that can be wrong, in a sentence."""

from __future__ import annotations

import socket

import pytest

from headway.errors import InvalidInput
from headway.model.schema import check_schema, validate

SCHEMA = {
    "type": "object",
    "properties": {
        "url": {"type": "string", "minLength": 3, "maxLength": 20, "pattern": "^[a-z:/.]+$"},
        "max_files": {"type": "integer", "minimum": 1, "maximum": 100},
        "ratio": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "even": {"multipleOf": 2},
        "mode": {"enum": ["fast", "slow"]},
        "version": {"const": 2},
        "depth": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3, "uniqueItems": True},
        "auth": {"$ref": "#/$defs/Auth"},
        "maybe": {"anyOf": [{"$ref": "#/$defs/Auth"}, {"type": "null"}]},
    },
    "required": ["url"],
    "additionalProperties": False,
    "$defs": {
        "Auth": {"type": "object", "properties": {"user": {"type": ["string", "null"]}}, "required": ["user"]},
    },
}
TAKES = "It takes url, max_files, ratio, even, mode, version, depth, tags, auth, maybe."


def refusal(values, schema=SCHEMA) -> str:
    with pytest.raises(InvalidInput) as caught:
        validate(schema, values)
    return str(caught.value)


def test_arguments_that_fit_pass():
    validate(SCHEMA, {"url": "a:/b", "max_files": 5, "depth": None, "tags": ["a"], "auth": {"user": "me"}})


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, f"args.url: is required. {TAKES}"),
        ({"url": "a:/b", "colour": 1}, f"args.colour: is not known. {TAKES}"),
        ({"url": 7}, "args.url: 7 is not a text."),
        ({"url": "a:/b", "max_files": "5"}, 'args.max_files: "5" is not a whole number.'),
        ({"url": "a:/b", "max_files": True}, "args.max_files: true is not a whole number."),
        ({"url": "a:/b", "max_files": 0}, "args.max_files: 0 is less than 1."),
        ({"url": "a:/b", "max_files": 101}, "args.max_files: 101 is more than 100."),
        ({"url": "a:/b", "ratio": 0}, "args.ratio: 0 is not more than 0."),
        ({"url": "a:/b", "ratio": 1}, "args.ratio: 1 is not less than 1."),
        ({"url": "a:/b", "even": 3}, "args.even: 3 is not a multiple of 2."),
        ({"url": "a"}, 'args.url: "a" is shorter than 3 characters.'),
        ({"url": "a" * 21}, f'args.url: "{"a" * 21}" is longer than 20 characters.'),
        ({"url": "ABC"}, 'args.url: "ABC" does not match ^[a-z:/.]+$.'),
        ({"url": "a:/b", "mode": "x"}, 'args.mode: "x" is not one of "fast", "slow".'),
        ({"url": "a:/b", "version": 3}, "args.version: 3 is not 2."),
        ({"url": "a:/b", "depth": "x"}, 'args.depth: "x" is not a whole number or null.'),
        ({"url": "a:/b", "tags": []}, "args.tags: [] has fewer than 1 items."),
        ({"url": "a:/b", "tags": list("abcd")}, 'args.tags: ["a", "b", "c", "d"] has more than 3 items.'),
        ({"url": "a:/b", "tags": ["a", "a"]}, 'args.tags: ["a", "a"] has an item twice.'),
        ({"url": "a:/b", "tags": ["a", 3]}, "args.tags.1: 3 is not a text."),
        ({"url": "a:/b", "auth": {}}, "args.auth.user: is required."),
        ({"url": "a:/b", "auth": {"user": 1}}, "args.auth.user: 1 is not null or a text."),
        ({"url": "a:/b", "maybe": {"user": 1}}, "args.maybe.user: 1 is not null or a text."),
        ([], "args: [] is not an object."),
        ({"max_files": 0, "colour": 1}, f"args.url: is required. {TAKES}"),
    ],
)
def test_the_first_thing_that_is_wrong_is_named(values, sentence):
    assert refusal(values) == sentence


def test_a_long_value_is_shown_cut():
    assert refusal({"url": ["x" * 500]}) == f'args.url: ["{"x" * 57}… is not a text.'


def test_a_keyword_without_a_sentence_of_ours_keeps_the_library_s():
    assert refusal({"a": 1}, {"not": {"required": ["a"]}}).startswith("args: ")


def test_a_broken_schema_is_named_when_it_is_announced_and_when_it_is_used():
    with pytest.raises(InvalidInput) as announced:
        check_schema({"type": "nonsense"}, "kinds.crawl.schema")

    assert announced.value.field == "kinds.crawl.schema"
    assert announced.value.problem.startswith("is not a JSON Schema: ")
    assert refusal({}, {"type": "nonsense"}).startswith("args: can not be checked, the kind's schema is broken: ")


def test_a_schema_that_is_no_object_is_refused():
    with pytest.raises(InvalidInput, match="is not a JSON Schema object"):
        check_schema([], "kinds.crawl.schema")


def test_a_good_schema_is_taken():
    check_schema(SCHEMA, "kinds.crawl.schema")


def test_nothing_is_fetched_for_a_reference():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]

        for reference in (f"http://127.0.0.1:{port}/schema.json", "file:///etc/hostname"):
            with pytest.raises(InvalidInput):
                check_schema({"$ref": reference}, "schema")

        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.timeout(10)
@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(?=a)(a+)+$", r"^(a*)*\1b$"])
def test_no_pattern_can_hold_the_server_by_backtracking(pattern):
    assert refusal({"x": "a" * 5_000 + "!"}, {"properties": {"x": {"pattern": pattern}}})
