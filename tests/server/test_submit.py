from __future__ import annotations

from typing import Any

import httpx

from headway.clock import from_iso
from headway.model.settings import Settings

SCHEMA = {
    "type": "object",
    "properties": {"url": {"type": "string"}, "depth": {"type": "integer"}},
    "required": ["url"],
    "additionalProperties": False,
}


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.json()


def replayed(answer: httpx.Response) -> str | None:
    return answer.headers.get("idempotent-replayed")


async def test_a_job_is_made_and_said_where(running):
    async with running() as bench:
        answer = await bench.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}, "priority": 5})
        made = answer.json()
        job = await bench.job(made["id"])

    assert (answer.status_code, made["created"]) == (201, True)
    assert answer.headers["location"] == f"/api/v1/jobs/{made['id']}"
    assert (job["state"], job["args"], job["priority"], job["submitted_by"]) == ("queued", {"a": 1}, 5, "local")
    assert int(answer.headers["headway-seq"]) >= job["seq"]


async def test_a_kind_that_nobody_serves_is_accepted_with_a_hint(running):
    async with running() as bench:
        unserved = await bench.http.post("/api/v1/jobs", json={"kind": "add"})
        await bench.connect()
        served = await bench.http.post("/api/v1/jobs", json={"kind": "add"})

    assert (unserved.status_code, served.status_code) == (201, 201)
    assert unserved.json()["hint"] == "No connected worker serves the kind 'add'; the job waits for one."
    assert "hint" not in served.json()


async def test_arguments_of_a_known_kind_are_judged_before_anything_is_made(running):
    async with running() as bench:
        await bench.connect({"name": "crawl", "hash": "1", "schema": SCHEMA})
        before = bench.site.seq

        missing = await bench.http.post("/api/v1/jobs", json={"kind": "crawl"})
        wrong = await bench.http.post("/api/v1/jobs", json={"kind": "crawl", "args": {"url": "u", "depth": "deep"}})

        assert bench.site.seq == before
    assert (missing.status_code, problem(missing)["field"]) == (422, "args.url")
    assert (wrong.status_code, problem(wrong)["field"]) == (422, "args.depth")


async def test_a_unique_key_meets_the_job_that_holds_it(running):
    async with running() as bench:
        first = await bench.http.post("/api/v1/jobs", json={"kind": "add", "unique": "one"})
        second = await bench.http.post("/api/v1/jobs", json={"kind": "add", "unique": {"key": "one"}})

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == {**first.json(), "created": False}


async def test_an_idempotency_key_gives_the_first_answer_again_and_refuses_another_body(running):
    async with running() as bench:
        headers = {"Idempotency-Key": "k1"}
        first = await bench.http.post("/api/v1/jobs", json={"kind": "add"}, headers=headers)
        again = await bench.http.post("/api/v1/jobs", json={"kind": "add"}, headers=headers)
        other = await bench.http.post("/api/v1/jobs", json={"kind": "sub"}, headers=headers)
        jobs = (await bench.http.get("/api/v1/jobs")).json()["jobs"]

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (201, first.json())
    assert (replayed(first), replayed(again)) == (None, "true")
    assert len(jobs) == 1
    assert (other.status_code, problem(other)["code"]) == (422, "key_reused")


async def test_a_stored_answer_that_made_nothing_is_no_repeat_of_a_making(running):
    async with running() as bench:
        await bench.submit(unique="one")
        body, headers = {"kind": "add", "unique": "one"}, {"Idempotency-Key": "k1"}
        answers = [await bench.http.post("/api/v1/jobs", json=body, headers=headers) for _ in range(2)]

    assert [(each.status_code, replayed(each)) for each in answers] == [(200, None), (200, None)]


async def test_an_idempotency_key_of_no_use_is_named(running):
    async with running() as bench:
        answer = await bench.http.post("/api/v1/jobs", json={"kind": "add"}, headers={"Idempotency-Key": "k" * 201})

    assert problem(answer)["message"] == "Idempotency-Key: has 201 characters."


async def test_delay_and_at_schedule_and_exclude_each_other(running):
    async with running() as bench:
        delayed = await bench.job(await bench.submit(delay="1h30m"))
        dated = await bench.job(await bench.submit(at="2100-01-01T00:00:00Z"))
        both = await bench.http.post("/api/v1/jobs", json={"kind": "add", "delay": 1, "at": "2100-01-01"})
        wrong = await bench.http.post("/api/v1/jobs", json={"kind": "add", "delay": "soon"})

    assert (delayed["state"], dated["state"]) == ("scheduled", "scheduled")
    assert from_iso(delayed["run_at"]) - from_iso(delayed["created_at"]) in range(5_399_000, 5_401_000)
    assert dated["run_at"] == "2100-01-01T00:00:00.000Z"
    assert problem(both)["message"] == "at: given together with delay."
    assert problem(wrong)["message"] == "delay: 'soon' is not a duration."


async def test_durations_become_options_in_seconds(running):
    async with running() as bench:
        job = await bench.job(await bench.submit(timeout="2h", progress_timeout=30, on_lost="continue", expires="1d"))

    assert job["options"] == {"timeout_s": 7200.0, "progress_timeout_s": 30.0, "on_lost": "continue"}
    assert "expires_at" in job


async def test_arguments_over_the_limit_are_refused_with_the_way_out(running):
    async with running(settings=Settings(args_bytes=100)) as bench:
        answer = await bench.http.post("/api/v1/jobs", json={"kind": "add", "args": {"text": "x" * 200}})

    assert answer.status_code == 413
    assert problem(answer)["message"] == "args has 211 bytes; the limit is 100."


async def test_arguments_must_be_an_object_of_bounded_depth(running):
    async with running(settings=Settings(json_depth=5)) as bench:
        listed = await bench.http.post("/api/v1/jobs", json={"kind": "add", "args": [1]})
        deep = await bench.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": [[[[[1]]]]]}})

    assert problem(listed)["message"] == "args: expected `object`, got `array`."
    assert problem(deep)["message"] == "args: nested deeper than 5 levels."


async def test_a_batch_makes_all_in_order(running):
    async with running(settings=Settings(batch_commands=3)) as bench:
        jobs = [{"kind": "add", "args": {"a": number}} for number in range(10)]
        answer = await bench.http.post("/api/v1/jobs/batch", json={"jobs": jobs})
        made = answer.json()
        documents = [await bench.job(each["id"]) for each in made["jobs"]]

    assert (answer.status_code, made["created"]) == (201, 10)
    assert [job["args"]["a"] for job in documents] == list(range(10))
    assert len(made["hints"]) == 1


async def test_one_wrong_job_in_a_batch_refuses_it_whole_and_is_named_by_its_place(running):
    async with running() as bench:
        answer = await bench.http.post(
            "/api/v1/jobs/batch", json={"jobs": [{"kind": "add"}, {"kind": "add", "at": "x"}]}
        )
        listed = (await bench.http.get("/api/v1/jobs")).json()["jobs"]

    assert problem(answer)["field"] == "jobs.1.at"
    assert listed == []


async def test_what_the_ledger_refuses_in_a_batch_it_refuses_alone(running):
    async with running() as bench:
        jobs = [{"kind": "add", "after": ["nowhere"]}, {"kind": "add"}]
        made = (await bench.http.post("/api/v1/jobs/batch", json={"jobs": jobs})).json()

    assert made["created"] == 1
    assert made["jobs"][0]["problem"]["code"] == "invalid_input"
    assert made["jobs"][1]["created"] is True


async def test_a_batch_repeated_with_its_key_makes_nothing_new(running):
    async with running() as bench:
        body = {"jobs": [{"kind": "add"}, {"kind": "add"}]}
        first = await bench.http.post("/api/v1/jobs/batch", json=body, headers={"Idempotency-Key": "b"})
        again = await bench.http.post("/api/v1/jobs/batch", json=body, headers={"Idempotency-Key": "b"})
        listed = (await bench.http.get("/api/v1/jobs")).json()["jobs"]

    assert (again.status_code, again.json()) == (201, first.json())
    assert (replayed(first), replayed(again)) == (None, "true")
    assert len(listed) == 2


async def test_a_full_inbox_is_said_with_when_to_come_back(running):
    async with running(settings=Settings(inbox=1)) as bench:
        ledger = bench.application.hub.ledger
        waiting = [ledger.submit_nowait(_note()) for _ in range(1)]
        answer = await bench.http.post("/api/v1/jobs", json={"kind": "add"})
        for each in waiting:
            await each

    assert (answer.status_code, problem(answer)["code"]) == (503, "overloaded")
    assert answer.headers["retry-after"] == "1"


def _note() -> Any:
    from headway.model.command import Note

    return Note(name="system.announced")
