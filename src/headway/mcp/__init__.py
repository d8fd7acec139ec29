"""Headway as an MCP server: agents submit, follow and cancel jobs. Imported only where it is wanted: the SDK is an extra."""

from __future__ import annotations

from headway.mcp.server import AgentServer, Connect
from headway.mcp.stdio import serve_stdio

__all__ = ["AgentServer", "Connect", "serve_stdio"]
