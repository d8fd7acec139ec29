"""How jobs come into being: defaults, keys, what they wait for, and what is refused with its field named."""

from __future__ import annotations

import pytest

from headway.clock import from_iso
from headway.errors import HeadwayError, InvalidInput, Refused, TooLarge
from headway.model import command as c
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


def test_a_job_is_queued_with_all_that_was_asked(lab):
    job = lab.submit(queue="gpu", priority=5, labels={"a": "b"}, requires={"gpu": "a100"}, limit_key="k", parent="P")

    doc = lab.doc(job)
    assert lab.types() == ["job.submitted"]
    assert lab.state(job) == "queued"
    assert (doc["queue"], doc["priority"], doc["labels"], doc["parent"]) == ("gpu", 5, {"a": "b"}, "P")
    assert (doc["attempt"], doc["tries"], doc["max_attempts"]) == (0, 0, 1)
    assert doc["queued_at"] == doc["created_at"]


def test_small_input_is_in_the_document_to_the_letter_and_large_input_beside_it(lab):
    small, large = lab.submit(args=b'{"none":null}'), lab.submit(args=b'{"x":"' + b"y" * 5_000 + b'"}')

    assert lab.doc(small)["args"] == {"none": None}
    assert "args" not in lab.doc(large)
    with lab.store.reading() as reading:
        assert len(reading.args(large) or b"") == lab.doc(large)["args_bytes"] == 5_008


def test_a_kind_fills_what_the_submit_leaves_open(lab):
    defaults = {"queue": "gpu", "priority": 3, "max_attempts": 4, "expires_s": 60, "requires": {"gpu": "a100"},
                "labels": {"team": "vision", "cost": "low"}, "options": {"timeout_s": 9, "backoff_s": 2}}  # fmt: skip
    lab.worker(kinds=({"name": "train", "defaults": defaults},))

    plain = lab.doc(lab.submit(kind="train"))
    own = lab.doc(
        lab.submit(
            kind="train",
            queue="q",
            priority=0,
            max_attempts=1,
            expires_s=5,
            options={"timeout_s": None},
            labels={"cost": "high"},
        )
    )

    assert (plain["queue"], plain["priority"], plain["max_attempts"]) == ("gpu", 3, 4)
    assert plain["options"] == {"timeout_s": 9, "backoff_s": 2}
    assert plain["requires"] == {"gpu": "a100"}
    assert plain["labels"] == {"team": "vision", "cost": "low"}
    assert own["labels"] == {"team": "vision", "cost": "high"}
    assert from_iso(plain["expires_at"]) == lab.now + 60_000
    assert (own["queue"], own["priority"], own["max_attempts"]) == ("q", 0, 1)
    assert own["options"] == {"backoff_s": 2}
    assert from_iso(own["expires_at"]) == lab.now + 5_000


def test_how_it_is_run_may_be_said_in_full(lab):
    options = {
        "timeout_s": 1,
        "progress_timeout_s": 0.5,
        "cancel_grace_s": 0,
        "on_lost": "continue",
        "backoff_cap_s": 9,
    }

    assert lab.doc(lab.submit(options=options))["options"] == options


def test_a_submit_may_name_the_job_it_retries(lab):
    first = lab.job("failed")

    assert lab.doc(lab.submit(retry_of=first))["retry_of"] == first


def test_a_time_that_has_passed_is_now(lab):
    assert lab.state(lab.submit(run_at=lab.now)) == "queued"
    assert lab.state(lab.submit(run_at=lab.now + 1)) == "scheduled"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"args": b"{oops"}, "args: not JSON: JSON is malformed: object keys must be strings (byte 1)."),
        (
            {"priority": 10**12},
            "priority: 1000000000000 is no priority. Give a whole number from -1,000,000 to 1,000,000.",
        ),
        ({"max_attempts": 0}, "max_attempts: 0 is less than 1. 1 means: no retries."),
        ({"after": ("J9",)}, "after: no job has the id 'J9'. Submit the job it waits for first."),
        ({"options": {"timeout_s": -1}}, "options.timeout_s: -1 is not a duration. Give seconds, 0 or more."),
        ({"options": {"timeout_s": "1h"}}, "options.timeout_s: '1h' is not a duration. Give seconds, 0 or more."),
        ({"options": {"timeout_s": True}}, "options.timeout_s: True is not a duration. Give seconds, 0 or more."),
        ({"options": {"on_lost": "cry"}}, "options.on_lost: 'cry' is unknown. One of abort, continue."),
        (
            {"options": {"speed": 1}},
            (
                "options.speed: is unknown. Options are timeout_s, progress_timeout_s, cancel_grace_s, backoff_s, "
                "backoff_cap_s, on_lost."
            ),
        ),
    ],
)
def test_what_can_not_be_is_refused_with_its_field_and_nothing_changes(lab, fields, sentence):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.submit(**fields)

    assert str(wrong.value) == sentence


def test_input_over_the_limit_is_refused(lab):
    with lab.nothing_changes(), pytest.raises(TooLarge) as large:
        lab.submit(args=b'"' + b"x" * lab.settings.args_bytes + b'"')

    assert str(large.value) == (
        "args has 262,146 bytes; the limit is 262,144. Keep large content in a file or artifact and pass its name."
    )


def test_an_id_is_used_once(lab):
    first, refused = lab.together(lab.asked(id="X"), lab.asked(id="X", kind="other"))

    assert first == {"id": "X", "created": True}
    assert str(refused) == "submit refused: job X is there already. Every submit needs an id of its own."
    assert lab.doc("X")["kind"] == "crawl"


# -- unique keys ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["scheduled", "queued", "running", "cancelling"])
def test_a_key_is_held_while_its_job_is_unfinished(lab, state):
    job = lab.job(state, unique="nightly")

    with lab.nothing_changes():
        answer = lab.do(lab.asked(unique="nightly"))

    assert answer == {"id": job, "created": False}


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled"])
def test_a_key_is_free_when_its_job_has_ended(lab, state):
    job = lab.job(state, unique="nightly")

    answer = lab.do(lab.asked(unique="nightly"))

    assert answer["created"] is True
    assert answer["id"] != job


def test_a_key_with_a_time_to_live_is_held_so_long_and_no_longer(lab):
    job = lab.job("completed", unique="nightly", unique_ttl_s=60)
    lab.wait(59.999)
    assert lab.do(lab.asked(unique="nightly"))["id"] == job
    lab.wait(0.001)

    assert lab.do(lab.asked(unique="nightly"))["created"] is True


def test_keys_are_met_within_one_commit_too_and_are_apart_by_namespace(lab):
    first, second, other = lab.together(
        lab.asked(unique="k"), lab.asked(unique="k"), lab.asked(unique="k", namespace="other")
    )

    assert second == {"id": first["id"], "created": False}
    assert other["created"] is True


def test_a_submit_that_is_refused_holds_no_key(lab):
    refused, taken = lab.together(lab.asked(unique="k", args=b"{"), lab.asked(unique="k"))

    assert isinstance(refused, HeadwayError)
    assert taken["created"] is True


# -- waiting for others --------------------------------------------------------------------------------------------


def test_a_job_waits_for_all_it_comes_after(lab):
    first, second = lab.job("running"), lab.job("running")
    job = lab.submit(after=(first, second))
    assert lab.types() == ["job.submitted", "job.blocked"]
    assert lab.state(job) == "blocked"

    lab.end(first, "succeeded")
    lab.do(c.Unblock(job=job, after=(first, second)))
    assert lab.state(job) == "blocked"
    lab.end(second, "succeeded")
    lab.do(c.Unblock(job=job, after=(first, second)))

    assert lab.state(job) == "queued"
    with lab.nothing_changes():
        lab.do(c.Unblock(job=job, after=(first, second)))


def test_what_has_completed_already_holds_nobody_back(lab):
    assert lab.state(lab.submit(after=(lab.job("completed"),))) == "queued"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_a_job_after_one_that_did_not_complete_is_given_up(lab, state):
    upstream = lab.job(state)

    job = lab.submit(after=(upstream,))

    assert lab.state(job) == "cancelled(upstream_failed)"
    assert lab.types() == ["job.submitted", "job.blocked", "job.cancelled"]


@pytest.mark.parametrize("how", ["failed", "cancelled", "deleted"])
def test_a_blocked_job_is_given_up_when_what_it_waits_for_does_not_complete(lab, how):
    upstream, other = lab.job("running"), lab.job("queued")
    job = lab.submit(after=(upstream, other))
    if how == "cancelled":
        lab.do(c.Cancel(job=upstream))
    lab.end(upstream, "cancelled" if how == "cancelled" else "rejected")
    if how == "deleted":
        lab.do(c.Delete(job=upstream))

    lab.do(c.Unblock(job=job, after=(upstream, other)))

    assert lab.state(job) == "cancelled(upstream_failed)"


def test_a_look_that_did_not_load_all_it_waits_for_decides_nothing(lab):
    upstream = lab.job("completed")
    other = lab.job("failed")
    job = lab.job("blocked", after=(lab.job("running"), upstream))

    with lab.nothing_changes():
        lab.do(c.Unblock(job=job))
        lab.do(c.Unblock(job=job, after=(upstream, other)))


def test_a_time_of_its_own_comes_after_the_others(lab):
    upstream = lab.job("running")
    job = lab.submit(after=(upstream,), run_at=lab.now + 60_000)
    assert lab.state(job) == "blocked"
    lab.end(upstream, "succeeded")

    lab.do(c.Unblock(job=job, after=(upstream,)))

    assert lab.types() == ["job.scheduled"]
    lab.wait(60)
    lab.look(job)
    assert lab.state(job) == "queued"


def test_jobs_of_another_namespace_are_not_there(lab):
    upstream = lab.submit(namespace="other")

    with pytest.raises(InvalidInput):
        lab.submit(after=(upstream,))


# -- retry ---------------------------------------------------------------------------------------------------------


def test_a_retry_is_a_new_job_of_the_same_lineage(lab):
    fields = {"queue": "gpu", "priority": 2, "labels": {"a": "b"}, "limit_key": "k", "max_attempts": 3, "parent": "P"}
    job = lab.job("queued", args=b'{"n":1}', options={"timeout_s": 9}, **fields)
    lab.do(c.Cancel(job=job))

    answer = lab.do(c.Retry(job=job, id="again", by="ann"))
    assert lab.types() == ["job.submitted", "job.retried"]

    again = lab.doc("again")
    assert answer == {"id": "again", "created": True}
    assert lab.state(job) == "cancelled(cancelled)"
    assert lab.doc(job)["retried_by"] == "again"
    assert (again["retry_of"], again["submitted_by"], again["state"]) == (job, "ann", "queued")
    assert {key: again[key] for key in fields} == fields
    assert (again["args"], again["options"], again["tries"]) == ({"n": 1}, {"timeout_s": 9}, 0)


def test_a_retry_may_have_another_input(lab):
    job = lab.job("failed", args=b'{"n":1}')

    lab.do(c.Retry(job=job, id="again", args=b'{"n":2}'))

    assert lab.doc("again")["args"] == {"n": 2}


def test_a_large_input_is_given_by_the_caller_and_missed_when_it_is_not(lab):
    large = b'"' + b"x" * 5_000 + b'"'
    job = lab.job("failed", args=large)

    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(c.Retry(job=job, id="again"))
    lab.do(c.Retry(job=job, id="again", original_args=large))

    assert str(wrong.value) == "args: the original input was not loaded. Pass it as original_args."
    assert lab.doc("again")["args_bytes"] == len(large)


def test_a_job_is_retried_once_its_newest_is_named(lab):
    job = lab.job("failed")
    lab.do(c.Retry(job=job, id="again"))

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(c.Retry(job=job, id="third"))

    assert str(refused.value) == f"retry refused: job {job} is retried already. Its newest retry is again."


def test_what_a_server_did_itself_is_asked_for_again(lab):
    job = lab.job("adopted", kind="headway.actions", submitted_by="ann")
    lab.end(job, "succeeded")

    with pytest.raises(Refused) as refused:
        lab.do(c.Retry(job=job, id="again"))

    assert str(refused.value) == f"retry refused: job {job} is adopted. Ask the server for the same again."
    assert lab.doc(job)["submitted_by"] == "ann"


def test_adopted_work_is_retried_by_its_engine(lab):
    job = lab.job("adopted")
    lab.end(job, "errored")

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(c.Retry(job=job, id="again"))

    assert str(refused.value) == f"retry refused: job {job} is adopted. Start it again in the engine that ran it."
