"""The executor process: `python -m headway.worker.executor FD`. Runs handlers; the supervisor owns everything else.

The main thread has the loop (or the isolated attempt), the courier thread listens and reports: user code can hold the
loop or the GIL, and the supervisor notices nothing but silence. Dies with its supervisor, and takes along what its
handlers started. Knows how a process begins and ends, and nothing of attempts (`running.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from headway.clock import Clock, SystemClock
from headway.errors import InvalidInput
from headway.worker.context import entered
from headway.worker.courier import Courier
from headway.worker.engines import Engines, Service
from headway.worker.loading import load_served, told_of
from headway.worker.logs import Write, install_capture
from headway.worker.outside import set_fallback
from headway.worker.pipe import (
    CleanUp,
    Done,
    Down,
    Kinds,
    Outbox,
    Ready,
    Services,
    Setup,
    Unpacker,
    Unusable,
    decode_down,
)
from headway.worker.running import Active, Executor
from headway.worker.schema import Json
from headway.worker.served import Served, definitions_of

DEFAULT_SLOTS = 4
"""How many handlers at once where nobody said; what engines take comes on top."""


def leave() -> None:
    """End the process now, from any thread."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def die_with_supervisor() -> None:
    """The other end is closed: nobody can stop or fence what runs here any more, nor what it started.

    The kernel's PDEATHSIG would be surer against code that holds the GIL, and would leave our children as orphans.
    """
    with contextlib.suppress(OSError):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _first_messages(sock: socket.socket, unpacker: Unpacker[Down]) -> list[Down]:
    messages: list[Down] = []
    while not messages:
        received = sock.recv(262_144)
        if not received:
            os._exit(1)
        messages = unpacker.feed(received)
    return messages


def _load(setup: Setup, outbox: Outbox, clock: Clock) -> tuple[Served, Engines]:
    """The jobs, and the engines with them, which an isolated process never starts."""

    def tell(services: list[Service]) -> None:
        outbox.post(Services(services=services))

    def tell_kinds(engine: int, kinds: list[Json]) -> None:
        outbox.post(Kinds(engine=engine, kinds=kinds))

    try:
        app = load_served(setup.apps, setup.connectors)
        with told_of("engines"):
            served = Served(app.jobs, tell_kinds)
            return served, Engines(app.engines, clock, tell, served)
    except InvalidInput as error:
        outbox.post(Unusable(what=error.field, problem=error.problem, hint=error.hint))
    os._exit(1)


def _slots(setup: Setup, engines: Engines) -> int:
    """How many attempts at once: as told, else some for handlers and what the engines take."""
    return setup.slots or (DEFAULT_SLOTS if setup.apps else 0) + engines.slots or 1


def _writer() -> Write | None:
    context = entered()
    return None if context is None else context.log.write


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _run_loop(coroutine: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(coroutine)


def _serve_isolated(executor: Executor) -> None:
    """One message decides what this process is for."""
    message = executor.inbox.get()
    if isinstance(message, Active):
        executor.run_in_main(message, _run_loop)
    else:
        executor.outbox.post(_clean_up(executor.served, message))
    leave()


def _clean_up(served: Served, message: CleanUp) -> Done:
    try:
        cleanup = served.own[message.kind].cleanup
        if cleanup is not None:
            cleanup(message.job, message.attempt, message.checkpoints)
    except BaseException as error:  # noqa: BLE001 - a user's function
        return Done(key=message.key, outcome="errored", reason=f"{type(error).__name__}: {error}")
    return Done(key=message.key, outcome="succeeded")


def _serve_shared(executor: Executor, engines: Engines, start: Callable[[], None]) -> None:
    loop = _new_loop()
    asyncio.set_event_loop(loop)
    executor.loop = loop
    loop.call_soon(start)
    loop.call_soon(engines.start)
    loop.run_forever()


def main(descriptor: int) -> None:
    """Until the supervisor says quit or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's to see
    clock = SystemClock()
    sock = socket.socket(fileno=descriptor)
    outbox, unpacker = Outbox(sock), Unpacker[Down](decode_down)
    first, *rest = _first_messages(sock, unpacker)
    if not isinstance(first, Setup):
        os._exit(1)
    courier = Courier(sock, outbox, unpacker, clock, die_with_supervisor)
    courier.report_s = first.report_ms / 1000
    served, engines = _load(first, outbox, clock)
    first = msgspec.structs.replace(first, slots=_slots(first, engines))
    executor = Executor(served, first, outbox, courier, clock)
    executor.leave = leave
    executor.on_service_s = engines.set_service_s
    engines.set_service_s(first.service_s)
    courier.deliver = executor.apply
    install_capture(_writer)
    set_fallback(executor.silent)

    def start() -> None:
        courier.start()
        outbox.post(Ready(kinds=definitions_of(served.own.values()), services=engines.services, slots=first.slots))
        executor.apply(rest)

    if first.isolated:
        start()
        _serve_isolated(executor)
    else:
        _serve_shared(executor, engines, start)


if __name__ == "__main__":
    main(int(sys.argv[1]))
