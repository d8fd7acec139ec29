"""A worker that is repaired is gone for a moment: what is printed is how it is after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from websockets.sync.client import connect

from headway.cli import workers
from headway.protocol.frames import WORKER_PROTOCOL, WorkerHello, encode_many
from headway.testing.clock import VirtualClock

AWAY = {"id": "m/1", "state": "disconnected"}


class Answers:
    """What a server says of one worker, one answer after the other; the last for ever."""

    def __init__(self, *states: str) -> None:
        self.clock = VirtualClock()
        self.states = list(states)

    async def get(self, path: str) -> dict[str, Any]:
        assert path == "/workers/m/1"
        return {"id": "m/1", "state": self.states.pop(0) if len(self.states) > 1 else self.states[0]}


@pytest.mark.parametrize(
    ("first", "states", "state"),
    [
        (AWAY, ("disconnected", "online"), "online"),
        (AWAY, ("problem",), "problem"),
        (AWAY, ("disconnected",), "disconnected"),
        ({**AWAY, "state": "draining"}, ("lost",), "draining"),
    ],
)
async def test_a_worker_that_is_asked_again_is_waited_for_five_seconds_at_most(
    first: dict[str, Any], states: tuple[str, ...], state: str
):
    answers = Answers(*states)

    back = asyncio.ensure_future(workers.until_back(answers, "m/1", first))
    await answers.clock.advance(workers.BACK_S + workers.LOOK_S)

    assert back.done()
    assert (await back)["state"] == state


def test_one_that_is_not_back_yet_is_said_to_be_asked(
    headway: Callable[..., Any], server: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workers, "BACK_S", 0.0)
    address = f"{server.replace('http', 'ws', 1)}/api/v1/worker"
    with connect(address, subprotocols=[WORKER_PROTOCOL], compression=None) as socket:
        profile = {"id": "m/1", "name": "1", "machine": "m", "instance": "i", "slots": 1}
        socket.send(encode_many([WorkerHello(worker=profile, kinds=[])]), text=True)
        socket.recv()

        said = headway("workers", "repair", "m/1")

    assert (said.code, "disconnected" in said.out) == (0, True)
    assert "m/1 was asked to say hello again and has not yet; look with: headway workers" in said.err
