"""A workflow in API format as a graph: checked, titled, walked; and ComfyUI's objections to one, as sentences.

Pure. What comes in is anybody's JSON: texts are cut, what does not fit is refused with the way out. Must never know
HTTP or a job. Called by the handler before anything is sent, and by `progress.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

import msgspec

from headway.connectors.comfyui.failures import InvalidWorkflow

Json = dict[str, Any]

MOST_NODES = 20_000
_TITLE = 80  # characters of a node's title that are shown
_TEXT = 500  # characters of a message of ComfyUI's, in a list of several
_SENTENCES = 5  # objections that are written out; the others are counted
_EXPORT = (
    'In ComfyUI export it with "Workflow → Export (API)" (older versions: switch on the developer mode in the '
    'settings, then "Save (API Format)"), and submit that file.'
)


class Node(msgspec.Struct, frozen=True):
    """One node: `feeds` are the ids of those whose outputs it takes."""

    id: str
    type: str
    title: str
    feeds: tuple[str, ...] = ()

    @property
    def named(self) -> str:
        """As messages name it: `KSampler (node 3)`."""
        return f"{self.title} (node {self.id})"


class Graph(msgspec.Struct, frozen=True):
    """The nodes of a workflow by id, in its order."""

    nodes: dict[str, Node]

    @property
    def sinks(self) -> list[str]:
        """Nodes that feed no other: where outputs are, unless somebody left a node lying about."""
        feeding = {source for node in self.nodes.values() for source in node.feeds}
        return [id for id in self.nodes if id not in feeding]

    def needed(self, outputs: Iterable[str], known: Collection[str] = ()) -> set[str]:
        """What must be there for these outputs, they included; what feeds only `known` nodes is not needed."""
        found: set[str] = set()
        waiting = [id for id in outputs if id in self.nodes]
        while waiting:
            id = waiting.pop()
            if id in found:
                continue
            found.add(id)
            if id not in known:
                waiting += [source for source in self.nodes[id].feeds if source in self.nodes]
        return found

    def loop(self) -> list[str]:
        """The ids of nodes that feed one another in a circle, or nothing. ComfyUI refuses them and names none."""
        clear: set[str] = set()
        for start in self.nodes:
            path: dict[str, int] = {}
            stack = [(start, iter(self.nodes[start].feeds))]
            path[start] = 0
            while stack:
                id, sources = stack[-1]
                source = next(sources, None)
                if source is None:
                    stack.pop()
                    clear.add(id)
                    del path[id]
                elif source in path:
                    return list(path)[path[source] :][::-1]
                elif source in self.nodes and source not in clear:
                    path[source] = len(path)
                    stack.append((source, iter(self.nodes[source].feeds)))
        return []

    def title(self, id: str) -> str:
        """What to call it; of a node that is not of this graph (made while running) its id."""
        node = self.nodes.get(id)
        return node.title if node is not None else f"node {cut(id)}"

    def named(self, id: str, type: object = None) -> str:
        """As messages name it, whether it is of this graph or not."""
        node = self.nodes.get(id)
        return node.named if node is not None else f"{cut(type) if type else 'a node'} (node {cut(id)})"


def graph_of(workflow: Any) -> Graph:
    """The graph of a workflow in API format: `{id: {"class_type", "inputs", "_meta"?}}`. InvalidWorkflow."""
    if not isinstance(workflow, dict):
        raise InvalidWorkflow(f"The workflow is no JSON object. {_EXPORT}")
    if is_editor_format(cast("Json", workflow)):
        raise InvalidWorkflow(
            f"This is the workflow as ComfyUI's editor saves it, which its API does not run. {_EXPORT}"
        )
    entries = cast("Json", workflow)
    if not entries:
        raise InvalidWorkflow(f"The workflow has no nodes. {_EXPORT}")
    if len(entries) > MOST_NODES:
        raise InvalidWorkflow(f"The workflow has {len(entries):,} nodes; at most {MOST_NODES:,} are taken.")
    return Graph({id: _node(id, entry, entries) for id, entry in entries.items()})


def is_editor_format(workflow: Mapping[str, Any]) -> bool:
    """Whether it is the editor's own format: `{"nodes": […], "links": […]}`."""
    return isinstance(workflow.get("nodes"), list) and "links" in workflow


def _node(id: str, entry: Any, entries: Json) -> Node:
    if not isinstance(entry, dict) or not isinstance(cast("Json", entry).get("class_type"), str):
        wrapped = ' What stands below "prompt" is the workflow.' if id == "prompt" else ""
        raise InvalidWorkflow(f"Node {cut(id)} of the workflow has no class_type.{wrapped} {_EXPORT}")
    node = cast("Json", entry)
    inputs = node.get("inputs", {})
    if not isinstance(inputs, dict):
        raise InvalidWorkflow(f"The inputs of node {cut(id)} are no JSON object. {_EXPORT}")
    meta = node.get("_meta")
    title = cast("Json", meta).get("title") if isinstance(meta, dict) else None
    feeds = (_source(value, entries) for value in cast("Json", inputs).values())
    return Node(
        id=id,
        type=cut(node["class_type"]),
        title=cut(title if isinstance(title, str) and title.strip() else node["class_type"], _TITLE),
        feeds=tuple(dict.fromkeys(source for source in feeds if source is not None)),
    )


def _source(value: Any, entries: Json) -> str | None:
    """The node that an input is linked to: `["4", 0]`; None for a value."""
    if not isinstance(value, list) or len(cast("list[Any]", value)) != 2:
        return None
    source, slot = cast("list[Any]", value)
    return source if isinstance(source, str) and isinstance(slot, int) and source in entries else None


def cut(text: object, limit: int = 120) -> str:
    """Anybody's text on one line, without control characters, at most `limit` of them."""
    line = " ".join("".join(c if c.isprintable() else " " for c in str(text)[: limit * 4]).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


# -- what ComfyUI objects to ---------------------------------------------------------------------------------------


def refusal(body: Any, graph: Graph) -> str:
    """A body of `POST /prompt` with status 400, as sentences naming node and input."""
    answer = _object(body)
    sentences = objections(answer.get("node_errors"), graph)
    if sentences:
        return f"ComfyUI refused the workflow: {listed(sentences)}"
    error = _object(answer.get("error"))
    said = ": ".join(cut(part, _TEXT) for part in (error.get("message"), error.get("details")) if part)
    loop = graph.loop()
    why = (
        f" – node{'s' if len(loop) > 1 else ''} {' → '.join([*loop, loop[0]])} feed one another in a loop"
        if loop
        else ""
    )
    return f"ComfyUI refused the workflow: {said or 'it did not say why'}{why}"


def objections(node_errors: Any, graph: Graph) -> list[str]:
    """The `node_errors` of an answer, a sentence each: `KSampler (node 3), input "steps": Value 0 smaller than …`."""
    sentences: list[str] = []
    for id, entry in _object(node_errors).items():
        body = _object(entry)
        errors = body.get("errors")
        found = cast("list[Any]", errors) if isinstance(errors, list) else []
        name = graph.named(id, body.get("class_type"))
        sentences += [f"{name}{_objection(_object(error))}" for error in found]
    return sentences


def _objection(error: Json) -> str:
    extra = _object(error.get("extra_info"))
    where = f', input "{cut(extra["input_name"])}"' if extra.get("input_name") else ""
    said = " – ".join(dict.fromkeys(cut(error[key], _TEXT) for key in ("message", "details") if error.get(key)))
    received = extra.get("received_value")
    got = "" if received is None or "received" in said.lower() else f" (received {cut(received)!r})"
    return f"{where}: {said or cut(error.get('type', 'not valid'))}{got}"


def bad_outputs(node_errors: Any) -> set[str]:
    """The outputs that will not be made because of these errors."""
    lists = (_object(entry).get("dependent_outputs") for entry in _object(node_errors).values())
    return {str(id) for each in lists if isinstance(each, list) for id in cast("list[Any]", each)}


def listed(sentences: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(sentences) - _SENTENCES
    return "; ".join(sentences[:_SENTENCES]) + (f"; and {more} more" if more > 0 else "")


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}
