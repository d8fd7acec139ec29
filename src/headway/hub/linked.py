"""A linked worker as the dispatcher keeps it: its port, what it serves, which attempts it holds, and how much room is left.

Room is two things: free slots of the worker, and of the services that its kinds need. Knows no log and no ledger.
Called by dispatcher.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from headway.model.job import JobDoc
from headway.model.services import slots_of


class WorkerPort(Protocol):
    """A worker's link, as the dispatcher sees it. Calls never wait; a link that is gone ignores them.

    Who says a cancel records that it was delivered (protocol/session.py): here nobody knows whether it was said.
    """

    worker: str
    instance: str

    def offer(self, job: JobDoc, args: bytes, checkpoints: dict[str, Any]) -> None: ...
    def cancel(self, job: str, attempt: int, reason: str, grace_s: float) -> None: ...
    def fence(self, job: str, attempt: int, reason: str) -> None: ...
    def answer_input(self, job: str, attempt: int, request: str, answer: Any) -> None: ...
    def drain(self) -> None: ...


class LinkedWorker:
    """One linked worker: its port, what it serves, and how full it is."""

    def __init__(
        self,
        port: WorkerPort,
        profile: dict[str, Any],
        kinds: Sequence[str],
        needs: Mapping[str, str],
        services: Sequence[Mapping[str, Any]],
        definitions: Mapping[str, str],
    ) -> None:
        self.port = port
        self.needs = dict(needs)
        self.definitions = definitions
        self.barred: frozenset[str] = frozenset()  # kinds whose pinned definition is not the one it told last
        self.services = {f"{port.worker}/{each['name']}": dict(each) for each in services}
        self.slots = int(profile.get("slots") or 1)
        self.kinds = tuple(kinds)
        self.queues = tuple(profile.get("queues") or ())
        self.labels: dict[str, str] = dict(profile.get("labels") or {})
        self.namespace = str(profile.get("namespace") or "default")
        self.held: dict[tuple[str, int], str] = {}  # (job, attempt) -> its kind
        self.ended: set[tuple[str, int]] | None = set()  # what ended before it was known what is held; then None
        self.claiming = False
        self.told: set[str] = set()  # offered while a claim is under way
        self.expected: set[str] = set()  # claimed, and not told by the log yet: others' commits are still before ours
        self.stirred = True  # something happened since the last claim that may have made a job claimable
        self.draining = False

    def serve(self, kinds: Sequence[str], needs: Mapping[str, str], definitions: Mapping[str, str]) -> None:
        """It serves these from now on; what it holds it goes on with."""
        self.kinds, self.needs, self.definitions = tuple(kinds), dict(needs), definitions
        self.stirred = True

    @property
    def free(self) -> int:
        return self.slots - len(self.held) - len(self.expected)

    def room(self) -> dict[str, int]:
        """Free slots by service, of those that its kinds need.

        What is claimed and not told yet may be of any kind: it counts for each.
        """
        if not self.needs:
            return {}
        taken = Counter(self.needs.get(kind) for kind in self.held.values())
        return {
            wanted: max(0, slots_of(self.services.values(), wanted) - taken[wanted] - len(self.expected))
            for wanted in set(self.needs.values())
        }
