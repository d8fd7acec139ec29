"""Arguments from words, and what becomes of a submit."""

from __future__ import annotations

import io
import json

import click
import pytest
from websockets.sync.client import connect

from headway.cli.fromfile import FromFile, read_file, value_of
from headway.cli.submit import _hint_of_file, as_wanted, read_words
from headway.errors import InvalidInput
from headway.protocol.frames import WORKER_PROTOCOL, WorkerHello, encode_many


def test_words_are_texts_and_json():
    words = ["url=https://x?a=b", "n:=3", "tags:=[1]", "empty=", "on:=true"]

    assert read_words(words) == {"url": "https://x?a=b", "n": 3, "tags": [1], "empty": "", "on": True}


@pytest.mark.parametrize("word", ["url", "=x", ":=3"])
def test_a_word_that_is_no_argument_is_named(word):
    with pytest.raises(click.BadParameter, match="is neither NAME=TEXT nor NAME=@FILE nor NAME:=JSON"):
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
        ("20", {"type": ["integer", "null"]}, 20),
        ("20", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "20"),
        ("maybe", {"type": "boolean"}, "maybe"),
        ("20", {}, "20"),
    ],
)
def test_text_becomes_what_the_schema_asks_for_where_it_takes_no_text(text, schema, value):
    assert as_wanted(text, schema) == value


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ('{"3": {}}', {"object"}, {"3": {}}),
        ('{"3": {}}', set(), {"3": {}}),
        ("line\n", set(), "line\n"),
        ("42", {"string"}, "42"),
        ("42", {"string", "integer"}, 42),
        ("many", {"string", "integer"}, "many"),
    ],
)
def test_a_file_is_json_if_it_reads_so_and_the_schema_takes_more_than_text(text, types, value):
    assert value_of(FromFile("flow", "flow.json", text), types) == value


@pytest.mark.parametrize(("text", "said"), [("{", "flow.json is not JSON: "), (" \n", "flow.json is empty")])
def test_a_file_that_is_no_json_where_the_schema_takes_no_text_is_named_with_its_argument(text, said):
    with pytest.raises(click.BadParameter) as refused:
        value_of(FromFile("workflow", "flow.json", text), {"object"})

    assert said in refused.value.message
    assert refused.value.param_hint == "workflow"


def test_a_file_that_must_be_json_is_read_at_once(tmp_path):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text("[1, 2]")
    bad.write_text("1, 2")

    assert read_words([f"sizes:=@{good}"]) == {"sizes": [1, 2]}
    with pytest.raises(click.BadParameter, match=r"bad\.json is not JSON"):
        read_words([f"sizes:=@{bad}"])


def test_a_text_that_begins_with_an_at_sign_is_written_with_two():
    assert read_words(["handle=@@ada", "mail=ada@example.org", "at=@@"]) == {
        "handle": "@ada",
        "mail": "ada@example.org",
        "at": "@",
    }


def test_a_file_that_is_not_there_or_not_text_is_named_with_its_argument(headway, tmp_path):
    picture = tmp_path / "picture.png"
    picture.write_bytes(b"\x89PNG\r\n")

    missing = headway("submit", "crawl", "flow=@/no/such/file")
    unread = headway("submit", "crawl", f"flow=@{picture}")
    none = headway("submit", "crawl", "flow=@")

    assert (missing.code, unread.code, none.code) == (2, 2, 2)
    assert "flow=@/no/such/file: /no/such/file: No such file or directory." in missing.err
    assert f"{picture} is not text (UTF-8)" in unread.err
    assert "for the text @ write flow=@@." in none.err


def test_an_argument_comes_from_a_file_or_stdin_whole(headway, tmp_path, monkeypatch):
    file = tmp_path / "flow.json"
    file.write_bytes(b"\xef\xbb\xbf" + b'{"3": {"class_type": "KSampler"}}')
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a note\n")))

    id = headway("submit", "crawl", f"flow=@{file}", "note=@-").word

    assert json.loads(headway("job", id, "--json").out)["args"] == {
        "flow": {"3": {"class_type": "KSampler"}},
        "note": "a note\n",
    }


def test_stdin_is_read_for_one_argument_only():
    with pytest.raises(click.BadParameter, match="stdin can be read once"):
        read_words(["a=@-", "b=@-"])


def test_the_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "note.txt").write_text("hello")

    assert read_file("note", "~/note.txt").text == "hello"


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


def test_how_long_a_job_may_say_nothing_is_said_at_submit(headway):
    id = headway("submit", "crawl", "--progress-timeout", "2h").word

    assert json.loads(headway("job", id, "--json").out)["options"]["progress_timeout_s"] == 7200


def test_an_idempotency_key_makes_two_calls_one_submit(headway):
    first, second = (headway("submit", "crawl", "--key", "the-same") for _ in range(2))

    assert first.word == second.word


def test_a_wrong_option_is_refused_by_the_server_by_name(headway):
    said = headway("submit", "crawl", "--delay", "soon")

    assert said.code == 2
    assert "delay" in said.err


@pytest.mark.parametrize(
    ("value", "problem", "hint"),
    [
        ("gone.json", '"gone.json" is not an object', "To give what is in that file, write flow=@gone.json."),
        ("here", '"here" is not a list or an object', "To give what is in that file, write flow=@here."),
        ("neither", '"neither" is not an object', ""),
        ("x" * 9_999, "it is not an object", ""),
        ("gone.json", '"gone.json" is not one of a, b', ""),
        ({"a": 1}, "{} is not a list", ""),
    ],
)
def test_a_file_whose_name_was_given_for_what_is_in_it_is_named_with_its_sign(
    value, problem, hint, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").write_text("{}")

    assert _hint_of_file(InvalidInput("args.flow", problem), {"flow": value}) == hint


def test_a_submit_that_is_refused_for_a_files_name_says_how_to_give_the_file(headway, server):
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    schema = {"type": "object", "properties": {"flow": {"type": "object"}}}
    with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None) as socket:
        profile = {"id": "m/1", "name": "1", "machine": "m", "instance": "i", "slots": 0}
        hello = WorkerHello(worker=profile, kinds=[{"name": "paint", "schema": schema, "hash": "1"}])
        socket.send(encode_many([hello]), text=True)
        socket.recv()

        said = headway("submit", "paint", "flow=portrait.json")

    assert said.code == 2
    assert 'args.flow: "portrait.json" is not an object.' in said.err
    assert "write flow=@portrait.json." in said.err


def test_a_kind_that_only_another_server_knew_yet_is_asked_for_again(headway, server, monkeypatch):
    kind = {"name": "counted", "hash": "1", "schema": {"type": "object", "properties": {"below": {"type": "integer"}}}}
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    looked: list[str] = []

    async def late(client, name):
        looked.append(name)
        return {} if len(looked) == 1 else kind

    monkeypatch.setattr("headway.cli.submit._known", late)
    with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None) as socket:
        profile = {"id": "m/late", "name": "late", "machine": "m", "instance": "late"}
        socket.send(encode_many([WorkerHello(worker=profile, kinds=[kind])]), text=True)
        socket.recv()

        said = headway("submit", "counted", "below=30")
        wrong = headway("submit", "counted", "below=many")

    assert (said.code, looked[:2]) == (0, ["counted", "counted"])
    assert wrong.code == 2
