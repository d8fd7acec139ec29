from __future__ import annotations

from headway.model.settings import Settings


async def test_a_custom_event_is_in_the_log(running):
    async with running() as bench:
        id = await bench.submit()
        answer = await bench.http.post(
            "/api/v1/events", json={"type": "crew.started", "data": {"crew": "research"}, "job": id}
        )
        events = (await bench.http.get(f"/api/v1/jobs/{id}/events")).json()["events"]

    assert answer.status_code == 201
    assert (events[-1]["type"], events[-1]["data"]["data"]) == ("crew.started", {"crew": "research"})


async def test_a_prefix_of_our_own_is_refused(running):
    async with running() as bench:
        answer = await bench.http.post("/api/v1/events", json={"type": "job.completed"})

    assert (answer.status_code, answer.json()["field"]) == (422, "type")


async def test_too_many_are_told_when_to_come_back(running):
    async with running(settings=Settings(custom_per_s=0.5, custom_burst=1)) as bench:
        first = await bench.http.post("/api/v1/events", json={"type": "crew.started"})
        second = await bench.http.post("/api/v1/events", json={"type": "crew.started"})

    assert (first.status_code, second.status_code) == (201, 429)
    assert second.headers["retry-after"] == "2"
