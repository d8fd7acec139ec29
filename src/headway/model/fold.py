"""The fold: how an event changes a document. One rule for every event, in every language: RFC 7396 merge patch.

An event that changes a document carries the change in `data["set"]` (merged) and `data["put"]` (whole values). So
rows, snapshots, viewers in Python and TypeScript, and `headway verify` share one reducer of ten lines, and a viewer
older than the server still folds events it has never heard of (docs/decisions/0003). A third part, `data["soft"]`,
is merged into the document's `soft`: bookkeeping of the server (I3) that viewers never get, so that a statement or a
log line that viewers of the job do not receive can not make their copy differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.model.event import Event


def merge(target: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`target` with `patch` merged in, by RFC 7396: null removes, objects merge, all else replaces.

    Copies on write: neither argument is changed, untouched subtrees are shared.
    """
    merged = dict(target)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif type(value) is dict:  # the hot path: no subclass comes out of JSON
            old = merged.get(key)
            merged[key] = merge(old if type(old) is dict else {}, value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            merged[key] = value
    return merged


def changes(event: Event) -> bool:
    """True if the event changes the document that viewers see. Only such events are numbered in it (`seq`)."""
    return "set" in event.data or "put" in event.data


def is_checkpoint(event: Event) -> bool:
    """True if the event holds the whole document (I3): what came before it is not needed.

    The type says so, not the data: there `checkpoint` is also the key that a user's `ctx.checkpoint` names.
    """
    return event.type == "job.compacted"


def fold(document: Mapping[str, Any] | None, event: Event) -> dict[str, Any]:
    """The document after the event; `None` stands for one that does not exist yet."""
    data = event.data
    patch = data.get("set")
    folded = merge(document or {}, patch) if patch else dict(document or {})
    if put := data.get("put"):
        folded.update(put)
    if soft := data.get("soft"):
        folded["soft"] = merge(folded.get("soft") or {}, soft)
    if event.seq and changes(event):
        folded["seq"] = event.seq
    return folded


def fold_counts(counts: dict[str, dict[str, int]], event: Event) -> None:
    """Keep `queue -> state -> number of jobs` exact, in place, from the states an event left and entered."""
    if event.queue is None or not event.type.startswith("job."):
        return
    states = counts.setdefault(event.queue, {})
    if was := event.data.get("was"):
        states[was] = states.get(was, 0) - 1
        if states[was] == 0:
            del states[was]
    patch: dict[str, Any] = event.data.get("set") or {}
    if "was" in event.data and not event.data.get("deleted") and (state := patch.get("state")):
        states[state] = states.get(state, 0) + 1
    if not states:
        del counts[event.queue]
