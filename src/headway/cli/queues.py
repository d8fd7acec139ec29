"""Queues on the terminal: what they hold; pause, resume, limit, clear."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from headway.cli.bulk import follow_action
from headway.cli.exits import say
from headway.cli.options import Server, asks_server, run_async, show, shows_data
from headway.cli.words import table
from headway.client.rest import as_part

STATES = ("queued", "running", "scheduled", "blocked", "completed", "failed", "cancelled")


@click.group(invoke_without_command=True)
@shows_data
@asks_server
@click.pass_context
def queues(ctx: click.Context, form: str, server: Server) -> None:
    """Show queues, or act on one."""
    ctx.obj = (server, form)
    if ctx.invoked_subcommand is None:
        show(_ask(server, "GET", "")["queues"], form, _as_table)


def _ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    async def ask() -> Any:
        async with server.client() as client:
            return await client.rest.call(method, f"/queues{path}", body)

    return run_async(ask())


def _as_table(found: list[dict[str, Any]]) -> Iterable[str]:
    if not found:
        say("There is no queue yet; a job makes one.")
        return
    rows = [[queue["name"], *(str(queue["counts"].get(state, "")) for state in STATES), _set(queue)] for queue in found]
    yield from table(rows, ("QUEUE", *map(str.upper, STATES), "SET"))


def _set(queue: dict[str, Any]) -> str:
    paused = queue.get("paused")
    words = [f"limit {queue['limit']}"] if queue.get("limit") is not None else []
    if paused:
        reason = paused.get("reason") if isinstance(paused, dict) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        words.append(f"paused: {reason}" if reason else "paused")
    return ", ".join(words)


def _change(ctx: click.Context, name: str, body: dict[str, Any]) -> None:
    server, form = ctx.obj
    show([_ask(server, "PATCH", f"/{as_part(name)}", body)], form, _as_table)


@queues.command()
@click.argument("name")
@click.option("--reason", default="", help="Shown on the board.")
@click.pass_context
def pause(ctx: click.Context, name: str, reason: str) -> None:
    """Offer nothing more from queue NAME. What runs goes on."""
    _change(ctx, name, {"paused": True, "reason": reason})


@queues.command()
@click.argument("name")
@click.pass_context
def resume(ctx: click.Context, name: str) -> None:
    """Offer from queue NAME again."""
    _change(ctx, name, {"paused": False})


@queues.command()
@click.argument("name")
@click.argument("number", metavar="NUMBER|none")
@click.pass_context
def limit(ctx: click.Context, name: str, number: str) -> None:
    """Run at most NUMBER jobs of queue NAME at once."""
    if number != "none" and not number.isdigit():
        raise click.BadParameter(f"{number!r} is neither a whole number nor 'none'.", param_hint="NUMBER")
    _change(ctx, name, {"limit": None if number == "none" else int(number)})


@queues.command()
@click.argument("name")
@click.confirmation_option(prompt="Cancel everything that waits in it?")
@click.pass_context
def clear(ctx: click.Context, name: str) -> int:
    """Cancel every job that waits in queue NAME."""
    server, form = ctx.obj

    async def cleared() -> int:
        async with server.client() as client:
            begun = await client.rest.call("POST", f"/queues/{as_part(name)}/clear", {})
            return await follow_action(client, begun["job"], "cancelled", form)

    return run_async(cleared())
