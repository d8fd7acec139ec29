"""MCP servers as engines of a worker: every tool of a server named in the config is a kind of job, `mcp.SERVER.TOOL`.

`connector` is what the entry point names. What users should know is docs/topics/mcp.md; the rules of one call are in
`call.py`, how it may end in `outcomes.py`. (The other direction, Headway as a tool of agents, is `headway.mcp`.)
"""

from __future__ import annotations

from headway.connectors.mcp.entry import connector

__all__ = ["connector"]
