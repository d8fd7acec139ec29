"""docs/reference/cli.md: every command of `headway` with its arguments and options, from click itself."""

from __future__ import annotations

import sys

import click
from reference import code, fenced, publish, table

from headway.cli import exits
from headway.cli.entry import COMMANDS, headway

CODES = (
    (exits.OK, "it went well"),
    (exits.FAILED, "a job failed; `verify` found a difference; `store migrate --check` something to do"),
    (exits.USAGE, "the command, an argument or the input is wrong"),
    (exits.CANCELLED, "the job was cancelled"),
    (exits.GONE, "the job timed out, stalled or was lost"),
    (exits.MISSING, "no such job, queue, worker …"),
    (exits.DENIED, "no valid token, or not allowed"),
    (exits.UNREACHABLE, "the server does not answer, or can not now"),
    (exits.INTERRUPTED, "Ctrl-C"),
)


def page() -> str:
    """The whole page."""
    with click.Context(headway, info_name="headway") as root:
        parts = [section(root, name) for name in COMMANDS]
    commands = "\n\n".join(parts)
    return f"""# Command line

Data goes to stdout, messages to stderr. `--json` and `--jsonl` give data to programs. Colours follow `NO_COLOR`; without a
terminal there are plain lines. Values that a flag does not give come from the [settings](settings.md).

## Exit codes

{table(("code", "means"), ((str(number), means) for number, means in CODES))}

`headway run` gives the code of the command it ran.

## Commands

{commands}
"""


def section(parent: click.Context, name: str, level: str = "###") -> str:
    """One command, and those below it."""
    assert isinstance(parent.command, click.Group)  # noqa: S101 - a script's own assumption
    command = parent.command.get_command(parent, name)
    if command is None:
        sys.exit(f"cli: there is no command {name!r}")
    with click.Context(command, parent=parent, info_name=name) as context:
        usage = " ".join(["headway", *context.command_path.split()[1:], *command.collect_usage_pieces(context)])
        parts = [f"{level} {context.command_path.removeprefix('headway ')}", told(command), fenced("text", usage)]
        if options := [option for option in command.params if isinstance(option, click.Option)]:
            parts.append(table(("option", "", "means"), (row(option, context) for option in options)))
        if isinstance(command, click.Group):
            parts += [section(context, each, level + "#") for each in command.list_commands(context)]
    return "\n\n".join(parts)


def told(command: click.Command) -> str:
    """The help text, its lines joined to paragraphs."""
    text = (command.help or "").replace("\b", "")
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))


def row(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    """One option: names, what it takes, what it means."""
    takes = "" if option.is_flag else option.make_metavar(context)
    shown = f" Default: {option.default}." if option.show_default else ""
    return ", ".join(map(code, option.opts)), code(takes), (option.help or "") + shown


if __name__ == "__main__":
    sys.exit(publish("cli", page))
