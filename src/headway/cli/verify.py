"""Is the store what its log says? Asked of a running server, which folds every job's events again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
import msgspec

from headway.cli.exits import FAILED, OK
from headway.cli.options import Server, asks_server, run_async, show, shows_data


@click.command()
@shows_data
@asks_server
def verify(form: str, server: Server) -> int:
    """Compare every stored job with its log. Exit 1 if anything differs."""
    found = run_async(_ask(server))
    show(found, form, _as_lines)
    return FAILED if found["different"] else OK


async def _ask(server: Server) -> Any:
    async with server.client() as client:
        return await client.rest.get("/admin/verify", wait_s=3600.0)


def _as_lines(found: dict[str, Any]) -> Iterable[str]:
    counted = f"{found['jobs']:,} jobs, {found['events']:,} events"
    different = found["different"]
    yield f"{counted}: {f'{different:,} fields differ from their log' if different else 'all equal to their log'}."
    for each in found["differences"]:
        yield f"  {each['job']} {each['field']}: row {_short(each['row'])}, log {_short(each['log'])}"


def _short(value: Any) -> str:
    """Enough to recognise it; all of it is in --json."""
    text = "nothing" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else text[:59] + "…"
