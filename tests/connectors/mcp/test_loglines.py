"""What a server logs beside calls, line by line."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from mcp_types import LoggingMessageNotificationParams

from headway.connectors.mcp.config import server_of
from headway.connectors.mcp.engine import McpEngine
from headway.connectors.mcp.loglines import MOST, LogLines
from headway.testing.clock import VirtualClock


async def test_so_many_lines_are_written_a_second_and_the_others_counted(caplog: pytest.LogCaptureFixture):
    clock = VirtualClock()
    lines = LogLines("it", clock)

    with caplog.at_level(logging.INFO, "headway.mcp"):
        for number in range(2_000):
            lines.write(f"line {number}")
        await clock.advance(1)
        lines.settle()
        lines.settle()
        lines.write("later")

    assert caplog.messages == [
        *(f"MCP server it: line {number}" for number in range(MOST)),
        "MCP server it: and 1,990 more log lines within a second",
        "MCP server it: later",
    ]


async def test_a_server_that_logs_without_end_and_falls_silent_is_counted(caplog: pytest.LogCaptureFixture):
    clock = VirtualClock()
    engine = McpEngine(server_of("it", {"command": "x"}), clock, {})
    nobody: Any = Silent()

    with caplog.at_level(logging.INFO, "headway.mcp"):
        for _ in range(500):
            engine.logged(LoggingMessageNotificationParams(level="info", data="again"))
        checks = asyncio.get_running_loop().create_task(engine._check_for_ever(nobody, nobody))
        await clock.advance(3)
        checks.cancel()

    assert caplog.messages[MOST:] == ["MCP server it: and 490 more log lines within a second"]


class Silent:
    """A link and a board of which nothing is wanted here."""

    service_s = 1_000.0

    def tell(self, *_: object, **__: object) -> None:
        pass
