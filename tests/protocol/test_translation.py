from __future__ import annotations

from typing import Any

import msgspec
import pytest

from headway.errors import HeadwayError, InvalidInput, Overloaded, Refused, ServerError
from headway.model import command as c
from headway.model.report import Custom, StepDone, Warned
from headway.protocol.frames import Accept, Ack, Begin, Begun, CancelState, Ended, Error, Fenced, Offer, Refuse, Report
from headway.protocol.translation import (
    REFUSED,
    Speaker,
    Statement,
    adopted,
    begun,
    error_frame,
    offer_of,
    reply,
    stated,
    substitute,
)

SPEAKER = Speaker("w", "i", "default", lambda: "ID", lambda: 0.25)
WHO: dict[str, Any] = {"job": "j", "worker": "w", "attempt": 1}
BAD = InvalidInput("name", "is reserved")


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (Accept(job="j", attempt=1), c.Accept(**WHO)),
        (Refuse(job="j", attempt=1, reason="r"), c.Refuse(**WHO, reason="r", dice=0.25)),
        (Report(job="j", attempt=1, n=3, items=[StepDone(name="s")]), c.Report(**WHO, n=3, items=(StepDone(name="s"),))),
        (CancelState(job="j", attempt=1, n=3, step="cleaned", note="x"), c.CancelStep(**WHO, n=3, step="cleaned", note="x")),
        (
            Ended(job="j", attempt=1, n=3, outcome="succeeded", result=msgspec.Raw(b"[1]")),
            c.End(**WHO, n=3, outcome="succeeded", result=b"[1]", dice=0.25),
        ),
        (
            Ended(job="j", attempt=1, n=3, outcome="errored", error={"type": "E"}, retry_after_s=2.0, reason="r"),
            c.End(**WHO, n=3, outcome="errored", error={"type": "E"}, retry_after_s=2.0, reason="r", dice=0.25),
        ),
    ],
)  # fmt: skip
def test_every_statement_is_a_command(frame: Statement, command: c.Statement):
    assert stated(frame, SPEAKER) == command


def test_adopted_work_gets_its_id_here():
    begin = Begin(external_id="x", kind="k", args=msgspec.Raw(b'{"a":1}'), queue="q", attempt=2)

    assert adopted(begin, SPEAKER) == c.Begin(
        id="ID", worker="w", instance="i", external_id="x", kind="k", args=b'{"a":1}', queue="q", attempt=2, dice=0.25
    )


@pytest.mark.parametrize(
    ("answer", "frame"),
    [
        ({"ack": 4}, Ack(job="j", attempt=1, n=4)),
        ({"fenced": "over"}, Fenced(job="j", attempt=1, reason="over")),
        ({}, None),
        (
            Overloaded(9, retry_after_s=1.5),
            Error(code="overloaded", message="9 commands wait to be committed; this one was not taken.",
                  hint="Try again in 1.5 s.", retry_after_ms=1_500),
        ),
        (ServerError("broken"), Error(code="server_error", message="broken")),
    ],
)  # fmt: skip
def test_every_answer_is_a_frame(answer: Any, frame: Any):
    assert reply(Accept(job="j", attempt=1), answer) == frame


def test_the_answer_to_begin_names_the_job_or_the_field():
    begin = Begin(external_id="x", kind="k")

    assert begun(begin, {"id": "j", "attempt": 2, "created": False, "n": 7}) == Begun(
        external_id="x", job="j", attempt=2, created=False, n=7
    )
    assert begun(begin, {"id": "j", "attempt": 2, "created": True}).n == 0  # type: ignore[attr-defined]
    assert begun(begin, BAD) == error_frame(BAD, "x")
    assert error_frame(BAD, "x") == Error(code="invalid_input", message="name: is reserved.", id="x", field="name")


class TestSubstitutes:
    WHY = "Not taken by the server: name: is reserved."

    def test_a_report_first_loses_what_the_handler_made_up_then_everything_then_the_attempt(self):
        report = Report(job="j", attempt=1, n=3, items=[StepDone(name="s"), Custom(name="job.x")])

        first = substitute(report, BAD, 0)
        assert first == Report(job="j", attempt=1, n=3, items=[StepDone(name="s"), Warned(message=self.WHY)])
        second = substitute(first, BAD, 1)
        assert second == Report(job="j", attempt=1, n=3, items=[Warned(message=self.WHY)])
        assert substitute(second, BAD, 2) is None

    def test_an_outcome_becomes_an_error_that_says_so(self):
        ended = Ended(job="j", attempt=1, n=3, outcome="brilliant", result=msgspec.Raw(b"1"), retry_after_s=1.0)

        instead = substitute(ended, BAD, 0)

        assert instead == Ended(
            job="j",
            attempt=1,
            n=3,
            outcome="errored",
            error={"type": "InvalidInput", "message": self.WHY},
            reason=REFUSED,
        )
        assert substitute(ended, BAD, 1) is None

    def test_a_cancel_step_becomes_a_warning(self):
        step = CancelState(job="j", attempt=1, n=3, step="stopped")

        assert substitute(step, BAD, 0) == Report(job="j", attempt=1, n=3, items=[Warned(message=self.WHY)])
        assert substitute(step, BAD, 1) is None

    @pytest.mark.parametrize("error", [BAD, Refused("accept", "final")])
    def test_an_accept_has_no_substitute(self, error: HeadwayError):
        assert substitute(Accept(job="j", attempt=1), error, 0) is None


def test_an_offer_is_the_current_attempt_of_its_document():
    job = {
        "id": "j", "kind": "k", "queue": "q", "namespace": "n", "attempt": 2, "tries": 1, "labels": {"a": "b"},
        "options": {"timeout_s": 9.0}, "attempts": {"1": {}, "2": {"plan": [{"name": "s", "weight": 1.0}]}},
    }  # fmt: skip

    assert offer_of(job, b'{"x":1}', {"key": 1}, 5.0) == Offer(
        job="j", kind="k", queue="q", namespace="n", attempt=2, tries=1, labels={"a": "b"}, options={"timeout_s": 9.0},
        plan=[{"name": "s", "weight": 1.0}], args=msgspec.Raw(b'{"x":1}'), checkpoints={"key": 1},
    )  # fmt: skip
