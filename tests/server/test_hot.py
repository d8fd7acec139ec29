"""Submitting past the framework answers as the framework would."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from headway.server.hot import STRAIGHT, Hot

SUBMITS: dict[str, dict[str, Any]] = {
    "a job": {"json": {"kind": "add", "args": {"a": 1}}},
    "a misspelled option": {"json": {"kind": "add", "prority": 1}},
    "no JSON": {"content": b"{", "headers": {"content-type": "application/json"}},
    "not declared as JSON": {"content": b"{}", "headers": {"content-type": "text/plain"}},
    "a body too large": {"json": {"kind": "add", "args": {"a": "x" * 400_000}}},
    "a key too long": {"json": {"kind": "add"}, "headers": {"idempotency-key": "k" * 300}},
}


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/api/v1/jobs/batch"])
@pytest.mark.parametrize("asked", SUBMITS.values(), ids=SUBMITS)
async def test_both_ways_answer_alike(running: Any, path: str, asked: dict[str, Any]):
    async with running() as bench:
        door = bench.application.agents
        hot = door.inner
        assert isinstance(hot, Hot)

        straight = await bench.http.post(path, **asked)
        door.inner = hot.inner
        framework = await bench.http.post(path, **asked)

        assert (straight.status_code, shape(straight)) == (framework.status_code, shape(framework))
        assert straight.headers.keys() == framework.headers.keys()


def shape(response: httpx.Response) -> Any:
    """The body without what is new each time."""
    body = response.json()
    return {name: value for name, value in body.items() if name != "id"}


async def test_every_straight_path_is_a_route_that_the_description_has(running: Any):
    async with running() as bench:
        routes = bench.application.agents.inner.inner.routes
        described = {
            (method, route.path): route.endpoint
            for route in routes
            if isinstance(route, APIRoute)
            for method in route.methods
        }

    assert {way: described[way] for way in STRAIGHT} == STRAIGHT
