"""When to try again: exponential backoff with jitter, and what an ended attempt means for its job.

Pure tables and arithmetic; randomness comes in as `dice`. Called by `ending.py`.
"""

from __future__ import annotations

from headway.model.job import Outcome

REASONS = {
    Outcome.ERRORED: "error",
    Outcome.REJECTED: "rejected",
    Outcome.TIMED_OUT: "timeout",
    Outcome.STALLED: "stalled",
    Outcome.CRASHED: "crashed",
    Outcome.LOST: "worker_lost",
    Outcome.CANCELLED: "cancelled",
    Outcome.RELEASED: "released",
    Outcome.REFUSED: "refused",
}
"""Reason code a job carries when its last attempt ended so."""

ELSEWHERE = frozenset({Outcome.STALLED, Outcome.CRASHED, Outcome.LOST, Outcome.REFUSED})
"""Outcomes after which another worker is preferred for a while (`avoid`)."""

AT_ONCE = frozenset({Outcome.STALLED, Outcome.CRASHED, Outcome.LOST, Outcome.RELEASED, Outcome.REFUSED})
"""Outcomes that say nothing against the job itself: tried again without delay."""

UNCLEAN = frozenset({Outcome.LOST, Outcome.CRASHED, Outcome.RELEASED, Outcome.REFUSED})
"""Outcomes after which nobody is left to clean up."""

SENTENCES = {
    Outcome.ERRORED: "Its handler failed.",
    Outcome.REJECTED: "Its handler rejected the input.",
    Outcome.CANCELLED: "It was cancelled.",
    Outcome.TIMED_OUT: "It ran longer than its timeout.",
    Outcome.STALLED: "It made no progress for its progress_timeout.",
    Outcome.CRASHED: "Its process died.",
    Outcome.LOST: "Its worker was silent past its lease.",
    Outcome.RELEASED: "Its worker gave it back.",
    Outcome.REFUSED: "Its worker refused it.",
}
"""What is said of a failed job when nobody said more."""

FATAL_RELEASES = 3
"""A job released this often because its executor died under it is taken for the culprit: `crashed`."""

EXECUTOR_DIED = "executor died"
"""The reason a worker gives when it releases several attempts because their shared executor died."""


NOT_ACCEPTED = "not accepted"
"""The reason of an offer that its worker left unanswered: released, and offered elsewhere first."""


def backoff_s(tries: int, base_s: float, cap_s: float, dice: float) -> float:
    """Seconds to wait before try `tries + 1`: base · 2^(tries-1), capped, then jittered to 50–100 % of it."""
    return min(cap_s, base_s * 2.0 ** min(max(tries - 1, 0), 40)) * (0.5 + 0.5 * dice)
