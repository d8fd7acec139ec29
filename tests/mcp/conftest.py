"""What tests of Headway as an MCP server start from."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from agents import Scenes, scene_in


@pytest.fixture
def scene(tmp_path: Path) -> Scenes:
    """`async with scene(mcp_tools=("add",)) as s:` a server with this configuration, and its worker that adds."""
    return partial(scene_in, tmp_path)
