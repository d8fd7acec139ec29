"""A job's log on the terminal: read or followed; regular expressions run here, never in the server."""

from __future__ import annotations

import re
from typing import Any

import click
import msgspec

from headway.cli.exits import OK
from headway.cli.options import Server, asks_server, run_async, shows_data
from headway.cli.plain import plain
from headway.cli.watch import detachable

COLOURS = {"debug": "bright_black", "success": "green", "warning": "yellow", "error": "red", "err": "red"}


def _pattern(ctx: click.Context, parameter: click.Parameter, value: str | None) -> re.Pattern[str] | None:
    try:
        return None if value is None else re.compile(value)
    except re.error as error:
        raise click.BadParameter(f"{value!r} is no regular expression: {error}.") from None


@click.command()
@click.argument("id")
@click.option("--follow", "-f", is_flag=True, help="Go on until the job ends.")
@click.option("--grep", metavar="REGEX", callback=_pattern, help="Only lines that match.")
@click.option("--level", metavar="LEVELS", help="Only these: debug,info,success,warning,error,out,err.")
@click.option("--tail", "-n", type=click.IntRange(0), metavar="N", help="Begin with the last N lines.")
@click.option("--times", "-t", is_flag=True, help="The time of each line before it.")
@shows_data
@asks_server
def logs(
    id: str, follow: bool, grep: re.Pattern[str] | None, level: str | None, tail: int | None, times: bool, form: str,
    server: Server,
) -> int:  # fmt: skip
    """Print the log of job ID."""
    levels = frozenset(level.split(",")) if level else frozenset[str]()

    def write(line: dict[str, Any]) -> None:
        if (levels and line["level"] not in levels) or (grep is not None and not grep.search(line["text"])):
            return
        if form != "text":
            click.echo(msgspec.json.encode(line))
            return
        stamp = f"{line['at'][11:23]} " if times else ""
        click.echo(stamp + click.style(plain(line["text"]), fg=COLOURS.get(line["level"])))

    async def read() -> int:
        async with server.client() as client:
            first = 1
            if tail is not None:
                first = max((await client.get(id)).get("log_lines", 0) - tail + 1, 1)
            async for line in client.logs(id, follow=follow, first=first):
                write(line)
        return OK

    return run_async(detachable(read(), "logs", id, *(["-f"] if follow else [])))
