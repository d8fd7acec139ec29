"""tools/chromium.py as a module, and the sentence of what is left out without a browser (tests/conftest.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

TOOL = Path(__file__).resolve().parent.parent / "tools" / "chromium.py"


def tool() -> ModuleType:
    """The script, which is no package's."""
    spec = importlib.util.spec_from_file_location("headway_chromium", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


chromium = tool()
NO_CHROMIUM: str = chromium.ABSENT
