"""What the entry point names: the app of the configured MCP servers, an engine for each.

The SDK is an extra, and takes a second to import: both wait until there is a server to speak to. Called once per worker
process, with all targets of the type.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

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

    _hush()
    app = App()
    for target in targets:
        server = server_of(target.text, target.options)
        app.engine(McpEngine(server, clock or SystemClock(), os.environ if environment is None else environment))
    return app


def _hush() -> None:
    """What the SDK logs is made of texts of strangers (whole messages, in tracebacks) and of URLs with what is secret in
    them. What matters of it is on the board, without these.
    """
    for name in ("mcp", "httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    session = logging.getLogger("client")  # so the SDK names the one of its sessions
    session.removeFilter(_is_ours)
    session.addFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    """A logger that somebody else calls `client` is not the SDK's."""
    return "/mcp/client/" not in Path(record.pathname).as_posix()
