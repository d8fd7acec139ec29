"""How much work a JSON Schema may make of a single value.

Theory. `allOf`, `anyOf`, a `$ref` and their like judge the same value again, so definitions that name each other twice
double the work with each of them: thirty lines that a server would judge for hours. Counted here before a schema is
used, each definition once. Keywords that go on to a part of the value are bounded by the value. Pure. Called by `schema.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import unquote

MOST_CHECKS = 100_000
_LISTS = ("allOf", "anyOf", "oneOf")
_ONES = ("not", "if", "then", "else")
_NAMES = ("$id", "$anchor", "$dynamicAnchor")

Node = Mapping[str, Any]


def unfolds_too_far(schema: Any, most: int = MOST_CHECKS) -> bool:
    """True if one value would be judged by more than `most` schemas."""
    nodes = list(_nodes(schema))
    named = {str(node[name]).rpartition("/")[2].lstrip("#"): node for node in nodes for name in _NAMES if name in node}
    costs: dict[int, int] = {}

    def cost(node: Node) -> int:
        if (known := costs.get(id(node))) is not None:
            return known
        costs[id(node)] = 1  # a circle adds nothing
        costs[id(node)] = total = 1 + sum(map(cost, _in_place(node, schema, named)))
        return total

    try:
        return any(cost(node) > most for node in nodes)
    except RecursionError:  # a chain of hundreds of references
        return True


def _nodes(value: Any) -> Iterator[Node]:
    """Every object in it: what is no schema costs nothing to count."""
    if isinstance(value, dict):
        yield cast("Node", value)
        for each in cast("Node", value).values():
            yield from _nodes(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _nodes(each)


def _in_place(node: Node, root: Any, named: Mapping[str, Node]) -> Iterator[Node]:
    """The schemas that judge the same value as this one."""
    found: list[Any] = [each for key in _LISTS if isinstance(node.get(key), list) for each in node[key]]
    found += [node.get(key) for key in _ONES]
    if isinstance(dependent := node.get("dependentSchemas"), dict):
        found += cast("Node", dependent).values()
    found += [_target(node[key], root, named) for key in ("$ref", "$dynamicRef") if isinstance(node.get(key), str)]
    yield from (each for each in found if isinstance(each, dict))


def _target(ref: str, root: Any, named: Mapping[str, Node]) -> Any:
    """What a reference within the document names; None where nothing does."""
    base, _, pointer = ref.partition("#")
    start = named.get(base.rpartition("/")[2], root) if base else root
    if pointer and not pointer.startswith("/"):
        return named.get(pointer)
    for step in pointer.split("/")[1:]:
        key = unquote(step).replace("~1", "/").replace("~0", "~")
        if isinstance(start, list):
            start = cast("list[Any]", start)[int(key)] if key.isdecimal() and int(key) < len(start) else None  # pyright: ignore[reportUnknownArgumentType]
        else:
            start = cast("Node", start).get(key) if isinstance(start, dict) else None
    return start
