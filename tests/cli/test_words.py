"""Documents as lines of text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from headway.cli.words import bar, job_line, left_text, percent, plain_step, progress_count, table

COUNTS = json.loads((Path(__file__).parents[1] / "counts.json").read_text(encoding="utf-8"))
"""What progress looks like here and on the page: one table for both."""

AT = "2026-11-22T08:21:07.000Z"
LATER = "2026-11-22T08:21:17.000Z"
ESTIMATE = {"low_s": 50.0, "p50_s": 65.0, "high_s": 130.0, "basis": "from 23 past runs", "at": AT}


@pytest.mark.parametrize(
    ("overall", "drawn"),
    [(0.0, "        "), (1.0, "████████"), (0.5, "████    "), (0.001, "▏       "), (None, "········")],
)
def test_a_bar_shows_the_first_sign_and_an_unknown_overall_as_such(overall, drawn):
    assert bar(overall, 8) == drawn


@pytest.mark.parametrize(("overall", "text"), [(None, ""), (0.0, "0%"), (0.999, "99%"), (1.0, "100%")])
def test_a_percentage_is_never_rounded_up_to_the_end(overall, text):
    assert percent(overall) == text


@pytest.mark.parametrize("case", COUNTS, ids=lambda case: case["cli"] or "nothing")
def test_a_count_reads_as_people_write_it(case):
    assert progress_count(case["progress"]) == case["cli"]


def test_time_left_is_a_range_with_its_basis_counted_down_by_the_server_s_clock():
    assert left_text(ESTIMATE, AT) == "50s–2m 10s left (from 23 past runs)"
    assert left_text(ESTIMATE, LATER) == "40s–2m 00s left (from 23 past runs)"


def test_time_left_stands_still_while_nothing_is_heard():
    assert left_text(ESTIMATE, LATER, live=False) == "50s–2m 10s left (from 23 past runs)"


def test_an_estimate_without_a_range_is_called_about():
    rough = {"p50_s": 65.0, "basis": "rough: 1 past run", "at": AT}

    assert left_text(rough, AT) == "about 1m 05s left (rough: 1 past run)"


def test_time_left_never_goes_below_nothing():
    assert left_text({**ESTIMATE, "high_s": 5.0, "low_s": 1.0}, LATER) == "any moment"
    assert left_text({"p50_s": 5.0, "basis": "rough: 1 past run", "at": AT}, LATER) == "any moment"
    assert left_text(None, AT) == ""


def test_a_running_job_is_one_line():
    progress = {"overall": 0.5, "stage": "parse", "current": 3, "total": 6, "unit": "file"}
    job = {"id": "j", "kind": "crawl", "state": "running", "progress": progress, "estimate": ESTIMATE}

    line = job_line(job, AT, width=4)

    assert line == "crawl j  \x1b[36mrunning   \x1b[0m ██    50%  parse 3/6 file  50s–2m 10s left (from 23 past runs)"


def test_what_a_job_says_ends_its_line_and_commands_no_terminal():
    progress = {"overall": 0.5, "message": "KSampler:\n step 12 of 20\x1b[2J"}

    line = job_line({"id": "j", "kind": "a", "state": "running", "progress": progress}, AT, width=4)

    assert line.endswith("  50%  KSampler: step 12 of 20[2J")


def test_what_was_last_heard_over_a_lost_link_is_marked_with_its_time():
    assert job_line({"id": "j", "kind": "a", "state": "running"}, AT, live=False).endswith(
        "(link lost, as of 08:21:07 UTC)"
    )


@pytest.mark.parametrize(
    ("job", "end"),
    [
        ({"state": "completed", "started_at": AT, "finished_at": LATER}, "in 10s"),
        (
            {
                "state": "completed",
                "started_at": AT,
                "finished_at": LATER,
                "artifacts": {"9-a.png": {}, "9-b.png": {}},
                "warnings": 1,
                "notes": [{"level": "warning", "message": "node 5 is\nleft out"}, {"level": "error", "message": "x"}],
            },
            "in 10s, 2 files, 1 warning: node 5 is left out",
        ),
        ({"state": "completed", "warnings": 7, "notes": []}, "7 warnings"),
        (
            {
                "state": "completed",
                "started_at": AT,
                "finished_at": LATER,
                "artifacts": {"1.png": {}},
                "result": {
                    "content": [{"type": "text", "text": "Done.\x1b[2J\n5 steps"}],
                    "server": "s",
                    "protocol": "p",
                },
            },
            "in 10s, 1 file · Done.[2J",
        ),
        ({"state": "cancelled", "reason": "cancelled"}, "before it started: cancelled"),
        (
            {"state": "failed", "error": {"type": "E", "message": "a\nb"}, "started_at": AT, "finished_at": LATER},
            "after 10s: E: a",
        ),
    ],
)
def test_how_a_job_ended_is_said_in_its_line(job, end):
    assert job_line({"id": "j", "kind": "a", **job}).endswith(end)


def test_a_plain_line_is_worth_printing_when_state_stage_or_tenth_change():
    step = plain_step({"state": "running", "progress": {"overall": 0.31, "stage": "a"}})

    assert step == plain_step({"state": "running", "progress": {"overall": 0.39, "stage": "a"}})
    assert step != plain_step({"state": "running", "progress": {"overall": 0.41, "stage": "a"}})
    assert step != plain_step({"state": "running", "progress": {"overall": 0.31, "stage": "b"}})


def test_a_table_is_as_wide_as_its_widest_cells_and_colours_do_not_count():
    lines = list(table([["a", "\x1b[31mred\x1b[0m", "x"], ["long", "b", "y"]], ("A", "COLOUR", "Z")))

    assert lines == ["A     COLOUR  Z", "a     \x1b[31mred\x1b[0m     x", "long  b       y"]
