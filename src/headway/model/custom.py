"""Events of users' own: outside the reserved prefixes, of a known priority, of a size; about a job or about none.

They change no document. Called by `decide.py` (over REST) and `reporting.py` (from a handler, so past the fence).
How many a second a token may send is the edge's to limit.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from headway.errors import InvalidInput, NotFound
from headway.model import command as c
from headway.model.event import PREFIXES, PRIORITIES, Event
from headway.model.job import JobDoc
from headway.model.settings import Settings
from headway.model.world import World

_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.IGNORECASE)
NAME_CHARS = 200


def emit(world: World, command: c.Emit, settings: Settings) -> None:
    """Add the event, or say what is wrong with it."""
    _check(command, settings)
    about = JobDoc()
    if command.job:
        job = world.job(command.job)
        if job is None:
            raise NotFound("job", command.job)
        about = job
    data: dict[str, Any] = {"data": command.data}
    if command.conflate_key:
        data["conflate_key"] = command.conflate_key
    world.add(
        Event(
            type=command.name, at=world.now, subject=command.job or "", namespace=command.namespace,
            priority=command.priority, job=command.job, attempt=about.get("attempt"), worker=about.get("worker"),
            queue=about.get("queue"), kind=about.get("kind"), labels=about.get("labels") or None, data=data,
        )
    )  # fmt: skip


def _check(command: c.Emit, settings: Settings) -> None:
    name = command.name
    if not _NAME.fullmatch(name) or len(name) > NAME_CHARS or name.partition(".")[0] in PREFIXES:
        reserved = ", ".join(sorted(PREFIXES))
        hint = f"Write <prefix>.<name> of letters, digits and _; the prefixes {reserved} are reserved."
        raise InvalidInput("type", f"{name!r} is not a custom event's name", hint=hint)
    if command.priority not in PRIORITIES:
        raise InvalidInput("priority", f"{command.priority!r} is unknown", hint=f"One of {', '.join(PRIORITIES)}.")
    size = len(msgspec.json.encode(command.data))
    if size > settings.custom_bytes:
        hint = "Keep what is large as an artifact and name it in the event."
        raise InvalidInput("data", f"{size:,} bytes are over the limit of {settings.custom_bytes:,}", hint=hint)
