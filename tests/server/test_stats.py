from __future__ import annotations

from headway.model.job import JobDoc
from headway.server.stats import failings, spread


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


async def test_figures_are_told_by_queue_and_failures_by_kind_with_the_newest_of_each(running):
    async with running() as bench:
        queues = ("gpu", "gpu", "gpu", "cpu")
        fine, first, second, other = [await bench.submit(queue=queue) for queue in queues]
        await bench.start(fine)
        await bench.end(fine)
        for id, error in ((first, "ValueError"), (second, "ValueError"), (other, "KeyError")):
            await bench.do(_accept(id))
            await bench.end(id, outcome="errored", error={"type": error, "message": "no"})

        stats = (await bench.http.get("/api/v1/stats")).json()
        gpu = (await bench.http.get("/api/v1/stats", params={"q": "queue:gpu"})).json()
        wrong = await bench.http.get("/api/v1/stats", params={"q": "quue:gpu"})

    assert [(name, each["finished"], each["failed"]) for name, each in stats["queues"].items()] == [
        ("cpu", 1, 1),
        ("gpu", 3, 2),
    ]
    assert (stats["queues"]["gpu"]["wait"]["count"], stats["queues"]["gpu"]["run"]["count"]) == (3, 3)
    assert stats["failing"] == [
        {"kind": "add", "reason": "error", "type": "ValueError", "count": 2, "job": second},
        {"kind": "add", "reason": "error", "type": "KeyError", "count": 1, "job": other},
    ]
    assert (gpu["finished"], list(gpu["queues"]), len(gpu["failing"])) == (3, ["gpu"], 1)
    assert wrong.status_code == 422


def test_only_the_most_frequent_ways_to_fail_are_told():
    jobs = [JobDoc(id=str(n), kind=f"k{n % 30}", reason="error") for n in range(40)]

    found = failings(jobs)

    assert len(found) == 20
    assert [each.count for each in found[:11]] == [2] * 10 + [1]


async def test_a_window_that_is_no_duration_is_refused(running):
    async with running() as bench:
        answer = await bench.http.get("/api/v1/stats", params={"since": "yesterday"})

    assert answer.json()["message"] == "since: 'yesterday' is not a duration."


def _accept(id: str):
    from headway.model.command import Accept

    return Accept(job=id, worker="bench/1", attempt=1)
