"""Machines, their workers and the services behind those on the terminal: how each is, since when, and why.

Ages are counted by the server's clock, which came with the answer. It only looks; to act on a worker there is
`headway workers`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import click

from headway.cli.exits import say
from headway.cli.options import Server, asks_server, run_async, show, shows_data
from headway.cli.words import one_line, state_text, table
from headway.clock import from_iso
from headway.model.amounts import size_text
from headway.model.duration import duration_text

CONNECTED = frozenset({"online", "draining", "stale"})
"""In these a worker has a link."""
START = "There is no worker yet. Start one with: headway worker module:app"
NO_SERVICE = """There is no service yet. Services come with a worker:
  ComfyUI      headway worker --connector comfyui=http://127.0.0.1:8188
  MCP servers  name them in headway.toml ([mcp.servers.NAME]), then: headway worker"""


@click.command()
@click.option("--all", "whole", is_flag=True, help="Workers that left, and services that are gone, too.")
@shows_data
@asks_server
def machines(whole: bool, form: str, server: Server) -> None:
    """Show machines with their workers, and the services behind those."""
    found, now = run_async(_ask(server))
    if not whole:
        found = [each for machine in found if (each := _without_those_gone(machine))["workers"]]
    if not found and form == "text":
        say(START)
    show(found, form, lambda found: _as_tree(found, now))


@click.command()
@click.option("--all", "whole", is_flag=True, help="Those that their worker names no more, too.")
@shows_data
@asks_server
def services(whole: bool, form: str, server: Server) -> None:
    """Show the engines behind the workers, and how each is."""
    answer = run_async(_get(server, "/services"))
    found = answer["services"] if whole else _without_gone(answer["services"])
    if not found and form == "text":
        say(NO_SERVICE)
    show(found, form, lambda found: _as_table(found, answer["now"]))


async def _get(server: Server, path: str) -> Any:
    async with server.client() as client:
        return await client.rest.get(path)


async def _ask(server: Server) -> tuple[list[dict[str, Any]], str]:
    """Machines with `workers` as documents, each with its `services`; and the server's time."""
    async with server.client() as client:
        answers: list[Any] = list(
            await asyncio.gather(*(client.rest.get(path) for path in ("/machines", "/workers", "/services")))
        )
    machines, workers, services = answers
    documents = {
        worker["id"]: {**worker, "services": [each for each in services["services"] if each["worker"] == worker["id"]]}
        for worker in workers["workers"]
    }
    return [
        {**machine, "workers": [documents[id] for id in machine["workers"] if id in documents]}
        for machine in machines["machines"]
    ], services["now"]


def _without_those_gone(machine: dict[str, Any]) -> dict[str, Any]:
    """Without workers that said goodbye, and services that their worker names no more."""
    there = [worker for worker in machine["workers"] if not worker.get("left_at")]
    return {**machine, "workers": [{**worker, "services": _without_gone(worker["services"])} for worker in there]}


def _without_gone(services: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [service for service in services if not service.get("gone_at")]


# -- machine, worker, service: a line each ---------------------------------------------------------------------------


def _as_tree(found: Iterable[dict[str, Any]], now: str) -> Iterable[str]:
    rows = [row for machine in found for row in _machine_rows(machine, now)]
    if rows:
        yield from table(rows, ("MACHINE / WORKER / SERVICE", "STATE", "FOR", "HEARD", ""))


def _machine_rows(machine: dict[str, Any], now: str) -> Iterable[list[str]]:
    yield [machine["name"], state_text(machine["state"]), "", "", _machine_words(machine["workers"])]
    for worker in machine["workers"]:
        yield [
            f"  {_below(worker['id'], machine['name'])}",
            state_text("left" if worker.get("left_at") else worker.get("state", "")),
            _since(worker.get("state_at"), now),
            _ago(worker.get("heard_at"), now),
            _worker_words(worker),
        ]
        for service in worker["services"]:
            yield [
                f"    {service['name']}",
                state_text(service.get("status", "unknown")),
                _since(service.get("changed_at"), now),
                _ago(service.get("seen_at"), now),
                _service_words(service),
            ]


def _below(id: str, machine: str) -> str:
    """What a worker shares with its machine is said once."""
    short = id.removeprefix(f"{machine}/")
    return short or id


def _machine_words(workers: Iterable[dict[str, Any]]) -> str:
    """Slots of those that are connected; what the others use, nobody can know."""
    there = [worker for worker in workers if worker.get("state") in CONNECTED]
    if not there:
        return "not connected"
    return f"{sum(map(_busy, there))} of {sum(worker.get('slots') or 0 for worker in there)} slots in use"


def _slots(worker: dict[str, Any]) -> str:
    return (
        f"{_busy(worker)} of {worker['slots']} slots"
        if worker.get("slots") and worker.get("state") in CONNECTED
        else ""
    )


def _busy(worker: dict[str, Any]) -> int:
    load: Any = worker.get("load") or {}
    return load.get("busy") or 0


def _worker_words(worker: dict[str, Any]) -> str:
    problems: list[Any] = worker.get("problems") or []
    return _joined(
        _slots(worker),
        f"headway {worker['version']}" if worker.get("version") else "",
        f"problem: {one_line(problems[-1]['problem'])}" if problems else worker.get("reason") or "",
    )


def _service_words(service: dict[str, Any]) -> str:
    return _joined(
        f"{service.get('type', '')} {service.get('version', '')}".strip(),
        _gpu(service.get("load") or {}),
        _queue(service.get("load") or {}),
        f"job {service['job']}" if service.get("job") else "",
        _why(service),
    )


def _why(service: dict[str, Any]) -> str:
    said = (one_line(service.get(name)) for name in ("reason", "error"))
    return ": ".join(dict.fromkeys(each for each in said if each))


def _gpu(load: dict[str, Any]) -> str:
    """`NVIDIA RTX 4090, 20.1 GB of 24.0 GB VRAM free`, of `cuda:0 NVIDIA RTX 4090 : cudaMallocAsync`."""
    device = one_line(load.get("device")).partition(" : ")[0]
    first, _, rest = device.partition(" ")
    free, total = load.get("vram_free"), load.get("vram_total")
    vram = f"{size_text(free)} of {size_text(total)} VRAM free" if total and free is not None else ""
    return ", ".join(part for part in (rest if ":" in first and rest else device, vram) if part)


def _queue(load: dict[str, Any]) -> str:
    """`queue 1 running, 3 waiting (2 of others)`, `queue empty`."""
    running, waiting = load.get("queue_running"), load.get("queue_pending")
    if running is None and waiting is None:
        return ""
    if not running and not waiting:
        return "queue empty"
    others = f" ({load['others']} of others)" if load.get("others") else ""
    return f"queue {running or 0} running, {waiting or 0} waiting{others}"


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


# -- services alone --------------------------------------------------------------------------------------------------


def _as_table(found: Sequence[dict[str, Any]], now: str) -> Iterable[str]:
    rows = [
        [
            each["id"],
            each.get("type", ""),
            state_text(each.get("status", "unknown")),
            _since(each.get("changed_at"), now),
            _ago(each.get("seen_at"), now),
            _joined(_queue(each.get("load") or {}), f"job {each['job']}" if each.get("job") else "", _why(each)),
        ]
        for each in found
    ]
    if rows:
        yield from table(rows, ("SERVICE", "TYPE", "STATE", "FOR", "HEARD", ""))


def _since(instant: str | None, now: str) -> str:
    return duration_text(max(from_iso(now) - from_iso(instant), 0) / 1000) if instant else ""


def _ago(instant: str | None, now: str) -> str:
    return f"{_since(instant, now)} ago" if instant else ""
