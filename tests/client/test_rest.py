"""Calls over HTTP: what is repeated, and what the server's problems become."""

from __future__ import annotations

import json

import httpx
import pytest

from headway.client.rest import Rest
from headway.errors import (
    CallerError,
    InvalidInput,
    NotFound,
    Overloaded,
    ServerError,
    StoreUnavailable,
    Unauthorized,
    Unreachable,
    WireError,
)


class FastClock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0
        self.ids = 0

    def now(self) -> int:
        return round(self.time * 1000)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds

    def uniform(self, low: float, high: float) -> float:
        return high

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"


class Answers(httpx.AsyncBaseTransport):
    """Gives the answers in order, the last again and again; keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def rest(*answers: httpx.Response | Exception, patience_s: float = 10.0) -> tuple[Rest, Answers]:
    transport = Answers(*answers)
    return Rest("http://hw:1", "secret", patience_s=patience_s, clock=FastClock(), transport=transport), transport


def problem(status: int, code: str, message: str, **more: object) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "message": message, **more})


OK = httpx.Response(200, json={"id": "j"})
REFUSED = httpx.ConnectError("[Errno 111] Connection refused")


async def test_a_call_carries_the_token_and_unsafe_ones_an_idempotency_key():
    caller, server = rest(OK)

    await caller.get("/jobs", {"q": "kind:a", "after": None})
    await caller.call("POST", "/jobs", {"kind": "a"})

    read, made = server.requests
    assert str(read.url) == "http://hw:1/api/v1/jobs?q=kind%3Aa"
    assert read.headers["Authorization"] == "Bearer secret"
    assert "Idempotency-Key" not in read.headers
    assert made.headers["Idempotency-Key"] == "id-1"
    assert json.loads(made.content) == {"kind": "a"}


async def test_a_call_that_met_a_restart_is_repeated_with_the_same_key():
    caller, server = rest(REFUSED, httpx.ReadError("reset"), httpx.Response(503), OK)

    answer = await caller.call("POST", "/jobs", {"kind": "a"})

    assert answer == {"id": "j"}
    assert {request.headers["Idempotency-Key"] for request in server.requests} == {"id-1"}
    assert len(server.requests) == 4


async def test_the_server_s_wish_when_to_come_again_is_kept():
    caller, _ = rest(httpx.Response(503, headers={"Retry-After": "4"}), OK)

    await caller.get("/jobs")

    assert caller.clock.monotonic() == 4.0


async def test_nobody_there_is_said_with_the_way_out_once_patience_is_over():
    caller, server = rest(REFUSED, patience_s=3.0)

    with pytest.raises(Unreachable) as caught:
        await caller.get("/jobs")

    assert str(caught.value) == (
        "No Headway server answers at http://hw:1 (connection refused). "
        "Start one with 'headway serve', or name another with --server or HEADWAY_SERVER."
    )
    assert len(server.requests) > 2
    assert caller.clock.monotonic() <= 3.0


async def test_a_caller_without_patience_asks_once():
    caller, server = rest(REFUSED, patience_s=0.0)

    with pytest.raises(Unreachable):
        await caller.get("/jobs")

    assert len(server.requests) == 1


async def test_an_overload_that_stays_is_the_server_s_own_error():
    full = problem(503, "overloaded", "10,000 commands wait.", hint="Try again in 1 s.", retry_after_s=1.0)
    caller, _ = rest(full, patience_s=2.0)

    with pytest.raises(Overloaded) as caught:
        await caller.get("/jobs")

    assert caught.value.retry_after_s == 1.0


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "not_found", NotFound),
        (401, "unauthorized", Unauthorized),
        (418, "a_code_of_tomorrow", CallerError),
        (500, "a_code_of_tomorrow", ServerError),
        (500, "store_unavailable", StoreUnavailable),
        (400, "job_failed", CallerError),
    ],
)
async def test_a_problem_becomes_the_error_it_was(status, code, kind):
    caller, _ = rest(problem(status, code, "It is so.", hint="Do that."))

    with pytest.raises(kind) as caught:
        await caller.get("/jobs/x")

    assert type(caught.value) is kind
    assert str(caught.value) == "It is so. Do that."
    assert (caught.value.code, caught.value.status) == (code, status)


async def test_a_refused_input_names_its_field():
    caller, _ = rest(problem(422, "invalid_input", "args.url: is required.", field="args.url"))

    with pytest.raises(InvalidInput) as caught:
        await caller.call("POST", "/jobs", {})

    assert (caught.value.field, caught.value.problem) == ("args.url", "is required")


async def test_something_else_at_the_address_is_called_so():
    caller, _ = rest(httpx.Response(200, text="<html>hello</html>"))
    other, _ = rest(httpx.Response(400, text="<html>bad</html>"))

    with pytest.raises(Unreachable, match="something else answers there"):
        await caller.get("/jobs")
    with pytest.raises(WireError, match="http://hw:1 answered 400, and not as a Headway server does"):
        await other.get("/jobs")


async def test_an_empty_answer_is_none():
    caller, _ = rest(httpx.Response(204))

    assert await caller.call("DELETE", "/jobs/x") is None
