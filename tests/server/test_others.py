"""What is asked of one server, and done by another one of the same log."""

from __future__ import annotations

import asyncio
import threading

import httpx
from tests.server.test_elsewhere import DEAF, deafen
from tests.server.test_gateway import Socket, answered, asking, back, hello, linked

from headway.hub.tail import Commit
from headway.model.event import Event
from headway.model.world import World
from headway.protocol import frames as f
from headway.server.wire import GatheringWire

WORKER = "gpu-3/1"


async def test_an_administrator_cuts_a_link_at_another_server(pair):
    async with pair() as (a, b):
        socket = await linked(a)

        answer = await b.http.post(f"/api/v1/workers/{WORKER}/disconnect")
        code, reason = await socket.closed()

    assert (answer.status_code, answer.json()["state"]) == (200, "disconnected")
    assert (code, reason) == (4003, "disconnected by an administrator")


async def test_a_repair_asks_for_a_new_hello_at_another_server(pair):
    async with pair() as (a, b):
        socket = await linked(a)

        await b.http.post(f"/api/v1/workers/{WORKER}/repair")
        bye = await socket.hear(f.Bye)
        code, _ = await socket.closed()

    assert (bye.reason, tuple(bye.after_ms), code) == ("repair", (0, 0), 4200)


async def test_a_cut_that_was_asked_before_the_worker_moved_does_not_follow_it(pair):
    async with pair() as (a, b):
        asked = {"server": a.server, "for_good": True, "reason": "enough"}
        event = Event(type="worker.disconnect_requested", at=0, subject=WORKER, data=asked)
        moved = await linked(b)

        b.site.gateway.follow(Commit([event], World(0)))
        id = await b.submit()

        assert (await moved.hear(f.Offer)).job == id


async def test_the_lists_of_links_name_the_server(pair):
    async with pair() as (a, _):
        await linked(a)
        a.site.hub.feed.open_viewer(GatheringWire(), address="here", greeted=True, pinged=False)

        listed = (await a.http.get("/api/v1/admin/connections")).json()

    assert [each["server"] for each in (*listed["viewers"], *listed["workers"])] == [a.server, a.server]


async def test_a_viewer_is_cut_wherever_it_looks(pair):
    async with pair() as (a, b):
        wire = GatheringWire()
        viewer = wire.viewer = b.site.hub.feed.open_viewer(wire, greeted=True, pinged=False)

        answer = await a.http.delete(f"/api/v1/admin/connections/{viewer.session}")
        await b.until(lambda: wire.ended)
        unknown = await a.http.delete("/api/v1/admin/connections/gone.1")

    assert (answer.status_code, unknown.status_code) == (204, 404)
    assert wire.ended == (4200, "cut by an administrator")


async def test_the_servers_of_a_log_are_listed_with_the_one_that_leads(pair):
    async with pair() as (a, b):
        await linked(b)
        await b.until(lambda: b.site.hub.about.get("workers"))
        await b.site.hub.peers.beat()
        await a.site.hub.peers.beat()

        listed = (await a.http.get("/api/v1/admin/servers")).json()
        servers = {server["id"]: server for server in listed["servers"]}

    assert set(servers) == {a.server, b.server}
    assert (listed["asked"], listed["leader"]) == (a.server, a.server)
    assert (servers[a.server]["workers"], servers[b.server]["workers"]) == (0, 1)
    assert {"version", "machine", "address", "started_at", "viewers", "seq", "age_s"} <= servers[b.server].keys()


async def test_the_age_of_a_worker_is_that_of_its_last_word_wherever_it_was_heard(pair):
    async with pair() as (a, b):
        a.site.hub.roster.recall(WORKER, 1)  # from when this server began
        await linked(b)

        worker = await a.worker(WORKER)

    assert worker["age_s"] < 10


async def test_a_limit_is_shown_as_it_was_just_set_by_a_server_that_is_behind(pair):
    async with pair() as (a, b):
        await b.connect()
        await a.until(lambda: "add" in a.site.known.kinds)
        a.site.known.kinds["add"] = {"name": "add", "limit": 1}

        patched = await a.http.patch("/api/v1/kinds/add", json={"limit": 7})

    assert patched.json()["limit"] == 7


async def test_a_result_is_waited_for_at_another_server(pair):
    async with pair() as (a, b):
        id = await a.submit()
        await b.start(id)
        waiting = asyncio.create_task(a.http.get(f"/api/v1/jobs/{id}/result?wait=30"))
        await a.until(lambda: len(a.site.waits))

        await b.end(id)
        answer = (await waiting).json()

    assert (answer["final"], answer["state"]) == (True, "completed")


async def test_a_kind_declared_at_one_server_judges_arguments_at_the_other(pair):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    async with pair() as (a, b):
        await a.connect({"name": "add", "hash": "1", "schema": schema})
        await b.until(lambda: "add" in b.site.known.kinds)

        answer = await b.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": "x"}})

    assert (answer.status_code, answer.json()["field"]) == (422, "args.a")


async def test_an_idempotency_key_used_at_one_server_is_known_at_the_other(pair):
    async with pair() as (a, b):
        sent = {"json": {"kind": "add"}, "headers": {"Idempotency-Key": "k"}}
        first = await a.http.post("/api/v1/jobs", **sent)
        again = await b.http.post("/api/v1/jobs", **sent)
        other = await b.http.post("/api/v1/jobs", json={"kind": "sub"}, headers={"Idempotency-Key": "k"})

    assert first.json()["id"] == again.json()["id"]
    assert other.status_code == 422


async def test_a_worker_of_one_server_is_hello_to_the_hints_of_the_other(pair):
    async with pair() as (a, b):
        socket = Socket(a)
        socket.say(hello())
        await socket.hear(f.WorkerWelcome)
        await b.until(lambda: b.site.known.serves("add"))

        answer = await b.http.post("/api/v1/jobs", json={"kind": "add"})

    assert answer.json().get("hint") is None


def seq_of(answer: httpx.Response) -> int:
    return int(answer.headers["headway-seq"])


async def test_an_answer_carries_the_number_of_the_newest_event_it_can_know_of(pair):
    async with pair(settings=DEAF) as (a, b):
        deafen(a)
        submitted = await b.http.post("/api/v1/jobs", json={"kind": "add"})
        read = await a.http.get(f"/api/v1/jobs/{submitted.json()['id']}")
        head = b.store.disk.head.seq

    assert seq_of(submitted) == seq_of(read) == head


async def test_an_answer_to_a_command_knows_of_it_though_others_came_first(pair):
    async with pair(settings=DEAF) as (a, b):
        deafen(a)
        await b.submit()
        answer = await a.http.post("/api/v1/jobs", json={"kind": "add"})
        mine = next(event for event in a.store.disk.log if event.job == answer.json()["id"])

    assert seq_of(answer) >= mine.seq


async def test_a_viewer_that_is_ahead_of_a_server_waits_for_it_without_a_reset(pair):
    async with pair(settings=DEAF) as (a, b):
        deafen(a)
        await b.submit()
        cursor = f"{a.site.hub.feed.source.epoch}.{b.store.disk.head.seq}"

        early = (await a.http.get(f"/api/v1/events?topic=jobs&since={cursor}&wait=0")).json()
        id = await a.submit()
        await a.until(lambda: a.site.hub.feed.head == a.store.disk.head.seq)
        late = (await a.http.get(f"/api/v1/events?topic=jobs&since={early['cursor']}&wait=5")).json()

    assert {frame["type"] for frame in (*early["frames"], *late["frames"])} == {"batch"}
    assert {event["job"] for frame in (*early["frames"], *late["frames"]) for event in frame["events"]} == {id}


async def test_a_cursor_beyond_the_log_is_of_another_one(pair):
    async with pair() as (a, _):
        epoch = a.site.hub.feed.source.epoch

        answer = (await a.http.get(f"/api/v1/events?topic=jobs&since={epoch}.999999&wait=0")).json()

    assert answer["frames"][0] == {"type": "reset", "id": "stream", "epoch": epoch, "reason": "epoch"}


async def test_slow_questions_of_rest_keep_no_server_from_saying_that_it_lives(pair):
    async with pair() as (a, _):
        hold = threading.Event()
        scans = [asyncio.create_task(a.site.read(lambda reading: hold.wait(20))) for _ in range(40)]
        await asyncio.sleep(0)

        async with asyncio.timeout(5):
            await a.site.hub.peers.beat()
        hold.set()
        await asyncio.gather(*scans)


async def test_an_answer_given_at_one_server_reaches_the_worker_at_another_before_and_after_it_moved(pair):
    async with pair() as (a, b):
        old = await linked(a)
        id = await asking(a, old)
        await answered(b, id, "yes")
        heard = await old.hear(f.InputAnswer)
        await old.drop()

        new = await back(b, id, 1)
        again = await new.hear(f.InputAnswer)

    assert heard.answer == {"action": "accept", "content": "yes"}
    assert again == heard
