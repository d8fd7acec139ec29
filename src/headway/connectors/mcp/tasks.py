"""A call that became a task: followed to its end, answered when it asks, ended when it is cancelled, found again later.

A task outlives the connection that made it. So its id is the attempt's checkpoint: who comes after a lost connection, or
after a killed worker, goes on with the task that runs instead of calling the tool a second time. A task tells its way in
words only (`statusMessage`): they are shown as they are, and no percentage is read out of them. Polling is quicker than the
server wishes for the first seconds, as most calls are over by then. Must never know the board. Called by `call.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mcp import Client
from mcp.client.extension import ClaimContext, ClientExtension, ResultClaim
from mcp.client.session import ClientSession
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    CallToolResult,
    ElicitRequest,
    ElicitRequestParams,
    ElicitResult,
    ErrorData,
)
from pydantic import ValidationError

from headway.clock import Clock
from headway.connectors.mcp import task_wire as wire
from headway.connectors.mcp.task_wire import EXTENSION, RELATED, TERMINAL, Created, Json, Told

CHECKPOINT = "mcp.task"
"""Under which an attempt keeps the id of its task."""
_EAGER_S = 10.0  # from the beginning, in which it is asked once a second at least
_POLL_S = (0.1, 1.0, 60.0)  # at least, at first or where the server wishes nothing, at most
_STOPPING_S = 0.25  # between two looks at a task that was told to end
_UNKNOWN = frozenset({INVALID_PARAMS, METHOD_NOT_FOUND})


class TaskCancelled(Exception):
    """The task was cancelled on the server, and not by us."""


@dataclass(kw_only=True)
class Following:
    """What the task of one attempt needs of that attempt.

    `kept`: the id that an earlier attempt kept. `grace_s`: how long a task may take to end, read once it was cancelled.
    `moves`: whether the job goes on in another worker, so that its task is left running. `left` takes what ends when a
    task that did not stop does. `again`: the connection once it is there again; without it a lost one ends the attempt.
    """

    server: str
    clock: Clock
    say: Callable[[str], None]
    alive: Callable[[], None]
    answer: Callable[[ElicitRequestParams], Awaitable[ElicitResult | ErrorData]]
    keep: Callable[[str | None], None]
    warn: Callable[[str], None]
    grace_s: Callable[[], float]
    left: Callable[[Awaitable[None]], None]
    kept: str | None = None
    moves: Callable[[], bool] = lambda: False
    again: Callable[[], Awaitable[Client]] | None = None


class _BecameTask(Exception):
    """How `Tasks` hands a task to `call_tool`: the SDK's own way holds on to a connection that may be lost meanwhile."""

    def __init__(self, created: Told) -> None:
        super().__init__(created.task_id)
        self.created = created


class Tasks(ClientExtension):
    """The client's half of SEP-2663, for all calls of one connection. Give it to `Client(extensions=[…])`."""

    identifier = EXTENSION

    def claims(self) -> Sequence[ResultClaim[Any]]:
        return [ResultClaim(result_type="task", model=Created, resolve=self._resolve)]

    async def _resolve(self, created: Created, context: ClaimContext) -> CallToolResult:
        raise _BecameTask(Told.model_validate(created.model_dump(by_alias=True), by_name=False))


_owners: dict[str, Following] = {}


def owner(meta: Mapping[str, Any] | None) -> Following | None:
    """Whose task an elicitation of 2025-11-25 belongs to, by what the server wrote into its `_meta`."""
    related = (meta or {}).get(RELATED)
    return _owners.get(str(related.get("taskId"))) if isinstance(related, Mapping) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


async def call_tool(
    client: Client,
    name: str,
    arguments: Json,
    following: Following,
    *,
    required: bool = False,
    progress_callback: ProgressFnT | None = None,
) -> CallToolResult:
    """Call a tool and wait for its end, whether or not the server makes a task of it. `required`: the tool says that it
    runs as a task only (2025-11-25).

    What `Client.call_tool` raises; TaskCancelled; MCPError of a task that failed, or that the server forgot.
    """
    kind = Task if wire.is_modern(client.session) else OldTask
    created = await _found(client, following)
    try:
        if created is None and required and kind is OldTask:
            created = await wire.create(client.session, name, arguments)
        if created is None:
            return await client.call_tool(name, arguments, progress_callback=progress_callback)
    except _BecameTask as became:
        created = became.created
    following.keep(created.task_id)
    task = kind(client.session, created.task_id, following)
    result = await task.run(created)
    if not result.is_error:
        await task.session.validate_tool_result(name, result)
    return result


async def _found(client: Client, following: Following) -> Told | None:
    """The task that an earlier attempt made, or None where there is nothing left of it."""
    if following.kept is None:
        return None
    try:
        found = await wire.get(client.session, following.kept)
    except MCPError as error:
        if error.code not in _UNKNOWN:
            raise
        return None
    if found.status in ("failed", "cancelled"):
        return None
    following.say("Going on with the task of the attempt before")
    return found


@dataclass
class Task:
    """One task of one attempt (SEP-2663). `run` gives what the tool gave."""

    session: ClientSession
    id: str
    following: Following
    _asked: dict[str, asyncio.Task[None]] = field(default_factory=dict[str, asyncio.Task[None]], init=False)
    _told: tuple[str, str | None, str | None] | None = field(default=None, init=False)

    async def run(self, first: Told) -> CallToolResult:
        """Follow it from how it stands now."""
        try:
            return await self._concluded(await self._followed(first))
        except asyncio.CancelledError:
            self._forget_questions()
            if not self.following.moves():
                await self._stop()
            raise
        finally:
            self._forget_questions()

    async def _concluded(self, last: Told) -> CallToolResult:
        if last.status == "completed":
            return wire.result_of(last)
        self.following.keep(None)  # who comes after calls again
        if last.status == "failed":
            raise wire.error_of(last)
        raise TaskCancelled(last.status_message or "the task was cancelled on the server")

    # -- while it runs --

    async def _followed(self, told: Told) -> Told:
        began = self.following.clock.monotonic()
        while True:
            self._hear(told)
            if told.status in TERMINAL:
                return told
            if told.status == "input_required":
                self._ask(told.input_requests or {})
            await self._pause(_poll_s(told, self.following.clock.monotonic() - began))
            self._raise_from_questions()
            told = await self._look()

    def _hear(self, told: Told) -> None:
        """What is new is a sign of life: that the server answers is none of the tool."""
        said = (told.status, told.status_message, told.last_updated_at)
        if said == self._told:
            return
        if told.status_message and (self._told is None or told.status_message != self._told[1]):
            self.following.say(told.status_message)
        self._told = said
        self.following.alive()

    async def _look(self) -> Told:
        """Ask how it stands; over a connection that is there again if this one is lost."""
        try:
            return await wire.get(self.session, self.id)
        except MCPError as lost:
            if lost.code != CONNECTION_CLOSED or self.following.again is None:
                raise
            self.following.say(f"The connection to {self.following.server} was lost; the task is looked for")
            self.session = (await self.following.again()).session
            try:
                return await wire.get(self.session, self.id)
            except MCPError as gone:
                raise lost if gone.code in _UNKNOWN else gone from None

    async def _pause(self, seconds: float) -> None:
        """Until the next look: at once when a question was answered."""
        open_questions = [task for task in self._asked.values() if not task.done()]
        sleep = asyncio.ensure_future(self.following.clock.sleep(seconds))
        try:
            await asyncio.wait([sleep, *open_questions], return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()

    # -- what it asks --

    def _ask(self, requests: Mapping[str, Json]) -> None:
        """Each question once: it stays listed until the server has taken the answer in."""
        for key, request in requests.items():
            if key not in self._asked:
                self._asked[key] = asyncio.get_running_loop().create_task(self._answer(key, request))

    async def _answer(self, key: str, request: Json) -> None:
        try:
            question = ElicitRequest.model_validate(request, by_name=False)
        except ValidationError:
            method = str(request.get("method"))[:100]
            raise MCPError(METHOD_NOT_FOUND, f"the task asks for {method!r}, which Headway does not answer") from None
        answer = await self.following.answer(question.params)
        if isinstance(answer, ErrorData):
            raise MCPError.from_error_data(answer)
        await wire.update(self.session, self.id, key, answer)

    def _raise_from_questions(self) -> None:
        for task in self._asked.values():
            if task.done():
                task.result()

    def _forget_questions(self) -> None:
        for task in self._asked.values():
            if not task.cancel() and not task.cancelled():
                task.exception()

    # -- when it must end --

    async def _stop(self) -> None:
        """Tell the server, and wait a while for the end; a task that goes on is said so, and counted until it ends."""
        self.following.keep(None)
        try:
            async with asyncio.timeout(self.following.grace_s()):
                await wire.cancel(self.session, self.id)
                await self._ended(_STOPPING_S)
        except TimeoutError:
            self.following.warn(
                f"The task goes on in {self.following.server} although it was told to stop; what it says is ignored."
            )
            self.following.left(self._ended(_POLL_S[1]))
        except MCPError:
            return  # it is over, or nobody knows it any more

    async def _ended(self, every_s: float) -> None:
        """Back when it runs no more, as far as the server tells."""
        try:
            while (await wire.get(self.session, self.id)).status not in TERMINAL:
                await self.following.clock.sleep(every_s)
        except MCPError:
            return


class OldTask(Task):
    """A task of 2025-11-25: `tasks/get` has its words, `tasks/result` brings its questions and what the tool gave."""

    async def run(self, first: Told) -> CallToolResult:
        _owners[self.id] = self.following
        try:
            return await super().run(first)
        finally:
            _owners.pop(self.id, None)

    async def _concluded(self, last: Told) -> CallToolResult:
        """What failed may have a result as well, and a JSON-RPC error comes in its place."""
        if last.status == "cancelled":
            return await super()._concluded(last)
        if last.status == "failed":
            self.following.keep(None)
        return await wire.payload(self.session, self.id)

    def _ask(self, requests: Mapping[str, Json]) -> None:
        """The question comes as a request of the server's own, to whoever waits for the result."""
        waiting = self._asked.get("")
        if waiting is None or waiting.done():
            self._asked[""] = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        """How it ended is asked for when it has."""
        with contextlib.suppress(MCPError, ValidationError):
            await wire.payload(self.session, self.id)


def _poll_s(told: Told, age_s: float) -> float:
    """How long until the next look at a task that is followed for `age_s`."""
    least, eager, most = _POLL_S
    wished = eager if told.poll_s is None else told.poll_s
    return max(least, min(wished, eager if age_s < _EAGER_S else most))
