from __future__ import annotations

import json

import pytest

from headway.model import report as r

LEVELS = ("debug", "info", "warning", "error")


@pytest.fixture
def logged(running):
    """A bench with a running job of 2,500 lines."""

    async def start(bench) -> str:
        id = await bench.submit()
        await bench.start(id)
        lines = [(1_000 + number, LEVELS[number % 4], f"line {number}") for number in range(1, 2_501)]
        for n in range(5):
            await bench.say(id, n + 1, r.LogLines(lines=lines[n * 500 : (n + 1) * 500]))
        return id

    return start


async def test_the_whole_log_is_its_lines_as_they_were_written(running, logged):
    async with running() as bench:
        id = await logged(bench)
        answer = await bench.http.get(f"/api/v1/jobs/{id}/logs")

    assert answer.text == "".join(f"line {number}\n" for number in range(1, 2_501))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["headway-log-lines"] == "2500"


async def test_json_lines_carry_number_time_level_and_attempt(running, logged):
    async with running() as bench:
        id = await logged(bench)
        answer = await bench.http.get(f"/api/v1/jobs/{id}/logs", params={"format": "jsonl", "from": 2_499})

    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["number"] for line in lines] == [2_499, 2_500]
    assert (lines[0]["level"], lines[0]["text"], lines[0]["attempt"]) == ("error", "line 2499", 1)
    assert lines[0]["at"].endswith("Z")


@pytest.mark.parametrize(
    ("narrowed", "texts"),
    [
        ({"tail": 2}, ["line 2499", "line 2500"]),
        ({"tail": 2, "from": 2_500}, ["line 2500"]),
        ({"contains": "line 125", "limit": 3}, ["line 125", "line 1250", "line 1251"]),
        ({"contains": "LINE"}, []),
        ({"contains": "LINE 125", "ignore_case": True, "limit": 1}, ["line 125"]),
        ({"contains": ".*"}, []),
        ({"level": "warning,error", "limit": 2}, ["line 2", "line 3"]),
        ({"from": 2_501}, []),
    ],
)
async def test_a_log_is_narrowed_by_number_text_and_level(narrowed, texts, running, logged):
    async with running() as bench:
        id = await logged(bench)
        answer = await bench.http.get(f"/api/v1/jobs/{id}/logs", params=narrowed)

    assert answer.text.splitlines() == texts


async def test_an_unknown_level_is_named_with_those_there_are(running):
    async with running() as bench:
        id = await bench.submit()
        answer = await bench.http.get(f"/api/v1/jobs/{id}/logs", params={"level": "loud"})

    assert answer.json()["message"] == "level: 'loud' is unknown."
    assert answer.json()["hint"] == "Levels are debug, info, success, warning, error, out, err."
