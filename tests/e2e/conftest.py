"""What every end-to-end test starts from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import Gate, Headway, headway


@pytest.fixture
def hw(tmp_path: Path) -> Iterator[Headway]:
    """A folder with nothing running yet."""
    with headway(tmp_path) as running:
        yield running


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """A closed gate."""
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.close()
