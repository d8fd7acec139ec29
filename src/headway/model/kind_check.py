"""What a worker may say of a kind: field by field, each refused by its name (`kinds.crawl.title`), the others of its list taken.

Unknown fields are a worker's own and pass. Called by `kinds.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from headway.errors import InvalidInput
from headway.model.names import checked_name
from headway.model.progress import make_plan
from headway.model.service_check import checked_wanted

KIND_BYTES = 65_536
NAME_CHARS = 200
TITLE_CHARS = 500
RESERVED = frozenset({"quarantine", "seen", "approved_by", "approved_at", "limits_set", "registered_at", "seq"})

_encode = msgspec.json.encode


def sorted_out(kinds: Iterable[Mapping[str, Any]]) -> tuple[dict[str, dict[str, Any]], list[InvalidInput]]:
    """Those that are whole, by name, and what is wrong with the others."""
    taken: dict[str, dict[str, Any]] = {}
    faults: list[InvalidInput] = []
    for place, kind in enumerate(kinds):
        try:
            whole = checked_kind(kind, place)
            if whole["name"] in taken:
                raise InvalidInput(f"kinds.{whole['name']}", "is told twice", hint="Give each kind a name of its own.")
        except InvalidInput as fault:
            faults.append(fault)
        else:
            taken[whole["name"]] = whole
    return taken, faults


def checked_kind(kind: Mapping[str, Any], place: int) -> dict[str, Any]:
    """The kind as it is taken, its plan written out. InvalidInput names the field."""
    name = kind.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARS:
        wanted = f"a text of 1 to {NAME_CHARS} characters"
        raise InvalidInput(f"kinds[{place}].name", f"{_short(name)} is not {wanted}", hint=f"Give {wanted}.")
    checked_name("kinds.name", name)
    field = f"kinds.{name}"
    if (size := len(_encode(kind))) > KIND_BYTES:
        problem = f"has {size:,} bytes, and a kind may have {KIND_BYTES:,}"
        raise InvalidInput(field, problem, hint="Say less in its description and its schema.")
    for key, (rule, wanted) in _RULES.items():
        if kind.get(key) is not None and not rule(kind[key]):
            raise InvalidInput(f"{field}.{key}", f"{_short(kind[key])} is not {wanted}", hint=f"Give {wanted}.")
    for key in sorted(RESERVED & kind.keys()):
        raise InvalidInput(f"{field}.{key}", "is the server's to say", hint="Leave it out.")
    if kind.get("service") is not None:
        checked_wanted(kind["service"], f"{field}.service")
    plan = {"plan": make_plan(kind["plan"], f"{field}.plan")} if "plan" in kind else {}
    return {**kind, **plan}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_title(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= TITLE_CHARS


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= NAME_CHARS


def _is_schema(value: Any) -> bool:
    return isinstance(value, dict | bool)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool)


def _are_truths(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(each, bool) for each in value.values())  # pyright: ignore[reportUnknownVariableType]


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (_is_title, f"a text of at most {TITLE_CHARS} characters"),
    "description": (_is_text, "a text"),
    "schema": (_is_schema, "a JSON Schema"),
    "output": (_is_schema, "a JSON Schema"),
    "annotations": (_are_truths, "an object of true and false"),
    "confirm": (_is_truth, "true or false"),
    "definition": (_is_hash, f"a hash of at most {NAME_CHARS} characters"),
    "defaults": (_is_object, "an object"),
}
"""Field -> its rule, and what is wanted, in words."""
