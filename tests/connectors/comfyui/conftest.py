"""`open_bench`: the connector's engines on the test's loop (tests/comfy_bench.py)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from comfy_bench import bench_of


@pytest.fixture
def open_bench(tmp_path: Path) -> Any:
    """`async with open_bench(url, …) as bench`."""

    def opened(*urls: str, **options: Any) -> Any:
        return bench_of(*urls, folder=tmp_path, **options)

    return opened
