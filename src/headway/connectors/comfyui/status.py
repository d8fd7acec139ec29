"""What the board says of one ComfyUI: a status that follows its work, and its load. Pure.

    | of what is known | status |
    |---|---|
    | nothing was heard yet                        | starting |
    | socket closed, or no answer by HTTP          | unreachable, with the reason |
    | a job of ours is at it                       | busy, with the job |
    | a prompt of ours that must end has not ended | busy, without a slot |
    | our last prompt failed in it                 | error, with the message, until the next one begins |
    | prompts of others are in its queue           | busy, with their number |
    | otherwise                                    | idle |

Called by `engine.py`, which tells only what differs.
"""

from __future__ import annotations

from typing import Any, cast

import msgspec

from headway.connectors.comfyui.api import Queue
from headway.connectors.comfyui.workflow import cut

Json = dict[str, Any]


class State(msgspec.Struct):
    """One engine as it is known. `problem`: why it is not reached; `job`: ours that is at it; `stopping`: jobs whose
    prompts must end; `failed`: how our last prompt failed; `others`: prompts that are not ours.
    """

    heard: bool = False
    problem: str | None = "it was not asked yet"
    job: str | None = None
    stopping: list[str] = []
    failed: str | None = None
    others: int = 0


def said_of(state: State) -> Json:
    """`status`, `slots`, `reason`, `error`, `job` as the board has them; None takes a field away."""
    words: Json = {
        "status": "idle",
        "slots": 0 if state.stopping else 1,
        "reason": None,
        "error": None,
        "job": state.job,
    }
    if state.problem is not None:
        return words | ({"status": "unreachable", "reason": state.problem} if state.heard else {"status": "starting"})
    if state.job is not None:
        return words | {"status": "busy"}
    if state.stopping:
        return words | {"status": "busy", "reason": f"has not stopped yet what it did for job {state.stopping[0]}"}
    if state.failed is not None:
        return words | {"status": "error", "error": state.failed}
    if state.others:
        return words | {"status": "busy", "reason": f"{state.others} prompt{'s' if state.others > 1 else ''} of others"}
    return words


def load_of(stats: Json, queue: Queue, others: int) -> Json:
    """`load` of the board: the queue in prompts, memory in bytes, as `/system_stats` tells it."""
    system, devices = _object(stats.get("system")), stats.get("devices")
    first = _object(cast("list[Any]", devices)[0]) if isinstance(devices, list) and devices else {}
    told: Json = {
        "queue_running": len(queue.running),
        "queue_pending": len(queue.pending),
        "others": others,
        "device": cut(first["name"]) if isinstance(first.get("name"), str) else None,
        "vram_total": _whole(first.get("vram_total")),
        "vram_free": _whole(first.get("vram_free")),
        "ram_total": _whole(system.get("ram_total")),
        "ram_free": _whole(system.get("ram_free")),
    }
    return {key: value for key, value in told.items() if value is not None}


def version_of(stats: Json) -> str | None:
    """ComfyUI's own version, where it tells one."""
    version = _object(stats.get("system")).get("comfyui_version")
    return cut(version, 40) if isinstance(version, str) and version else None


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _whole(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**63 else None
