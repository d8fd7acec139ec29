"""A call that became a task: followed, asked, cancelled and found again, against a server whose tasks the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CONNECTION_CLOSED, CallToolResult, ElicitRequestParams, ElicitResult, ErrorData, TextContent

from headway.clock import SystemClock
from headway.connectors.mcp.tasks import Following, TaskCancelled, Tasks, call_tool
from mcp_servers.taskful import TaskServer

DONE = {"content": [{"type": "text", "text": "done"}], "structuredContent": {"result": "done"}, "isError": False}
NAME = {
    "method": "elicitation/create",
    "params": {
        "mode": "form",
        "message": "Your name?",
        "requestedSchema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
}


class QuickClock(SystemClock):
    """Sleeps for one turn of the loop; time passes as asked."""

    def __init__(self) -> None:
        super().__init__()
        self.passed = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed += seconds
        await asyncio.sleep(0)


class Attempt:
    """What the attempt was told."""

    def __init__(self, kept: str | None = None) -> None:
        self.clock = QuickClock()
        self.said: list[str] = []
        self.kept: list[str | None] = []
        self.warned: list[str] = []
        self.left: list[Awaitable[None]] = []
        self.lives = 0
        self.asked: list[ElicitRequestParams] = []
        self.answering: Callable[[], Awaitable[ElicitResult | ErrorData]] = self.accept
        self.following = Following(
            server="taskful",
            clock=self.clock,
            say=self.said.append,
            alive=self.live,
            answer=self.answer,
            keep=self.kept.append,
            warn=self.warned.append,
            grace_s=lambda: 0.05,
            left=self.left.append,
            kept=kept,
        )

    def live(self) -> None:
        self.lives += 1

    async def accept(self) -> ElicitResult:
        return ElicitResult(action="accept", content={"name": "Ada"})

    async def answer(self, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        self.asked.append(params)
        return await self.answering()


class Scene:
    """One server, one connection."""

    def __init__(self, server: TaskServer, client: Client) -> None:
        self.server = server
        self.client = client

    def call(self, attempt: Attempt, tool: str = "work") -> asyncio.Task[CallToolResult]:
        return asyncio.create_task(call_tool(self.client, tool, {"n": 1}, attempt.following))

    async def looked(self, times: int = 2) -> None:
        """The client has heard what is so now."""
        before = len(self.server.asked)
        await until(lambda: len(self.server.asked) >= before + times)

    async def begun(self) -> str:
        await until(lambda: bool(self.server.asked))
        return next(iter(self.server.tasks))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - the server's state has no event
            await asyncio.sleep(0)


@asynccontextmanager
async def scene(**options: Any) -> AsyncIterator[Scene]:
    server = TaskServer(**options)
    async with Client(server.mcp, extensions=[Tasks()]) as client:
        await client.list_tools()
        yield Scene(server, client)


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_a_task_is_followed_to_what_its_tool_gave():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        id = await at.begun()
        at.server.complete(DONE)

        result = await calling

    assert (text_of(result), result.structured_content) == ("done", {"result": "done"})
    assert attempt.kept == [id]


async def test_a_tool_that_the_server_answers_at_once_is_an_ordinary_call():
    async with scene() as at:
        result = await at.call(attempt := Attempt(), "plain")

    assert text_of(result) == "plain 1"
    assert (attempt.kept, at.server.tasks) == ([], {})


async def test_what_a_task_says_of_its_way_is_shown_as_it_is_once_each_time():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        await at.begun()
        for words in ("42 % · stage 3/6", "42 % · stage 3/6", "over soon"):
            at.server.say(words)
            await at.looked()
        at.server.complete(DONE)
        await calling

    assert attempt.said == ["42 % · stage 3/6", "over soon"]


async def test_that_the_server_answers_is_no_sign_of_life_of_the_tool():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        await at.begun()
        await at.looked(20)
        silent = attempt.lives
        at.server.say("here I am")
        await at.looked()
        spoken = attempt.lives
        at.server.complete(DONE)
        await calling

    assert (silent, spoken) == (1, 2)


@pytest.mark.parametrize(("wished_ms", "first_s", "later_s"), [(5000, 1.0, 5.0), (20, 0.1, 0.1), (None, 1.0, 1.0)])
async def test_it_is_asked_each_second_at_first_and_then_as_the_server_wishes(
    wished_ms: int | None, first_s: float, later_s: float
):
    async with scene(poll_ms=wished_ms) as at:
        calling = at.call(attempt := Attempt())
        await at.begun()
        await until(lambda: attempt.clock.passed > 20)
        at.server.complete(DONE)
        await calling

    assert attempt.clock.slept[0] == first_s
    assert attempt.clock.slept[-1] == later_s


async def test_a_task_that_failed_is_its_json_rpc_error_and_is_not_gone_on_with():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        id = await at.begun()
        at.server.fail(-32000, "API rate limit exceeded")

        with pytest.raises(MCPError, match="API rate limit exceeded") as failed:
            await calling

    assert failed.value.code == -32000
    assert attempt.kept == [id, None]


async def test_what_the_tool_says_of_its_own_failure_is_a_result():
    async with scene() as at:
        calling = at.call(Attempt())
        await at.begun()
        at.server.complete({"content": [{"type": "text", "text": "no such city"}], "isError": True})

        result = await calling

    assert (result.is_error, text_of(result)) == (True, "no such city")


@pytest.mark.parametrize("result", [None, {"content": 7}])
async def test_a_task_that_is_completed_without_a_result_is_the_servers_fault(result: Any):
    async with scene() as at:
        calling = at.call(Attempt())
        await at.begun()
        at.server.complete(result)

        with pytest.raises(MCPError, match="the task is completed, and "):
            await calling


async def test_a_task_that_somebody_else_cancelled_says_so():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        id = await at.begun()
        at.server.end("stopped by the administrator")

        with pytest.raises(TaskCancelled, match="stopped by the administrator"):
            await calling

    assert attempt.kept == [id, None]


async def test_a_structured_result_is_checked_against_what_the_tool_promised():
    async with scene() as at:
        calling = at.call(Attempt())
        await at.begun()
        at.server.complete({"content": [], "structuredContent": {"result": 7}, "isError": False})

        with pytest.raises(RuntimeError, match="work"):
            await calling


# -- questions --------------------------------------------------------------------------------------------------------


async def test_what_a_task_asks_is_asked_once_and_the_answer_given():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        await at.begun()
        at.server.ask("q1", NAME)
        await until(lambda: bool(at.server.answers))
        at.server.ask("q1", NAME)  # a server may take a while to see the answer
        await at.looked()
        at.server.complete(DONE)
        await calling

    assert [params.message for params in attempt.asked] == ["Your name?"]
    assert at.server.answers == [{"q1": {"action": "accept", "content": {"name": "Ada"}}}]


async def test_a_declined_question_is_the_tools_business():
    async with scene() as at:
        attempt = Attempt()

        async def decline() -> ElicitResult:
            return ElicitResult(action="decline")

        attempt.answering = decline
        calling = at.call(attempt)
        await at.begun()
        at.server.ask("q1", NAME)
        await until(lambda: bool(at.server.answers))
        at.server.complete(DONE)
        await calling

    assert at.server.answers == [{"q1": {"action": "decline"}}]


async def test_a_task_is_listened_to_while_its_question_waits_and_the_question_ends_with_it():
    withdrawn = asyncio.Event()

    async def never() -> ElicitResult:
        try:
            return await asyncio.Future()
        finally:
            withdrawn.set()

    async with scene() as at:
        attempt = Attempt()
        attempt.answering = never
        calling = at.call(attempt)
        await at.begun()
        at.server.ask("q1", NAME)
        await until(lambda: bool(attempt.asked))
        at.server.complete(DONE)

        result = await calling
        await withdrawn.wait()

    assert text_of(result) == "done"


async def test_a_task_that_asks_for_what_headway_does_not_do_fails_and_says_what():
    async with scene() as at:
        calling = at.call(Attempt())
        await at.begun()
        at.server.ask("q1", {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}})

        with pytest.raises(MCPError, match="the task asks for 'sampling/createMessage', which Headway does not answer"):
            await calling


# -- the end before the end -------------------------------------------------------------------------------------------


async def cancelled(calling: asyncio.Task[CallToolResult]) -> None:
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling


async def test_a_cancel_is_told_to_the_server_and_its_end_is_waited_for():
    async with scene() as at:
        calling = at.call(attempt := Attempt())
        id = await at.begun()

        await cancelled(calling)

    assert at.server.cancels == [id]
    assert (attempt.kept, attempt.warned, attempt.left) == ([id, None], [], [])


async def test_a_task_that_goes_on_after_its_cancel_is_said_so_and_counted_until_it_ends():
    async with scene(stops=False) as at:
        calling = at.call(attempt := Attempt())
        await at.begun()
        await cancelled(calling)
        (leftover,) = attempt.left
        counted: Coroutine[Any, Any, None] = leftover  # pyright: ignore[reportAssignmentType]
        counting = asyncio.create_task(counted)
        await at.looked()
        still = counting.done()
        at.server.complete(DONE)
        await counting

    assert attempt.warned == ["The task goes on in taskful although it was told to stop; what it says is ignored."]
    assert not still


async def test_a_job_that_moves_to_another_worker_leaves_its_task_running():
    async with scene() as at:
        attempt = Attempt()
        attempt.following.moves = lambda: True
        calling = at.call(attempt)
        id = await at.begun()

        await cancelled(calling)

    assert (at.server.cancels, attempt.kept) == ([], [id])


# -- the next attempt -------------------------------------------------------------------------------------------------


async def test_an_attempt_goes_on_with_the_task_of_the_one_before():
    async with scene() as at:
        first = Attempt()
        first.following.moves = lambda: True
        calling = at.call(first)
        id = await at.begun()
        await cancelled(calling)
        second = at.call(attempt := Attempt(kept=id))
        await at.looked()
        at.server.complete(DONE)

        result = await second

    assert text_of(result) == "done"
    assert len(at.server.calls) == 1
    assert attempt.said == ["Going on with the task of the attempt before"]


async def test_a_task_that_was_over_meanwhile_gives_its_result():
    async with scene() as at:
        await at.client.session.call_tool("work", {"n": 1}, allow_claimed=True)
        (id,) = at.server.tasks
        at.server.complete(DONE)

        result = await at.call(Attempt(kept=id))

    assert (text_of(result), len(at.server.calls)) == ("done", 1)


@pytest.mark.parametrize("end", ["forget", "cancel"])
async def test_where_nothing_is_left_of_the_task_the_tool_is_called_again(end: str):
    async with scene() as at:
        await at.client.session.call_tool("work", {"n": 1}, allow_claimed=True)
        (old,) = at.server.tasks
        at.server.forget() if end == "forget" else at.server.end("cancelled")
        calling = at.call(attempt := Attempt(kept=old))
        await until(lambda: len(at.server.calls) == 2)
        (new,) = {*at.server.tasks} - {old}
        at.server.complete(DONE, new)
        await calling

    assert attempt.kept == [new]


async def test_a_lost_connection_is_waited_for_and_the_task_found_again():
    server = TaskServer()
    async with Client(server.mcp, extensions=[Tasks()]) as other:
        attempt = Attempt()

        async def again() -> Client:
            return other

        attempt.following.again = again
        async with Client(server.mcp, extensions=[Tasks()]) as client:
            await client.list_tools()
            at = Scene(server, client)
            calling = at.call(attempt)
            await at.begun()
            lose(client)
        server.complete(DONE)

        result = await calling

    assert (text_of(result), len(server.calls)) == ("done", 1)
    assert attempt.said == ["The connection to taskful was lost; the task is looked for"]


async def test_a_task_that_went_with_its_server_is_a_lost_connection():
    async with scene() as at:
        attempt = Attempt()
        async with Client(TaskServer().mcp, extensions=[Tasks()]) as restarted:

            async def again() -> Client:
                return restarted

            attempt.following.again = again
            calling = at.call(attempt)
            await at.begun()
            lose(at.client)

            with pytest.raises(MCPError) as lost:
                await calling

    assert lost.value.code == CONNECTION_CLOSED


def lose(client: Client) -> None:
    """From now on whatever is sent finds the connection closed."""

    async def closed(*_: Any, **__: Any) -> Any:
        raise MCPError(CONNECTION_CLOSED, "Connection closed")

    client.session._dispatcher.send_raw_request = closed  # type: ignore[method-assign]
