"""All that one worker serves, as one app: users' apps by `module:app`, connectors by `TYPE=TARGET`.

A connector is a function `(targets) -> App`, found by the entry point of its type in the group `headway.connectors`, so
that a package anybody installs brings its own. It is called once per type, with all targets. Must never know processes.
Called by the executor, and by the CLI to read an option.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Generator, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from headway.errors import InvalidInput
from headway.worker.engines import Target
from headway.worker.pipe import Connector
from headway.worker.registry import App, load_app

GROUP = "headway.connectors"
MCP = "mcp"
"""The type whose targets are configured, with options, in `[mcp.servers.NAME]`."""


def read_connector(text: str) -> tuple[str, str]:
    """`TYPE=TARGET` as (type, target). InvalidInput names the option."""
    type, equals, target = text.partition("=")
    if not type or not equals or not target:
        raise InvalidInput(
            f"--connector {text}", "is not TYPE=TARGET", hint="For example comfyui=http://127.0.0.1:8188."
        )
    return type, target


def connectors_of(told: Iterable[str], mcp_servers: Mapping[str, dict[str, Any]]) -> list[Connector]:
    """What a worker connects to: the connectors as they are told, `TYPE=TARGET`, and every MCP server that is configured,
    or only those that `mcp=NAME` names. InvalidInput for one that is not configured: commands come from config alone.
    """
    read = [read_connector(each) for each in told]
    named = [target for type, target in read if type == MCP]
    for name in named:
        if name not in mcp_servers:
            known = f"Configured: {', '.join(mcp_servers)}." if mcp_servers else ""
            hint = known or f'Write [mcp.servers.{name}] into headway.toml, and below it command = "…" or url = "…".'
            raise InvalidInput(f"--connector {MCP}={name}", "no MCP server of this name is configured", hint=hint)
    others: list[Connector] = [(type, target, {}) for type, target in read if type != MCP]
    return [*others, *((MCP, name, its) for name, its in mcp_servers.items() if not named or name in named)]


def load_served(apps: Sequence[str], connectors: Sequence[Connector]) -> App:
    """One app with the jobs and engines of all of them. InvalidInput says which can not be had, and why."""
    served = App()
    for reference in apps:
        with told_of(reference):
            served.include(load_app(reference))
    for type, targets in _by_type(connectors).items():
        with told_of(f"--connector {type}={targets[0].text}"):
            served.include(_connected(type, targets))
    return served


@contextlib.contextmanager
def told_of(what: str) -> Generator[None]:
    """Importing somebody's module, and calling somebody's function, may raise anything, SystemExit too."""
    try:
        yield
    except InvalidInput:
        raise
    except BaseException as error:
        hint = f"\n{traceback.format_exc().strip()}"
        raise InvalidInput(
            what, f"can not be loaded: {type(error).__name__}: {error}".rstrip("."), hint=hint
        ) from error


def _by_type(connectors: Iterable[Connector]) -> dict[str, list[Target]]:
    found: dict[str, list[Target]] = {}
    for type, target, options in connectors:
        found.setdefault(type, []).append(Target(target, options))
    return found


def _connected(type: str, targets: list[Target]) -> App:
    found = _installed()
    option = f"--connector {type}={targets[0].text}"
    if type not in found:
        known = ", ".join(sorted(found)) or "none"
        raise InvalidInput(option, f"there is no connector {type!r}", hint=f"Installed: {known}.")
    app: Any = found[type].load()(targets)
    if not isinstance(app, App):
        raise InvalidInput(option, f"{found[type].value} gave a {app.__class__.__name__}, not a headway.App")
    return app


def _installed() -> dict[str, EntryPoint]:
    return {each.name: each for each in entry_points(group=GROUP)}
