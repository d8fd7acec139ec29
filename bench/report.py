"""Medians of rows as Markdown, ours and the peers' in one table per figure.

    python bench/report.py ROWS.jsonl... > tables.md

Takes our rows, those of the job systems' drivers (same form) and those of the load client (`tag`, `load`, `conns`).
"""

from __future__ import annotations

import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FAN = {
    "deliv_s": ("deliveries", "1/s"),
    "srv_us_per_deliv": ("cpu_per_delivery", "us"),
    "p50_ms": ("delivery_p50", "ms"),
    "p99_ms": ("delivery_p99", "ms"),
    "lost": ("lost", "events"),
    "all_caught_up_s": ("all_caught_up", "s"),
    "srv_cpu_us_per_reconnect": ("cpu_per_reconnect", "us"),
}

Row = tuple[str, str, str, str, float]  # metric, unit, system, variant, value


def rows_of(found: dict[str, Any]) -> Iterator[Row]:
    """The rows of one line, whichever driver wrote it."""
    if "metric" in found:
        yield found["metric"], found["unit"], found["system"], found["variant"], found["value"]
    elif "tag" in found:
        for name, (metric, unit) in FAN.items():
            if name in found:
                yield metric, unit, found["tag"], f"{found['conns']}x{found['load']}", found[name]


def main(paths: list[str]) -> None:
    tables: defaultdict[tuple[str, str], defaultdict[tuple[str, str], list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for path in paths:
        for line in Path(path).read_text().splitlines():
            for metric, unit, system, variant, value in rows_of(json.loads(line)):
                tables[metric, unit][variant if "x" in variant else "", f"{system} {variant}"].append(value)
    for (metric, unit), lines in sorted(tables.items()):
        print(f"\n### {metric} ({unit})\n\n| system | median | min – max | runs |\n|---|---|---|---|")
        for (_, name), values in sorted(lines.items(), key=lambda item: (item[0][0], statistics.median(item[1]))):
            print(
                f"| {name} | {statistics.median(values):,.2f} | {min(values):,.2f} – {max(values):,.2f} | {len(values)} |"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
