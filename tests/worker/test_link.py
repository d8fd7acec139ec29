"""The worker's link over a real WebSocket, against a server that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from fake_server import FakeServer
from headway.clock import SystemClock
from headway.errors import InvalidInput, LinkRefused
from headway.model.report import LogLines, StepDone
from headway.protocol.frames import (
    Accept,
    Begin,
    Begun,
    Bye,
    Ended,
    Goodbye,
    Heartbeat,
    Offer,
    Report,
    Running,
    WorkerHello,
)
from headway.protocol.leasing import Leaseholder, Wish
from headway.protocol.link import LinkState
from headway.worker.held import End
from headway.worker.link import MESSAGE_BYTES, WorkerLink, messages_of, worker_url


class Rig:
    def __init__(self, server: FakeServer, token: str | None = None) -> None:
        self.server = server
        self.wishes: asyncio.Queue[Wish] = asyncio.Queue()
        self.states: list[LinkState] = []
        self.holder = Leaseholder(WorkerHello(worker={"id": "m/1", "machine": "m", "instance": "i"}))
        self.link = WorkerLink(
            self.holder,
            server.url,
            token,
            SystemClock(),
            self.wishes.put_nowait,
            lambda state, _: self.states.append(state),
        )
        self.running = asyncio.ensure_future(self.link.run())

    async def offered(self) -> None:
        await self.server.until(WorkerHello)
        await self.server.send(Offer(job="j", attempt=1, kind="k"))
        offer = await asyncio.wait_for(self.wishes.get(), 10)
        assert isinstance(offer, Offer)
        self.link.accept("j", 1)
        await self.server.until(Accept)

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.wait((self.running,))


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def rig(server: FakeServer) -> AsyncIterator[Rig]:
    made = Rig(server, token="secret")
    yield made
    await made.stop()


async def test_says_hello_with_its_token_and_then_heartbeats(rig: Rig):
    rig.server.heartbeat_s = 0.05

    hello = await rig.server.until(WorkerHello)
    await rig.server.until(Heartbeat)

    assert hello.worker["machine"] == "m"
    assert rig.server.token == "Bearer secret"


async def test_reports_and_outcome_travel_in_order_and_are_numbered(rig: Rig):
    await rig.offered()

    rig.link.report("j", 1, [StepDone(name="one")])
    await rig.server.until(Report)
    rig.link.outcome("j", 1, End(outcome="succeeded"))
    await rig.server.until(Ended)

    said = [frame for frame in rig.server.frames if isinstance(frame, Report | Ended)]
    assert [(type(frame), frame.n) for frame in said] == [(Report, 1), (Ended, 2)]


async def test_what_was_not_acknowledged_is_said_again_on_the_next_link(rig: Rig):
    await rig.offered()
    rig.link.outcome("j", 1, End(outcome="succeeded"))
    await rig.server.until(Ended)
    before = len(rig.server.frames)
    rig.server.yours = [Running("j", 1, 0)]

    rig.server.cut()

    hello = await rig.server.until(WorkerHello, after=before)
    assert [(each.job, each.attempt) for each in hello.running] == [("j", 1)]
    assert (await rig.server.until(Ended, after=before)).n == 1
    assert LinkState.WAITING in rig.states


async def test_a_link_that_was_told_to_end_hears_nothing_more_though_the_server_keeps_it_open(rig: Rig):
    await rig.offered()
    old = rig.server.connection

    await rig.server.send(Bye(reason="restart", after_ms=(1, 2)))
    await asyncio.wait_for(old.wait_closed(), 10)
    await rig.server.until(WorkerHello, after=2)

    assert rig.server.links == 2


async def test_a_server_that_is_away_for_a_while_is_found_again(rig: Rig):
    await rig.server.until(WorkerHello)
    await rig.server.stop()
    rig.link.report("nobody", 1, [StepDone(name="ignored")])

    await rig.server.start()

    await rig.server.until(WorkerHello, after=1)
    assert rig.server.links == 2


async def test_a_token_that_is_refused_ends_the_link_with_the_reason(server: FakeServer):
    server.status = 401
    rig = Rig(server, token="wrong")

    with pytest.raises(LinkRefused, match="HTTP 401: the token is unknown"):
        await asyncio.wait_for(rig.running, 10)


async def test_adopted_work_reports_before_it_has_a_name(rig: Rig):
    await rig.server.until(WorkerHello)

    rig.link.begin(Begin(external_id="x", kind="run"))
    rig.link.report("x", 0, [StepDone(name="early")])
    await rig.server.until(Begin)
    await rig.server.send(Begun(external_id="x", job="j9", attempt=1))

    report = await rig.server.until(Report)
    assert (report.job, report.attempt, report.n) == ("j9", 1, 1)


async def test_leaves_when_all_is_acknowledged(rig: Rig):
    rig.server.acking = True
    await rig.offered()
    rig.link.outcome("j", 1, End(outcome="succeeded"))

    await rig.link.leave(5.0)

    await asyncio.wait_for(rig.running, 5)
    await rig.server.until(Goodbye)
    assert rig.holder.held == []


async def test_the_lease_ends_by_the_workers_own_clock_when_the_server_is_silent(server: FakeServer):
    server.lease_s = 2.1  # less the margin of 2 s: after 0.1 s
    rig = Rig(server)
    await rig.offered()

    stop = await asyncio.wait_for(rig.wishes.get(), 5)

    assert getattr(stop, "why", None) == "lease"
    await rig.stop()


def test_frames_are_gathered_into_messages_that_the_server_takes():
    lines = LogLines(lines=[(0, "info", "x" * 100_000)])
    frames = [Report(job="j", attempt=1, n=n, items=[lines]) for n in range(1, 21)]

    messages = messages_of(frames)

    assert len(messages) == 3
    assert all(len(message) <= MESSAGE_BYTES + 20 for message in messages)
    assert messages_of(frames[:1])[0].startswith(b"{")


@pytest.mark.parametrize(
    ("server", "url"),
    [
        ("http://127.0.0.1:8400", "ws://127.0.0.1:8400/api/v1/worker"),
        ("https://example.org/headway/", "wss://example.org/headway/api/v1/worker"),
    ],
)
def test_the_link_is_where_the_server_is(server: str, url: str):
    assert worker_url(server) == url


def test_a_server_that_is_no_url_is_refused_with_an_example():
    with pytest.raises(InvalidInput, match=r"'localhost:8400' is not a server's URL. Write http://host:8400."):
        worker_url("localhost:8400")
