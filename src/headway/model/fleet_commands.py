"""Commands about everything but jobs: workers, services, queues, kinds, what is saved, custom events, the server's own words.

Imported through `command.py`.
"""

# ruff: noqa: RUF012 (ruff does not see that Command is a msgspec.Struct, which makes empty defaults anew each time)

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from headway.model.reads import Command, Reads, WorkerCommand

# -- workers and services ------------------------------------------------------------------------------------------


class Connect(WorkerCommand, frozen=True, kw_only=True):
    """A worker said hello. `profile` is its description (machine, name, version, boot_id, instance, pid, labels,
    slots, queues); `running` what it says it runs: (job, attempt, n). Answer: `{"yours": […], "fenced": […]}`,
    and where there are any its `services` as they stand now, what was `refused` of services and kinds, as `ReportServices`
    says it, and then the names of the kinds that were `taken`.
    """

    profile: dict[str, Any]
    kinds: tuple[dict[str, Any], ...] = ()
    services: tuple[dict[str, Any], ...] = ()
    running: tuple[tuple[str, int, int], ...] = ()
    namespace: str = "default"
    server: str = ""

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)
        reads.services.add(self.worker)
        reads.kinds.update(_names(self.kinds))
        reads.jobs.update(job for job, _, _ in self.running)


def _names(kinds: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Of those that have one: the others are refused."""
    return (name for kind in kinds if isinstance(name := kind.get("name"), str))


class Disconnect(WorkerCommand, frozen=True, kw_only=True):
    """Its link at `server` ended. Attempts keep their lease. `goodbye`: it said so itself and holds nothing more."""

    instance: str
    server: str = ""
    reason: str = ""
    goodbye: bool = False

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        if self.goodbye:
            reads.held_by.add(self.worker)
            reads.services.add(self.worker)


class Stale(WorkerCommand, frozen=True, kw_only=True):
    """Nothing was heard of it for `stale_s`."""

    instance: str


class Back(WorkerCommand, frozen=True, kw_only=True):
    """It is heard again on the same link. Stall clocks of its attempts start anew."""

    instance: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)


class Lose(WorkerCommand, frozen=True, kw_only=True):
    """Its lease ended: every attempt it holds is lost."""

    instance: str

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)
        reads.services.add(self.worker)


class Drain(WorkerCommand, frozen=True, kw_only=True):
    """No more offers to it; what it runs goes on."""

    by: str = ""


class Cut(WorkerCommand, frozen=True, kw_only=True):
    """Whichever server it is linked to closes its link. `for_good`: and tells it not to come back."""

    for_good: bool
    reason: str = ""
    by: str = ""


class Problem(WorkerCommand, frozen=True, kw_only=True):
    """It is on the board with a problem: a refused registration, a state that disagrees."""

    problem: str
    profile: dict[str, Any] = {}
    namespace: str = "default"


class ReportServices(WorkerCommand, frozen=True, kw_only=True):
    """The state of all the engines behind a worker: `[{name, type, status, …}]`, said by the process `instance` to `server`
    (empty: by nobody in particular). Answer: what was not taken, `{field, message}` each.
    """

    services: tuple[dict[str, Any], ...]
    instance: str = ""
    server: str = ""

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.services.add(self.worker)


class ReportKinds(WorkerCommand, frozen=True, kw_only=True):
    """All kinds that the process `instance` serves now, as in its hello, said to `server`. Answer: the names `taken`, and
    what was `refused` (`{field, message}` each); None where the link is over.
    """

    instance: str
    kinds: tuple[dict[str, Any], ...]
    server: str = ""

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.kinds.update(_names(self.kinds))


class ServiceSilent(WorkerCommand, frozen=True, kw_only=True):
    """Nothing was heard of this service of the worker for `service_unknown_s`. `deaf`: when nobody could hear (ms)."""

    name: str
    deaf: tuple[tuple[int, int], ...] = ()

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.services.add(self.worker)


class Compare(WorkerCommand, frozen=True, kw_only=True):
    """What the process `instance` says to `server` that it runs, all of it: (job, attempt) each."""

    instance: str
    running: tuple[tuple[str, int], ...]
    server: str = ""

    def reads(self, reads: Reads) -> None:
        reads.workers.add(self.worker)
        reads.held_by.add(self.worker)


class Hear(WorkerCommand, frozen=True, kw_only=True):
    """Soft: the worker was heard at `at` (ms), with its load if it said any. Writes soft columns, and a `worker.loaded`
    event for those who look.
    """

    at: int
    load: dict[str, Any] | None = None


# -- queues, kinds, what is saved, custom events, the system ----------------------------------------------------------------------


class PauseQueue(Command, frozen=True, kw_only=True):
    """No offers from it. Running jobs go on."""

    queue: str
    by: str = ""
    reason: str = ""


class ResumeQueue(Command, frozen=True, kw_only=True):
    """Offers again."""

    queue: str
    by: str = ""


class LimitQueue(Command, frozen=True, kw_only=True):
    """At most `limit` running jobs of this queue; None: no limit."""

    queue: str
    limit: int | None
    by: str = ""


class LimitKind(Command, frozen=True, kw_only=True):
    """At most `limit` running jobs of this kind, and `key_limit` per `limit_key`; None: no limit."""

    kind: str
    limit: int | None
    key_limit: int | None = None

    def reads(self, reads: Reads) -> None:
        reads.kinds.add(self.kind)


class ApproveKind(Command, frozen=True, kw_only=True):
    """A person has looked at the `definition` that is in quarantine, and it may be used from now on."""

    kind: str
    definition: str
    by: str = ""

    def reads(self, reads: Reads) -> None:
        reads.kinds.add(self.kind)


class SaveEntry(Command, frozen=True, kw_only=True):
    """Keep `body` under a name in a section (`views`, `templates`), in place of what was there.
    Answer: `{"id": …, "created": …}`.
    """

    section: str
    name: str
    body: dict[str, Any]
    by: str = ""

    def reads(self, reads: Reads) -> None:
        reads.saved.add(self.section)


class RemoveEntry(Command, frozen=True, kw_only=True):
    """Keep it no longer."""

    section: str
    name: str
    by: str = ""

    def reads(self, reads: Reads) -> None:
        reads.saved.add(self.section)


class Emit(Command, frozen=True, kw_only=True):
    """A custom event. `name` is `<prefix>.<name>` outside the reserved prefixes."""

    name: str
    data: dict[str, Any] = {}
    priority: str = "normal"
    conflate_key: str | None = None
    job: str | None = None
    namespace: str = "default"

    def reads(self, reads: Reads) -> None:
        if self.job:
            reads.jobs.add(self.job)


class Note(Command, frozen=True, kw_only=True):
    """A `system.*` or `metrics.*` event of the server itself."""

    name: str
    data: dict[str, Any] = {}
    priority: str = "normal"
