"""The terminal truth of a prompt: an entry of `/history/{id}`, or a document of `/api/jobs/{id}`, read as one `Ended`.

Pure. Both generations say the same in other words; an interrupted prompt is `error` in the history of both and told
apart by its last message. Must never know HTTP. Called by `api.py`; read by `prompt.py` and the handler.
"""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from headway.connectors.comfyui.events import Said, said, text_of
from headway.connectors.comfyui.workflow import Graph, cut

Json = dict[str, Any]
Outcome = Literal["success", "error", "interrupted"]

_TRACEBACK = 4_000  # characters of a node's traceback that are logged; the end is kept
_OUT_OF_MEMORY = ("outofmemory", "out of memory", "out_of_memory", "memoryerror", "allocation on device")


class Ended(msgspec.Struct, frozen=True):
    """How a prompt ended. `events`: what the engine noted of it; `error`: the body of its `execution_error`."""

    outcome: Outcome
    outputs: dict[str, Json] = {}
    error: Json = {}
    events: list[Said] = []
    has_outputs: bool = True

    @property
    def executed_s(self) -> float | None:
        """Seconds from its start to its end in the engine, or None where it did not note them."""
        at = {event.type: event.body.get("timestamp") for event in self.events}
        start = at.get("execution_start")
        ends = (at.get(f"execution_{end}") for end in ("success", "error", "interrupted"))
        end = next((each for each in ends if each is not None), None)
        if not isinstance(start, int | float) or not isinstance(end, int | float) or end < start:
            return None
        return round((end - start) / 1000, 3)


def ended_of_history(entry: Any) -> Ended | None:
    """An entry of `/history`; None where it is none."""
    if not isinstance(entry, dict):
        return None
    document = cast("Json", entry)
    return _ended(document.get("status"), document.get("outputs"), None)


def ended_of_job(job: Json) -> Ended | None:
    """A document of `/api/jobs/{id}`; None while it is not over. Without outputs of its own, history has them."""
    status = job.get("status")
    if status not in ("completed", "failed", "cancelled"):
        return None
    known = job.get("execution_status")
    if not isinstance(known, dict):
        known = {"status_str": "success" if status == "completed" else "error"}
    ended = _ended(known, job.get("outputs"), job.get("execution_error"))
    outcome: Outcome = "interrupted" if status == "cancelled" else ended.outcome
    return msgspec.structs.replace(ended, outcome=outcome, has_outputs=isinstance(job.get("outputs"), dict))


def _ended(status: Any, outputs: Any, error: Any) -> Ended:
    noted = cast("Json", status) if isinstance(status, dict) else {}
    messages = noted.get("messages")
    events = [event for each in _list(messages) if (event := _event(each)) is not None]
    types = {event.type for event in events}
    failures = [event.body for event in events if event.type == "execution_error"]
    outcome: Outcome = "success" if noted.get("status_str") in ("success", None) else "error"
    if outcome == "error" and not failures and "execution_interrupted" in types:
        outcome = "interrupted"
    return Ended(
        outcome=outcome,
        outputs={str(id): each for id, each in _object(outputs).items() if isinstance(each, dict)},
        error=failures[-1] if failures else _object(error),
        events=events,
    )


def _event(message: Any) -> Said | None:
    parts = _list(message)
    return said(parts[0], parts[1]) if len(parts) >= 2 else None


def _list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


# -- a node that failed --------------------------------------------------------------------------------------------


def node_error(error: Json, graph: Graph) -> str:
    """The body of an `execution_error` as a sentence: `KSampler (node 3) failed: ValueError: … (input "seed": 7)`."""
    id = text_of(error.get("node_id"))
    if id is None:
        return f"ComfyUI failed: {cut(error.get('exception_message') or 'it did not say why', 1_000)}"
    kind = cut(error.get("exception_type") or "error").removeprefix("builtins.")
    message = cut(error.get("exception_message") or "without a message", 1_000)
    return f"{graph.named(id, error.get('node_type'))} failed: {kind}: {message}"


def out_of_memory(error: Json) -> bool:
    """Whether a node failed for want of memory: another try, elsewhere or later, may do."""
    kind, message = str(error.get("exception_type", "")), str(error.get("exception_message", ""))
    words = f"{kind} {message}"[:4_000].lower()
    return any(word in words for word in _OUT_OF_MEMORY)


def traceback_of(error: Json) -> str:
    """The node's traceback for the log, or an empty text."""
    lines = [str(line) for line in _list(error.get("traceback"))]
    return "".join(lines)[-_TRACEBACK:].strip()
