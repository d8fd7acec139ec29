"""Exit codes by what went wrong."""

from __future__ import annotations

import pytest

from headway import errors as e
from headway.cli.exits import exit_of, say_error, worst


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (e.JobFailed("j"), 1),
        (e.InvalidInput("q", "is wrong"), 2),
        (e.Refused("retry", "running"), 2),
        (e.JobCancelled("j"), 3),
        (e.JobTimedOut("j"), 4),
        (e.JobLost("j"), 4),
        (e.NotFound("job", "j"), 5),
        (e.Unauthorized("no token"), 6),
        (e.Forbidden("no"), 6),
        (e.LinkRefused(4001, "no token"), 6),
        (e.Unreachable("http://x", "refused"), 7),
        (e.Overloaded(10_000), 7),
        (e.NotServing(), 7),
        (e.StoreUnusable("locked"), 1),
        (e.HeadwayError("whatever"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_the_exit_code_of_the_contract(error, code):
    assert exit_of(error) == code


@pytest.mark.parametrize(("codes", "code"), [([], 0), ([0, 0], 0), ([0, 3], 3), ([3, 4, 0], 4), ([4, 1, 3], 1)])
def test_of_several_jobs_the_worst_end_counts(codes, code):
    assert worst(codes) == code


def test_an_error_is_said_on_stderr_with_its_way_out_below(capsys):
    say_error(e.NotFound("job", "j", hint="'headway jobs' lists them."))

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "headway: No job has the id 'j'.\n         'headway jobs' lists them.\n"
