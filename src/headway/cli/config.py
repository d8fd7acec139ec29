"""The configuration as it stands here and now, with where each value comes from; and shell completion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from headway.cli.options import show, shows_data
from headway.cli.words import table


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME…]")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.option("--changed", is_flag=True, help="Only what is not at its default.")
@shows_data
def config(names: tuple[str, ...], origin: bool, changed: bool, form: str) -> None:
    """Show the configuration: flag > HEADWAY_* > ./headway.toml or [tool.headway] > user file > default."""
    from headway.server.config import DEFAULT, load

    loaded = load()
    values = loaded.values()
    if unknown := [name for name in names if name not in values]:
        raise click.BadParameter(f"there is no setting {unknown[0]!r}.", param_hint="NAME")
    found = {
        name: {"value": values[name], "origin": loaded.origins.get(name, DEFAULT)}
        for name in names or values
        if not changed or loaded.origins.get(name, DEFAULT) != DEFAULT
    }
    plain = {name: each["value"] for name, each in found.items()}
    show(found if origin else plain, form, lambda _: _as_lines(found, origin))


def _as_lines(found: dict[str, dict[str, Any]], origin: bool) -> Iterable[str]:
    rows = [[name, _text(each["value"]), *([each["origin"]] if origin else [])] for name, each in found.items()]
    yield from table(rows, ("NAME", "VALUE", *(["ORIGIN"] if origin else [])))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return ",".join(value) if isinstance(value, list | tuple) else "" if value is None else str(value)  # pyright: ignore[reportUnknownArgumentType]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of SHELL, for example: eval "$(headway completion bash)"."""
    from click.shell_completion import get_completion_class

    from headway.cli.entry import headway

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 (the choice above is click's own list)
    click.echo(found(headway, {}, "headway", "_HEADWAY_COMPLETE").source())
