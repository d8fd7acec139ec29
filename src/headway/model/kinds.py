"""Kinds: what becomes of their documents when workers tell of them, and of definitions that nobody has looked at.

Theory. A kind is its newest definition, and limits set at run time stay. Where an outside program says what a kind is (a
tool of an MCP server), the worker tells a hash of that, the *definition*: the first one seen is pinned. Any other changes
nothing but `quarantine`, until a person approves it or the program returns to the pinned one; and no job runs at a worker
whose last told definition is not the pinned one (`offering.claim`). A worker that tells no definition of a pinned kind has
another one, the empty one. Every definition raises an alert once. Must never know where definitions come from. Called by
`fleet.py` (hello) and `decide.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.change import board_event, is_elsewhere, note_problem, worker_event
from headway.model.kind_check import sorted_out
from headway.model.settings import Settings
from headway.model.world import World

Document = Mapping[str, Any]

WHOLE = ("schema", "output", "plan", "defaults", "annotations")
"""Fields that are replaced, never merged."""
CLEARED = ("service", "title", "annotations", "confirm")
"""Fields that go where a worker tells them no more."""
COMPARED = ("hash", "definition", "description", *CLEARED)
LIMITS = ("limit", "key_limit")
OF_THE_DOCUMENT = frozenset(
    {"name", "definition", "quarantine", "seen", "approved_by", "approved_at", "limits_set", "registered_at", "seq"}
)
"""Fields that an approval does not take over from what was in quarantine."""
OF_THE_QUARANTINE = frozenset({"definition", "worker", "seen_at"})
KEPT_SEEN = 20


# -- what a worker tells -------------------------------------------------------------------------------------------


def of_worker(kinds: Mapping[str, Document]) -> tuple[list[str], dict[str, str]]:
    """What the worker's document says of its kinds: their names, and the definitions of those that have one."""
    return sorted(kinds), {name: kind["definition"] for name, kind in kinds.items() if kind.get("definition")}


def refused(world: World, worker: str, faults: Sequence[InvalidInput]) -> list[dict[str, str]]:
    """Each fault stands with the worker as a problem; and as the worker is told of it."""
    for fault in faults:
        note_problem(world, worker, str(fault), once=True)
    return [{"field": fault.field, "message": str(fault)} for fault in faults]


def report_kinds(world: World, command: c.ReportKinds, settings: Settings) -> dict[str, Any] | None:
    """All kinds of a worker, as it serves them now. Answer: the names `taken`, and what was `refused`; None: not heeded."""
    worker = world.workers.get(command.worker)
    if not worker or worker.get("instance") != command.instance or is_elsewhere(worker, command.server):
        return None  # a late word of a link that is over
    kinds, faults = sorted_out(command.kinds)
    for kind in kinds.values():
        learn(world, kind, command.worker)
    names, definitions = of_worker(kinds)
    change: dict[str, Any] = {"kinds": names} if names != (worker.get("kinds") or []) else {}
    words: dict[str, Any] = {}
    if definitions != (worker.get("definitions") or {}):
        words["put"] = {"definitions": definitions}
    if change or words:
        worker_event(world, command.worker, "worker.kinds_changed", set=change, **words)
    return {"taken": names, "refused": refused(world, command.worker, faults)}


def learn(world: World, kind: Document, worker: str) -> None:
    """Keep the newest definition of a kind, where none is pinned, or this is the pinned one."""
    old = world.kinds.get(kind["name"]) or {}
    if (pinned := old.get("definition")) and kind.get("definition") != pinned:
        _quarantine(world, old, kind, worker)
    else:
        _register(world, old, kind, worker)


def _register(world: World, old: Document, kind: Document, worker: str) -> None:
    """Limits set at run time stay; what this worker had in quarantine is over."""
    quarantine: Document = old.get("quarantine") or {}
    over = quarantine.get("worker") == worker
    whole = {key: kind[key] for key in WHOLE if key in kind}
    same = all(old.get(key) == kind.get(key) for key in COMPARED)
    if old and same and not over and all(old.get(key) == value for key, value in whole.items()):
        return
    rest = _without_set_limits(old, {key: value for key, value in kind.items() if key not in whole})
    rest |= dict.fromkeys(key for key in CLEARED if key in old and key not in kind)
    rest |= {"quarantine": None} if over else {}
    change = rest | {"registered_at": world.now_text}
    board_event(world, "kind.registered", kind["name"], worker=worker, set=change, put=whole)


def _without_set_limits(old: Document, change: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in change.items() if not (old.get("limits_set") and key in LIMITS)}


# -- definitions that nobody has looked at -------------------------------------------------------------------------


def _quarantine(world: World, old: Document, kind: Document, worker: str) -> None:
    """Another worker that tells the same is kept as the one that told it: it may be the first to tell the pinned one again."""
    name, definition = kind["name"], kind.get("definition", "")
    before: Document = old.get("quarantine") or {}
    if before.get("definition") == definition:
        if before.get("worker") != worker:
            board_event(world, "kind.quarantined", name, worker=worker, set={"quarantine": {"worker": worker}})
        return
    told = {key: value for key, value in kind.items() if key != "name" and value is not None}
    whole: dict[str, Any] = {
        "quarantine": told | {"definition": definition, "worker": worker, "seen_at": world.now_text}
    }
    seen: list[str] = old.get("seen") or []
    if definition not in seen:
        whole["seen"] = [*seen, definition][-KEPT_SEEN:]
    board_event(world, "kind.quarantined", name, worker=worker, put=whole)
    if definition not in seen:
        message = f"{worker} tells another definition of {name} than the approved one. {WAY_OUT.format(name)}"
        board_event(world, "system.alert", "", worker=worker, about=f"kind {name}", message=message)


WAY_OUT = "Jobs of it wait: look at what changed and approve it (headway kinds approve {})."


def approve_kind(world: World, command: c.ApproveKind, settings: Settings) -> None:
    """Put what is in quarantine in place; what is in place already is no news. The dispatcher sees the event."""
    kind = world.kinds.get(command.kind)
    if kind is None:
        raise NotFound("kind", command.kind)
    waiting: Document | None = kind.get("quarantine")
    if waiting is None:
        if command.definition == kind.get("definition", ""):
            return
        raise Refused(
            "approve", "not in quarantine", entity=f"kind {command.kind}", hint="There is nothing to approve."
        )
    if waiting.get("definition") != command.definition:
        now = waiting.get("definition") or "none"
        reason = "it changed again since you looked"
        hint = "Look at it again, and approve that one."
        entity = f"kind {command.kind}"
        raise Refused("approve", f"in quarantine with the definition {now}", entity=entity, reason=reason, hint=hint)
    _put_in_place(world, command, kind, waiting)


def _put_in_place(world: World, command: c.ApproveKind, kind: Document, waiting: Document) -> None:
    fields = {key: value for key, value in waiting.items() if key not in OF_THE_QUARANTINE}
    gone: Collection[str] = kind.keys() - fields.keys() - OF_THE_DOCUMENT
    change: dict[str, Any] = {key: value for key, value in fields.items() if key not in WHOLE}
    change = _without_set_limits(kind, change | dict.fromkeys(gone))
    change |= {"definition": command.definition or None, "quarantine": None}
    change |= {"approved_by": command.by or None, "approved_at": world.now_text, "registered_at": world.now_text}
    whole = {key: fields[key] for key in WHOLE if key in fields}
    worker = waiting.get("worker")
    board_event(world, "kind.approved", command.kind, worker=worker, set=change, put=whole)


RULES: dict[type[c.Command], Callable[[World, Any, Settings], Any]] = {
    c.ReportKinds: report_kinds,
    c.ApproveKind: approve_kind,
}
