"""Real processes for end-to-end tests: a server, workers and commands, each ended by its own pid.

A job under test never sleeps: it waits at a `Gate`, a FIFO that the test opens when the scene is set. A bad network
is a `Link` between a worker and the server.
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

import prepared
from strays import end_all

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
    """A FIFO: `wait` in a job takes one byte of it, and blocks until the test gives one by `open`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._held = os.open(path, os.O_RDWR)  # keeps what was given until somebody takes it

    def open(self, times: int = 1) -> None:
        """Let `times` waiters through, those that come later included."""
        os.write(self._held, b"." * times)

    def close(self) -> None:
        """Nobody waits any more."""
        os.close(self._held)


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
            if options or prepared.unlike(self.env):
                process = subprocess.Popen(
                    [sys.executable, "-m", "headway", *arguments],
                    env=self.env, cwd=self.folder, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                    start_new_session=True, **options,
                )  # fmt: skip
            else:
                process = prepared.start(arguments, env=self.env, cwd=self.folder, out=output, err=output)
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

    def work(
        self, name: str = "w1", *arguments: str, app: str = "jobs_under_test:app", server: str = ""
    ) -> subprocess.Popen[bytes]:
        """Start a worker and wait until the board shows it online."""
        command = ("worker", app, "--server", server or self.url, "--name", name, "--machine", "bench", *arguments)
        before = {worker.get("instance") for worker in self.workers()}
        process = self.spawn(*command, log=f"{name}.log")

        def is_new(worker: dict[str, Any]) -> bool:
            return name in worker["id"] and worker["state"] == "online" and worker.get("instance") not in before

        self.until(lambda: any(map(is_new, self.workers())), f"{name} is online")
        return process

    def run(self, *arguments: str, timeout: float = 60, **env: str) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        env = {**self.env, **env}
        if not prepared.unlike(env):
            return prepared.run(arguments, env=env, cwd=self.folder, timeout=timeout)
        return subprocess.run(
            [sys.executable, "-m", "headway", *arguments],
            env=env, cwd=self.folder, capture_output=True, text=True, timeout=timeout, check=False,
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
        end_all("HEADWAY_DATA", str(self.folder))  # what those had started in sessions of their own

    def log(self, name: str) -> str:
        """What a process wrote."""
        path = self.folder / name
        return path.read_text(errors="replace")[-6000:] if path.exists() else ""

    # -- the truth -----------------------------------------------------------------------------------------------

    def submit(self, kind: str, queue: str | None = None, **args: Any) -> str:
        """The id of a new job."""
        return self.submit_with({"queue": queue} if queue else {}, kind, **args)

    def submit_with(self, options: dict[str, Any], kind: str, **args: Any) -> str:
        """The id of a new job with options of the submit."""
        answer = self.http.post("/api/v1/jobs", json={"kind": kind, "args": args, **options})
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

    def events(self, id: str) -> list[dict[str, Any]]:
        """All its events, in order."""
        found: list[dict[str, Any]] = self.http.get(f"/api/v1/jobs/{id}/events", params={"limit": 1000}).json()[
            "events"
        ]
        return found

    def verified(self) -> None:
        """Every row is the fold of its log, by `headway verify`."""
        verified = self.run("verify", timeout=100)
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def state(self, id: str, *states: str, timeout: float = 60) -> dict[str, Any]:
        """Its document once it is in one of the states."""
        self.until(lambda: self.job(id)["state"] in states, f"job {id} is {' or '.join(states)}", timeout)
        return self.job(id)

    def until(self, true: Any, what: str, timeout: float = 60) -> None:
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


class Link:
    """A TCP proxy before the server that can be cut, frozen, half-closed and barred, as real networks are."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._flows = _open_event()
        self._stranded: list[threading.Event] = []
        self._barred = False
        self.opened = 0
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                inner, _ = self._listener.accept()
                if self._barred:
                    inner.close()
                    continue
                try:
                    outer = self._connect()
                except OSError:
                    inner.close()
                    continue
                self.opened += 1
                self._pairs.append((inner, outer))
                if self._barred:  # meanwhile
                    self.cut()
                    continue
                for source, sink in ((inner, outer), (outer, inner)):
                    threading.Thread(target=self._pump, args=(source, sink, self._flows), daemon=True).start()

    def _connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self._target))

    def _pump(self, source: socket.socket, sink: socket.socket, flows: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                flows.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            flows.wait()
            sink.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Every connection ends at once, with whatever was under way."""
        pairs, self._pairs = self._pairs, []
        for each in (each for pair in pairs for each in pair):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def freeze(self) -> None:
        """Connections stay up, and nothing comes through."""
        self._flows.clear()

    def strand(self) -> None:
        """Connections that are up stay up, and nothing comes through for good; new ones flow."""
        self._flows.clear()
        self._stranded.append(self._flows)
        self._flows = _open_event()

    def thaw(self) -> None:
        """What was held back flows."""
        self._flows.set()

    def half_close(self) -> None:
        """The server hears the end of the worker's side; its own side stays open."""
        for _, outer in self._pairs:
            with contextlib.suppress(OSError):
                outer.shutdown(socket.SHUT_WR)

    def bar(self) -> None:
        """Cut, and let nobody in."""
        self._barred = True
        self.cut()

    def unbar(self) -> None:
        """Let them in again."""
        self._barred = False

    def close(self) -> None:
        """The end."""
        self._barred = True
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._accepting.join(10)
        self._listener.close()
        for flows in [*self._stranded, self._flows]:
            flows.set()
        self.cut()


def _open_event() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@contextlib.contextmanager
def link_to(hw: Headway) -> Iterator[Link]:
    """A network between workers and the server."""
    link = Link(hw.port)
    try:
        yield link
    finally:
        link.close()


@contextlib.contextmanager
def headway(folder: Path) -> Iterator[Headway]:
    """A folder to run in, cleaned of processes at the end."""
    running = Headway(folder)
    try:
        yield running
    finally:
        running.stop()
