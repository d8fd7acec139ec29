"""Shell commands as jobs: run one in a terminal of its own, pass its output through, read its progress.

The engine behind `headway run -- CMD` and jobs that are commands. It knows no server: `run_command` takes callbacks.
"""

from __future__ import annotations

from headway.connectors.command.formats import Reader
from headway.connectors.command.reading import Reading
from headway.connectors.command.runner import run_command
from headway.connectors.command.screen import Line, Screen
from headway.connectors.command.terminal import CannotStart, CommandResult

__all__ = ["CannotStart", "CommandResult", "Line", "Reader", "Reading", "Screen", "run_command"]
