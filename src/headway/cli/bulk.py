"""One action on many jobs from the terminal: asked for once more, followed to its end, and told in one line.

Ctrl-C stops looking; the action goes on at the server. Called by `jobs.py` and `queues.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from headway.cli.board import Board
from headway.cli.exits import OK, exit_of, say, say_error
from headway.cli.options import Command, Server, run_async, show
from headway.cli.words import job_line, plain_step
from headway.client import Client
from headway.client.jobs import error_of_job
from headway.model.job import JobDoc, is_final

DONE = {"cancel": "cancelled", "retry": "retried"}


def acts_on_many(command: Command) -> Command:
    """Adds `--query`, `--dry-run` and `--yes`."""
    for option in (
        click.option("--yes", "-y", is_flag=True, help="With --query: do not ask."),
        click.option("--dry-run", is_flag=True, help="With --query: only count them."),
        click.option("--query", "-q", metavar="QUERY", help="All that match, instead of IDs."),
    ):
        command = option(command)
    return command


def act_on_all(
    server: Server, action: str, query: str, form: str, *, dry_run: bool, yes: bool, reason: str = ""
) -> int:
    """Do it to all that match, unless it is only to be counted; the exit code."""
    return run_async(_act(server, action, query, form, dry_run=dry_run, yes=yes, reason=reason))


async def _act(server: Server, action: str, query: str, form: str, *, dry_run: bool, yes: bool, reason: str) -> int:
    async with server.client() as client:
        meant = await client.matching(query)
        number = f"{meant['matched']:,} job{'' if meant['matched'] == 1 else 's'}"
        if meant.get("partial"):
            say("The search was cut at its bound: other jobs may match.")
        if dry_run:
            show(meant, form, lambda _: [f"{number} would be {DONE[action]}"])
            return OK
        if not yes:
            click.confirm(f"{action.capitalize()} {number}?", abort=True, err=True)
        job = await client.act(action, query, reason=reason)
        return await follow_action(client, job.id, DONE[action], form)


async def follow_action(client: Client, id: str, done: str, form: str) -> int:
    """Show how far it is, and in the end what it did."""
    from headway.cli.watch import detachable  # it brings the WebSocket along

    return await detachable(_follow(client, id, done, form), "watch", id)


async def _follow(client: Client, id: str, done: str, form: str) -> int:
    document = await client.get(id)
    if not is_final(document):
        screen = Board(sys.stderr, now=client.rest.clock.monotonic)
        async for view in client.watch(id):
            screen.put(id, job_line(view.document, view.as_of, live=view.live), (plain_step(view.document), view.live))
        screen.close()
        document = await client.get(id)
    tally: dict[str, Any] = document.get("result") or document.get("details") or {}
    show({"job": id, "state": document.get("state"), **tally}, form, lambda said: _as_text(said, done))
    if refused := sum(tally.get("refused", {}).values()):
        say(f"{refused:,} refused: headway logs {id}")
    return _code(document)


def _as_text(said: dict[str, Any], done: str) -> Iterable[str]:
    yield f"{said.get('done', 0):,} of {said.get('matched', 0):,} {done}"


def _code(document: JobDoc) -> int:
    if document.get("state") == "completed":
        return OK
    error = error_of_job(document)
    say_error(error)
    return exit_of(error)
