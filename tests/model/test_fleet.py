"""Workers come, fall silent, return, drain and are replaced; and what that means for the attempts they hold."""

from __future__ import annotations

from typing import Any

import pytest

from headway.clock import iso
from headway.errors import InvalidInput, NotFound, Refused
from headway.model import command as c
from headway.model.report import Progressed
from headway.testing.clock import START
from headway.testing.factories import Lab

LOSE = c.Lose(worker="w/1", instance="i1")
STALE = c.Stale(worker="w/1", instance="i1")
BACK = c.Back(worker="w/1", instance="i1")
DRAIN = c.Drain(worker="w/1", by="ann")
LEAVE = c.Disconnect(worker="w/1", instance="i1", reason="closed")
GOODBYE = c.Disconnect(worker="w/1", instance="i1", goodbye=True)


@pytest.fixture
def lab():
    return Lab()


# -- hello ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["machine", "instance"])
def test_a_hello_that_lacks_what_is_required_is_refused_by_name(lab, field):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.worker("w/2", **{field: ""})

    assert str(wrong.value) == f"{field}: is missing in the worker's hello. Set {field} and connect again."


def test_a_later_hello_merges_and_blanks_nothing(lab):
    lab.worker(version="1.0", labels={"gpu": "a100"})

    lab.worker(version="", labels={"zone": "b"})

    doc = lab.worker_doc()
    assert (doc["machine"], doc["version"]) == ("m1", "1.0")
    assert doc["labels"] == {"zone": "b"}


def test_a_worker_is_linked_to_one_server(lab):
    lab.worker(server="s2")

    assert lab.worker_doc()["server"] == "s2"


@pytest.mark.parametrize("goodbye", [False, True])
def test_the_end_of_a_link_is_no_news_once_the_worker_is_linked_to_another_server(lab, goodbye):
    lab.worker(server="s1")
    job = lab.job("running")
    lab.worker(server="s2", running=((job, 1, 0),))

    with lab.nothing_changes():
        lab.do(c.Disconnect(worker="w/1", instance="i1", server="s1", reason="link lost", goodbye=goodbye))

    assert (lab.worker_doc()["state"], lab.state(job)) == ("online", "running")


@pytest.mark.parametrize("server", ["s2", ""])
def test_the_server_that_it_is_linked_to_is_heeded(lab, server):
    lab.worker(server="s2")

    lab.do(c.Disconnect(worker="w/1", instance="i1", server=server))

    assert lab.worker_doc()["state"] == "disconnected"


def test_a_worker_belongs_to_one_namespace(lab):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.worker(namespace="other")

    assert str(wrong.value) == (
        "namespace: worker w/1 belongs to namespace 'default'. "
        "Give this worker another id, or use a token of that namespace."
    )


def test_a_kind_is_learned_once_and_anew_when_it_changes(lab):
    lab.worker(kinds=({"name": "k", "hash": "1", "plan": {"a": 1, "b": 3}},))
    lab.worker(kinds=({"name": "k", "hash": "1", "plan": {"a": 1, "b": 3}},))
    assert "kind.registered" not in lab.types()

    lab.worker(kinds=({"name": "k", "hash": "1", "plan": {"a": 1, "b": 4}},))

    assert "kind.registered" in lab.types()
    assert lab.last("kind.registered").data["put"]["plan"][1] == {"name": "b", "weight": 4.0}


def test_a_kind_that_is_not_whole_is_refused_by_name_and_the_others_of_the_hello_are_taken(lab):
    answer = lab.worker(kinds=({"name": "k", "plan": {"a": 0}}, {"name": "good", "hash": "1"}))

    [fault] = answer["refused"]
    assert (fault["field"], answer["taken"]) == ("kinds.k.plan.a", ["good"])
    assert lab.worker_doc()["kinds"] == ["good"]
    assert lab.worker_doc()["problems"][-1]["problem"] == fault["message"]


def test_limits_set_at_run_time_win_over_those_in_code(lab):
    lab.worker(kinds=({"name": "k", "hash": "1", "limit": 5},))
    lab.do(c.LimitKind(kind="k", limit=2))

    lab.worker(kinds=({"name": "k", "hash": "2", "limit": 9},))

    with lab.store.reading() as reading:
        assert next(kind for kind in reading.kinds() if kind["name"] == "k")["limit"] == 2


# -- what it holds -------------------------------------------------------------------------------------------------


def test_a_reconnect_keeps_what_runs_and_says_how_far_it_was_heard(lab):
    job = lab.job("running")
    lab.report(job, Progressed(current=1))
    lab.do(LEAVE)

    answer = lab.worker(running=((job, 1, 5),))

    assert lab.types()[0] == "worker.back"
    assert answer == {"yours": [{"job": job, "attempt": 1, "n": 1}], "fenced": []}
    assert lab.state(job) == "running"
    assert lab.report(job, Progressed(current=2), n=2) == {"ack": 2}


def test_what_is_not_its_any_more_is_fenced(lab):
    done, gone = lab.job("completed"), lab.job("running")
    lab.do(LOSE)

    answer = lab.worker(running=((done, 1, 1), (gone, 1, 0), ("nowhere", 1, 0)))

    assert answer["yours"] == []
    assert answer["fenced"] == [{"job": job, "attempt": 1} for job in (done, gone, "nowhere")]


@pytest.mark.parametrize(
    ("state", "outcome", "reason"),
    [("offered", "released", "the offer did not arrive"), ("running", "lost", "its worker no longer knows it")],
)
def test_what_the_same_process_does_not_name_it_does_not_run(lab, state, outcome, reason):
    job = lab.job(state)

    lab.worker()

    assert (lab.attempt(job)["outcome"], lab.attempt(job)["reason"]) == (outcome, reason)


def test_an_offer_whose_accept_was_lost_is_started(lab):
    job = lab.job("offered")

    answer = lab.worker(running=((job, 1, 0),))

    assert answer["yours"] == [{"job": job, "attempt": 1, "n": 0}]
    assert lab.attempt(job)["phase"] == "started"
    assert "started_at" in lab.doc(job)


@pytest.mark.parametrize("state", ["offered", "running"])
def test_what_a_replaced_process_ran_crashed_at_once(lab, state):
    job = lab.job(state, max_attempts=2)

    answer = lab.worker(instance="i2")

    assert answer == {"yours": [], "fenced": []}
    assert lab.attempt(job)["outcome"] == "crashed"
    assert lab.attempt(job)["reason"] == "its worker's process was replaced"
    assert lab.state(job) == "queued"
    assert "fenced" in lab.report(job, Progressed(current=1), n=1, attempt=1)


def test_an_attempt_that_outlived_its_supervisor_goes_on_under_the_new_one(lab):
    job = lab.job("running")

    lab.worker(instance="i2", running=((job, 1, 0),))
    lab.worker(instance="i2", running=((job, 1, 0),))

    assert lab.state(job) == "running"
    assert lab.attempt(job)["instance"] == "i2"


def test_adopted_work_outlives_the_process_that_tells_of_it(lab):
    job = lab.job("adopted")

    lab.do(GOODBYE)
    has_left = "left_at" in lab.worker_doc()
    lab.worker(instance="i2")

    assert not has_left  # its lease is still waited for
    assert lab.state(job) == "running"
    assert lab.end(job, "succeeded") == {"ack": 1}


# -- silence -------------------------------------------------------------------------------------------------------


def test_a_silent_worker_is_stale_then_lost_and_each_is_said_once(lab):
    job = lab.job("running", max_attempts=2)
    for command, type in ((STALE, "worker.stale"), (LOSE, "worker.lost")):
        lab.do(command)
        assert lab.types()[0] == type
        with lab.nothing_changes():
            lab.do(command)

    assert lab.state(job) == "queued"
    assert lab.attempt(job)["outcome"] == "lost"


def test_heard_again_it_is_back(lab):
    job = lab.job("running")
    lab.do(STALE)
    lab.wait(1)

    lab.do(BACK)

    assert lab.types() == ["worker.back", "job.noted"]
    assert lab.worker_doc()["state"] == "online"
    assert lab.attempt(job)["heard_from"] > lab.attempt(job)["started_at"]
    with lab.nothing_changes():
        lab.do(BACK)


@pytest.mark.parametrize("command", [STALE, BACK, LOSE, LEAVE], ids=lambda each: type(each).__name__)
def test_what_is_said_of_an_older_process_changes_nothing(lab, command):
    lab.job("running")
    lab.worker(instance="i2")

    with lab.nothing_changes():
        lab.do(command)


def test_a_lost_worker_that_says_hello_again_is_back(lab):
    lab.do(LOSE)

    lab.worker()

    assert lab.types() == ["worker.back"]
    assert lab.worker_doc()["state"] == "online"
    assert "lost_at" not in lab.worker_doc()


# -- leaving -------------------------------------------------------------------------------------------------------


def test_a_link_that_ends_leaves_the_lease(lab):
    job = lab.job("running")

    lab.do(LEAVE)

    assert lab.state(job) == "running"
    assert (lab.worker_doc()["state"], lab.worker_doc()["reason"]) == ("disconnected", "closed")
    with lab.nothing_changes():
        lab.do(LEAVE)


def test_a_goodbye_gives_everything_back_uncounted(lab):
    job, stopping = lab.job("running"), lab.job("cancelling")

    lab.do(GOODBYE)

    assert lab.state(job) == "queued"
    assert lab.doc(job)["tries"] == 0
    assert lab.state(stopping) == "cancelled(cancelled)"
    assert lab.doc(stopping)["cancel"]["cleaned"] == "not run"


def test_who_said_goodbye_has_left_until_it_says_hello_again(lab):
    lab.worker()

    lab.do(GOODBYE)

    assert lab.worker_doc()["left_at"] == lab.worker_doc()["disconnected_at"]

    lab.worker()

    assert "left_at" not in lab.worker_doc()


# -- being cut -----------------------------------------------------------------------------------------------------


def test_a_cut_is_asked_of_the_server_that_has_the_link(lab):
    lab.worker(server="s2")

    lab.do(c.Cut(worker="w/1", for_good=True, reason="enough", by="ann"))

    asked = lab.last("worker.disconnect_requested")
    assert (asked.subject, asked.data) == (
        "w/1",
        {"server": "s2", "for_good": True, "reason": "enough", "by": "ann"},
    )
    assert lab.worker_doc()["state"] == "online"


def test_where_there_is_no_link_there_is_none_to_cut(lab):
    with lab.nothing_changes(), pytest.raises(NotFound):
        lab.do(c.Cut(worker="w/9", for_good=True))
    with lab.nothing_changes(), pytest.raises(Refused):
        lab.do(c.Cut(worker="w/1", for_good=True))
    lab.worker(server="s1")
    lab.do(LEAVE)
    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(c.Cut(worker="w/1", for_good=False))

    assert str(refused.value) == ("disconnect refused: worker w/1 is disconnected. There is no link to cut.")


# -- draining ------------------------------------------------------------------------------------------------------


def test_a_draining_worker_finishes_and_is_offered_nothing(lab):
    job, _ = lab.job("running"), lab.job("queued")

    lab.do(DRAIN)
    with lab.nothing_changes():
        lab.do(DRAIN)

    assert lab.worker_doc()["state"] == "draining"
    assert lab.claim() == []
    assert lab.end(job, "succeeded") == {"ack": 1}


@pytest.mark.parametrize("away", [(STALE, BACK), (STALE, DRAIN, BACK), (LEAVE, "hello")], ids=str)
def test_that_it_drains_stays_with_the_process(lab, away):
    if DRAIN not in away:
        lab.do(DRAIN)
    for command in away:
        lab.worker() if command == "hello" else lab.do(command)

    assert lab.worker_doc()["state"] == "draining"


def test_a_worker_that_comes_back_is_told_again_that_it_drains(lab):
    first = lab.worker()
    lab.do(DRAIN)
    lab.do(LEAVE)

    again = lab.worker()

    assert (first.get("draining"), again.get("draining")) == (None, True)


def test_the_next_process_begins_afresh(lab):
    lab.do(DRAIN)

    answer = lab.worker(instance="i2")

    assert "draining" not in answer

    assert lab.worker_doc()["state"] == "online"
    assert "draining" not in lab.worker_doc()


def test_who_is_not_there_can_not_be_drained(lab):
    lab.do(LEAVE)

    with lab.nothing_changes(), pytest.raises(Refused) as refused:
        lab.do(DRAIN)
    with pytest.raises(NotFound) as missing:
        lab.do(c.Drain(worker="w/9"))

    assert str(refused.value) == "drain refused: worker w/1 is disconnected. It is not connected."
    assert str(missing.value) == "No worker has the id 'w/9'."


# -- kinds that need a service -------------------------------------------------------------------------------------


def test_what_a_kind_needs_is_learned_and_forgotten_with_its_newest_definition(lab):
    seen: list[Any] = []
    for more in ({}, {"service": "comfyui"}, {"service": "mcp:github"}, {}):
        lab.worker(kinds=({"name": "wf", "hash": "h1", **more},))
        with lab.store.reading() as reading:
            seen += [kind.get("service") for kind in reading.kinds() if kind["name"] == "wf"]

    assert seen == [None, "comfyui", "mcp:github", None]


@pytest.mark.parametrize("service", ["", ":x", 5, "x" * 300])
def test_a_kind_that_needs_what_can_not_be_is_refused_by_its_field(lab, service):
    answer = lab.worker(kinds=({"name": "wf", "service": service},))

    [fault] = answer["refused"]
    assert (fault["field"], answer["taken"]) == ("kinds.wf.service", [])
    assert fault["message"].endswith('is no service. Give its type, or "type:name".')


# -- problems, load ------------------------------------------------------------------------------------------------


def test_a_refused_worker_is_on_the_board_with_its_problem_and_nothing_is_blanked(lab):
    lab.do(c.Problem(worker="w/1", problem="machine is missing", profile={"machine": ""}))
    lab.do(c.Problem(worker="w/9", problem="machine is missing", profile={"name": "nine", "pid": None}))

    assert lab.types() == ["worker.problem", "system.alert"]
    assert lab.worker_doc()["machine"] == "m1"
    assert lab.worker_doc()["state"] == "online"
    assert lab.worker_doc()["problems"][0]["problem"] == "machine is missing"
    assert (lab.worker_doc("w/9")["state"], lab.worker_doc("w/9")["name"]) == ("problem", "nine")


def test_its_next_good_hello_ends_the_problem(lab):
    lab.do(c.Problem(worker="w/9", problem="no"))

    lab.worker("w/9")

    assert lab.worker_doc("w/9")["state"] == "online"
    assert "problems" not in lab.worker_doc("w/9")


def test_a_heartbeat_is_soft_and_told_to_those_who_look(lab):
    before = {key: value for key, value in lab.worker_doc().items() if key != "last_heard_at"}
    lab.do(c.Hear(worker="w/1", at=lab.now + 5))
    assert [event.data for event in lab.events] == [{"set": {"heard_at": iso(lab.now + 5)}}]
    changed = {"heard_at": iso(lab.now + 5), "seq": lab.events[0].seq}
    assert lab.worker_doc() == before | changed | {"last_heard_at": lab.now + 5}
    lab.do(c.Hear(worker="w/1", at=lab.now + 6, load={"disk": 0.5}))

    assert lab.last("worker.loaded").data == {"set": {"heard_at": iso(lab.now + 6)}, "put": {"load": {"disk": 0.5}}}
    assert lab.worker_doc()["last_heard_at"] == lab.now + 6


def test_a_load_joins_the_series_of_its_worker_and_what_is_past_leaves_it(lab):
    lab.do(c.Hear(worker="w/1", at=START, load={"cpu_percent": 10, "gpu_percent": 3.5}))
    lab.do(c.Hear(worker="w/1", at=START + 9_000, load={"cpu_percent": 20, "memory_percent": 50.5}))
    lab.do(c.Hear(worker="w/1", at=START + 599_000, load={"cpu_percent": 30}))
    begun = lab.worker_doc()["load_series"]
    lab.do(c.Hear(worker="w/1", at=START + 600_000, load={"cpu_percent": True}))

    assert begun == {iso(START): [20, 50.5, None], iso(START + 590_000): [30, None, None]}
    assert lab.worker_doc()["load_series"] == {iso(START + 590_000): [30, None, None]}


def test_who_was_heard_later_by_another_server_does_not_grow_older(lab):
    lab.do(c.Hear(worker="w/1", at=lab.now + 9))
    lab.do(c.Hear(worker="w/1", at=lab.now + 5))

    assert lab.worker_doc()["heard_at"] == iso(lab.now + 9)


def test_a_worker_says_since_when_it_is_in_its_state(lab):
    came = lab.worker_doc()["state_at"]
    lab.wait(5)
    lab.do(c.Hear(worker="w/1", at=lab.now))
    lab.worker()
    stayed = lab.worker_doc()["state_at"]
    lab.wait(20)
    lab.do(c.Stale(worker="w/1", instance="i1"))

    assert (came, stayed, lab.worker_doc()["state_at"]) == (iso(START), iso(START), iso(START + 25_000))


def test_one_of_a_worker_that_nobody_knows_is_not_told(lab):
    lab.do(c.Hear(worker="w/9", at=lab.now, load={"cpu": 0.5}))

    assert lab.types() == []


# -- queues and kinds ----------------------------------------------------------------------------------------------


def test_a_queue_is_paused_with_author_and_reason_once(lab):
    lab.do(c.PauseQueue(queue="gpu", by="ann", reason="driver"))
    with lab.nothing_changes():
        lab.do(c.PauseQueue(queue="gpu", by="bob"))

    with lab.store.reading() as reading:
        assert reading.queues()[0]["paused"] == {
            "at": lab.worker_doc()["connected_at"],
            "by": "ann",
            "reason": "driver",
        }
    lab.do(c.ResumeQueue(queue="gpu"))
    with lab.nothing_changes():
        lab.do(c.ResumeQueue(queue="gpu"))
        lab.do(c.ResumeQueue(queue="never seen"))


@pytest.mark.parametrize(
    "command",
    [c.LimitQueue(queue="q", limit=0), c.LimitKind(kind="k", limit=0), c.LimitKind(kind="k", limit=1, key_limit=-1)],
)
def test_a_limit_of_nothing_is_refused_with_the_way_out(lab, command):
    with lab.nothing_changes(), pytest.raises(InvalidInput) as wrong:
        lab.do(command)

    assert str(wrong.value).endswith("is not positive. Pause the queue to run nothing; null: no limit.")


def test_a_limit_can_be_lifted(lab):
    lab.do(c.LimitQueue(queue="default", limit=1))
    lab.do(c.LimitQueue(queue="default", limit=None))
    jobs = [lab.submit(), lab.submit()]

    assert lab.claim() == jobs


def test_the_server_has_words_of_its_own(lab):
    lab.do(c.Note(name="system.started", data={"epoch": "e"}))

    assert lab.last("system.started").data == {"epoch": "e"}
