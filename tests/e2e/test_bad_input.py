"""Wrong input, as a user makes it: each a sentence that names the thing and the way out, and nothing lost."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from processes import Headway, headway

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """One server and one worker for all of them."""
    with headway(tmp_path_factory.mktemp("bad")) as hw:
        hw.serve()
        hw.work()
        yield hw


def test_a_kind_nobody_serves_is_taken_with_a_hint(running: Headway) -> None:
    answer = running.http.post("/api/v1/jobs", json={"kind": "ad"})

    assert answer.status_code == 201
    assert "worker serves the kind 'ad'" in answer.json()["hint"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"kind": "add", "args": {"a": "three"}}, 422, "args.a"),
        ({"kind": "add", "args": {}}, 422, "args.a"),
        ({"kind": "add", "args": {"a": 1, "c": 2}}, 422, "args.c"),
        ({"kind": "add", "args": {"a": 1}, "priority": "high"}, 422, "priority"),
        ({"args": {"a": 1}}, 422, "kind"),
        ({"kind": "add", "args": {"a": 1}, "colour": "red"}, 422, "colour"),
    ],
)
def test_wrong_arguments_are_refused_by_the_name_of_the_field(
    running: Headway, body: dict[str, Any], status: int, words: str
) -> None:
    answer = running.http.post("/api/v1/jobs", json=body)

    assert answer.status_code == status
    assert words in answer.json()["message"]


def test_a_body_that_is_too_large_is_refused_by_its_size(running: Headway) -> None:
    answer = running.http.post("/api/v1/jobs", json={"kind": "x", "args": {"text": "x" * 300_000}})

    assert answer.status_code == 413
    assert "262,144" in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("topic=jbos", "'jbos' is unknown"),
        ("topic=jobs&since=yesterday", "'yesterday' is not a cursor"),
        ("", "topic"),
    ],
)
def test_a_wrong_subscription_is_refused_in_words(running: Headway, query: str, words: str) -> None:
    for path in ("/api/v1/events", "/api/v1/live"):
        answer = running.http.get(f"{path}?{query}", headers={"Accept": "text/event-stream"})

        assert 400 <= answer.status_code < 500
        assert words in answer.text


def test_a_cursor_of_another_history_is_answered_with_a_reset(running: Headway) -> None:
    answer = running.http.get("/api/v1/events", params={"topic": "jobs", "since": "another.7", "wait": "0"})

    frames = answer.json()["frames"]
    assert frames[0]["type"] == "reset"
    assert frames[0]["reason"] == "epoch"


def test_the_command_line_says_which_word_was_wrong(running: Headway) -> None:
    wrong = running.run("submit", "add", "a=three")
    unknown = running.run("job", "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    nowhere = running.run("jobs", "--server", "http://127.0.0.1:9")

    assert (wrong.returncode, unknown.returncode, nowhere.returncode) == (2, 5, 7)
    assert "args.a" in wrong.stderr
    assert "01ARZ3NDEKTSV4RRFFQ69G5FAV" in unknown.stderr
    assert "headway serve" in nowhere.stderr


def test_a_port_in_use_is_named(running: Headway, tmp_path: Path) -> None:
    second = running.run("serve", "--port", str(running.port), HEADWAY_DATA=str(tmp_path))

    assert second.returncode != 0
    assert f"{running.port} is in use" in second.stderr
    assert "--port" in second.stderr


def test_a_full_disk_refuses_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    limit = 3_000_000

    def fill_early() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with headway(tmp_path) as hw:
        hw.server = hw.spawn("serve", "--port", str(hw.port), log="server.log", preexec_fn=fill_early)
        hw.until(lambda: hw.http.get("/readyz").status_code == 200, "the server answers")
        acknowledged = []
        for _ in range(200):
            answer = hw.http.post("/api/v1/jobs", json={"kind": "x", "args": {"text": "x" * 100_000}})
            if answer.status_code != 201:
                break
            acknowledged.append(answer.json()["id"])

        assert answer.status_code == 503
        assert answer.json()["code"] == "store_unavailable"
        assert acknowledged
        assert all(hw.job(id)["state"] == "queued" for id in acknowledged)
        hw.server.kill()
        hw.server.wait()
        hw.serve()
        assert all(hw.job(id)["state"] == "queued" for id in acknowledged)
