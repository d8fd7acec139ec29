"""What a client asks by REST: submitting, listing, results and how a job's end becomes an error."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from headway.client import Client, Job, JobView
from headway.client.rest import Rest
from headway.errors import InvalidInput, JobCancelled, JobFailed, JobLost, JobTimedOut


class Api(httpx.AsyncBaseTransport):
    """Answers by method and path; keeps what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, list[Any]] = {}
        self.asked: list[tuple[str, Any]] = []

    def on(self, call: str, *answers: Any) -> Api:
        self.answers[call] = list(answers)
        return self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path.removeprefix('/api/v1')}"
        self.asked.append((call, json.loads(request.content) if request.content else dict(request.url.params)))
        answers = self.answers[call]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        status = answer.get("status", 200) if "code" in answer else 200
        return httpx.Response(status, json=answer)


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
async def client(api):
    made = Client("http://hw:1")
    made.rest = Rest("http://hw:1", transport=api)
    yield made
    await made.close()


async def test_submit_gives_a_handle(api, client):
    api.on("POST /jobs", {"id": "j1", "created": True, "hint": "No worker serves crawl."})

    job = await client.submit("crawl", {"url": "x"}, queue="gpu", after=[Job(client, "a"), "b"], priority=None)

    assert (job.id, job.created, job.hint) == ("j1", True, "No worker serves crawl.")
    assert api.asked == [("POST /jobs", {"kind": "crawl", "args": {"url": "x"}, "queue": "gpu", "after": ["a", "b"]})]


async def test_one_action_on_many_is_a_job(api, client):
    api.on("POST /jobs/actions", {"action": "cancel", "matched": 3, "seq": 7, "job": "j1"})

    by_query = await client.act("cancel", "kind:crawl", reason="enough")
    by_id = await client.act("priority", ids=[Job(client, "a"), "b"], priority=3)
    counted = await client.matching("")

    assert (by_query.id, by_id.id, counted["matched"]) == ("j1", "j1", 3)
    assert [body for _, body in api.asked] == [
        {"action": "cancel", "q": "kind:crawl", "reason": "enough"},
        {"action": "priority", "ids": ["a", "b"], "priority": 3},
        {"action": "cancel", "q": "", "dry_run": True},
    ]


async def test_many_jobs_go_in_requests_of_a_thousand(api, client):
    api.on(
        "POST /jobs/batch",
        {"jobs": [{"id": f"j{number}", "created": True} for number in range(1000)]},
        {"jobs": [{"id": "last", "created": True}]},
    )

    jobs = await client.submit_many({"kind": "crawl", "args": {"n": number}, "queue": "q"} for number in range(1001))

    assert [len(body["jobs"]) for _, body in api.asked] == [1000, 1]
    assert api.asked[0][1]["jobs"][7] == {"kind": "crawl", "args": {"n": 7}, "queue": "q"}
    assert (len(jobs), jobs[-1].id) == (1001, "last")


async def test_a_job_that_the_ledger_refused_raises_its_error(api, client):
    refused = {"problem": {"status": 422, "code": "invalid_input", "message": "after: no such job.", "field": "after"}}
    api.on("POST /jobs/batch", {"jobs": [refused]})

    with pytest.raises(InvalidInput, match="after: no such job"):
        await client.submit_many([{"kind": "crawl"}])


async def test_a_list_is_read_in_pages_up_to_its_limit(api, client):
    pages = [{"jobs": [{"id": str(number)} for number in range(500)], "next": "c"}, {"jobs": [{"id": "x"}] * 100}]
    api.on("GET /jobs", *pages)

    found = await client.list("kind:crawl", limit=700)

    assert len(found) == 600
    assert [params for _, params in api.asked] == [
        {"q": "kind:crawl", "limit": "500"},
        {"q": "kind:crawl", "limit": "200", "after": "c"},
    ]


async def test_a_result_is_waited_for(api, client):
    waiting = {"id": "j", "state": "running", "final": False}
    api.on("GET /jobs/j/result", waiting, {"id": "j", "state": "completed", "final": True, "result": {"files": 3}})

    assert await client.result("j") == {"files": 3}
    assert api.asked[0] == ("GET /jobs/j/result", {"wait": "25.0"})


async def test_waiting_longer_than_the_timeout_is_no_end_of_the_job(api, client):
    api.on("GET /jobs/j/result", {"id": "j", "state": "running", "final": False})

    with pytest.raises(TimeoutError, match="Job j is running after 0 s"):
        await client.result("j", timeout=0)


@pytest.mark.parametrize(
    ("state", "reason", "kind", "sentence"),
    [
        ("failed", "error", JobFailed, "Job j failed: ValueError: bad."),
        ("failed", "worker_lost", JobLost, "Job j was lost: ValueError: bad."),
        ("failed", "crashed", JobLost, "Job j was lost: ValueError: bad."),
        ("failed", "timeout", JobTimedOut, "Job j timed out: ValueError: bad."),
        ("failed", "stalled", JobTimedOut, "Job j timed out: ValueError: bad."),
        ("failed", "expired", JobTimedOut, "Job j timed out: ValueError: bad."),
        ("cancelled", "worker_lost", JobCancelled, "Job j was cancelled: ValueError: bad."),
    ],
)
async def test_how_a_job_ended_is_raised(api, client, state, reason, kind, sentence):
    error = {"type": "ValueError", "message": "bad"}
    api.on("GET /jobs/j/result", {"id": "j", "state": state, "final": True, "reason": reason, "error": error})

    with pytest.raises(kind) as caught:
        await client.result("j")

    assert str(caught.value) == sentence
    assert (caught.value.job, caught.value.reason) == ("j", reason)


async def test_a_handle_asks_for_itself(api, client):
    api.on("POST /jobs/j/cancel", {"id": "j", "state": "cancelling"})
    api.on("POST /jobs/j/retry", {"id": "k", "created": True})
    api.on("GET /jobs/j", {"id": "j", "state": "running"})
    job = Job(client, "j")

    cancelled, again = await job.cancel("enough"), await job.retry({"n": 2})

    assert cancelled["state"] == "cancelling"
    assert again.id == "k"
    assert [body for _, body in api.asked] == [{"reason": "enough"}, {"args": {"n": 2}}]
    assert repr(await job.refresh()) == "<job j running>"


def test_an_id_can_not_leave_its_place_in_the_path():
    from headway.client.http import _id

    assert _id("../queues/x?y") == "..%2Fqueues%2Fx%3Fy"


async def test_a_custom_event_is_sent(api, client):
    api.on("POST /events", {"type": "crew.started"})

    await client.emit("crew.started", {"crew": "x"}, priority="high")

    assert api.asked == [("POST /events", {"type": "crew.started", "data": {"crew": "x"}, "priority": "high"})]


def test_a_handle_in_a_notebook_shows_state_and_bar_and_escapes_what_others_wrote(client):
    job = Job(client, "j")
    progress = {"overall": 0.5, "stage": "parse", "message": "<script>alert(1)</script>"}
    job._document = {"id": "j", "kind": "crawl", "state": "running", "progress": progress}

    html = job._repr_mimebundle_()["text/html"]

    assert 'progress value="0.5000"' in html
    assert "50%" in html
    assert "<script>" not in html


def test_a_view_shows_a_completed_job_as_whole_and_without_estimate():
    estimate = {
        "low_s": 1.0,
        "p50_s": 2.0,
        "high_s": 3.0,
        "basis": "from 3 past runs",
        "at": "2026-11-22T08:21:07.412Z",
    }
    view = JobView(document={"id": "j", "state": "completed", "progress": {"overall": 0.99}, "estimate": estimate})

    assert (view.overall, view.final, view.estimate) == (1.0, True, None)


def test_where_nothing_is_said_the_environment_names_the_server(monkeypatch):
    monkeypatch.setenv("HEADWAY_SERVER", "http://other:9/")
    monkeypatch.setenv("HEADWAY_TOKEN", "t")

    client = Client()

    assert (client.url, client.rest.token) == ("http://other:9", "t")
