"""A whole worker as a process of its own, with real signals, linked to a server that does what the test says."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.worker.toys import install_toy

from fake_server import FakeServer
from headway.protocol.frames import Accept, Cancel, Draining, Ended, Goodbye, Heartbeat, Offer, Report, WorkerHello
from headway.worker.main import changes, serves

pytestmark = pytest.mark.process

APP = f"{Path(__file__).with_name('jobs.py')}:app"
CODE = """
import asyncio, sys
from headway.worker.main import run_worker
sys.exit(asyncio.run(run_worker(sys.argv[2], apps=[sys.argv[1]], slots=2, machine="m", name=sys.argv[3], drain_s=float(sys.argv[4]))))
"""


class Process:
    def __init__(self, server: FakeServer, process: asyncio.subprocess.Process) -> None:
        self.server = server
        self.process = process

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    async def code(self) -> int:
        async with asyncio.timeout(20):
            return await self.process.wait()

    async def offer(self, job: str, kind: str) -> None:
        await self.server.send(Offer(job=job, attempt=1, kind=kind))
        await self.server.until(Accept, job=job)

    async def errors(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


async def start(server: FakeServer, app: str = APP, drain_s: float = 10.0) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CODE, app, server.url, f"test-{os.getpid()}", str(drain_s), stderr=asyncio.subprocess.PIPE
    )
    return Process(server, process)


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    fake = FakeServer()
    fake.acking = True
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def worker(server: FakeServer) -> AsyncIterator[Process]:
    made = await start(server)
    await server.until(WorkerHello)
    yield made
    if made.process.returncode is None:
        made.process.kill()
        await made.process.wait()


async def test_says_who_it_is_and_what_it_serves(worker: Process):
    hello = await worker.server.until(WorkerHello)

    assert hello.worker["id"] == f"m/test-{os.getpid()}"
    assert hello.worker["slots"] == 2
    kinds = {kind["name"]: kind for kind in hello.kinds}
    assert kinds["add"]["schema"]["required"] == ["a"]
    assert kinds["stubborn"]["isolation"] == "process"


async def test_one_signal_lets_what_runs_finish(worker: Process):
    await worker.offer("j", "loop_until_cancelled")
    await worker.server.until(Report, job="j")

    worker.signal(signal.SIGTERM)
    await worker.server.until(Draining)
    await worker.server.send(Cancel(job="j", attempt=1))

    assert (await worker.server.until(Ended, job="j")).outcome == "cancelled"
    assert await worker.code() == 0
    await worker.server.until(Goodbye)


async def test_a_second_signal_stops_at_once_and_releases_what_ran(worker: Process):
    await worker.offer("j", "deaf")
    await worker.server.until(Report, job="j")

    worker.signal(signal.SIGTERM)
    await worker.server.until(Draining)
    worker.signal(signal.SIGTERM)

    assert (await worker.server.until(Ended, job="j")).outcome == "released"
    assert await worker.code() == 0


async def test_nothing_survives_a_killed_supervisor(worker: Process):
    await worker.offer("j", "stubborn")
    await worker.server.until(Report, job="j")
    family = worker.family()

    worker.signal(signal.SIGKILL)

    await worker.code()
    _, alive = await asyncio.to_thread(psutil.wait_procs, family, 10)
    assert (len(family), alive) == (3, [])  # the shared executor, the isolated one, and what its handler started


async def test_the_directories_a_killed_worker_left_are_deleted_by_the_next_in_its_seat(worker: Process):
    await worker.offer("j", "stubborn")
    step = next(item for item in (await worker.server.until(Report, job="j")).items if hasattr(item, "name"))
    tmp = Path(step.name.partition(" ")[2])
    worker.signal(signal.SIGKILL)
    await worker.code()
    assert tmp.exists()  # noqa: ASYNC240 - a look

    after = len(worker.server.frames)
    again = await start(worker.server)
    await worker.server.until(WorkerHello, after=after)

    assert not tmp.exists()  # noqa: ASYNC240 - a look
    again.signal(signal.SIGTERM)
    assert await again.code() == 0


async def test_an_app_that_is_not_there_is_said_and_ends_it(server: FakeServer):
    made = await start(server, app="no_such_module_xyz:app")

    assert await made.code() == 1
    assert "no_such_module_xyz:app: there is no module 'no_such_module_xyz'" in await made.errors()


async def test_a_server_that_refuses_the_token_ends_it_with_code_6(server: FakeServer):
    server.status = 401
    made = await start(server)

    assert await made.code() == 6
    assert "HTTP 401: the token is unknown" in await made.errors()


async def test_an_app_that_can_not_be_loaded_is_said_and_nothing_is_left_open(server: FakeServer):
    words = ["-X", "dev", "-c", CODE, "nosuch:app", server.url, f"test-{os.getpid()}", "1"]
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=asyncio.subprocess.PIPE)

    async with asyncio.timeout(30):
        _, said = await process.communicate()

    assert "there is no module 'nosuch'" in said.decode()
    assert "ResourceWarning" not in said.decode()


async def test_every_hello_and_heartbeat_tells_all_engines_and_how_long_ago_they_were_heard(
    server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install_toy(tmp_path, monkeypatch)
    server.service_s = 0.2
    made = await start(server, app="toy_connector:app")
    hello = await server.until(WorkerHello)
    async with asyncio.timeout(20):
        while not (told := [beat for beat in server.frames if isinstance(beat, Heartbeat) and beat.services]):
            await server.changed()
    assert told[-1].services is not None
    before = told[-1].services[0]

    after = len(server.frames)
    server.cut()
    again = await server.until(WorkerHello, after=after)

    assert hello.services[0]["name"] == "solo:1"
    assert {**before, "age_s": 0} == {
        "name": "solo:1", "type": "toy", "url": "http://solo:1", "slots": 1, "status": "idle", "load": {"queue": 0},
        "age_s": 0,
    }  # fmt: skip
    assert again.services[0]["age_s"] > before["age_s"]
    assert "seen" not in again.services[0]
    made.signal(signal.SIGTERM)
    assert await made.code() == 0


@pytest.mark.parametrize(
    ("kinds", "services", "words"),
    [
        (["b", "a"], [], "serves a, b"),
        (["a"], ["github"], "serves a by mcp github"),
        ([], ["github", "files"], "serves what mcp github, mcp files has"),
        ([], [], "serves no kind of job"),
    ],
)
def test_it_says_what_it_serves(kinds: list[str], services: list[str], words: str):
    assert serves([{"name": name} for name in kinds], [{"type": "mcp", "name": name} for name in services]) == words


def test_it_says_how_many_kinds_came_and_went():
    before = [{"name": "a"}, {"name": "b", "definition": "d1"}, {"name": "c"}]
    after = [{"name": "a"}, {"name": "b", "definition": "d2"}, {"name": "d"}, {"name": "e"}]

    assert changes(before, after) == "serves 4 kinds now: 2 new, 1 gone, 1 changed"
