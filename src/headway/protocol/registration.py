"""May this worker register? Its description checked field by field, and what to do when its id is already linked.

`machine` is required and never blanked: a hello without it is refused with the field named, and shown on the board as a
worker with a problem. An id that is linked to another server is known from the log alone (`RemoteRival`). Must never
know sockets. Called by session.py and by the server's end of the link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from headway.errors import InvalidInput

_TEXTS = {"id": True, "machine": True, "instance": True, "name": False, "version": False, "boot_id": False}
"""Field -> required. Texts of 1 to 200 characters."""

LONGEST_TEXT = 200
MOST_SLOTS = 10_000


def checked_profile(worker: Mapping[str, Any]) -> dict[str, Any]:
    """The description as it will stand on the board. InvalidInput names the field (`worker.machine`)."""
    profile = {field: value for field, value in worker.items() if value is not None}
    for field, required in _TEXTS.items():
        if required or field in profile:
            _check(field, profile.get(field), _is_text, "a text of 1 to 200 characters")
    for field, (rule, wanted) in _RULES.items():
        if field in profile:
            _check(field, profile[field], rule, wanted)
    return {"name": profile["id"], "slots": 1, **profile}


def _check(field: str, value: Any, rule: Callable[[Any], bool], wanted: str) -> None:
    if not rule(value):
        problem = "is missing" if value is None else f"{value!r} is not {wanted}"
        raise InvalidInput(f"worker.{field}", problem, hint=f"Give {wanted}.")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= LONGEST_TEXT


def _is_slots(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SLOTS


def _is_pid(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for pair in value.items() for each in pair)  # pyright: ignore[reportUnknownVariableType]


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "slots": (_is_slots, f"a number from 0 to {MOST_SLOTS}"),
    "pid": (_is_pid, "a process id"),
    "labels": (_is_labels, "an object of texts"),
}


class Claim(StrEnum):
    """What becomes of a hello whose id is linked already."""

    TAKE_OVER = "take_over"  # the old link is dead, or its process is
    ASK = "ask"  # ping the old one first: only its silence frees the id


def claim_of(old: Mapping[str, Any], new: Mapping[str, Any]) -> Claim:
    """The same process on a new link, or a new process on the same boot of the machine, takes over at once."""
    same_process = old.get("instance") == new.get("instance")
    boot = new.get("boot_id")
    replaced = boot is not None and boot == old.get("boot_id") and old.get("pid") != new.get("pid")
    return Claim.TAKE_OVER if same_process or replaced else Claim.ASK


class Rival(Protocol):
    """Who has the same worker id already: a session here, or what is known of one at another server.

    `heard_at` ms; `probe_s`: how long it may take until a sign of life, once asked for, is known here.
    """

    @property
    def profile(self) -> Mapping[str, Any]: ...
    @property
    def heard_at(self) -> int: ...
    @property
    def probe_s(self) -> float: ...
    def ping(self) -> None: ...
    def replace(self, newer: Mapping[str, Any]) -> None: ...


class RemoteRival:
    """A worker linked to another server, as its document tells. That server asks it and, by the log, replaces it."""

    def __init__(self, document: Mapping[str, Any], probe_s: float) -> None:
        self.profile = document
        self.heard_at: int = document.get("last_heard_at") or 0
        self.probe_s = probe_s

    def ping(self) -> None:
        """Its server does, all the time; what it heard is read again by whoever keeps this."""

    def replace(self, newer: Mapping[str, Any]) -> None:
        """Its server reads of the newer link in the log."""


LINKED = frozenset({"online", "draining", "stale"})
"""States of a worker whose link is up, as far as anybody knows."""


def is_elsewhere(document: Mapping[str, Any], server: str, instance: Any) -> bool:
    """True where the worker of this document is another process, linked to another server than `server`."""
    there = document.get("server") or server
    return document.get("state") in LINKED and there != server and document.get("instance") != instance
