"""`headway`: the table of its commands, and what every one of them does with errors, Ctrl-C and closed pipes.

Imports nothing of Headway but errors, so that `--help` answers soon. Exit codes are `exits.py`'s.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from headway.cli.exits import INTERRUPTED, USAGE, exit_of, say_error
from headway.errors import HeadwayError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Start a server and watch real jobs run."),
    "serve": ("serve", "Run the server, with --app a worker beside it."),
    "worker": ("serve", "Run a worker that serves a module's jobs."),
    "submit": ("submit", "Make a job."),
    "answer": ("answer", "Answer what a job asks for."),
    "run": ("run", "Run a command here as a job that everybody can watch."),
    "watch": ("watch", "Follow jobs until they end."),
    "mcp": ("mcp", "Serve an agent over stdin and stdout (MCP)."),
    "logs": ("logs", "Read or follow a job's log."),
    "jobs": ("jobs", "List and search jobs."),
    "job": ("jobs", "Show one job."),
    "cancel": ("jobs", "Stop jobs."),
    "retry": ("jobs", "Run jobs again, as new ones."),
    "queues": ("queues", "Show, pause, resume, limit and clear queues."),
    "kinds": ("kinds", "Show kinds of jobs; approve a definition that changed."),
    "machines": ("machines", "Show machines, their workers and the services behind those."),
    "services": ("machines", "Show the engines behind the workers."),
    "workers": ("workers", "Show, drain, repair and disconnect workers."),
    "servers": ("servers", "Show the servers that share a store."),
    "events": ("events", "Read or follow events."),
    "verify": ("verify", "Compare every stored job with its log."),
    "store": ("store", "Copy, back up, restore and migrate stores."),
    "config": ("config", "Show the configuration and where it comes from."),
    "completion": ("config", "Print the completion script of a shell."),
}
"""Name -> (module in headway.cli, what it does). The command is the module's attribute of that name."""


class Commands(click.Group):
    """A group that imports a command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"headway.cli.{COMMANDS[cmd_name][0]}")
        return getattr(module, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headway", message="headway %(version)s")
def headway() -> None:
    """A job server with trustworthy real-time progress.

    Data goes to stdout, messages to stderr. Exit codes: 0 ok, 1 job failed, 2 usage, 3 cancelled, 4 timed out, stalled
    or lost, 5 not found, 6 not allowed, 7 server unreachable, 130 interrupted.
    """


def run(args: Sequence[str]) -> int:
    """Run one command line; its exit code."""
    try:
        colour = False if os.environ.get("NO_COLOR") else None  # None: on a terminal
        code: Any = headway.main(list(args), prog_name="headway", standalone_mode=False, color=colour)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        error.show()
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (BrokenPipeError, SystemExit):  # click exits when the reader of our output has gone, which is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains when it ends
        return 0
    except HeadwayError as error:
        say_error(error)
        return exit_of(error)
