"""Machines, workers and services from the command line, of a worker that tells its services over a link of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import click
import pytest
from websockets.sync.client import connect

from headway.cli.machines import _machine_rows
from headway.protocol.frames import WORKER_PROTOCOL, WorkerHello, decode_to_worker, encode_many

GB = 1 << 30
SERVICES = [
    {
        "name": "127.0.0.1:8188",
        "type": "comfyui",
        "status": "busy",
        "version": "0.3.64",
        "url": "http://127.0.0.1:8188",
        "reason": "2 prompts of others",
        "load": {
            "queue_running": 1,
            "queue_pending": 3,
            "others": 2,
            "vram_total": 24 * GB,
            "vram_free": 6 * GB,
            "device": "cuda:0 NVIDIA RTX 4090 : cudaMallocAsync",
        },
    },
    {"name": "127.0.0.1:8189", "type": "comfyui", "status": "unreachable", "error": "connection\nrefused"},
]


def test_without_a_service_each_sort_is_named_with_how_to_start_one(headway: Callable, monkeypatch: pytest.MonkeyPatch):
    async def none_there(*_: object) -> dict[str, object]:
        return {"services": [], "now": "2026-11-22T08:00:00.000Z"}

    monkeypatch.setattr("headway.cli.machines._get", none_there)

    said = headway("services")

    first, *ways = said.err.splitlines()
    assert (said.code, said.out, first) == (0, "", "There is no service yet. Services come with a worker:")
    assert [way[2:].split("  ")[0] for way in ways] == ["ComfyUI", "MCP servers"]
    assert "[mcp.servers.NAME]" in ways[1]


@pytest.fixture
def told(server: str) -> Iterator[None]:
    """A worker of two engines is connected."""
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None) as socket:
        profile = {"id": "basic-1/1", "name": "1", "machine": "basic-1", "instance": "i", "slots": 2}
        hello = WorkerHello(worker=profile, kinds=[], services=SERVICES)
        socket.send(encode_many([hello]), text=True)
        said = socket.recv()
        assert decode_to_worker(said if isinstance(said, bytes) else said.encode())
        yield


def test_machines_are_a_tree_down_to_the_engines_with_state_reason_load_and_queue(headway: Callable, told: None):
    head, machine, worker, busy, away = headway("machines").out.splitlines()

    assert head.split("  ")[0] == "MACHINE / WORKER / SERVICE"
    assert machine.split() == ["basic-1", "online", "0", "of", "2", "slots", "in", "use"]
    assert worker.startswith("  1 ")
    assert worker.split()[1] == "online"
    assert busy.startswith("    127.0.0.1:8188 ")
    assert "comfyui 0.3.64 · NVIDIA RTX 4090, 6.0 GB of 24.0 GB VRAM free" in busy
    assert "queue 1 running, 3 waiting (2 of others) · 2 prompts of others" in busy
    assert "connection refused" in away
    assert [len(line) - len(line.lstrip()) for line in (machine, worker, busy)] == [0, 2, 4]


def test_machines_as_json_hold_workers_as_documents_with_their_services(headway: Callable, told: None):
    [machine] = json.loads(headway("machines", "--json").out)

    [worker] = machine["workers"]
    assert (machine["name"], worker["id"]) == ("basic-1", "basic-1/1")
    assert [service["status"] for service in worker["services"]] == ["busy", "unreachable"]


def test_services_are_listed_by_worker_and_name(headway: Callable, told: None):
    said = headway("services")
    listed = json.loads(headway("services", "--json").out)

    assert said.out.splitlines()[1].split()[:3] == ["basic-1/1/127.0.0.1:8188", "comfyui", "busy"]
    assert [service["id"] for service in listed] == ["basic-1/1/127.0.0.1:8188", "basic-1/1/127.0.0.1:8189"]


def test_a_worker_is_repaired_from_the_command_line(headway: Callable, told: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("headway.cli.workers.BACK_S", 0.0)

    said = headway("workers", "repair", "basic-1/1")
    gone = headway("workers", "repair", "nobody/1")

    assert (said.code, "basic-1/1" in said.out) == (0, True)
    assert gone.code == 5


def test_before_a_worker_is_disconnected_it_is_said_that_its_process_ends_and_how_to_have_it_back(headway: Callable):
    said = " ".join(headway("workers", "disconnect", "--help").out.split())

    assert "its process ends. Start it again to have it back." in said


def test_where_nobody_is_it_is_said_how_to_begin(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    async def nobody(_: object) -> tuple[list[object], str]:
        return [], ""

    async def nothing(*_: object) -> dict[str, object]:
        return {"services": [], "now": ""}

    from headway.cli import main

    monkeypatch.setattr("headway.cli.machines._ask", nobody)
    monkeypatch.setattr("headway.cli.machines._get", nothing)

    main(["machines"])
    main(["services"])

    out, err = capfd.readouterr()
    assert out == ""
    assert "headway worker module:app" in err
    assert "headway worker --connector comfyui=http://127.0.0.1:8188" in err


def test_slots_are_counted_of_workers_that_are_connected_alone():
    held = {"slots": 2, "load": {"busy": 2}, "services": []}
    away = {**held, "id": "gpu/1", "state": "disconnected", "reason": "closed"}
    there = {**held, "id": "gpu/2", "state": "stale"}
    machine = {"name": "gpu", "state": "stale", "slots": 2}

    both = list(_machine_rows({**machine, "workers": [away, there]}, "2026-11-22T00:00:00.000Z"))
    none = list(_machine_rows({**machine, "slots": 0, "workers": [away]}, "2026-11-22T00:00:00.000Z"))

    assert [row[-1] for row in both] == ["2 of 2 slots in use", "closed", "2 of 2 slots"]
    assert [row[-1] for row in none] == ["not connected", "closed"]


def test_services_that_their_worker_names_no_more_are_left_out_unless_all_are_wanted(
    headway: Callable, told: None, server: str
):
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None) as socket:
        profile = {"id": "basic-1/1", "name": "1", "machine": "basic-1", "instance": "i", "slots": 2}
        socket.send(encode_many([WorkerHello(worker=profile, kinds=[], services=SERVICES[:1])]), text=True)
        socket.recv()

        said = {word: (headway(word).out, headway(word, "--all").out) for word in ("machines", "services")}

    for shown, whole in said.values():
        assert ("8188" in shown, "8189" in shown) == (True, False)
        assert ("8188" in whole, "its worker does not name it any more" in whole) == (True, True)


def test_a_problem_of_a_worker_is_said_at_it():
    worker = {"id": "gpu/1", "state": "online", "problems": [{"at": "", "problem": "its worker no longer knows it"}]}
    machine = {"name": "gpu", "state": "online", "slots": 0, "workers": [{**worker, "services": []}]}

    rows = list(_machine_rows(machine, "2026-11-22T00:00:00.000Z"))

    assert [click.unstyle(cell) for cell in rows[1]] == [
        "  1",
        "online",
        "",
        "",
        "problem: its worker no longer knows it",
    ]
