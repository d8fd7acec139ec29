from __future__ import annotations

from headway.hub.verify import differences
from headway.model.event import Event


async def test_a_store_that_is_what_its_log_says_verifies(running):
    async with running() as bench:
        id = await bench.submit(args={"a": 1})
        await bench.start(id)
        await bench.end(id)
        await bench.submit()

        answer = (await bench.http.get("/api/v1/admin/verify")).json()

    assert (answer["jobs"], answer["different"], answer["differences"]) == (2, 0, [])
    assert answer["events"] >= 6


def test_a_row_that_its_log_does_not_explain_is_named_by_its_field():
    event = Event(type="job.submitted", at=0, subject="a", job="a", data={"set": {"id": "a", "state": "queued"}}, seq=1)

    found = differences({"id": "a", "state": "running", "seq": 1}, [event])

    assert [(each.job, each.field, each.row, each.log) for each in found] == [("a", "state", "running", "queued")]


async def test_an_announcement_is_an_event(running):
    async with running() as bench:
        answer = await bench.http.post("/api/v1/admin/announce", json={"message": "Restart at six."})
        with bench.application.hub.store.reading() as reading:
            last = reading.events(0)[-1]

    assert answer.status_code == 204
    assert (last.type, last.data) == ("system.announced", {"message": "Restart at six.", "by": "local"})


async def test_nobody_is_connected_and_nobody_can_be_cut(running):
    async with running() as bench:
        listed = (await bench.http.get("/api/v1/admin/connections")).json()
        cut = await bench.http.delete("/api/v1/admin/connections/x.1")

    assert (listed["viewers"], listed["workers"]) == ([], [])
    assert cut.status_code == 404
