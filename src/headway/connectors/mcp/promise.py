"""Whether a structured result is what the tool's own output schema promises.

In place of the SDK's check: that one runs the server's patterns by backtracking without bounds, on the loop that all
servers of a worker share, so that one hostile server could hold them all. Ours bounds them (`model/schema.py`). Pure.
Called by `call.py`.
"""

from __future__ import annotations

from mcp_types import CallToolResult

from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.secrets import Secrets
from headway.errors import InvalidInput
from headway.model.schema import validate


def broken_promise(tool: Tool, given: CallToolResult, secrets: Secrets) -> str | None:
    """What is wrong with the structured result, in words; None: nothing."""
    if tool.output is None:
        return None
    if given.structured_content is None and "structured_content" not in given.model_fields_set:
        return f"Tool {tool.name} has an output schema but did not return structured content"
    try:
        validate(tool.output, secrets.hide_in(given.structured_content), "structured")
    except InvalidInput as problem:
        return f"Invalid structured content returned by tool {tool.name}: {problem.field} {problem.problem}"
    return None


async def taken_as_it_is(name: str, result: CallToolResult) -> None:
    """What the SDK's session is given in place of its own check."""
