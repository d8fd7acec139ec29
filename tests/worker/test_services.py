"""Engines in real executor processes, found by a real entry point, under a real supervisor; only the server is played."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.worker.test_supervisor import Said
from tests.worker.toys import install_toy

from headway.clock import SystemClock
from headway.errors import InvalidInput
from headway.model.report import Alive, Progressed, StepDone
from headway.protocol.frames import Cancel, Offer
from headway.worker.pipe import Setup
from headway.worker.supervisor import Supervisor

pytestmark = pytest.mark.process

TOYS: list[tuple[str, str, dict[str, Any]]] = [("toy", "a:1", {}), ("toy", "b:2*2", {})]


class Rig:
    """A supervisor, what it said of attempts, and each list of services since its start."""

    def __init__(self, place: Path, **setup: Any) -> None:
        self.place = place
        self.said = Said()
        told = {"server": "http://127.0.0.1:9", "report_ms": 20, "connectors": TOYS, **setup}
        self.supervisor = Supervisor(Setup(**told), self.said, SystemClock(), place / "tmp")
        self.supervisor.on_observed = self._observed
        self.lists: list[list[dict[str, Any]]] = []
        self._changed = asyncio.Event()

    def _observed(self) -> None:
        self.lists.append(self.supervisor.services)
        self._changed.set()

    async def until(self, true: Callable[[list[dict[str, Any]]], Any], after: int = 0) -> list[dict[str, Any]]:
        """The first list after so many that is so."""
        async with asyncio.timeout(20):
            while True:
                for services in self.lists[after:]:
                    if true(services):
                        return services
                self._changed.clear()
                await self._changed.wait()

    async def until_idle(self, after: int = 0) -> list[dict[str, Any]]:
        return await self.until(lambda services: {each["status"] for each in services} == {"idle"}, after)

    def offer(self, kind: str, job: str = "j") -> str:
        self.supervisor.offer(Offer(job=job, attempt=1, kind=kind))
        return job


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install_toy(tmp_path, monkeypatch)
    return tmp_path


@pytest.fixture
async def rig(place: Path) -> AsyncIterator[Rig]:
    made = Rig(place, service_s=0.05)
    await made.supervisor.pool.start()
    yield made
    await made.supervisor.stop_now()


async def test_each_target_is_a_service_that_starts_and_then_stands_as_its_engine_tells(rig: Rig):
    first = rig.lists[0]

    services = await rig.until_idle()

    assert [(each["name"], each["status"], each["slots"]) for each in first] == [
        ("a:1", "starting", 1),
        ("b:2", "starting", 2),
    ]
    assert [(each["url"], each["load"], "seen" in each) for each in services] == [
        ("http://a:1", {"queue": 0}, True),
        ("http://b:2", {"queue": 0}, True),
    ]


async def test_a_worker_of_engines_alone_runs_as_much_as_they_take_and_its_kinds_name_them(rig: Rig):
    kinds = {kind["name"]: kind["service"] for kind in rig.supervisor.pool.kinds}

    assert rig.supervisor.slots == 3
    assert kinds == {"toy.hang": "toy", "toy.wait": "toy", "toy.work": "toy"}


async def test_an_app_beside_them_gets_slots_of_its_own(place: Path):
    made = Rig(place, apps=[f"{Path(__file__).with_name('jobs.py')}:app"])
    await made.supervisor.pool.start()

    slots, kinds = made.supervisor.slots, {kind["name"] for kind in made.supervisor.pool.kinds}
    await made.supervisor.stop_now()

    assert slots == 7
    assert {"add", "toy.work"} <= kinds


async def test_an_app_may_bring_an_engine_of_its_own(place: Path):
    made = Rig(place, apps=["toy_connector:app"], connectors=[], slots=9)
    await made.supervisor.pool.start()
    services = await made.until_idle()

    slots = made.supervisor.slots
    await made.supervisor.stop_now()

    assert ([each["name"] for each in services], slots) == (["solo:1"], 9)


async def test_engines_of_a_killed_executor_are_starting_with_the_reason_and_come_back(rig: Rig):
    seen = {each["name"]: each["seen"] for each in await rig.until_idle()}
    shared = rig.supervisor.pool.shared
    assert shared is not None

    before = len(rig.lists)
    os.kill(shared.pid, signal.SIGKILL)

    away = await rig.until(lambda services: services[0]["status"] == "starting", before)
    assert [each["reason"] for each in away] == [
        "its executor died: killed by SIGKILL (out of memory?); another is started"
    ] * 2
    assert "load" not in away[0]
    assert all(each["seen"] >= seen[each["name"]] for each in away)
    back = await rig.until_idle(rig.lists.index(away))
    assert all("reason" not in each for each in back)


async def test_engines_of_an_executor_that_is_replaced_are_looked_after_by_the_next_and_the_old_is_not_heard(rig: Rig):
    await rig.until_idle()
    jobs = [rig.offer("toy.hang", "one"), rig.offer("toy.hang", "two")]
    await rig.said.until_item("one", lambda item: isinstance(item, StepDone))

    before = len(rig.lists)
    for job in jobs:
        rig.supervisor.cancel(Cancel(job=job, attempt=1, grace_s=0.0))

    away = await rig.until(lambda services: services[0]["status"] == "starting", before)
    assert {each["reason"] for each in away} == {"its executor is replaced; another is started"}
    await rig.until_idle(before)


async def test_an_engine_that_raises_is_an_error_with_its_message_and_is_started_again(place: Path):
    (place / "broken a:1").touch()
    made = Rig(place)
    await made.supervisor.pool.start()

    failed, other = await made.until(lambda services: [each["status"] for each in services] == ["error", "idle"])
    (place / "broken a:1").unlink()
    after = len(made.lists)
    mended, _ = await made.until_idle(after)
    await made.supervisor.stop_now()

    assert (failed["error"], failed["reason"]) == ("ValueError: no luck", "its connector is started again after 1 s")
    assert "error" not in other
    assert mended.keys() & {"error", "reason"} == set()


async def test_of_a_loop_that_hangs_no_sign_of_life_is_told_until_it_goes_on(rig: Rig):
    await rig.until_idle()
    job = rig.offer("toy.hang")
    await rig.said.until_item(job, lambda item: isinstance(item, StepDone))
    hung = len(rig.lists)

    await rig.said.until_item(job, lambda item: isinstance(item, Progressed) and (item.current or 0) >= 50)
    told_meanwhile = rig.lists[hung:]
    last = rig.lists[-1][0]["seen"]
    (rig.place / "go on").touch()

    assert told_meanwhile == []  # for five times service_s, while the job's own progress came through
    await rig.until(lambda services: services[0]["seen"] > last, hung)


async def test_a_handler_may_say_that_it_is_alive(rig: Rig):
    job = rig.offer("toy.work")

    await rig.said.outcome_of(job)

    assert [type(item) for item in rig.said.items(job)] == [Alive]


@pytest.mark.parametrize(
    ("connectors", "sentence"),
    [
        ([("tyo", "a:1", {})], "--connector tyo=a:1: there is no connector 'tyo'. Installed: comfyui, mcp, toy."),
        ([("toy", "*2", {})], "--connector toy=*2: can not be loaded: ValueError: a toy has a name."),
        (
            [("toy", "a:1", {}), ("toy", "a:1", {})],
            "service 'a:1': is connected twice in this worker. Name each engine once.",
        ),
    ],
)
async def test_a_connector_that_can_not_be_had_is_told_by_its_option(
    place: Path, connectors: list[tuple[str, str]], sentence: str
):
    made = Rig(place, connectors=connectors)

    with pytest.raises(InvalidInput) as caught:
        await made.supervisor.pool.start()

    assert str(caught.value).startswith(sentence)
    await made.supervisor.pool.wait_closed()


# -- what engines serve --------------------------------------------------------------------------------------------


async def told(rig: Rig, kinds: str, fits: Callable[[set[str]], bool]) -> None:
    """Let engine a:1 serve these, and wait until the supervisor knows."""
    changed = asyncio.Event()
    rig.supervisor.on_kinds_changed = changed.set
    (rig.place / "new kinds").write_text(kinds)
    (rig.place / "new kinds").rename(rig.place / "kinds a:1")
    async with asyncio.timeout(20):
        while not fits({kind["name"] for kind in rig.supervisor.kinds.listed()[0]}):
            changed.clear()
            await changed.wait()


async def test_an_engine_that_serves_other_jobs_is_heard_while_it_runs_and_what_runs_goes_on(rig: Rig):
    await told(rig, "toy.one d1\n", lambda names: "toy.one" in names)
    rig.supervisor.offer(Offer(job="j1", attempt=1, kind="toy.one", args=msgspec.Raw(b'{"wait":true}')))
    await rig.said.until("accept", "j1")

    await told(rig, "toy.two d2\n", lambda names: "toy.two" in names and "toy.one" not in names)

    rig.offer("toy.one", "late")
    assert (await rig.said.until("refuse", "late"))[2] == "this worker does not serve the kind 'toy.one'"
    rig.offer("toy.two", "j2")
    assert bytes((await rig.said.outcome_of("j2")).result) == b'{"definition":"d2"}'
    (rig.place / "go on").touch()
    assert bytes((await rig.said.outcome_of("j1")).result) == b'{"definition":"d1","wait":true}'


async def test_an_offer_of_another_definition_than_the_engine_has_now_goes_back(rig: Rig):
    await told(rig, "toy.one d1\n", lambda names: "toy.one" in names)

    rig.supervisor.offer(Offer(job="j", attempt=1, kind="toy.one", definition="d0"))

    _, _, reason = await rig.said.until("refuse", "j")
    assert reason == "'toy.one' is defined otherwise now: offered was d0, here is d1"


async def test_a_kind_that_changed_while_its_attempt_was_on_the_way_is_given_back_and_not_run(rig: Rig):
    await told(rig, "toy.one d1\n", lambda names: "toy.one" in names)
    shared = rig.supervisor.pool.shared
    assert shared is not None

    rig.supervisor.kinds.told(0, [{"name": "toy.one", "definition": "d2"}])  # the executor still has d1
    rig.supervisor.offer(Offer(job="j", attempt=1, kind="toy.one", definition="d2"))

    end = await rig.said.outcome_of("j")
    assert (end.outcome, end.reason) == ("released", "the kind 'toy.one' is defined otherwise now")
    assert rig.supervisor.busy == 0


async def test_kinds_of_an_engine_stay_when_its_process_is_killed(rig: Rig):
    await told(rig, "toy.one d1\n", lambda names: "toy.one" in names)
    await rig.until_idle()
    shared = rig.supervisor.pool.shared
    assert shared is not None
    lists: list[list[str]] = []
    rig.supervisor.on_kinds_changed = lambda: lists.append([each["name"] for each in rig.supervisor.kinds.listed()[0]])

    before = len(rig.lists)
    os.kill(shared.pid, signal.SIGKILL)
    away = await rig.until(lambda services: services[0]["status"] == "starting", before)
    await rig.until_idle(rig.lists.index(away))

    assert lists == []
    rig.offer("toy.one", "after")
    assert bytes((await rig.said.outcome_of("after")).result) == b'{"definition":"d1"}'


async def test_an_isolated_attempt_beside_mcp_servers_does_not_pay_for_their_sdk(place: Path):
    (place / "lone_jobs.py").write_text(
        "import sys\n\nimport headway\n\napp = headway.App()\n\n\n"
        "@app.job(isolation='process')\ndef lone() -> bool:\n    return 'mcp' in sys.modules\n"
    )
    servers: list[tuple[str, str, dict[str, Any]]] = [("mcp", "x", {"url": "http://127.0.0.1:9/mcp"})]
    made = Rig(place, apps=[f"{place / 'lone_jobs.py'}:app"], connectors=servers)
    await made.supervisor.pool.start()

    made.offer("lone", "j")
    end = await made.said.outcome_of("j")
    await made.supervisor.stop_now()

    assert (end.outcome, bytes(end.result), made.supervisor.services[0]["type"]) == ("succeeded", b"false", "mcp")
