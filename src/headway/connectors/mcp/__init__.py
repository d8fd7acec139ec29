"""MCP servers as engines of a worker: every tool of a server named in the config is a kind of job, `mcp.SERVER.TOOL`.

`connector` is what the entry point names. What users should know is docs/topics/mcp.md; the rules of one call are in
`call.py`, how it may end in `outcomes.py`. (The other direction, Headway as a tool of agents, is `headway.mcp`.)
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence

from headway.clock import Clock, SystemClock
from headway.connectors.base import App, Target
from headway.errors import InvalidInput

__all__ = ["connector"]


def connector(
    targets: Sequence[Target], clock: Clock | None = None, environment: Mapping[str, str] | None = None
) -> App:
    """The app of these servers, each a target with its name and the options of `[mcp.servers.NAME]`. InvalidInput."""
    if importlib.util.find_spec("mcp") is None:
        raise InvalidInput("connector mcp", "needs the MCP SDK", hint="Run: pip install 'headway[mcp]'")
    from headway.connectors.mcp.config import server_of
    from headway.connectors.mcp.engine import McpEngine

    app = App()
    for target in targets:
        server = server_of(target.text, target.options)
        app.engine(McpEngine(server, clock or SystemClock(), os.environ if environment is None else environment))
    return app
