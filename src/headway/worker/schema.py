"""A handler's signature as a schema: what may come in, checked and coerced, and what the dashboard draws a form from.

pydantic reads the annotations once, when the handler is registered; JSON Schema is draft 2020-12. Unknown
parameters are refused. Knows nothing of jobs or processes; called by `registry.py` and, per attempt, by `runner.py`.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, get_type_hints

import msgspec
from pydantic import ConfigDict, PydanticSchemaGenerationError, PydanticUserError, TypeAdapter, ValidationError

from headway.errors import InvalidInput
from headway.model.schema import check_schema, validate

Json = dict[str, Any]
_CLOSED = ConfigDict(extra="forbid", arbitrary_types_allowed=False)
_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Signature:
    """The parameters of one handler, the context left out.

    `takes_context` says whether its first parameter is the context: annotated `Context`, or named `ctx`.
    """

    def __init__(self, handler: Callable[..., Any]) -> None:
        self.name = getattr(handler, "__qualname__", repr(handler))
        parameters = list(inspect.signature(handler).parameters.values())
        hints = _hints(handler, self.name)
        self.takes_context = bool(parameters) and _is_context(parameters[0], hints.get(parameters[0].name))
        self.parameters = parameters[1:] if self.takes_context else parameters
        self.names = tuple(parameter.name for parameter in self.parameters)
        self._adapter = _adapter(self.name, self.parameters, hints)
        self.input = self._json_schema()
        self.output = _output_schema(hints.get("return"))

    def bind(self, args: bytes) -> Json:
        """Arguments by name, coerced to their annotations, from a JSON object. InvalidInput names `args.<field>`."""
        if not self.names and args in (b"{}", b""):
            return {}
        try:
            bound = self._adapter.validate_json(args or b"{}")
        except ValidationError as error:
            raise _as_invalid(error, self) from None
        return {name: getattr(bound, name) for name in self.names}

    def bind_values(self, values: Json) -> Json:
        """As `bind`, from Python values: what `headway.testing.run` was called with."""
        try:
            bound = self._adapter.validate_python(values)
        except ValidationError as error:
            raise _as_invalid(error, self) from None
        return {name: getattr(bound, name) for name in self.names}

    def _json_schema(self) -> Json:
        schema = self._adapter.json_schema()
        schema.pop("title", None)
        schema.setdefault("properties", {})
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


class Given:
    """In place of a signature where the schema is known: `handler(ctx, args)` gets the arguments as they are.

    InvalidInput where one of the schemas is none, or the handler does not take these two.
    """

    takes_context = True

    def __init__(self, handler: Callable[..., Any], name: str, schema: Json, output: Json | None) -> None:
        self.name = name
        parameters = [each for each in inspect.signature(handler).parameters.values() if each.kind in _POSITIONAL]
        if len(parameters) < 2:
            raise InvalidInput(name, "its handler does not take two", hint="Write async def handler(ctx, args).")
        self._parameter = parameters[1].name
        for each, what in ((schema, "schema"), (output, "output")):
            if each is not None:
                check_schema(each, f"{name}.{what}")
        self.input = schema
        self.output = output

    def bind(self, args: bytes) -> Json:
        """The arguments under the name of the handler's parameter. InvalidInput names `args.<field>`."""
        try:
            values = msgspec.json.decode(args or b"{}")
        except msgspec.DecodeError as error:
            raise InvalidInput("args", f"not JSON: {error}") from None
        if not isinstance(values, dict):
            raise InvalidInput("args", "must be a JSON object", hint='Write {"name": value}.')
        validate(self.input, values)
        return {self._parameter: values}


def schema_hash(schema: Json) -> str:
    """sha256 of the schema in canonical JSON: keys sorted, no spaces. Names the version of a kind."""
    return hashlib.sha256(msgspec.json.encode(schema, order="deterministic")).hexdigest()


def _hints(handler: Callable[..., Any], name: str) -> Json:
    try:
        return get_type_hints(handler, include_extras=True)
    except NameError as error:
        raise InvalidInput(
            name,
            f"the annotation {error.name!r} can not be found from its module",
            hint="Import or define it at module level: the signature is the schema.",
        ) from None


def _is_context(parameter: inspect.Parameter, hint: Any) -> bool:
    if parameter.kind not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD):
        return False
    return parameter.name == "ctx" or getattr(hint, "__name__", "") == "Context"


def _adapter(name: str, parameters: list[inspect.Parameter], hints: Json) -> TypeAdapter[Any]:
    fields: list[Any] = []
    for parameter in parameters:
        if parameter.kind not in _KEYWORD:
            raise InvalidInput(
                f"{name}({parameter})",
                "a job's input is an object of named values",
                hint="Take one dict parameter instead of *args or **kwargs.",
            )
        fields.append((parameter.name, hints.get(parameter.name, Any), _default(parameter)))
    try:
        shape = dataclasses.make_dataclass("Input", fields, kw_only=True, namespace={"__pydantic_config__": _CLOSED})
        return TypeAdapter(shape)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        raise InvalidInput(
            name,
            f"its signature is no schema: {str(error).splitlines()[0].rstrip('.')}",
            hint="Parameters are JSON: use str, int, float, bool, list, dict, dataclasses or pydantic models.",
        ) from None


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return dataclasses.field()
    if parameter.default.__class__.__hash__ is None:  # a list or dict: each call gets its own
        return dataclasses.field(default_factory=partial(copy.deepcopy, parameter.default))
    return dataclasses.field(default=parameter.default)


def _output_schema(hint: Any) -> Json | None:
    if hint is None or hint is Any or hint is type(None):
        return None
    try:
        return TypeAdapter(hint).json_schema(mode="serialization")
    except (PydanticSchemaGenerationError, PydanticUserError):
        return None  # a result need not be described; whether it is JSON is seen when it is there


def _as_invalid(error: ValidationError, signature: Signature) -> InvalidInput:
    first = error.errors(include_url=False, include_context=False)[0]
    path = ".".join(["args", *(str(part) for part in first["loc"])])
    if first["type"] in ("unexpected_keyword_argument", "dataclass_exact_type"):
        known = ", ".join(signature.names) or "nothing"
        return InvalidInput(path, "there is no such parameter", hint=f"{signature.name} takes {known}.")
    if first["type"] == "missing":
        return InvalidInput(path, "is required")
    if first["type"] == "json_invalid":
        return InvalidInput("args", f"not JSON: {first['msg']}")
    if first["type"] == "dataclass_type":
        return InvalidInput("args", "must be a JSON object", hint='Write {"name": value}.')
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return InvalidInput(path, f"{first['msg']}{more}")
