"""Jobs by query and by id: list, show, cancel, retry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import click
import msgspec

from headway.cli.bulk import act_on_all, acts_on_many
from headway.cli.exits import exit_of, say, say_error
from headway.cli.options import Server, asks_server, json_object, run_async, show, shows_data
from headway.cli.words import (
    ending_text,
    left_text,
    one_line,
    percent,
    progress_count,
    reason_lines,
    state_text,
    table,
    time_text,
)
from headway.client import Client
from headway.errors import HeadwayError, NotFound
from headway.model.job import WAITING, JobDoc, is_final


class QueryCommand(click.Command):
    """Takes terms that begin with `-` (`-label.test:1`) as words, not as options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        terms = [word for word in args if _is_negated(word)]
        rest = [word for word in args if not _is_negated(word)]
        return super().parse_args(ctx, [*rest, "--", *terms] if terms and "--" not in rest else rest + terms)


def _is_negated(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and (":" in word or " " in word)


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many.")
@shows_data
@asks_server
def jobs(query: tuple[str, ...], limit: int, form: str, server: Server) -> None:
    """List jobs, newest first, narrowed by QUERY.

    For example: headway jobs state:running,queued kind:crawl label.subject:sub-01 since:24h
    """
    show(run_async(_list(server, _joined(query), limit)), form, _as_table)


def _joined(words: Sequence[str]) -> str:
    """The words as one query; a word that the shell has taken the quotes from gets them back."""
    return " ".join(_quoted(word) if " " in word and ":" not in word else word for word in words)


def _quoted(word: str) -> str:
    return f'-"{word[1:]}"' if word.startswith("-") else f'"{word}"'


async def _list(server: Server, query: str, limit: int) -> list[JobDoc]:
    async with server.client() as client:
        return await client.list(query, limit=limit)


def _as_table(found: list[JobDoc]) -> Iterable[str]:
    if not found:
        say("No job matches.")
        return
    rows = [
        [
            job.get("id", ""),
            job.get("kind", ""),
            state_text(job.get("state", "")),
            job.get("queue", ""),
            time_text(job.get("created_at")),
            _how_far(job),
        ]
        for job in found
    ]
    yield from table(rows, ("ID", "KIND", "STATE", "QUEUE", "CREATED (UTC)", "PROGRESS"))


def _how_far(job: JobDoc) -> str:
    if is_final(job):
        return ending_text(job)
    if asked := job.get("input"):
        return f"asks: {one_line(asked['message'])}"
    progress: Any = job.get("progress", {})
    return " ".join(
        part
        for part in (percent(progress.get("overall")), progress.get("stage") or "", progress_count(progress))
        if part
    )


@click.command()
@click.argument("id")
@shows_data
@asks_server
def job(id: str, form: str, server: Server) -> None:
    """Show one job: state, progress, attempts, result or error; of one that waits, what it waits for."""
    found, reasons = run_async(_get(server, id, asks_why=form == "text"))
    show(found, form, lambda job: job_page(job, reasons))


async def _get(server: Server, id: str, *, asks_why: bool) -> tuple[JobDoc, list[dict[str, Any]]]:
    async with server.client() as client:
        job = await client.get(id)
        if not asks_why or job.get("state") not in WAITING:
            return job, []
        with suppress(NotFound):  # an older server, or the job was removed meanwhile
            return job, (await client.rest.get(f"/jobs/{quote(id, safe='')}/why"))["reasons"]
        return job, []


def job_page(job: JobDoc, reasons: Sequence[dict[str, Any]] = ()) -> Iterable[str]:
    """Everything of one job that people look for, in lines; `reasons` why it is not running."""
    yield f"{job.get('kind')} {job.get('id')}  {state_text(job.get('state', ''))}"
    for name, value in _facts(job):
        if value:
            yield f"  {name:<12} {value}"
    yield from reason_lines(reasons)
    for number, attempt in job.get("attempts", {}).items():
        outcome = attempt.get("outcome", attempt.get("phase", ""))
        yield f"  {'attempt ' + number:<12} {outcome} on {attempt.get('worker', '')}"
        for path, stage in attempt.get("stages", {}).items():
            indent = "  " * path.count("/")
            state = stage.get("state", "") if path else "in all"
            yield f"    {indent}{path.rpartition('/')[2] or '·':<16} {state}  {progress_count(stage)}".rstrip()
    for note in job.get("notes", []):
        yield f"  {note['level']:<12} {note['message']}"
    if error := job.get("error"):
        yield from error.get("traceback", "").rstrip().splitlines()


def _facts(job: JobDoc) -> Iterable[tuple[str, str]]:
    estimate = None if is_final(job) else job.get("estimate")
    error = job.get("error")
    cancel = job.get("cancel", {})
    asked = job.get("input")
    yield "progress", "" if is_final(job) or asked else _how_far(job)
    yield "asks", f"{one_line(asked['message'])} (headway answer {job.get('id')})" if asked else ""
    yield "time left", "" if asked else left_text(estimate, "")
    yield "ended", ending_text(job) if is_final(job) else ""
    yield "queue", f"{job.get('queue', '')}, priority {job.get('priority', 0)}"
    yield "labels", " ".join(f"{name}={value}" for name, value in job.get("labels", {}).items())
    yield "created", f"{job.get('created_at', '')} by {job.get('submitted_by', 'nobody')}"
    yield "started", job.get("started_at", "")
    yield "finished", job.get("finished_at", "")
    yield "worker", job.get("worker") or ""
    yield "args", _json(job["args"]) if "args" in job else ""
    yield "result", _json(job["result"]) if "result" in job else ""
    yield "error", f"{error['type']}: {error['message']}" if error else ""
    yield "retry of", job.get("retry_of", "")
    yield "retried by", job.get("retried_by", "")
    yield (
        "cancelled",
        ", ".join(f"{step.removesuffix('_at')} {at}" for step, at in cancel.items() if step.endswith("_at")),
    )
    yield "artifacts", " ".join(job.get("artifacts", {}))
    yield "log", f"{job.get('log_lines', 0)} lines: headway logs {job.get('id')}" if job.get("log_lines") else ""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID…]")
@acts_on_many
@click.option("--reason", default="", help="Shown on the receipt.")
@shows_data
@asks_server
def cancel(
    ids: tuple[str, ...], query: str | None, dry_run: bool, yes: bool, reason: str, form: str, server: Server
) -> int:
    """Stop jobs. One that runs is asked to; 'headway job ID' shows how far that came.

    For example: headway cancel --query 'state:queued kind:crawl'
    """
    if _are_many(ids, query):
        return act_on_all(server, "cancel", query or "", form, dry_run=dry_run, yes=yes, reason=reason)

    async def stop(client: Client, id: str) -> Any:
        document = await client.cancel(id, reason)
        say(f"{id} is {document.get('state')}.")
        return document

    return run_async(_each(server, ids, stop, form))


@click.command()
@click.argument("ids", nargs=-1, metavar="[ID…]")
@acts_on_many
@click.option("--args", "changed", metavar="JSON", help="Other arguments, of IDs; else the same.")
@shows_data
@asks_server
def retry(
    ids: tuple[str, ...], query: str | None, dry_run: bool, yes: bool, changed: str | None, form: str, server: Server
) -> int:
    """Run final jobs again, each as a new job of its lineage. Prints the new ids; with --query how many."""
    if _are_many(ids, query):
        if changed is not None:
            raise click.UsageError("--args goes with ids: one input does not fit all.")
        return act_on_all(server, "retry", query or "", form, dry_run=dry_run, yes=yes)
    args = None if changed is None else json_object(changed, "--args")

    async def again(client: Client, id: str) -> Any:
        new = await client.retry(id, args)
        if form == "text":
            click.echo(new.id)
        return {"id": new.id, "retry_of": id}

    return run_async(_each(server, ids, again, form))


def _are_many(ids: Sequence[str], query: str | None) -> bool:
    if bool(ids) == (query is not None):
        raise click.UsageError("Give ids, or --query.")
    return query is not None


async def _each(server: Server, ids: Sequence[str], act: Callable[[Client, str], Awaitable[Any]], form: str) -> int:
    """Do it to each; what fails is said, the others go on, and the first failure is the exit code."""
    code, done = 0, list[Any]()
    async with server.client() as client:
        for id in ids:
            try:
                done.append(await act(client, id))
            except HeadwayError as error:
                say_error(error)
                code = code or exit_of(error)
    if form != "text":
        show(done, form, lambda _: ())
    return code
