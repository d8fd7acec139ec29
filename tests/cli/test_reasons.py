"""Why a job that one waits for does not run is said while one waits: once, when it stood for a while, and when it changes."""

from __future__ import annotations

from typing import Any

import pytest

from headway.cli import reasons
from headway.cli.reasons import Waits
from headway.model.obstacle import CODES

NO_WORKER = {
    "code": "no_worker",
    "text": "No worker serves the kind crawl.",
    "hint": "headway worker m:app",
    "kind": "crawl",
}
PAUSED = {"code": "queue_paused", "text": "Queue default is paused.", "queue": "default"}


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "LOOK_S", 0.05)
    monkeypatch.setattr(reasons, "LATER_S", 0.05)


@pytest.mark.parametrize("code", CODES)
def test_each_sort_of_reason_is_said_with_its_way_out_when_it_stood_at_two_looks(code: str):
    waits, reason = Waits(), {"code": code, "text": "It waits.", "hint": "Do that."}

    first = waits.news("j", [reason])
    second = waits.news("j", [reason])

    way_out = "headway answer j" if code == "needs_input" else "Do that."
    assert (first, second) == (None, ["  waits        It waits.", f"               {way_out}"])


def test_a_job_that_starts_between_two_looks_says_nothing():
    waits = Waits()

    assert [waits.news("j", [NO_WORKER]), waits.news("j", []), waits.news("j", [])] == [None, None, None]


def test_what_was_said_is_said_again_only_when_it_is_another():
    waits = Waits()
    looks: list[list[dict[str, Any]]] = [[NO_WORKER], [NO_WORKER], [NO_WORKER], [PAUSED], [PAUSED], [], []]

    said = [waits.news("j", look) for look in looks]

    told = ["  waits        No worker serves the kind crawl.", "               headway worker m:app"]
    assert said == [None, told, None, None, ["  waits        Queue default is paused."], [], None]


def test_the_time_that_is_left_makes_it_no_other():
    waits = Waits()
    later = [{"code": "scheduled", "text": f"in {left}s", "run_at": "2026-11-22", "left_s": left} for left in (9, 6, 3)]

    assert [waits.news("j", [each]) for each in later] == [None, ["  waits        in 6s"], None]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("how", ["--wait", "--watch"])
def test_who_submits_and_waits_is_told_that_no_worker_serves_the_kind(headway: Any, how: str):
    said = headway("submit", "nobodys", how, "--expires", "2s")

    assert said.code == 4
    assert said.err.count("  waits        No worker serves the kind nobodys.") == 1
    assert "No worker serves" not in said.out


@pytest.mark.usefixtures("quick")
def test_who_watches_is_told_by_the_job_why_it_waits(headway: Any):
    headway("queues", "pause", "closed")
    job = headway("submit", "nobodys", "--queue", "closed", "--expires", "2s").word

    said = headway("watch", job)

    assert said.code == 4
    assert f"{job}\n  waits        Queue closed is paused" in said.err
    assert "headway queues resume closed" in said.err
