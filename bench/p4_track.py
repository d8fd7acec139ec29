"""P4: what progress costs the loop that reports it. Ours beside tqdm and rich, in one run, each on a terminal.

    uv run --group bench python bench/track.py [--items 3000000] [--repeat 5]

One JSON line per case: nanoseconds per iteration (or call) beyond the empty loop, the median of the repeats, and the
gross figure that peers quote. `headway job` is the worker's own path: a reporter whose outlet is woken by the
executor's courier thread and writes into a real socket.
"""

from __future__ import annotations

import argparse
import io
import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterable

import headway
from headway.clock import SystemClock
from headway.worker.courier import Courier, PipeOutlet
from headway.worker.pipe import Outbox, Unpacker, decode_down
from headway.worker.reporter import Reporter
from headway.worker.stage import Stage, make_stage


class Screen(io.StringIO):
    """A terminal that keeps nothing."""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def exhaust(iterable: Iterable[object]) -> None:
    for _ in iterable:
        pass


def repeatedly(call: Callable[[], object], items: int) -> None:
    for _ in range(items):
        call()


def job_stage() -> Stage:
    """A stage as a job has it: reports leave through a pipe."""
    ours, theirs = socket.socketpair()
    threading.Thread(target=lambda: exhaust(iter(lambda: theirs.recv(65536), b"")), daemon=True).start()
    outbox = Outbox(ours)
    courier = Courier(ours, outbox, Unpacker(decode_down), SystemClock(), lambda: None)
    courier.start()
    stage = make_stage(Reporter(PipeOutlet(1, outbox, courier), SystemClock()), "bench", None, None, None)
    return stage.__enter__()


def cases(items: int) -> dict[str, tuple[str, Callable[[], object]]]:
    """name -> (what it is compared with, the case)."""
    found: dict[str, tuple[str, Callable[[], object]]] = {
        "empty loop": ("", lambda: exhaust(range(items))),
        "empty call": ("", lambda: repeatedly(int, items)),
        "headway track, job": ("empty loop", lambda: exhaust(job_stage().track(range(items)))),
        "headway track, terminal": ("empty loop", lambda: exhaust(headway.track(range(items), "bench"))),
        "headway tqdm, terminal": ("empty loop", lambda: exhaust(headway.tqdm(range(items)))),
        "headway advance, job": ("empty call", lambda: repeatedly(job_stage().advance, items)),
    }
    try:
        import tqdm
    except ImportError:
        tqdm = None
    if tqdm is not None:
        found["tqdm"] = ("empty loop", lambda: exhaust(tqdm.tqdm(range(items), file=Screen())))
        found["tqdm update"] = ("empty call", lambda: repeatedly(tqdm.tqdm(total=items, file=Screen()).update, items))
    import rich.console
    import rich.progress

    console = rich.console.Console(file=Screen(), force_terminal=True)
    found["rich track"] = ("empty loop", lambda: exhaust(rich.progress.track(range(items), console=console)))

    def advance() -> None:
        with rich.progress.Progress(console=console) as progress:
            task = progress.add_task("bench", total=items // 10)
            repeatedly(lambda: progress.advance(task), items // 10)

    found["rich advance"] = ("empty call", advance)
    return found


def main() -> None:
    import sys

    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=3_000_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    stderr, sys.stderr = sys.stderr, Screen()
    times: dict[str, list[float]] = {}
    chosen = cases(options.items)
    for _ in range(options.repeat):  # interleaved, so that all share what else the machine does
        for name, (_, case) in chosen.items():
            items = options.items // 10 if name == "rich advance" else options.items
            before = time.perf_counter()
            case()
            times.setdefault(name, []).append((time.perf_counter() - before) / items * 1e9)
    sys.stderr = stderr
    for name, (base, _) in chosen.items():
        gross = statistics.median(times[name])
        net = gross - statistics.median(times[base]) if base else 0.0
        print(json.dumps({"bench": "track", "case": name, "gross_ns": round(gross, 1), "net_ns": round(net, 1)}))


if __name__ == "__main__":
    main()
