"""An MCP server that reads pages and repositories, and says truly how far it is.

`python -m crawler` speaks MCP over stdin and stdout. It knows nothing of Headway: any client of MCP can use it.
"""
