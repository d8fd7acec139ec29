from __future__ import annotations

from headway.server.stats import spread


def test_percentiles_are_of_what_was_seen():
    seen = spread([float(number) for number in range(1, 101)] + [None])

    assert seen is not None
    assert (seen.count, seen.p50_s, seen.p95_s, seen.p99_s) == (100, 50.0, 95.0, 99.0)
    assert spread([None]) is None


async def test_figures_count_what_ended_how_long_it_took_and_why_it_failed(running):
    async with running() as bench:
        good, bad, waiting = [await bench.submit() for _ in range(3)]
        await bench.start(good)
        await bench.end(good)
        await bench.do(_accept(bad))
        await bench.end(bad, outcome="errored", error={"type": "ValueError", "message": "no"})

        stats = (await bench.http.get("/api/v1/stats", params={"since": "30m"})).json()

    assert stats["finished"] == 2
    assert stats["kinds"]["add"]["failed"] == 1
    assert stats["kinds"]["add"]["run"]["count"] == 2
    assert stats["failures"] == {"error: ValueError": 1}
    assert stats["counts"]["default"] == {"completed": 1, "failed": 1, "running": 1}
    assert waiting


async def test_a_window_that_is_no_duration_is_refused(running):
    async with running() as bench:
        answer = await bench.http.get("/api/v1/stats", params={"since": "yesterday"})

    assert answer.json()["message"] == "since: 'yesterday' is not a duration."


def _accept(id: str):
    from headway.model.command import Accept

    return Accept(job=id, worker="bench/1", attempt=1)
