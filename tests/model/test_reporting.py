"""What reports do to the document: progress that never goes back, stages, steps, log lines with their quota, notes."""

from __future__ import annotations

import pytest

from headway.clock import iso
from headway.model import report as r
from headway.model.job import KEPT_STAGES
from headway.model.reporting import ITEMS
from headway.model.settings import Settings
from headway.testing.factories import Lab

PLAN = {"load": 1, "run": {"weight": 3, "stages": {"a": 1, "b": 1}}}


@pytest.fixture
def lab():
    return Lab(settings=Settings(log_bytes=30, details_bytes=60, custom_bytes=60))


@pytest.fixture
def job(lab):
    return lab.job("running")


@pytest.fixture
def planned(lab):
    lab.worker(kinds=({"name": "train", "plan": PLAN}, {"name": "crawl"}))
    return lab.job("running", kind="train")


def overall(lab, job):
    return lab.doc(job).get("progress", {}).get("overall")


def stage(lab, job, path=""):
    return lab.attempt(job)["stages"][path]


def test_every_item_has_its_rule():
    assert set(ITEMS) == set(r.Item.__subclasses__())


# -- evidence of life ----------------------------------------------------------------------------------------------


def test_evidence_of_life_moves_the_stall_clock_and_nothing_else(lab, job):
    before = lab.doc(job)
    lab.wait(20)
    lab.report(job, r.Alive())

    assert lab.attempt(job)["progress_at"] == iso(lab.now)
    assert lab.doc(job).get("progress") == before.get("progress")


def test_evidence_of_life_is_told_once_a_second_at_most(lab, job):
    lab.wait(20)
    lab.report(job, r.Alive())
    lab.wait(0.9)
    lab.report(job, r.Alive(), r.Alive())

    assert [set(event.data) for event in lab.events] == [{"soft"}]
    lab.wait(0.1)
    lab.report(job, r.Alive())
    assert lab.attempt(job)["progress_at"] == iso(lab.now)


# -- progress ------------------------------------------------------------------------------------------------------


def test_progress_is_a_share_of_its_total(lab, job):
    lab.report(job, r.Progressed(current=1, total=4, unit="file", message="a.py", details={"rate": 3}))

    doc = lab.doc(job)
    assert (doc["progress"]["overall"], doc["progress"]["current"], doc["progress"]["unit"]) == (0.25, 1, "file")
    assert doc["progress"]["message"] == "a.py"
    assert doc["details"] == {"rate": 3}


def test_it_never_goes_back_while_its_total_stands(lab, job):
    lab.report(job, r.Progressed(current=3, total=4))
    lab.report(job, r.Progressed(current=1, total=4))

    assert overall(lab, job) == 0.75
    assert stage(lab, job)["fraction"] == 0.75
    assert stage(lab, job)["current"] == 1


def test_a_changed_total_is_said_and_the_overall_still_never_goes_back(lab, job):
    lab.report(job, r.Progressed(current=3, total=4))
    lab.report(job, r.Progressed(current=3, total=30))

    assert lab.last("job.progressed").data["total_was"] == 4
    assert stage(lab, job)["fraction"] == 0.1
    assert overall(lab, job) == 0.75


def test_a_total_that_is_first_told_has_not_changed(lab, job):
    lab.report(job, r.Progressed(current=3))
    lab.report(job, r.Progressed(current=3, total=30))

    assert "total_was" not in lab.last("job.progressed").data


@pytest.mark.parametrize("current", [4, 9, 1e308])
def test_only_completion_says_one(lab, job, current):
    lab.report(job, r.Progressed(current=current, total=4))
    assert overall(lab, job) == 0.999

    lab.end(job, "succeeded")

    assert overall(lab, job) == 1.0


@pytest.mark.parametrize("item", [r.Progressed(current=7), r.Progressed(message="x"), r.Progressed(current=1, total=0)])
def test_what_can_not_be_known_is_not_guessed(lab, job, item):
    lab.report(job, item)

    assert overall(lab, job) is None
    assert "fraction" not in stage(lab, job)


def test_a_message_alone_leaves_the_count(lab, job):
    lab.report(job, r.Progressed(current=1, total=4, unit="file"))

    lab.report(job, r.Progressed(message="slow one"))

    progress = lab.doc(job)["progress"]
    assert (progress["current"], progress["total"], progress["unit"], progress["message"]) == (1, 4, "file", "slow one")


def test_a_patch_of_progress_is_whole_so_that_an_older_one_may_be_missed(lab, job):
    lab.report(job, r.Progressed(current=3, total=4, unit="f", message="m"))
    first = lab.last("job.progressed").data["set"]
    lab.report(job, r.Progressed(current=4, total=4))
    second = lab.last("job.progressed").data["set"]

    assert first["progress"].keys() == second["progress"].keys()
    mine, later = first["attempts"]["1"], second["attempts"]["1"]
    assert mine.keys() == later.keys()
    assert mine["stages"][""].keys() <= later["stages"][""].keys()
    assert later["stages"][""]["half_at"] == mine["stages"][""]["half_at"]


def test_details_that_are_too_large_are_cut_and_it_is_said(lab, job):
    lab.report(job, r.Progressed(current=1, details={"x": "y" * 100}))

    assert lab.doc(job)["details"] == {"cut": "108 bytes; the limit of details is 60"}


def test_long_texts_are_cut(lab, job):
    lab.report(job, r.Progressed(message="x" * 5_000, unit="u" * 100))

    assert lab.doc(job)["progress"]["message"] == "x" * 1_999 + "…"
    assert len(lab.doc(job)["progress"]["unit"]) == 40


# -- stages --------------------------------------------------------------------------------------------------------


def test_weighted_and_nested_stages_make_one_overall(lab, planned):
    seen = []
    for item in (
        r.StageStarted(stage="load", total=10),
        r.Progressed(stage="load", current=5, total=10),
        r.StageCompleted(stage="load"),
        r.StageStarted(stage="run"),
        r.StageStarted(stage="run/a"),
        r.StageCompleted(stage="run/a"),
        r.Progressed(stage="run/b", current=1, total=2),
        r.StageCompleted(stage="run"),
    ):
        lab.report(planned, item)
        seen.append(overall(lab, planned))

    assert seen == [0.0, 0.125, 0.25, 0.25, 0.25, 0.625, 0.8125, 0.999]
    assert stage(lab, planned, "load")["state"] == "completed"


def test_a_stage_outside_the_plan_is_shown_and_weighs_nothing(lab, planned):
    lab.report(planned, r.StageStarted(stage="extra", total=2), r.Progressed(stage="extra", current=2, total=2))

    assert overall(lab, planned) == 0.0
    assert lab.doc(planned)["progress"]["stage"] == "extra"


def test_without_a_plan_named_stages_have_no_honest_overall(lab, job):
    lab.report(job, r.StageStarted(stage="a", total=2), r.Progressed(stage="a", current=1, total=2))

    assert overall(lab, job) is None


def test_without_a_plan_the_unnamed_stage_counts_whatever_else_is_shown(lab, job):
    lab.report(job, r.Progressed(current=1, total=4))
    lab.report(job, r.StageCompleted(stage="KSampler"))

    assert overall(lab, job) == 0.25


def test_a_stage_begun_again_does_not_take_the_overall_back(lab, planned):
    lab.report(planned, r.StageCompleted(stage="load"), r.StageStarted(stage="load", total=4))

    assert overall(lab, planned) == 0.25
    assert stage(lab, planned, "load")["fraction"] == 0.0
    assert "ended_at" not in stage(lab, planned, "load")


def test_half_way_is_noted_once(lab, job):
    lab.report(job, r.Progressed(current=1, total=4))
    assert "half_at" not in stage(lab, job)
    lab.report(job, r.Progressed(current=3, total=4))
    half_at = stage(lab, job)["half_at"]
    lab.wait(1)
    lab.report(job, r.Progressed(current=4, total=4))

    assert (stage(lab, job)["half_at"], stage(lab, job)["half"]) == (half_at, 0.75)


def test_ever_new_stages_are_bounded_and_it_is_said_once(lab, job):
    lab.report(job, *[r.StageStarted(stage=f"s{n}") for n in range(KEPT_STAGES + 5)])

    lab.report(job, r.StageCompleted(stage="new"), r.Progressed(stage="newer", current=1), r.StageCompleted(stage="s0"))

    assert len(lab.attempt(job)["stages"]) == KEPT_STAGES
    assert stage(lab, job, "s0")["state"] == "completed"
    assert lab.doc(job)["warnings"] == 1
    assert lab.doc(job)["notes"][0]["message"] == "Only the first 200 stages of an attempt are kept; 's200' is not."


def test_steps_are_counted_and_the_newest_ten_named(lab, job):
    lab.report(job, *[r.StepDone(name=f"step {n}") for n in range(12)])

    assert lab.doc(job)["steps"] == 12
    assert lab.doc(job)["last_steps"] == [f"step {n}" for n in range(2, 12)]


# -- log lines -----------------------------------------------------------------------------------------------------


def lines(lab, job):
    with lab.store.reading() as reading:
        return [(line.number, line.text) for line in reading.lines(job)]


def test_lines_are_numbered_over_all_attempts_and_change_no_document_that_viewers_see(lab):
    job = lab.job("running", max_attempts=2, options={"backoff_s": 0})
    before = lab.doc(job)["seq"]
    lab.report(job, r.LogLines(lines=[(5, "info", "one"), (0, "out", "two")]))
    logged = lab.last("job.logged")
    assert lab.doc(job)["seq"] == before
    assert "set" not in logged.data
    assert logged.extra == {"lines": [(1, 5, "info", "one"), (2, lab.now, "out", "two")]}

    lab.end(job, "errored")
    lab.look(job)
    lab.offer(job)
    lab.accept(job)
    lab.report(job, r.LogLines(lines=[(5, "info", "three")]))

    assert lines(lab, job) == [(1, "one"), (2, "two"), (3, "three")]
    assert lab.last("job.logged").data == {"first": 3, "last": 3, "soft": {"log_lines": 3, "log_bytes": 6, "n": 1}}
    assert lab.doc(job)["log_lines"] == 2


def test_past_the_quota_lines_are_dropped_and_the_cut_is_said_once(lab, job):
    lab.report(job, r.LogLines(lines=[(1, "info", "x" * 9)] * 4))
    assert lab.types() == ["job.logged", "job.warned"]
    lab.report(job, r.LogLines(lines=[(1, "info", "more")]))

    assert [number for number, _ in lines(lab, job)] == [1, 2, 3]
    assert lab.types() == ["job.noted"]
    assert lab.doc(job)["log_cut"] == "The log is cut here: its quota is 30 bytes."
    assert lab.doc(job)["warnings"] == 1


def test_the_next_attempt_has_its_own_quota(lab):
    job = lab.job("running", max_attempts=2)
    lab.report(job, r.LogLines(lines=[(1, "info", "x" * 40)]))
    assert lines(lab, job) == []
    lab.end(job, "crashed")
    lab.wait(30)
    lab.offer(job)

    lab.report(job, r.LogLines(lines=[(1, "info", "fits")]))

    assert lines(lab, job) == [(1, "fits")]


def test_lines_dropped_by_the_worker_are_a_warning(lab, job):
    lab.report(job, r.Dropped(lines=12_345, reason="the spool is full"))

    assert lab.doc(job)["notes"][0]["message"] == "12,345 log lines were dropped: the spool is full."


def test_no_lines_are_no_event(lab, job):
    lab.report(job, r.LogLines(lines=[]))

    assert lab.types() == ["job.noted"]


# -- notes ---------------------------------------------------------------------------------------------------------


def test_warnings_and_noted_errors_are_counted_and_the_newest_five_kept(lab, job):
    items = [r.Warned(message=f"w{n}") for n in range(4)] + [r.ErrorNoted(message=f"e{n}", kind="IO") for n in range(3)]

    lab.report(job, *items)

    doc = lab.doc(job)
    assert (doc["warnings"], doc["errors"]) == (4, 3)
    assert [note["message"] for note in doc["notes"]] == ["w2", "w3", "e0", "e1", "e2"]
    assert lab.last("job.error_noted").data["error"] == "IO"
    assert lab.state(job) == "running"


def test_a_checkpoint_is_kept_for_later_attempts(lab, job):
    lab.report(job, r.Checkpoint(key="page", value=3), r.Checkpoint(key="page", value=4))

    with lab.store.reading() as reading:
        assert reading.checkpoints(job) == {"page": 4}


def test_a_custom_event_of_a_handler_is_about_its_job(lab, job):
    lab.report(job, r.Custom(name="crew.started", data={"agents": 3}, priority="high", conflate_key="k"))

    event = lab.last("crew.started")
    assert (event.job, event.attempt, event.priority) == (job, 1, "high")
    assert event.data == {"data": {"agents": 3}, "conflate_key": "k"}


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (r.Custom(name="job.done"), "type: 'job.done' is not a custom event's name."),
        (r.Custom(name="a.b", data={"x": "y" * 60}), "data: 68 bytes are over the limit of 60."),
    ],
)
def test_one_that_is_not_taken_is_said_and_the_rest_of_the_report_stands(lab, job, item, said):
    lab.report(job, item, r.Progressed(current=1, total=2))

    assert lab.doc(job)["notes"][0]["message"].startswith(f"Custom event not taken. {said}")
    assert overall(lab, job) == 0.5
