from __future__ import annotations


async def test_a_dry_run_counts_and_changes_nothing(running):
    async with running() as bench:
        for kind in ("add", "add", "sub"):
            await bench.submit(kind)
        before = bench.site.seq

        answer = await bench.http.post(
            "/api/v1/jobs/actions", json={"action": "cancel", "q": "kind:add", "dry_run": True}
        )

        assert bench.site.seq == before
    assert answer.json() == {"action": "cancel", "matched": 2, "seq": before, "dry_run": True}


async def test_every_job_of_the_query_is_changed_and_the_refused_are_counted(running):
    async with running() as bench:
        ids = [await bench.submit("add") for _ in range(3)]
        await bench.http.post(f"/api/v1/jobs/{ids[0]}/cancel")

        answer = (await bench.http.post("/api/v1/jobs/actions", json={"action": "hold", "q": "kind:add"})).json()
        held = [(await bench.job(id)).get("held", False) for id in ids]

    assert (answer["matched"], answer["done"], answer["refused"]) == (3, 2, {"refused": 1})
    assert held == [False, True, True]


async def test_a_bulk_retry_takes_the_same_input(running):
    async with running() as bench:
        id = await bench.submit("add", args={"text": "x" * 5_000})
        await bench.http.post(f"/api/v1/jobs/{id}/cancel")

        await bench.http.post("/api/v1/jobs/actions", json={"action": "retry", "q": "state:cancelled"})
        again = await bench.job((await bench.job(id))["retried_by"])

    assert again["args"] == {"text": "x" * 5_000}


async def test_an_empty_query_means_everything_and_more_than_one_page(running):
    async with running() as bench:
        await bench.http.post("/api/v1/jobs/batch", json={"jobs": [{"kind": "add"}] * 1_100})

        answer = (await bench.http.post("/api/v1/jobs/actions", json={"action": "cancel", "q": ""})).json()

    assert (answer["matched"], answer["done"]) == (1_100, 1_100)
    assert "more" not in answer


async def test_a_new_priority_must_be_named(running):
    async with running() as bench:
        answer = await bench.http.post("/api/v1/jobs/actions", json={"action": "priority", "q": ""})

    assert answer.json()["message"] == "priority: is missing."
    assert answer.json()["hint"] == "The action 'priority' needs the new one."
