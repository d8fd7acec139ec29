"""The store stops answering, is replaced by an older copy, or is wanted by two: said, survived, nothing lost."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from processes import Gate, Headway

pytestmark = pytest.mark.timeout(120)


def _store(hw: Headway) -> Path:
    return next(path for path in hw.folder.glob("*.db"))


def test_a_store_locked_from_outside_refuses_in_words_and_fires_no_deadline(hw: Headway, gate: Gate) -> None:
    hw.env["HEADWAY_LEASE_S"] = "8"
    hw.serve()
    hw.work("w1", "--slots", "8")
    ids = [hw.submit("watched", gate=str(gate.path)) for _ in range(3)]
    talking = hw.submit("talk", gate=str(gate.path), rounds=1, lines=500)
    hw.until(lambda: all(hw.job(id)["progress"]["overall"] for id in ids), "they run")
    hw.until(lambda: hw.job(talking)["state"] == "running", "it runs")

    outside = sqlite3.connect(_store(hw), isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    gate.open()  # somebody reports meanwhile
    refused = hw.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}}, timeout=60)
    shown = hw.http.get(f"/api/v1/jobs/{ids[0]}")
    threading.Event().wait(5)  # with the refusal longer than every clock of the jobs and the lease
    outside.execute("ROLLBACK")
    outside.close()
    hw.until(
        lambda: hw.http.post("/api/v1/jobs", json={"kind": "add", "args": {"a": 1}}, timeout=60).status_code == 201,
        "it goes on by itself",
    )
    gate.open(10)
    jobs = [hw.state(id, "completed", "failed", timeout=60) for id in [*ids, talking]]

    assert refused.status_code == 503
    assert "locked by another program" in refused.json()["message"]
    assert shown.status_code == 200
    assert [(job["state"], job["attempt"]) for job in jobs] == [("completed", 1)] * 4
    assert hw.http.get(f"/api/v1/jobs/{talking}/logs").text.splitlines() == [f"line {n}" for n in range(500)]
    hw.verified()


def test_an_older_copy_put_back_resets_who_was_looking(hw: Headway) -> None:
    server = hw.serve()
    hw.submit("x")
    server.terminate()
    server.wait()
    store = _store(hw)
    copy = hw.folder / "copy"
    shutil.copy(store, copy)
    server = hw.serve()
    later = [hw.submit("x") for _ in range(20)]
    answer = hw.http.get("/api/v1/events", params={"topic": "jobs"})
    cursor = answer.json()["cursor"]
    witness = store.with_name(store.name + "-witness")
    hw.until(lambda: json.loads(witness.read_bytes())["seq"] >= int(answer.headers["Headway-Seq"]), "it is witnessed")
    server.kill()
    server.wait()

    for each in hw.folder.glob(f"{store.name}-*"):
        if each.name.endswith(("-wal", "-shm")):
            each.unlink()
    shutil.copy(copy, store)
    hw.serve()
    others = [hw.submit("y") for _ in range(40)]
    frames = hw.http.get("/api/v1/events", params={"topic": "jobs", "since": cursor, "wait": "0"}).json()["frames"]

    assert (frames[0]["type"], frames[0]["reason"]) == ("reset", "epoch")
    shown = frames[1]["topics"]["jobs"]["documents"]["job"]
    assert set(others) <= set(shown)
    assert not set(later) & set(shown)
    hw.verified()
