"""Calls that run and calls that were told to stop, as the wire tells of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headway.connectors.mcp.calling import Call, calling, the_call
from headway.connectors.mcp.calls import QUIET_S, Calls
from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.secrets import Secrets

TOOL = Tool(name="t", kind="mcp.it.t", title="", description="", schema={}, output=None, annotations={}, definition="")


class Ctx:
    """What a call needs of a context."""

    def __init__(self, job: str) -> None:
        self.job_id = job
        self.lives = 0

    def alive(self) -> None:
        self.lives += 1


class HandClock:
    """Stands still but where the test moves it."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.at += seconds


class Scene:
    def __init__(self) -> None:
        self.clock = HandClock()
        self.changes = 0
        self.calls = Calls(self.clock, self.changed)  # pyright: ignore[reportArgumentType]

    def changed(self) -> None:
        self.changes += 1

    def begin(self, job: str, *ids: int) -> Call:
        call = Call(Ctx(job), TOOL, Secrets())  # pyright: ignore[reportArgumentType]
        call.ids.update(ids)
        self.calls.begin(call)
        return call


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_word_is_a_sign_of_life_of_its_call_alone(scene: Scene):
    one, two = scene.begin("J", 1), scene.begin("K", 2, 3)

    scene.calls.heard_of(3)

    lives: list[Any] = [call.ctx.lives for call in (one, two)]  # pyright: ignore[reportAttributeAccessIssue]
    assert lives == [0, 1]


def test_a_call_that_was_told_to_stop_counts_once_it_is_heard_of(scene: Scene):
    call = scene.begin("J", 1)

    scene.calls.abandon(call)
    before = scene.calls.leftover
    scene.calls.heard_of(1)

    assert (before, scene.calls.leftover, scene.calls.running) == (0, 1, [])
    assert call.over.is_set()


def test_its_answer_ends_it(scene: Scene):
    leftover = scene.calls.abandon(scene.begin("J", 1))
    scene.calls.heard_of(1)

    scene.calls.answered(1)

    assert (scene.calls.leftover, scene.calls.told_to_stop) == (0, [])
    assert leftover.answered.is_set()


def test_its_silence_ends_it_too(scene: Scene):
    scene.calls.abandon(scene.begin("J", 1))
    scene.calls.heard_of(1)

    scene.clock.at += QUIET_S - 1
    scene.calls.forget_quiet()
    early = scene.calls.leftover
    scene.calls.heard_of(1)
    scene.clock.at += QUIET_S - 1
    scene.calls.forget_quiet()
    heard_again = scene.calls.leftover
    scene.clock.at += 1
    scene.calls.forget_quiet()

    assert (early, heard_again, scene.calls.leftover) == (1, 1, 0)


def test_a_lost_connection_ends_them_all_and_the_next_counts_from_one_again(scene: Scene):
    running = scene.begin("J", 1)
    scene.calls.abandon(scene.begin("K", 2))
    scene.calls.heard_of(2)

    scene.calls.lost()
    scene.calls.heard_of(1)

    assert (scene.calls.leftover, running.ids) == (0, set())


def test_the_board_is_told_when_the_numbers_change_and_not_for_each_word(scene: Scene):
    scene.calls.abandon(scene.begin("J", 1))
    before = scene.changes

    for _ in range(5):
        scene.calls.heard_of(1)

    assert scene.changes == before + 1


async def test_a_leftover_is_listened_to_until_it_speaks_or_time_is_up(scene: Scene):
    silent = scene.calls.abandon(scene.begin("J", 1))
    loud = scene.calls.abandon(scene.begin("K", 2))
    done = scene.calls.abandon(scene.begin("L", 3))
    scene.calls.heard_of(2)
    scene.calls.answered(3)

    heard = [await each.word(scene.clock, 2.0) for each in (silent, loud, done)]  # pyright: ignore[reportArgumentType]

    assert heard == [False, True, False]


def test_a_word_without_a_name_is_the_only_call_s_or_nobody_s(scene: Scene):
    one, two = scene.begin("J", 1), scene.begin("K", 2)

    token = calling.set(two)
    named = the_call([one, two])
    calling.reset(token)

    assert (the_call([one]), the_call([one, two]), the_call([]), named) == (one, None, None, two)
