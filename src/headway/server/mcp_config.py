"""The MCP servers of a configuration, `[mcp.servers.NAME]`: their form, and what of them is shown.

What the options of one mean is the connector's to say (`connectors/mcp`), where it is told by its key; here they are only
carried. They may hold secrets: no error and nothing that is shown repeats a value that could be one. Pure; called by
`config.py`; which of them a worker serves is `worker/loading.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from headway.errors import InvalidInput
from headway.store.passwords import without_password

Servers = dict[str, dict[str, Any]]

_SET = "(set)"
_SECRETS = ("env", "headers")  # tables whose every value may be one
_TELLING = re.compile(r"(?i)(token|key|secret|password|auth|credential)[^=]*")
_NAMED = re.compile(
    r"(?i)(-*[\w.-]*(?:token|key|secret|password|auth|credential|cookie)[\w.-]*(?:=|:\s*))(.+)", re.DOTALL
)
_VARIABLE = re.compile(r"\$\{[^}]*\}")


def read_servers(value: Any, place: str) -> Servers:
    """Of a file's `[mcp.servers]`, or JSON from the environment ("": none). InvalidInput names the entry, and no value."""
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value) if value else {}
        except msgspec.DecodeError:
            raise InvalidInput(place, "is not JSON", hint='Write {"NAME": {"command": "npx"}}.') from None
    if not isinstance(value, Mapping):
        raise InvalidInput(place, "is not a table", hint="Write [mcp.servers.NAME] on a line of its own.")
    servers = cast("Mapping[str, Any]", value)
    for name, options in servers.items():
        if not isinstance(options, Mapping):
            hint = f"Write [mcp.servers.{name}] on a line of its own, and below it command or url."
            raise InvalidInput(f"{place}.{name}", "is not a table", hint=hint)
    return {name: dict(options) for name, options in servers.items()}


def shown_servers(servers: Servers) -> Servers:
    """As people may see them: of what may be a secret only that it is there. `${NAME}` is none."""
    return {name: {key: _shown(key, value) for key, value in options.items()} for name, options in servers.items()}


def _shown(key: str, value: Any) -> Any:
    if key in _SECRETS and isinstance(value, Mapping):
        return {name: _without_secret(text) for name, text in cast("Mapping[str, Any]", value).items()}
    if key in _SECRETS:
        return _SET
    if key == "args" and isinstance(value, list):
        return _shown_args(cast("list[Any]", value))
    return without_password(value).partition("?")[0] if key == "url" and isinstance(value, str) else value


def _without_secret(value: Any) -> str:
    return value if isinstance(value, str) and _VARIABLE.fullmatch(value) else _SET


def _shown_args(args: Sequence[Any]) -> list[Any]:
    """`--api-key X`, `--api-key=X`, `-e API_KEY=X` and `--header "Authorization: X"` without X; URLs as elsewhere."""
    shown: list[Any] = []
    follows = False
    for arg in args:
        name, equals, _ = str(arg).partition("=")
        shown.append(_without_secret(arg) if follows and not name.startswith("-") else _shown_arg(arg))
        follows = name.startswith("-") and _TELLING.search(name) is not None and not equals
    return shown


def _shown_arg(arg: Any) -> Any:
    if named := _NAMED.fullmatch(str(arg)):
        return f"{named.group(1)}{_without_secret(named.group(2))}"
    return without_password(arg).partition("?")[0] if isinstance(arg, str) and "://" in arg else arg
