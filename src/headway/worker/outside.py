"""The same calls outside of a job: `headway.current()`, `track`, `stage` … draw in the terminal.

One terminal context per process, made when first asked for; a registered handler that is called directly gets one of
its own, with its plan. Inside a job `current()` is the job's context. Must never know executors.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from headway.clock import SystemClock
from headway.errors import InvalidInput
from headway.model.job import StageSpec
from headway.worker.context import Answer, Context, Work, enter, entered, leave, run_cleanups
from headway.worker.pending import Pending
from headway.worker.reporter import Reporter
from headway.worker.showing import Picture
from headway.worker.terminal import Board, Terminal

_clock = SystemClock()
_fallback: Callable[[], Context] | None = None
_process: TerminalRun | None = None


class TerminalHost:
    """The host outside of a job: files land in a directory of the caller, questions are asked here."""

    def __init__(self) -> None:
        self.tmp: Path | None = None

    def make_tmp(self) -> Path:
        """A fresh directory; deleted at the end of the run or of the process."""
        if self.tmp is None:
            self.tmp = Path(tempfile.mkdtemp(prefix="headway-"))
            atexit.register(shutil.rmtree, self.tmp, ignore_errors=True)
        return self.tmp

    def submit(self, spec: Mapping[str, Any]) -> Pending[str]:
        """There is no server here."""
        raise InvalidInput(
            "ctx.submit",
            "there is no server outside of a job",
            hint="Use headway.connect(url).submit(…), or run this handler in a worker.",
        )

    def fetch(self, job: str, name: str, into: Path) -> Pending[None]:
        """There are no other jobs here."""
        raise InvalidInput(
            f"artifact {name!r} of job {job}", "can not be fetched outside of a worker",
            hint="Run this handler in a worker.",
        )  # fmt: skip

    def store(self, name: str, file: Path, type: str | None) -> Pending[None]:
        """Keep the file as ./headway-artifacts/NAME."""
        target = Path("headway-artifacts") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        pending: Pending[None] = Pending()
        pending.settle(None)
        return pending

    def show(self, picture: Picture) -> None:
        """A terminal shows no pictures."""

    def ask(self, request: str, message: str, schema: Any, url: str | None) -> Pending[Answer]:
        """Ask at the terminal; where nobody sits, the answer is a refusal."""
        pending: Pending[Answer] = Pending()
        answered = sys.stdin is not None and sys.stdin.isatty()
        text = f"{message} {url} " if url else f"{message} "
        pending.settle(Answer("accept", input(text)) if answered else Answer("decline"))
        return pending


class TerminalRun:
    """A run in the terminal: context, reporter and what is drawn."""

    def __init__(self, plan: Sequence[StageSpec] = (), label: str = "") -> None:
        self.host = TerminalHost()
        self.terminal = Terminal(Board(plan, label), _clock)
        work = Work(job=_clock.new_id(), kind=label)
        self.context = Context(work, Reporter(self.terminal, _clock), self.host, _clock)

    async def end(self, *, ok: bool) -> None:
        """Clean up, draw the last state, delete the directory."""
        for error in await run_cleanups(self.context, succeeded=ok):
            self.context.error(error)
        self.close(ok=ok)

    def close(self, *, ok: bool = True) -> None:
        """Draw the last state, delete the directory."""
        self.context.reporter.finish()
        self.terminal.finish(ok=ok)
        if self.host.tmp is not None:
            shutil.rmtree(self.host.tmp, ignore_errors=True)


def current() -> Context:
    """The context of the job this runs in; outside of jobs one that draws in the terminal."""
    global _process
    if (context := entered()) is not None:
        return context
    if _fallback is not None:
        return _fallback()
    if _process is None:
        _process = TerminalRun()
        atexit.register(_process.close)
    return _process.context


def set_fallback(find: Callable[[], Context] | None) -> None:
    """What `current()` gives where no job is entered, e.g. in threads that a handler started. For executors."""
    global _fallback
    _fallback = find


def inside() -> Context | None:
    """The context of the job this runs in, None outside of jobs."""
    return entered() or (_fallback() if _fallback is not None else None)


def call_sync(handler: Callable[..., Any], plan: Sequence[StageSpec], label: str, args: Any, kwargs: Any) -> Any:
    """Call a `def` handler outside of a job, with a bar."""
    import asyncio

    run = TerminalRun(plan, label)
    token = enter(run.context)
    ok = False
    try:
        value = handler(run.context, *args, **kwargs)
        ok = True
        return value
    finally:
        leave(token)
        if run.context.cleanups:
            asyncio.run(run.end(ok=ok))
        else:
            run.close(ok=ok)


async def call_async(handler: Callable[..., Any], plan: Sequence[StageSpec], label: str, args: Any, kwargs: Any) -> Any:
    """Call an `async def` handler outside of a job, with a bar."""
    run = TerminalRun(plan, label)
    token = enter(run.context)
    ok = False
    try:
        value = await handler(run.context, *args, **kwargs)
        ok = True
        return value
    finally:
        leave(token)
        await run.end(ok=ok)
