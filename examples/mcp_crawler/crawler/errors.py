"""The one error whose sentence a caller reads."""

from mcp.server.mcpserver.exceptions import ToolError


class CrawlError(ToolError):
    """What the caller, the site or the repository must change; the SDK hides the text of every other exception."""


class Blocked(CrawlError):
    """An address that is not public, wherever on the way it was met."""
