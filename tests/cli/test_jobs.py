"""Jobs from the command line, against a real server."""

from __future__ import annotations

import io
import json

import pytest

from headway.cli.jobs import job_page


def test_a_submitted_job_is_listed_shown_cancelled_and_retried(headway):
    made = headway(
        "submit", "crawl", "url=https://example.org", "depth:=3", "--label", "subject=sub-01", "--priority", "7"
    )

    assert made.code == 0
    assert "No connected worker serves the kind 'crawl'" in made.err
    listed = headway("jobs", "label.subject:sub-01", "--jsonl")
    job = json.loads(listed.out)
    assert (job["id"], job["args"], job["priority"]) == (made.word, {"url": "https://example.org", "depth": 3}, 7)
    shown = headway("job", made.word)
    assert "queued" in shown.out
    assert "subject=sub-01" in shown.out
    cancelled = headway("cancel", made.word, "--reason", "enough")
    assert cancelled.err == f"{made.word} is cancelled.\n"
    again = headway("retry", made.word)
    assert again.code == 0
    assert json.loads(headway("job", again.word, "--json").out)["retry_of"] == made.word


def test_a_job_that_waits_says_what_for_and_the_way_out(headway):
    headway("queues", "pause", "slow", "--reason", "new disk")
    made = headway("submit", "crawl", "--queue", "slow")

    lines = [" ".join(line.split()) for line in headway("job", made.word).out.splitlines()]

    assert "waits No worker serves the kind crawl." in lines
    assert lines[lines.index("waits No worker serves the kind crawl.") - 1] == "headway queues resume slow"


def test_no_match_is_said_on_stderr_and_is_no_error(headway):
    said = headway("jobs", "kind:nothing-of-this-name")

    assert (said.code, said.out, said.err) == (0, "", "No job matches.\n")


def test_a_wrong_query_is_a_usage_error_with_the_way_out(headway):
    said = headway("jobs", "colour:red")

    assert said.code == 2
    assert "'colour:red' has the unknown key 'colour'" in said.err


def test_words_of_a_query_that_the_shell_unquoted_are_one_text(headway):
    headway("submit", "talk", "about=two words")

    assert headway("jobs", "two words", "--jsonl").out.count('"kind":"talk"') == 1


def test_a_term_may_be_negated_though_it_looks_like_an_option(headway):
    kept, left = headway("submit", "herd", "n=kept words").word, headway("submit", "herd", "--label", "hidden=yes").word

    without = headway("jobs", "-label.hidden:yes", "kind:herd", "--jsonl")
    unquoted = headway("jobs", "kind:herd", "-kept words", "--jsonl")

    assert [json.loads(line)["id"] for line in without.out.splitlines()] == [kept]
    assert [json.loads(line)["id"] for line in unquoted.out.splitlines()] == [left]


def test_a_job_that_does_not_exist_exits_with_5(headway):
    assert headway("job", "nope").code == 5
    assert headway("watch", "nope").code == 5
    assert headway("logs", "nope").code == 5


def test_cancelling_several_goes_on_after_one_that_fails(headway):
    job = headway("submit", "crawl").word

    said = headway("cancel", "nope", job)

    assert said.code == 5
    assert f"{job} is cancelled." in said.err


def test_all_that_match_are_counted_asked_about_cancelled_and_retried(headway, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    for _ in range(3):
        headway("submit", "flock")

    counted = headway("cancel", "--query", "kind:flock", "--dry-run")
    unsure = headway("cancel", "--query", "kind:flock")
    done = headway("cancel", "-q", "kind:flock", "--yes", "--reason", "enough")
    again = headway("retry", "-q", "kind:flock", "-y", "--json")
    refused = headway("retry", "-q", "kind:flock state:cancelled", "-y")

    assert counted.out == "3 jobs would be cancelled\n"
    assert unsure.code == 130
    assert "Cancel 3 jobs?" in unsure.err
    assert (done.code, done.out) == (0, "3 of 3 cancelled\n")
    told = json.loads(again.out)
    assert (told["state"], told["matched"], told["done"]) == ("completed", 3, 3)
    assert refused.out == "0 of 3 retried\n"
    assert "3 refused: headway logs 0" in refused.err


def test_many_are_followed_to_the_end_on_stderr(headway):
    for _ in range(60):
        headway("submit", "swarm")

    said = headway("cancel", "-q", "kind:swarm", "-y")

    assert (said.code, said.out) == (0, "60 of 60 cancelled\n")


@pytest.mark.parametrize(
    "words", [("cancel",), ("retry",), ("cancel", "x", "-q", ""), ("retry", "-q", "", "--args", "{}")]
)
def test_ids_or_a_query_are_needed(headway, words):
    assert headway(*words).code == 2


def test_a_server_that_is_not_there_exits_with_7(headway):
    said = headway("jobs", "--server", "http://127.0.0.1:9")

    assert said.code == 7
    assert "No Headway server answers at http://127.0.0.1:9 (connection refused)" in said.err


def test_the_events_of_a_job_are_lines_or_json(headway):
    job = headway("submit", "crawl").word

    text, lines, whole = headway("events", job), headway("events", job, "--jsonl"), headway("events", job, "--json")

    assert "job.submitted crawl" in text.out
    assert [json.loads(line)["type"] for line in lines.out.splitlines()] == ["job.submitted"]
    assert [event["type"] for event in json.loads(whole.out)] == ["job.submitted"]


def test_what_code_warned_of_and_noted_stands_on_the_page_of_its_job():
    notes = [{"level": "warning", "message": "careful"}, {"level": "error", "message": "no such page"}]

    lines = [" ".join(line.split()) for line in job_page({"id": "01J", "kind": "crawl", "notes": notes})]

    assert lines[-2:] == ["warning careful", "error no such page"]


def test_a_count_without_a_stage_is_that_of_the_whole_and_has_no_state_of_its_own():
    attempt = {"outcome": "succeeded", "worker": "w", "stages": {"": {"state": "running", "current": 3, "total": 3}}}

    lines = list(job_page({"id": "01J", "kind": "crawl", "state": "completed", "attempts": {"1": attempt}}))

    assert lines[-1].split() == ["·", "in", "all", "3/3"]


def test_events_need_a_job_or_to_be_followed(headway):
    assert headway("events").code == 2
