"""The one door (I1): commands in, one transaction for many of them, answers and events out.

Group commit without a timer: one appender thread takes whatever queued while the last commit ran, lets the store
load what the commands declared, decides them in order against the batch's working copy, commits, and goes back to
the loop once per batch. A refused command refuses alone; a failed commit fails its batch and changes nothing.
Knows the store and the rules; never viewers, workers or HTTP. Called by REST, the worker gateway, the dispatcher
and the sweeper.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from headway.clock import Clock
from headway.errors import HeadwayError, KeyReused, NotServing, Overloaded, ServerError, StoreContended
from headway.hub.asking import Ask, in_thread
from headway.hub.tail import Commit, Tail, tell
from headway.model.command import Command, Once, Reads
from headway.model.decide import decide
from headway.model.settings import Settings
from headway.model.world import World
from headway.store.base import Answer, Store

log = logging.getLogger(__name__)

Result = Any | HeadwayError


class Batch(msgspec.Struct, frozen=True):
    """What came of a list of commands: an answer or an error for each, and the commit."""

    results: list[Result]
    commit: Commit


CONTENDED = 8
"""How often a batch is tried that loses its races against other servers."""


def commit_batch(store: Store, commands: Sequence[Command], now: int, settings: Settings) -> Batch:
    """Decide and commit commands in one transaction. ServerError: nothing was written, the store said no.

    A batch that lost a race against another server, or its connection, is decided anew on what it then finds.
    """
    for _ in range(CONTENDED - 1):
        with suppress(StoreContended):
            return _commit_once(store, commands, now, settings)
    return _commit_once(store, commands, now, settings)


def _commit_once(store: Store, commands: Sequence[Command], now: int, settings: Settings) -> Batch:
    reads = Reads()
    for command in commands:
        command.reads(reads)
        if command.once:
            reads.once.add((command.once.subject, command.once.key))
    try:
        world, known = store.load(reads, now)
        answers: dict[tuple[str, str], Answer] = {}
        results = [_decide_one(world, command, settings, known, answers) for command in commands]
        events = store.commit(world, answers)
    except BaseException:
        store.rollback()
        raise
    return Batch(results, Commit(events, world))


def _decide_one(
    world: World,
    command: Command,
    settings: Settings,
    known: Mapping[tuple[str, str], Answer],
    answers: dict[tuple[str, str], Answer],
) -> Result:
    once = command.once
    try:
        if once and (before := answers.get((once.subject, once.key)) or known.get((once.subject, once.key))):
            return _answer_again(once, before)
        answer = decide(world, command, settings)
    except HeadwayError as refusal:
        return refusal
    except Exception as fault:
        log.exception("a rule failed; the command changed nothing", extra={"action": type(command).__name__})
        return ServerError(
            f"{type(command).__name__} could not be decided: {fault!r}.", hint="This is a bug of Headway."
        )
    if once:
        answers[once.subject, once.key] = Answer(once.body, msgspec.json.encode(answer))
    return answer


def _answer_again(once: Once, before: Answer) -> Any:
    if before.body != once.body:
        raise KeyReused(once.key)
    answer: Any = msgspec.json.decode(before.answer)
    return answer


class _Entry:
    """Commands of one caller, resolved together."""

    __slots__ = ("commands", "future", "single")

    def __init__(self, commands: Sequence[Command], future: asyncio.Future[Any], *, single: bool) -> None:
        self.commands = commands
        self.future = future
        self.single = single


class Ledger:
    """Runs `commit_batch` in its own thread. Use from one event loop; `start` before the first command."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, ask: Ask | None = None) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._inbox: SimpleQueue[_Entry | None] = SimpleQueue()
        self._waiting = 0
        self.tail = Tail(store, clock, settings, ask or in_thread(store))
        self._own: list[Callable[[Commit], None]] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.anticipate: Callable[[Sequence[Command]], Command | None] | None = None
        """Asked on the loop for a command worth having in the same commit (a claim right behind a submit)."""
        self.commits = 0
        self.committed = 0
        self.failing_since: int | None = None
        """Since when (ms) the store takes nothing; None while it does. What was said since then was not heard (I9)."""
        self._recovery: Callable[[int], None] | None = None

    def on_recovery(self, listener: Callable[[int], None]) -> None:
        """`listener(since)` is called on the loop when a commit succeeds again, before what comes of it is told."""
        self._recovery = listener

    def on_commit(self, listener: Callable[[Commit], None]) -> None:
        """`listener` is called on the loop for each commit of the log, by any server, in order (tail.py).

        Of a server that is alone on its store, before the callers of the commit are answered.
        """
        self.tail.follow(listener)

    def on_own_commit(self, listener: Callable[[Commit], None]) -> None:
        """The same for what this server commits, and for that only, as soon as it is durable."""
        self._own.append(listener)

    @property
    def waiting(self) -> int:
        """Commands taken and not yet answered."""
        return self._waiting

    @property
    def full(self) -> bool:
        """True when the inbox takes no more: read worker sockets more slowly, answer REST with 503."""
        return self._waiting >= self._settings.inbox

    async def start(self) -> None:
        """Start the appender thread."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._append, args=(self._loop,), name="headway-appender", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Commit what was taken, then end the thread."""
        if self._thread is None:
            return
        self._inbox.put(None)
        await asyncio.to_thread(self._thread.join)
        self._thread = None

    async def execute(self, command: Command) -> Any:
        """The command's answer once it is durable; CallerError: refused; ServerError: not committed."""
        return await self.submit_nowait(command)

    async def execute_all(self, commands: Sequence[Command]) -> list[Result]:
        """Answers or errors in order, once all are durable. Costs one wake-up for the lot."""
        if not commands:
            return []
        return await self._enter(commands, single=False)

    def submit_nowait(self, command: Command) -> asyncio.Future[Any]:
        """As `execute`, without waiting. An error nobody awaits is dropped quietly."""
        future = self._enter((command,), single=True)
        future.add_done_callback(_retrieve)
        return future

    def _enter(self, commands: Sequence[Command], *, single: bool) -> asyncio.Future[Any]:
        if not self.is_running:
            raise NotServing
        if self._waiting + len(commands) > self._settings.inbox and self._waiting:
            raise Overloaded(self._waiting)
        future = self.new_future()
        self._put(_Entry(commands, future, single=single))
        if self.anticipate and (follow := self.anticipate(commands)):
            silent = self.new_future()
            silent.add_done_callback(_retrieve)
            self._put(_Entry((follow,), silent, single=True))
            self.anticipated(follow, silent)
        return future

    @property
    def is_running(self) -> bool:
        """True from `start` to `stop`."""
        return self._loop is not None and self._thread is not None

    def new_future(self) -> asyncio.Future[Any]:
        """Where an answer will be. The simulator's ledger, which has no loop, has its own sort."""
        return asyncio.get_running_loop().create_future()

    def anticipated(self, command: Command, future: asyncio.Future[Any]) -> None:
        """Replaced by who anticipates, to learn what came of the command."""

    def _put(self, entry: _Entry) -> None:
        self._waiting += len(entry.commands)
        self._inbox.put(entry)

    # -- the appender thread -------------------------------------------------------------------------------------

    def _append(self, loop: asyncio.AbstractEventLoop) -> None:
        running = True
        while running:
            entries, running = self._take()
            if not entries:
                continue
            outcome = self._commit(entries)
            if isinstance(outcome, ServerError):
                running = self._take_behind(entries) and running
            loop.call_soon_threadsafe(self._resolve, entries, outcome)

    def _commit(self, entries: Sequence[_Entry]) -> Batch | ServerError:
        """One transaction for all of them; an error stands for every one."""
        commands = [command for entry in entries for command in entry.commands]
        began = self._clock.now()
        try:
            return commit_batch(self._store, commands, began, self._settings)
        except ServerError as error:
            outcome = error
        except Exception as error:
            log.exception("a commit failed; nothing of it was written", extra={"action": "commit"})
            outcome = ServerError(f"The commit failed: {error!r}.", hint="Nothing was written; try again.")
        if self.failing_since is None:
            self.failing_since = began
        return outcome

    def _take_behind(self, entries: list[_Entry]) -> bool:
        """What queued behind a failed commit fails with it: a look at a deadline must not overtake a report that
        was refused. False: told to end.
        """
        while True:
            try:
                entry = self._inbox.get_nowait()
            except Empty:
                return True
            if entry is None:
                return False
            entries.append(entry)

    def _take(self) -> tuple[list[_Entry], bool]:
        """What queued meanwhile, at most `batch_commands`; False: told to end after these."""
        first = self._inbox.get()
        entries: list[_Entry] = []
        size = 0
        entry = first
        while entry is not None:
            entries.append(entry)
            size += len(entry.commands)
            if size >= self._settings.batch_commands:
                return entries, True
            try:
                entry = self._inbox.get_nowait()
            except Empty:
                return entries, True
        return entries, False

    # -- back on the loop ----------------------------------------------------------------------------------------

    def _resolve(self, entries: list[_Entry], outcome: Batch | ServerError) -> None:
        total = sum(len(entry.commands) for entry in entries)
        self._waiting -= total
        if isinstance(outcome, ServerError):
            self.failing_since = self.failing_since or self._clock.now()
            for entry in entries:
                if not entry.future.done():
                    entry.future.set_exception(outcome)
            return
        if (since := self.failing_since) is not None:
            self.failing_since = None
            if self._recovery is not None:
                self._recovery(since)
        self.commits += 1
        self.committed += total
        if outcome.commit.events:
            tell(self._own, outcome.commit)
            self.tail.offer(outcome.commit)
        results = iter(outcome.results)
        for entry in entries:
            mine = [next(results) for _ in entry.commands]
            if entry.future.done():
                continue
            if not entry.single:
                entry.future.set_result(mine)
            elif isinstance(mine[0], HeadwayError):
                entry.future.set_exception(mine[0])
            else:
                entry.future.set_result(mine[0])


def _retrieve(future: asyncio.Future[Any]) -> None:
    if not future.cancelled():
        future.exception()
