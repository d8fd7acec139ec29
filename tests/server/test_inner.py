"""What the server does itself, as a job: begun, told, cancelled, fenced and ended like any other."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.server.conftest import Bench

from headway.errors import NotServing
from headway.model import command as c
from headway.model.report import Progressed, Warned
from headway.model.settings import Settings
from headway.server.inner import Begun, CutShort, InnerAttempt


class Slices:
    """Work that does one slice each time it is let, and says how many it did."""

    def __init__(self) -> None:
        self.turns = asyncio.Semaphore(0)
        self.done = 0
        self.attempt: InnerAttempt | None = None

    async def __call__(self, attempt: InnerAttempt) -> Any:
        self.attempt = attempt
        while self.done < 3:
            await self.turns.acquire()
            if attempt.stopping:
                await attempt.say(Warned(message=attempt.stopping))
                raise CutShort({"done": self.done})
            self.done += 1
            await attempt.say(Progressed(current=self.done, total=3, unit="slices"))
        return {"done": self.done}

    def let(self, times: int = 1) -> None:
        for _ in range(times):
            self.turns.release()


async def begun(bench: Bench, work: Any) -> Begun:
    return await bench.site.inner.begin("headway.test", b'{"a":1}', work, by="ann")


async def on_board(bench: Bench) -> dict[str, Any]:
    return await bench.worker(bench.site.inner.worker)


async def at_rest(bench: Bench) -> dict[str, Any]:
    """The worker once it has left: it says so as the last work ends, the commit comes after."""
    async with asyncio.timeout(20):
        while (worker := await on_board(bench))["state"] == "online":  # noqa: ASYNC110  # a commit of a server that runs in this loop
            await asyncio.sleep(0.01)
    return worker


async def test_it_runs_at_a_worker_that_is_there_only_while_it_does(running):
    async with running() as bench:
        work = Slices()
        made = await begun(bench, work)
        worker, job = await on_board(bench), await bench.job(made.job)
        machines = (await bench.http.get("/api/v1/machines")).json()["machines"]
        work.let(3)
        await made.task
        ended = await bench.job(made.job)
        later = await at_rest(bench)

    assert (worker["state"], worker["internal"], worker["slots"], worker["kinds"]) == ("online", True, 0, [])
    assert (job["state"], job["adopted"], job["args"], job["submitted_by"]) == ("running", True, {"a": 1}, "ann")
    assert machines == []
    assert (job["worker"], later["state"]) == (worker["id"], "disconnected")
    assert (ended["state"], ended["result"], ended["progress"]["current"]) == ("completed", {"done": 3}, 3)


async def test_it_stays_disconnected_and_is_not_lost(running):
    async with running(settings=Settings(lease_s=0.0, stale_s=0.0, sweep_s=60.0)) as bench:
        work = Slices()
        work.let(3)
        await (await begun(bench, work)).task
        await at_rest(bench)
        sweeper = bench.site.hub.sweeper
        sweeps = sweeper.sweeps
        await sweeper.sweep()
        await sweeper.sweep()
        worker = await on_board(bench)

    assert sweeps + 2 == sweeper.sweeps
    assert worker["state"] == "disconnected"


async def test_what_was_begun_before_with_the_same_key_is_not_begun_again(running):
    async with running() as bench:
        inner, once, first, second = bench.site.inner, c.Once("ann", "k", "h"), Slices(), Slices()
        made = await inner.begin("headway.test", b"{}", first, by="ann", once=once)
        again = await inner.begin("headway.test", b"{}", second, by="ann", once=once)
        await again.task
        first.let(3)
        await made.task

    assert (made.new, again.new, again.job) == (True, False, made.job)
    assert (first.done, second.attempt) == (3, None)


async def test_a_second_one_beside_it_leaves_the_first_alone(running):
    async with running() as bench:
        one, two = Slices(), Slices()
        first, second = await asyncio.gather(begun(bench, one), begun(bench, two))
        third = await begun(bench, Slices())
        two.let(3)
        await second.task
        worker = await on_board(bench)
        one.let(3)
        await first.task
        states = [(await bench.job(each.job))["state"] for each in (first, second, third)]

    assert worker["state"] == "online"
    assert states == ["completed", "completed", "running"]


async def test_cancelled_it_stops_at_its_next_slice_and_what_was_done_is_its_result(running):
    async with running() as bench:
        work = Slices()
        made = await begun(bench, work)
        work.let()
        await bench.until(lambda: work.done == 1)
        asked = await bench.http.post(f"/api/v1/jobs/{made.job}/cancel", json={"reason": "enough"})
        work.let()
        await made.task
        job = await bench.job(made.job)

    assert asked.json()["state"] == "cancelling"
    assert (job["state"], job["reason"], job["result"]) == ("cancelled", "cancelled", {"done": 1})
    assert (job["attempts"]["1"]["reason"], job["notes"][0]["message"]) == ("enough", "enough")
    steps = [job["cancel"].get(f"{step}_at") for step in ("delivered", "acknowledged", "stopped")]
    assert None not in steps
    assert "cleaned" not in job["cancel"]


async def test_a_cancel_that_comes_after_the_last_slice_is_too_late(running):
    last = asyncio.Event()

    async def work(attempt: InnerAttempt) -> Any:
        await last.wait()
        return "all"

    async with running() as bench:
        made = await begun(bench, work)
        await bench.http.post(f"/api/v1/jobs/{made.job}/cancel")
        last.set()
        await made.task
        job = await bench.job(made.job)

    assert (job["state"], job["result"]) == ("completed", "all")


async def test_what_fails_is_an_errored_job_with_its_message(running):
    async def work(attempt: InnerAttempt) -> Any:
        raise ValueError("no such thing")

    async with running() as bench:
        made = await begun(bench, work)
        await made.task
        job = await bench.job(made.job)

    assert (job["state"], job["reason"]) == ("failed", "error")
    assert job["error"] == {"type": "ValueError", "message": "no such thing"}


async def test_fenced_it_does_nothing_more_and_its_outcome_stands(running):
    async with running() as bench:
        work = Slices()
        made = await begun(bench, work)
        worker = bench.site.inner
        await bench.do(c.Lose(worker=worker.worker, instance=worker.instance))
        work.let(3)
        await made.task
        lost = await bench.job(made.job)
        anew = await begun(bench, Slices())
        job = await bench.job(anew.job)

    assert work.done == 0
    assert (lost["state"], lost["reason"]) == ("failed", "worker_lost")
    assert job["state"] == "running"


async def test_a_stop_of_the_server_ends_it_with_its_reason_and_nothing_is_begun_any_more(running):
    async with running() as bench:
        work = Slices()
        made = await begun(bench, work)
        work.let()
        await bench.until(lambda: work.done == 1)
        closing = asyncio.create_task(bench.site.inner.close())
        await asyncio.sleep(0)
        work.let()
        await closing
        job = await bench.job(made.job)

        with pytest.raises(NotServing):
            await begun(bench, Slices())

    assert (job["state"], job["result"]) == ("cancelled", {"done": 1})
    assert job["attempts"]["1"]["reason"] == "the server was stopped"


async def test_a_store_that_takes_nothing_for_a_while_delays_it_and_no_more(pair):
    async with pair() as (a, _):
        work = Slices()
        made = await begun(a, work)
        a.store.failing = True
        work.let(3)
        await a.until(lambda: a.site.hub.ledger.failing_since is not None)
        a.store.failing = False
        await made.task
        job = await a.job(made.job)

    assert (job["state"], job["result"]) == ("completed", {"done": 3})


async def test_a_cancel_asked_at_another_server_reaches_the_one_that_runs_it(pair):
    async with pair() as (a, b):
        work = Slices()
        made = await begun(a, work)
        await b.until(lambda: b.site.seq >= a.site.seq)
        await b.http.post(f"/api/v1/jobs/{made.job}/cancel")
        await a.until(lambda: work.attempt is not None and work.attempt.stopping)
        work.let()
        await made.task
        job = await a.job(made.job)

    assert (job["state"], job["worker"]) == ("cancelled", f"server/{a.server}")
