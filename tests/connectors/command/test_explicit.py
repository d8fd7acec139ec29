"""What a command says to Headway on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from headway.connectors.command.explicit import MAX_STATEMENT, read_json, read_statement
from headway.connectors.command.reading import Reading


def said(**fields: object) -> Reading:
    return Reading(source="headway", **fields)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("line", "reading"),
    [
        ('::headway progress=0.42 stage=encode msg="a b"', said(stage="encode", current=0.42, total=1.0, message="a b")),
        ("::headway progress=42%", said(current=0.42, total=1.0)),
        ("::headway progress=1", said(current=1.0, total=1.0)),
        ("::headway current=17 total=40 unit=file stage=a/b", said(stage="a/b", current=17.0, total=40.0, unit="file")),
        ("::headway current=17", said(current=17.0)),
        ("::headway current=41 total=40", said(current=40.0, total=40.0)),
        ("::headway message=hello", said(message="hello")),
        (r'::headway msg="say \"hi\""', said(message='say "hi"')),
        ("::headway stage=upload", said(stage="upload")),
    ],
)  # fmt: skip
def test_a_marked_line_is_read(line, reading):
    assert read_statement(line) == reading


@pytest.mark.parametrize(
    "line",
    [
        "::headway ",
        "::headway progress=half",
        "::headway progress=42",
        "::headway progress=-1",
        "::headway progress=nan stage=a",
        "::headway progress=inf",
        "::headway current=x total=3",
        "::headwayprogress=1",
        "see ::headway progress=1",
        "::headway msg=" + "x" * MAX_STATEMENT,
    ],
)
def test_a_marked_line_that_makes_no_sense_is_nothing(line):
    assert read_statement(line) is None


def test_json_has_the_same_fields():
    line = b'{"progress": 0.5, "stage": "encode", "message": "second pass", "extra": [1]}'

    assert read_json(line) == said(stage="encode", current=0.5, total=1.0, message="second pass")
    assert read_json('{"current": 3, "total": 8, "unit": "row"}') == said(current=3.0, total=8.0, unit="row")


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"3", b'{"progress": true}', b'{"progress": null}', b'{"progress": 2}', b"\xff", b"[" * 9999],
)
def test_json_that_makes_no_sense_is_nothing(line):
    assert read_json(line) is None


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_make_the_reader_fail(line):
    read_json(line)
    read_statement("::headway " + line.decode("utf-8", "replace"))
