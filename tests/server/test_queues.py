from __future__ import annotations

from headway.model import command as c


async def test_a_queue_is_there_once_a_job_names_it_with_exact_counts(running):
    async with running() as bench:
        await bench.submit(queue="gpu")
        await bench.submit(queue="gpu", delay=60)
        listed = (await bench.http.get("/api/v1/queues")).json()["queues"]
        unknown = await bench.http.get("/api/v1/queues/cpu")

    assert listed == [{"name": "gpu", "counts": {"queued": 1, "scheduled": 1}}]
    assert unknown.json()["message"] == "No queue has the id 'cpu'."


async def test_a_paused_queue_says_by_whom_and_why_and_offers_nothing(running):
    async with running() as bench:
        await bench.connect()
        paused = await bench.http.patch("/api/v1/queues/default", json={"paused": True, "reason": "new disk"})
        await bench.submit()
        offered = await bench.do(c.Claim(worker="bench/1", limit=1, kinds=("add",)))

        resumed = await bench.http.patch("/api/v1/queues/default", json={"paused": False})
        offered_then = await bench.do(c.Claim(worker="bench/1", limit=1, kinds=("add",)))

    assert (paused.json()["paused"]["by"], paused.json()["paused"]["reason"]) == ("local", "new disk")
    assert "paused" not in resumed.json()
    assert (len(offered), len(offered_then)) == (0, 1)


async def test_a_limit_is_set_and_taken_away(running):
    async with running() as bench:
        limited = await bench.http.patch("/api/v1/queues/gpu", json={"limit": 2})
        unlimited = await bench.http.patch("/api/v1/queues/gpu", json={"limit": None})
        wrong = await bench.http.patch("/api/v1/queues/gpu", json={"limit": 0})

    assert limited.json() == {"name": "gpu", "counts": {}, "limit": 2}
    assert "limit" not in unlimited.json()
    assert wrong.json()["message"] == "limit: 0 is not positive."


async def test_clearing_cancels_what_waits_and_leaves_what_runs(running):
    async with running() as bench:
        running_one = await bench.submit()
        await bench.start(running_one)
        waiting = [await bench.submit(), await bench.submit(delay=60)]
        other = await bench.submit(queue="other")

        answer = (await bench.http.post("/api/v1/queues/default/clear")).json()
        states = [(await bench.job(id))["state"] for id in (running_one, *waiting, other)]

    assert answer["done"] == 2
    assert states == ["running", "cancelled", "cancelled", "queued"]
