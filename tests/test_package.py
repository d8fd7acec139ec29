"""What a wheel says about itself agrees with the files it was made from."""

from __future__ import annotations

import tomllib
from importlib.metadata import distribution, entry_points, version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_installed_version_is_the_one_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert version("headway") == project["version"]


def test_the_command_headway_is_installed():
    commands = entry_points(group="console_scripts", name="headway")

    assert [command.value for command in commands] == ["headway.cli:main"]


def test_every_connector_of_ours_is_installed_under_its_type():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ours = [each for each in distribution("headway").entry_points if each.group == "headway.connectors"]

    assert {each.name: each.value for each in ours} == project["entry-points"]["headway.connectors"]
    assert all(callable(each.load()) for each in ours)


def test_every_dependency_has_a_lower_and_an_upper_bound():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    ours = project["project"]
    groups = [ours["dependencies"], *ours["optional-dependencies"].values(), *project["dependency-groups"].values()]
    named = [entry for group in groups for entry in group if isinstance(entry, str)]

    for requirement in (entry for entry in named if not entry.startswith("headway[")):
        assert ">=" in requirement, requirement
        assert ",<" in requirement, requirement
