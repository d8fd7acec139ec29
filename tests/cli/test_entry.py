"""The command itself: what it imports, its help, and how every command ends."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from headway.cli import main
from headway.cli.entry import COMMANDS, headway

ROOT = Path(__file__).parents[2]


def test_version_is_said_without_loading_anything_slow():
    code = (
        "import sys, headway.cli; headway.cli.main(['--version']);"
        "print(*[name for name in ('click', 'httpx', 'fastapi', 'rich', 'websockets', 'msgspec') if name in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()

    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert said == [f"headway {version}", ""]


def test_help_loads_no_command():
    code = (
        "import sys, headway.cli; headway.cli.main(['--help']);"
        "print(*[name for name in sys.modules if name.startswith(('headway.client', 'headway.server', 'httpx', 'rich'))])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert said.endswith("\n\n")
    assert all(f"  {name}" in said for name in COMMANDS)


def test_python_m_headway_is_the_command():
    said = subprocess.run([sys.executable, "-m", "headway", "--version"], capture_output=True, text=True, check=True)

    assert said.stdout.startswith("headway ")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_and_explains_itself(name, capsys):
    assert main([name, "--help"]) == 0

    assert f"Usage: headway {name}" in capsys.readouterr().out
    command = headway.get_command(None, name)
    assert command.help


def test_a_command_that_does_not_exist_is_a_usage_error(capsys):
    assert main(["nonsense"]) == 2

    assert "No such command 'nonsense'" in capsys.readouterr().err


def test_a_closed_pipe_is_no_error():
    words = f"{sys.executable} -m headway config --jsonl | true; echo ${{PIPESTATUS[0]}}"

    said = subprocess.run(["bash", "-c", words], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "0"
    assert "Traceback" not in said.stderr
