"""`headway.testing.run(handler, **input)`: one attempt, eagerly, in this process; then look at what it reported.

The pipeline is the worker's own (`worker.runner`), so the input is checked and coerced and the result is made JSON as
in production. There is no server: children and artifacts are kept in the answer, questions are answered from `answers`.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import msgspec

from headway.clock import Clock, SystemClock
from headway.errors import HeadwayError, NotFound
from headway.model.job import Outcome, StageDoc
from headway.model.progress import overall_of
from headway.model.report import (
    Checkpoint,
    Custom,
    ErrorNoted,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StepDone,
    Warned,
)
from headway.worker.context import Answer, Context, Work
from headway.worker.job import Job
from headway.worker.pending import Pending
from headway.worker.registry import App
from headway.worker.reporter import Reporter
from headway.worker.runner import Ending, run_async, run_sync
from headway.worker.showing import Picture
from headway.worker.terminal import Board


class Ran:
    """One attempt that was run: how it ended and everything it said. `result` is what a client would get: plain JSON."""

    def __init__(self, job: Job[..., Any]) -> None:
        self.job = job
        self.outcome = ""
        self.result: Any = None
        self.error: dict[str, str] | None = None
        self.retry_after_s: float | None = None
        self.items: list[ReportItem] = []
        self.artifacts: dict[str, bytes] = {}
        self.previews: list[Picture] = []
        self.children: list[dict[str, Any]] = []
        self.on_item: Callable[[ReportItem], None] = lambda _: None
        self._board = Board(job.plan)

    def send(self, items: list[ReportItem]) -> None:
        """Take a report: this is the attempt's outlet."""
        self.items += items
        for item in items:
            self._board.apply(item, 0.0)
            self.on_item(item)

    def call_later(self, reporter: Reporter) -> None:
        """No windows here: everything is sent at once, so that a test sees every step."""
        reporter.idle = True

    @property
    def overall(self) -> float | None:
        """0..1 as the server would show it; 1.0 once it succeeded, None when unknown."""
        if self.outcome == Outcome.SUCCEEDED:
            return 1.0
        return overall_of(self.job.plan, self._board.stages, None)

    @property
    def stages(self) -> dict[str, StageDoc]:
        """Where each stage stands, by path."""
        return self._board.stages

    @property
    def completed(self) -> list[str]:
        """Paths of the stages that were completed, in order."""
        return [item.stage for item in self.items if isinstance(item, StageCompleted)]

    @property
    def progress(self) -> list[Progressed]:
        """Every progress report, in order."""
        return [item for item in self.items if isinstance(item, Progressed)]

    @property
    def logs(self) -> list[tuple[str, str]]:
        """(level, text) of every log line."""
        return [(level, text) for item in self.items if isinstance(item, LogLines) for _, level, text in item.lines]

    @property
    def warnings(self) -> list[str]:
        """What `ctx.warn` said."""
        return [item.message for item in self.items if isinstance(item, Warned)]

    @property
    def errors(self) -> list[str]:
        """What `ctx.error` noted."""
        return [item.message for item in self.items if isinstance(item, ErrorNoted)]

    @property
    def steps(self) -> list[str]:
        """Names of the steps that are done."""
        return [item.name for item in self.items if isinstance(item, StepDone)]

    @property
    def checkpoints(self) -> dict[str, Any]:
        """The newest value of each checkpoint that was made."""
        return {item.key: item.value for item in self.items if isinstance(item, Checkpoint)}

    @property
    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """Custom events: (name, data)."""
        return [(item.name, item.data) for item in self.items if isinstance(item, Custom)]


class _Host:
    def __init__(self, ran: Ran, answers: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
        self._ran = ran
        self._answers = answers
        self._files = files
        self.tmp: Path | None = None

    def make_tmp(self) -> Path:
        self.tmp = self.tmp or Path(tempfile.mkdtemp(prefix="headway-test-"))
        return self.tmp

    def submit(self, spec: Mapping[str, Any]) -> Pending[str]:
        self._ran.children.append(dict(spec))
        return _settled(f"child-{len(self._ran.children)}")

    def store(self, name: str, file: Path, type: str | None) -> Pending[None]:
        self._ran.artifacts[name] = file.read_bytes()
        return _settled(None)

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        pending: Pending[None] = Pending()
        if (content := self._files.get(f"{job}/{name}")) is None:
            pending.fail(NotFound("artifact", f"{job}/{name}", hint="Pass files={'JOB/NAME': b'…'} to run()."))
        else:
            into.write_bytes(content)
            pending.settle(None)
        return pending

    def show(self, picture: Picture) -> None:
        self._ran.previews.append(picture)

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        if message in self._answers:
            return _settled(Answer("accept", self._answers[message]))
        return _settled(Answer("decline"))


def _settled(value: Any) -> Pending[Any]:
    pending: Pending[Any] = Pending()
    pending.settle(value)
    return pending


def run(
    handler: Callable[..., Any],
    /,
    *,
    check: bool = True,
    cancel_when: Callable[[ReportItem], bool] | None = None,
    attempt: int = 1,
    checkpoints: Mapping[str, Any] | None = None,
    answers: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
    clock: Clock | None = None,
    args: Mapping[str, Any] | None = None,
    **input: Any,
) -> Ran:
    """Run a handler (a registered job, or a plain function with the same signature) with this input, to its end.

    `check`: raise what it raised, as a plain call would; a cancel is no error. `cancel_when`: deliver a cancel at the
    first report item for which it is true. `answers`: what `ctx.ask(message)` gets, by message. `files`: what
    `ctx.fetch` finds, by `JOB/NAME`. `args`: input whose
    names collide with the options here. Works inside a running event loop too.
    """
    job: Job[..., Any] = cast("Any", handler) if isinstance(handler, Job) else App().job()(handler)
    ran = Ran(job)
    host = _Host(ran, answers or {}, files or {})
    clock = clock or SystemClock()
    work = Work(job=clock.new_id(), attempt=attempt, tries=attempt, kind=job.name, checkpoints=dict(checkpoints or {}))
    context = Context(work, Reporter(ran, clock), host, clock)
    raw = msgspec.json.encode(dict(args or {}) | input)
    try:
        ending = _run_to_end(job, context, raw, ran, cancel_when)
    finally:
        if host.tmp is not None:
            shutil.rmtree(host.tmp, ignore_errors=True)
    return _conclude(ran, ending, check=check)


def _run_to_end(
    job: Job[..., Any], context: Context, raw: bytes, ran: Ran, cancel_when: Callable[[ReportItem], bool] | None
) -> Ending:
    cancel: list[Callable[[], object]] = []

    def watch(item: ReportItem) -> None:
        if cancel_when is not None and not context.cancelled and cancel_when(item):
            context.cancel("cancelled by the test")
            for each in cancel:
                each()

    async def cancellable() -> Ending:
        task = asyncio.ensure_future(run_async(job, context, raw))
        cancel.append(task.cancel)
        return await task

    ran.on_item = watch
    if not job.asynchronous:
        return run_sync(job, context, raw)
    return _without_loop(lambda: asyncio.run(cancellable()))


def _without_loop(call: Callable[[], Ending]) -> Ending:
    """Call it here, or in a thread of its own where a loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return call()
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(call).result()


def _conclude(ran: Ran, ending: Ending, *, check: bool) -> Ran:
    ran.outcome = str(ending.outcome)
    ran.error = ending.error
    ran.retry_after_s = ending.retry_after_s
    ran.result = None if ending.result is None else msgspec.json.decode(ending.result)
    if check and ran.outcome not in (Outcome.SUCCEEDED, Outcome.CANCELLED):
        raise ending.raised or HeadwayError((ending.error or {}).get("message", ran.outcome))
    return ran
