"""`App` and `@app.job`: what a user's module offers, and loading one by `module:app`.

A `Job` is the handler with its options; `definition()` is what the server is told about the kind. Calling a `Job`
calls the handler: inside a job with that job's context, outside with one that draws in the terminal. Knows nothing of
processes or links; called by user modules, by `executor.py` and by `headway.testing`.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from headway.errors import InvalidInput
from headway.model.duration import parse_duration
from headway.model.progress import make_plan
from headway.worker.context import Context
from headway.worker.engines import Engine
from headway.worker.outside import call_async, call_sync, inside
from headway.worker.schema import Json, Signature, schema_hash

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["shared", "process"]
Duration = str | float
CleanUp = Callable[[str, int, dict[str, Any]], Any]
"""What runs in a fresh process after a kill: `cleanup(job_id, attempt, checkpoints)`."""


class Job(Generic[P, R]):
    """A registered handler. `options` are the server's defaults for its jobs, as kinds carry them."""

    def __init__(
        self, handler: Callable[P, R], name: str, options: Json, isolation: Isolation, cleanup: CleanUp | None
    ) -> None:
        self.handler = handler
        self.name = name
        self.isolation: Isolation = isolation
        self.cleanup = cleanup
        self.signature = Signature(handler)
        self.asynchronous = inspect.iscoroutinefunction(handler)
        self.plan = make_plan(options.pop("stages"))
        self.limit: int | None = options.pop("limit")
        self.key_limit: int | None = options.pop("key_limit")
        self.service: str | None = options.pop("service")
        self.description: str = options.pop("description") or inspect.getdoc(handler) or ""
        self.defaults = options
        self.__doc__ = handler.__doc__
        self.__name__ = getattr(handler, "__name__", name)
        self.__wrapped__ = handler

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
        }
        return {key: value for key, value in known.items() if value not in (None, "", [], {})}


class App:
    """The jobs of one program. `headway worker module:app` serves them. `engines`: what their services are told by."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job[..., Any]] = {}
        self.engines: list[Engine] = []

    @overload
    def job(self, name: Callable[P, R], /) -> Job[P, R]: ...

    @overload
    def job(
        self,
        name: str | None = None,
        *,
        stages: Any = None,
        retries: int | None = None,
        max_attempts: int | None = None,
        timeout: Duration | None = None,
        progress_timeout: Duration | None = None,
        expires: Duration | None = None,
        queue: str | None = None,
        priority: int | None = None,
        isolation: Isolation = "shared",
        limit: int | None = None,
        key_limit: int | None = None,
        backoff: Duration | None = None,
        backoff_cap: Duration | None = None,
        cancel_grace: Duration | None = None,
        on_lost: Literal["abort", "continue"] = "abort",
        cleanup: CleanUp | None = None,
        labels: Mapping[str, str] | None = None,
        requires: Mapping[str, str] | None = None,
        service: str | None = None,
        description: str = "",
    ) -> Callable[[Callable[P, R]], Job[P, R]]: ...

    def job(self, name: Any = None, **options: Any) -> Any:
        """Register a handler, `def` or `async def`. Its name is the function's unless given.

        `stages`: names, or names with weights. `retries` is `max_attempts - 1`. Durations: seconds or `1h30m`.
        `requires`: labels that a worker must have. `service`: the type of engine (`comfyui`) or the one engine
        (`mcp:github`) that each needs a free slot of. `cleanup`: a module-level function for after a kill.
        """
        if callable(name):
            return self.job()(name)

        def register(handler: Callable[P, R]) -> Job[P, R]:
            return self._add(handler, name or getattr(handler, "__name__", ""), dict(options))

        return register

    def _add(self, handler: Callable[P, R], name: str, options: Json) -> Job[P, R]:
        if name in self.jobs:
            raise InvalidInput(f"job {name!r}", "is registered twice in this app", hint="Give one of them name=….")
        isolation, cleanup = options.pop("isolation", "shared"), options.pop("cleanup", None)
        if isolation not in ("shared", "process"):
            raise InvalidInput(f"{name}.isolation", f"{isolation!r} is unknown", hint='Write "shared" or "process".')
        _check_cleanup(name, cleanup)
        _check_service(name, options.get("service"), isolation, handler)
        job = Job(handler, name, _defaults(name, options), isolation, cleanup)
        self.jobs[name] = job
        return job

    def engine(self, engine: Engine) -> None:
        """Look after outside engines too: `engine` tells how they stand, as services of this worker."""
        if not any(engine is known for known in self.engines):
            self.engines.append(engine)

    def include(self, other: App) -> None:
        """Serve the jobs of another app too, and look after its engines."""
        for name, job in other.jobs.items():
            if self.jobs.setdefault(name, job) is not job:
                raise InvalidInput(f"job {name!r}", "is registered in both apps", hint="Give one of them name=….")
        for engine in other.engines:
            self.engine(engine)

    def definitions(self) -> list[Json]:
        """Every kind, as the hello frame carries them."""
        return [job.definition() for job in self.jobs.values()]


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
        "description": options.pop("description", ""),
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


def load_app(reference: str) -> App:
    """The `App` that `module:name` (or `path/to/file.py:name`) names. InvalidInput says what is missing."""
    where, _, name = reference.partition(":")
    module = _load_module(where, reference)
    app = getattr(module, name or "app", None)
    if app is None:
        raise InvalidInput(
            reference,
            f"the module {where} has no {name or 'app'!r}",
            hint=f"It has: {', '.join(_apps(module))}." if _apps(module) else "Write app = headway.App() in it.",
        )
    if not isinstance(app, App):
        raise InvalidInput(reference, f"{name or 'app'!r} is a {type(app).__name__}, not a headway.App")
    return app


def _load_module(where: str, reference: str) -> Any:
    if not where:
        raise InvalidInput(reference or "app", "names no module", hint="Write module:app.")
    if where.endswith(".py"):
        path = Path(where).resolve()
        if not path.exists():
            raise InvalidInput(reference, f"there is no file {where}")
        folder, where = str(path.parent), path.stem
    else:
        folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name is None or not (where == error.name or where.startswith(error.name + ".")):
            raise
        raise InvalidInput(
            reference, f"there is no module {error.name!r}", hint="Start where it can be imported, or install it."
        ) from None


def _apps(module: Any) -> list[str]:
    return sorted(name for name in dir(module) if isinstance(getattr(module, name, None), App))
