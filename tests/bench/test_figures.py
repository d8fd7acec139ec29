"""Every figure's script runs and says what it promises, tiny: a bench that nobody runs rots."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from postgres import ABSENT, ADMIN, Postgres, find_binaries

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
    "p9_resume": {"all_caught_up", "cpu_per_reconnect", "missing", "store_reads"},
    "p10_history": {"past_made", "history_p50", "history_p99", "server_with_past"},
    "p11_start": {"server_up", "server_idle", "server_and_worker_idle", "version"},
    "p13_cluster": {
        "end_to_end", "spread", "one_hop_p50", "one_hop_p99", "second_hop_p50", "second_hop_p99", "added_p50",
        "added_p99", "idle_transactions",
    },
    "growth": {"past_made", "end_to_end", "server_with_past", "store_size"},
    "mcp_calls": {"call_p50", "call_p99", "side_by_side", "times_bare", "differences"},
    "r2_restart": {"re_run", "lost", "not_completed", "differences", "linked_again"},
    "r5_comfyui": {
        "naive_lost", "lost", "waited_for", "submit_to_result_p50", "submit_to_result_p99", "end_to_noticed_p50",
        "end_to_noticed_p99", "end_to_noticed_max", "differences",
    },
}  # fmt: skip
ON_EITHER = {"p1_throughput", "p2_submit", "p3_start_latency", "p5_reports", "p10_history", "growth", "r2_restart"}
NEEDS_POSTGRES = {"p13_cluster"}
LONG_S = 150
"""Seconds, on a machine that does much else; in quiet they take five to fifteen."""
WHAT_MUST_BE_ZERO = {"lost", "missing", "store_reads", "re_run", "not_completed", "differences", "waited_for"}
CASES = [
    *((name, ()) for name in sorted(METRICS)),
    *((name, ("--store", "postgres")) for name in sorted(ON_EITHER)),
]
NEEDS_COMPILER = {name for name in METRICS if name.startswith(("p6", "p7", "p8", "p9"))}
OF_ITS_OWN = {"p4_track", "p12_dashboard"}  # compares with packages that this environment may lack; run by hand


def server_for(name: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Where the script finds a PostgreSQL, but for one, which starts its own."""
    if name == "p3_start_latency":
        return {}
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.admin() as db:
        return {"BENCH_POSTGRES": f"postgresql://{ADMIN}:{db.info.password}@127.0.0.1:{postgres.port}/"}


def rows_of(name: str, *words: str, **environ: str) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, str(BENCH / f"{name}.py"), *words],
        env={**os.environ, "BENCH_SMOKE": "1", **environ},
        capture_output=True,
        text=True,
        timeout=LONG_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.process
@pytest.mark.parametrize(
    ("name", "words"), CASES, ids=lambda value: "-".join(value) if isinstance(value, tuple) else value
)
def test_a_figure_can_be_measured(name: str, words: tuple[str, ...], request: pytest.FixtureRequest):
    if name in NEEDS_COMPILER and not (shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("the load client is C, and there is no compiler")
    if (on_postgres := bool(words) or name in NEEDS_POSTGRES) and find_binaries() is None:
        pytest.skip(ABSENT)

    found = rows_of(name, *words, **(server_for(name, request) if on_postgres else {}))
    rows = [row for row in found if "history_plan" not in row]

    assert {row["metric"] for row in rows} == METRICS[name]
    assert all({"system", "variant", "metric", "value", "unit", "n", "run", "store"} <= row.keys() for row in rows)
    assert all(row["value"] == 0 for row in rows if row["metric"] in WHAT_MUST_BE_ZERO)
    assert not on_postgres or {row["store"] for row in rows} == {"postgres"}


def test_every_figure_stands_in_the_table():
    scripts = {
        path.stem
        for pattern in ("p[0-9]*.py", "r[0-9]*.py", "growth.py", "mcp_calls.py")
        for path in BENCH.glob(pattern)
    }

    assert scripts == METRICS.keys() | OF_ITS_OWN


def test_rows_of_all_drivers_become_tables(tmp_path: Path):
    ours = {"system": "headway", "variant": "postgres", "metric": "drain", "value": 3.0, "unit": "jobs/s"}
    question = {"variant": "sqlite, 10 stored: list", "metric": "history_p50", "value": 60.0, "first": 70.0, "rows": 5}
    asked = {"ask": "list", "system": "headway", "unit": "ms", "store": "sqlite", "partial": 1, "n": 2, **question}
    plan = {
        "history_plan": {"ask": "list", "store": "sqlite", "statement": "SELECT 1", "times": 2, "plan": ["SCAN jobs"]}
    }
    peer = {**ours, "system": "huey", "value": 2.0}
    lines = [ours, {**ours, "value": 5.0}, peer, asked, {**asked, "metric": "history_p99"}, plan]
    (tmp_path / "rows").write_text("\n".join(map(json.dumps, lines)))

    done = subprocess.run(
        [sys.executable, str(BENCH / "report.py"), str(tmp_path / "rows")], capture_output=True, text=True, check=True
    )

    assert "| huey postgres | 2.00 | 2.00 – 2.00 | 1 |\n| headway postgres | 4.00 | 3.00 – 5.00 | 2 |" in done.stdout
    assert "### history, sqlite, 10 stored (ms)" in done.stdout
    assert "| **list** | 60.0 | 60.0 | 70.0 | 5 | 1 | 2 |" in done.stdout
    assert "### slower than 50 ms on sqlite: list\n\n- 2 × `SELECT 1`\n  - `SCAN jobs`" in done.stdout
