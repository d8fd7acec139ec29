"""Lanes: the constant coordinates of jobs, and which of them a claim or a filter concerns.

Few exist (kinds × queues × sets of required labels), so they are matched in memory, and the database is asked
only for index ranges that hold what is wanted. Knows no SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from headway.model.command import Claim
from headway.model.job import ACTIVE, WAITING, JobDoc, JobState
from headway.model.query import KEYS, Query, Term


class Lane(msgspec.Struct, frozen=True):
    """One (namespace, kind, queue, requires) with its number; `requires` as canonical text."""

    id: int
    namespace: str
    kind: str
    queue: str
    requires: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels that a worker must have."""
        return msgspec.json.decode(self.requires, type=dict[str, str]) if self.requires else {}


Place = tuple[str, str, str, str]
"""(namespace, kind, queue, requires) of a job, as its lane has them."""

_canonical = msgspec.json.Encoder(order="deterministic")


def place_of(job: JobDoc) -> Place:
    """Where a job belongs."""
    requires = job.get("requires")
    return (
        job.get("namespace", "default"),
        job.get("kind", ""),
        job.get("queue", ""),
        _canonical.encode(requires).decode() if requires else "",
    )


def lanes_for(claim: Claim, lanes: Iterable[Lane]) -> list[Lane]:
    """The lanes whose jobs the worker of the claim may run, whatever paused or limited them."""
    return [
        lane
        for lane in lanes
        if lane.kind in claim.kinds
        and lane.namespace == claim.namespace
        and (not claim.queues or lane.queue in claim.queues)
        and (not lane.requires or lane.labels.items() <= claim.labels.items())
    ]


_OF_THE_SHELF = ("state", "kind", "queue")
_STATES_OF: dict[str, frozenset[JobState]] = {
    "running": ACTIVE,
    "waiting": WAITING,
    "error": frozenset({JobState.FAILED, JobState.CANCELLED}),
}
"""The only states in which a job can match a term of this key: only what ended otherwise than well has an error or a
reason (`model/change.py`, `finish`).
"""


def shelf_terms(query: Query) -> Query:
    """What the query says of shelves, and what follows for them from what it says else."""
    said = [term for term in query.terms if term.key in _OF_THE_SHELF]
    follows = [_STATES_OF[term.key] for term in query.terms if term.key in _STATES_OF and not term.negated]
    return Query((*said, *(Term("state", tuple(sorted(states))) for states in follows)))


def shelves_for(
    terms: Query, lanes: Iterable[Lane], counts: Mapping[tuple[int, str], int]
) -> dict[tuple[int, str], int]:
    """The (lane, state) that hold a job of which all the terms of shelves can be true, and how many they hold."""
    by_id = {lane.id: lane for lane in lanes}
    return {
        (lane, state): number
        for (lane, state), number in counts.items()
        if number > 0 and lane in by_id and _stands_on(terms, by_id[lane], state)
    }


def _stands_on(terms: Query, lane: Lane, state: str) -> bool:
    job = JobDoc(kind=lane.kind, queue=lane.queue, state=state)
    return all(KEYS[term.key].test(term, job, 0) is not term.negated for term in terms.terms)
