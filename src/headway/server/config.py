"""Configuration: every value by name, from five places, with the place it came from.

Flag > `HEADWAY_*` > `./headway.toml` or `[tool.headway]` of `./pyproject.toml` > user file > default. One flat set of
names: those of `Config` and those of `model.settings.Settings`, spelled `lease_s` in a file, `HEADWAY_LEASE_S` in the
environment. A name nobody knows is an error in a file (a typo would be silent otherwise) and ignored in the
environment. Called by the CLI before anything is started; imports nothing that is slow.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import msgspec

from headway.errors import InvalidInput
from headway.model.settings import Settings
from headway.server.mcp_config import read_servers, shown_servers

DEFAULT = "default"


class Config(msgspec.Struct, kw_only=True, frozen=True):
    """What `headway serve` and the client commands are told from outside.

    `data` is the folder for what is not in the store; `store` "" stands for `headway.db` in it. `store_direct` is the
    way to a PostgreSQL past its transaction pooler, to listen on. `artifacts` is the folder for files of jobs; "": in
    `data` where the store is a file, in the database where servers share one.
    `allowed_hosts` and `allowed_origins` are added to those of loopback, `trusted_proxies`
    (addresses or networks) to the proxies on this machine that are believed when they say for whom they ask. `token` grants everything; `tokens` names a
    file of hashed tokens (`tokens.py`). `server` is where the client commands look. `connectors` are the outside engines
    of a worker, `TYPE=TARGET` each. `mcp_tools` (`[mcp] tools` in a file) are the kinds, by globs, that agents get as
    tools of their own; `mcp_servers` the options of `[mcp.servers.NAME]`, by name (`mcp_config.py`).
    """

    host: str = "127.0.0.1"
    port: int = 8400
    store: str = ""
    store_direct: str = ""
    data: str = ""
    artifacts: str = ""
    base_path: str = ""
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    token: str = ""
    tokens: str = ""
    server: str = "http://127.0.0.1:8400"
    connectors: tuple[str, ...] = ()
    mcp_tools: tuple[str, ...] = ()
    mcp_servers: dict[str, dict[str, Any]] = {}
    settings: Settings = Settings()

    @property
    def store_url(self) -> str:
        """The store's URL, the default filled in."""
        return self.store or f"sqlite:///{Path(self.data) / 'headway.db'}"

    @property
    def authenticated(self) -> bool:
        """True where every request must carry a token."""
        return bool(self.token or self.tokens)


class Loaded(msgspec.Struct, frozen=True):
    """A configuration, and for each name the place its value came from (`flag`, `HEADWAY_PORT`, a path, `default`)."""

    config: Config
    origins: dict[str, str]

    def values(self) -> dict[str, Any]:
        """Every value by its flat name; the token only as whether there is one, no password of a URL, no secret of an
        MCP server.
        """
        flat = msgspec.structs.asdict(self.config)
        settings: Settings = flat.pop("settings")
        from headway.store.passwords import without_password

        flat |= {
            "store": without_password(self.config.store),
            "store_direct": without_password(self.config.store_direct),
        }
        flat["mcp_servers"] = shown_servers(self.config.mcp_servers)
        return {**flat, "token": "(set)" if self.config.token else "", **msgspec.structs.asdict(settings)}


Layer = tuple[str, Mapping[str, Any]]
"""Where values come from, and the values by name; a layer of the environment has one origin per name."""

_CONFIG_FIELDS = {field.name: field.type for field in msgspec.structs.fields(Config) if field.name != "settings"}
_SETTING_FIELDS = {field.name: field.type for field in msgspec.structs.fields(Settings)}
_FIELDS: dict[str, Any] = {**_CONFIG_FIELDS, **_SETTING_FIELDS}
_PATHS = {"data", "artifacts", "tokens"}
_TABLES: dict[str, dict[str, str]] = {
    "worker": {"connectors": "connectors"},
    "mcp": {"tools": "mcp_tools", "servers": "mcp_servers"},
}
"""Names that may stand in a table of their own in a file, and the flat names that they stand for."""


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Loaded:
    """The configuration of a process started in `folder`. Flags that are None were not given. InvalidInput names the
    value and the place it came from.
    """
    environ = os.environ if environ is None else environ
    folder = folder or Path.cwd()
    layers = [
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
        *(("HEADWAY_" + name.upper(), {name: value}) for name, value in _from_environment(environ).items()),
        *_project_layers(folder),
        *_file_layer(user_file(environ), ()),
    ]
    return resolve(layers, environ)


def resolve(layers: list[Layer], environ: Mapping[str, str]) -> Loaded:
    """The first layer that has a name gives its value."""
    values: dict[str, Any] = {}
    origins = dict.fromkeys(_FIELDS, DEFAULT)
    for origin, layer in reversed(layers):
        for name, value in layer.items():
            values[name] = _convert(name, value, origin)
            origins[name] = origin
    values.setdefault("data", str(_data_folder(environ)))
    values["base_path"] = _base_path(values.get("base_path", ""))
    settings = Settings(**{name: values.pop(name) for name in _SETTING_FIELDS if name in values})
    return Loaded(Config(**values, settings=settings), origins)


def user_file(environ: Mapping[str, str]) -> Path:
    """The user's own file: `$XDG_CONFIG_HOME/headway/headway.toml`, by default under `~/.config`."""
    return _home(environ, "XDG_CONFIG_HOME", ".config") / "headway" / "headway.toml"


def check_bind(config: Config) -> None:
    """Refuse an address that other machines reach while nobody needs a token."""
    if not is_loopback(config.host) and not config.authenticated:
        raise InvalidInput(
            "host",
            f"{config.host} is reachable from other machines and no token is configured",
            hint="Set HEADWAY_TOKEN to a long random text, or name a file of hashed tokens with --tokens; or keep "
            "127.0.0.1 and put a proxy that authenticates in front.",
        )


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ[key] for name in _FIELDS if (key := "HEADWAY_" + name.upper()) in environ}


def _project_layers(folder: Path) -> list[Layer]:
    return _file_layer(folder / "headway.toml", ()) or _file_layer(folder / "pyproject.toml", ("tool", "headway"))


def _file_layer(path: Path, table: tuple[str, ...]) -> list[Layer]:
    """The file as a layer; none where it does not exist or lacks the table."""
    try:
        content: Any = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(str(path), f"not TOML: {error}", hint="See https://toml.io for its grammar.") from None
    for word in table:
        content = cast("dict[str, Any]", content).get(word) if isinstance(content, dict) else None
    if not isinstance(content, dict) or not content:
        return []
    values = _flat(cast("dict[str, Any]", content), path)
    for name in values:
        if name not in _FIELDS:
            raise InvalidInput(f"{path}: {name}", "no such setting", hint=_nearest(name))
    return [(str(path), values)]


def _flat(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """The values of a file with those of its tables, by their flat names."""
    values = {name: value for name, value in content.items() if name not in _TABLES}
    for table, names in _TABLES.items():
        inside: Any = content.get(table, {})
        if not isinstance(inside, dict):
            raise InvalidInput(f"{path}: {table}", "is not a table", hint=f"Write [{table}] on a line of its own.")
        for name, value in cast("dict[str, Any]", inside).items():
            if name not in names:
                raise InvalidInput(f"{path}: {table}.{name}", "no such setting", hint=f"There is {', '.join(names)}.")
            values[names[name]] = value
    return values


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, _FIELDS, n=1)
    return f"Did you mean {near[0]}?" if near else "'headway config --origin' lists them all."


def _convert(name: str, value: Any, origin: str) -> Any:
    wanted = _FIELDS.get(name)
    if wanted is None:
        raise InvalidInput(f"{origin}: {name}", "no such setting", hint=_nearest(name))
    if name == "mcp_servers":
        return read_servers(value, origin if origin == "HEADWAY_MCP_SERVERS" else f"{origin}: mcp.servers")
    if wanted == tuple[str, ...] and isinstance(value, str):
        value = tuple(part.strip() for part in value.split(",") if part.strip())
    try:
        converted: Any = msgspec.convert(value, wanted, strict=False)
    except msgspec.ValidationError as error:
        where = name if origin == "flag" else f"{origin}: {name}" if origin != "HEADWAY_" + name.upper() else origin
        raise InvalidInput(where, f"{value!r} does not fit: {error}".rstrip("."), hint=_hint(wanted)) from None
    return str(Path(converted).expanduser()) if name in _PATHS and converted else converted


def _hint(wanted: Any) -> str:
    words = {int: "a whole number", float: "a number (durations are in seconds)", str: "a text"}
    return f"Give {words.get(wanted, 'a list of texts')}."


def _base_path(path: str) -> str:
    trimmed = path.strip("/")
    return f"/{trimmed}" if trimmed else ""


def _data_folder(environ: Mapping[str, str]) -> Path:
    return _home(environ, "XDG_DATA_HOME", ".local/share") / "headway"


def _home(environ: Mapping[str, str], variable: str, below: str) -> Path:
    return Path(environ[variable]) if environ.get(variable) else Path(environ.get("HOME") or Path.home()) / below
