"""The fake's folders: `input`, `output` and `temp`, in memory. The first two outlive a restart, as files do.

Names are given as the real one gives them: `PREFIX_00001_.png`, and `name (1).png` for another picture under a name
that is taken. Called by the executor and the routes.
"""

from __future__ import annotations

import posixpath
import threading
from email.message import Message


class Files:
    """By type, subfolder and name."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, str], bytes] = {}
        self._saved: dict[tuple[str, str], int] = {}

    def find(self, type: str, subfolder: str, name: str) -> bytes | None:
        """The bytes of a file, or None."""
        return self._kept.get((type, subfolder, name))

    def save(self, png: bytes, prefix: str, type: str) -> dict[str, str]:
        """Write under the next number of the prefix, which may name a subfolder."""
        subfolder, stem = posixpath.split(prefix)
        with self._lock:
            number = self._saved[type, prefix] = self._saved.get((type, prefix), 0) + 1
            name = f"{stem}_{number:05}_.png"
            self._kept[type, subfolder, name] = png
        return {"filename": name, "subfolder": subfolder, "type": type}

    def upload(self, body: bytes, name: str, subfolder: str, type: str, *, overwrite: bool) -> dict[str, str] | None:
        """Keep a file that was sent; None when it would lie outside the folder."""
        folder = posixpath.normpath(subfolder or ".")
        if folder.startswith(("..", "/")) or not name or "/" in name:
            return None
        folder = "" if folder == "." else folder
        with self._lock:
            taken = self._free_name(body, name, folder, type) if not overwrite else name
            self._kept[type, folder, taken] = body
        return {"name": taken, "subfolder": subfolder, "type": type}

    def _free_name(self, body: bytes, name: str, subfolder: str, type: str) -> str:
        stem, ending = posixpath.splitext(name)
        found, number = name, 0
        while self._kept.get((type, subfolder, found), body) != body:
            number += 1
            found = f"{stem} ({number}){ending}"
        return found

    def load(self, name: str) -> bytes:
        """A file of the input folder, by `SUBFOLDER/NAME`. Raises KeyError."""
        subfolder, last = posixpath.split(name)
        return self._kept["input", subfolder, last]

    def has(self, name: str) -> bool:
        """Whether it is there."""
        subfolder, last = posixpath.split(name)
        return ("input", subfolder, last) in self._kept

    def sweep(self) -> None:
        """A start empties `temp`."""
        with self._lock:
            self._kept = {key: body for key, body in self._kept.items() if key[0] != "temp"}
            self._saved = {key: number for key, number in self._saved.items() if key[0] != "temp"}


def form_of(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The parts of a `multipart/form-data` body by name: file name (empty without one) and bytes."""
    boundary = _parameter(content_type, "boundary")
    parts = body.split(b"--" + boundary.encode())[1:-1] if boundary else []
    found: dict[str, tuple[str, bytes]] = {}
    for part in parts:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = (line.partition(":") for line in head.decode().split("\r\n"))
        disposition = next((value for name, _, value in lines if name.lower() == "content-disposition"), "")
        name = _parameter(disposition, "name")
        found[name] = (_parameter(disposition, "filename"), content.removesuffix(b"\r\n"))
    return found


def _parameter(header: str, name: str) -> str:
    message = Message()
    message["content-disposition"] = header
    return str(message.get_param(name, "", "content-disposition"))
