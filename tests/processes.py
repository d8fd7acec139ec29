"""Real processes for end-to-end tests: a server, workers and commands, each ended by its own pid.

A job under test never sleeps: it waits at a `Gate`, a FIFO that the test opens when the scene is set.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

TESTS = Path(__file__).parent
FAST = {
    "HEADWAY_HEARTBEAT_S": "0.5",
    "HEADWAY_STALE_S": "1.5",
    "HEADWAY_LEASE_S": "3",
    "HEADWAY_RESTART_GRACE_S": "2",
    "HEADWAY_SWEEP_S": "0.25",
    "HEADWAY_BACKOFF_S": "0.1",
    "HEADWAY_CANCEL_GRACE_S": "1",
    "HEADWAY_AVOID_S": "1",
}
"""Leases in seconds instead of half minutes, so that a real lease can run out in a test."""


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Gate:
    """A FIFO: `wait` in a job blocks until the test calls `open` (once for each job that waits)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)

    def open(self, times: int = 1) -> None:
        """Let `times` waiters through; blocks until each has come."""
        for _ in range(times):
            with self.path.open("wb") as gate:
                gate.write(b".")


class Headway:
    """One folder with a store, a server on it, workers, and commands against it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server: subprocess.Popen[bytes] | None = None
        self.processes: list[subprocess.Popen[bytes]] = []
        self.http = httpx.Client(base_url=self.url, timeout=30)
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("HEADWAY_")}
        path = os.pathsep.join([str(TESTS), str(TESTS / "e2e")])
        self.env = {**inherited, **FAST, "HEADWAY_SERVER": self.url, "HEADWAY_DATA": str(folder), "PYTHONPATH": path}

    # -- processes -----------------------------------------------------------------------------------------------

    def spawn(self, *arguments: str, log: str, **options: Any) -> subprocess.Popen[bytes]:
        """`headway ARGUMENTS` in a session of its own; its output goes to a file of the folder."""
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "headway", *arguments],
                env=self.env, cwd=self.folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                start_new_session=True, **options,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def serve(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers."""
        self.server = self.spawn("serve", "--port", str(self.port), *arguments, log="server.log")
        self.until(self._ready, "the server answers")
        return self.server

    def _ready(self) -> bool:
        if self.server is not None and self.server.poll() is not None:
            raise AssertionError(f"the server ended:\n{self.log('server.log')}")
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/readyz").status_code == 200
        return False

    def work(self, name: str = "w1", *arguments: str, app: str = "jobs_under_test:app") -> subprocess.Popen[bytes]:
        """Start a worker and wait until the board shows it online."""
        command = ("worker", app, "--server", self.url, "--name", name, "--machine", "bench", *arguments)
        process = self.spawn(*command, log=f"{name}.log")
        self.until(lambda: any(name in w["id"] and w["state"] == "online" for w in self.workers()), f"{name} is online")
        return process

    def run(self, *arguments: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "headway", *arguments],
            env={**self.env, **env}, cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def stop(self) -> None:
        """End what was started, newest first."""
        self.http.close()
        for process in reversed(self.processes):
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait(10)
            if process.stdout is not None:
                process.stdout.close()

    def log(self, name: str) -> str:
        """What a process wrote."""
        path = self.folder / name
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    # -- the truth -----------------------------------------------------------------------------------------------

    def submit(self, kind: str, queue: str | None = None, **args: Any) -> str:
        """The id of a new job."""
        body = {"kind": kind, "args": args} | ({"queue": queue} if queue else {})
        answer = self.http.post("/api/v1/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def job(self, id: str) -> dict[str, Any]:
        """Its document."""
        answer = self.http.get(f"/api/v1/jobs/{id}")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def workers(self) -> list[dict[str, Any]]:
        """Every worker on the board."""
        found: list[dict[str, Any]] = self.http.get("/api/v1/workers").json()["workers"]
        return found

    def state(self, id: str, *states: str, timeout: float = 30) -> dict[str, Any]:
        """Its document once it is in one of the states."""
        self.until(lambda: self.job(id)["state"] in states, f"job {id} is {' or '.join(states)}", timeout)
        return self.job(id)

    def until(self, true: Any, what: str, timeout: float = 30) -> None:
        """Ask again until it holds; a failure shows the logs."""
        end = time.monotonic() + timeout
        pause = threading.Event()
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if true():
                    return
            pause.wait(0.02)
        logs = "\n".join(f"--- {path.name}\n{self.log(path.name)}" for path in sorted(self.folder.glob("*.log")))
        raise AssertionError(f"not within {timeout} s: {what}\n{logs}")


@contextlib.contextmanager
def headway(folder: Path) -> Iterator[Headway]:
    """A folder to run in, cleaned of processes at the end."""
    running = Headway(folder)
    try:
        yield running
    finally:
        running.stop()
