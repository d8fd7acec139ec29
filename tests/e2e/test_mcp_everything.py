"""The reference server of the TypeScript SDK, by its own process over stdio: what it does is not of our making."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from mcp_peers import everything
from mcp_scene import call, configure, ended, kinds, progressed, result, service, text, warnings, work
from processes import Headway, headway

pytestmark = pytest.mark.process
LONG = "everything.trigger-long-running-operation"


@pytest.fixture(scope="module")
def mcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headway]:
    """A worker on it."""
    node, script = everything()
    with headway(tmp_path_factory.mktemp("mcp")) as hw:
        hw.serve()
        configure(hw, everything={"command": node, "args": [script, "stdio"], "slots": 4})
        work(hw, "everything")
        hw.until(lambda: "mcp.everything.trigger-elicitation-request" in kinds(hw), "all its tools are kinds")
        yield hw


def test_its_tools_are_kinds_with_their_schemas_descriptions_and_annotations(mcp: Headway):
    kind = kinds(mcp)[f"mcp.{LONG}"]

    assert kind["schema"]["properties"].keys() == {"duration", "steps"}
    assert kind["description"] == "Demonstrates a long running operation with progress updates."
    assert kind["annotations"]["read_only"] is True
    assert not kind.get("confirm")
    assert service(mcp, "everything")["version"].endswith("MCP 2025-11-25")


def test_a_long_operation_shows_its_own_progress_and_its_result(mcp: Headway):
    id = call(mcp, LONG, duration=1, steps=4)

    assert text(result(mcp, id)) == "Long running operation completed. Duration: 1 seconds, Steps: 4."
    told = [(each["current"], each["total"]) for each in progressed(mcp, id) if each.get("current")]
    assert told[-1] == (4, 4)
    assert told == sorted(told)


def test_a_cancelled_operation_that_goes_on_is_fenced_and_said_so(mcp: Headway):
    id = call(mcp, LONG, duration=4, steps=40)
    mcp.until(lambda: mcp.job(id).get("progress", {}).get("current", 0) >= 2, "it progresses")

    mcp.http.post(f"/api/v1/jobs/{id}/cancel")
    mcp.state(id, "cancelled")
    before = progressed(mcp, id)[-1]
    mcp.until(lambda: service(mcp, "everything")["load"].get("leftover") == 1, "it goes on and is counted")

    assert "goes on although it was told to stop" in warnings(mcp, id)
    assert progressed(mcp, id)[-1] == before


def test_a_structured_result_is_kept_as_data(mcp: Headway):
    given = result(mcp, call(mcp, "everything.get-structured-content", location="New York"))

    assert given["structured"].keys() == {"temperature", "conditions", "humidity"}


def test_a_picture_is_an_artifact(mcp: Headway):
    id = call(mcp, "everything.get-tiny-image")
    image = next(block for block in result(mcp, id)["content"] if block["type"] == "image")

    picture = mcp.http.get(f"/api/v1/jobs/{id}/artifacts/{image['artifact']}")

    assert picture.content.startswith(b"\x89PNG")


def test_its_question_is_answered_over_rest(mcp: Headway):
    id = call(mcp, "everything.trigger-elicitation-request")
    mcp.until(lambda: mcp.job(id).get("input"), "it asks")
    request = mcp.job(id)["input"]["request"]
    answer = {"request": request, "action": "accept", "content": {"name": "Ada"}}

    given = mcp.http.post(f"/api/v1/jobs/{id}/input", json=answer)

    assert given.status_code == 200, given.text
    assert "Ada" in json.dumps(result(mcp, id))


def test_its_question_is_declined_on_the_terminal(mcp: Headway):
    id = call(mcp, "everything.trigger-elicitation-request")
    mcp.until(lambda: mcp.job(id).get("input"), "it asks")

    mcp.run("answer", id, "--decline")

    assert "declined" in json.dumps(result(mcp, id))


def test_a_tool_that_runs_as_a_task_only_is_run_as_one_asks_and_ends(mcp: Headway):
    id = call(mcp, "everything.simulate-research-query", topic="python", ambiguous=True)
    mcp.until(lambda: mcp.job(id).get("input"), "it asks")
    request = mcp.job(id)["input"]["request"]
    mcp.http.post(
        f"/api/v1/jobs/{id}/input",
        json={"request": request, "action": "accept", "content": {"interpretation": "snake"}},
    )

    report = text(result(mcp, id))

    assert "# Research Report: python (snake)" in report
    said = {each.get("message") for each in progressed(mcp, id)}
    assert {"Gathering sources...", "Analyzing content..."} & said
    assert not [each for each in progressed(mcp, id) if each.get("overall")]


def test_a_task_of_it_is_cancelled(mcp: Headway):
    id = call(mcp, "everything.simulate-research-query", topic="rivers")
    mcp.until(lambda: "sources" in str(mcp.job(id).get("progress")), "it runs")

    mcp.http.post(f"/api/v1/jobs/{id}/cancel")
    mcp.state(id, "cancelled")

    assert "goes on" not in warnings(mcp, id)


def test_an_unknown_argument_is_its_own_error(mcp: Headway):
    refused = mcp.http.post("/api/v1/jobs", json={"kind": "mcp.everything.get-sum", "args": {"a": "x", "b": 1}})

    assert refused.status_code == 422


def test_log_messages_are_the_log_of_the_job_that_runs(mcp: Headway):
    id = call(mcp, "everything.toggle-simulated-logging")

    ended(mcp, id)

    call(mcp, "everything.toggle-simulated-logging")  # off again
    assert mcp.job(id)["state"] == "completed"
