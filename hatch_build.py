"""What hatchling asks when it makes a wheel or an sdist: the dashboard is built first, if it has to be.

The work is tools/dashboard.py's. A wheel made from an sdist finds the dashboard in it and needs no Node; one made from
a checkout builds it, with a Node from PyPI where the machine has none. An editable installation builds nothing: that is
`make dashboard`. HEADWAY_SKIP_DASHBOARD=1 makes packages without it, whose server shows the built-in page.
"""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def tool(root: Path) -> ModuleType:
    """tools/dashboard.py, which is no package's."""
    spec = importlib.util.spec_from_file_location("headway_dashboard", root / "tools" / "dashboard.py")
    assert spec is not None and spec.loader is not None  # noqa: PT018, S101  # it is where it is
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DashboardHook(BuildHookInterface[Any]):
    """hatchling finds it by its base class."""

    def dependencies(self) -> list[str]:
        """A Node from PyPI where a build is due and the machine has none: nobody else downloads its 61 MB.

        hatchling does not say for what it asks; the frontend's question is on the stack (PEP 660).
        """
        if any(frame.function == "get_requires_for_build_editable" for frame in inspect.stack(0)):
            return []
        dashboard, root = tool(Path(self.root)), Path(self.root)
        return dashboard.requirements(root, node=dashboard.find_node())

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, or fail with the way out. What is built is picked up as `artifacts` of pyproject.toml."""
        if version == "editable":
            return
        dashboard, root = tool(Path(self.root)), Path(self.root)
        dashboard.bring_up_to_date(root)
        if not dashboard.is_built(root):
            self.app.display_warning(
                f"This {self.target_name} has NO DASHBOARD ({dashboard.SKIP} is set, or web/ is missing): "
                "its server shows the built-in page."
            )
        elif not dashboard.is_current(root) and dashboard.has_sources(root):
            self.app.display_warning(
                f"This {self.target_name} has an OLD DASHBOARD: {dashboard.SKIP} is set, and web/ has changed since."
            )
