"""The rules of one prompt: what is asked when, and what an answer means. One test for each rule, and time is given."""

from __future__ import annotations

import uuid

import pytest

from headway.connectors.comfyui.history import Ended
from headway.connectors.comfyui.prompt import Look, Pace, Prompt, Stopping, Want, prompt_id_of

PACE = Pace(silence_s=3, hint_s=(0.02, 1.0), absent_s=0.5, lag_s=10, stop_s=1)
OVER = Look("over", Ended("success"))
RUNNING, PENDING, ABSENT = Look("running"), Look("pending"), Look("absent")


def new() -> Prompt:
    return Prompt("P", quiet_s=600, now=0, pace=PACE)


def accepted(at: float = 0) -> Prompt:
    prompt = new()
    prompt.submitting(at)
    prompt.accepted(at)
    return prompt


def next_look(prompt: Prompt, after: float) -> float:
    """How long after `after` it looks again."""
    due = prompt.wake_at()
    assert due is not None
    assert prompt.wanted(due, connected=True) is Want.LOOK
    return round(due - after, 3)


class TestTheId:
    def test_is_the_same_for_the_same_attempt_and_another_for_the_next(self):
        assert prompt_id_of("J", 1) == prompt_id_of("J", 1)
        assert len({prompt_id_of("J", 1), prompt_id_of("J", 2), prompt_id_of("K", 1), prompt_id_of("J.1", 1)}) == 4

    def test_is_a_uuid_as_newer_comfyuis_insist(self):
        id = prompt_id_of("01JX", 3)

        assert str(uuid.UUID(id)) == id


class TestSubmitting:
    def test_nothing_is_sent_before_the_socket_is_open(self):
        prompt = new()

        assert prompt.wanted(0, connected=False) is None
        assert prompt.wanted(1000, connected=False) is None
        assert prompt.wanted(1000, connected=True) is Want.SUBMIT

    def test_what_is_on_its_way_is_not_sent_again(self):
        prompt = new()

        prompt.submitting(0)

        assert prompt.wanted(1000, connected=True) is None

    def test_once_it_was_accepted_it_is_looked_at_at_once_for_it_may_be_over(self):
        prompt = accepted(5)

        assert prompt.wanted(5, connected=True) is Want.LOOK

    def test_it_is_looked_at_even_while_the_socket_is_closed(self):
        assert accepted(5).wanted(5, connected=False) is Want.LOOK

    def test_what_surely_did_not_arrive_is_sent_again_after_a_moment(self):
        prompt = new()
        prompt.submitting(0)

        prompt.unsent(0)

        assert prompt.wanted(0.5, connected=True) is None
        assert prompt.wake_at() == 1
        assert prompt.wanted(1, connected=True) is Want.SUBMIT


class TestALostAnswer:
    def lost(self) -> Prompt:
        prompt = new()
        prompt.submitting(0)
        prompt.unanswered(1)
        return prompt

    def test_is_looked_for_and_not_sent_again(self):
        prompt = self.lost()

        assert prompt.wanted(1, connected=True) is Want.LOOK

    @pytest.mark.parametrize("found", [RUNNING, PENDING])
    def test_that_is_found_goes_on_as_if_it_was_accepted(self, found: Look):
        prompt = self.lost()

        prompt.looked(found, 1)

        assert prompt.submitted
        assert prompt.wanted(2, connected=True) is None

    def test_that_is_over_already_is_over(self):
        prompt = self.lost()

        prompt.looked(OVER, 1)

        assert prompt.over

    def test_that_is_not_found_twice_is_sent_again_under_the_same_id(self):
        prompt = self.lost()

        prompt.looked(ABSENT, 1)
        first = prompt.wanted(1, connected=True)
        prompt.looked(ABSENT, 1.5)

        assert first is None
        assert not prompt.over
        assert prompt.wanted(1.5, connected=True) is Want.SUBMIT

    def test_that_the_socket_tells_of_is_not_sent_again(self):
        prompt = self.lost()
        prompt.looked(ABSENT, 1)

        prompt.heard("execution_start", 1.2)
        prompt.looked(ABSENT, 1.5)

        assert prompt.wanted(1.5, connected=True) is not Want.SUBMIT


class TestLooking:
    def test_on_silence(self):
        prompt = accepted()

        prompt.looked(RUNNING, 0)

        assert prompt.wanted(2.9, connected=True) is None
        assert next_look(prompt, 0) == 3

    def test_is_put_off_by_each_word(self):
        prompt = accepted()
        prompt.looked(RUNNING, 0)

        prompt.heard("progress", 2)

        assert next_look(prompt, 2) == 3

    def test_at_once_after_a_reconnect(self):
        prompt = accepted()
        prompt.looked(RUNNING, 0)

        prompt.reconnected(1)

        assert prompt.wanted(1, connected=True) is Want.LOOK

    def test_after_a_reconnect_what_was_not_sent_is_not_looked_for(self):
        prompt = new()

        prompt.reconnected(0)

        assert prompt.wanted(0, connected=True) is Want.SUBMIT

    def test_without_an_answer_proves_nothing_and_is_tried_again(self):
        prompt = accepted()

        for at in range(100):
            prompt.unseen(at)

        assert not prompt.over
        assert next_look(prompt, 99) == 3

    def test_when_the_queue_changed_while_it_waits_there(self):
        prompt = accepted()
        prompt.looked(PENDING, 0)

        prompt.stirred(0.5)

        assert next_look(prompt, 0.5) == 1

    def test_not_for_the_queue_while_it_runs(self):
        prompt = accepted()
        prompt.looked(RUNNING, 0)

        prompt.stirred(0.5)

        assert next_look(prompt, 0) == 3


class TestItsEnd:
    @pytest.mark.parametrize("hint", ["execution_success", "execution_error", "execution_interrupted"])
    def test_is_never_an_event_but_what_a_look_finds(self, hint: str):
        prompt = accepted()
        prompt.looked(RUNNING, 0)

        prompt.heard(hint, 1)

        assert not prompt.over
        assert prompt.wanted(1, connected=True) is Want.LOOK

    def test_is_looked_for_soon_and_then_slower_while_the_history_lags(self):
        prompt = accepted()
        prompt.heard("execution_success", 1)

        waits: list[float] = []
        now = 1.0
        for _ in range(8):
            prompt.looked(RUNNING, now)
            waits.append(next_look(prompt, now))
            now += waits[-1]

        assert waits == [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1, 1]

    def test_is_not_a_loss_while_the_history_lags_behind_its_success(self):
        prompt = accepted()
        prompt.heard("execution_success", 1)

        for at in (1.0, 1.1, 2.0, 5.0, 10.9):
            prompt.looked(ABSENT, at)

        assert not prompt.over
        prompt.looked(OVER, 10.95)
        assert prompt.ended is not None

    def test_is_a_loss_when_the_history_never_says_what_the_socket_said(self):
        prompt = accepted()
        prompt.heard("execution_success", 1)

        for at in (1.0, 5.0, 11.5):
            prompt.looked(ABSENT, at)

        assert prompt.lost

    def test_is_looked_for_at_once_when_no_node_runs_any_more(self):
        prompt = accepted()
        prompt.heard("execution_success", 1)
        prompt.looked(RUNNING, 1)
        prompt.looked(RUNNING, 1.02)

        prompt.heard("executing_none", 1.03)

        assert prompt.wanted(1.03, connected=True) is Want.LOOK

    def test_wants_nothing_more(self):
        prompt = accepted()

        prompt.looked(OVER, 0)

        assert prompt.wanted(1000, connected=True) is None
        assert prompt.wake_at() is None

    def test_is_loss_when_it_is_twice_in_neither_queue_nor_history(self):
        prompt = accepted()

        prompt.looked(ABSENT, 0)
        once = prompt.over
        wait = next_look(prompt, 0)
        prompt.looked(ABSENT, 0.5)

        assert (once, wait, prompt.lost) == (False, 0.5, True)

    def test_is_no_loss_when_it_was_found_in_between(self):
        prompt = accepted()

        for look in (ABSENT, RUNNING, ABSENT):
            prompt.looked(look, 0)

        assert not prompt.over


class TestLife:
    def test_is_seen_in_one_that_waits_however_long(self):
        prompt = accepted()

        assert prompt.looked(PENDING, 100_000)

    def test_is_seen_in_one_that_runs_until_it_was_silent_for_too_long(self):
        prompt = accepted()
        prompt.heard("executing", 100)

        assert prompt.looked(RUNNING, 699)
        assert not prompt.looked(RUNNING, 700)

    def test_is_seen_again_after_a_word(self):
        prompt = accepted()

        prompt.heard("progress", 5_000)

        assert prompt.looked(RUNNING, 5_001)

    def test_is_not_seen_in_one_that_is_not_found(self):
        assert not accepted().looked(ABSENT, 0)


class TestStopping:
    def test_orders_at_once_then_looks_and_orders_again(self):
        stopping = Stopping("P", sure=True, now=0, pace=PACE)

        assert stopping.wanted(0) is Want.STOP
        stopping.ordered(0)
        assert stopping.wanted(0.01) is None
        assert stopping.wanted(0.02) is Want.LOOK
        stopping.looked(RUNNING, 0.02)
        assert stopping.wake_at() == pytest.approx(0.06)
        assert stopping.wanted(1) is Want.STOP

    def test_is_over_when_the_engine_says_so_however_it_ended(self):
        stopping = Stopping("P", sure=True, now=0, pace=PACE)

        stopping.looked(OVER, 0)

        assert stopping.over
        assert stopping.wanted(5) is None

    def test_is_over_when_what_the_engine_had_is_gone(self):
        stopping = Stopping("P", sure=False, now=0, pace=PACE)

        stopping.looked(PENDING, 0)
        stopping.looked(ABSENT, 0.1)

        assert stopping.over

    def test_is_not_over_while_the_submission_may_still_arrive(self):
        stopping = Stopping("P", sure=False, now=0, pace=PACE)

        stopping.looked(ABSENT, 9)
        early = stopping.over
        stopping.looked(ABSENT, 10)

        assert (early, stopping.over) == (False, True)

    def test_goes_on_for_ever_while_nobody_answers(self):
        stopping = Stopping("P", sure=True, now=0, pace=PACE)

        for at in range(1000):
            stopping.ordered(at)
            stopping.unseen(at)

        assert not stopping.over
        assert stopping.wanted(1001) is Want.STOP
