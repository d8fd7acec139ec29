"""MCP servers to test against: good ones whose pace a test sets, and bad ones. Each runs as a script of its own."""
