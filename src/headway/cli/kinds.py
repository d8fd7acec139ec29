"""Kinds on the terminal: what workers serve, what changed in one that is in quarantine, and its approval."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import click
import msgspec

from headway.cli.exits import USAGE, say
from headway.cli.options import Server, asks_server, at_terminal, run_async, show, shows_data
from headway.cli.words import one_line, table
from headway.errors import Refused

TOLD = (
    "title", "description", "schema", "output", "annotations", "confirm", "plan", "defaults", "service", "isolation",
    "cleanup",
)  # fmt: skip
"""What may differ, in the order in which it is shown."""


class Kinds(click.Group):
    """`kinds approve NAME`, and `kinds NAME` for a kind of that name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "show", one, args
        return super().resolve_command(ctx, args)


@click.group(cls=Kinds, invoke_without_command=True, subcommand_metavar="[NAME | approve NAME]")
@shows_data
@asks_server
@click.pass_context
def kinds(ctx: click.Context, form: str, server: Server) -> None:
    """Show the kinds of jobs, or kind NAME; approve a definition that changed."""
    ctx.obj = (server, form)
    if ctx.invoked_subcommand is None:
        show(run_async(_all(server)), form, _as_table)


async def _all(server: Server) -> list[Any]:
    async with server.client() as client:
        return list(await client.kinds())


async def _one(server: Server, name: str) -> dict[str, Any]:
    async with server.client() as client:
        return dict(await client.kind(name))


def _as_table(found: list[dict[str, Any]]) -> Iterable[str]:
    if not found:
        say("No worker has declared a kind yet; start one: headway worker module:app")
        return
    rows = [
        [one_line(kind["name"]), "yes" if kind.get("served") else "no", kind.get("service", ""), _state(kind)]
        for kind in found
    ]
    yield from table(rows, ("KIND", "SERVED", "SERVICE", ""))


def _state(kind: Mapping[str, Any]) -> str:
    if "quarantine" in kind:
        return f"changed {kind['quarantine'].get('seen_at', '')}, waits for: headway kinds approve {shlex.quote(kind['name'])}"
    return one_line(kind.get("title") or kind.get("description") or "")


# -- one kind ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("name")
@click.pass_context
def one(ctx: click.Context, name: str) -> None:
    """Kind NAME, and what differs in a definition that waits."""
    server, form = ctx.obj
    show(run_async(_one(server, name)), form, _as_page)


def _as_page(kind: dict[str, Any]) -> Iterable[str]:
    yield one_line(kind["name"])
    for key in ("definition", "approved_by", "approved_at"):
        if key in kind:
            yield f"  {key.replace('_', ' ')}: {one_line(str(kind[key]))}"
    for key in TOLD:
        if key in kind:
            yield from (f"  {line}" for line in _written(key, kind[key]))
    if "quarantine" in kind:
        yield ""
        yield from changes(kind)


def changes(kind: Mapping[str, Any]) -> Iterable[str]:
    """Who told what differently, as lines of a diff: `-` is approved, `+` waits."""
    waiting: dict[str, Any] = kind["quarantine"]
    yield f"{one_line(kind['name'])}: another definition, told by {waiting.get('worker')} at {waiting.get('seen_at')}"
    yield f"  - {kind.get('definition')}"
    yield f"  + {waiting.get('definition') or 'none: it is pinned no more'}"
    old, new = ([line for key in TOLD if key in doc for line in _written(key, doc[key])] for doc in (kind, waiting))
    for line in list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]:
        yield f"  {line}"


def _written(key: str, value: Any) -> list[str]:
    """A field as lines. What a tool says of itself is data: line by line, nothing in it moves the terminal."""
    if not isinstance(value, str):
        value = msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2).decode()
    first, *rest = str(value).splitlines() or [""]
    return [f"{key}: {one_line(first)}", *(f"{_indent(line)}{one_line(line)}" for line in rest)]


def _indent(line: str) -> str:
    return "  " + " " * (len(line) - len(line.lstrip(" ")))


@kinds.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def approve(ctx: click.Context, name: str, yes: bool) -> int | None:
    """Show what changed in the definition of kind NAME, ask, and take the new one. Jobs that wait for it start."""
    server, form = ctx.obj
    kind = run_async(_one(server, name))
    if "quarantine" not in kind:
        say(f"Nothing of {name} waits for an approval.")
        return None
    for line in changes(kind):
        click.echo(line, err=form != "text")
    if not yes and not at_terminal():
        say("Nobody can be asked here. Look at what changed, then: --yes")
        return USAGE
    if not yes and not click.confirm("Use the new definition from now on?", err=True):
        raise click.Abort
    approved = run_async(_approved(server, name, kind["quarantine"].get("definition", "")))
    if form == "text":
        say(f"Approved: {name} is {approved.get('definition', 'pinned no more')} from now on.")
    else:
        show(approved, form, _as_page)
    return None


async def _approved(server: Server, name: str, definition: str) -> dict[str, Any]:
    async with server.client() as client:
        try:
            return dict(await client.approve_kind(name, definition))
        except Refused as error:
            error.hint = f"Look again: headway kinds approve {shlex.quote(name)}"
            raise
