"""Why a job is not running: said by the rules that keep it from running, so each is met with a real dispatcher here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from headway.hub.hub import Hub
from headway.model import command as c, report as r
from headway.model.obstacle import CODES, Reason
from headway.model.services import slots_of
from headway.model.settings import Settings
from headway.server.why import why
from headway.testing.clock import VirtualClock
from headway.testing.factories import Lab
from headway.testing.memory import MemoryStore


class Port:
    """A worker's link that keeps what it is offered."""

    def __init__(self, floor: Floor, worker: str) -> None:
        self.worker, self.instance, self._floor = worker, "i", floor

    def offer(self, job: Any, args: bytes, checkpoints: dict[str, Any]) -> None:
        self._floor.offered.append((job["id"], self.worker))

    def __getattr__(self, said: str) -> Callable[..., None]:
        return lambda *_: None


class Floor:
    """A hub with workers, and the job J whose fate is asked about."""

    def __init__(self, hub: Hub, clock: VirtualClock) -> None:
        self.hub, self.clock = hub, clock
        self.offered: list[tuple[str, str]] = []
        self.ports: dict[str, Port] = {}

    async def do(self, command: c.Command) -> Any:
        return await self.hub.ledger.execute(command)

    async def worker(
        self,
        id: str = "w",
        kinds: tuple[str, ...] = ("crawl",),
        services: tuple[dict[str, Any], ...] = (),
        service: str | None = None,
        definition: str | None = None,
        **more: Any,
    ) -> None:
        profile = {"machine": "m", "instance": "i", "slots": 9, "namespace": "default", **more}
        told = {key: value for key, value in profile.items() if key != "namespace"}
        needs = {"service": service} if service else {}
        needs |= {"definition": definition} if definition else {}
        known = tuple({"name": kind, "hash": "1", **needs} for kind in kinds)
        namespace = profile["namespace"]
        asked = c.Connect(worker=id, profile=told, kinds=known, namespace=namespace, services=services)
        answer = await self.do(asked)
        self.ports[id] = Port(self, id)
        wanted = dict.fromkeys(kinds, service) if service else {}
        taken = answer.get("services", ())
        pins = dict.fromkeys(kinds, definition) if definition else {}
        port: Any = self.ports[id]
        self.hub.dispatcher.attach(port, profile, kinds, [], needs=wanted, services=taken, definitions=pins)

    async def tell(self, *services: dict[str, Any]) -> None:
        await self.do(c.ReportServices(worker="w", services=services))

    async def submit(self, id: str = "J", **fields: Any) -> None:
        await self.do(c.Submit(**{"id": id, "kind": "crawl", **fields}))

    async def submit_another(self, **fields: Any) -> None:
        """One that takes a slot, and holds it."""
        await self.submit("I", **fields)
        await self.settle()
        assert self.offered.pop()[0] == "I"

    async def end(self, id: str = "I", outcome: str = "succeeded", worker: str = "w") -> None:
        await self.do(c.Accept(job=id, worker=worker, attempt=1))
        await self.do(c.End(job=id, worker=worker, attempt=1, n=1, outcome=outcome, error=_ERROR))

    async def settle(self) -> None:
        """Whatever can be offered is."""
        await self.hub.dispatcher.stir()
        for _ in range(3):
            await self.do(c.Note(name="system.settled"))

    async def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.skip(1)
            for id in self.ports:
                self.hub.roster.hear(id)
            await self.hub.sweeper.sweep()

    def why(self) -> list[Reason]:
        with self.hub.store.reading() as reading:
            return why(reading, "J", self.clock.now(), self.hub.settings.stale_s).reasons


_ERROR = {"type": "ValueError", "message": "no"}


@asynccontextmanager
async def floor() -> AsyncGenerator[Floor]:
    clock = VirtualClock()
    async with Hub(MemoryStore(), clock, Settings()) as hub:
        yield Floor(hub, clock)


Scene = Callable[[Floor], Awaitable[Any]]


async def _held(on: Floor) -> None:
    await on.submit()
    await on.do(c.Hold(job="J"))
    await on.worker()


async def _scheduled(on: Floor) -> None:
    await on.worker()
    await on.submit(run_at=on.clock.now() + 3_000)


async def _retry(on: Floor) -> None:
    await on.worker()
    await on.submit(max_attempts=2, options={"backoff_s": 2.0})
    await on.settle()
    await on.end("J", "errored")
    on.offered.clear()


async def _blocked(on: Floor) -> None:
    await on.worker()
    await on.submit_another()
    await on.submit(after=("I",))


async def _paused(on: Floor) -> None:
    await on.worker()
    await on.do(c.PauseQueue(queue="default", by="ann", reason="new disk"))
    await on.submit()


async def _queue_limit(on: Floor) -> None:
    await on.worker()
    await on.do(c.LimitQueue(queue="gpu", limit=1))
    await on.submit_another(queue="gpu")
    await on.submit(queue="gpu")


async def _kind_limit(on: Floor) -> None:
    await on.worker()
    await on.do(c.LimitKind(kind="crawl", limit=1))
    await on.submit_another(queue="gpu")
    await on.submit()


async def _key_limit(on: Floor) -> None:
    await on.worker()
    await on.do(c.LimitKind(kind="crawl", limit=None, key_limit=1))
    await on.submit_another(limit_key="site", queue="gpu")
    await on.submit(limit_key="site")


async def _other_kind(on: Floor) -> None:
    await on.worker(kinds=("parse",))
    await on.submit()


async def _other_namespace(on: Floor) -> None:
    await on.worker("far", namespace="theirs")
    await on.submit()


async def _draining(on: Floor) -> None:
    await on.worker()
    await on.do(c.Drain(worker="w"))
    await on.submit()


async def _stale(on: Floor) -> None:
    await on.worker()
    await on.do(c.Stale(worker="w", instance="i"))
    await on.submit()


async def _gone(on: Floor) -> None:
    await on.worker()
    await on.do(c.Disconnect(worker="w", instance="i"))
    on.hub.dispatcher.detach(on.ports["w"])  # pyright: ignore[reportArgumentType]
    await on.submit()


async def _lost(on: Floor) -> None:
    await on.worker()
    await on.do(c.Lose(worker="w", instance="i"))
    await on.submit()


async def _silent(on: Floor) -> None:
    """The server came back, the worker not yet; nobody says so before its grace is over."""
    await on.worker()
    on.hub.dispatcher.detach(on.ports["w"])  # pyright: ignore[reportArgumentType]
    await on.submit()
    on.clock.skip(20)


async def _other_queue(on: Floor) -> None:
    await on.worker(queues=["gpu"])
    await on.submit()


async def _labels(on: Floor) -> None:
    await on.worker(labels={"gpu": "0"})
    await on.submit(requires={"gpu": "1", "os": "linux"})


async def _full(on: Floor) -> None:
    await on.worker(slots=1)
    await on.submit_another()
    await on.submit()


COMFY: dict[str, Any] = {"name": "gpu:8188", "type": "comfyui", "status": "idle"}
UNREACHABLE = COMFY | {"status": "unreachable", "reason": "connection refused"}


async def _engine_away(on: Floor) -> None:
    await on.worker(service="comfyui", services=(UNREACHABLE,))
    await on.submit()


async def _no_engine(on: Floor) -> None:
    await on.worker(service="comfyui:other", services=(COMFY,))
    await on.submit()


async def _engine_full(on: Floor) -> None:
    await on.worker(service="comfyui", services=(COMFY,))
    await on.submit_another()
    await on.submit()


NOTES: dict[str, Any] = {"name": "notes", "type": "mcp", "status": "idle"}


async def _server_away(on: Floor) -> None:
    await on.worker(service="mcp:notes", services=(NOTES | {"status": "unreachable"},))
    await on.submit()


async def _server_full(on: Floor) -> None:
    await on.worker(service="mcp:notes", services=(NOTES,))
    await on.submit_another()
    await on.submit()


async def _avoided(on: Floor) -> None:
    await on.worker()
    await on.submit()
    await on.settle()
    await on.do(c.Refuse(job="J", worker="w", attempt=1))
    on.offered.clear()


_end = Floor.end
_another: Scene = lambda on: on.worker("v", labels={"gpu": "1", "os": "linux"})  # noqa: E731


async def _changed(on: Floor) -> None:
    await on.worker("old", definition="d1")
    await on.do(c.Disconnect(worker="old", instance="i", goodbye=True))
    await on.worker(definition="d2")
    await on.submit()


def _approve(on: Floor) -> Awaitable[Any]:
    return on.do(c.ApproveKind(kind="crawl", definition="d2"))


SCENES: dict[str, tuple[str, Scene, Scene]] = {
    "held": ("held", _held, lambda on: on.do(c.Unhold(job="J"))),
    "scheduled": ("scheduled", _scheduled, lambda on: on.wait(3)),
    "between two attempts": ("retry_scheduled", _retry, lambda on: on.wait(4)),
    "blocked": ("blocked", _blocked, _end),
    "queue paused": ("queue_paused", _paused, lambda on: on.do(c.ResumeQueue(queue="default"))),
    "queue limit": ("queue_limit", _queue_limit, _end),
    "kind limit": ("kind_limit", _kind_limit, _end),
    "key limit": ("key_limit", _key_limit, _end),
    "other kind": ("no_worker", _other_kind, _another),
    "other namespace": ("no_worker", _other_namespace, _another),
    "draining": ("no_worker_online", _draining, _another),
    "stale": ("no_worker_online", _stale, _another),
    "disconnected": ("no_worker_online", _gone, _another),
    "lost": ("no_worker_online", _lost, _another),
    "silent": ("no_worker_online", _silent, _another),
    "definition changed": ("kind_quarantined", _changed, _approve),
    "other queue": ("queue_not_served", _other_queue, _another),
    "labels": ("requires", _labels, _another),
    "engine away": ("service_away", _engine_away, lambda on: on.tell(COMFY)),
    "no such engine": ("service_away", _no_engine, lambda on: on.tell(COMFY, COMFY | {"name": "other"})),
    "engine full": ("service_full", _engine_full, _end),
    "engine full, one more slot": ("service_full", _engine_full, lambda on: on.tell(COMFY | {"slots": 2})),
    "server away": ("service_away", _server_away, lambda on: on.tell(NOTES)),
    "server full": ("service_full", _server_full, _end),
    "slots": ("slots_full", _full, _end),
    "avoided": ("avoided", _avoided, lambda on: on.wait(31)),
}


@pytest.mark.parametrize(("code", "build", "lift"), SCENES.values(), ids=SCENES)
async def test_what_keeps_a_job_from_running_is_said_and_it_runs_when_that_is_gone(
    code: str, build: Scene, lift: Scene
):
    async with floor() as on:
        await build(on)
        await on.settle()
        kept = [job for job, _ in on.offered]
        said = on.why()

        await lift(on)
        await on.settle()
        then = [job for job, _ in on.offered]
        after = on.why()

    assert kept == []
    assert [reason["code"] for reason in said] == [code]
    assert said[0]["text"].endswith((".", ")"))
    assert then == ["J"]
    assert [reason["code"] for reason in after] == ["offered"]


TOLD = {
    "blocked": {"text": "It waits for job I.", "jobs": {"I": "running"}, "hint": "headway watch I"},
    "queue paused": {"hint": "headway queues resume default", "queue": "default"},
    "queue limit": {
        "text": "Queue gpu runs 1 job, and may run 1 at a time.", "hint": "headway queues limit gpu 2", "limit": 1, "running": 1,
    },
    "key limit": {"limit_key": "site", "limit": 1, "running": 1},
    "draining": {"workers": {"w": "draining"}},
    "silent": {"workers": {"w": "not heard for 20s"}},
    "definition changed": {
        "text": "The definition of crawl changed at 2026-09-21T14:13:20.000Z, and nobody has approved the new one.",
        "hint": "headway kinds approve crawl", "kind": "crawl", "workers": {"w": "d2"},
    },
    "other queue": {"hint": "headway worker MODULE:APP --queue default", "workers": {"w": ["gpu"]}},
    "labels": {
        "workers": {"w": {"gpu": "1", "os": "linux"}},
        "hint": "headway worker MODULE:APP --label gpu=1 --label os=linux",
    },
    "engine away": {
        "text": "No comfyui that it could run on is there. "
        "comfyui gpu:8188 of w is unreachable since 2026-09-21T14:13:20.000Z: connection refused.",
        "service": "comfyui",
        "workers": {"w": "comfyui gpu:8188 of w is unreachable since 2026-09-21T14:13:20.000Z: connection refused."},
        "hint": "Look at it and at its machine, or start another one and a worker for it: headway worker --connector TYPE=TARGET.",
    },
    "no such engine": {"text": "No comfyui:other that it could run on is there. w has none.", "workers": {"w": "w has none."}},
    "engine full": {
        "text": "All slots of comfyui are taken: w (1 of 1).", "workers": {"w": {"slots": 1, "held": 1}}, "service": "comfyui",
    },
    "server away": {
        "hint": "Look at it and at its machine, or start another worker whose headway.toml has [mcp.servers.notes]."
    },
    "server full": {"hint": "Wait, or start another worker whose headway.toml has [mcp.servers.notes]."},
    "slots": {"text": "All slots are taken: w (1 of 1).", "workers": {"w": {"slots": 1, "held": 1}}},
    "between two attempts": {"attempt": 1, "outcome": "errored", "error": _ERROR},
}  # fmt: skip


@pytest.mark.parametrize("scene", TOLD)
async def test_a_reason_brings_the_facts_and_the_way_out(scene: str):
    async with floor() as on:
        await SCENES[scene][1](on)
        await on.settle()

        [reason] = on.why()

    assert {key: reason[key] for key in TOLD[scene]} == TOLD[scene]


async def test_a_worker_with_another_definition_than_the_approved_one_is_to_tell_it_again():
    async with floor() as on:
        await on.worker(definition="d1")
        await on.worker("new", definition="d2")
        await on.do(c.ApproveKind(kind="crawl", definition="d2"))
        await on.do(c.Disconnect(worker="new", instance="i"))
        await on.submit()

        [reason] = on.why()

    assert reason["code"] == "kind_quarantined"
    assert reason["text"] == "No worker that is there has the approved definition of crawl: w (another)."
    assert reason.get("hint", "").endswith("headway workers repair w")


async def test_everything_in_its_way_is_said_at_once_and_in_order():
    async with floor() as on:
        await on.worker(kinds=("parse",))
        await on.do(c.LimitQueue(queue="default", limit=1))
        await on.submit("I", kind="parse")
        await on.settle()
        await on.submit()
        await on.do(c.Hold(job="J"))
        await on.do(c.PauseQueue(queue="default"))

        assert [reason["code"] for reason in on.why()] == ["held", "queue_paused", "queue_limit", "no_worker"]


async def test_work_of_an_engine_that_waits_is_offered_to_nobody():
    async with floor() as on:
        await on.worker()
        await on.do(c.Begin(id="J", external_id="x", worker="w", instance="i", kind="crawl"))
        await on.do(c.End(job="J", worker="w", attempt=1, n=1, outcome="errored", error=_ERROR, retry_after_s=2.0))
        [soon] = on.why()
        await on.wait(3)
        await on.settle()

        [reason] = on.why()
        assert soon == reason
        assert (reason["code"], reason.get("external_id"), on.offered) == ("adopted", "x", [])


async def test_what_runs_has_nothing_in_its_way_but_may_ask_or_be_out_of_sight():
    async with floor() as on:
        await on.worker()
        await on.submit()
        await on.settle()
        await on.do(c.Accept(job="J", worker="w", attempt=1))
        runs = on.why()
        item = r.InputRequested(request="1", message="Overwrite?", schema={"type": "boolean"})
        await on.do(c.Report(job="J", worker="w", attempt=1, n=1, items=(item,)))
        await on.do(c.Disconnect(worker="w", instance="i"))
        asks, away = on.why()
        await on.do(c.Cancel(job="J"))

        assert runs == on.why() == []
        assert (asks["code"], asks["text"]) == ("needs_input", "It asks, and waits for an answer: Overwrite?")
        assert (away["code"], away.get("worker"), away.get("state")) == ("worker_away", "w", "disconnected")


PINS: list[dict[str, str]] = [{}, {}, {"definition": "d1"}, {"definition": "d2"}]


@pytest.mark.parametrize("seed", range(200))
def test_a_job_is_said_to_be_next_exactly_if_a_claim_takes_it(seed: int):
    """Worlds of any kind, where every worker with a free slot asks, as the dispatcher does for it."""
    lab, dice = Lab(workers=False), Random(seed)
    service = dice.choice([{}, {"service": "comfyui"}, {"service": "comfyui:x"}])
    crawl = {"name": "crawl", "hash": "1", **service}
    for id in ("a", "b"):
        lab.worker(
            id, kinds=dice.choice([(one := crawl | dice.choice(PINS),), (one, "parse"), ("parse",)]), slots=dice.randint(1, 3),
            services=tuple(dice.sample([COMFY, COMFY | {"name": "x"}, UNREACHABLE | {"name": "y"}], dice.randint(0, 3))),
            queues=dice.choice([[], ["gpu"], ["default", "cpu"]]), labels=dice.choice([{}, {"gpu": "1"}]),
        )  # fmt: skip
    for _ in range(dice.randint(0, 2)):
        lab.submit(kind=dice.choice(["crawl", "parse"]), limit_key=dice.choice([None, "k"]))
    _claim_all(lab)
    _change(lab, dice)
    job = lab.submit(
        queue=dice.choice(["default", "gpu"]),
        requires=dice.choice([{}, {"gpu": "1"}]),
        limit_key=dice.choice([None, "k"]),
    )
    if dice.random() < 0.1:
        lab.do(c.Hold(job=job))

    with lab.store.reading() as reading:
        codes = [reason["code"] for reason in why(reading, job, lab.now, 15.0).reasons]
    _claim_all(lab)

    assert (codes == ["next"]) is (lab.state(job) == "running"), codes


def _change(lab: Lab, dice: Random) -> None:
    changes: list[c.Command] = [
        c.PauseQueue(queue="gpu"), c.LimitQueue(queue="default", limit=1), c.LimitKind(kind="crawl", limit=2, key_limit=1),
        c.Drain(worker="a"), c.Stale(worker="b", instance="i1"),
    ]  # fmt: skip
    for command in changes:
        if dice.random() < 0.2:
            lab.do(command)


def _claim_all(lab: Lab) -> None:
    for id in ("a", "b"):
        doc = lab.worker_doc(id)
        with lab.store.reading() as reading:
            free = doc["slots"] - len(reading.held_by(id))
        if free > 0:
            more = {"queues": tuple(doc.get("queues", ())), "labels": doc.get("labels", {}), **_room(lab, id)}
            lab.claim(id, limit=free, kinds=tuple(doc["kinds"]), **more)


def _room(lab: Lab, worker: str) -> dict[str, Any]:
    with lab.store.reading() as reading:
        needs = {kind["name"]: kind["service"] for kind in reading.kinds() if "service" in kind}
        services = [service for service in reading.services() if service["worker"] == worker]
        held = [needs.get(job.get("kind", "")) for job in reading.held_by(worker)]
    return {"needs": needs, "room": {each: slots_of(services, each) - held.count(each) for each in needs.values()}}


def test_every_code_has_a_scene_or_a_test_of_its_own():
    assert {code for code, _, _ in SCENES.values()} | {
        "adopted",
        "next",
        "offered",
        "needs_input",
        "worker_away",
    } == set(CODES)


async def test_it_is_asked_by_rest(running):
    async with running() as bench:
        id = await bench.submit()
        answer = await bench.http.get(f"/api/v1/jobs/{id}/why")
        none = await bench.http.get("/api/v1/jobs/x/why")

    said = answer.json()
    assert (said["job"], said["state"], [each["code"] for each in said["reasons"]]) == (id, "queued", ["no_worker"])
    assert str(said["seq"]) == answer.headers["Headway-Seq"]
    assert none.status_code == 404
