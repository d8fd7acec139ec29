"""`headway mcp`: Headway as tools of an agent, over stdin and stdout. On stdout goes the protocol and nothing else.

The agent's own configuration starts it: `{"command": "headway", "args": ["mcp"]}`. Server and token come as for any
command; the server need not run yet. What it does is `mcp/stdio.py`'s.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib.util import find_spec

import click

from headway.cli.exits import OK, USAGE, say
from headway.cli.options import Server, asks_server, run_async
from headway.cli.serve import log_to_stderr

PATIENCE_S = 2.0
"""An agent is told soon that nobody answers, and asks again if it wants."""


@click.command()
@asks_server
@click.option(
    "--tool", "tools", multiple=True, metavar="GLOB",
    help="Kinds that become tools of their own; repeatable. Else those of [mcp] tools.",
)  # fmt: skip
def mcp(server: Server, tools: tuple[str, ...]) -> int:
    """Serve an agent over stdin and stdout until it closes stdin."""
    if find_spec("mcp") is None:
        say("headway mcp needs an extra that is not installed: pip install 'headway[mcp]'.")
        return USAGE
    log_to_stderr()
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    run_async(_serve(server, tools or _configured()))
    return OK


def _configured() -> tuple[str, ...]:
    from headway.server.config import load

    return load().config.mcp_tools


async def _serve(server: Server, globs: tuple[str, ...]) -> None:
    from headway.client import Client
    from headway.mcp import serve_stdio

    async with Client(server.url, server.token, patience_s=PATIENCE_S) as client:
        await serve_stdio(client, globs)


def _leave(_number: int, _frame: object) -> None:
    """At once: nothing is held here, and the thread that reads stdin can not be woken."""
    sys.stderr.flush()
    os._exit(OK)
