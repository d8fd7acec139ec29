"""`bench`: an MCP server as an engine on the test's loop (tests/mcp_bench.py). `bad`: options of the server that does
whatever a test wants seen (tests/mcp_servers/bad.py).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mcp_bench import mcp_bench, python


@pytest.fixture
def open_bench(tmp_path: Path) -> Any:
    """`async with open_bench(server=…) as bench`, or `open_bench(options=…)`."""

    def opened(**more: Any) -> Any:
        return mcp_bench(tmp_path / "bench", **more)

    return opened


@pytest.fixture
def bad(tmp_path: Path) -> dict[str, Any]:
    """Its folder is `tmp_path`."""
    return python("mcp_servers/bad.py", str(tmp_path))
