"""What every figure's script shares: a real server and workers on free ports, a fresh store, rows of one form.

A row is one JSON line `{system, variant, metric, value, unit, n, run, store, cpu}`: the names are those of the peers'
drivers, so that rows of both can stand in one table. `cpu` is microseconds of CPU per job (or event), by process: it
means something on a machine that others load, where wall time does not. `store` is sqlite, postgres, or memory where
none is part of the figure. `BENCH_SMOKE=1` makes a run tiny; `BENCH_RUN` numbers it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil
from database import Database

HERE = Path(__file__).resolve().parent
SMOKE = os.environ.get("BENCH_SMOKE") == "1"
RUN = int(os.environ.get("BENCH_RUN", "1"))
START_S = 60.0
STORES = ("sqlite", "postgres")
_numbers = itertools.count(1)


def size(full: int, tiny: int) -> int:
    """How much of it: all, or only enough to see that it works."""
    return tiny if SMOKE else full


def takes_store(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--store", choices=STORES, default="sqlite")
    return parser


def out(
    metric: str, value: float, unit: str, *, n: int = 1, store: str = "sqlite", variant: str = "", **more: Any
) -> None:
    row = {
        "system": "headway",
        "variant": variant or store,
        "metric": metric,
        "value": round(value, 3),
        "unit": unit,
        "n": n,
        "run": RUN,
        "store": store,
    }
    print(json.dumps({**row, **more}), flush=True)


def percentile(values: list[float], percent: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def out_latencies(metric: str, seconds: list[float], **more: Any) -> None:
    milliseconds = [value * 1000 for value in seconds]
    for percent in (50, 99):
        out(f"{metric}_p{percent}", percentile(milliseconds, percent), "ms", n=len(milliseconds), **more)


class Process:
    """One process of ours and its children, ended with the block."""

    def __init__(
        self, words: list[str], folder: Path, ready: str, settings: Mapping[str, object] | None = None
    ) -> None:
        self.log = folder / f"{words[0]}-{next(_numbers)}.log"
        log = self.log.open("w")
        mine = {"BENCH_DIR": folder, "PYTHONPATH": HERE, "HOME": folder}
        theirs = {f"HEADWAY_{name.upper()}": value for name, value in (settings or {}).items()}
        env = {**os.environ, **{name: str(value) for name, value in {**mine, **theirs}.items()}}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headway", *words],
            stdout=log,
            stderr=log,
            cwd=folder,
            env=env,
            start_new_session=True,
        )
        self.found = self._wait_for(ready)

    def _wait_for(self, ready: str) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            if found := re.search(ready, self.log.read_text()):
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"{self.process.args} did not start:\n{self.log.read_text()}")

    @property
    def pid(self) -> int:
        return self.process.pid

    def tree(self) -> list[psutil.Process]:
        own = psutil.Process(self.pid)
        return [own, *own.children(recursive=True)]

    def cpu(self) -> list[float]:
        """Seconds of CPU, by process of the tree."""
        return [sum(each.cpu_times()[:2]) for each in self.tree()]

    def memory_mb(self) -> list[float]:
        """Proportional set size, by process of the tree."""
        return [each.memory_full_info().pss / 2**20 for each in self.tree()]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
            return
        for each in self.tree():
            each.kill()
        self.process.wait()


class Setting:
    """A fresh folder, a fresh store, and servers on it. `url` is where the first is; `settings` are the servers'."""

    def __init__(
        self, folder: Path, store: str = "sqlite", *, options: str = "", settings: Mapping[str, object] | None = None
    ) -> None:
        self.folder = folder
        self.store = store
        self.database = Database() if store == "postgres" else None
        self.store_url = self.database.url + options if self.database else f"sqlite:///{folder / 'data' / 'headway.db'}"
        self.settings = settings or {}
        self.servers: list[Process] = []
        self._workers: list[Process] = []

    def serve(self, port: int = 0) -> Process:
        """One server more."""
        number = len(self.servers)
        words = ["serve", "--port", str(port), "--data", str(self.folder / ("data" if not number else f"data{number}"))]
        began = time.monotonic()
        server = Process(words, self.folder, r"http://[\d.]+:\d+", {"store": self.store_url, **self.settings})
        self.up_s = time.monotonic() - began
        self.servers.append(server)
        return server

    def stop_servers(self) -> None:
        """Let the store be filled or looked at by others."""
        for server in self.servers:
            server.end()
        self.servers.clear()

    @property
    def server(self) -> Process:
        return self.servers[0]

    @property
    def url(self) -> str:
        return self.server.found

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def worker(self, *, slots: int = 100, name: str = "bench", url: str = "") -> Process:
        """A worker of the bench's app, linked to the first server or another."""
        url = url or self.url
        name = f"{name}-{url.rpartition(':')[2]}"
        words = ["worker", "jobs:app", "--server", url, "--slots", str(slots), "--name", name]
        process = Process(words, self.folder, r": linked")
        self._workers.append(process)
        return process

    def end(self) -> None:
        for process in [*self._workers, *self.servers]:
            process.end()
        if self.database is not None:
            self.database.drop()


@contextlib.contextmanager
def setting(
    store: str = "sqlite", *, servers: int = 1, options: str = "", settings: Mapping[str, object] | None = None
) -> Iterator[Setting]:
    """As long as the block. `options` are appended to the URL of a PostgreSQL store."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started ends with us
    with tempfile.TemporaryDirectory(prefix="headway-bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        os.environ["BENCH_DIR"] = name
        made = Setting(Path(name), store, options=options, settings=settings)
        try:
            for _ in range(servers):
                made.serve()
            yield made
        finally:
            made.end()


class Spending(Protocol):
    """A process of ours, or the database's."""

    def cpu(self) -> list[float]: ...


class Spent:
    """CPU between two moments, per piece of work, in microseconds."""

    def __init__(self, **processes: Spending | None) -> None:
        self._processes = processes
        self._before = self._now()

    def _now(self) -> dict[str, list[float]]:
        found = {name: process.cpu() for name, process in self._processes.items() if process is not None}
        return {**found, "client": [time.process_time()]}

    def per(self, n: int) -> dict[str, list[float]]:
        after = self._now()
        return {
            name: [round((now - was) / n * 1e6, 1) for was, now in zip(before, after[name], strict=False)]
            for name, before in self._before.items()
        }


async def until(condition: Any, *, timeout_s: float = 120.0, poll_s: float = 0.002) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s")
        await asyncio.sleep(poll_s)


def run(coroutine: Any) -> None:
    """The script's main, on the loop that clients are told to use."""
    import uvloop

    uvloop.run(coroutine)
