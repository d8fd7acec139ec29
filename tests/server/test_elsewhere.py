"""One worker, two servers of one log: where its link is counts, and who asks for its id elsewhere is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.server.test_gateway import Socket, hello, linked, started

from headway.model import command as c
from headway.model.settings import Settings
from headway.protocol import frames as f

WORKER = "gpu-3/1"
DEAF = Settings(poll_s=60.0)
FAST = Settings(takeover_elsewhere_s=0.6)


def phases(bench: Any) -> list[str]:
    """Of the links at a server."""
    return [link["phase"] for link in bench.site.gateway.links()]


def deafen(bench: Any) -> None:
    """From now on it hears of what others commit only with its own next commit."""
    disk = bench.store.disk
    disk.bells = [(store, ring) for store, ring in disk.bells if store is not bench.store]


async def test_a_worker_that_comes_back_at_another_server_goes_on_there_and_its_old_link_is_cut(pair):
    async with pair() as (a, b):
        old = await linked(a)
        id = await started(a, old)
        old.say(f.Report(job=id, attempt=1, n=1, items=[]))
        await old.hear(f.Ack)

        new = Socket(b)
        new.say(hello(running=[f.Running(id, 1, 1)]))
        welcome = await new.hear(f.WorkerWelcome)
        code, reason = await old.closed()
        new.say(f.Ended(job=id, attempt=1, n=2, outcome="succeeded"))
        await new.hear(f.Ack)
        worker = await a.worker(WORKER)

    assert welcome.yours == [f.Running(id, 1, 1)]
    assert (code, reason) == (4103, "replaced by another link of worker 'gpu-3/1', from gpu-3")
    assert (worker["state"], worker["server"]) == ("online", b.server)


async def test_an_end_that_a_server_notices_late_is_no_news(pair):
    async with pair(settings=DEAF) as (a, b):
        old = await linked(a)
        deafen(a)
        await linked(b)

        await old.drop()
        worker = await b.worker(WORKER)

    assert (worker["state"], worker["server"]) == ("online", b.server)


async def test_a_link_that_is_newer_than_what_the_log_tells_stays(pair):
    async with pair(settings=DEAF) as (a, b):
        deafen(a)
        first = await linked(b)
        newest = await linked(a)  # so that its own registration and the older one are told together
        await first.closed()

        id = await a.submit()
        offer = await newest.hear(f.Offer)

    assert offer.job == id


async def test_a_new_process_at_another_server_bars_the_old_one_by_name(pair):
    async with pair() as (a, b):
        old = await linked(a, boot_id="b", pid=1)
        await linked(b, boot_id="b", pid=2, instance="i2", machine="gpu-4")

        code, reason = await old.closed()

    assert (code, reason) == (4003, "replaced by another link of worker 'gpu-3/1', from gpu-4")


async def test_a_second_worker_is_refused_while_the_first_is_heard_at_another_server(pair):
    async with pair() as (a, b):
        await linked(a)
        second = Socket(b)
        second.say(hello("i2", machine="impostor"))
        await b.until(lambda: phases(b) == ["asking"])
        await a.do(c.Hear(worker=WORKER, at=a.application.hub.clock.now()))

        code, reason = await second.closed()
        worker = await b.worker(WORKER)

    assert (code, reason) == (4010, "worker 'gpu-3/1' is linked already, from gpu-3; give this one another id")
    assert (worker["machine"], worker["server"]) == ("gpu-3", a.server)


async def test_a_second_worker_takes_over_from_one_that_nobody_hears_at_another_server(pair):
    async with pair(settings=FAST) as (a, b):
        first = await linked(a)
        second = Socket(b)
        second.say(hello("i2", machine="gpu-4"))

        await second.hear(f.WorkerWelcome)
        code, reason = await first.closed()

    assert (code, reason) == (4003, "replaced by another link of worker 'gpu-3/1', from gpu-4")


async def test_a_link_at_a_server_that_lives_no_more_is_none(pair):
    profile: dict[str, Any] = {"id": WORKER, "machine": "gpu-3", "instance": "i1", "name": "one", "slots": 1}
    async with pair() as (a, _):
        await a.do(c.Connect(worker=WORKER, profile=profile, server="gone"))
        second = Socket(a)
        second.say(hello("i2", machine="gpu-4"))

        async with asyncio.timeout(5):
            welcome = await second.hear(f.WorkerWelcome)

    assert welcome.server == a.server


async def test_a_server_that_began_after_the_last_beat_is_known_all_the_same(pair):
    async with pair() as (a, b):
        await linked(b)
        a.application.hub.peers.standing = without(a.application.hub.peers.standing, b.server)
        second = Socket(a)
        second.say(hello("i2", machine="gpu-4"))

        await a.until(lambda: phases(a) not in ([], ["new"]))
        answered = phases(a)

    assert answered == ["asking"]


def without(standing: Any, server: str) -> Any:
    """What was known before that server came."""
    return type(standing)(tuple(peer for peer in standing.peers if peer.id != server), standing.leader)


@pytest.mark.parametrize("state", ["disconnected", "lost"])
async def test_a_worker_that_left_another_server_frees_its_id(state: str, pair):
    async with pair() as (a, b):
        first = await linked(b)
        if state == "lost":
            await b.do(c.Lose(worker=WORKER, instance="i1"))
        else:
            await first.drop()
        second = Socket(a)
        second.say(hello("i2", machine="gpu-4"))

        async with asyncio.timeout(5):
            welcome = await second.hear(f.WorkerWelcome)

    assert welcome.server == a.server
