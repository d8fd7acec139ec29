"""`headway run`: the command comes first, and what it printed becomes a job."""

from __future__ import annotations

import json


def run_sh(headway, script: str, *options: str):
    return headway("run", *options, "--", "sh", "-c", script)


def newest(headway, kind: str):
    return json.loads(headway("jobs", f"kind:{kind}", "--limit", "1", "--jsonl").out)


def test_a_command_keeps_its_output_and_exit_code_and_becomes_a_job(headway):
    said = run_sh(headway, "echo 1/2; echo 2/2; echo $HEADWAY_JOB_ID", "--name", "counting", "--label", "why=test")

    job = newest(headway, "counting")
    assert said.code == 0
    assert said.out.split() == ["1/2", "2/2", job["id"]]
    assert f"headway watch {job['id']}" in said.err
    assert (job["state"], job["adopted"], job["labels"]) == ("completed", True, {"why": "test"})
    assert job["result"]["exit_code"] == 0
    assert headway("logs", job["id"]).out.split() == ["1/2", "2/2", job["id"]]


def test_a_command_that_fails_gives_its_own_code_and_a_failed_job(headway):
    said = run_sh(headway, "exit 3", "--name", "failing")

    job = newest(headway, "failing")
    assert said.code == 3
    assert (job["state"], job["error"]["message"]) == ("failed", "The command exited with 3.")
    assert headway("watch", job["id"]).code == 1


def test_watching_a_job_that_has_ended_shows_it_and_ends(headway):
    run_sh(headway, "true", "--name", "short")
    job = newest(headway, "short")

    text, lines = headway("watch", job["id"]), headway("watch", job["id"], "--jsonl")

    assert text.code == 0
    assert "completed" in text.out
    assert json.loads(lines.out)["state"] == "completed"


def test_lines_are_searched_here_and_tailed(headway):
    run_sh(headway, "for i in 1 2 3 4 5; do echo line $i; done", "--name", "talking", "-q")
    job = newest(headway, "talking")["id"]

    assert headway("logs", job, "--grep", "[24]$").out == "line 2\nline 4\n"
    assert headway("logs", job, "--tail", "2", "-f").out == "line 4\nline 5\n"
    assert headway("logs", job, "--level", "error").out == ""
    assert json.loads(headway("logs", job, "--tail", "1", "--jsonl").out)["number"] == 5


def test_a_regular_expression_that_is_none_is_a_usage_error(headway):
    assert headway("logs", "j", "--grep", "(").code == 2


def test_a_command_that_does_not_exist_exits_as_a_shell_would(headway):
    said = headway("run", "--", "no-such-command-anywhere")

    assert said.code == 127
    assert "no-such-command-anywhere" in said.err


def test_a_command_runs_although_no_server_answers(headway):
    said = headway("run", "--server", "http://127.0.0.1:9", "--", "sh", "-c", "echo done; exit 4")

    assert said.code == 4
    assert "done" in said.out
    assert "the command runs all the same" in said.err


def test_a_command_says_nothing_of_ours_when_asked_to_be_quiet(headway):
    assert run_sh(headway, "true", "-q").err == ""
