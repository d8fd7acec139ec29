"""`/api/jobs`, which only the newer generation has: one unambiguous state for each prompt, and a cancel that is atomic.

Read from the source of 0.38, not recorded. Pure but for the queue it asks; called by `routes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headway.testing.comfyui.queue import Item, Queue

STATES = ("pending", "in_progress", "completed", "failed", "cancelled")
_ENDS: tuple[str, ...] = ("execution_success", "execution_error", "execution_interrupted")


def job_of(queue: Queue, prompt_id: str) -> dict[str, Any] | None:
    """One with its outputs; None for an id that nobody knows."""
    entry = queue.remembered(prompt_id)
    if entry is not None:
        more = {"outputs": entry["outputs"], "execution_status": entry["status"]}
        return {**_past(prompt_id, entry), **more, "workflow": _workflow(entry["prompt"])}
    running, pending = queue.items()
    for state, items in (("in_progress", running), ("pending", pending)):
        for item in items:
            if item.prompt_id == prompt_id:
                return {**_present(item, state), "workflow": _workflow(item.entry())}
    return None


def jobs_of(queue: Queue) -> list[dict[str, Any]]:
    """All of them, newest first."""
    running, pending = queue.items()
    present = [_present(item, "in_progress") for item in running] + [_present(item, "pending") for item in pending]
    past = [_past(id, entry) for id, entry in queue.entries(None, -1).items()]
    return sorted(present + past, key=lambda job: job.get("create_time", 0), reverse=True)


def cancel(queue: Queue, prompt_id: str) -> bool:
    """Interrupt or delete it; False when there is nothing to cancel."""
    return queue.interrupt(prompt_id) or queue.delete(prompt_id)


def _workflow(entry: list[Any]) -> dict[str, Any]:
    return {"prompt": entry[2], "extra_data": entry[3]}


def _present(item: Item, state: str) -> dict[str, Any]:
    created = {"create_time": item.extra["create_time"]} if "create_time" in item.extra else {}
    counts = {"outputs_count": 0, "previewable_outputs_count": 0}
    return {"id": item.prompt_id, "status": state, "priority": item.number, **created, **counts}


def _past(prompt_id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    messages: dict[str, dict[str, Any]] = dict(entry["status"]["messages"])
    ended = next(name for name in _ENDS if name in messages)
    outputs: dict[str, dict[str, list[Any]]] = entry["outputs"]
    shown = [(node, kind, each) for node, kinds in outputs.items() for kind, many in kinds.items() for each in many]
    files: list[dict[str, Any]] = [
        {**each, "nodeId": node, "mediaType": kind} for node, kind, each in shown if isinstance(each, dict)
    ]
    job: dict[str, Any] = {
        "id": prompt_id,
        "status": STATES[2 + _ENDS.index(ended)],
        "priority": entry["prompt"][0],
        "create_time": entry["prompt"][3].get("create_time"),
        "execution_start_time": messages["execution_start"]["timestamp"],
        "execution_end_time": messages[ended]["timestamp"],
        "execution_error": messages.get("execution_error"),
        "outputs_count": len(files),
        "previewable_outputs_count": len(files),
        "preview_output": next(iter(files), None),
    }
    return {key: value for key, value in job.items() if value is not None}
