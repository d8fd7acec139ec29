"""A worker from start to end: load the app, take a seat, link, serve, drain at a signal.

SIGTERM or Ctrl-C once: no more offers, finish what runs within `drain_s`, release the rest, leave. Twice: leave now.
Called by the CLI (`headway worker`) and by `headway serve --app`, which starts one as a child process.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from headway.clock import Clock, SystemClock
from headway.errors import InvalidInput, LinkRefused
from headway.protocol.frames import Begun, Cancel, Drain, Error, InputAnswer, Offer, WorkerHello
from headway.protocol.leasing import Leaseholder, Stop, Wish
from headway.protocol.link import LinkState
from headway.worker.identity import Seat, profile, take_seat
from headway.worker.kinds import WHOLE_BYTES
from headway.worker.link import WorkerLink
from headway.worker.load import LoadMeter
from headway.worker.pipe import Connector, Setup
from headway.worker.supervisor import Supervisor

Say = Callable[[str], None]
_FAREWELL_S = 5.0  # for the last statements to be acknowledged


async def run_worker(
    server: str,
    *,
    apps: Sequence[str] = (),
    connectors: Sequence[Connector] = (),
    slots: int = 0,
    queues: Sequence[str] = (),
    labels: Mapping[str, str] | None = None,
    name: str | None = None,
    machine: str | None = None,
    token: str | None = None,
    drain_s: float = 30.0,
    say: Say | None = None,
    quiet: bool = False,
) -> int:
    """Serve the apps' jobs until a signal; the exit code: 0, or 6 when the server refused this worker.

    `connectors`: (type, target, options) of each outside engine. `slots` 0: some for handlers, and what the engines take.
    `quiet`: only trouble is said. InvalidInput when one of them can not be loaded, or the name is held by another
    living worker of this machine.
    """
    clock = SystemClock()
    try:
        seat = take_seat(machine, name, server=server)
    except BlockingIOError:
        raise InvalidInput("name", f"{name!r} is held by another worker here", hint="Leave --name out.") from None
    worker = Worker(seat, clock, say or _to_stderr, quiet=quiet)
    setup = Setup(server=server, apps=list(apps), connectors=list(connectors), token=token, slots=slots)
    try:
        return await worker.run(setup, list(queues), dict(labels or {}), drain_s)
    finally:
        seat.leave()


class Worker:
    """Supervisor and link, and who tells whom what."""

    def __init__(self, seat: Seat, clock: Clock, say: Say, *, quiet: bool = False) -> None:
        self._seat = seat
        self._clock = clock
        self._say = say
        self._mention: Say = (lambda _: None) if quiet else say
        self._signals = 0
        self._asked = asyncio.Event()
        self._supervisor: Supervisor | None = None
        self._pace = (0.0, 0.0)

    async def run(self, setup: Setup, queues: list[str], labels: dict[str, str], drain_s: float) -> int:
        """From the loaded apps to the goodbye."""
        who = profile(self._seat, self._clock, slots=setup.slots, labels=labels, version=version("headway"))
        holder = Leaseholder(WorkerHello(worker=who, queues=queues))
        link = WorkerLink(holder, setup.server, setup.token, self._clock, self._wish, self._state)
        supervisor = Supervisor(setup, link, self._clock, self._seat.directory)
        self._supervisor = supervisor
        holder.carries = supervisor.holds
        with self._signals_heard():
            try:
                await supervisor.pool.start()
            except BaseException:
                await supervisor.stop_now()  # or its socket is left open
                raise
            who = {**who, "slots": supervisor.slots}
            holder.hello = WorkerHello(worker=who, queues=queues)
            self._tell_services(holder, link, supervisor)
            self._tell_kinds(holder, link, supervisor)
            self._mention(f"{self._seat.worker} {serves(holder.observed.kinds, supervisor.services)}")
            linked = asyncio.ensure_future(link.run())
            watch = asyncio.ensure_future(self._watch_load(holder, link, supervisor))
            asked = asyncio.ensure_future(self._asked.wait())
            try:
                await asyncio.wait((linked, asked), return_when=asyncio.FIRST_COMPLETED)
                if not linked.done():
                    await self._leave(link, supervisor, drain_s)
                await linked
            except LinkRefused as refusal:
                self._say(str(refusal))
                return 6
            finally:
                for task in (watch, asked, linked):
                    task.cancel()
                await supervisor.stop_now()
        return 0

    def _tell_services(self, holder: Leaseholder, link: WorkerLink, supervisor: Supervisor) -> None:
        """How the engines stand, now and whenever it changes."""

        def tell() -> None:
            holder.observe(services=supervisor.services)
            link.wake()

        supervisor.on_observed = tell
        tell()

    def _tell_kinds(self, holder: Leaseholder, link: WorkerLink, supervisor: Supervisor) -> None:
        """What is served, now and whenever it changes; what has no room is said once."""
        said: set[str] = set()

        def tell() -> None:
            kinds, left_out = supervisor.kinds.listed()
            if new := sorted(set(left_out) - said):
                said.update(new)
                self._say(
                    f"not served, the definitions of all kinds take more than {WHOLE_BYTES:,} bytes: {', '.join(new)}"
                )
            holder.serve(kinds)
            link.wake()

        def tell_change() -> None:
            before = holder.observed.kinds
            tell()
            self._mention(changes(before, holder.observed.kinds))

        supervisor.on_kinds_changed = tell_change
        tell()

    async def _leave(self, link: WorkerLink, supervisor: Supervisor, drain_s: float) -> None:
        self._mention(f"leaving: {supervisor.busy} attempts run; a second signal stops them now")
        link.drain("signal")
        draining = asyncio.ensure_future(supervisor.drain(drain_s))
        while not draining.done() and self._signals < 2:
            await asyncio.wait((draining,), timeout=0.05)
        if not draining.done():
            draining.cancel()
            await supervisor.stop_now()
        await link.leave(_FAREWELL_S)

    @contextlib.contextmanager
    def _signals_heard(self) -> Any:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        for number in numbers:
            loop.add_signal_handler(number, self._signal)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)

    def _signal(self) -> None:
        self._signals += 1
        self._asked.set()

    async def _watch_load(self, holder: Leaseholder, link: WorkerLink, supervisor: Supervisor) -> None:
        """Before each heartbeat, look how busy we are; pass a changed pace of reports on."""
        meter = LoadMeter()
        while True:
            attempts = [
                (held.job, held.attempt, held.process.pid) for held in supervisor.held.values() if held.isolated
            ]
            holder.observe(load=meter.read(busy=supervisor.busy, slots=supervisor.slots, attempts=attempts))
            if (holder.report_s, holder.observed.service_s) != self._pace:
                self._pace = holder.report_s, holder.observed.service_s
                supervisor.pool.pace(round(holder.report_s * 1000), holder.observed.service_s)
            link.wake()
            await self._clock.sleep(min(holder.observed.heartbeat_s, 5.0) / 2)

    def _state(self, state: LinkState, reason: str) -> None:
        if state is LinkState.LIVE:
            self._mention("linked")
        elif state is LinkState.WAITING:
            self._say(f"no link, trying again: {reason}")
        elif reason.startswith("passed over"):
            self._say(reason)

    def _wish(self, wish: Wish) -> None:
        if self._supervisor is not None:
            _WISHES[type(wish)](self, self._supervisor, wish)

    def drain_asked(self) -> None:
        """The server asks us to leave when what runs is done."""
        self._asked.set()


_WISHES: dict[type[Any], Callable[[Worker, Supervisor, Any], None]] = {
    Offer: lambda _, supervisor, wish: supervisor.offer(wish),
    Cancel: lambda _, supervisor, wish: supervisor.cancel(wish),
    InputAnswer: lambda _, supervisor, wish: supervisor.answer(wish),
    Stop: lambda _, supervisor, wish: supervisor.take_away(wish.job, wish.attempt, wish.why, wish.reason),
    Drain: lambda worker, _, __: worker.drain_asked(),
    Begun: lambda _, __, ___: None,  # a worker of handlers adopts nothing
    Error: lambda _, __, ___: None,
}


def serves(kinds: Sequence[Mapping[str, Any]], services: Sequence[Mapping[str, Any]]) -> str:
    """What a worker says of itself at its start: `serves comfyui.workflow by comfyui 127.0.0.1:8188`."""
    names = ", ".join(sorted(kind["name"] for kind in kinds))
    engines = ", ".join(f"{service['type']} {service['name']}" for service in services)
    if not names:
        return f"serves what {engines} has" if engines else "serves no kind of job"
    return f"serves {names}" + (f" by {engines}" if engines else "")


def changes(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> str:
    """What a worker says when it serves other kinds: `serves 12 kinds now: 2 new, 1 gone, 1 changed`."""
    old, new = ({kind["name"]: kind for kind in kinds} for kinds in (before, after))
    counts = {
        "new": len(new.keys() - old.keys()),
        "gone": len(old.keys() - new.keys()),
        "changed": sum(old[name] != new[name] for name in old.keys() & new.keys()),
    }
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"serves {len(new)} {'kind' if len(new) == 1 else 'kinds'} now" + (f": {told}" if told else "")


def _to_stderr(sentence: str) -> None:
    sys.stderr.write(f"headway worker: {sentence}\n")
    sys.stderr.flush()
