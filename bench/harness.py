"""What every figure's script shares: a real server and workers on free ports, a fresh store, rows of one form.

A row is one JSON line `{system, variant, metric, value, unit, n, run, cpu}`: the names are those of the peers' drivers,
so that rows of both can stand in one table. `cpu` is microseconds of CPU per job (or event), by process: it means
something on a machine that others load, where wall time does not. `BENCH_SMOKE=1` makes a run tiny; `BENCH_RUN` numbers it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
SMOKE = os.environ.get("BENCH_SMOKE") == "1"
RUN = int(os.environ.get("BENCH_RUN", "1"))
START_S = 30.0


def size(full: int, tiny: int) -> int:
    """How much of it: all, or only enough to see that it works."""
    return tiny if SMOKE else full


def out(metric: str, value: float, unit: str, *, n: int = 1, variant: str = "sqlite", **more: Any) -> None:
    row = {
        "system": "headway",
        "variant": variant,
        "metric": metric,
        "value": round(value, 3),
        "unit": unit,
        "n": n,
        "run": RUN,
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

    def __init__(self, words: list[str], folder: Path, ready: str) -> None:
        self.log = folder / f"{words[0]}.log"
        log = self.log.open("w")
        env = {**os.environ, "BENCH_DIR": str(folder), "PYTHONPATH": str(HERE), "HOME": str(folder)}
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
    """A fresh folder with a server in it. `url` is where it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        words = ["serve", "--port", "0", "--data", str(folder / "data")]
        began = time.monotonic()
        self.server = Process(words, folder, r"http://[\d.]+:\d+")
        self.up_s = time.monotonic() - began
        self.url = self.server.found
        self.port = int(self.url.rpartition(":")[2])
        self._others: list[Process] = []

    def worker(self, *, slots: int = 100, name: str = "bench") -> Process:
        """A worker of the bench's app, linked."""
        words = ["worker", "jobs:app", "--server", self.url, "--slots", str(slots), "--name", f"{name}-{self.port}"]
        process = Process(words, self.folder, r": linked")
        self._others.append(process)
        return process

    def end(self) -> None:
        for process in [*self._others, self.server]:
            process.end()


@contextlib.contextmanager
def setting() -> Iterator[Setting]:
    """As long as the block."""
    with tempfile.TemporaryDirectory(prefix="headway-bench-", dir=os.environ.get("BENCH_FOLDER")) as name:
        os.environ["BENCH_DIR"] = name
        made = Setting(Path(name))
        try:
            yield made
        finally:
            made.end()


class Spent:
    """CPU between two moments, per piece of work, in microseconds."""

    def __init__(self, **processes: Process | None) -> None:
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
