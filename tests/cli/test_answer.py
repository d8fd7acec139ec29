"""Answering what a job asks for, and being asked before a submit; the worker is played on a real link."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import click
import httpx
import msgspec
import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from headway.cli import answer as answering
from headway.cli.answer import asked_for, fields_of, question
from headway.model.report import InputRequested
from headway.protocol.frames import WORKER_PROTOCOL, Accept, Report, WorkerHello, encode_many

BRANCH = {
    "type": "object",
    "properties": {
        "branch": {"type": "string", "enum": ["main", "dev"], "description": "Where\nto write"},
        "depth": {"type": "integer", "minimum": 1},
        "force": {"type": "boolean", "default": False},
    },
    "required": ["branch"],
}
_numbers = count()


@contextmanager
def worker(server: str, kind: dict[str, Any]) -> Iterator[Any]:
    """A worker of this kind that takes one job; gives the frames that it is sent."""
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    with connect(address, subprotocols=[Subprotocol(WORKER_PROTOCOL)], compression=None) as socket:
        id = f"m/{next(_numbers)}"
        profile = {"id": id, "name": id, "machine": "m", "instance": id, "slots": 1}
        socket.send(encode_many([WorkerHello(worker=profile, kinds=[kind])]), text=True)
        yield socket


def received(socket: Any, type: str) -> dict[str, Any]:
    """The next frame of this type."""
    while True:
        value = msgspec.json.decode(socket.recv(timeout=20))
        for frame in value if isinstance(value, list) else [value]:
            if frame["type"] == type:
                return frame


@contextmanager
def asking(headway: Any, server: str, item: InputRequested) -> Iterator[tuple[str, Any]]:
    """A running job that asks this, and the link of its worker. Its kind is its own: the server has jobs of other tests."""
    kind = f"ask{next(_numbers)}"
    with worker(server, {"name": kind, "schema": {"type": "object"}, "hash": "1"}) as socket:
        job = headway("submit", kind).word
        offer = received(socket, "offer")
        said = Report(job=job, attempt=offer["attempt"], n=1, items=[item])
        socket.send(encode_many([Accept(job=job, attempt=offer["attempt"]), said]), text=True)
        received(socket, "ack")
        yield job, socket
        httpx.post(f"{server}/api/v1/jobs/{job}/cancel", json={})


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A person at the terminal who types these lines."""
    lines: list[str] = []

    def prompt(text: str, **options: Any) -> Any:
        line = lines.pop(0)
        return options.get("default") if line == "" else line

    monkeypatch.setattr(answering, "at_terminal", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    return lines


def test_fields_are_given_as_words_and_become_what_the_schema_wants(headway, server):
    item = InputRequested(request="r1", message="Which branch?\x1b[2J", schema=BRANCH)
    with asking(headway, server, item) as (job, socket):
        said = headway("answer", job, "branch=dev", "depth=3")
        frame = received(socket, "input")

    assert (said.code, said.out.strip()) == (0, f"{job} got its answer: accept")
    assert said.err.splitlines()[0] == "Which branch?[2J"
    assert frame["answer"] == {"action": "accept", "content": {"branch": "dev", "depth": 3}}


def test_an_answer_that_does_not_fit_is_refused_by_its_field_and_the_job_goes_on_asking(headway, server):
    with asking(headway, server, InputRequested(request="r1", message="?", schema=BRANCH)) as (job, _):
        said = headway("answer", job, "branch=none")
        again = headway("answer", job, "--decline")

    assert (said.code, again.code) == (2, 0)
    assert 'content.branch: "none" is not one of "main", "dev".' in said.err


def test_a_page_is_shown_and_accepted_without_fields(headway, server):
    item = InputRequested(request="r1", message="Sign in", url="https://example.org/sign")
    with asking(headway, server, item) as (job, socket):
        said = headway("answer", job, "--accept")
        frame = received(socket, "input")

    assert "It is done on this page, which you open yourself if you trust it: https://example.org/sign" in said.err
    assert frame["answer"] == {"action": "accept", "content": None}


def test_without_a_terminal_and_without_an_answer_it_shows_the_question_and_what_to_give(headway, server):
    with asking(headway, server, InputRequested(request="r1", message="Sure?", schema=BRANCH)) as (job, _):
        said = headway("answer", job)
        page, listed = headway("job", job), headway("jobs")

    assert said.code == 2
    assert "Sure?" in said.err
    assert "\n  branch" in said.err
    assert f"asks         Sure? (headway answer {job})" in page.out
    assert "asks: Sure?" in listed.out
    assert "Give NAME=VALUE…, --args JSON, --accept, --decline or --cancel." in said.err


def test_on_a_terminal_it_asks_for_the_action_and_each_field(headway, server, terminal):
    terminal += ["accept", "main", "", ""]
    with asking(headway, server, InputRequested(request="r1", message="?", schema=BRANCH)) as (job, socket):
        said = headway("answer", job)
        assert said.code == 0
        frame = received(socket, "input")

    assert frame["answer"]["content"] == {"branch": "main", "force": False}


def test_a_field_that_does_not_fit_is_asked_for_again(terminal, capsys):
    terminal += ["", "other", "dev", "0", "2", "maybe", "true"]

    answers = asked_for(BRANCH, fields_of(BRANCH))

    assert answers == {"branch": "dev", "depth": 2, "force": True}
    assert "depth: 0 is less than 1." in capsys.readouterr().err


def test_a_job_that_asks_for_nothing_says_so(headway):
    job = headway("submit", "ask").word

    said = headway("answer", job, "--accept")

    assert said.code == 2
    assert f"answer refused: job {job} is queued and asks for nothing." in said.err


def test_a_no_takes_no_fields(headway):
    said = headway("answer", "x", "a=b", "--decline")

    assert (said.code, "--decline takes no fields." in said.err) == (2, True)


def test_a_question_is_one_line_without_what_a_terminal_obeys():
    asked: Any = {"request": "r", "message": "a\nb\x07", "schema": None, "asked_at": "", "url": "https://h/\x1b]8"}

    assert list(question(asked)) == [
        "a b", "It is done on this page, which you open yourself if you trust it: https://h/]8",
    ]  # fmt: skip


# -- being asked before a submit -----------------------------------------------------------------------------------

WIPE = {
    "name": "wipe",
    "title": "Wipe it",
    "schema": {},
    "hash": "1",
    "confirm": True,
    "annotations": {"destructive": True},
}


def test_a_kind_that_wants_to_be_confirmed_is_not_submitted_where_nobody_can_be_asked(headway, server):
    with worker(server, WIPE) as socket:
        received(socket, "welcome")

        said = headway("submit", "wipe")
        sure = headway("submit", "wipe", "--yes")

    assert (said.code, sure.code) == (2, 0)
    assert "wipe (Wipe it) wants a person to be asked first. It may destroy something. Give --yes where" in said.err


@pytest.mark.parametrize(("sure", "code"), [(True, 0), (False, 130)])
def test_on_a_terminal_it_asks(sure, code, headway, server, monkeypatch):
    asked: list[str] = []

    def confirm(text: str, **_: Any) -> None:
        asked.append(text)
        if not sure:
            raise click.Abort

    monkeypatch.setattr("headway.cli.submit.at_terminal", lambda: True)
    monkeypatch.setattr(click, "confirm", confirm)
    with worker(server, WIPE) as socket:
        received(socket, "welcome")

        said = headway("submit", "wipe")

    assert asked == ["wipe (Wipe it) wants to be confirmed. It may destroy something. Submit it?"]
    assert said.code == code
