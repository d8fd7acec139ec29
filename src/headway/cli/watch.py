"""Following jobs on the terminal: some by id until they end, or all that match a query for as long as one looks.

Ctrl-C only stops looking, and says how to come back. Used by `submit --watch` too.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import click
import msgspec

from headway.cli.board import Board
from headway.cli.exits import INTERRUPTED, OK, exit_of, say, worst
from headway.cli.options import Server, asks_server, run_async, shows_data
from headway.cli.reasons import telling
from headway.cli.words import job_line, plain_step
from headway.client import Client
from headway.client.follow import Update
from headway.client.jobs import error_of_job
from headway.clock import from_iso
from headway.errors import InvalidInput, NotFound
from headway.model.job import JobDoc, is_final
from headway.model.query import Query, live, matches, parse

MOST = 32
"""Topics of one subscription."""


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID…]")
@click.option(
    "--query", "-q", metavar="QUERY", help="All that match, as long as one looks; else: state:running,queued."
)
@shows_data
@asks_server
def watch(ids: tuple[str, ...], query: str | None, form: str, server: Server) -> int:
    """Follow jobs. With IDs it ends when they have, with the exit code of the one that ended worst.

    Ctrl-C stops looking; the jobs run on.
    """
    if ids and query is not None:
        raise click.UsageError("Give ids or --query, not both.")
    if len(ids) > MOST:
        raise click.UsageError(f"At most {MOST} ids; use --query for more.")
    wanted = parse("state:running,cancelling,queued" if query is None else query)
    if not live(wanted):
        hint = "Use state, kind, queue, label, priority and times; 'headway jobs' searches the rest."
        raise InvalidInput("--query", "its matches can not be followed live", hint=hint)
    following = _follow_ids(server, ids, form) if ids else _follow_query(server, wanted, form)
    return run_async(detachable(following, "watch", *ids, *(["--query", query] if query else [])))


async def detachable(following: Any, *again: str) -> int:
    """Ctrl-C ends looking, not the job; `again` are the words after `headway` to come back."""
    try:
        return await following
    except asyncio.CancelledError:
        say(f"Detached; nothing was stopped. Come back with: headway {shlex.join(again)}")
        return INTERRUPTED


async def _follow_ids(server: Server, ids: Sequence[str], form: str) -> int:
    async with server.client() as client:
        return await follow_jobs(client, ids, form)


async def follow_jobs(client: Client, ids: Sequence[str], form: str = "text") -> int:
    """Show the jobs until all have ended; the exit code of the worst."""
    screen = Board(now=client.rest.clock.monotonic)
    documents: dict[str, JobDoc] = {}
    ids = list(dict.fromkeys(ids))
    async with (
        telling(client, lambda: _unfinished(documents), screen.note),
        aclosing(client.watch_topics([f"job:{id}" for id in ids])) as updates,
    ):
        async for update in updates:
            for id in ids:
                before, documents[id] = documents.get(id), _found(update, id, documents)
                _show(screen, documents[id], update, form, before)
            if update.live and all(is_final(document) for document in documents.values()):
                break
    screen.close()
    return worst([_code(document) for document in documents.values()])


def _unfinished(documents: dict[str, JobDoc]) -> list[str]:
    """Those that may wait for something: all that are not over, as nobody but the server knows."""
    return [id for id, document in documents.items() if not is_final(document)]


def _found(update: Update, id: str, known: dict[str, JobDoc]) -> JobDoc:
    document: Any = update.view.topics[f"job:{id}"].documents.get("job", {}).get(id)
    if document is None and id not in known:
        raise NotFound("job", id, hint="'headway jobs' lists them.")
    return document or known[id]


def _code(job: JobDoc) -> int:
    return OK if job.get("state") == "completed" else exit_of(error_of_job(job))


def _show(screen: Board, job: JobDoc, update: Update, form: str, before: JobDoc | None = None) -> None:
    if before is not None and before.get("state") != job.get("state"):
        screen.unnote(job.get("id", ""))  # what kept it there does not keep it here
    if form == "text":
        line = job_line(job, update.view.as_of, live=update.live)
        screen.put(job.get("id", ""), line, (plain_step(job), update.live))
    elif any(event.job == job.get("id") for event in update.events) or not update.events:
        click.echo(msgspec.json.encode(job))


async def _follow_query(server: Server, query: Query, form: str) -> int:
    async with server.client() as client:
        screen = Board(now=client.rest.clock.monotonic)
        found: dict[str, JobDoc] = {}
        async with telling(client, lambda: _unfinished(found), screen.note):
            async for update in client.watch_topics(["jobs"]):
                documents: dict[str, Any] = update.view.topics["jobs"].documents.get("job", {})
                now = from_iso(update.view.as_of) if update.view.as_of else 0
                shown, found = found, {id: job for id, job in documents.items() if matches(query, job, now)}
                changed = {event.job for event in update.events if event.job}
                for id in sorted(found) if not update.events else [id for id in sorted(changed) if id in found]:
                    _show(screen, found[id], update, form, shown.get(id))
                for id in shown.keys() - found.keys():
                    _leave(screen, documents.get(id), update, form)
                    screen.drop(id)
                screen.draw()
    return OK


def _leave(screen: Board, job: JobDoc | None, update: Update, form: str) -> None:
    """A job that matches no longer is shown a last time where lines stay."""
    if job is not None and not screen.terminal:
        _show(screen, job, update, form)
