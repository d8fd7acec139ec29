"""Waiting for a job while a call is open: its progress as notifications, its end, or how it stands when time is up.

Who stops waiting (a timeout, a cancelled call, an agent that died) stops nothing but the waiting. Called by the tools.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from headway.client import JobView
from headway.client.watch import watch_job
from headway.mcp import words
from headway.mcp.caller import Caller
from headway.mcp.progress import Telling
from headway.model.job import JobDoc, is_final

Enough = Callable[[JobDoc], object]


async def wait(caller: Caller, job: str, timeout_s: float, enough: Enough = is_final) -> JobDoc:
    """The whole document once `enough` is true of it, or after `timeout_s`. NotFound, or whatever the server says."""
    telling = Telling()
    if timeout_s > 0:
        try:
            async with asyncio.timeout(timeout_s), aclosing(watch_job(caller.client.rest, job)) as views:
                async for view in views:
                    await _tell(caller, telling, view)
                    if is_final(view.document) or enough(view.document):
                        break
        except TimeoutError:
            pass  # nothing is over but our patience
    return await caller.client.get(job)


async def _tell(caller: Caller, telling: Telling, view: JobView) -> None:
    said = words.summary(view.document, view.as_of)
    news = telling.next(view.overall, said if view.live else f"{said} (the link to Headway is lost, trying again)")
    if news is not None:
        await caller.tell(*news)
