"""Tools of an MCP server that does whatever goes wrong: each ending is its own, and what a tool says is what is shown.

One server, worker and MCP server serve all tests of a process: none of them harms another.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from mcp_scene import (
    bad,
    call,
    configure,
    ended,
    error,
    gated,
    kinds,
    logs,
    progressed,
    result,
    runs,
    service,
    text,
    tries,
    work,
)
from processes import Gate, Headway, headway

pytestmark = pytest.mark.process
SECRET = "s3cr3t-of-this-machine"


@pytest.fixture(scope="module")
def mcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """A worker on bad.py, which knows a secret."""
    with headway(tmp_path_factory.mktemp("mcp")) as hw:
        hw.serve()
        configure(hw, bad=bad(hw, env={"TOKEN": "${MCP_TOKEN}"}, slots=8))
        work(hw, "bad", MCP_TOKEN=SECRET)
        yield hw


@contextmanager
def a_gate(hw: Headway, name: str) -> Iterator[Gate]:
    gate = Gate(hw.folder / f"gate-{name}-{os.getpid()}")
    try:
        yield gate
    finally:
        gate.open(9)
        gate.close()


# -- endings ----------------------------------------------------------------------------------------------------------


def test_a_tool_tells_its_own_progress_its_logs_and_its_result(mcp: Headway):
    id = call(mcp, "bad.fine")

    job = ended(mcp, id)

    assert (job["state"], text(job["result"]), job["result"]["protocol"]) == ("completed", "fine", "2025-11-25")
    assert "bad: nearly done" in logs(mcp, id)
    told = progressed(mcp, id)[-1]
    assert (told["current"], told["total"]) == (4, 4)


@pytest.mark.parametrize(
    ("tool", "type", "says"),
    [
        ("is_error", "ToolFailed", "no such city: Atlantis"),
        ("rpc_error", "ProtocolError", "the database is on fire"),
        ("refuses", "ArgumentsRefused", "n must be prime"),
        ("no_result", "ProtocolError", "not of the protocol"),
        ("wrong_output", "BadResult", "wrong_output"),
        ("no_output", "BadResult", "no_output"),
    ],
)
def test_each_way_to_fail_is_an_error_of_its_own_and_final(mcp: Headway, tool: str, type: str, says: str):
    job = ended(mcp, call(mcp, f"bad.{tool}"))

    assert job["state"] == "failed"
    assert error(job)[0] == type
    assert says in error(job)[1]
    assert (tries(job), runs(mcp, tool)) == (1, 1)


def test_arguments_that_break_the_schema_are_refused_before_anything_runs(mcp: Headway):
    before = runs(mcp, "waits")

    answer = mcp.http.post("/api/v1/jobs", json={"kind": "mcp.bad.waits", "args": {"gate": 7}})

    assert answer.status_code == 422
    assert "gate" in answer.text
    assert runs(mcp, "waits") == before


def test_garbage_on_stdout_harms_no_call(mcp: Headway):
    assert text(result(mcp, call(mcp, "bad.garbage"))) == "said in between"


# -- progress ---------------------------------------------------------------------------------------------------------


def test_progress_that_goes_backwards_is_never_shown_so(mcp: Headway):
    with a_gate(mcp, "backwards") as gate:
        id = gated(mcp, gate, "bad.backwards")
        mcp.until(lambda: mcp.job(id).get("progress", {}).get("current") == 7, "the farthest is shown")
        gate.open()
        ended(mcp, id)

    overall = [each["overall"] for each in progressed(mcp, id) if each.get("overall") is not None]
    assert overall == sorted(overall)


def test_progress_without_a_total_has_no_percentage(mcp: Headway):
    with a_gate(mcp, "no_total") as gate:
        id = gated(mcp, gate, "bad.no_total")
        mcp.until(lambda: mcp.job(id).get("progress", {}).get("current") == 3, "its count is shown")
        shown = mcp.job(id)["progress"]
        gate.open()
        ended(mcp, id)

    assert shown.get("total") is None
    assert shown.get("overall") is None
    assert shown["message"] == "page 3"


def test_a_total_that_changes_does_not_take_back_what_was_shown(mcp: Headway):
    with a_gate(mcp, "changing") as gate:
        id = gated(mcp, gate, "bad.changing_total")
        mcp.until(lambda: mcp.job(id).get("progress", {}).get("current") == 3, "the last is shown")
        gate.open()
        ended(mcp, id)

    overall = [each["overall"] for each in progressed(mcp, id) if each.get("overall") is not None]
    assert overall == sorted(overall)


def test_numbers_that_mean_nothing_end_nothing(mcp: Headway):
    id = call(mcp, "bad.nonsense")

    assert text(result(mcp, id)) == "done"
    for told in progressed(mcp, id):
        assert told.get("current") is None or 0 <= told["current"] <= 1e308
        assert told.get("overall") is None or 0 <= told["overall"] <= 1


def test_a_tool_that_says_nothing_has_no_percentage_while_it_runs(mcp: Headway):
    with a_gate(mcp, "waits") as gate:
        id = gated(mcp, gate, "bad.waits")
        shown = mcp.job(id)
        gate.open()
        done = ended(mcp, id)

    assert (shown["state"], shown.get("progress", {}).get("overall")) == ("running", None)
    assert done["state"] == "completed"


# -- what it says is data ----------------------------------------------------------------------------------------------


def test_long_texts_are_cut_where_they_are_shown_and_whole_in_an_artifact(mcp: Headway):
    id = call(mcp, "bad.huge")
    (block,) = result(mcp, id)["content"]

    whole = mcp.http.get(f"/api/v1/jobs/{id}/artifacts/{block['artifact']}")
    assert whole.text == "z" * 1_000_000
    assert all(len(str(told.get("message") or "")) < 10_000 for told in progressed(mcp, id))
    assert len(logs(mcp, id)) < 200_000


def test_escapes_and_markup_of_a_tool_reach_no_terminal(mcp: Headway):
    id = call(mcp, "bad.hostile")
    result(mcp, id)

    shown = [mcp.run("status", id).stdout, mcp.run("logs", id).stdout, mcp.run("result", id).stdout]

    for said in shown:
        assert "\x1b[31m" not in said
        assert "\x07" not in said
        assert "\x9b" not in said


def test_what_comes_from_the_environment_is_in_no_text_of_a_job_and_in_no_log(mcp: Headway):
    ids = [call(mcp, "bad.spills"), call(mcp, "bad.spills", fail=True)]
    for id in ids:
        ended(mcp, id)

    told = [json.dumps([mcp.job(id), mcp.events(id)]) + logs(mcp, id) for id in ids]
    told += [json.dumps(service(mcp, "bad")), json.dumps(kinds(mcp)), mcp.log("w1.log"), mcp.log("server.log")]
    told += [mcp.run("config").stdout]

    assert not [text for text in told if SECRET in text]


def test_pictures_and_resources_are_artifacts_and_links_stay_text(mcp: Headway):
    id = call(mcp, "bad.pictures")
    blocks = result(mcp, id)["content"]

    stored = mcp.job(id)["artifacts"]
    by_type = {block["type"]: block for block in blocks}
    assert [block["type"] for block in blocks] == ["text", "image", "audio", "resource", "resource", "resource_link"]
    assert stored[by_type["image"]["artifact"]]["type"] == "image/png"
    assert by_type["audio"]["artifact"] in stored
    assert (blocks[3]["uri"], blocks[3]["text"]) == ("test://notes", "some notes")
    assert blocks[4]["artifact"] in stored
    assert by_type["resource_link"]["uri"] == "https://example.com/report"


# -- questions --------------------------------------------------------------------------------------------------------


def asked(mcp: Headway, id: str) -> dict[str, Any]:
    """The question of a job that waits for an answer."""
    mcp.until(lambda: mcp.job(id).get("input"), "it asks")
    question: dict[str, Any] = mcp.job(id)["input"]
    return question


def test_a_question_of_a_tool_is_answered_over_rest(mcp: Headway):
    id = call(mcp, "bad.asks")
    question = asked(mcp, id)
    wrong = {"request": question["request"], "action": "accept", "content": {"age": 3}}
    right = {"request": question["request"], "action": "accept", "content": {"name": "Ada", "age": 36}}

    refused = mcp.http.post(f"/api/v1/jobs/{id}/input", json=wrong)
    taken = mcp.http.post(f"/api/v1/jobs/{id}/input", json=right)

    assert (question["message"], question["schema"]["required"]) == ("Who are you?", ["name"])
    assert (refused.status_code, taken.status_code) == (422, 200)
    assert "name" in refused.text
    assert json.loads(text(result(mcp, id))) == {"action": "accept", "content": {"name": "Ada", "age": 36}}


def test_a_question_of_a_tool_is_answered_on_the_terminal(mcp: Headway):
    id = call(mcp, "bad.asks")
    asked(mcp, id)

    answered = mcp.run("answer", id, "name=Ada", "age=36")

    assert answered.returncode == 0, answered.stderr
    assert json.loads(text(result(mcp, id))) == {"action": "accept", "content": {"name": "Ada", "age": 36}}


@pytest.mark.parametrize("action", ["decline", "cancel"])
def test_a_question_that_is_not_answered_is_the_tools_business(mcp: Headway, action: str):
    id = call(mcp, "bad.asks")
    asked(mcp, id)

    mcp.run("answer", id, f"--{action}")

    assert json.loads(text(result(mcp, id)))["action"] == action


def test_a_page_that_a_tool_wants_opened_is_shown_with_its_address(mcp: Headway):
    id = call(mcp, "bad.asks_url")
    question = asked(mcp, id)

    mcp.run("answer", id, "--accept")
    gave = json.loads(text(result(mcp, id)))

    assert (question["message"], question["url"]) == ("Log in", "https://example.com/login")
    assert gave["action"] == "accept"


def test_a_tool_that_destroys_wants_a_yes_where_nobody_sits_at_the_terminal(mcp: Headway):
    refused = mcp.run("submit", "mcp.bad.erases")
    submitted = mcp.run("submit", "mcp.bad.erases", "--yes", "--wait")

    assert kinds(mcp)["mcp.bad.erases"]["confirm"] is True
    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert submitted.returncode == 0, submitted.stderr
    assert runs(mcp, "erases") == 1
