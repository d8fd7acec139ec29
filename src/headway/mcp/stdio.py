"""Headway for one agent over stdin and stdout: `headway mcp`. Protocol alone on stdout; EOF ends it.

It holds nothing but the connection: when the server is away, tools say so and work again once it is back, and jobs live on
when the agent ends. Follows the server's kinds, to say when there are other tools. Run by cli/mcp.py.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.lowlevel.server import NotificationOptions
from mcp.server.stdio import stdio_server

from headway.client import Client
from headway.errors import HeadwayError
from headway.mcp.server import AgentServer

AGAIN_S = 5.0
"""How long after the server was not there it is asked again what kinds it has."""


async def serve_stdio(client: Client, globs: Sequence[str]) -> None:
    """Until stdin ends. The client is the caller's to close."""

    @asynccontextmanager
    async def connect(_request: Any) -> AsyncGenerator[Client]:
        yield client

    agents = AgentServer(connect, globs, remembers=True)
    options = agents.server.create_initialization_options(NotificationOptions(tools_changed=bool(globs)))
    following = asyncio.create_task(follow_kinds(client, agents)) if globs else None
    try:
        async with stdio_server() as (heard, said):
            await agents.server.run(heard, said, options)
    finally:
        if following is not None:
            following.cancel()
            await asyncio.wait([following])


async def follow_kinds(client: Client, agents: AgentServer) -> None:
    """Tell of other tools whenever kinds change, and whenever the server is there again: until cancelled."""
    while True:
        with contextlib.suppress(HeadwayError):
            async for update in client.watch_topics(["kinds"]):
                if update.live:
                    await agents.kinds_changed()
        await client.rest.clock.sleep(AGAIN_S)
