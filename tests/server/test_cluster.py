"""Two servers on one PostgreSQL, whole but for their sockets: what the fakes of the other tests promise, the database keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from tests.server.conftest import Bench, Pair, Running
from tests.server.test_gateway import Socket, answered, asking, back, hello, linked, started

from headway.model.settings import Settings
from headway.protocol import frames as f
from postgres import Postgres
from processes import Link

WORKER = "gpu-3/1"


@pytest.fixture
def cluster(running: Running, database: str) -> Pair:
    """`async with cluster(settings=…) as (a, b):` two servers on one database."""

    @asynccontextmanager
    async def run(**config: object) -> AsyncGenerator[tuple[Bench, Bench]]:
        async with running(store=database, **config) as a, running(store=database, **config) as b:
            await a.site.hub.peers.beat()
            yield a, b

    return run


async def test_a_worker_goes_on_at_another_server(cluster: Pair):
    async with cluster() as (a, b):
        old = await linked(a)
        id = await started(a, old)
        old.say(f.Report(job=id, attempt=1, n=1, items=[]))
        await old.hear(f.Ack)

        new = Socket(b)
        new.say(hello(running=[f.Running(id, 1, 1)]))
        welcome = await new.hear(f.WorkerWelcome)
        code, _ = await old.closed()
        new.say(f.Ended(job=id, attempt=1, n=2, outcome="succeeded"))
        await new.hear(f.Ack)
        worker, job = await a.worker(WORKER), await a.job(id)

    assert (welcome.yours, code) == ([f.Running(id, 1, 1)], 4103)
    assert (worker["state"], worker["server"], job["state"]) == ("online", b.server, "completed")


async def test_an_answer_given_at_one_server_reaches_the_worker_at_the_other_and_once_more_where_it_goes_on(
    cluster: Pair,
):
    async with cluster() as (a, b):
        old = await linked(a)
        id = await asking(a, old)
        await answered(b, id, {"yes": None})
        heard = await old.hear(f.InputAnswer)
        await old.drop()

        new = await back(b, id, 1)
        again = await new.hear(f.InputAnswer)

    assert heard.answer == {"action": "accept", "content": {"yes": None}}
    assert again == heard


async def test_a_job_submitted_at_one_server_is_waited_for_there_and_run_and_cut_at_the_other(cluster: Pair):
    async with cluster() as (a, b):
        socket = await linked(b)
        id = await a.submit()
        waiting = asyncio.create_task(a.http.get(f"/api/v1/jobs/{id}/result?wait=30"))
        offer = await socket.hear(f.Offer)
        socket.say(f.Accept(job=id, attempt=1), f.Ended(job=id, attempt=1, n=1, outcome="succeeded"))
        answer = (await waiting).json()

        cut = await a.http.post(f"/api/v1/workers/{WORKER}/disconnect")
        code, _ = await socket.closed()

    assert (offer.job, answer["state"]) == (id, "completed")
    assert (cut.json()["state"], code) == ("disconnected", 4003)


async def test_a_file_stored_at_one_server_is_sent_by_the_other_and_goes_with_its_job(cluster: Pair):
    whole = bytes(range(256)) * 12_000
    async with cluster() as (a, b):
        id = await a.submit()
        await a.start(id)
        stored = await a.http.put(f"/api/v1/jobs/{id}/attempts/1/artifacts/a.bin", content=whole)
        part = await b.http.get(f"/api/v1/jobs/{id}/artifacts/a.bin", headers={"Range": "bytes=1048570-1048585"})
        got = await b.http.get(f"/api/v1/jobs/{id}/artifacts/a.bin")
        await a.end(id)

        await b.http.delete(f"/api/v1/jobs/{id}")
        await asyncio.gather(*b.application._forgetting)
        left = [key async for some in a.site.artifacts.every_key() for key in some]

    assert stored.json()["size"] == len(whole)
    assert (part.status_code, part.content) == (206, whole[1_048_570:1_048_586])
    assert got.content == whole
    assert left == []


async def test_both_are_listed_and_one_leads(cluster: Pair):
    async with cluster() as (a, b):
        listed = (await b.http.get("/api/v1/admin/servers")).json()

    assert {server["id"] for server in listed["servers"]} == {a.server, b.server}
    assert listed["leader"] == a.server


async def test_a_database_that_is_killed_makes_both_unready_and_loses_nobody(cluster: Pair, postgres: Postgres):
    async with cluster(settings=Settings(cut_off_s=3_600.0)) as (a, b):
        socket = await linked(b)
        postgres.kill()
        try:
            await a.until(lambda: a.site.hub.peers.silent_s > 3.0 and b.site.hub.peers.silent_s > 3.0)
            unready = [(await bench.http.get("/readyz")).status_code for bench in (a, b)]
            refused = await a.http.post("/api/v1/jobs", json={"kind": "add"})
        finally:
            postgres.restart()
        await a.until(lambda: a.site.hub.peers.silent_s < 1.5 and b.site.hub.peers.silent_s < 1.5)
        id = await a.submit()
        offer = await socket.hear(f.Offer)
        ready = [(await bench.http.get("/readyz")).status_code for bench in (a, b)]

    assert (unready, refused.status_code, ready) == ([503, 503], 503, [200, 200])
    assert offer.job == id


async def test_a_server_whose_way_to_the_database_is_frozen_sends_its_worker_to_the_other(
    running: Running, database: str, postgres: Postgres
):
    network = Link(postgres.port)
    port = int(network.url.rpartition(":")[2])
    settings = Settings(cut_off_s=4.0)
    try:
        async with (
            running(store=database.replace(f":{postgres.port}/", f":{port}/"), settings=settings) as a,
            running(store=database, settings=settings) as b,
        ):
            await a.site.hub.peers.beat()
            worker = await linked(a)
            network.freeze()
            bye = await worker.hear(f.Bye)
            alive = await a.http.get("/livez")
            elsewhere = await linked(b)
            id = await b.submit()
            offer = await elsewhere.hear(f.Offer)
            network.thaw()
            await a.until(lambda: not a.site.gateway.closed)
            await worker.closed()
            shown = await a.worker(WORKER)
    finally:
        network.close()

    assert bye.reason == "This server has not reached its store for 4 s."
    assert (alive.status_code, offer.job) == (200, id)
    assert (shown["state"], shown["server"]) == ("online", b.server)


async def test_one_action_on_many_runs_at_the_server_that_was_asked_and_is_cancelled_at_the_other(cluster: Pair):
    async with cluster() as (a, b):
        await a.http.post("/api/v1/jobs/batch", json={"jobs": [{"kind": "add"}] * 2_000})
        begun = (await b.http.post("/api/v1/jobs/actions", json={"action": "cancel", "q": "kind:add"})).json()

        await a.http.post(f"/api/v1/jobs/{begun['job']}/cancel")
        ending = (await a.http.get(f"/api/v1/jobs/{begun['job']}/result?wait=30")).json()
        job = await a.job(begun["job"])
        cancelled = (await a.http.get("/api/v1/queues/default")).json()["counts"]["cancelled"]

    assert (ending["state"], job["worker"]) == ("cancelled", f"server/{b.server}")
    assert 0 < job["result"]["done"] == cancelled < 2_000
