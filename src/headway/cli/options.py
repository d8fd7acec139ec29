"""What several commands take: which server, which form of output; and running their asynchronous part.

The server and token come from flag, environment, project file, user file or default (server/config.py). Called by the
commands that ask a server.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from headway.cli.plain import plain

if TYPE_CHECKING:
    from headway.client import Client

T = TypeVar("T")
Command = Callable[..., Any]

PATIENCE_S = 1.0
"""A person at a terminal would rather know at once that nobody answers."""


class Server(msgspec.Struct, frozen=True):
    """The server a command asks."""

    url: str
    token: str | None

    def client(self) -> Client:
        """A client of it."""
        from headway.client import Client

        return Client(self.url, self.token, patience_s=PATIENCE_S)


def find_server(url: str | None = None, token: str | None = None) -> Server:
    """The server of the configuration; flags win."""
    from headway.server.config import load

    config = load({"server": url, "token": token}).config
    return Server(config.server.rstrip("/"), config.token or None)


def asks_server(command: Command) -> Command:
    """Adds `--server` and `--token`; the command gets `server`."""

    @click.option("--server", "server_url", metavar="URL", help="The server; else HEADWAY_SERVER, else this machine.")
    @click.option("--token", metavar="TOKEN", help="Its token; better in HEADWAY_TOKEN, where nobody else sees it.")
    @functools.wraps(command)
    def with_server(*args: Any, server_url: str | None, token: str | None, **named: Any) -> Any:
        return command(*args, server=find_server(server_url, token), **named)

    return with_server


def connects(command: Command) -> Command:
    """Adds `--connector`; the command gets `connectors`, empty where none was given."""
    option = click.option(
        "--connector", "connectors", multiple=True, metavar="TYPE=TARGET",
        help="Serve an outside engine: comfyui=http://127.0.0.1:8188, or mcp=NAME, of those configured. Repeatable.",
    )  # fmt: skip
    return option(command)


def shows_data(command: Command) -> Command:
    """Adds `--json` and `--jsonl`; the command gets `form`: text, json or jsonl."""

    @click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
    @click.option("--jsonl", "as_lines", is_flag=True, help="JSON on stdout, one value a line.")
    @functools.wraps(command)
    def with_form(*args: Any, as_json: bool, as_lines: bool, **named: Any) -> Any:
        return command(*args, form="jsonl" if as_lines else "json" if as_json else "text", **named)

    return with_form


def show(values: Any, form: str, as_text: Callable[[Any], Iterable[str]]) -> None:
    """A document or a list of them, in the form asked for."""
    if form == "text":
        for line in as_text(values):
            click.echo(plain(line))
    elif form == "jsonl":
        for value in values if isinstance(values, list) else [values]:  # pyright: ignore[reportUnknownVariableType]
            click.echo(msgspec.json.encode(value))
    else:
        click.echo(msgspec.json.format(msgspec.json.encode(values), indent=2))


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run the asynchronous part of a command."""
    return asyncio.run(work)


def run_service(work: Coroutine[Any, Any, T]) -> T:
    """Run what stays: a server or a worker. On uvloop where there is one: half the cost of a message."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def pairs(words: Iterable[str], option: str) -> dict[str, str]:
    """`K=V` words as a dict."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{word!r} is not NAME=VALUE.", param_hint=option)
        found[name] = value
    return found


def at_terminal() -> bool:
    """Whether a person can be asked."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):  # closed, or none at all
        return False


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given."""
    return {name: value for name, value in values.items() if value not in (None, (), {}, "")}


def json_object(text: str, option: str) -> dict[str, Any]:
    """An object written as JSON."""
    try:
        value: Any = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise click.BadParameter(f"not JSON: {error}.", param_hint=option) from None
    if not isinstance(value, dict):
        raise click.BadParameter("must be a JSON object.", param_hint=option)
    return value  # pyright: ignore[reportUnknownVariableType]
