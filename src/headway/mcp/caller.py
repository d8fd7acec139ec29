"""Whoever calls, for one request: the client that asks Headway with their rights, what they can, how they are told things.

Nothing of it outlives the request: by streamable HTTP the next one may go to another server. Made by server.py; used by
the tools. Must never know how Headway is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from headway.client import Client
from headway.clock import iso
from headway.mcp import words

TASKS = "io.modelcontextprotocol/tasks"
"""SEP-2663."""
CALL_S = 55.0
"""How long a call waits at most when nobody says: many clients give up a request after 60 s."""

Context = ServerRequestContext[Any, Any]


class Caller:
    """`client` has their token."""

    def __init__(self, context: Context, client: Client) -> None:
        self.context = context
        self.client = client
        self.capabilities = context.session.client_capabilities

    @property
    def now(self) -> str:
        """For counting estimates down, as documents write instants."""
        return iso(self.client.rest.clock.now())

    @property
    def name(self) -> str:
        """What the agent calls itself; `mcp` where it does not (older clients without a session never do)."""
        params = self.context.session.client_params
        return (params and words.one_line(params.client_info.name, 100)) or "mcp"

    @property
    def is_modern(self) -> bool:
        """Of the era of 2026-07-28: no session, questions as results."""
        return self.context.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def takes_tasks(self) -> bool:
        """True when this very request says that its result may be a task."""
        return self.is_modern and TASKS in ((self.capabilities and self.capabilities.extensions) or {})

    @property
    def can_be_asked(self) -> bool:
        """True when a person behind the caller can be asked within a call."""
        able = self.capabilities is not None and self.capabilities.elicitation is not None
        return able and (self.is_modern or self.context.session.can_send_request)

    @property
    def opens_addresses(self) -> bool:
        """True when that person can be sent to an address too."""
        return bool(self.capabilities and self.capabilities.elicitation and self.capabilities.elicitation.url)

    async def tell(self, progress: float, total: float | None, message: str) -> None:
        """One notification of progress; nothing where none was asked for."""
        await self.context.session.report_progress(progress, total, message)


def answered(text: str, structured: Mapping[str, Any], *more: str) -> types.CallToolResult:
    """A result: the document, and beside it short texts for who reads only those."""
    blocks: list[types.ContentBlock] = [types.TextContent(text=each) for each in (text, *more)]
    return types.CallToolResult(content=blocks, structured_content=dict(structured))


def refused(*texts: str) -> types.CallToolResult:
    """A result that is an error: what is wrong, and the way out, for the agent to read."""
    return types.CallToolResult(content=[types.TextContent(text=each) for each in texts], is_error=True)
