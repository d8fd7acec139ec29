"""One kind of job as a program offers it: the handler, its schema, and the options that became the kind's defaults.

`definition()` is what the server is told about the kind. Calling a `Job` calls the handler: inside a job with that job's
context, outside with one that draws in the terminal. A `Job` is made by `@app.job` from a signature, or `from_schema`
where the schema is known and there is no signature: an outside engine's own tools. Must never know processes or links.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, ParamSpec, TypeVar, cast

from headway.errors import InvalidInput
from headway.model.duration import parse_duration
from headway.model.progress import make_plan
from headway.worker.context import Context
from headway.worker.outside import call_async, call_sync, inside
from headway.worker.schema import Given, Json, Signature, schema_hash

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["shared", "process"]
Duration = str | float
CleanUp = Callable[[str, int, dict[str, Any]], Any]
"""What runs in a fresh process after a kill: `cleanup(job_id, attempt, checkpoints)`."""


class Job(Generic[P, R]):
    """A registered handler. `options` are the server's defaults for its jobs, as kinds carry them."""

    def __init__(
        self, handler: Callable[P, R], name: str, options: Json, isolation: Isolation, cleanup: CleanUp | None,
        signature: Signature | Given | None = None,
    ) -> None:  # fmt: skip
        self.handler = handler
        self.name = name
        self.isolation: Isolation = isolation
        self.cleanup = cleanup
        self.signature = signature or Signature(handler)
        self.asynchronous = inspect.iscoroutinefunction(handler)
        self.plan = make_plan(options.pop("stages"))
        self.limit: int | None = options.pop("limit")
        self.key_limit: int | None = options.pop("key_limit")
        self.service: str | None = options.pop("service")
        self.title: str = options.pop("title")
        self.description: str = options.pop("description") or inspect.getdoc(handler) or ""
        self.annotations: dict[str, bool] = options.pop("annotations")
        self.confirm: bool = options.pop("confirm")
        self.pin: str | None = options.pop("definition")
        self.defaults = options
        self.__doc__ = handler.__doc__
        self.__name__ = getattr(handler, "__name__", name)
        self.__wrapped__ = handler

    @staticmethod
    def from_schema(
        handler: Callable[..., R], *, name: str, schema: Mapping[str, Any], output: Mapping[str, Any] | None = None,
        definition: str | None = None, **options: Any,
    ) -> Job[..., R]:  # fmt: skip
        """A job whose input is described by a JSON Schema and not by a signature: `handler(ctx, args)` gets the
        arguments as they are, checked against it. `definition`: the sha256 of what it is by its engine, which the
        server pins; `options` as of `@app.job`. InvalidInput names what is wrong, the schemas too.
        """
        given = Given(handler, name, dict(schema), None if output is None else dict(output))
        return make_job(handler, name, {**options, "definition": definition}, given)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The handler itself; the context is filled in where the caller does not pass one."""
        call: Callable[..., R] = self.handler
        if not self.signature.takes_context or (args and isinstance(args[0], Context)):
            return call(*args, **kwargs)
        if (context := inside()) is not None:
            return call(context, *args, **kwargs)
        outside: Callable[..., Any] = call_async if self.asynchronous else call_sync
        return outside(call, self.plan, self.name, args, kwargs)

    def __repr__(self) -> str:
        return f"<job {self.name}{inspect.signature(self.handler)}>"

    def definition(self) -> Json:
        """The kind as the server keeps it: name, schema, plan, defaults, limits, hash."""
        known = {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "schema": self.signature.input,
            "output": self.signature.output,
            "plan": self.plan,
            "defaults": self.defaults,
            "hash": schema_hash(self.signature.input),
            "limit": self.limit,
            "key_limit": self.key_limit,
            "isolation": self.isolation,
            "service": self.service,
            "cleanup": self.cleanup is not None or None,
            "annotations": self.annotations,
            "confirm": self.confirm or None,
            "definition": self.pin,
        }
        return {key: value for key, value in known.items() if value not in (None, "", [], {})}


def make_job(
    handler: Callable[P, R], name: str, options: Json, signature: Signature | Given | None = None
) -> Job[P, R]:
    """The job of these options of `@app.job`. InvalidInput names the one that is wrong."""
    isolation, cleanup = options.pop("isolation", "shared"), options.pop("cleanup", None)
    if isolation not in ("shared", "process"):
        raise InvalidInput(f"{name}.isolation", f"{isolation!r} is unknown", hint='Write "shared" or "process".')
    _check_cleanup(name, cleanup)
    _check_service(name, options.get("service"), isolation, handler)
    return Job(handler, name, _defaults(name, options), isolation, cleanup, signature)


ANNOTATIONS = frozenset({"read_only", "destructive", "idempotent", "open_world"})
"""What a kind may say of what it does to the world."""

_DURATIONS = {
    "timeout": "timeout_s",
    "progress_timeout": "progress_timeout_s",
    "cancel_grace": "cancel_grace_s",
    "backoff": "backoff_s",
    "backoff_cap": "backoff_cap_s",
}


def _defaults(name: str, options: Json) -> Json:
    """Keywords of `@app.job` as the parts of a kind: durations become seconds, retries become attempts."""
    retries, attempts = options.pop("retries", None), options.pop("max_attempts", None)
    if retries is not None and attempts is not None:
        raise InvalidInput(f"{name}.retries", "is given beside max_attempts", hint="Give one; retries=3 is 4 attempts.")
    if retries is not None:
        attempts = retries + 1
    if attempts is not None and attempts < 1:
        raise InvalidInput(f"{name}.max_attempts", f"{attempts} is less than one")
    given = {
        seconds: parse_duration(options.pop(key), f"{name}.{key}")
        for key, seconds in _DURATIONS.items()
        if options.get(key) is not None
    }
    if (on_lost := options.pop("on_lost", "abort")) != "abort":
        given["on_lost"] = on_lost
    expires = options.pop("expires", None)
    known: Json = {
        "stages": options.pop("stages", None),
        "limit": options.pop("limit", None),
        "key_limit": options.pop("key_limit", None),
        "service": options.pop("service", None),
        "title": options.pop("title", "") or "",
        "description": options.pop("description", ""),
        "annotations": _annotations(name, options.pop("annotations", None)),
        "confirm": options.pop("confirm", False),
        "definition": options.pop("definition", None),
    }
    defaults: Json = {
        "queue": options.pop("queue", None),
        "priority": options.pop("priority", None),
        "max_attempts": attempts,
        "labels": dict(options.pop("labels", None) or {}),
        "requires": dict(options.pop("requires", None) or {}),
        "expires_s": None if expires is None else parse_duration(expires, f"{name}.expires"),
        "options": given,
    }
    for key in _DURATIONS:
        options.pop(key, None)
    if options:
        raise InvalidInput(f"{name}.{next(iter(options))}", "is not an option of @app.job")
    return known | {key: value for key, value in defaults.items() if value not in (None, {})}


def _annotations(name: str, given: Any) -> dict[str, bool]:
    if not isinstance(given or {}, Mapping):
        raise InvalidInput(f"{name}.annotations", f"{given!r} is no mapping", hint="Write {'read_only': True}.")
    found = dict(cast("Mapping[str, Any]", given or {}))
    for each, value in found.items():
        if each not in ANNOTATIONS:
            known = ", ".join(sorted(ANNOTATIONS))
            raise InvalidInput(f"{name}.annotations", f"{each!r} is not known", hint=f"There is {known}.")
        if not isinstance(value, bool):
            raise InvalidInput(f"{name}.annotations.{each}", f"{value!r} is neither true nor false")
    return found


def _check_cleanup(name: str, cleanup: Any) -> None:
    if cleanup is None:
        return
    where = getattr(cleanup, "__qualname__", "")
    if not callable(cleanup) or "<" in where or not where:
        raise InvalidInput(
            f"{name}.cleanup",
            f"{where or cleanup!r} is not a function of a module",
            hint="It runs in a fresh process after a kill: define it at module level with def.",
        )


def _check_service(name: str, service: Any, isolation: Isolation, handler: Any) -> None:
    if service is None:
        return
    type, colon, one = service.partition(":") if isinstance(service, str) else ("", "", "")
    if not type or (colon and not one):
        raise InvalidInput(f"{name}.service", f"{service!r} is no engine", hint='Write "comfyui" or "mcp:github".')
    if isolation != "shared" or not inspect.iscoroutinefunction(handler):
        raise InvalidInput(
            f"{name}.service",
            "is for handlers that are async and not isolated",
            hint='Write async def and leave isolation="process" out: engines are looked after in the shared process.',
        )
