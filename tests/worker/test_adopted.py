"""Adopted work over a real link: named by the server, reported, cancelled, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fake_server import FakeServer
from headway.errors import CallerError
from headway.model.report import StepDone
from headway.protocol.frames import Begin, Begun, Cancel, CancelState, Ended, Error, Report, WorkerHello
from headway.worker.adopted import adopting
from headway.worker.stage import root_stage


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    fake.acking = True
    await fake.start()
    yield fake
    await fake.stop()


async def test_it_is_named_reported_and_ended(server: FakeServer):
    async with adopting(server.url, machine="m") as adopter:
        work = adopter.begin("pid-1", "run", args={"cmd": "ls"}, plan={"a": 1})
        begin = await server.until(Begin)
        await server.send(Begun(external_id="pid-1", job="j1", attempt=1))
        job = await work.wait_begun()
        root_stage(work.reporter).set(3, 9)
        work.reporter.log("out", "hello")
        work.end("succeeded", result={"code": 0})

    assert (bytes(begin.args), begin.plan, job) == (b'{"cmd":"ls"}', {"a": 1}, "j1")
    ended = await server.until(Ended)
    assert (ended.job, ended.outcome, bytes(ended.result)) == ("j1", "succeeded", b'{"code":0}')
    assert {type(item).__name__ for frame in server.frames if isinstance(frame, Report) for item in frame.items} == {
        "Progressed",
        "LogLines",
    }


async def test_a_cancel_reaches_whoever_runs_it(server: FakeServer):
    async with adopting(server.url, machine="m") as adopter:
        work = adopter.begin("x", "run")
        await server.until(Begin)
        await server.send(Begun(external_id="x", job="j1", attempt=1))
        await work.wait_begun()

        await server.send(Cancel(job="j1", attempt=1, reason="enough", grace_s=3))
        await asyncio.wait_for(work.cancelled.wait(), 10)
        work.acknowledge()
        work.end("cancelled", reason="enough")
        work.end("succeeded")

    assert (work.cancel_reason, work.grace_s, work.lost) == ("enough", 3, False)
    steps = [frame.step for frame in server.frames if isinstance(frame, CancelState)]
    assert steps == ["acknowledged", "stopped", "cleaned"]
    assert [frame.outcome for frame in server.frames if isinstance(frame, Ended)] == ["cancelled"]


async def test_one_that_the_server_refuses_says_why(server: FakeServer):
    async with adopting(server.url, machine="m", farewell_s=0.1) as adopter:
        work = adopter.begin("x", "run")
        await server.until(Begin)

        await server.send(Error(id="x", code="invalid_input", message="args: too much."))

        with pytest.raises(CallerError, match="args: too much"):
            await work.wait_begun()


async def test_while_the_server_is_away_nothing_is_lost(server: FakeServer):
    await server.stop()
    async with adopting(server.url, machine="m") as adopter:
        work = adopter.begin("x", "run")
        work.reporter.add(StepDone(name="alone"))
        work.end("succeeded")

        await server.start()
        await server.until(WorkerHello)
        await server.until(Begin)
        await server.send(Begun(external_id="x", job="j1", attempt=1))
        await server.until(Ended)

    assert [item.name for f in server.frames if isinstance(f, Report) for item in f.items if isinstance(item, StepDone)] == ["alone"]  # fmt: skip
