"""Workers on the terminal: who there is and how fresh the news of them is; drain, repair, disconnect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from headway.cli.exits import say
from headway.cli.options import Server, asks_server, run_async, show, shows_data
from headway.cli.words import state_text, table
from headway.client.rest import Rest, as_part
from headway.model.duration import duration_text

BACK_S = 5.0
LOOK_S = 0.1


@click.group(invoke_without_command=True)
@shows_data
@asks_server
@click.pass_context
def workers(ctx: click.Context, form: str, server: Server) -> None:
    """Show workers, or act on one."""
    ctx.obj = (server, form)
    if ctx.invoked_subcommand is None:
        show(_ask(server, "GET", "")["workers"], form, _as_table)


def _ask(server: Server, method: str, path: str) -> Any:
    async def ask() -> Any:
        async with server.client() as client:
            return await client.rest.call(method, f"/workers{path}", None if method == "GET" else {})

    return run_async(ask())


def _as_table(found: list[dict[str, Any]]) -> Iterable[str]:
    found = [worker for worker in found if not worker.get("internal")]  # servers, which do a thing themselves at times
    if not found:
        say("There is no worker yet. Start one with: headway worker module:app")
        return
    rows = [
        [
            worker.get("id", ""),
            state_text(worker.get("state", "")),
            str(worker.get("slots", "")),
            worker.get("version", ""),
            _age(worker),
            _problem(worker),
        ]
        for worker in found
    ]
    yield from table(rows, ("WORKER", "STATE", "SLOTS", "VERSION", "HEARD", "PROBLEM"))


def _problem(worker: dict[str, Any]) -> str:
    problems: list[Any] = worker.get("problems") or []
    return problems[-1]["problem"] if problems else ""


def _age(worker: dict[str, Any]) -> str:
    age = worker.get("age_s")
    return "" if age is None else f"{duration_text(age)} ago"


def _act(ctx: click.Context, id: str, action: str) -> None:
    server, form = ctx.obj
    show([_ask(server, "POST", f"/{as_part(id)}/{action}")], form, _as_table)


async def _repaired(server: Server, id: str) -> dict[str, Any]:
    async with server.client() as client:
        return await until_back(client.rest, id, await client.rest.call("POST", f"/workers/{as_part(id)}/repair", {}))


async def until_back(rest: Rest, id: str, worker: dict[str, Any]) -> dict[str, Any]:
    """The worker once its link, which was closed for it to say hello again, is there; after 5 s as it is then."""
    end = rest.clock.monotonic() + BACK_S
    while worker.get("state") == "disconnected" and rest.clock.monotonic() < end:
        await rest.clock.sleep(LOOK_S)
        worker = await rest.get(f"/workers/{as_part(id)}")
    return worker


@workers.command()
@click.argument("id")
@click.pass_context
def drain(ctx: click.Context, id: str) -> None:
    """Give worker ID nothing more; it leaves when what it runs has ended."""
    _act(ctx, id, "drain")


@workers.command()
@click.argument("id")
@click.pass_context
def repair(ctx: click.Context, id: str) -> None:
    """Have worker ID say hello again: its profile, kinds, services and attempts are settled anew.

    Nothing that it runs is stopped. Its problems are cleared once what it says agrees with the server.
    """
    server, form = ctx.obj
    worker = run_async(_repaired(server, id))
    show([worker], form, _as_table)
    if worker.get("state") == "disconnected":
        say(f"{id} was asked to say hello again and has not yet; look with: headway workers")


@workers.command()
@click.argument("id")
@click.pass_context
def disconnect(ctx: click.Context, id: str) -> None:
    """Close the link of worker ID for good: its process ends. Start it again to have it back.

    What it runs ends with it, and is lost (and tried again) once its lease has ended or it is back.
    """
    _act(ctx, id, "disconnect")
