"""What must be true of a simulated world, whatever happened in it: the invariants, held against log, rows and viewers.

Each check answers with sentences about what is wrong; none is good. `Witness` watches the log as it grows and remembers
what a later commit could hide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from headway.hub.ledger import Commit
from headway.hub.snapshot import Request, page_frame, read_pages
from headway.model.event import Event
from headway.model.fold import fold, fold_counts
from headway.model.job import FINAL, JobDoc, is_final
from headway.model.settings import Settings
from headway.protocol import frames as f
from headway.protocol.viewing import View
from headway.testing.disk import Disk, MemoryReading

AFTER_THE_END = frozenset(
    {"job.late_result", "job.report_fenced", "job.cancel_acknowledged", "job.noted", "job.queued", "job.retry_scheduled",
     "job.cancel_too_late", "job.completed", "job.failed", "job.cancelled", "job.cancel_requested", "job.submitted",
     "job.compacted"}
)  # fmt: skip
"""Events that may name an attempt which is over."""

NEEDS_ENGINE = "shaky"
"""The kind whose jobs need a slot of the engine behind their worker."""


class Witness:
    """Watches every commit. `problems` grows with what was wrong at the moment it happened."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.finals: Counter[str] = Counter()
        self._seq = 0
        self._over: set[tuple[str, int]] = set()
        self._newest: dict[str, int] = {}
        self._adopted: set[str] = set()
        self._overall: dict[tuple[str, int], float] = {}
        self._n: dict[tuple[str, int], int] = {}
        self._pinned: dict[str, str | None] = {}
        self._told: dict[str, dict[str, str]] = {}

    def watch(self, commit: Commit) -> None:
        """Look at the events of one commit."""
        for event in commit.events:
            if event.seq != self._seq + 1:
                self.problems.append(f"seq {event.seq} follows {self._seq}")
            self._seq = event.seq
            if event.prefix == "job" and event.job:
                self._look(event, event.job)
            elif event.prefix in ("kind", "worker"):
                self._learn(event)

    def _learn(self, event: Event) -> None:
        """What is pinned, and what each worker told last."""
        for part in ("set", "put"):
            change: dict[str, Any] = event.data.get(part) or {}
            if "definition" in change:
                self._pinned[event.subject] = change["definition"]
            if "definitions" in change:
                self._told[event.subject] = change["definitions"]

    def _look(self, event: Event, job: str) -> None:
        patch: dict[str, Any] = event.data.get("set") or {}
        if event.data.get("was") in FINAL and not event.data.get("deleted"):
            self.problems.append(f"{job} left the final state {event.data['was']} (seq {event.seq})")
        if patch.get("state") in FINAL and event.data.get("was") not in FINAL:
            self.finals[job] += 1
        if patch.get("adopted"):
            self._adopted.add(job)
        self._number(event, job, patch)
        self._fence(event, job, patch)
        if event.type == "job.offered":
            self._definition(event, job, patch)

    def _definition(self, event: Event, job: str, patch: dict[str, Any]) -> None:
        """It runs only under the definition that is pinned, and only where that is what was told last."""
        kind, worker = event.kind or "", event.worker or ""
        offered = patch["attempts"][str(event.attempt)].get("definition")
        pinned, told = self._pinned.get(kind), self._told.get(worker, {}).get(kind)
        if not offered == pinned == told:
            said = f"offered under {offered}; {pinned} is pinned, {worker} told {told}"
            self.problems.append(f"attempt {event.attempt} of {job} was {said} (seq {event.seq})")

    def _number(self, event: Event, job: str, patch: dict[str, Any]) -> None:
        if (number := patch.get("attempt")) and event.type != "job.submitted":
            before = self._newest.get(job, 0)
            if number != before + 1 and job not in self._adopted:
                self.problems.append(f"attempt {number} of {job} follows {before}")
            self._newest[job] = number
        soft: dict[str, Any] = event.data.get("soft") or {}
        n = soft.get("n")
        if n is not None:
            key = job, event.attempt or self._newest.get(job, 0)
            if n != self._n.get(key, 0) + 1:
                self.problems.append(f"statement {n} of {key} follows {self._n.get(key, 0)} (seq {event.seq})")
            self._n[key] = n

    def _fence(self, event: Event, job: str, patch: dict[str, Any]) -> None:
        key = job, event.attempt or 0
        if event.attempt and key in self._over and event.type not in AFTER_THE_END:
            self.problems.append(f"{event.type} of {key}, which is over (seq {event.seq})")
        if event.type == "job.attempt_ended":
            if key in self._over:
                self.problems.append(f"{key} ended twice (seq {event.seq})")
            self._over.add(key)
        progress: dict[str, Any] = patch.get("progress") or {}
        overall = progress.get("overall")
        if overall is not None and event.attempt:
            if overall < self._overall.get(key, 0.0):
                self.problems.append(f"progress of {key} went back to {overall} (seq {event.seq})")
            if overall == 1.0 and event.type != "job.completed":
                self.problems.append(f"{key} says 1.0 before it is completed (seq {event.seq})")
            self._overall[key] = overall


def rows_are_folds(disk: Disk) -> Iterable[str]:
    """I3: every document is the fold of its events; counts are what counting gives, and what folding gives."""
    folded: dict[tuple[str, str], dict[str, Any]] = {}
    counts: dict[str, dict[str, int]] = {}
    for event in disk.log:
        fold_counts(counts, event)
        key = f"{event.prefix}s", event.subject
        if event.data.get("deleted"):
            folded.pop(key, None)
        elif key in folded or "set" in event.data:
            folded[key] = fold(folded.get(key), event)
    tables: dict[str, Any] = {"jobs": disk.jobs, **disk.documents}
    for name, table in tables.items():
        for id, document in table.items():
            if folded.pop((name, id), None) != document:
                yield f"{name} {id} is not the fold of its events"
    yield from (f"{name} {id} has events and no row" for name, id in folded)
    counted: dict[str, Counter[str]] = {}
    for job in disk.jobs.values():
        counted.setdefault(job.get("queue", ""), Counter())[job.get("state", "")] += 1
    if not counts == disk.counts == {queue: dict(states) for queue, states in counted.items()}:
        yield f"counts differ: folded {counts}, stored {disk.counts}, counted {counted}"


def one_outcome_each(disk: Disk, witness: Witness) -> Iterable[str]:
    """I5: a job reached at most one final state, and has it."""
    for id, job in disk.jobs.items():
        if witness.finals[id] != int(is_final(job)):
            yield f"{id} is {job.get('state')} and reached {witness.finals[id]} final states"


def all_ended(disk: Disk) -> Iterable[str]:
    """Once faults stop, every job ends."""
    for id, job in disk.jobs.items():
        if not is_final(job):
            yield f"{id} is still {job.get('state')} (attempt {job.get('attempt')}, worker {job.get('worker')})"


def linked_are_online(disk: Disk, linked: Iterable[str]) -> Iterable[str]:
    """Once faults stop, a worker whose link stands is one that is given work."""
    for id in linked:
        state = disk.documents.get("workers", {}).get(id, {}).get("state")
        if state not in {"online", "draining", "stale"}:  # a late word may be under way
            yield f"worker {id} has its link, and is {state}"


def services_are_as_told(disk: Disk, told: Mapping[str, str]) -> Iterable[str]:
    """Once faults stop, an engine behind a worker that is linked stands as its worker tells of it; `told`: worker -> status."""
    for worker, status in told.items():
        known = disk.documents["services"].get(f"{worker}/e", {}).get("status")
        if known != status:
            yield f"the engine of {worker} is {status}, and stands as {known}"


def definitions_are_as_told(disk: Disk, kind: str, definition: str, linked: Iterable[str]) -> Iterable[str]:
    """Once faults stop, a kind stands as all tell of it and somebody approved it, and its workers with what they told."""
    known = disk.documents["kinds"].get(kind, {})
    if known.get("definition") != definition or "quarantine" in known:
        yield f"kind {kind} is {known.get('definition')}, with {known.get('quarantine')} in quarantine, not {definition}"
    for worker in linked:
        told = disk.documents["workers"].get(worker, {}).get("definitions", {}).get(kind)
        if told != definition:
            yield f"worker {worker} has told {told} of kind {kind}, and has {definition}"


def engine_is_not_overrun(disk: Disk, worker: str, running: Iterable[tuple[str, int]], slots: int) -> Iterable[str]:
    """No worker runs more jobs that need its engine than that has slots."""
    jobs = [disk.jobs.get(job, JobDoc()) for job, _ in running]
    number = sum(job.get("kind") == NEEDS_ENGINE for job in jobs)
    if number > slots:
        yield f"{worker} runs {number} jobs of kind {NEEDS_ENGINE}; its engine has {slots} slots"


def view_is_the_store(view: View, disk: Disk, now: int, settings: Settings) -> Iterable[str]:
    """I12: at an equal cursor, what a viewer folded is what one sees who comes only now."""
    if view.seq != disk.head.seq or view.epoch != disk.head.epoch:
        return
    fresh = View(tuple(view.topics))
    fresh.open(disk.head.epoch)
    pages = read_pages(MemoryReading(disk), Request("default", tuple(view.topics)), now, settings)
    for body in pages.bodies:
        frame = f.decode_to_viewer(page_frame("s1", body))
        if isinstance(frame, f.Snapshot):
            fresh.take(frame)
    mine, theirs = view.shown(), fresh.shown()
    for topic in view.topics:
        for part in mine[topic]:
            if mine[topic][part] != theirs[topic][part]:
                yield f"a viewer of {topic} at seq {view.seq} sees other {part}: {_difference(mine, theirs, topic, part)}"


def _difference(mine: Any, theirs: Any, topic: str, part: str) -> str:
    ours, new = mine[topic][part], theirs[topic][part]
    if not isinstance(ours, dict):
        return f"{ours!r} instead of {new!r}"
    path = ""
    while isinstance(ours, dict) and isinstance(new, dict):
        a: dict[str, Any] = ours  # pyright: ignore[reportUnknownVariableType]
        b: dict[str, Any] = new  # pyright: ignore[reportUnknownVariableType]
        key = next((key for key in [*a, *b] if a.get(key) != b.get(key)), None)
        if key is None:
            break
        path, ours, new = f"{path}/{key}", a.get(key), b.get(key)
    return f"{path}: {ours!r} instead of {new!r}"
