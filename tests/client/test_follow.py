"""Following over links that break: what is seen, in which order, and when following ends."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from urllib.parse import parse_qs, urlsplit

import pytest

from headway.client import Client
from headway.client.follow import Shell, follow
from headway.clock import SystemClock
from headway.errors import InvalidInput, LinkRefused, NotFound, Unreachable, WireError
from headway.model.settings import Settings
from headway.protocol.following import Follower
from headway.protocol.frames import Hello
from headway.protocol.link import Link
from scripted_server import NOW, batch, frame, logged, moved, snapshot, welcome


class LuckyClock(SystemClock):
    """Its dice always fall on the shortest wait."""

    def uniform(self, low: float, high: float) -> float:
        return low


def client_of(server) -> Client:
    return Client(server.url, "secret", patience_s=0.0, clock=LuckyClock())


JOB = {"id": "j", "kind": "crawl", "queue": "default", "state": "queued"}
TOPIC = {"job:j": {"documents": {"job": {"j": JOB}}}}
BEGIN = ["hear", welcome(), "hear", snapshot(TOPIC)]
DONE = moved(3, "j", "completed")


async def states(client: Client) -> list[str]:
    return [view.state if view.live else f"({view.state})" for view in [view async for view in client.watch("j")]]


async def test_watching_yields_each_change_and_ends_with_the_final_one(server):
    server.scripts = [[*BEGIN, batch(1, 2, moved(2, "j", "running")), batch(2, 3, DONE)]]

    async with client_of(server) as client:
        seen = await states(client)

    assert seen == ["queued", "running", "completed"]
    hello, subscribe = server.heard
    assert (hello["type"], hello["token"]) == ("hello", "secret")
    assert subscribe["topics"] == ["job:j"]


async def test_a_ping_is_answered(server):
    server.scripts = [[*BEGIN, frame("ping", now=NOW, seq=1), "hear", batch(1, 3, DONE)]]

    async with client_of(server) as client:
        await states(client)

    assert server.heard[2] == {"type": "pong"}


@pytest.mark.parametrize("end", ["cut", 1001, 4101, 4200])
async def test_a_link_that_ends_is_shown_and_gone_on_from_the_cursor(server, end):
    server.scripts = [
        [*BEGIN, batch(1, 2, moved(2, "j", "running")), end],
        ["hear", welcome(), "hear", batch(2, 3, DONE)],
    ]

    async with client_of(server) as client:
        seen = await states(client)

    assert seen == ["queued", "running", "(running)", "completed"]
    assert server.heard[3]["since"] == "e.2"


async def test_a_gap_is_closed_by_asking_again_on_the_same_link(server):
    server.scripts = [[*BEGIN, batch(2, 3, DONE), "hear", batch(1, 3, moved(2, "j", "running"), DONE)]]

    async with client_of(server) as client:
        seen = await states(client)

    assert seen == ["queued", "completed"]
    assert server.heard[2]["since"] == "e.1"
    assert server.links == 1


async def test_bye_says_when_to_come_back(server):
    server.scripts = [[*BEGIN, frame("bye", reason="drain", after_ms=[0, 1])], [*BEGIN[:3], batch(1, 3, DONE)]]

    async with client_of(server) as client:
        assert (await states(client))[-1] == "completed"


async def test_a_refusal_ends_following_with_its_reason(server):
    server.scripts = [["hear", 4001]]

    async with client_of(server) as client:
        with pytest.raises(LinkRefused) as caught:
            await states(client)

    assert (caught.value.close_code, caught.value.reason) == (4001, "as the script says")


async def test_a_wish_that_the_server_does_not_understand_is_its_error(server):
    wrong = frame("error", id="s1", code="invalid_input", message="topic: 'x' is unknown.", field="topic")
    server.scripts = [["hear", welcome(), "hear", wrong]]

    async with client_of(server) as client:
        with pytest.raises(InvalidInput, match="topic: 'x' is unknown"):
            await states(client)


async def test_a_job_that_does_not_exist_is_not_found(server):
    server.scripts = [["hear", welcome(), "hear", snapshot({"job:j": {}})]]

    async with client_of(server) as client:
        with pytest.raises(NotFound):
            await states(client)


async def test_nobody_there_at_the_first_try_is_said_at_once():
    async with Client("http://127.0.0.1:9") as client:
        with pytest.raises(Unreachable):
            await states(client)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_proxy_whose_servers_are_away_is_asked_again_the_same_way(server, status):
    server.scripts = [[*BEGIN, "cut"], ["hear", welcome(seq=3), "hear", batch(1, 3, DONE)]]
    server.refusals = [status]

    async with client_of(server) as client:
        seen = await states(client)

    assert (seen[0], seen[-1]) == ("queued", "completed")
    assert server.links == 2
    assert server.asked == []  # no other transport was tried


# -- the other transports -------------------------------------------------------------------------------------------


def sse(*frames: str, ids: bool = True) -> str:
    parts = []
    for text in frames:
        value = json.loads(text)
        seq = value.get("to", value.get("seq"))
        parts.append((f"id: e.{seq}\n" if ids and seq else "") + f"data: {text}\n\n")
    return ": hello\n\nretry: 1000\n\n" + "".join(parts)


async def test_where_websocket_does_not_get_through_sse_does(server):
    stream = sse(snapshot(TOPIC, id="live"), batch(1, 3, DONE, id="live"))
    server.answers["/api/v1/live"] = [(200, "text/event-stream", stream)]

    async with client_of(server) as client:
        seen = await states(client)

    assert seen[-2:] == ["queued", "completed"]


async def test_a_stream_that_ends_is_opened_again_from_its_cursor(server):
    first, second = sse(snapshot(TOPIC, id="live")), sse(batch(1, 3, DONE, id="live"))
    server.answers["/api/v1/live"] = [
        (426, "text/plain", ""),
        *[(200, "text/event-stream", each) for each in (first, second)],
    ]

    async with client_of(server) as client:
        seen = await states(client)

    assert seen[-3:] == ["queued", "(queued)", "completed"]
    assert "since=e.1" in server.asked[-1]


async def test_where_only_plain_requests_get_through_polling_does(server):
    server.answers["/api/v1/live"] = [(200, "text/html", "<html>a proxy</html>")]
    polled = [
        {"frames": [json.loads(snapshot(TOPIC, id="live"))], "cursor": "e.1"},
        {"frames": [], "cursor": "e.1"},
        {"frames": [json.loads(batch(1, 3, DONE, id="live"))], "cursor": "e.3"},
    ]
    server.answers["/api/v1/events"] = [(200, "application/json", json.dumps(each)) for each in polled]

    async with client_of(server) as client:
        seen = await states(client)

    asked = [parse_qs(urlsplit(path).query) for path in server.asked if "/events" in path]
    assert seen[-2:] == ["queued", "completed"]
    assert [each.get("since") for each in asked] == [None, ["e.1"], ["e.1"]]


async def test_the_first_answer_to_a_poll_comes_before_a_link_gives_up_waiting_for_its_welcome(server):
    quiet = json.dumps({"frames": [], "cursor": "e.1"})
    server.answers["/api/v1/events"] = [
        (200, "application/json", quiet),
        (200, "application/json", json.dumps({"frames": [json.loads(batch(1, 3, DONE))], "cursor": "e.3"})),
    ]

    async with (
        client_of(server) as client,
        aclosing(follow(client.rest, ["jobs"], since="e.1", want="events", ways=("poll",))) as updates,
    ):
        await anext(updates)

    waits = [float(parse_qs(urlsplit(path).query)["wait"][0]) for path in server.asked]
    assert waits[0] < Settings().hello_s < waits[1]


async def test_where_nothing_gets_through_the_last_reason_is_said(server):
    async with client_of(server) as client:
        with pytest.raises(WireError, match="answered 404, and not as a Headway server does"):
            await states(client)


# -- lines and events -----------------------------------------------------------------------------------------------


async def test_followed_lines_have_no_hole_and_none_twice(server):
    stored = [
        {"number": number, "at": NOW, "level": "info", "text": f"line {number}", "attempt": 1} for number in (1, 2)
    ]
    server.answers["/api/v1/jobs/j/logs"] = [(200, "application/jsonl", "\n".join(map(json.dumps, stored)) + "\n")]
    newest = {"lines": [[3, NOW, "info", "line 3"]], "first": 3, "last": 3}
    running = {"job:j": {"documents": {"job": {"j": {**JOB, "state": "running"}}}}, "logs:j": newest}
    server.scripts = [
        ["hear", welcome(), "hear", snapshot(running), batch(1, 2, logged(2, "j", 4, "line 4", "line 5")), "cut"],
        ["hear", welcome(), "hear", batch(1, 2, logged(2, "j", 4, "line 4", "line 5")),
         batch(2, 3, moved(3, "j", "completed", log_lines=6)), batch(3, 4, logged(4, "j", 6, "line 6"))],
    ]  # fmt: skip

    async with client_of(server) as client:
        seen = [line["text"] async for line in client.logs("j", follow=True)]

    assert seen == [f"line {number}" for number in range(1, 7)]
    assert server.asked == ["/api/v1/jobs/j/logs?format=jsonl&from=1&limit=2"]


async def test_events_go_on_from_a_cursor_each_once(server):
    server.scripts = [
        ["hear", welcome(), "hear", batch(1, 2, moved(2, "j", "running")), "cut"],
        ["hear", welcome(), "hear", batch(2, 3, DONE)],
    ]

    async with client_of(server) as client, aclosing(client.events(["jobs"], since="e.1")) as events:
        seen = [(await anext(events)) for _ in range(2)]

    assert [(event.type, cursor) for event, cursor in seen] == [("job.running", "e.2"), ("job.completed", "e.3")]
    subscriptions = [heard for heard in server.heard if heard["type"] == "subscribe"]
    assert [(heard["since"], heard["want"], heard["conflate"]) for heard in subscriptions] == [
        ("e.1", "events", False),
        ("e.2", "events", False),
    ]


async def test_who_stops_looking_while_a_link_is_being_dropped_is_let_go(server):
    closing, closed = asyncio.Event(), asyncio.Event()

    async def slow_to_close() -> None:
        try:
            await closed.wait()
        except asyncio.CancelledError:
            closing.set()
            await closed.wait()
            raise

    async with client_of(server) as client:
        follower = Follower(Hello(), link=Link())
        shell = Shell(client.rest, follower, follower.subscribe(["jobs"], 0.0))
        shell._reading = asyncio.create_task(slow_to_close())
        await asyncio.sleep(0)
        dropping = asyncio.create_task(shell.drop())
        await closing.wait()
        dropping.cancel()
        closed.set()
        await asyncio.wait([dropping])

    assert dropping.cancelled()
