"""Makes the toy connector known as an installed package would: by an entry point on the path of real processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def toy_package(folder: Path, value: str = "toy_connector:connector") -> dict[str, str]:
    """The environment in which it is installed; what the toys do is told by files in `folder`."""
    package = folder / "toy-0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 0\n")
    (package / "entry_points.txt").write_text(f"[headway.connectors]\ntoy = {value}\n")
    return {"TOY_PLACE": str(folder), "PYTHONPATH": os.pathsep.join([str(folder), str(HERE)])}


def install_toy(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str = "toy_connector:connector") -> None:
    """For this process and all that it starts."""
    for name, text in toy_package(folder, value).items():
        monkeypatch.setenv(name, text)
    monkeypatch.syspath_prepend(str(HERE))
    monkeypatch.syspath_prepend(str(folder))
