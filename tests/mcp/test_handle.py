from __future__ import annotations

from typing import Any

import pytest

from headway.errors import NotFound
from headway.mcp import handle


def made() -> tuple[Any, str]:
    secret = handle.new_secret()
    return {"id": "01J", "labels": handle.labels_of(secret, "agent x")}, secret


def test_a_handle_leads_back_to_its_job():
    job, secret = made()

    id, said = handle.job_of(handle.as_handle("01J", secret))

    assert id == "01J"
    handle.check(job, said)


def test_what_the_job_carries_does_not_give_the_handle_away():
    job, secret = made()

    assert secret not in str(job)
    for label in job["labels"].values():
        with pytest.raises(NotFound):
            handle.check(job, label)


def test_two_calls_have_two_secrets():
    assert handle.new_secret() != handle.new_secret()


@pytest.mark.parametrize("wrong", ["", "01J", "01J.", ".x", "01J.\n", "01J." + "x" * 300])
def test_what_is_no_handle_is_not_found(wrong: str):
    with pytest.raises(NotFound, match="No task has the id"):
        handle.job_of(wrong)


def test_a_job_that_no_call_made_is_nobodys_task():
    with pytest.raises(NotFound):
        handle.check({"id": "01J"}, handle.new_secret())
