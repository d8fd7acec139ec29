"""What people keep under a name for everybody: views (filters) and templates (jobs to make again). Small, few, and live.

An entry is a document like all others, put whole and removed by events, so every open page has it at once. Its body is
any JSON object of a size; that of a view has a filter that can be read. Called by `decide.py`; what else a body must
have is judged where it comes in (server/saved.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import msgspec

from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.event import Event
from headway.model.names import checked_name
from headway.model.query import parse
from headway.model.settings import Settings
from headway.model.world import World

SECTIONS = ("views", "templates")
NAME_CHARS = 80


class SavedDoc(TypedDict, total=False):
    """One view or template. A view's body is `{q, sort?, pinned?}`, a template's `{kind, args?, options?}`."""

    id: str  # section/name
    section: str  # views | templates
    name: str
    owner: str | None  # who stored it last
    body: dict[str, Any]
    stored_at: str
    seq: int


def save(world: World, command: c.SaveEntry, settings: Settings) -> dict[str, Any]:
    """Keep it, in place of what had this name; the same again changes nothing."""
    check_section(command.section)
    _check_name(command.name)
    _check_body(command, settings)
    id = id_of(command.section, command.name)
    known = world.saved.get(id)
    if known is None:
        _check_room(world, command.section, settings)
    if known is None or known["body"] != command.body:
        whole = {
            "id": id, "section": command.section, "name": command.name, "owner": command.by or None,
            "body": command.body, "stored_at": world.now_text,
        }  # fmt: skip
        world.add(Event(type="saved.stored", at=world.now, subject=id, data={"put": whole}))
    return {"id": id, "created": known is None}


def remove(world: World, command: c.RemoveEntry, settings: Settings) -> None:
    """Keep it no longer."""
    check_section(command.section)
    id = id_of(command.section, command.name)
    if world.saved.get(id) is None:
        raise not_saved(command.section, command.name)
    world.add(Event(type="saved.removed", at=world.now, subject=id, data={"deleted": True, "by": command.by or None}))
    world.put(world.saved, id, None)


def id_of(section: str, name: str) -> str:
    """The id of an entry's document."""
    return f"{section}/{name}"


def check_section(section: str) -> None:
    """NotFound names the sections there are."""
    if section not in SECTIONS:
        raise NotFound("section", section, hint=f"What can be saved is {' and '.join(SECTIONS)}.")


def not_saved(section: str, name: str) -> NotFound:
    """There is no such entry."""
    return NotFound(section.removesuffix("s"), name, hint=f"GET /api/v1/saved/{section} lists them.")


def _check_name(name: str) -> None:
    hint = f"Use 1 to {NAME_CHARS} characters that can be seen, and no space around them."
    if not 1 <= len(name) <= NAME_CHARS:
        raise InvalidInput("name", f"has {len(name)} characters", hint=hint)
    if not name.isprintable() or name != name.strip():
        raise InvalidInput("name", f"{name!r} can not be read as it is written", hint=hint)
    checked_name("name", name)


def _check_body(command: c.SaveEntry, settings: Settings) -> None:
    size = len(msgspec.json.encode(command.body))
    if size > settings.saved_bytes:
        hint = "Keep what is large as a file and name it in the arguments."
        raise InvalidInput("body", f"{size:,} bytes are over the limit of {settings.saved_bytes:,}", hint=hint)
    if command.section == "views":
        parse(command.body.get("q", ""))


def _check_room(world: World, section: str, settings: Settings) -> None:
    kept = sum(entry is not None and entry["section"] == section for entry in world.saved.values())
    if kept >= settings.saved_entries:
        raise Refused("save", "full", entity=section, reason=f"{kept} are kept", hint="Remove one that nobody needs.")


RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {c.SaveEntry: save, c.RemoveEntry: remove}
