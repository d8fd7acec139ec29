"""Arguments against a kind's JSON Schema: the first thing that is wrong, as a sentence that names the field.

Schemas come from workers and are not trusted: nothing is fetched for a `$ref`, patterns backtrack in
bounds, references do not unfold without end. Compiled
once per schema text and kept. Measured on a schema of four fields: jsonschema-rs 0.3 µs a check, fastjsonschema 1.6
(and it runs generated code), jsonschema 53. Called at submit (`server/submit.py`) and when a kind is announced.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec

from headway.errors import InvalidInput
from headway.model.nesting import check_nesting
from headway.model.unfolding import MOST_CHECKS, unfolds_too_far

Schema = Mapping[str, Any]
BACKTRACKS = 10_000
"""Steps that a pattern with look-around may take on one text; without look-around patterns are linear."""


def validate(schema: Schema, values: Any, field: str = "args") -> None:
    """InvalidInput for the first value that does not fit, with its path below `field` (`args.files.3`)."""
    validator = _compiled(msgspec.json.encode(schema, order="deterministic"))
    if isinstance(validator, str):
        raise InvalidInput(field, f"can not be checked, the kind's schema is broken: {validator}", hint=_FIX)
    if validator.is_valid(values):
        return
    errors = sorted(_causes(validator.iter_errors(values)), key=_rank)
    raise _as_invalid(errors[0], schema, field)


def check_schema(schema: Any, field: str) -> None:
    """InvalidInput naming `field` if this is no JSON Schema that `validate` can use."""
    if not isinstance(schema, dict):
        raise InvalidInput(field, "is not a JSON Schema object", hint=_FIX)
    encoded = msgspec.json.encode(schema, order="deterministic")
    check_nesting(encoded, field, "Use $defs and $ref.")
    validator = _compiled(encoded)
    if isinstance(validator, str):
        raise InvalidInput(field, f"is not a JSON Schema: {validator}", hint=_FIX)


_FIX = "Kinds carry a JSON Schema of draft 2020-12 without references to other documents."


@lru_cache(maxsize=1024)
def _compiled(schema: bytes) -> jsonschema_rs.Validator | str:
    """The validator, or what is wrong with the schema."""
    document = json.loads(schema)
    if unfolds_too_far(document):
        return f"its references unfold to more than {MOST_CHECKS:,} checks of one value"
    try:
        return jsonschema_rs.validator_for(
            document,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS),
        )
    except ValueError as error:
        return str(error).partition("\n")[0].rstrip(".")


def _causes(errors: Any) -> list[Any]:
    """Errors, those of a choice (`int | None`) replaced by those of the alternative that came closest."""
    found: list[Any] = []
    for error in errors:
        context: Sequence[Sequence[Any]] = getattr(error.kind, "context", ())
        deeper = [
            branch
            for branch in context
            if branch and any(len(e.instance_path) > len(error.instance_path) for e in branch)
        ]
        found += _causes(min(deeper, key=len)) if deeper else [error]
    return found


def _rank(error: Any) -> tuple[int, int]:
    """What is missing first, then what is unknown, then the values in their order of depth."""
    name = type(error.kind).__name__
    return {"Required": 0, "AdditionalProperties": 1, "UnevaluatedProperties": 1}.get(name, 2), len(error.instance_path)


def _as_invalid(error: Any, schema: Schema, field: str) -> InvalidInput:
    path = ".".join([field, *(str(step) for step in error.instance_path)])
    kind = error.kind
    name = type(kind).__name__
    if name == "Required":
        return InvalidInput(f"{path}.{kind.property}", "is required", hint=_takes(schema, error))
    if name in ("AdditionalProperties", "UnevaluatedProperties"):
        return InvalidInput(f"{path}.{kind.unexpected[0]}", "is not known", hint=_takes(schema, error))
    sentence = _SENTENCES.get(name)
    if sentence is None:
        return InvalidInput(path, str(error.message).rstrip("."))
    return InvalidInput(path, sentence(kind, _shown(error.instance)))


def _takes(schema: Schema, error: Any) -> str:
    """At the top: the names that the kind takes."""
    names = list(schema.get("properties", {}))
    if error.instance_path or not names:
        return ""
    return f"It takes {', '.join(names)}."


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


_TYPES = {
    "string": "a text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
    "array": "a list", "object": "an object", "null": "null",
}  # fmt: skip


def _type(kind: Any, value: str) -> str:
    return f"{value} is not {_either([_TYPES[each] for each in sorted(kind.types)])}"


def _any_of(kind: Any, value: str) -> str:
    wanted: list[str] = []
    for error in (error for branch in kind.context for error in branch):
        types = error.kind.types if type(error.kind).__name__ == "Type" else None
        wanted += [_TYPES[each] for each in types] if types else [str(error.message)]
    return f"{value} is not {_either(list(dict.fromkeys(wanted)))}"


def _either(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


_SENTENCES: dict[str, Callable[[Any, str], str]] = {
    "Type": _type,
    "AnyOf": _any_of,
    "Enum": lambda kind, value: f"{value} is not one of {', '.join(_shown(each) for each in kind.options)}",
    "Constant": lambda kind, value: f"{value} is not {_shown(kind.expected_value)}",
    "Minimum": lambda kind, value: f"{value} is less than {kind.limit}",
    "Maximum": lambda kind, value: f"{value} is more than {kind.limit}",
    "ExclusiveMinimum": lambda kind, value: f"{value} is not more than {kind.limit}",
    "ExclusiveMaximum": lambda kind, value: f"{value} is not less than {kind.limit}",
    "MultipleOf": lambda kind, value: f"{value} is not a multiple of {kind.multiple_of:g}",
    "MinLength": lambda kind, value: f"{value} is shorter than {kind.limit} characters",
    "MaxLength": lambda kind, value: f"{value} is longer than {kind.limit} characters",
    "MinItems": lambda kind, value: f"{value} has fewer than {kind.limit} items",
    "MaxItems": lambda kind, value: f"{value} has more than {kind.limit} items",
    "UniqueItems": lambda _, value: f"{value} has an item twice",
    "Pattern": lambda kind, value: f"{value} does not match {kind.pattern}",
}
