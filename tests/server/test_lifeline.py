"""A server that is cut off from the store it shares: it says so, and sends everybody to the others if there are any."""

from __future__ import annotations

from typing import Any

import pytest
from tests.server.test_gateway import Socket, linked

from headway.model.settings import Settings
from headway.protocol import frames as f
from headway.server.lifeline import UNREADY_S, Lifeline
from headway.server.wire import GatheringWire

FAR = Settings(beat_s=3_600.0, cut_off_s=10.0)  # the store is not asked while a test looks


def silent(bench: Any, seconds: float) -> None:
    """The store has last answered so long ago."""
    peers = bench.site.hub.peers
    peers._heard = bench.site.hub.clock.monotonic() - seconds


def viewer_of(bench: Any) -> GatheringWire:
    wire = GatheringWire()
    wire.viewer = bench.site.hub.feed.open_viewer(wire, greeted=True, pinged=False)
    return wire


async def test_a_server_that_does_not_hear_of_its_store_is_alive_and_not_ready(pair):
    async with pair(settings=FAR) as (a, _):
        silent(a, UNREADY_S - 1)
        soon = await a.http.get("/readyz")
        silent(a, UNREADY_S + 1)
        late = await a.http.get("/readyz")
        alive = await a.http.get("/livez")
        await a.site.hub.peers.beat()
        again = await a.http.get("/readyz")

    assert (soon.status_code, late.status_code, alive.status_code, again.status_code) == (200, 503, 200, 200)
    assert late.json() == {"status": "the store has not answered for more than 3 s"}


async def test_a_store_that_takes_nothing_is_one_that_does_not_answer(pair):
    async with pair(settings=Settings(beat_s=0.01, cut_off_s=3_600.0)) as (a, _):
        a.store.failing = True
        heard = a.site.hub.peers.silent_s
        await a.until(lambda: a.site.hub.peers.silent_s > heard + 0.1)
        a.store.failing = False
        await a.until(lambda: a.site.hub.peers.silent_s < 0.1)


async def test_one_that_is_cut_off_sends_its_workers_and_viewers_to_the_others(pair):
    async with pair(settings=FAR) as (a, b):
        worker, wire = await linked(a), viewer_of(a)

        silent(a, 10.0)
        bye = await worker.hear(f.Bye)
        code, reason = await worker.closed()
        elsewhere = await linked(b)
        id = await b.submit()
        offer = await elsewhere.hear(f.Offer)

    said = "This server has not reached its store for 10 s."
    assert (bye.reason, tuple(bye.after_ms), code, reason) == (said, (0, 2_000), 4200, said)
    assert any(b'"bye"' in frame and said.encode() in frame for frame in wire.frames)
    assert wire.ended == (4200, said)
    assert offer.job == id


async def test_meanwhile_it_takes_nobody_and_afterwards_everybody(pair):
    async with pair(settings=FAR) as (a, _):
        silent(a, 11.0)
        await a.until(lambda: a.site.gateway.closed)

        refused = await a.http.get("/api/v1/live?topic=jobs")
        asked = [await a.http.get("/api/v1/jobs"), await a.http.post("/api/v1/jobs", json={"kind": "x"})]
        code, reason = await Socket(a).closed()
        await a.site.hub.peers.beat()
        await a.until(lambda: not a.site.gateway.closed)
        welcomed = await linked(a)
        await welcomed.drop()
        admitted = await a.http.get("/api/v1/events?topic=jobs&wait=0")

    assert (refused.status_code, refused.json()["code"]) == (503, "cut_off")
    assert refused.json()["hint"] == "Try again in 2 s: another server of the same store may be reached."
    assert [(each.status_code, each.json()["code"], each.headers["retry-after"]) for each in asked] == [
        (503, "cut_off", "2")
    ] * 2
    assert (code, reason) == (4200, "This server has not reached its store for 11 s.")
    assert admitted.status_code == 200


async def test_one_that_knows_of_no_other_keeps_everybody(pair):
    async with pair(settings=FAR) as (a, b):
        await linked(a)
        wire = viewer_of(a)
        await b.site.hub.peers.retire()
        await a.site.hub.peers.beat()

        silent(a, 3_600.0)
        Lifeline(a.site).look()

        assert (wire.ended, a.site.gateway.closed, a.site.door.closed) == (None, "", None)


@pytest.mark.parametrize("seconds", [0.0, 9.0])
async def test_one_that_was_silent_for_a_moment_keeps_everybody(seconds: float, pair):
    async with pair(settings=FAR) as (a, _):
        wire = viewer_of(a)

        silent(a, seconds)
        Lifeline(a.site).look()

        assert (wire.ended, a.site.gateway.closed) == (None, "")


async def test_a_server_that_is_alone_on_its_store_has_nobody_to_send_them_to(running):
    async with running(settings=FAR) as bench:
        silent(bench, 3_600.0)
        Lifeline(bench.site).look()

        assert bench.site.gateway.closed == ""
        assert (await bench.http.get("/readyz")).status_code == 200


async def test_one_that_stood_still_gives_its_store_time_to_answer(pair):
    async with pair(settings=FAR) as (a, _):
        lifeline = Lifeline(a.site)
        lifeline.look()
        lifeline._looked_at -= 60.0  # as a process that was stopped for a minute
        silent(a, 60.0)

        lifeline.look()
        at_once = a.site.gateway.closed
        lifeline._woke_at -= 11.0
        lifeline.look()
        later = a.site.gateway.closed

    assert at_once == ""
    assert later == "This server has not reached its store for 11 s."
