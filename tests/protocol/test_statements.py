from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, strategies as st

from headway.errors import TooLarge
from headway.model.report import (
    Checkpoint,
    Custom,
    Dropped,
    InputRequested,
    LogLines,
    Progressed,
    ReportItem,
    StageCompleted,
    StepDone,
    Warned,
)
from headway.protocol.frames import WORKER_FRAME_BYTES, CancelState, Ended, Report, encode
from headway.protocol.statements import AGAIN_S, RESEND_S, Outbox, Spool, Statement


class End(msgspec.Struct, frozen=True):
    outcome: str = "succeeded"
    result: msgspec.Raw | None = None
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""


def outbox(*items: ReportItem, limit: int = 10_000_000) -> Outbox:
    box = Outbox("j", 1, Spool(limit))
    for item in items:
        box.add(item)
    return box


def sent(box: Outbox, now: float = 0.0) -> list[ReportItem]:
    """The items of everything that goes out now."""
    return [item for statement in box.take(now, 0.25) if isinstance(statement, Report) for item in statement.items]


def lines(*texts: str) -> LogLines:
    return LogLines(lines=[(0, "info", text) for text in texts])


def progress(current: float, stage: str = "s", details: object = None) -> Progressed:
    return Progressed(stage=stage, current=current, details=details)


class TestOrder:
    def test_statements_are_numbered_from_one_without_a_gap(self):
        box = outbox(progress(1))
        box.cancel_state("stopped")
        box.add(Warned(message="late"))
        box.end(End())

        assert [(type(each), each.n) for each in box.take(0.0, 0.25)] == [
            (Report, 1),
            (CancelState, 2),
            (Report, 3),
            (Ended, 4),
        ]

    def test_what_was_sent_is_not_sent_again_until_the_link_is_lost(self):
        box = outbox(progress(1))
        first = box.take(0.0, 0.25)

        again = box.take(1.0, 0.25)
        box.rewind()

        assert (again, box.take(2.0, 0.25)) == ([], first)

    def test_the_first_report_goes_at_once_and_the_next_after_the_pace(self):
        box = outbox(progress(1))

        at_once = sent(box, 10.0)
        box.add(progress(2))
        early, due = sent(box, 10.2), box.due()
        late = sent(box, 10.25)

        assert (at_once, early, due, late) == ([progress(1)], [], 10.25, [progress(2)])

    def test_what_is_waiting_goes_along_with_what_is_sealed(self):
        box = outbox(progress(1))
        box.take(0.0, 0.25)
        box.cancel_state("acknowledged")
        box.add(progress(2))

        assert [type(each) for each in box.take(0.01, 0.25)] == [CancelState, Report]

    def test_it_is_settled_once_the_end_is_acknowledged(self):
        box = outbox()
        box.end(End())
        box.take(0.0, 0.25)
        before = box.settled

        box.acknowledge(1, 0.0)

        assert (before, box.settled, box.due()) == (False, True, None)


class TestAnswers:
    def test_an_answer_that_brings_nothing_new_asks_for_the_rest_again_but_not_for_each_frame(self):
        box = outbox()
        for _ in range(3):
            box.cancel_state("stopped")
        everything = box.take(0.0, 0.25)

        box.acknowledge(0, 1.0)
        resent = box.take(1.0, 0.25)
        box.acknowledge(0, 1.0 + AGAIN_S / 2)

        assert resent == everything
        assert box.take(1.0 + AGAIN_S / 2, 0.25) == []

    def test_it_resends_by_itself_what_nobody_answers(self):
        box = outbox(progress(1))
        first = box.take(5.0, 0.25)

        assert box.due() == 5.0 + RESEND_S
        assert box.take(5.0 + RESEND_S - 0.1, 0.25) == []
        assert box.take(5.0 + RESEND_S, 0.25) == first

    def test_something_unsent_is_due_now(self):
        box = outbox()
        box.end(End())

        assert box.due() == float("-inf")

    def test_an_acknowledgement_while_everything_is_to_be_resent_is_taken(self):
        box = outbox(progress(1))
        box.take(0.0, 0.25)
        box.rewind()

        box.acknowledge(1, 0.0)

        assert box.take(0.0, 0.25) == []


class TestCoalescing:
    def test_of_unsent_progress_of_a_stage_the_newest_stands_where_it_was_said(self):
        box = outbox(progress(1), progress(1, "t"), lines("x"), progress(2), progress(3))

        assert sent(box) == [progress(1, "t"), lines("x"), progress(3)]

    def test_details_live_on_where_the_newer_progress_has_none(self):
        box = outbox(progress(1, details={"a": 1}), progress(2))

        assert sent(box) == [progress(2, details={"a": 1})]

    def test_newer_details_replace_older_ones(self):
        box = outbox(progress(1, details={"a": 1}), progress(2, details={"b": 1}))

        assert sent(box) == [progress(2, details={"b": 1})]

    def test_the_last_value_before_a_stage_ends_stays(self):
        box = outbox(progress(1), StageCompleted(stage="s"), progress(2))

        assert sent(box) == [progress(1), StageCompleted(stage="s"), progress(2)]

    def test_what_was_sent_is_never_changed(self):
        box = outbox(progress(1))
        sent(box)
        box.add(progress(2))

        assert sent(box, 1.0) == [progress(2)]


class TestSpool:
    def test_what_does_not_fit_is_counted_and_said_where_it_is_missing(self):
        box = outbox(lines("a" * 50), limit=120)
        box.add(lines("b" * 50, "c"))
        box.add(StepDone(name="x" * 50))
        first = sent(box)
        box.acknowledge(1, 0.0)

        box.add(lines("d"))

        assert first == [lines("a" * 50)]
        assert sent(box, 1.0) == [
            Dropped(lines=2, reason="spool full"),
            Dropped(lines=1, reason="spool full: remarks"),
            lines("d"),
        ]

    def test_what_is_missing_at_the_end_is_said_before_the_end(self):
        box = outbox(lines("a" * 200), limit=100)

        box.end(End())

        report, end = box.take(0.0, 0.25)
        assert isinstance(report, Report)
        assert (report.items, type(end)) == ([Dropped(lines=1, reason="spool full")], Ended)

    def test_stages_progress_and_checkpoints_are_never_dropped(self):
        kept = [
            progress(1),
            StageCompleted(stage="s"),
            Checkpoint(key="k", value=1),
            InputRequested(request="r", message="?"),
        ]

        assert sent(outbox(*kept, limit=0)) == kept

    def test_it_is_empty_when_everything_is_acknowledged(self):
        spool = Spool()
        box = Outbox("j", 1, spool)
        box.add(lines("x" * 1_000))
        box.add(Custom(name="crew.x"))
        box.end(End())
        held = spool.used

        box.take(0.0, 0.25)
        box.acknowledge(2, 0.0)

        assert held > 1_000
        assert spool.used == 0

    def test_it_is_empty_when_everything_is_discarded(self):
        spool = Spool()
        box = Outbox("j", 1, spool)
        box.add(lines("sealed"))
        box.cancel_state("stopped")
        box.add(lines("open"))

        box.discard()

        assert (spool.used, box.take(0.0, 0.25), box.settled) == (0, [], True)


class TestSizes:
    def test_a_report_is_closed_before_it_outgrows_a_frame(self):
        box = outbox(*[lines("\x01" * 30_000) for _ in range(10)])

        reports = box.take(0.0, 0.25)

        assert len(reports) > 1
        assert max(len(encode(report)) for report in reports) < WORKER_FRAME_BYTES

    def test_many_lines_said_at_once_are_portioned(self):
        box = outbox(lines(*[f"{number:04}" + "\x01" * 96 for number in range(3_000)]))

        reports = box.take(0.0, 0.25)

        assert max(len(encode(report)) for report in reports) < WORKER_FRAME_BYTES
        assert [
            int(text[:4])
            for report in reports
            if isinstance(report, Report)
            for item in report.items
            if isinstance(item, LogLines)
            for _, _, text in item.lines
        ] == list(range(3_000))

    def test_no_lines_are_nothing_to_say(self):
        assert sent(outbox(lines())) == []

    def test_an_overlong_line_is_cut_and_the_cut_is_said(self):
        [item] = sent(outbox(lines("x" * 70_000)))

        assert isinstance(item, LogLines)
        assert item.lines[0][2] == "x" * 65_536 + " … (4,464 characters cut)"

    @pytest.mark.parametrize(
        ("item", "name"),
        [
            (Checkpoint(key="k", value="x" * 600_000), "checkpoint"),
            (InputRequested(request="r", message="x" * 600_000), "input"),
            (Warned(message="x" * 600_000), "warning"),
        ],
    )
    def test_what_could_never_be_carried_is_refused_to_whoever_said_it(self, item: ReportItem, name: str):
        box = outbox()

        with pytest.raises(TooLarge) as refusal:
            box.add(item)

        assert refusal.value.message.startswith(f"The {name} has 600,0")
        assert sent(box) == []

    def test_a_result_that_could_never_be_carried_leaves_the_attempt_open(self):
        box = outbox()

        with pytest.raises(TooLarge) as refusal:
            box.end(End(result=msgspec.Raw(b'"%b"' % (b"x" * 600_000))))

        assert str(refusal.value) == "The result has 600,002 bytes; the limit is 524,288. Store it as an artifact."
        assert not box.ended


class TestTakenAway:
    def test_only_the_last_word_and_what_follows_it_is_still_sent(self):
        box = outbox(lines("x"))
        box.end(End())
        box.cancel_state("cleaned")
        box.take(0.0, 0.25)

        box.part()

        assert [type(each) for each in box.take(1.0, 0.25)] == [Ended, CancelState]

    def test_a_word_after_the_acknowledged_end_is_still_sent(self):
        box = outbox()
        box.end(End())
        box.take(0.0, 0.25)
        box.acknowledge(1, 0.0)
        box.cancel_state("cleaned")

        box.part()

        assert [type(each) for each in box.take(1.0, 0.25)] == [CancelState]


def test_adopted_work_is_numbered_on_from_what_the_server_knows():
    box = Outbox("outside", 0, Spool())
    box.add(progress(1))
    box.cancel_state("acknowledged")

    box.address("j", 3, 17)
    box.end(End())

    assert [(each.job, each.attempt, each.n) for each in box.take(0.0, 0.25)] == [
        ("j", 3, 18),
        ("j", 3, 19),
        ("j", 3, 20),
    ]


@given(st.integers(0, 2**32))
def test_any_loss_delivers_every_statement_exactly_once_in_order(seed: int):
    """Against a server that applies n = last + 1 and answers all else with the last."""
    dice = random.Random(seed)
    box, said, applied, last, now = outbox(), 0, list[Statement](), 0, 0.0
    for turn in range(400):
        now += 1.0
        if turn < 100 and dice.random() < 0.5:
            said += 1
            box.add(StepDone(name=str(said))) if dice.random() < 0.8 else box.cancel_state("stopped", str(said))
        if turn == 100:
            box.end(End())
        if dice.random() < 0.1:
            box.rewind()
        for statement in box.take(now, 0.25):
            for _ in range(dice.choice([0, 1, 1, 2]) if turn < 200 else 1):
                if statement.n == last + 1:
                    applied.append(statement)
                    last = statement.n
                if turn >= 200 or dice.random() < 0.7:
                    box.acknowledge(last, now)

    steps = [name for each in applied for name in _names(each)]
    assert box.settled
    assert steps == [str(number) for number in range(1, said + 1)]
    assert [each.n for each in applied] == list(range(1, len(applied) + 1))


def _names(statement: Statement) -> list[str]:
    if isinstance(statement, Report):
        return [item.name for item in statement.items if isinstance(item, StepDone)]
    return [statement.note] if isinstance(statement, CancelState) else []
