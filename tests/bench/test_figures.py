"""Every figure's script runs and says what it promises, tiny: a bench that nobody runs rots."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
METRICS = {
    "p1_throughput": {"drain", "end_to_end"},
    "p2_submit": {"enqueue_serial", "enqueue_concurrent", "enqueue_batch"},
    "p3_start_latency": {"start_latency_p50", "start_latency_p99"},
    "p5_reports": {"progress_rate", "observe_latency_p50", "observe_latency_p99"},
    "p6_fanout": {"deliveries", "cpu_per_delivery", "delivery_p50", "delivery_p99", "lost"},
    "p7_bursts": {"deliveries", "cpu_per_delivery", "delivery_p50", "delivery_p99", "lost"},
    "p7b_open_loop": {"deliveries", "cpu_per_delivery", "delivery_p50", "delivery_p99", "lost"},
    "p8_memory": {"memory_per_viewer", "cpu_per_connect"},
    "p8b_commits_under_fanout": {
        "committed", "command_p50", "command_p99", "command_max", "deliveries", "delivery_p99",
    },
    "p9_resume": {"all_caught_up", "cpu_per_reconnect", "missing"},
    "p11_start": {"server_up", "server_idle", "server_and_worker_idle", "version"},
}  # fmt: skip
NEEDS_COMPILER = {name for name in METRICS if name.startswith(("p6", "p7", "p8", "p9"))}
OF_ITS_OWN = {"p4_track"}  # compares with packages that this environment may lack; run by hand


def rows_of(name: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py")],
        env={**os.environ, "BENCH_SMOKE": "1"},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.process
@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_figure_can_be_measured(name: str):
    if name in NEEDS_COMPILER and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("the load client is C, and there is no compiler")

    rows = rows_of(name)

    assert {row["metric"] for row in rows} == METRICS[name]
    assert all({"system", "variant", "metric", "value", "unit", "n", "run"} <= row.keys() for row in rows)
    assert all(row["value"] == 0 for row in rows if row["metric"] in {"lost", "missing"})


def test_every_figure_stands_in_the_table():
    scripts = {path.stem for path in BENCH.glob("p[0-9]*.py")}

    assert scripts == METRICS.keys() | OF_ITS_OWN
