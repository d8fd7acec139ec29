"""How busy this machine and each isolated attempt are, as heartbeats carry it. Reads psutil; knows nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psutil


class LoadMeter:
    """Percentages are since the last look; the first look has none."""

    def __init__(self) -> None:
        self._processes: dict[int, psutil.Process] = {}
        psutil.cpu_percent(None)

    def read(self, *, busy: int, slots: int, attempts: Iterable[tuple[str, int, int]] = ()) -> dict[str, Any]:
        """`attempts`: (job, attempt, pid) of those with a process of their own. cpu in % of one core, memory in bytes."""
        memory = psutil.virtual_memory()
        load: dict[str, Any] = {
            "cpu_percent": psutil.cpu_percent(None),
            "memory_percent": memory.percent,
            "busy": busy,
            "slots": slots,
        }
        mine = {pid: self._one(job, attempt, pid) for job, attempt, pid in attempts}
        self._processes = {pid: process for pid, process in self._processes.items() if pid in mine}
        if seen := [each for each in mine.values() if each is not None]:
            load["attempts"] = seen
        return load

    def _one(self, job: str, attempt: int, pid: int) -> dict[str, Any] | None:
        try:
            process = self._processes.setdefault(pid, psutil.Process(pid))
            family = [process, *process.children(recursive=True)]
            cpu = sum(each.cpu_percent(None) for each in family)
            rss = sum(each.memory_info().rss for each in family)
        except psutil.Error:
            return None  # it ended while we looked
        return {"job": job, "attempt": attempt, "cpu_percent": round(cpu, 1), "rss_bytes": rss}
