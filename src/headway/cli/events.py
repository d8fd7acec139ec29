"""Events on the terminal: those of one job from the log, or those of topics as they come."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
import msgspec

from headway.cli.exits import INTERRUPTED, OK, say
from headway.cli.options import Server, asks_server, run_async, show, shows_data
from headway.cli.plain import plain
from headway.clock import iso
from headway.model.event import Event
from headway.protocol.frames import encode_event


@click.command()
@click.argument("id", required=False)
@click.option("--follow", "-f", is_flag=True, help="As they come, without end.")
@click.option(
    "--topic", "topics", multiple=True, metavar="TOPIC", help="jobs, workers, queues, system, custom:PREFIX …"
)
@click.option("--since", metavar="CURSOR", help="From this cursor on, as an earlier call gave it.")
@shows_data
@asks_server
def events(id: str | None, follow: bool, topics: tuple[str, ...], since: str | None, form: str, server: Server) -> int:
    """Show the events of job ID, or with -f the events of topics (all jobs, if none is named)."""
    if not follow:
        if id is None or topics or since:
            raise click.UsageError("Give a job's ID, or follow topics with -f.")
        run_async(_of_job(server, id, form))
        return OK
    wanted = [*topics, *([f"job:{id}"] if id else [])] or ["jobs"]
    return run_async(_follow(server, wanted, since, form))


async def _of_job(server: Server, id: str, form: str) -> None:
    whole: list[dict[str, Any]] = []
    async with server.client() as client:
        after: int | None = 0
        while after is not None:
            page = await client.rest.get(f"/jobs/{id}/events", {"after": after, "limit": 500})
            if form == "json":  # one value, so it is printed when it is whole
                whole += page["events"]
            else:
                show(page["events"], form, _as_lines)
            after = page.get("next")
    if form == "json":
        show(whole, form, _as_lines)


async def _follow(server: Server, topics: list[str], since: str | None, form: str) -> int:
    last = since
    try:
        async with server.client() as client:
            async for event, cursor in client.events(topics, since):
                last = cursor
                click.echo(encode_event(event) if form != "text" else plain(_line(_as_document(event))))
    finally:
        if last:
            say(f"Go on with: headway events -f --since {last} {' '.join(f'--topic {topic}' for topic in topics)}")
    return INTERRUPTED


def _as_document(event: Event) -> dict[str, Any]:
    return {**msgspec.structs.asdict(event), "at": iso(event.at)}


def _as_lines(events: list[dict[str, Any]]) -> Iterable[str]:
    return map(_line, events)


def _line(event: dict[str, Any]) -> str:
    """`1048601 08:21:07.412 job.progressed crawl 01J…  stage=parse current=3`."""
    about = " ".join(str(event[key]) for key in ("kind", "job", "worker", "queue") if event.get(key))
    told: dict[str, Any] = event["data"]
    data = {key: value for key, value in told.items() if key not in ("set", "put", "was")}
    change: dict[str, Any] = told.get("set") or {}
    state = change.get("state")
    details = " ".join(
        f"{key}={_short(value)}" for key, value in ({"state": state} | data).items() if value is not None
    )
    return f"{event['seq']:>8} {event['at'][11:23]} {click.style(event['type'], bold=True)} {about}  {details}".rstrip()


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:59] + "…"
