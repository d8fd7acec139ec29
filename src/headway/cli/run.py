"""`headway run -- CMD`: a command here, untouched, as a job that everybody can watch.

The command matters more than its being watched: it runs whether or not a server answers, and its exit code is ours.
Running and reading are `connectors/command`'s, the link is `worker/adopted`'s; here one is told to the other.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import Any

import click
import msgspec

from headway.cli.exits import say, say_error
from headway.cli.options import Server, asks_server, pairs, run_async
from headway.connectors.command import CannotStart, CommandResult, Reading, run_command
from headway.errors import CallerError
from headway.model.job import Outcome
from headway.protocol.link import LinkState
from headway.worker.adopted import AdoptedWork, Adopter, adopting
from headway.worker.stage import Stage, make_stage, root_stage

NAMED_WITHIN_S = 1.0
"""How long the command waits for its job's id, which it finds in HEADWAY_JOB_ID."""
FAREWELL_S = 3.0
"""How long the last of it may take to reach the server after the command has ended. A server that knows the job and is
away now gets a lease's time to come back: it would take the job for lost otherwise."""


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--name", help="The kind it is shown as; else the command's name.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing of our own.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD…")
@asks_server
def run(name: str | None, labels: Sequence[str], quiet: bool, command: tuple[str, ...], server: Server) -> int:
    """Run CMD in a terminal of its own; its progress is read from what it prints.

    Its output and exit code are its own. If no server answers it runs all the same.
    """
    kind = name or PurePath(command[0]).name
    watched = run_watched(command, server, kind=kind, labels=pairs(labels, "--label"), tell=_nothing if quiet else say)
    return run_async(watched).code


def _nothing(sentence: str) -> None:
    """What is said when nothing is to be said."""


class Watched(msgspec.Struct, frozen=True):
    """How a command ended, and the job it was; "" when no server took it."""

    code: int
    job: str


async def run_watched(
    command: Sequence[str],
    server: Server,
    *,
    kind: str,
    labels: Mapping[str, str] | None = None,
    tell: Callable[[str], None] = say,
    output: int | Callable[[bytes], None] | None = None,
) -> Watched:
    """Run the command and show it. `output` gets its bytes, else our stdout does."""
    trouble: list[str] = []

    def state(now: LinkState, reason: str) -> None:
        if now in (LinkState.WAITING, LinkState.REFUSED) and not trouble:
            trouble.append(reason)
            tell(f"headway: not watched now ({reason}); the command runs all the same.")

    async with adopting(server.url, token=server.token, on_state=state, farewell_s=FAREWELL_S) as adopter:
        args = {"command": shlex.join(command), "folder": str(Path.cwd())}
        work = adopter.begin(adopter.clock.new_id(), kind, args=args, labels=labels)
        naming = asyncio.create_task(_announce(work, server, tell))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(naming), NAMED_WITHIN_S)
        code = await _run(command, work, adopter, output)
        naming.cancel()
        if work.job and adopter.state is not LinkState.LIVE:
            adopter.farewell_s = max(FAREWELL_S, adopter.lease_s)
            wait_s = f"{adopter.farewell_s:g} s"
            tell(f"headway: it exited with {code}; waiting up to {wait_s} to tell the server. Ctrl-C leaves it untold.")
        return Watched(code, work.job)


async def _announce(work: AdoptedWork, server: Server, tell: Callable[[str], None]) -> None:
    try:
        job = await work.wait_begun()
    except CallerError as error:
        tell(f"headway: not watched: {error}")
    else:
        tell(f"headway: job {job} at {server.url}/ · headway watch {job}")


async def _run(
    command: Sequence[str], work: AdoptedWork, adopter: Adopter, output: int | Callable[[bytes], None] | None
) -> int:
    teller = Teller(work)
    env = {**os.environ, "HEADWAY_JOB_ID": work.job or work.external_id, "HEADWAY_ATTEMPT": str(work.attempt or 1)}
    here = output is None
    stopping = asyncio.create_task(_acknowledge(work))
    try:
        result = await run_command(
            command,
            on_reading=teller.read,
            on_line=lambda line: work.reporter.log("out", line),
            env=env,
            output=sys.stdout.fileno() if here else output,
            stdin=_stdin() if here else None,
            cancel=work.cancelled,
            grace_s=work.grace_s,
            forward_signals=here,
            clock=adopter.clock,
        )
    except CannotStart as error:
        work.end(Outcome.REJECTED, error={"type": "CannotStart", "message": error.message})
        say_error(error)
        return error.exit_code
    finally:
        stopping.cancel()
    teller.end(completed=result.code == 0)
    _end(work, result)
    return result.code


def _stdin() -> int | None:
    """Ours, if we have one: a program that calls us may have put something else in its place."""
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        return None


async def _acknowledge(work: AdoptedWork) -> None:
    await work.cancelled.wait()
    work.acknowledge()
    say(f"headway: stopping it: {work.cancel_reason or 'cancelled'}")


def _end(work: AdoptedWork, result: CommandResult) -> None:
    facts: dict[str, Any] = {"exit_code": result.code, "cpu_s": round(result.cpu_s, 3), "max_rss": result.max_rss}
    if result.code == 0:
        work.end(Outcome.SUCCEEDED, result=facts)
    elif work.cancelled.is_set():
        work.end(Outcome.CANCELLED, reason=work.cancel_reason)
    else:
        how = f"was ended by signal {result.signal}" if result.signal else f"exited with {result.code}"
        work.end(Outcome.ERRORED, error={"type": "ExitCode", "message": f"The command {how}."})


class Teller:
    """Readings of the command as stages of the job: another name begins another stage."""

    def __init__(self, work: AdoptedWork) -> None:
        self._reporter = work.reporter
        self._root: Stage | None = None
        self._stage: Stage | None = None
        self._name: str | None = None

    def read(self, reading: Reading) -> None:
        """Take one reading."""
        self._place(reading.stage).show(reading.current, reading.total, reading.unit, reading.message, None)

    def end(self, *, completed: bool) -> None:
        """The command has ended: the stage it was in is completed, or left as it was."""
        self._leave(completed=completed)

    def _place(self, name: str | None) -> Stage:
        if name is None:
            self._root = self._root or root_stage(self._reporter)
            return self._root
        if self._stage is None or name != self._name:
            self._leave(completed=True)
            self._name = name
            self._stage = make_stage(self._reporter, name.replace("/", "⁄"), None, None, None)
            self._stage.__enter__()
        return self._stage

    def _leave(self, *, completed: bool) -> None:
        if self._stage is not None:
            error = None if completed else RuntimeError("the command failed")
            self._stage.__exit__(type(error) if error else None, error, None)
            self._stage = None
