"""One thread that runs prompts: the order of events, the cache, interrupts and errors, as recorded from 0.3.64.

The cache keeps what the LAST prompt used, by what a result depends on: the same prompt again runs nothing, after any
other one it runs anew. An interrupt is a flag that a start resets and that only checks see: before a node, between
steps. Uses `graph`, `nodes`, `queue`; talks through `sockets`; knows no HTTP.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from headway.clock import SystemClock
from headway.testing.comfyui.faults import Faults, NodeFailure
from headway.testing.comfyui.files import Files
from headway.testing.comfyui.graph import link_of, order, signatures
from headway.testing.comfyui.nodes import NODES
from headway.testing.comfyui.queue import Item, Queue
from headway.testing.comfyui.sockets import Sockets

Output: TypeAlias = dict[str, list[Any]]


class Interrupted(Exception):
    """Somebody has raised the flag."""


class Over(Exception):
    """The engine is being stopped: nothing more is told or done."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a node gave, and what it showed."""

    values: tuple[Any, ...]
    shown: Output


class Executor:
    """`client` and `node`: whose prompt runs and which node of it; a client that comes again is told."""

    def __init__(self, queue: Queue, sockets: Sockets, files: Files, faults: Faults) -> None:
        self.queue = queue
        self.sockets = sockets
        self.files = files
        self.faults = faults
        self.client: str | None = None
        self.node: str | None = None
        self.over = threading.Event()
        self.cache: dict[str, Made] = {}

    def run(self) -> None:
        """Prompt after prompt, until it is over."""
        try:
            while (item := self.queue.take()) is not None:
                result = Run(self, item).result()
                self.pause(self.faults.history_lag_s)
                self.queue.finish(result)
                if self.client is not None:
                    self.sockets.send("executing", {"node": None, "prompt_id": item.prompt_id}, self.client)
        except Over:
            return

    def pause(self, seconds: float) -> None:
        """Let time pass, and a hang. Raises Over."""
        if seconds and self.over.wait(seconds):
            raise Over
        while not self.faults.executing.wait(0.02):
            if self.over.is_set():
                raise Over
        if self.over.is_set():
            raise Over


class Run:
    """One prompt, and the `Bench` of its nodes."""

    def __init__(self, executor: Executor, item: Item) -> None:
        self._executor = executor
        self._item = item
        self._sockets = executor.sockets
        self._client: str | None = item.extra.get("client_id")
        self._signatures = signatures(item.prompt)
        self._states: dict[str, dict[str, Any]] = {}
        self._outputs: dict[str, Output] = {}
        self._executed: list[str] = []
        self._messages: list[list[Any]] = []
        self._shown: Output = {}
        self._at = ""

    def result(self) -> dict[str, Any]:
        """Run it; its history: `outputs`, `status`, `meta`."""
        self._executor.queue.interrupted = False
        self._executor.client = self._client
        self._note("execution_start")
        used = set(self._signatures.values())
        cache = self._executor.cache = {key: made for key, made in self._executor.cache.items() if key in used}
        cached = [id for id, key in self._signatures.items() if key in cache]
        self._note("execution_cached", nodes=cached)
        completed = self._all(order(self._item.prompt, self._item.outputs, set(cached)))
        if completed:
            self._note("execution_success")
        self._executor.node = None
        meta = {
            id: {"node_id": id, "display_node": id, "parent_node": None, "real_node_id": id} for id in self._outputs
        }
        status = {"status_str": "success" if completed else "error", "completed": completed, "messages": self._messages}
        return {"outputs": self._outputs, "status": status, "meta": meta}

    def _all(self, nodes: list[str]) -> bool:
        for id in nodes:
            self._at = id
            try:
                self._node(id)
            except Over:
                raise
            except Interrupted:
                self._failed("execution_interrupted", everybody=True)
                return False
            except Exception as failed:  # noqa: BLE001 - a node's own; what it says is told
                self._failed("execution_error", **self._told(failed))
                return False
        return True

    # -- one node ----------------------------------------------------------------------------------------------------

    def _node(self, id: str) -> None:
        cache, key = self._executor.cache, self._signatures[id]
        if key in cache:
            self._show(id, cache[key].shown)
            self._progress(id, 1, 1, "finished")
            return
        self._progress(id, 0.0, 1.0, "running")
        self._executor.node = id if self._client is not None else self._executor.node
        self._tell("executing", node=id, display_node=id)
        self.check()
        self._shown = {}
        values = NODES[self._class(id)].run(self, **self._inputs(id))
        cache[key] = Made(values, self._shown)
        if self._shown:
            self._show(id, self._shown)
        self._executed.append(id)
        most = self._states[id]["max"]
        self._progress(id, most, most, "finished")

    def _class(self, id: str) -> str:
        return str(self._item.prompt[id]["class_type"])

    def _inputs(self, id: str) -> dict[str, Any]:
        given: Mapping[str, Any] = self._item.prompt[id]["inputs"]
        known = NODES[self._class(id)].inputs
        return {name: self._value(value) for name, value in given.items() if name in known}

    def _value(self, value: Any) -> Any:
        link = link_of(value)
        return value if link is None else self._executor.cache[self._signatures[link[0]]].values[link[1]]

    def _show(self, id: str, shown: Output) -> None:
        self._outputs[id] = shown
        self._tell("executed", node=id, display_node=id, output=shown)

    # -- telling -----------------------------------------------------------------------------------------------------

    def _tell(self, event: str, **payload: Any) -> None:
        """To the prompt's client; a prompt without one has no audience for this."""
        if self._client is not None:
            self._sockets.send(event, {**payload, "prompt_id": self._item.prompt_id}, self._client)

    def _note(self, event: str, *, everybody: bool = False, **payload: Any) -> None:
        """A message that stays in the history."""
        noted = {"prompt_id": self._item.prompt_id, **payload, "timestamp": SystemClock().now()}
        self._messages.append([event, noted])
        if self._client is not None or everybody:
            self._sockets.send(event, noted, self._client)

    def _failed(self, event: str, *, everybody: bool = False, **more: Any) -> None:
        about = {"node_id": self._at, "node_type": self._class(self._at), "executed": list(self._executed)}
        self._note(event, everybody=everybody, **about, **more)

    def _told(self, failed: Exception) -> dict[str, Any]:
        name = failed.type if isinstance(failed, NodeFailure) else type(failed).__qualname__
        shown = {key: [_shown(value)] for key, value in self._item.prompt[self._at]["inputs"].items()}
        return {
            "exception_message": f"{failed}\n",
            "exception_type": name,
            "traceback": traceback.format_tb(failed.__traceback__),
            "current_inputs": shown,
            "current_outputs": list(self._item.prompt),
        }

    def _about(self, id: str) -> dict[str, Any]:
        return {
            "node_id": id,
            "prompt_id": self._item.prompt_id,
            "display_node_id": id,
            "parent_node_id": None,
            "real_node_id": id,
        }

    def _progress(self, id: str, value: float, most: float, state: str) -> None:
        """Every node that has begun, in one message, to everybody when the prompt has no client."""
        self._states[id] = {"value": value, "max": most, "state": state, **self._about(id)}
        nodes = {each: dict(known) for each, known in self._states.items()}
        self._sockets.send("progress_state", {"prompt_id": self._item.prompt_id, "nodes": nodes}, self._client)

    # -- the bench ---------------------------------------------------------------------------------------------------

    def step(self, value: int, total: int, preview: bytes | None = None) -> None:
        self.check()
        self._progress(self._at, value, total, "running")
        if preview is not None:
            self._sockets.preview(preview, self._about(self._at), self._client)
        told = {"value": value, "max": total, "prompt_id": self._item.prompt_id, "node": self._at}
        self._sockets.send("progress", told, self._client)
        if preview is not None:
            self._sockets.bare_preview(preview, self._client)

    def check(self) -> None:
        self._executor.pause(self._executor.faults.slow_step_s)
        if self._executor.queue.interrupted:
            self._executor.queue.interrupted = False
            raise Interrupted
        if self._executor.faults.failures:
            raise self._executor.faults.failures.popleft()

    def wait(self, seconds: float) -> None:
        self._executor.pause(seconds)

    def save(self, png: bytes, prefix: str, *, type: str) -> dict[str, str]:
        return self._executor.files.save(png, prefix, type)

    def load(self, name: str) -> bytes:
        return self._executor.files.load(name)

    def show(self, output: Mapping[str, list[Any]]) -> None:
        self._shown = dict(output)

    def say(self, text: str) -> None:
        self._sockets.text(self._at, text, self._client)


def _shown(value: Any) -> Any:
    return str(value) if link_of(value) else value
