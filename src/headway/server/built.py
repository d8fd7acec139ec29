"""The built dashboard: its files, listed and read once, and which paths are its own.

A file is found by a name that stands in the table, never by a path that somebody sent; a missing one is missing, and
never the page in its place. Reading all at once keeps a running server whole when another version is installed under
it. Must never know routes, requests or who asks. Called by pages.py.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

PACKAGED: Traversable = files("headway.server") / "dashboard"
INDEX = "/index.html"
ASSETS = "/assets/"
"""Files below it have a hash of their content in their name, and may be kept for ever."""
PLACEHOLDER = b"<!--headway-->"
"""In the head of the built index, before any link: there the base goes in."""
PACKED = {"br": ".br", "gzip": ".gz"}
"""Content-Encoding -> ending of the sibling that holds it, the smaller first."""
NOT_VIEWS = frozenset({"api", "healthz", "livez", "readyz", "metrics"})
"""First words of paths that are never one of the dashboard's views."""

_TEXT = "; charset=utf-8"
TYPES = {
    "css": f"text/css{_TEXT}",
    "html": f"text/html{_TEXT}",
    "ico": "image/x-icon",
    "js": f"text/javascript{_TEXT}",
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": f"text/plain{_TEXT}",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}


class Form(msgspec.Struct, frozen=True):
    """Bytes to send, and the tag by which a browser asks whether they are still the same."""

    body: bytes
    tag: str

    @classmethod
    def of(cls, body: bytes) -> Form:
        """With the tag that its content has."""
        return cls(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


class File(msgspec.Struct, frozen=True):
    """One file of the build. `forms`: by Content-Encoding, "" the file itself. `lasting`: its name has its hash."""

    media_type: str
    forms: Mapping[str, Form]
    lasting: bool


class Dashboard:
    """The build in `folder`, which may not be there: then it has no files and no views."""

    def __init__(self, folder: Traversable = PACKAGED) -> None:
        self._folder = folder

    @cached_property
    def _content(self) -> Mapping[str, bytes]:
        return dict(_listed(self._folder, "/")) if self._folder.is_dir() else {}

    @cached_property
    def files(self) -> Mapping[str, File]:
        """By path, as `/icon.svg` or `/assets/NAME`; without the index, which is never sent as it stands."""
        endings = tuple(PACKED.values())
        whole = [path for path in self._content if not path.endswith(endings) and path != INDEX]
        return {path: _file(path, self._content) for path in whole}

    @property
    def index(self) -> bytes | None:
        """The page, with the placeholder in it; None where nothing is built."""
        return self._content.get(INDEX)

    def has_view(self, path: str, accept: str) -> bool:
        """True where a browser that opens `path` as a page gets the index: the dashboard's own routes have no files.

        The last word may have a dot (kinds and workers do) unless it is the only one, where files of the build are.
        """
        first, *rest = path.removeprefix("/").split("/")
        if self.index is None or "text/html" not in accept or first in NOT_VIEWS or path.startswith(ASSETS):
            return False
        return bool(rest) or "." not in first

    def page(self, base: str, *, version: str, authenticated: bool) -> Form:
        """The index for somebody who sees this server below `base` (a path that begins and ends with a slash)."""
        facts = msgspec.json.encode({"base": base, "version": version, "authenticated": authenticated}).decode()
        head = f'<base href="{html.escape(base)}"><meta name="headway" content="{html.escape(facts)}">'
        return Form.of((self.index or b"").replace(PLACEHOLDER, head.encode(), 1))


def _listed(folder: Traversable, below: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _listed(entry, f"{below}{entry.name}/")
        else:
            yield f"{below}{entry.name}", entry.read_bytes()


def _file(path: str, content: Mapping[str, bytes]) -> File:
    packed = {name: Form.of(content[path + ending]) for name, ending in PACKED.items() if path + ending in content}
    media_type = TYPES.get(path.rpartition(".")[2], "application/octet-stream")
    return File(media_type, {**packed, "": Form.of(content[path])}, lasting=path.startswith(ASSETS))


def best_form(file: File, accepted: str) -> str:
    """The Content-Encoding to send to somebody who accepts these (an Accept-Encoding header); "" is none."""
    welcome = {name for name, quality in map(_quality, accepted.split(",")) if quality > 0}
    return next((name for name in file.forms if name in welcome), "")


def _quality(part: str) -> tuple[str, float]:
    """`gzip;q=0.5` -> ("gzip", 0.5)."""
    name, _, parameter = part.partition(";")
    key, _, value = parameter.partition("=")
    try:
        return name.strip().lower(), float(value) if key.strip().lower() == "q" else 1.0
    except ValueError:
        return name.strip().lower(), 0.0
