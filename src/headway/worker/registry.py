"""`App` and `@app.job`: what a user's module offers, and loading one by `module:app`.

What a job is by itself is in `job.py`. Knows nothing of processes or links; called by user modules, by connectors, by
`executor.py` and by `headway.testing`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, overload

from headway.errors import InvalidInput
from headway.worker.engines import Engine
from headway.worker.job import CleanUp, Duration, Isolation, Job, make_job
from headway.worker.schema import Json

P = ParamSpec("P")
R = TypeVar("R")


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
        title: str = "",
        description: str = "",
        annotations: Mapping[str, bool] | None = None,
        confirm: bool = False,
    ) -> Callable[[Callable[P, R]], Job[P, R]]: ...

    def job(self, name: Any = None, **options: Any) -> Any:
        """Register a handler, `def` or `async def`. Its name is the function's unless given.

        `stages`: names, or names with weights. `retries` is `max_attempts - 1`. Durations: seconds or `1h30m`.
        `requires`: labels that a worker must have. `service`: the type of engine (`comfyui`) or the one engine
        (`mcp:github`) that each needs a free slot of. `cleanup`: a module-level function for after a kill. `annotations`:
        what it does to the world, of `read_only`, `destructive`, `idempotent`, `open_world`. `confirm`: people are
        asked before they submit one.
        """
        if callable(name):
            return self.job()(name)

        def register(handler: Callable[P, R]) -> Job[P, R]:
            return self.add(make_job(handler, name or getattr(handler, "__name__", ""), dict(options)))

        return register

    def add(self, job: Job[P, R]) -> Job[P, R]:
        """Serve a job that was made without a decorator (`Job.from_schema`). InvalidInput: the name is taken."""
        if job.name in self.jobs:
            raise InvalidInput(f"job {job.name!r}", "is registered twice in this app", hint="Give one of them name=….")
        self.jobs[job.name] = job
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
