"""Followers beside a check: what a viewer saw of one job, and of the board, in the order in which it was seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from place import Json, Place

import headway


class SeenJob:
    """What came of one job while it ran: overall, steps of the running node, previews."""

    def __init__(self) -> None:
        self.overall: list[float] = []
        self.steps: list[str] = []
        self.previews: list[Json] = []

    def take(self, document: Any) -> None:
        """One view of it."""
        progress = document.get("progress") or {}
        if progress.get("overall") is not None:
            self.overall.append(progress["overall"])
        if progress.get("unit") == "step":
            self.steps.append(f"{progress['stage']} {progress['current']:g} of {progress['total']:g}")
        preview = document.get("preview")
        if preview and preview not in self.previews:
            self.previews.append(preview)


@contextlib.asynccontextmanager
async def watched(place: Place, job: headway.client.Job) -> AsyncIterator[SeenJob]:
    """Follow a job until the block ends."""
    seen = SeenJob()

    async def follow() -> None:
        async for view in job.watch():
            seen.take(view.document)

    async with _beside(follow()):
        yield seen


class SeenBoard:
    """The service's documents as they came, one for each change that the server told of as such."""

    def __init__(self) -> None:
        self.services: list[Json] = []
        self.ready = asyncio.Event()
        self.cursor = 0
        self.newest: Json = {}

    async def reached(self, place: Place, status: str) -> None:
        """What was asked by REST comes to a follower a moment later: wait for that."""

        async def shown() -> bool:
            return bool(self.services) and self.services[-1].get("status") == status

        await place.until(shown, f"the board shows {status}", 20)

    def statuses(self) -> list[str]:
        """Its statuses, repeats left out."""
        told = [each.get("status", "") for each in self.services]
        return [each for place, each in enumerate(told) if place == 0 or told[place - 1] != each]


@contextlib.asynccontextmanager
async def board(place: Place) -> AsyncIterator[SeenBoard]:
    """Follow the board as a monitor does, until the block ends; ready when the first picture is there."""
    seen = SeenBoard()

    async def follow() -> None:
        async for update in place.client.watch_topics(["workers"]):
            services = update.view.topics["workers"].documents.get("service", {})
            seen.newest = dict(services.get(place.service_id, {}))
            seen.cursor = update.view.seq
            for event in update.events:
                if event.type == "service.changed" and event.subject == place.service_id:
                    seen.services.append({**(seen.services or [{}])[-1], **event.data["set"]})
            if not seen.ready.is_set():
                seen.services.append(seen.newest)
                seen.ready.set()

    async with _beside(follow()):
        await asyncio.wait_for(seen.ready.wait(), 30)
        yield seen


@contextlib.asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
