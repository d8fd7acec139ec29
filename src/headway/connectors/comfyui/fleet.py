"""The ComfyUI engines of one worker: a free one for who asks.

The server offers no more jobs than there are slots, so waiting is rare: an engine that has just gone, or one that has
not stopped yet what it must. Called by the handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from headway.connectors.comfyui.engine import ComfyEngine


class Fleet:
    """`take` one for a job, `release` it."""

    def __init__(self, engines: Sequence[ComfyEngine]) -> None:
        self.engines = engines
        self._freed = asyncio.Event()
        for engine in engines:
            engine.on_free = self._freed.set

    @property
    def has_free(self) -> bool:
        """Whether `take` will not wait."""
        return any(engine.free for engine in self.engines)

    async def take(self, job: str) -> ComfyEngine:
        """A free one that is reached; where there are several, the one with the fewest prompts of others."""
        while True:
            free = [engine for engine in self.engines if engine.free]
            if free:
                engine = min(free, key=lambda each: each.others)
                engine.hold(job)
                return engine
            self._freed.clear()
            await self._freed.wait()

    def why_none(self) -> str:
        """In words, for who waits."""
        names = ", ".join(engine.name for engine in self.engines)
        return f"Waiting for a ComfyUI that is free and reached: {names}"
