from __future__ import annotations

import pytest

from headway.errors import Forbidden, InvalidInput, KeyReused, NotFound, Refused, Unauthorized
from headway.server.desk import METHODS, SiteDesk
from headway.server.tokens import LOCAL, SCOPES, Subject


async def test_a_job_is_submitted_and_cancelled_over_the_link(running):
    async with running() as bench:
        desk = SiteDesk(bench.site)

        made = await desk.request(LOCAL, "job.submit", {"kind": "add", "args": {"a": 1}}, None)
        cancelled = await desk.request(LOCAL, "job.cancel", {"id": made["id"], "reason": "no"}, None)
        job = await bench.job(made["id"])

    assert made["created"] is True
    assert cancelled == {"state": "cancelled"}
    assert (job["args"], job["cancel"]["reason"]) == ({"a": 1}, "no")


async def test_a_key_makes_it_once_and_another_body_is_refused(running):
    async with running() as bench:
        desk = SiteDesk(bench.site)
        first = await desk.request(LOCAL, "job.submit", {"kind": "add"}, "k")

        assert await desk.request(LOCAL, "job.submit", {"kind": "add"}, "k") == first
        with pytest.raises(KeyReused):
            await desk.request(LOCAL, "job.submit", {"kind": "sub"}, "k")


@pytest.mark.parametrize(
    ("method", "params", "error"),
    [
        ("job.explode", {}, NotFound),
        ("job.cancel", {}, InvalidInput),
        ("job.cancel", {"id": "nowhere"}, NotFound),
        ("job.submit", {"kind": "add", "args": [1]}, InvalidInput),
        ("worker.drain", {"id": "nobody"}, NotFound),
    ],
)
async def test_the_errors_are_those_of_rest(method, params, error, running):
    async with running() as bench:
        with pytest.raises(error):
            await SiteDesk(bench.site).request(LOCAL, method, params, None)


async def test_every_method_makes_its_command(running):
    async with running() as bench:
        desk = SiteDesk(bench.site)
        id = (await desk.request(LOCAL, "job.submit", {"kind": "add"}, None))["id"]
        params = {
            "job.submit": {"kind": "add"},
            "job.cancel": {"id": id},
            "job.priority": {"id": id, "priority": 3},
            "job.input": {"id": id, "request": "x"},
            "job.hold": {"id": id},
            "job.release": {"id": id},
            "job.delete": {"id": id},
            "queue.pause": {"name": "default"},
            "queue.resume": {"name": "default"},
            "worker.drain": {"id": "bench/1"},
        }
        await bench.connect()
        order = sorted(METHODS, key=lambda method: method in {"job.cancel", "job.delete"})

        for method in order:
            if method == "job.input":
                with pytest.raises(Refused):
                    await desk.request(LOCAL, method, params[method], None)
            else:
                await desk.request(LOCAL, method, params[method], None)

    assert set(params) == set(METHODS)


async def test_who_may_only_look_may_not_ask(running):
    async with running(token="t") as bench:
        desk = SiteDesk(bench.site)
        viewer = Subject("eve", SCOPES["viewer"])

        with pytest.raises(Forbidden):
            await desk.request(viewer, "job.submit", {"kind": "add"}, None)
        with pytest.raises(Unauthorized):
            desk.authorize("wrong")
        assert desk.authorize("t").name == "token"
