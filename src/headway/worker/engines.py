"""Outside engines behind a worker: what a connector implements, and the board on which it tells how they stand.

Each engine is looked after by one coroutine for as long as the executor process lives. What it tells becomes the whole
list of the worker's services, sent at once when it matters, once a second for load alone, and each `service_s` where
nothing changed but the engines gave signs of life: from a loop that hangs nothing is heard, and silence is how the
server knows. Must never know pipes or the link. Written against by connectors; run by `executor.py`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from headway.clock import Clock
from headway.errors import InvalidInput
from headway.model.service_check import checked_service
from headway.model.settings import Settings
from headway.worker.job import Job
from headway.worker.served import Served

Service = dict[str, Any]
"""One engine as the board shows it: name, type, status, slots, and what else is known (docs/topics/workers.md)."""

_log = logging.getLogger("headway.engines")
_LOAD_S = 1.0  # between two lists of which only load differs
_AGAIN_S = (1.0, 60.0)  # the first pause after an engine's coroutine failed, the longest one
_HEALTHY_S = 60.0  # a life this long forgets earlier failures


class Target(msgspec.Struct, frozen=True):
    """One engine to connect to, as it was configured: the part of `TYPE=TARGET` after the sign, or its name in the config
    file with its `options`. Its type reads it.
    """

    text: str
    options: dict[str, Any] = {}


class Engine(Protocol):
    """One connector at work: usually one outside engine, which is one service."""

    def services(self) -> list[Service]:
        """What it looks after, before anything was heard: name, type, `status: "starting"`, url, slots (1 unless given)."""
        ...

    async def run(self, board: Board) -> None:
        """Look after them for ever. What it raises is told as status `error`, and it is run again after a pause."""
        ...


class Board:
    """Where engines tell how they stand. Call it from the executor's loop only.

    `service_s`: look at an engine at least this often, and tell what was `seen`.
    """

    def __init__(
        self, services: Iterable[Service], clock: Clock, send: Callable[[list[Service]], None],
        serve: Callable[[Engine, Sequence[Job[..., Any]]], None] = lambda _engine, _jobs: None,
    ) -> None:  # fmt: skip
        self._serve = serve
        self.service_s = Settings().service_interval_s
        self._services = {service["name"]: service for service in services}
        self._seen: dict[str, float] = {}
        self._failed: set[str] = set()
        self._clock = clock
        self._send = send
        self._sent_at = float("-inf")
        self._sent_seen: dict[str, float] = {}
        self._soon = False
        self._later: asyncio.Task[None] | None = None

    def tell(self, name: str, *, seen: bool = False, **fields: Any) -> None:
        """What is new of a service: fields that changed, None for one that is gone; `seen`: it gave a sign of life just
        now. InvalidInput for a service that was not announced, or what the server would refuse.
        """
        before = self._services.get(name)
        if before is None:
            known = ", ".join(self._services) or "none"
            raise InvalidInput(f"service {name!r}", "was not announced by services()", hint=f"Known: {known}.")
        if name in self._failed and "status" in fields:
            self._failed.discard(name)
            fields = {"error": None, "reason": None, **fields}
        after = _checked({**before, **fields}, f"service {name!r}")
        if seen:
            self._seen[name] = self._clock.monotonic()
        if after != before:
            self._services[name] = after
            if _without_load(after) == _without_load(before) and self._clock.monotonic() < self._sent_at + _LOAD_S:
                self._send_later()
            else:
                self._send_soon()

    def serve(self, engine: Engine, jobs: Sequence[Job[..., Any]]) -> None:
        """The whole list of jobs that this engine serves from now on: it replaces what it served before, and the server
        is told at once. What runs goes on. InvalidInput: a name is taken by an app or another engine, or is there
        twice; then nothing has changed.
        """
        self._serve(engine, jobs)

    def fail(self, names: Iterable[str], problem: str, again_s: float) -> None:
        """The coroutine that looks after these has ended with `problem`. The next status it tells makes this past."""
        for name in names:
            self.tell(name, status="error", error=problem, reason=f"its connector is started again after {again_s:g} s")
            self._failed.add(name)

    def documents(self) -> list[Service]:
        """The whole list; `seen` is the monotonic second of the last sign of life."""
        return [
            service | ({"seen": self._seen[name]} if name in self._seen else {})
            for name, service in self._services.items()
        ]

    def beat(self) -> None:
        """Send the list again if an engine was seen since it was sent."""
        if self._seen != self._sent_seen:
            self._flush()

    def _send_soon(self) -> None:
        """What is told in one turn of the loop leaves together."""
        if not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _send_later(self) -> None:
        if self._later is None:
            wait_s = self._sent_at + _LOAD_S - self._clock.monotonic()
            self._later = asyncio.get_running_loop().create_task(self._flush_after(wait_s))

    async def _flush_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._later = None
        self._flush()

    def _flush(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None
        self._soon = False
        self._sent_at, self._sent_seen = self._clock.monotonic(), dict(self._seen)
        self._send(self.documents())


class Engines:
    """The engines of this process and their board. `start` on the loop; `services` is the list before that. `served`
    learns which jobs they have.

    InvalidInput when two engines claim one name.
    """

    def __init__(
        self,
        engines: Sequence[Engine],
        clock: Clock,
        send: Callable[[list[Service]], None],
        served: Served | None = None,
    ) -> None:
        self._engines = [(engine, _announced(engine)) for engine in engines]
        self.services = [service for _, services in self._engines for service in services]
        _check_names(self.services)
        self.board = Board(self.services, clock, send, self._serve)
        self._served = served
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def slots(self) -> int:
        """How much work they take at once, all together."""
        return sum(service["slots"] for service in self.services)

    def _serve(self, engine: Engine, jobs: Sequence[Job[..., Any]]) -> None:
        """Engines are known by their number, which is the same in the next process of the same setup."""
        number = next((number for number, (each, _) in enumerate(self._engines) if each is engine), None)
        if number is None:
            raise InvalidInput(type(engine).__name__, "is no engine of this worker", hint="Add it with app.engine().")
        if self._served is not None:
            self._served.replace(number, jobs)

    def set_service_s(self, seconds: float) -> None:
        """How often to look at engines, as the server wants it."""
        self.board.service_s = seconds

    def start(self) -> None:
        """Run them all."""
        create = asyncio.get_running_loop().create_task
        keepers = [self._keep(engine, [each["name"] for each in services]) for engine, services in self._engines]
        self._tasks = [create(keeper) for keeper in [*keepers, *([self._beat()] if keepers else [])]]

    async def _keep(self, engine: Engine, names: list[str]) -> None:
        pause_s = _AGAIN_S[0]
        while True:
            born = self._clock.monotonic()
            problem = await _run(engine, self.board)
            if self._clock.monotonic() - born > _HEALTHY_S:
                pause_s = _AGAIN_S[0]
            self.board.fail(names, problem, pause_s)
            await self._clock.sleep(pause_s)
            pause_s = min(pause_s * 2, _AGAIN_S[1])

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(self.board.service_s)
            self.board.beat()


async def _run(engine: Engine, board: Board) -> str:
    """One life of an engine's coroutine, and why it ended."""
    try:
        await engine.run(board)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - whatever it is, the next life may be better
        _log.exception("the connector of %s failed", type(engine).__name__)
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return "its connector ended without an error"


def starting(services: Sequence[Service], reason: str) -> list[Service]:
    """The services while the process that looked after them is away: nothing that it told is true for certain."""
    kept = ("name", "type", "slots", "url", "version", "seen")
    return [
        {key: service[key] for key in kept if key in service} | {"status": "starting", "reason": reason}
        for service in services
    ]


def seen_before(services: Sequence[Service], before: Sequence[Service]) -> list[Service]:
    """The services; those not heard of by this process with the last sign of life that an earlier one heard."""
    last = {service["name"]: service["seen"] for service in before if "seen" in service}
    return [
        service | ({"seen": last[service["name"]]} if service["name"] in last and "seen" not in service else {})
        for service in services
    ]


def _announced(engine: Engine) -> list[Service]:
    place = f"{type(engine).__name__}.services()"
    return [
        _checked({"status": "starting", **service}, f"{place}[{number}]")
        for number, service in enumerate(engine.services())
    ]


def _check_names(services: Sequence[Service]) -> None:
    names = [service["name"] for service in services]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"service {name!r}", "is connected twice in this worker", hint="Name each engine once.")


def _checked(service: Service, place: str) -> Service:
    """As the server will take it, so that a mistake is told to who made it. InvalidInput names the field."""
    try:
        return checked_service(service, place)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(place, f"is not JSON: {error}") from None


def _without_load(service: Service) -> Service:
    return {key: value for key, value in service.items() if key != "load"}
