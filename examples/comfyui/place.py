"""Where a check takes place: a Headway server and a worker of its own, the ComfyUI, and what both say of themselves."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

import headway
from headway.client import Job
from headway.clock import SystemClock

WORKFLOWS = Path(__file__).parent / "workflows"
KIND = "comfyui.workflow"
FAST = {
    "HEADWAY_HEARTBEAT_S": "1",
    "HEADWAY_STALE_S": "3",
    "HEADWAY_LEASE_S": "15",
    "HEADWAY_RESTART_GRACE_S": "3",
    "HEADWAY_AVOID_S": "1",
}
"""A worker that is killed is found out in seconds, so that nobody waits half a minute for that point."""
FINAL = frozenset({"completed", "failed", "cancelled"})
Json = dict[str, Any]
clock = SystemClock()


class Skipped(Exception):
    """This point can not be looked at here; says why."""


def workflow(name: str, **inputs: Mapping[str, Any]) -> Json:
    """A file of workflows/, with some inputs of some nodes changed: `workflow("steps", _2={"steps": 5})`."""
    graph = json.loads((WORKFLOWS / f"{name}.json").read_text(encoding="utf-8"))
    for node, changed in inputs.items():
        graph[node.removeprefix("_")]["inputs"].update(changed)
    return graph


def fresh() -> Json:
    """An input that no prompt had before, so that nothing is cached: a colour by the clock."""
    return {"color": clock.now() % 0xFFFFFF}


class Place:
    """`url`: the ComfyUI. `server`: a Headway that is there already, else one is started. `restart`: its command."""

    def __init__(self, url: str, server: str | None, restart: str | None, count: int) -> None:
        self.url, self.restart, self.count = url.rstrip("/"), restart, count
        self.owns_server = server is None
        self.folder = Path(tempfile.mkdtemp(prefix="headway-comfyui-"))
        self.port = free_port()
        self.server = server or f"http://127.0.0.1:{self.port}"
        self.mark = clock.new_id()[-8:].lower()  # our jobs go to our worker, whoever else is on that server
        self.worker = f"check-{self.mark}/1"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.comfy = httpx.AsyncClient(base_url=self.url, timeout=30, trust_env=False)
        self.client = headway.Client(self.server)
        self.has_probe = False

    # -- processes

    async def open(self) -> None:
        """Ask ComfyUI whether it is one, then start a server and a worker."""
        try:
            (await self.comfy.get("/system_stats")).raise_for_status()
        except httpx.HTTPError as error:
            print(f"No ComfyUI answers at {self.url}: {error or type(error).__name__}", file=sys.stderr)
            raise SystemExit(2) from error
        self.has_probe = (await self.comfy.get("/object_info/HeadwaySteps")).text.strip() not in ("", "{}")
        if self.owns_server:
            await self.serve()
        await self.work()

    async def serve(self) -> None:
        """Start the server, anew after it was stopped; wait until it answers."""
        self.start("server", "serve", "--port", str(self.port))

        async def answers() -> bool:
            with contextlib.suppress(httpx.TransportError):
                async with httpx.AsyncClient(trust_env=False) as http:
                    return (await http.get(f"{self.server}/readyz")).status_code == 200
            return False

        await self.until(answers, "the Headway server answers")

    async def work(self) -> None:
        """Start the worker, anew after it was stopped; wait until ComfyUI stands on the board as usable."""
        machine, name = self.worker.split("/")
        connector = f"comfyui={self.url}"
        self.start(
            "worker", "worker", "--connector", connector, "--server", self.server,
            "--machine", machine, "--name", name, "--label", f"check={self.mark}",
        )  # fmt: skip

        async def usable() -> bool:
            return (await self.service()).get("status") in ("idle", "busy")

        await self.until(usable, "the worker shows ComfyUI on the board")

    def start(self, name: str, *arguments: str) -> None:
        """`headway ARGUMENTS`, its words in a file of the folder."""
        env = {**os.environ, **FAST, "HEADWAY_DATA": str(self.folder), "HEADWAY_SERVER": self.server}
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, "-m", "headway", *arguments]
            self.processes[name] = subprocess.Popen(
                command, env=env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def stop(self, name: str, how: int = signal.SIGTERM) -> None:
        """End one of them and wait for that; a kill takes what it started with it."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how) if how == signal.SIGKILL else process.send_signal(how)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)

    def words(self) -> str:
        """The last of what server and worker said."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in logs)

    async def close(self) -> None:
        """End what was started and forget the folder."""
        for name in reversed(list(self.processes)):
            self.stop(name)
        await self.client.close()
        await self.comfy.aclose()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- jobs

    async def submit(self, graph: Json, args: Json | None = None, **options: Any) -> Job:
        """A job with this workflow, for our worker."""
        requires = {"check": self.mark}
        options = {"labels": {"check": self.mark}, "requires": requires, **options}
        return await self.client.submit(KIND, {"workflow": graph, **(args or {})}, **options)

    async def ended(self, id: str, within_s: float = 60) -> Json:
        """The document of a job once it is over."""

        async def over() -> bool:
            return (await self.client.get(id))["state"] in FINAL

        await self.until(over, f"job {id} ends", within_s)
        return dict(await self.client.get(id))

    async def run(self, graph: Json, args: Json | None = None, **options: Any) -> Json:
        """Submit and wait for the end."""
        return await self.ended((await self.submit(graph, args, **options)).id)

    async def counting(self, id: str) -> None:
        """Wait until the running node has counted a step."""

        async def counts() -> bool:
            progress = (await self.client.get(id)).get("progress") or {}
            return progress.get("unit") == "step" and (progress.get("current") or 0) >= 1

        await self.until(counts, f"job {id} counts steps")

    # -- what they say

    @property
    def service_id(self) -> str:
        """As the board names it: WORKER/HOST:PORT."""
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return f"{self.worker}/{parts.hostname}:{port}"

    async def service(self) -> Json:
        """ComfyUI as the board has it; empty while it is not there."""
        services = (await self.client.rest.get("/services"))["services"]
        return next((each for each in services if each["id"] == self.service_id), {})

    async def status(self, *wanted: str, within_s: float = 60) -> Json:
        """Wait until the board says so."""

        async def says() -> bool:
            return (await self.service()).get("status") in wanted

        await self.until(says, f"{self.service_id} is {' or '.join(wanted)}", within_s)
        return await self.service()

    async def queue(self) -> tuple[list[str], list[str]]:
        """The prompts that ComfyUI runs, and those that wait there."""
        found = (await self.comfy.get("/queue")).json()
        return [each[1] for each in found["queue_running"]], [each[1] for each in found["queue_pending"]]

    async def is_empty(self) -> bool:
        """Whether ComfyUI has nothing to do."""
        return await self.queue() == ([], [])

    async def others(self, graph: Json) -> str:
        """A prompt of somebody else, sent past Headway; its id."""
        answer = await self.comfy.post("/prompt", json={"prompt": graph, "client_id": f"somebody-{self.mark}"})
        answer.raise_for_status()
        return str(answer.json()["prompt_id"])

    async def outcome(self, prompt: str, within_s: float = 60) -> str:
        """How ComfyUI says that a prompt ended: success or error."""
        history: Json = {}

        async def known() -> bool:
            nonlocal history
            history = (await self.comfy.get(f"/history/{prompt}")).json()
            return prompt in history

        await self.until(known, f"prompt {prompt} ends", within_s)
        return str(history[prompt]["status"]["status_str"])

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, within_s: float = 60) -> float:
        """Ask again until it holds; the seconds that took. AssertionError where it does not within `within_s`."""
        begin = clock.monotonic()
        while not await holds():
            if clock.monotonic() - begin > within_s:
                raise AssertionError(f"not within {within_s:g} s: {what}")
            await clock.sleep(0.05)
        return clock.monotonic() - begin


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
