"""What the entry point names: the app of the configured MCP servers, an engine for each.

The SDK is an extra, and takes a second to import: both wait until there is a server to speak to. Called once per worker
process, with all targets of the type.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence

from headway.clock import Clock, SystemClock
from headway.connectors.base import App, Target
from headway.errors import InvalidInput


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
