"""The signature is the schema: what comes in is checked, coerced and named when it is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from headway.errors import InvalidInput
from headway.worker.context import Context
from headway.worker.schema import Signature, schema_hash


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int = 0


class Person(BaseModel):
    name: str


def crawl(
    ctx: Context,
    url: str,
    max_files: Annotated[int, Field(ge=1, description="At most so many")] = 50,
    *,
    tags: list[str] = [],  # noqa: B006 - what users write
    at: datetime | None = None,
    mode: Literal["fast", "full"] = "fast",
) -> dict[str, int]:
    return {}


def shapes(
    point: Point, person: Person, colour: Colour, points: list[Point], file: Path, anything: Any = None
) -> None: ...


def no_context(a: int) -> int:
    return a


def names(schema: str, copy: int, json: int = 1, _private: int = 2) -> None: ...


def test_the_schema_has_every_parameter_but_the_context():
    schema = Signature(crawl).input

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(schema["properties"]) == ["url", "max_files", "tags", "at", "mode"]
    assert schema["required"] == ["url"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["max_files"]["description"] == "At most so many"
    assert schema["properties"]["max_files"]["default"] == 50
    assert schema["properties"]["mode"]["enum"] == ["fast", "full"]


def test_arguments_are_coerced_to_their_annotations():
    bound = Signature(shapes).bind(
        b'{"point": {"x": "1"}, "person": {"name": "Ada"}, "colour": "red", "points": [{"x": 1, "y": 2}], "file": "a/b"}'
    )

    assert bound == {
        "point": Point(1), "person": Person(name="Ada"), "colour": Colour.RED, "points": [Point(1, 2)],
        "file": Path("a/b"), "anything": None,
    }  # fmt: skip


def test_what_a_command_line_gives_as_text_becomes_a_number():
    assert Signature(no_context).bind(b'{"a": "3"}') == {"a": 3}


def test_a_mutable_default_is_not_shared_between_attempts():
    signature = Signature(crawl)

    signature.bind(b'{"url": "u"}')["tags"].append("mine")

    assert signature.bind(b'{"url": "u"}')["tags"] == []


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (b"{}", "args.url: is required."),
        (b'{"url": "u", "max_file": 1}', "args.max_file: there is no such parameter. crawl takes url, max_files,"),
        (b'{"url": "u", "max_files": "many"}', "args.max_files: Input should be a valid integer"),
        (b'{"url": "u", "max_files": 0}', "args.max_files: Input should be greater than or equal to 1"),
        (b'{"url": "u", "tags": ["a", 1]}', "args.tags.1: Input should be a valid string"),
        (b"[1]", "args: must be a JSON object"),
        (b'{"url": ', "args: not JSON: "),
        (b'{"url": 1, "max_files": 0}', "(and 1 more)"),
    ],
)
def test_what_is_wrong_is_named(args: bytes, sentence: str):
    with pytest.raises(InvalidInput) as caught:
        Signature(crawl).bind(args)

    assert sentence in str(caught.value)


def test_parameters_may_have_names_that_libraries_use():
    assert Signature(names).bind(b'{"schema": "s", "copy": 1}') == {"schema": "s", "copy": 1, "json": 1, "_private": 2}


def test_the_result_is_described_where_it_is_annotated():
    assert Signature(crawl).output == {"additionalProperties": {"type": "integer"}, "type": "object"}
    assert Signature(shapes).output is None


def test_a_context_is_known_by_name_or_annotation_and_may_be_absent():
    def by_name(ctx, a: int): ...

    def by_type(job: Context, a: int): ...

    assert [Signature(each).takes_context for each in (by_name, by_type, no_context)] == [True, True, False]


def test_a_handler_that_takes_anything_by_name_is_refused_with_the_way_out():
    def loose(**kwargs: int): ...

    with pytest.raises(InvalidInput, match=r"Take one dict parameter instead of \*args or \*\*kwargs"):
        Signature(loose)


def test_a_parameter_that_is_no_json_is_refused_with_the_way_out():
    def odd(thing: NotThere): ...  # noqa: F821 # pyright: ignore[reportUndefinedVariable]

    with pytest.raises(InvalidInput, match="can not be found from its module"):
        Signature(odd)


def test_the_hash_is_of_the_meaning_and_not_of_the_order():
    assert schema_hash({"a": 1, "b": 2}) == schema_hash({"b": 2, "a": 1})
    assert schema_hash({"a": 1}) != schema_hash({"a": 2})
