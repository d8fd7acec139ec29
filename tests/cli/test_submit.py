"""Arguments from words, and what becomes of a submit."""

from __future__ import annotations

import io
import json

import click
import pytest

from headway.cli.submit import _as_wanted, read_words


def test_words_are_texts_and_json():
    words = ["url=https://x?a=b", "n:=3", "tags:=[1]", "empty=", "on:=true"]

    assert read_words(words) == {"url": "https://x?a=b", "n": 3, "tags": [1], "empty": "", "on": True}


@pytest.mark.parametrize("word", ["url", "=x", ":=3"])
def test_a_word_that_is_no_argument_is_named(word):
    with pytest.raises(click.BadParameter, match="is neither NAME=TEXT nor NAME:=JSON"):
        read_words([word])


def test_json_that_is_none_says_how_to_write_text():
    with pytest.raises(click.BadParameter, match="'abc' is not JSON; for text write n=abc"):
        read_words(["n:=abc"])


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("20", {"type": "integer"}, 20),
        ("true", {"type": "boolean"}, True),
        ("null", {"anyOf": [{"type": "integer"}, {"type": "null"}]}, None),
        ("20", {"type": "string"}, "20"),
        ("20", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "20"),
        ("maybe", {"type": "boolean"}, "maybe"),
        ("20", {}, "20"),
    ],
)
def test_text_becomes_what_the_schema_asks_for_where_it_takes_no_text(text, schema, value):
    assert _as_wanted(text, schema) == value


def test_all_arguments_may_come_from_a_file_or_stdin_and_words_win(headway, tmp_path, monkeypatch):
    file = tmp_path / "args.json"
    file.write_text('{"a": 1, "b": 2}')
    monkeypatch.setattr("sys.stdin", io.StringIO('{"c": 3}'))

    one = headway("submit", "crawl", "b:=5", "--args", f"@{file}").word
    other = headway("submit", "crawl", "--args", "-").word

    assert json.loads(headway("job", one, "--json").out)["args"] == {"a": 1, "b": 5}
    assert json.loads(headway("job", other, "--json").out)["args"] == {"c": 3}


@pytest.mark.parametrize("args", ["[1]", "{", "@/no/such/file"])
def test_arguments_that_are_no_object_are_a_usage_error(headway, args):
    assert headway("submit", "crawl", "--args", args).code == 2


def test_a_unique_key_gives_the_first_job_again(headway):
    first = headway("submit", "crawl", "--unique", "k1")
    second = headway("submit", "crawl", "--unique", "k1")

    assert first.word == second.word
    assert f"{first.word} holds this unique key already." in second.err


def test_an_idempotency_key_makes_two_calls_one_submit(headway):
    first, second = (headway("submit", "crawl", "--key", "the-same") for _ in range(2))

    assert first.word == second.word


def test_a_wrong_option_is_refused_by_the_server_by_name(headway):
    said = headway("submit", "crawl", "--delay", "soon")

    assert said.code == 2
    assert "delay" in said.err
