"""What people set on queues and kinds: pauses and limits, each with who set it.

A queue has a document only once something was set on it. Claims are held to what is set here (`offering.py`); that there
is something to claim again, the dispatcher hears from these events. Called by `decide.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from headway.errors import InvalidInput
from headway.model import command as c
from headway.model.event import Event
from headway.model.names import checked_name
from headway.model.settings import Settings
from headway.model.world import World


def _add(world: World, type: str, subject: str, **data: Any) -> None:
    world.add(Event(type=type, at=world.now, subject=subject, data=data))


def pause_queue(world: World, command: c.PauseQueue, settings: Settings) -> None:
    """Paused with author and reason; again changes nothing."""
    if not (world.queues.get(command.queue) or {}).get("paused"):
        paused = {"at": world.now_text, "by": command.by or None, "reason": command.reason or None}
        name = checked_name("name", command.queue)
        _add(world, "queue.paused", name, set={"name": name, "paused": paused})


def resume_queue(world: World, command: c.ResumeQueue, settings: Settings) -> None:
    """The dispatcher sees this event and offers what waits."""
    if (world.queues.get(command.queue) or {}).get("paused"):
        _add(world, "queue.resumed", command.queue, set={"paused": None}, by=command.by or None)


def limit_queue(world: World, command: c.LimitQueue, settings: Settings) -> None:
    """How many of it may run at once."""
    _check_limit("limit", command.limit)
    change = {"name": checked_name("name", command.queue), "limit": command.limit}
    _add(world, "queue.limits_changed", command.queue, set=change, by=command.by or None)


def limit_kind(world: World, command: c.LimitKind, settings: Settings) -> None:
    """Limits set at run time win over those declared in code, and stay."""
    _check_limit("limit", command.limit)
    _check_limit("key_limit", command.key_limit)
    change = {"name": command.kind, "limit": command.limit, "key_limit": command.key_limit, "limits_set": True}
    _add(world, "kind.limits_changed", command.kind, set=change)


def _check_limit(field: str, limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InvalidInput(field, f"{limit} is not positive", hint="Pause the queue to run nothing; null: no limit.")


RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {
    c.PauseQueue: pause_queue,
    c.ResumeQueue: resume_queue,
    c.LimitQueue: limit_queue,
    c.LimitKind: limit_kind,
}
