"""Servers on the terminal: which share the store of the one that is asked, how fresh the news of them is, who leads.

What it takes is a token for administrators, where tokens are needed at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from headway.cli.options import Server, asks_server, run_async, show, shows_data
from headway.cli.words import table
from headway.model.duration import duration_text


@click.command()
@shows_data
@asks_server
def servers(form: str, server: Server) -> None:
    """Show the servers that share a store, with who looks and who works there."""
    answer = run_async(_ask(server))
    leader = answer["leader"]
    show([{**each, "leads": each["id"] == leader} for each in answer["servers"]], form, _as_table)


async def _ask(server: Server) -> Any:
    async with server.client() as client:
        return await client.rest.call("GET", "/admin/servers")


def _as_table(found: list[dict[str, Any]]) -> Iterable[str]:
    rows = [
        [
            each["id"],
            each.get("machine") or "",
            each.get("address") or "",
            each.get("version") or "",
            str(each.get("viewers", "")),
            str(each.get("workers", "")),
            f"{duration_text(each['age_s'])} ago",
            "leads" if each["leads"] else "",
        ]
        for each in found
    ]
    yield from table(rows, ("SERVER", "MACHINE", "ADDRESS", "VERSION", "VIEWERS", "WORKERS", "HEARD", ""))
