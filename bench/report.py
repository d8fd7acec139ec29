"""Medians of rows as Markdown, ours and the peers' in one table per figure.

    python bench/report.py ROWS.jsonl... > tables.md

Takes our rows, those of the job systems' drivers (same form) and those of the load client (`tag`, `load`, `conns`).
P10's questions (`ask`) have a table of their own for each store and size, the slowest first, and below it the plans
of what is slower than the target.
"""

from __future__ import annotations

import json
import re
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

TARGET_MS = 50.0
FAN_VARIANT = re.compile(r"\d+x\w+")
Rows = list[dict[str, Any]]
Row = tuple[str, str, str, str, float]  # metric, unit, system, variant, value


def rows_of(found: dict[str, Any]) -> Iterator[Row]:
    """The rows of one line, whichever driver wrote it."""
    if "metric" in found:
        yield found["metric"], found["unit"], found["system"], found["variant"], found["value"]
    elif "tag" in found:
        for name, (metric, unit) in FAN.items():
            if name in found:
                yield metric, unit, found["tag"], f"{found['conns']}x{found['load']}", found[name]


def print_figures(lines: Rows) -> None:
    tables: defaultdict[tuple[str, str], defaultdict[tuple[str, str], list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for line in lines:
        for metric, unit, system, variant, value in rows_of(line):
            group = variant if FAN_VARIANT.fullmatch(variant) else ""
            tables[metric, unit][group, f"{system} {variant}"].append(value)
    for (metric, unit), rows in sorted(tables.items()):
        print(f"\n### {metric} ({unit})\n\n| system | median | min – max | runs |\n|---|---|---|---|")
        for (_, name), values in sorted(rows.items(), key=lambda item: (item[0][0], statistics.median(item[1]))):
            print(
                f"| {name} | {statistics.median(values):,.2f} | {min(values):,.2f} – {max(values):,.2f} | {len(values)} |"
            )


def print_history(lines: Rows) -> None:
    """Each question's p50 and p99, its first answer, and how often a scan was cut: the slowest first."""
    tables: defaultdict[str, defaultdict[str, dict[str, Rows]]] = defaultdict(lambda: defaultdict(dict))
    for line in lines:
        table = tables[line["variant"].partition(":")[0]]
        table[line["ask"]].setdefault(line["metric"].rpartition("_")[2], []).append(line)
    for title, asked in sorted(tables.items()):
        print(
            f"\n### history, {title} (ms)\n\n| question | p50 | p99 | first | rows | cut | asked |\n|---|---|---|---|---|---|---|"
        )
        shown = [(_median(rows["p99"], "value"), name, rows) for name, rows in asked.items()]
        for p99, name, rows in sorted(shown, key=lambda each: (-each[0], each[1])):
            p50, first, found = (_median(rows["p50"], field) for field in ("value", "first", "rows"))
            shown_name = f"**{name}**" if p99 > TARGET_MS else name
            cut, times = (sum(row[field] for row in rows["p99"]) for field in ("partial", "n"))
            print(f"| {shown_name} | {p50:,.1f} | {p99:,.1f} | {first:,.1f} | {found:,.0f} | {cut} | {times} |")


def _median(rows: Rows, field: str) -> float:
    return statistics.median(row[field] for row in rows)


def print_plans(lines: Rows) -> None:
    """How the database goes about what was slower than the target, each statement once."""
    told: dict[tuple[str, str], dict[str, list[str]]] = {}
    for line in lines:
        statement = f"{line['times']} × `{line['statement']}`"
        told.setdefault((line["store"], line["ask"]), {}).setdefault(statement, line["plan"])
    for (store, ask), statements in sorted(told.items()):
        print(f"\n### slower than {TARGET_MS:g} ms on {store}: {ask}\n")
        for statement, plan in statements.items():
            print(f"- {statement}")
            print("\n".join(f"  - `{each}`" for each in plan))


def main(paths: list[str]) -> None:
    lines: Rows = [json.loads(line) for path in paths for line in Path(path).read_text().splitlines()]
    print_figures([line for line in lines if "ask" not in line and "history_plan" not in line])
    print_history([line for line in lines if "ask" in line])
    print_plans([line["history_plan"] for line in lines if "history_plan" in line])


if __name__ == "__main__":
    main(sys.argv[1:])
