"""The newer generation: `/api/jobs`, ids that must be UUIDs, and what it says otherwise."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from comfy_recording import Client, broken_workflows, client
from headway.testing.comfyui import FakeComfy, image_workflow, steps_workflow


@pytest.fixture(scope="module")
def comfy() -> Iterator[FakeComfy]:
    with FakeComfy("0.38") as fake:
        yield fake


@pytest.fixture
def one(comfy: FakeComfy) -> Iterator[Client]:
    with client(comfy.url) as found:
        yield found


def job(one: Client, id: str) -> dict[str, Any]:
    return one.http.get(f"/api/jobs/{id}").json()


def started(one: Client) -> str:
    id = str(uuid4())
    one.post(steps_workflow(steps=2_000), id)
    one.until(lambda type, told: type == "progress")
    return id


def ended(one: Client) -> None:
    one.until(lambda type, told: type == "executing" and told["node"] is None)


def test_a_job_that_is_over_tells_its_outputs(one: Client):
    id = one.run(image_workflow(21))

    found = job(one, id)

    assert (found["status"], found["outputs_count"]) == ("completed", 1)
    assert found["outputs"]["9"]["images"][0]["type"] == "output"
    assert found["preview_output"]["nodeId"] == "9"
    assert found["execution_start_time"] <= found["execution_end_time"]


def test_a_job_that_failed_tells_its_error(one: Client):
    id = one.run(steps_workflow(fail_at=0, steps=1))

    found = job(one, id)

    assert (found["status"], found["execution_error"]["exception_type"]) == ("failed", "ValueError")


def test_running_pending_and_unknown_are_three_things(one: Client):
    first, second = started(one), str(uuid4())
    one.post(image_workflow(22), second)

    told = job(one, first)["status"], job(one, second)["status"], job(one, str(uuid4()))
    listed = one.http.get("/api/jobs", params={"status": "in_progress,pending"}).json()
    one.http.post(f"/api/jobs/{second}/cancel")
    one.http.post(f"/api/jobs/{first}/cancel")
    ended(one)

    assert told == ("in_progress", "pending", {"error": "Job not found"})
    assert [each["id"] for each in listed["jobs"]] == [second, first]
    assert listed["pagination"] == {"offset": 0, "limit": None, "total": 2, "has_more": False}


def test_a_cancel_ends_a_running_job_and_says_whether_there_was_something_to_cancel(one: Client):
    id = started(one)

    answers = [one.http.post(f"/api/jobs/{id}/cancel").json()]
    ended(one)
    answers.append(one.http.post(f"/api/jobs/{id}/cancel").json())

    assert answers == [{"cancelled": True}, {"cancelled": False}]
    assert job(one, id)["status"] == "cancelled"


def test_many_are_cancelled_at_once_and_a_wrong_id_refuses_all(one: Client):
    first, second = started(one), str(uuid4())
    one.post(image_workflow(23), second)

    refused = one.http.post("/api/jobs/cancel", json={"job_ids": [first, "nope"]})
    done = one.http.post("/api/jobs/cancel", json={"job_ids": [second, first, str(uuid4())]})
    ended(one)

    assert (refused.status_code, refused.json()["invalid_ids"]) == (400, ["nope"])
    assert done.json() == {"cancelled": True}
    assert job(one, second) == {"error": "Job not found"}


@pytest.mark.parametrize("id", ["not-a-uuid", "0E39EC64-3EAF-47AB-8433-1EDBC9820AF7", 5])
def test_an_id_must_be_a_canonical_uuid(id: Any, one: Client):
    answer = one.http.post("/prompt", json={"prompt": image_workflow(), "prompt_id": id})

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_prompt_id")


def test_a_loop_is_named(one: Client):
    told = one.post(broken_workflows()["a loop"]).json()

    (error,) = told["node_errors"]["2"]["errors"]
    assert (error["type"], error["details"]) == ("dependency_cycle", "2 (ImageBlur) -> 2 (ImageBlur)")


def test_a_node_that_is_not_installed_is_named(one: Client):
    told = one.post(broken_workflows()["unknown class"]).json()["error"]

    assert (told["type"], told["extra_info"]["node_id"]) == ("missing_node_type", "1")
    assert told["message"] == "Node 'Nope' not found. The custom node may not be installed."


def test_a_state_that_there_is_not_is_refused(one: Client):
    answer = one.http.get("/api/jobs", params={"status": "lost"})

    assert (answer.status_code, "Invalid status value(s): lost" in answer.json()["error"]) == (400, True)


def test_the_older_generation_has_no_jobs():
    with FakeComfy("0.3.64") as comfy, client(comfy.url) as one:
        assert one.http.get("/api/jobs").status_code == 404
        assert one.http.get("/api/system_stats").json()["system"]["comfyui_version"] == "0.3.64"
