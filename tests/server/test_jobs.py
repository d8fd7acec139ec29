from __future__ import annotations

import asyncio

from headway.model import report as r


async def test_a_list_is_filtered_and_goes_on_where_it_ended(running):
    async with running() as bench:
        ids = [await bench.submit("add") for _ in range(3)]
        await bench.submit("sub")

        first = (await bench.http.get("/api/v1/jobs", params={"q": "kind:add", "limit": 2})).json()
        rest = (
            await bench.http.get("/api/v1/jobs", params={"q": "kind:add", "limit": 2, "after": first["next"]})
        ).json()

    assert [job["id"] for job in first["jobs"] + rest["jobs"]] == ids[::-1]
    assert "next" not in rest


async def test_a_query_that_is_not_understood_is_refused_with_its_term(running):
    async with running() as bench:
        answer = await bench.http.get("/api/v1/jobs", params={"q": "stat:running"})

    assert answer.status_code == 422
    assert answer.json()["field"] == "q"
    assert "stat" in answer.json()["message"]


async def test_a_parameter_out_of_range_is_a_problem_too(running):
    async with running() as bench:
        answer = await bench.http.get("/api/v1/jobs", params={"limit": 5_000})

    assert (answer.status_code, answer.json()["field"]) == (422, "limit")
    assert answer.json()["message"] == "limit: input should be less than or equal to 1000."


async def test_a_job_that_is_not_there_is_not_found(running):
    async with running() as bench:
        for path in ("", "/attempts", "/events", "/logs", "/result", "/artifacts"):
            answer = await bench.http.get(f"/api/v1/jobs/nowhere{path}")

            assert (answer.status_code, answer.json()["message"]) == (404, "No job has the id 'nowhere'.")


async def test_large_input_and_result_are_there_whole_where_one_job_is_asked_for(running):
    async with running() as bench:
        text = "x" * 5_000
        id = await bench.submit(args={"text": text})
        await bench.start(id)
        await bench.end(id, result=b'{"out":"' + text.encode() + b'","big":12345678901234567890123}')

        job = await bench.http.get(f"/api/v1/jobs/{id}")
        listed = (await bench.http.get("/api/v1/jobs")).json()["jobs"][0]

    assert job.json()["args"] == {"text": text}
    assert '"big":12345678901234567890123' in job.text
    assert "args" not in listed
    assert "result" not in listed


async def test_what_only_the_server_needs_to_know_is_not_shown(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.say(id, 1, r.LogLines(lines=[(0, "info", "hello")]))

        job = await bench.job(id)
        listed = (await bench.http.get("/api/v1/jobs")).json()["jobs"][0]

    assert "soft" not in job
    assert "soft" not in listed
    assert job["log_lines"] == listed["log_lines"] == 1


async def test_attempts_and_events_are_in_order(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.end(id)

        attempts = (await bench.http.get(f"/api/v1/jobs/{id}/attempts")).json()["attempts"]
        events = (await bench.http.get(f"/api/v1/jobs/{id}/events")).json()
        page = (await bench.http.get(f"/api/v1/jobs/{id}/events", params={"limit": 2})).json()
        rest = (await bench.http.get(f"/api/v1/jobs/{id}/events", params={"after": page["next"]})).json()

    assert [(each["number"], each["outcome"]) for each in attempts] == [(1, "succeeded")]
    types = [event["type"] for event in events["events"]]
    assert types[0] == "job.submitted"
    assert types[-1] == "job.completed"
    assert events["next"] is None
    assert page["events"] + rest["events"] == events["events"]


async def test_a_result_is_waited_for_by_the_tail_of_the_log(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        waiting = asyncio.create_task(bench.http.get(f"/api/v1/jobs/{id}/result", params={"wait": 30}))
        await bench.until(lambda: len(bench.site.waits) == 1)

        await bench.end(id, result=b"[1,2]")
        answer = (await waiting).json()

    assert answer == {"id": id, "state": "completed", "final": True, "result": [1, 2]}


async def test_a_result_that_is_there_is_not_waited_for(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.http.post(f"/api/v1/jobs/{id}/cancel", json={"reason": "no need"})

        answer = await bench.http.get(f"/api/v1/jobs/{id}/result", params={"wait": 30})

    assert answer.json() == {"id": id, "state": "cancelled", "final": True, "reason": "cancelled"}


async def test_a_wait_that_is_over_says_how_the_job_stands(running):
    async with running() as bench:
        id = await bench.submit()

        answer = await bench.http.get(f"/api/v1/jobs/{id}/result", params={"wait": 0.01})

        assert len(bench.site.waits) == 0
    assert answer.json() == {"id": id, "state": "queued", "final": False}


async def test_a_cancel_shows_its_receipt_and_twice_is_once(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)

        first = await bench.http.post(f"/api/v1/jobs/{id}/cancel", json={"reason": "wrong file"})
        second = await bench.http.post(f"/api/v1/jobs/{id}/cancel")

    assert (first.json()["state"], first.json()["cancel"]["reason"]) == ("cancelling", "wrong file")
    assert first.json()["cancel"]["requested_by"] == "local"
    assert second.json()["cancel"]["requested_at"] == first.json()["cancel"]["requested_at"]


async def test_a_retry_is_a_new_job_with_the_same_input_or_another(running):
    async with running() as bench:
        id = await bench.submit(args={"a": 1})
        await bench.http.post(f"/api/v1/jobs/{id}/cancel")

        answer = await bench.http.post(f"/api/v1/jobs/{id}/retry", headers={"Idempotency-Key": "r"})
        repeated = await bench.http.post(f"/api/v1/jobs/{id}/retry", headers={"Idempotency-Key": "r"})
        again = await bench.job(answer.json()["id"])
        await bench.http.post(f"/api/v1/jobs/{again['id']}/cancel")
        other = await bench.http.post(f"/api/v1/jobs/{again['id']}/retry", json={"args": {"a": 2}})

        assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)
        assert (repeated.json(), repeated.headers["idempotent-replayed"]) == (answer.json(), "true")
        assert (again["retry_of"], again["args"]) == (id, {"a": 1})
        assert (await bench.job(id))["retried_by"] == again["id"]
        assert (await bench.job(other.json()["id"]))["args"] == {"a": 2}


async def test_what_does_not_fit_the_state_is_a_conflict_that_names_both(running):
    async with running() as bench:
        id = await bench.submit()

        answer = await bench.http.post(f"/api/v1/jobs/{id}/retry")

    assert answer.status_code == 409
    assert answer.json()["message"] == f"retry refused: job {id} is queued."
    assert answer.json()["hint"] == "Only an ended job can be retried; cancel it first."


async def test_hold_release_and_priority_change_the_job_that_is_answered(running):
    async with running() as bench:
        id = await bench.submit()

        held = (await bench.http.post(f"/api/v1/jobs/{id}/hold")).json()
        released = (await bench.http.post(f"/api/v1/jobs/{id}/release")).json()
        moved = (await bench.http.post(f"/api/v1/jobs/{id}/priority", json={"priority": 7})).json()

    assert held["held"] is True
    assert "held" not in released
    assert moved["priority"] == 7


async def test_an_answer_to_a_question_reaches_the_job(running):
    async with running() as bench:
        id = await bench.submit()
        await bench.start(id)
        await bench.say(id, 1, r.InputRequested(request="sure", message="Sure?"))

        wrong = await bench.http.post(f"/api/v1/jobs/{id}/input", json={"request": "other"})
        given = await bench.http.post(f"/api/v1/jobs/{id}/input", json={"request": "sure", "content": {"yes": True}})

    assert wrong.status_code == 409
    assert given.status_code == 200
    assert "input" not in given.json()


async def test_a_deleted_job_is_gone(running):
    async with running() as bench:
        id = await bench.submit()
        early = await bench.http.delete(f"/api/v1/jobs/{id}")
        await bench.http.post(f"/api/v1/jobs/{id}/cancel")

        deleted = await bench.http.delete(f"/api/v1/jobs/{id}")
        after = await bench.http.get(f"/api/v1/jobs/{id}")

    assert (early.status_code, deleted.status_code, after.status_code) == (409, 204, 404)
