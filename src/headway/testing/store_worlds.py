"""Hand-made worlds for store tests: events about jobs without the rules that usually make them.

The suite must not depend on what `decide` does today, only on what a store promises. Called by `store_suite.py` and by
tests of single stores.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random  # noqa: TID251 - seeded: makes cases, decides nothing
from typing import Any

from headway.clock import iso
from headway.model.command import Reads
from headway.model.event import Event
from headway.model.job import FINAL, JobDoc, visible
from headway.model.world import World
from headway.store.base import Answer, Store

NOW = 1_790_000_000_000
PLACE = {"namespace": "default", "kind": "crawl", "queue": "default", "state": "queued"}
"""What `changed` needs to know of a job made by `submitted` without more."""
STATES = ("scheduled", "queued", "running", "cancelling", "completed", "failed", "cancelled")


def job_id(n: int) -> str:
    """Ids that sort by `n`, of the length of real ones."""
    return f"01J{n:023d}"


def submitted(id: str, *, args: Any = None, at: int = NOW, **fields: Any) -> Event:
    """The event that makes a job; `fields` override its document."""
    doc: dict[str, Any] = {
        "id": id, "namespace": "default", "kind": "crawl", "queue": "default", "priority": 0, "labels": {},
        "state": "queued", "created_at": iso(at), "queued_at": iso(at), "attempt": 0, "tries": 0,
    }  # fmt: skip
    doc |= fields
    return _event(
        doc, "job.submitted", at, {"set": doc, "put": {"args": args if args is not None else {}}, "was": None}
    )


def changed(job: Mapping[str, Any], type: str = "job.noted", *, at: int = NOW, **fields: Any) -> Event:
    """The event that changes fields of a job; with `state` among them it moves."""
    data: dict[str, Any] = {"set": fields}
    if "state" in fields:
        data["was"] = job["state"]
    return _event({**job, **fields}, type, at, data)


def deleted(job: Mapping[str, Any], *, at: int = NOW) -> Event:
    """The event that removes a job; `world.deleted` must name it too."""
    return _event(job, "job.deleted", at, {"was": job["state"], "deleted": True})


def compacted(job: Mapping[str, Any], *, at: int = NOW) -> Event:
    """A checkpoint: the whole document in one event."""
    return _event(job, "job.compacted", at, {"put": dict(job), "checkpoint": True})


def noted(job: Mapping[str, Any], key: str, *, at: int = NOW) -> Event:
    """User code made a checkpoint of its own under `key`."""
    return _event(job, "job.noted", at, {"set": {"tries": 1}, "checkpoint": key})


def logged(job: Mapping[str, Any], first: int, *texts: str, at: int = NOW, attempt: int = 1) -> Event:
    """Lines of the job's log, numbered from `first`."""
    lines = [(first + place, at + place, "info", text) for place, text in enumerate(texts)]
    data = {"first": first, "last": first + len(texts) - 1, "soft": {"log_lines": first + len(texts) - 1}}
    return _event(job, "job.logged", at, data, attempt=attempt, extra={"lines": lines})


def about(type: str, subject: str, *, at: int = NOW, **fields: Any) -> Event:
    """An event about anything but a job."""
    return Event(type=type, at=at, subject=subject, data={"set": fields})


def saved(id: str, *, at: int = NOW, **body: Any) -> Event:
    """A view or template of this id (`section/name`) was kept."""
    section, _, name = id.partition("/")
    whole = {"id": id, "section": section, "name": name, "body": body}
    return Event(type="saved.stored", at=at, subject=id, data={"put": whole})


def unsaved(id: str, *, at: int = NOW) -> Event:
    """It was removed."""
    return Event(type="saved.removed", at=at, subject=id, data={"deleted": True})


def _event(job: Mapping[str, Any], type: str, at: int, data: dict[str, Any], **more: Any) -> Event:
    return Event(
        type=type, at=at, subject=job["id"], job=job["id"], namespace=job["namespace"], queue=job["queue"],
        kind=job["kind"], worker=job.get("worker"), labels=job.get("labels") or None, data=data, **more,
    )  # fmt: skip


def load_for(store: Store, *events: Event, at: int = NOW, reads: Reads | None = None) -> World:
    """The world that the events need, with them added."""
    reads = reads or Reads()
    reads.jobs.update(event.job for event in events if event.job)
    reads.kinds.update(event.subject for event in events if event.prefix == "kind")
    reads.workers.update(event.subject for event in events if event.prefix == "worker")
    reads.services.update(event.subject.rpartition("/")[0] for event in events if event.prefix == "service")
    reads.saved.update(event.subject.partition("/")[0] for event in events if event.prefix == "saved")
    world, _ = store.load(reads, at)
    for event in events:
        world.add(event)
        if event.data.get("deleted") and event.prefix == "saved":
            world.saved[event.subject] = None
        elif event.data.get("deleted"):
            world.deleted.append(event.subject)
    return world


def write(
    store: Store, *events: Event, at: int = NOW, answers: Mapping[tuple[str, str], Answer] | None = None, **lists: Any
) -> list[Event]:
    """Commit the events. `lists` are entries of the world's maps and lists: `args={id: b"…"}`, `new_samples=[…]`."""
    world = load_for(store, *events, at=at)
    for name, entries in lists.items():
        getattr(world, name).update(entries) if isinstance(entries, dict) else getattr(world, name).extend(entries)
    return store.commit(world, answers or {})


class Stream:
    """A seeded stream of lawful-looking batches over a small set of jobs; knows what the store must hold."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - cases, not secrets
        self._made = 0
        self.jobs: dict[str, JobDoc] = {}

    def batch(self) -> list[Event]:
        """A few events on new and known jobs; call `apply` with what the store made of them."""
        events: list[Event] = []
        staged: dict[str, Mapping[str, Any]] = dict(self.jobs)
        for _ in range(self._random.randint(1, 12)):
            event = self._one(staged)
            events.append(event)
            if event.data.get("deleted"):
                del staged[event.subject]
            else:
                staged[event.subject] = {**staged.get(event.subject, {}), **event.data.get("set", {})}
        return events

    def _one(self, staged: Mapping[str, Mapping[str, Any]]) -> Event:
        dice = self._random
        if not staged or dice.random() < 0.3:
            self._made += 1
            return self._new(job_id(self._made))
        job = staged[dice.choice(sorted(staged))]
        if job["state"] in FINAL and dice.random() < 0.2:
            return deleted(job)
        if dice.random() < 0.5:
            state = dice.choice(STATES)
            queued_at: dict[str, Any] = {"queued_at": iso(NOW + dice.randint(0, 9))} if state == "queued" else {}
            return changed(job, f"job.{state}", state=state, worker=dice.choice(["w/1", "w/2", None]), **queued_at)
        return changed(
            job, "job.progressed", progress={"overall": dice.random(), "message": dice.choice(["é", None, "x"])}
        )

    def _new(self, id: str) -> Event:
        dice = self._random
        return submitted(
            id, kind=dice.choice(["crawl", "index"]), queue=dice.choice(["default", "gpu"]),
            priority=dice.randint(-1, 2), labels={"shard": str(dice.randint(0, 2))}, args={"n": dice.random()},
            requires=dice.choice([{}, {"gpu": "a100"}]), limit_key=dice.choice(["a", "b"]),
        )  # fmt: skip


def seen(doc: JobDoc | None) -> JobDoc | None:
    """A document as viewers have it."""
    return None if doc is None else visible(doc)
