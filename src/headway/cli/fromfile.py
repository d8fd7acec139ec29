"""`NAME=@FILE` and `NAME:=@FILE`: an argument whose value stands in a file, or comes in on stdin.

What a file holds is JSON if it reads as JSON and text otherwise, unless the kind's schema takes only the one or the
other. Every refusal names the argument and the file. Must never know jobs or servers. Called by `submit.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any, NamedTuple

import click
import msgspec

STDIN = "-"


class FromFile(NamedTuple):
    """What was read for the argument `name`; `source` is the file as it was named."""

    name: str
    source: str
    text: str


def read_file(name: str, source: str, option: str = "") -> FromFile:
    """The text of a file, or of stdin for `-`; `option` names the word in refusals, else the argument does."""
    named = option or f"{name}=@{source}"
    try:
        data = sys.stdin.buffer.read() if source == STDIN else Path(source).expanduser().read_bytes()
    except OSError as error:
        raise click.BadParameter(f"{source}: {error.strerror}.", param_hint=named) from None
    try:
        return FromFile(name, "stdin" if source == STDIN else source, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        hint = "is not text (UTF-8). Give a URL or a path that the worker can read instead."
        raise click.BadParameter(f"{source} {hint}", param_hint=named) from None


def is_file(source: str) -> bool:
    """True where the text names a file that is there."""
    try:
        return Path(source).expanduser().is_file()
    except (OSError, RuntimeError, ValueError):  # too long, nobody's home, a zero in it: a text like any other
        return False


def value_of(given: FromFile, types: AbstractSet[str]) -> Any:
    """The file as an argument. `types`: those of JSON schema that it may have; none: whatever it is."""
    if types == {"string"}:
        return given.text
    try:
        return msgspec.json.decode(given.text)
    except msgspec.DecodeError as error:
        if types and "string" not in types:
            raise _not_json(given, error) from None
        return given.text


def json_of(given: FromFile) -> Any:
    """The file as JSON, which it must be."""
    try:
        return msgspec.json.decode(given.text)
    except msgspec.DecodeError as error:
        raise _not_json(given, error) from None


def _not_json(given: FromFile, error: msgspec.DecodeError) -> click.BadParameter:
    what = "is empty" if not given.text.strip() else f"is not JSON: {error}"
    return click.BadParameter(f"{given.source} {what}.", param_hint=given.name)
