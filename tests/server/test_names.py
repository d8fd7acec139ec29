"""Whatever people name a queue, a kind, a worker or what they save: REST finds it under this name and no other."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from headway.model import command as c

NAMES = [
    "a b", "a/b", "/a", "a/", "a//b", "/", "a%2Fb", "%", "a+b", "a?b=c", "a#b", "a;b=1", "a\\b", "a:b@c", "größe/ß", "🦉",
    "../jobs", "a/../b", "...", "a/..", "clear", "a/clear", "drain", "gpu-3/1/drain", "a", "b", 'quoted "name"',
]  # fmt: skip
"""All are there at once, so that one taken for another is seen."""


def address(name: str) -> str:
    """The name as one part of a path, as every client of ours writes it."""
    return quote(name, safe="")


async def test_a_queue_is_looked_at_changed_and_cleared_under_its_name(running):
    async with running() as bench:
        ids = {name: await bench.submit(queue=name) for name in NAMES}
        for name in NAMES:
            path = f"/api/v1/queues/{address(name)}"

            limited = await bench.http.patch(path, json={"limit": 1 + NAMES.index(name)})
            found = (await bench.http.get(path)).json()
            cleared = (await bench.http.post(f"{path}/clear")).json()

            assert limited.json()["name"] == name
            assert found == {"name": name, "counts": {"queued": 1}, "limit": 1 + NAMES.index(name)}
            assert (cleared["done"], (await bench.job(ids[name]))["state"]) == (1, "cancelled")


async def test_a_kind_is_looked_at_and_limited_under_its_name(running):
    async with running() as bench:
        await bench.connect(*({"name": name, "hash": "1"} for name in NAMES))
        for name in NAMES:
            path = f"/api/v1/kinds/{address(name)}"

            limited = (await bench.http.patch(path, json={"limit": 2})).json()
            found = (await bench.http.get(path)).json()

            assert (limited["name"], found["name"], found["limit"]) == (name, name, 2)


async def test_a_worker_is_looked_at_and_drained_under_its_id(running):
    async with running() as bench:
        for name in NAMES:
            await bench.do(c.Connect(worker=name, profile={"id": name, "machine": "m", "instance": "i"}))
        for name in NAMES:
            path = f"/api/v1/workers/{address(name)}"

            before = (await bench.http.get(path)).json()
            drained = (await bench.http.post(f"{path}/drain")).json()

            assert (before["id"], before["state"]) == (name, "online")
            assert (drained["id"], drained["state"]) == (name, "draining")


@pytest.mark.parametrize(("section", "body"), [("views", {"q": ""}), ("templates", {"kind": "add"})])
async def test_what_is_saved_is_kept_found_and_removed_under_its_name(running, section: str, body: object):
    paths = {name: f"/api/v1/saved/{section}/{address(name)}" for name in NAMES}
    async with running() as bench:
        for path in paths.values():
            assert (await bench.http.put(path, json=body)).status_code == 201
        for name, path in paths.items():
            found = await bench.http.get(path)
            gone = await bench.http.delete(path)
            after = await bench.http.get(path)

            assert (found.json()["name"], gone.status_code, after.status_code) == (name, 204, 404)


@pytest.mark.parametrize("name", [".", ".."])
async def test_what_no_address_can_have_is_refused_as_a_name(running, name: str):
    async with running() as bench:
        queue = (await bench.http.post("/api/v1/jobs", json={"kind": "add", "queue": name})).json()
        kind = (await bench.http.post("/api/v1/jobs", json={"kind": name})).json()

    assert (queue["field"], queue["message"]) == ("queue", f"queue: {name!r} is no name.")
    assert (kind["field"], kind["hint"]) == ("kind", "No address can have it; use another.")
