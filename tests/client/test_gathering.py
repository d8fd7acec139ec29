"""Submits at the same time share requests, and each gets its own answer or its own error."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headway.client.gathering import AT_ONCE, Gathering
from headway.errors import InvalidInput, ServerError, Unreachable


class Server:
    """Answers calls when told to; a kind `bad` is invalid, a kind `full` is refused by the ledger."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.gate = asyncio.Event()
        self.gone = False

    async def call(self, method: str, path: str, body: Any) -> Any:
        self.calls.append((path, body))
        await self.gate.wait()
        if self.gone:
            raise Unreachable("http://hw", "connection refused")
        requests = body.get("jobs", [body])
        if any(request["kind"] == "bad" for request in requests):
            raise InvalidInput("args", "is missing")
        made = [
            {"problem": {"code": "internal", "message": "no", "status": 500}}
            if request["kind"] == "full"
            else {"id": request["id"], "created": True}
            for request in requests
        ]
        if path == "/jobs":
            return made[0]
        return {"jobs": made, "hints": [f"Nobody serves {kind!r}." for kind in {r["kind"] for r in requests} & {"odd"}]}


async def submit(server: Server, *kinds: str) -> list[Any]:
    gathering = Gathering(server.call)
    asked = [asyncio.ensure_future(gathering.submit({"kind": kind, "id": n})) for n, kind in enumerate(kinds)]
    await asyncio.sleep(0)
    server.gate.set()
    return await asyncio.gather(*asked, return_exceptions=True)


@pytest.fixture
def server() -> Server:
    return Server()


async def test_one_submit_is_one_request_of_its_own(server: Server):
    assert await submit(server, "noop") == [{"id": 0, "created": True}]
    assert [path for path, _ in server.calls] == ["/jobs"]


async def test_what_is_asked_while_others_are_under_way_leaves_as_one_batch(server: Server):
    answers = await submit(server, *["noop"] * 50)

    assert [answer["id"] for answer in answers] == list(range(50))
    assert [path for path, _ in server.calls] == ["/jobs"] * AT_ONCE + ["/jobs/batch"]


async def test_a_bad_one_in_a_batch_fails_alone(server: Server):
    answers = await submit(server, "noop", "noop", "noop", "bad", "noop")

    assert [answer["id"] for answer in answers if isinstance(answer, dict)] == [0, 1, 2, 4]
    assert isinstance(answers[3], InvalidInput)


async def test_what_the_ledger_refuses_within_a_batch_is_the_error_of_that_one(server: Server):
    answers = await submit(server, "noop", "noop", "full", "noop")

    assert isinstance(answers[2], ServerError)
    assert [answer["id"] for answer in answers if isinstance(answer, dict)] == [0, 1, 3]


async def test_the_hint_of_a_kind_goes_to_its_jobs_alone(server: Server):
    answers = await submit(server, "noop", "noop", "odd", "noop")

    assert (answers[2]["hint"], answers[3]["hint"]) == ("Nobody serves 'odd'.", None)


async def test_a_server_that_is_gone_is_told_to_everybody(server: Server):
    server.gone = True

    answers = await submit(server, *["noop"] * 4)

    assert [type(answer) for answer in answers] == [Unreachable] * 4


async def test_who_stops_waiting_does_not_stop_the_others(server: Server):
    gathering = Gathering(server.call)
    asked = [asyncio.ensure_future(gathering.submit({"kind": "noop", "id": n})) for n in range(4)]
    await asyncio.sleep(0)
    asked[3].cancel()
    server.gate.set()

    answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [isinstance(answer, dict) for answer in answers] == [True, True, True, False]
