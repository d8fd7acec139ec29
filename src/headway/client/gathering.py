"""Submits that are asked for while others are under way leave together: fifty at once cost three requests, not fifty.

No timer: the first leaves at once and alone, what gathers behind it leaves as one batch when an answer comes. Where a
batch is refused as a whole, each goes alone, so that everybody gets an error of their own and nobody another's.
Called by `http.py`; knows two paths and nothing of connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from headway.client.problems import error_from
from headway.errors import CallerError

AT_ONCE = 2
"""Requests under way: while the server commits one, the other is on the wire."""
MOST = 500

Request = dict[str, Any]
Waiting = tuple[Request, "asyncio.Future[dict[str, Any]]"]


class Gathering:
    """`submit` answers as `POST /jobs` does. `call` is `Rest.call`."""

    def __init__(self, call: Callable[[str, str, Any], Awaitable[Any]]) -> None:
        self._call = call
        self._waiting: list[Waiting] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def submit(self, request: Request) -> dict[str, Any]:
        """Make one job, alone or with others. Raises what the server said about this one."""
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, answer))
        self._send()
        return await answer

    def _send(self) -> None:
        while self._waiting and len(self._sending) < AT_ONCE:
            together, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            task = asyncio.ensure_future(self._together(together))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._send()

    async def _together(self, submits: list[Waiting]) -> None:
        try:
            await (self._alone(*submits[0]) if len(submits) == 1 else self._as_batch(submits))
        except BaseException as error:
            for _, answer in submits:
                if not answer.done():
                    answer.set_exception(error if isinstance(error, Exception) else ConnectionAbortedError())
            if not isinstance(error, Exception):
                raise

    async def _as_batch(self, submits: list[Waiting]) -> None:
        try:
            said = await self._call("POST", "/jobs/batch", {"jobs": [request for request, _ in submits]})
        except CallerError:
            await asyncio.gather(*(self._together([each]) for each in submits))
            return
        hints: list[str] = said.get("hints") or []
        for (request, answer), made in zip(submits, said["jobs"], strict=True):
            if answer.done():  # whoever asked has been cancelled
                continue
            if (problem := made.get("problem")) is not None:
                answer.set_exception(error_from(problem, int(problem.get("status", 500))))
            else:
                hint = next((hint for hint in hints if repr(request["kind"]) in hint), None)
                answer.set_result({**made, "hint": hint})

    async def _alone(self, request: Request, answer: asyncio.Future[dict[str, Any]]) -> None:
        made = await self._call("POST", "/jobs", request)
        if not answer.done():
            answer.set_result(made)
