"""One MCP server as the config names it: how it is reached, how much at once, which tools, and its secrets.

`server_of` checks the options of `[mcp.servers.NAME]`; `resolved` fills `${NAME}` in from the environment of the worker
that runs it. What was filled in is a secret from then on (`secrets.py`). Pure; the environment is handed in. Called by
the connector's entry point and, before each connection, by `engine.py`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

import msgspec

from headway.connectors.mcp.secrets import Secrets
from headway.errors import InvalidInput
from headway.model.duration import parse_duration

Protocol = Literal["auto", "2025-11-25"]  # the second: it and older, by `initialize`
LogLevel = Literal["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]
MOST_SLOTS = 1_000

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_SECRET_CHARS = 8  # of a value that stands in the config itself
_PLAIN = frozenset({"HOME", "PATH", "USER", "LOGNAME", "PWD", "SHELL", "LANG", "TMPDIR", "HOSTNAME"})
_SECRET_KEY = re.compile(r"key|token|secret|passw|auth|credential|cookie|dsn|private", re.IGNORECASE)


class ToolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the config says of one tool, in place of what its annotations say."""

    confirm: bool | None = None
    progress_timeout: str | float | None = None
    timeout: str | float | None = None
    max_attempts: int | None = None
    queue: str | None = None


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A server as configured. One of `command` and `url`; `${NAME}` still stands in its texts."""

    name: str
    command: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = None
    headers: dict[str, str] = {}
    slots: int = 8
    progress_timeout: str | float = "10m"
    include: tuple[str, ...] = ("*",)
    exclude: list[str] = []
    log_level: LogLevel = "info"
    protocol: Protocol = "auto"
    tools: dict[str, ToolOptions] = {}

    @property
    def shown_url(self) -> str | None:
        """The URL without what may be secret: user and password, `?…` and `#…`."""
        if self.url is None:
            return None
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """A server with its variables filled in, for the one who connects; never shown."""

    server: Server
    args: list[str]
    env: dict[str, str]
    headers: dict[str, str]
    url: str | None
    secrets: Secrets

    def __repr__(self) -> str:
        return f"<MCP server {self.server.name}>"


class MissingVariable(Exception):
    """`${NAME}` stands in the config and the worker's environment has no such variable."""

    def __init__(self, name: str, place: str) -> None:
        super().__init__(
            f"{place} wants the environment variable {name}, which this worker does not have: set it and start anew"
        )


def server_of(name: str, options: Mapping[str, Any]) -> Server:
    """The server of `[mcp.servers.NAME]`. InvalidInput names the key as it stands in the config."""
    place = f"mcp.servers.{name}"
    if not _NAME.fullmatch(name):
        raise InvalidInput(place, "is no server's name", hint="Use letters, digits, - and _, at most 64.")
    _check_keys(options, Server, place, also={"name"})
    for tool, its in _table(options.get("tools", {}), f"{place}.tools").items():
        _check_keys(_table(its, f"{place}.tools.{tool}"), ToolOptions, f"{place}.tools.{tool}")
    try:
        server = msgspec.convert({**options, "name": name}, Server)
    except msgspec.ValidationError as error:
        raise InvalidInput(*_placed(str(error), place)) from None
    for check in _CHECKS:
        check(server, place)
    return server


def _table(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidInput(place, "is no table", hint=f"Write [{place}] and its keys below.")
    return dict(cast("Mapping[str, Any]", value))


def _check_keys(
    options: Mapping[str, Any], type: type[msgspec.Struct], place: str, also: set[str] | None = None
) -> None:
    known = [field for field in type.__struct_fields__ if field not in (also or set())]
    for key in options:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There is {', '.join(known)}."
            raise InvalidInput(f"{place}.{key}", "is not known", hint=hint)


def _placed(problem: str, place: str) -> tuple[str, str]:
    """msgspec's `Expected `int`, got `str` - at `$.slots``, as the place and the problem."""
    text, _, where = problem.partition(" - at `$")
    return place + where.rstrip("`").replace("[...]", ""), text[:1].lower() + text[1:].replace("`", "")


def _check_way(server: Server, place: str) -> None:
    if (server.command is None) == (server.url is None):
        problem = "has neither command nor url" if server.command is None else "has a command and a url"
        raise InvalidInput(place, problem, hint='Give command = "npx" (a process) or url = "https://…/mcp".')
    wrong = [key for key in ("args", "env", "cwd") if server.url is not None and getattr(server, key)]
    wrong += ["headers"] if server.command is not None and server.headers else []
    if wrong:
        way = "url" if server.url is not None else "command"
        raise InvalidInput(f"{place}.{wrong[0]}", f"means nothing beside {way}", hint="Take it out.")


def _check_url(server: Server, place: str) -> None:
    if server.url is None or _VARIABLE.match(server.url):
        return
    try:
        parts = urlsplit(server.url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput(f"{place}.url", "is no http or https URL with a host", hint='Write "https://host/mcp".')


def _check_numbers(server: Server, place: str) -> None:
    if not 1 <= server.slots <= MOST_SLOTS:
        raise InvalidInput(f"{place}.slots", f"{server.slots} is not 1 to {MOST_SLOTS}")
    parse_duration(server.progress_timeout, f"{place}.progress_timeout")
    for tool, its in server.tools.items():
        for key in ("progress_timeout", "timeout"):
            if (value := getattr(its, key)) is not None:
                parse_duration(value, f"{place}.tools.{tool}.{key}")
        if its.max_attempts is not None and its.max_attempts < 1:
            raise InvalidInput(f"{place}.tools.{tool}.max_attempts", f"{its.max_attempts} is less than one")


_CHECKS = (_check_way, _check_url, _check_numbers)


def resolved(server: Server, environment: Mapping[str, str]) -> Resolved:
    """The server with `${NAME}` filled in. MissingVariable."""
    found: set[str] = set()

    def filled(text: str, place: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in environment:
                raise MissingVariable(name, place)
            if name not in _PLAIN:
                found.add(environment[name])
            return environment[name]

        return _VARIABLE.sub(value, text)

    env = {key: filled(text, f"env.{key}") for key, text in server.env.items()}
    headers = {key: filled(text, f"headers.{key}") for key, text in server.headers.items()}
    whole = [text for key, text in env.items() if _SECRET_KEY.search(key)]
    whole += [*headers.values(), *(text.partition(" ")[2] for text in headers.values())]
    url = None if server.url is None else filled(server.url, "url")
    whole += [urlsplit(url).password or ""] if url is not None else []
    return Resolved(
        server=server,
        args=[filled(text, f"args[{number}]") for number, text in enumerate(server.args)],
        env=env,
        headers=headers,
        url=url,
        secrets=Secrets({*found, *(text for text in whole if len(text) >= _SECRET_CHARS)}),
    )


LOG_LEVELS: tuple[str, ...] = get_args(LogLevel)
