"""What the board says of an engine, for each thing that is known of it."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.comfyui.api import Queue
from headway.connectors.comfyui.status import State, load_of, said_of, version_of


@pytest.mark.parametrize(
    ("state", "status", "slots", "more"),
    [
        (State(), "starting", 1, {}),
        (State(heard=True, problem="connection refused"), "unreachable", 1, {"reason": "connection refused"}),
        (State(heard=True, problem=None), "idle", 1, {}),
        (State(heard=True, problem=None, job="J", failed="x", others=2), "busy", 1, {"job": "J"}),
        (State(heard=True, problem=None, others=1), "busy", 1, {"reason": "1 prompt of others"}),
        (State(heard=True, problem=None, failed="no", others=1), "error", 1, {"error": "no"}),
        (State(heard=True, problem=None, stopping=["J"]), "busy", 0, {"reason": "has not stopped yet what it did for job J"}),
        (State(heard=True, problem="gone", job="J"), "unreachable", 1, {"reason": "gone", "job": "J"}),
    ],
)  # fmt: skip
def test_status_follows_what_is_known(state: State, status: str, slots: int, more: dict[str, Any]):
    said = said_of(state)

    assert {key: value for key, value in said.items() if value is not None} == {
        "status": status,
        "slots": slots,
        **more,
    }
    assert set(said) == {"status", "slots", "reason", "error", "job"}


def test_load_is_what_the_engine_tells():
    stats = {
        "system": {"comfyui_version": "0.3.64", "ram_total": 10, "ram_free": 4},
        "devices": [{"name": "cuda:0 NVIDIA", "vram_total": 8, "vram_free": 2.0}, {"name": "second"}],
    }

    load = load_of(stats, Queue(["a"], ["b", "c"]), 2)

    assert load == {
        "queue_running": 1, "queue_pending": 2, "others": 2, "device": "cuda:0 NVIDIA", "vram_total": 8, "vram_free": 2,
        "ram_total": 10, "ram_free": 4,
    }  # fmt: skip
    assert version_of(stats) == "0.3.64"


@pytest.mark.parametrize("stats", [{}, {"system": 5, "devices": {}}, {"system": {"ram_total": "x"}, "devices": [7]}])
def test_odd_stats_are_left_out(stats: dict[str, Any]):
    assert load_of(stats, Queue(), 0) == {"queue_running": 0, "queue_pending": 0, "others": 0}
    assert version_of(stats) is None
