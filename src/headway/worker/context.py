"""`Context`: everything a handler may say, ask and know about the attempt it runs in. Thread-safe.

The same object serves a job, a test and a bare terminal: what differs is the `Host` behind it. Must never know
processes, pipes or links. Made by `executor.py`, `headway.testing` and `outside.py`; handed to user code.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import inspect
import os
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar, overload

import msgspec

from headway.clock import Clock
from headway.errors import Cancelled, InvalidInput
from headway.model.event import PREFIXES
from headway.model.report import Checkpoint, Custom, ErrorNoted, InputRequested, StepDone, Warned, is_page
from headway.model.settings import Settings
from headway.worker.fitting import check_fits
from headway.worker.logs import Log
from headway.worker.pending import Pending
from headway.worker.reporter import Reporter
from headway.worker.showing import PICTURES, Picture
from headway.worker.stage import Stage, make_stage, open_stage, root_stage

T = TypeVar("T")
_LIMITS = Settings()
_MESSAGE = 2_000  # characters of a warning or noted error that are kept


class Work(msgspec.Struct, kw_only=True, frozen=True):
    """What the server said about the attempt. `tries` counts from 1 where the attempt counts."""

    job: str
    attempt: int = 1
    tries: int = 1
    kind: str = ""
    queue: str = ""
    labels: dict[str, str] = {}
    checkpoints: dict[str, Any] = {}


class Answer(msgspec.Struct, frozen=True):
    """What was answered to `ctx.ask`: `action` accept, decline or cancel; `content` comes with accept."""

    action: str
    content: Any = None

    @property
    def accepted(self) -> bool:
        """True when there is a content."""
        return self.action == "accept"


class Host(Protocol):
    """What a context needs beside reports: the job's place, children, files, questions."""

    def make_tmp(self) -> Path:
        """The directory of this attempt, made now; whoever made the host deletes it."""
        ...

    def submit(self, spec: Mapping[str, Any]) -> Pending[str]:
        """Submit a job, `spec` as in the REST body; the answer is its id."""
        ...

    def store(self, name: str, file: Path, type: str | None) -> Pending[None]:
        """Store an artifact from a file, which the host may delete afterwards."""
        ...

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        """Write an artifact of a job to a file."""
        ...

    def show(self, picture: Picture) -> None:
        """Show it to whoever watches, if that can be done; returns at once and raises nothing."""
        ...

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        """The answer to an input request that is reported now."""
        ...


class Context:
    """Passed to a handler as its first parameter; `headway.current()` finds it from anywhere below."""

    def __init__(self, work: Work, reporter: Reporter, host: Host, clock: Clock) -> None:
        self.work = work
        self.job_id = work.job
        self.attempt = work.attempt
        self.labels = work.labels
        self.checkpoints: dict[str, Any] = work.checkpoints
        self.log = Log(reporter.log)
        self.reporter = reporter
        self.cancelled = False
        self.cancel_reason = ""
        self.grace_s = 10.0  # from the cancel on, to end by itself
        self.lease_lost = self.moves = False  # moves: the job goes on elsewhere, what runs outside may be left to it
        self.cleanups: list[tuple[Callable[..., Any], tuple[Any, ...], bool]] = []
        self.owed: list[Pending[Any]] = []
        self._host = host
        self._clock = clock
        self._root: Stage | None = None
        self._tmp: Path | None = None
        self._asked = 0
        self._was_too_large = False

    def __repr__(self) -> str:
        return f"<context of job {self.job_id}, attempt {self.attempt}>"

    # -- progress --

    def stage(self, name: str, total: float | None = None, unit: str | None = None) -> Stage:
        """A named part of the work, for `with` or `async with`; inside another stage it nests."""
        return make_stage(self.reporter, name, total, unit, open_stage())

    @overload
    def track(self, iterable: Iterable[T], total: float | None = None, unit: str | None = None) -> Iterator[T]: ...
    @overload
    def track(
        self, iterable: AsyncIterable[T], total: float | None = None, unit: str | None = None
    ) -> AsyncIterator[T]: ...

    def track(self, iterable: Any, total: float | None = None, unit: str | None = None) -> Any:
        """Iterate and count, in the stage that is open, else for the job as a whole."""
        return self.here().follow(iterable, total, unit)

    def progress(
        self,
        current: float | None = None,
        total: float | None = None,
        *,
        unit: str | None = None,
        message: str | None = None,
        details: Any = None,
    ) -> None:
        """Say where the open stage (else the job) stands. What is not given stays; `details`: any JSON up to 4 KB.
        InvalidInput, TooLarge: details that can not travel.
        """
        self.here().show(current, total, unit, message, details)

    def advance(self, n: float = 1) -> None:
        """`n` more are done in the open stage (else in the job)."""
        self.here().advance(n)

    def here(self) -> Stage:
        """The stage that is open here, else the job as a whole."""
        if (stage := open_stage()) is not None:
            return stage
        if self._root is None:
            self._root = root_stage(self.reporter)
        return self._root

    # -- notes --

    def warn(self, message: object, *args: object) -> None:
        """Something the reader should know: counted, and shown on the job. The job goes on."""
        self.reporter.add(Warned(message=_format(message, args), at=self._clock.now()))

    def error(self, message: object, *args: object) -> None:
        """Something failed and the job goes on. An exception is noted with its type."""
        kind = type(message).__name__ if isinstance(message, BaseException) else ""
        self.reporter.add(ErrorNoted(message=_format(message, args), kind=kind, at=self._clock.now()))

    def alive(self) -> None:
        """Say that what the attempt waits for goes on, without a number to show: its `progress_timeout` starts anew."""
        self.reporter.alive()

    def step_done(self, name: str) -> None:
        """One named piece of work is done."""
        self.reporter.add(StepDone(name=str(name)[:200], at=self._clock.now()))

    def emit(
        self, name: str, data: Mapping[str, Any] | None = None, *, priority: str = "normal",
        conflate_key: str | None = None,
    ) -> None:  # fmt: skip
        """An event of your own, `<prefix>.<name>`, at most 16 KB of JSON. InvalidInput, TooLarge."""
        prefix, dot, rest = name.partition(".")
        if not dot or not rest or prefix in PREFIXES:
            raise InvalidInput(
                "name", f"{name!r} is not a custom event's name",
                hint=f"Write <prefix>.<name>; the prefixes {', '.join(sorted(PREFIXES))} are reserved.",
            )  # fmt: skip
        body = dict(data or {})
        check_fits("The event's data", body, _LIMITS.custom_bytes)
        item = Custom(name=name, data=body, priority=priority, conflate_key=conflate_key, at=self._clock.now())
        self.reporter.add(item)

    def checkpoint(self, key: str, value: Any) -> None:
        """Keep `value` (any JSON, at most 256 KB) under `key` for later attempts. TooLarge."""
        check_fits(f"Checkpoint {key!r}", value, _LIMITS.args_bytes)
        self.checkpoints[key] = value
        self.reporter.add(Checkpoint(key=key, value=value))

    # -- files and other jobs --

    @property
    def tmp(self) -> Path:
        """A directory of this attempt, deleted whatever happens to it."""
        if self._tmp is None:
            self._tmp = self._host.make_tmp()
        return self._tmp

    def artifact(self, name: str, content: bytes | str | Path | os.PathLike[str], type: str | None = None) -> None:
        """Store a file with the job: its bytes, its text, or the path of a file. Returns at once; the job completes
        only when the file is stored, and an error in storing it is the job's error.
        """
        if not name or name.startswith(("/", ".")) or ".." in name.split("/"):
            raise InvalidInput("name", f"{name!r} is not an artifact's name", hint="Use a relative name: report.html.")
        if isinstance(content, bytes | str):
            file = self.tmp / f".artifact-{self._next()}"
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
        else:
            file = self.tmp / f".artifact-{self._next()}"
            shutil.copyfile(content, file)
        self.owed.append(self._host.store(name, file, type))

    def preview(self, image: bytes, type: str = "image/jpeg", *, label: str | None = None) -> None:
        """Show how it looks now: a PNG, JPEG, WebP or GIF of at most 2 MB, in place of the one before; `label` says in
        words what it shows. Returns at once. The newest wins, at most four a second are sent, and one that does not
        arrive is forgotten; with the attempt it is gone (keep pictures with `artifact`). InvalidInput: no such picture.
        """
        if type not in PICTURES:
            raise InvalidInput("type", f"{type!r} is not shown", hint=f"Use {', '.join(PICTURES)}.")
        if not image:
            raise InvalidInput("image", "has no bytes", hint="Give the bytes of an encoded picture.")
        if len(image) <= _LIMITS.preview_bytes:
            self._host.show(Picture(bytes(image), type, label))
        elif not self._was_too_large:
            self._was_too_large = True
            self.log.warning("A preview of %s bytes is not shown: the limit is %s.", len(image), _LIMITS.preview_bytes)

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        """Write the artifact `name` of another job (or of this one) to `into`. Await it, or call `.result()`: CallerError
        when there is none.
        """
        return self._host.fetch(job, name, into)

    def submit(self, kind: Any, input: Mapping[str, Any] | None = None, /, **options: Any) -> Pending[str]:
        """Submit a child job: `kind` by name or the registered handler; options as `Client.submit` (queue, priority,
        labels, unique …). Await the answer, or call `.result()`: the child's id.
        """
        name = kind if isinstance(kind, str) else kind.name
        spec = {"kind": name, "args": dict(input or {}), "parent": self.job_id, **options}
        pending = self._host.submit(spec)
        self.owed.append(pending)
        return pending

    def ask(self, message: str, schema: Any = None, *, url: str | None = None) -> Pending[Answer]:
        """Ask whoever watches; `schema` is a JSON Schema of the answer, `url` (http or https) a page on which what is
        asked for is done. Await it, or call `.result()`. InvalidInput: no such URL, or a schema that nests too deep.
        """
        if url is not None and not is_page(url):
            raise InvalidInput("url", f"{url[:200]!r} is no page that can be opened", hint="Give an http(s) URL.")
        check_fits("schema", schema, _LIMITS.args_bytes)
        request = f"{self.attempt}.{self._next()}"
        pending = self._host.ask(request, message, schema, url)
        self.reporter.add(
            InputRequested(request=request, message=message[:_MESSAGE], schema=schema, url=url, at=self._clock.now())
        )
        return pending

    def _next(self) -> int:
        self._asked += 1
        return self._asked

    # -- stopping --

    @property
    def idempotency_key(self) -> str:
        """For side effects outside: the same in every attempt of this job (execution is at least once)."""
        return self.job_id

    def check(self) -> None:
        """Raise `headway.Cancelled` once a cancel was delivered, or the lease was lost."""
        if self.cancelled:
            raise Cancelled(self.cancel_reason or "cancelled")

    def on_cleanup(self, callback: Callable[..., Any], *args: Any, always: bool = False) -> None:
        """Call it when the attempt ends otherwise than by succeeding (`always`: then too); last added, first called.

        It runs in the job's own process: after a kill it can not; `cleanup=` of `@app.job` is for that.
        """
        self.cleanups.append((callback, args, always))

    def cancel(self, reason: str, grace_s: float = 10.0, *, moves: bool = False) -> None:
        """Deliver a cancel: `grace_s` from now it is ended by force. Called by the executor, from its own thread."""
        self.moves = moves or self.moves
        self.cancel_reason, self.grace_s = reason, grace_s
        self.cancelled = True


def _format(message: object, args: tuple[object, ...]) -> str:
    text = str(message)
    return (text % args if args else text)[:_MESSAGE]


_current: contextvars.ContextVar[Context | None] = contextvars.ContextVar("headway_context", default=None)


def entered() -> Context | None:
    """The context of the job this runs in, or None."""
    return _current.get()


def enter(context: Context) -> contextvars.Token[Context | None]:
    """Make it the current one of this task or thread."""
    return _current.set(context)


def leave(token: contextvars.Token[Context | None]) -> None:
    """Undo `enter`."""
    _current.reset(token)


@contextlib.contextmanager
def unheard() -> Generator[None]:
    """What libraries log within is not the job's log: a connector's own requests say nothing to who reads it."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


async def run_cleanups(context: Context, *, succeeded: bool) -> list[BaseException]:
    """Call the clean-up callbacks, last added first; what they raise is returned, and keeps none from running."""
    raised: list[BaseException] = []
    while context.cleanups:
        callback, args, always = context.cleanups.pop()
        if succeeded and not always:
            continue
        try:
            answer = callback(*args)
            if inspect.isawaitable(answer):
                await answer
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - a user's function
            raised.append(error)
    return raised
