"""How attempts begin: who is offered what, limits, pauses, labels; and work that an engine runs already."""

from __future__ import annotations

from itertools import chain

import pytest

from headway.errors import InvalidInput, Refused
from headway.model import command as c
from headway.model.elapse import due_at
from headway.model.job import KEPT_ATTEMPTS
from headway.model.report import Progressed, StageCompleted, StageStarted, StepDone
from headway.testing.factories import Lab


@pytest.fixture
def lab():
    return Lab()


# -- claims --------------------------------------------------------------------------------------------------------


def test_the_best_jobs_are_offered_first_by_priority_then_time(lab):
    late, urgent, early = lab.asked(), lab.asked(priority=9), lab.asked()
    lab.do(early)
    lab.wait(1)
    lab.together(late, urgent)

    assert lab.claim(limit=2) == [urgent.id, early.id]
    assert lab.claim() == [late.id]


def test_a_job_is_offered_once_even_to_two_claims_of_one_commit(lab):
    lab.worker("w/2")
    jobs = [lab.submit(), lab.submit(), lab.submit()]

    claims = [c.Claim(worker=worker, limit=2, kinds=("crawl",)) for worker in ("w/1", "w/2")]
    assert lab.together(*claims) == [jobs[:2], jobs[2:]]


def test_a_claim_sees_what_its_own_commit_queued(lab):
    submit = lab.asked()

    _, offered = lab.together(submit, c.Claim(worker="w/1", limit=1, kinds=("crawl",)))

    assert offered == [submit.id]
    assert lab.types() == ["job.submitted", "job.offered"]


def test_a_claim_does_not_see_what_its_own_commit_took_back(lab):
    job, refused = lab.job("queued"), lab.asked(args=b"{")

    _, _, offered = lab.together(c.Cancel(job=job), refused, c.Claim(worker="w/1", limit=9, kinds=("crawl",)))

    assert offered == []


@pytest.mark.parametrize(
    ("submit", "claim", "fits"),
    [
        ({}, {}, True),
        ({}, {"kinds": ("other",)}, False),
        ({"queue": "gpu"}, {"queues": ("gpu", "cpu")}, True),
        ({"queue": "gpu"}, {"queues": ("cpu",)}, False),
        ({"namespace": "n"}, {}, False),
        ({"namespace": "n"}, {"namespace": "n"}, True),
        ({"requires": {"gpu": "a100"}}, {}, False),
        ({"requires": {"gpu": "a100"}}, {"labels": {"gpu": "h100"}}, False),
        ({"requires": {"gpu": "a100"}}, {"labels": {"gpu": "a100", "zone": "b"}}, True),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["one commit", "two commits"])
def test_a_job_goes_where_it_fits(lab, submit, claim, fits, together):
    asked = lab.asked(**submit)
    command = c.Claim(**{"worker": "w/1", "limit": 9, "kinds": ("crawl",)} | claim)

    offered = lab.together(asked, command)[1] if together else [lab.do(asked), lab.do(command)][1]

    assert offered == ([asked.id] if fits else [])


@pytest.mark.parametrize("state", ["draining", "stale", "disconnected", "lost", "unknown"])
def test_only_an_online_worker_is_offered_jobs(lab, state):
    lab.job("queued")
    commands = {
        "draining": c.Drain(worker="w/1"),
        "stale": c.Stale(worker="w/1", instance="i1"),
        "disconnected": c.Disconnect(worker="w/1", instance="i1"),
        "lost": c.Lose(worker="w/1", instance="i1"),
    }
    if state in commands:
        lab.do(commands[state])

    assert lab.claim("w/9" if state == "unknown" else "w/1") == []


def test_a_worker_that_is_linked_to_another_server_by_now_is_offered_nothing_by_the_old_one(lab):
    lab.worker("w/2", server="new")
    job = lab.submit()

    old, new = lab.claim("w/2", server="old"), lab.claim("w/2", server="new")

    assert (old, new) == ([], [job])


def test_a_paused_queue_offers_nothing_until_it_is_resumed(lab):
    job = lab.job("queued")
    lab.do(c.PauseQueue(queue="default", by="ann", reason="migration"))
    assert lab.claim() == []

    lab.do(c.ResumeQueue(queue="default"))

    assert lab.claim() == [job]


@pytest.mark.parametrize(
    ("limit", "same", "other"),
    [
        (c.LimitQueue(queue="gpu", limit=2), {"queue": "gpu"}, {"queue": "cpu"}),
        (c.LimitKind(kind="crawl", limit=2), {}, {"kind": "other"}),
        (c.LimitKind(kind="crawl", limit=None, key_limit=2), {"limit_key": "a"}, {"limit_key": "b"}),
    ],
    ids=["queue", "kind", "key"],
)
@pytest.mark.parametrize("how", ["one claim", "claims in one commit", "claims apart"])
def test_no_more_run_at_once_than_the_limit_says(lab, limit, same, other, how):
    lab.do(limit)
    jobs = [lab.submit(**same) for _ in range(4)]
    free = lab.submit(**other)
    kinds = ("crawl", "other")
    if how == "one claim":
        offered = lab.claim(kinds=kinds)
    elif how == "claims in one commit":
        offered = list(chain(*lab.together(*[c.Claim(worker="w/1", limit=2, kinds=kinds) for _ in range(3)])))
    else:
        offered = list(chain(*(lab.claim(limit=1, kinds=kinds) for _ in range(5))))

    assert sorted(offered) == sorted([*jobs[:2], free])
    lab.end(jobs[0], "succeeded")
    assert lab.claim(kinds=kinds) == [jobs[2]]


def test_a_cancelling_job_still_takes_its_place(lab):
    lab.do(c.LimitKind(kind="crawl", limit=1))
    first = lab.job("cancelling")
    second = lab.submit()

    assert lab.claim() == []
    lab.end(first, "cancelled")
    assert lab.claim() == [second]


def test_an_attempt_freezes_the_plan_it_was_offered_with(lab):
    lab.worker(kinds=({"name": "train", "plan": {"load": 1, "run": 3}},))
    job = lab.job("running", kind="train")

    lab.worker(kinds=({"name": "train", "hash": "h2", "plan": {"all": 1}},), running=((job, 1, 0),))

    assert [stage["name"] for stage in lab.attempt(job)["plan"]] == ["load", "run"]


def test_the_next_attempt_starts_anew(lab):
    job = lab.job("running", max_attempts=2)
    lab.report(job, Progressed(current=1, total=2, details={"a": 1}), StepDone(name="x"))
    lab.end(job, "crashed")
    assert lab.doc(job)["progress"]["overall"] == 0.5

    lab.wait(30)
    lab.offer(job)

    doc = lab.doc(job)
    assert not {"progress", "details", "steps", "last_steps", "estimate"} & set(doc)
    assert doc["attempt"] == 2
    assert "n" not in doc["soft"]


def test_only_the_newest_attempts_are_kept(lab):
    job = lab.submit()
    for _ in range(KEPT_ATTEMPTS + 3):
        lab.offer(job)
        lab.end(job, "released")

    assert sorted(lab.doc(job)["attempts"], key=int) == [str(n) for n in range(4, KEPT_ATTEMPTS + 4)]
    assert lab.doc(job)["attempt"] == KEPT_ATTEMPTS + 3


# -- adopted work --------------------------------------------------------------------------------------------------


def test_outside_work_is_job_and_attempt_in_one_commit(lab):
    answer = lab.adopt("celery-1", args=b'{"n":1}', plan=["a", "b"], labels={"x": "y"})

    job = answer["id"]
    assert answer == {"id": job, "attempt": 1, "created": True, "n": 0}
    assert lab.types() == ["job.submitted", "job.started"]
    assert lab.state(job) == "running"
    assert lab.doc(job)["adopted"] is True
    assert [stage["name"] for stage in lab.attempt(job)["plan"]] == ["a", "b"]


def test_to_begin_again_means_the_same_job_and_says_where_it_stands(lab):
    job = lab.adopt("x")["id"]
    lab.report(job, Progressed(current=1))

    with lab.nothing_changes():
        assert lab.adopt("x") == lab.adopt("x", attempt=1) == {"id": job, "attempt": 1, "created": False, "n": 1}


def test_begun_twice_in_one_commit_it_is_one_job(lab):
    begin = {"worker": "w/1", "instance": "i1", "kind": "crawl", "external_id": "x"}

    first, second = lab.together(c.Begin(id="A", **begin), c.Begin(id="B", **begin))

    assert (first["id"], second["id"]) == ("A", "A")
    assert (first["created"], second["created"]) == (True, False)


def test_it_is_never_offered_to_anybody(lab):
    job = lab.adopt("x")["id"]
    lab.end(job, "errored", retry_after_s=0)
    lab.look(job)

    assert lab.state(job) == "queued"
    assert lab.claim() == []


def test_lost_it_has_failed_however_many_tries_it_had(lab):
    lab.worker(kinds=({"name": "crawl", "defaults": {"max_attempts": 9}},))
    job = lab.adopt("x")["id"]

    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert lab.state(job) == "failed(worker_lost)"


def test_its_engine_retries_it_as_it_likes(lab):
    job = lab.adopt("x")["id"]
    lab.end(job, "errored", retry_after_s=10)
    assert lab.state(job) == "scheduled"

    answer = lab.adopt("x")

    assert answer == {"id": job, "attempt": 2, "created": False, "n": 0}
    assert lab.state(job) == "running"


def test_the_engine_may_begin_the_next_attempt_before_it_tells_how_the_last_one_ended(lab):
    job = lab.adopt("x", attempt=1)["id"]
    lab.worker("w/2", instance="i2")

    lab.adopt("x", attempt=2, worker="w/2", instance="i2")

    assert lab.types() == ["job.attempt_ended", "job.started"]
    assert lab.attempt(job, 1)["outcome"] == "released"
    assert lab.state(job) == "running"
    assert lab.end(job, "errored", attempt=1, n=1)["fenced"]
    assert lab.end(job, "succeeded", attempt=2, n=1) == {"ack": 1}
    assert lab.state(job) == "completed"


def test_an_older_attempt_never_moves_the_job(lab):
    job = lab.adopt("x", attempt=3)["id"]

    with lab.nothing_changes():
        answer = lab.adopt("x", attempt=2)
        assert "fenced" in lab.end(job, "errored", attempt=2, n=1)

    assert answer == {"id": job, "attempt": 2, "created": False, "n": 0}


@pytest.mark.parametrize("outcome", ["succeeded", "errored"])
def test_what_has_ended_is_not_begun_again(lab, outcome):
    job = lab.adopt("x")["id"]
    lab.end(job, outcome)

    with lab.nothing_changes():
        assert lab.adopt("x", attempt=2)["created"] is False
        assert "fenced" in lab.report(job, Progressed(current=1), attempt=2, n=1)


def test_an_engine_that_begins_again_while_it_is_asked_to_stop_is_cancelled(lab):
    job = lab.adopt("x")["id"]
    lab.do(c.Cancel(job=job))

    lab.adopt("x", attempt=2)

    assert lab.state(job) == "cancelled(cancelled)"


def test_while_it_waits_for_its_engine_it_can_be_cancelled(lab):
    job = lab.adopt("x")["id"]
    lab.end(job, "errored", retry_after_s=10)

    lab.do(c.Cancel(job=job))

    assert lab.state(job) == "cancelled(cancelled)"
    assert lab.adopt("x")["created"] is False


@pytest.mark.parametrize("state", ["unknown", "lost"])
def test_a_worker_that_is_not_there_can_not_adopt(lab, state):
    lab.do(c.Lose(worker="w/1", instance="i1"))

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.adopt("x", worker="w/1" if state == "lost" else "w/9")

    assert (
        str(refused.value)
        == f"begin refused: worker {'w/1' if state == 'lost' else 'w/9'} is {state}. Say hello first."
    )


@pytest.mark.parametrize("number", [0, -1, 10**12])
def test_an_engine_that_miscounts_its_attempts_is_told(lab, number):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as refused:
        lab.adopt("x", attempt=number)

    assert str(refused.value) == f"attempt: {number} is no number of an attempt. Count from 1, to 1,000,000 at most."


def test_a_plan_that_is_none_leaves_nothing_behind(lab):
    with lab.nothing_changes(), pytest.raises(InvalidInput):
        lab.adopt("x", plan={"a": -1})

    assert lab.adopt("x", plan={"a": 1})["created"] is True


def test_limits_hold_within_a_commit_even_where_the_store_saw_room(lab):
    lab.do(c.LimitKind(kind="crawl", limit=1))
    first, second = lab.submit(), lab.submit()

    offered = lab.together(*[c.Claim(worker="w/1", limit=1, kinds=("crawl",)) for _ in range(2)])

    assert offered == [[first], []]
    assert lab.state(second) == "queued"


def test_a_claim_takes_no_more_than_it_asked_for_though_the_store_found_more(lab):
    jobs = [lab.submit(), lab.submit(), lab.submit()]

    assert lab.do(c.Claim(worker="w/1", limit=2, kinds=("crawl",))) == jobs[:2]


def test_a_kind_without_a_plan_gets_the_one_its_past_runs_agree_on(lab):
    for _ in range(3):
        job = lab.job("running")
        for stage, seconds in (("load", 1), ("run", 3)):
            lab.report(job, StageStarted(stage=stage))
            lab.wait(seconds)
            lab.report(job, StageCompleted(stage=stage))
        lab.end(job, "succeeded")

    job = lab.job("running")

    assert lab.attempt(job)["plan"] == [{"name": "load", "weight": 1.0}, {"name": "run", "weight": 3.0}]
    assert lab.doc(job)["estimate"]["basis"] == "from 3 past runs"


# -- adopted work whose teller died --------------------------------------------------------------------------------


def orphaned(lab):
    job = lab.adopt("x")["id"]
    lab.report(job, Progressed(current=1))
    lab.worker(instance="i2")
    return job


def test_the_new_process_may_go_on_with_it_where_the_old_one_was_heard_last(lab):
    job = orphaned(lab)
    lab.wait(lab.settings.lease_s - 1)

    assert lab.adopt("x", instance="i2") == {"id": job, "attempt": 1, "created": False, "n": 1}
    lab.wait(60)
    lab.look(job)

    assert lab.state(job) == "running"
    assert lab.attempt(job)["instance"] == "i2"
    assert "orphaned_at" not in lab.attempt(job)


@pytest.mark.parametrize("external", ["x", "y"])
def test_a_process_that_was_replaced_adopts_nothing_and_takes_nothing_back(lab, external):
    orphaned(lab)
    lab.adopt("x", instance="i2")

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.adopt(external, instance="i1")  # it was under way when the newer process said hello

    assert str(refused.value) == "begin refused: process i1 is replaced. Process i2 has this worker's name now."


def test_it_may_also_name_it_in_its_hello(lab):
    job = orphaned(lab)
    lab.worker(instance="i2", running=((job, 1, 1),))
    lab.wait(60)
    lab.look(job)

    assert lab.state(job) == "running"
    assert "orphaned_at" not in lab.attempt(job)


@pytest.mark.parametrize(("asked", "state"), [(False, "failed(worker_lost)"), (True, "cancelled(worker_lost)")])
def test_what_the_new_process_does_not_ask_for_within_a_lease_is_lost(lab, asked, state):
    job = orphaned(lab)
    lab.worker(instance="i3")  # a third process does not prolong it
    if asked:
        lab.do(c.Cancel(job=job))
    lab.wait(lab.settings.lease_s - 0.001)
    lab.look(job)
    assert lab.state(job) in ("running", "cancelling")
    assert due_at(lab.doc(job)) < lab.now

    lab.wait(0.001)
    lab.look(job)

    assert lab.state(job) == state
    assert lab.attempt(job)["reason"] == "its worker's new process did not ask for it"


def test_another_worker_can_not_take_it_over(lab):
    job = lab.adopt("x")["id"]
    lab.worker("w/2", instance="i9")

    with lab.nothing_changes():
        assert lab.adopt("x", worker="w/2", instance="i9")["created"] is False
        assert "fenced" in lab.report(job, Progressed(current=1), worker="w/2", n=1)


def test_a_queue_paused_in_the_same_commit_offers_nothing(lab):
    lab.job("queued")

    assert lab.together(c.PauseQueue(queue="default"), c.Claim(worker="w/1", limit=9, kinds=("crawl",)))[1] == []
