"""A store in memory: the smallest thing that keeps the promises of `headway.store.base`, for tests and the simulator.

It gives a batch only what its commands declared, so that a forgotten read shows. What is durable is the `Disk`: a
server that crashes loses its `MemoryStore` and opens another one on the same disk. Never for real work: nothing of it
outlives the process.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from headway.clock import Clock
from headway.errors import StoreUnavailable, StoreUnusable
from headway.model.command import Claim, Reads
from headway.model.event import Event
from headway.model.fold import changes, fold_counts, is_checkpoint
from headway.model.job import ACTIVE, JobDoc
from headway.model.world import World, fits, limit_keys
from headway.store.base import GONE_S, LEADER_S, Answer, Head, Peer, Standing
from headway.testing.disk import Disk, MemoryReading

KEPT_SAMPLES = 50

_ENTITIES = {
    "job": "jobs",
    "worker": "workers",
    "queue": "queues",
    "kind": "kinds",
    "service": "services",
    "saved": "saved",
}


class MemoryStore:
    """`headway.store.base.Store` on a `Disk`. `failing` makes the next commits fail, as a full disk would.

    With a `clock` (the database's) several may be open on one disk at a time, as servers on one PostgreSQL.
    """

    def __init__(self, disk: Disk | None = None, *, clock: Clock | None = None) -> None:
        self.disk = disk or Disk()
        self.failing = False
        self._clock = clock
        self._loaded = False

    # -- the writer ------------------------------------------------------------------------------------------------

    def open(self, *, now: int, new_epoch: str) -> Head:
        if self.disk.opened and not self.shared:
            raise StoreUnusable("The disk is open already.", hint="Close the other store first.")
        self.disk.opened += 1
        if not self.disk.head.epoch:
            self.disk.head = Head(new_epoch, 0, now)
        return self.disk.head

    def close(self) -> None:
        self.disk.opened -= 1
        self.disk.bells = [(store, ring) for store, ring in self.disk.bells if store is not self]

    def load(self, reads: Reads, now: int) -> tuple[World, dict[tuple[str, str], Answer]]:
        self.disk.writing.acquire()
        self._loaded = True
        disk = self.disk
        world = World(max(now, disk.head.at))
        world.queues = dict(disk.documents["queues"])
        world.workers = {id: disk.documents["workers"].get(id) for id in reads.workers}
        world.kinds = {id: disk.documents["kinds"].get(id) for id in reads.kinds}
        world.services = {
            id: each for id, each in disk.documents["services"].items() if id.rpartition("/")[0] in reads.services
        }
        world.saved = {id: doc for id, doc in disk.documents["saved"].items() if doc["section"] in reads.saved}
        for job in disk.jobs.values():
            if job.get("state") in ACTIVE:
                world.active.update(limit_keys(job))
        world.uniques = {key: self._newest("unique", key) for key in reads.uniques}
        world.externals = {key: self._newest("external_id", key) for key in reads.externals}
        world.held_by = {worker: self._held_by(worker) for worker in reads.held_by}
        self._load_jobs(world, reads)
        world.checkpoints |= {id: dict(disk.checkpoints.get(id, {})) for id in reads.checkpoints}
        return world, {key: disk.answers[key][0] for key in reads.once if key in disk.answers}

    def _load_jobs(self, world: World, reads: Reads) -> None:
        disk = self.disk
        found = (*world.uniques.values(), *world.externals.values())
        wanted = {*reads.jobs, *(id for id in found if id), *(id for held in world.held_by.values() for id in held)}
        for claim in reads.claims:
            takeable = (job for job in disk.jobs.values() if self._is_takeable(job, claim, world))
            ranked = sorted(takeable, key=_rank)
            world.candidates[id(claim)] = ids = [job.get("id", "") for job in ranked]
            wanted.update(ids)
            world.args |= {each: disk.args.get(each, b"{}") for each in ids}
            world.checkpoints |= {each: dict(disk.checkpoints.get(each, {})) for each in ids}
        world.jobs = {id: disk.jobs.get(id) for id in wanted}
        for job in world.jobs.values():
            if job is None:
                continue
            if job.get("state") in ACTIVE and (worker := job.get("worker")):
                world.workers.setdefault(worker, disk.documents["workers"].get(worker))
        kinds = {*reads.kinds, *(job.get("kind", "") for job in world.jobs.values() if job)}
        world.samples = {kind: list(disk.samples[kind]) for kind in kinds if kind in disk.samples}

    def _is_takeable(self, job: JobDoc, claim: Claim, world: World) -> bool:
        if not fits(job, claim) or job.get("avoid", {}).get(claim.worker, "") > world.now_text:
            return False
        queue = self.disk.documents["queues"].get(job.get("queue", ""), {})
        kind = self.disk.documents["kinds"].get(job.get("kind", ""), {})
        limits = {"queue": queue.get("limit"), "kind": kind.get("limit"), "key": kind.get("key_limit")}
        bounds = ((key, limits[key[0]]) for key in limit_keys(job))
        return not queue.get("paused") and all(limit is None or world.active[key] < limit for key, limit in bounds)

    def _newest(self, field: str, key: tuple[str, str]) -> str | None:
        same = (id for id, job in self.disk.jobs.items() if (job.get("namespace"), job.get(field)) == key)
        return max(same, default=None)

    def _held_by(self, worker: str) -> set[str]:
        return {id for id, job in self.disk.jobs.items() if job.get("worker") == worker and job.get("state") in ACTIVE}

    def commit(self, world: World, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        try:
            if self.failing:
                raise StoreUnavailable("The disk of this test is full.", hint="Nothing was written; try again.")
            msgspec.json.encode([event.data for event in world.events])
            events = self._write(world, answers)
        finally:
            self._end()
        for store, ring in self.disk.bells if events else ():
            if store is not self:
                ring()
        return events

    def _write(self, world: World, answers: Mapping[tuple[str, str], Answer]) -> list[Event]:
        disk = self.disk
        first = disk.head.seq + 1
        events = [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(world.events, first)]
        for event in events:
            fold_counts(disk.counts, event)
            self._keep(world, event)
        if events:
            disk.log += events
            disk.head = Head(disk.head.epoch, events[-1].seq, max(disk.head.at, events[-1].at))
        disk.args.update(world.args)
        disk.results.update(world.results)
        for job, key, value in world.new_checkpoints:
            disk.checkpoints.setdefault(job, {})[key] = value
        for kind, stage, seconds in world.new_samples:
            kept = [(stage, seconds), *disk.samples.get(kind, [])]
            seen: Counter[str] = Counter()
            disk.samples[kind] = [each for each in kept if seen.update([each[0]]) or seen[each[0]] <= KEPT_SAMPLES]
        for worker, (at, load) in world.heard.items():
            soft = disk.soft.setdefault(worker, {})
            soft.update({"last_heard_at": at} | ({"load": load} if load else {}))
        disk.answers.update({key: (answer, world.now) for key, answer in answers.items()})
        for id in world.deleted:
            self._forget(id)
        return events

    def _keep(self, world: World, event: Event) -> None:
        """Put the document that the event is about in place, numbered by the last event that changed it."""
        entity = _ENTITIES.get(event.prefix)
        if entity is None:
            return
        table: Any = self.disk.jobs if entity == "jobs" else self.disk.documents[entity]
        document = getattr(world, entity).get(event.subject)
        if document is None:
            if entity == "saved":
                table.pop(event.subject, None)
            return
        known = table.get(event.subject, {}).get("seq", 0)
        table[event.subject] = {**document, "seq": event.seq if changes(event) else known}
        getattr(world, entity)[event.subject] = table[event.subject]

    def _forget(self, id: str) -> None:
        disk = self.disk
        for table in (disk.jobs, disk.args, disk.results, disk.checkpoints):
            table.pop(id, None)  # type: ignore[call-overload]
        disk.log = [event for event in disk.log if event.job != id or event.seq >= disk.first_seq]

    def rollback(self) -> None:
        if self._loaded:
            self._end()

    def _end(self) -> None:
        self._loaded = False
        self.disk.writing.release()

    # -- readers and upkeep ----------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Generator[MemoryReading, None, None]:
        with self.disk.writing:
            frozen = self.disk.copy()
        yield MemoryReading(frozen)

    @property
    def shared(self) -> bool:
        return self._clock is not None

    def clock_zero_ms(self) -> float:
        return 0.0

    def on_news(self, ring: Callable[[], None]) -> bool:
        self.disk.bells.append((self, ring))
        return True

    def beat(self, server: str, doc: dict[str, Any]) -> Standing:
        if self.failing:
            raise StoreUnavailable("The disk of this test is full.", hint="Nothing was written; try again.")
        if self._clock is None:
            return Standing((Peer(server, self.disk.head.at, doc),), server)
        disk, now = self.disk, self._clock.now()
        with disk.writing:
            disk.servers = {id: peer for id, peer in disk.servers.items() if now - peer.heard_at < GONE_S * 1000}
            leader = disk.servers.get(disk.leader)
            if leader is None or now - leader.heard_at > LEADER_S * 1000:
                disk.leader = server
            disk.servers[server] = Peer(server, now, doc)
            return Standing(tuple(disk.servers.values()), disk.leader)

    def retire(self, server: str) -> None:
        with self.disk.writing:
            self.disk.servers.pop(server, None)
            if self.disk.leader == server:
                self.disk.leader = ""

    def maintain(self) -> None:
        """Nothing to do."""

    def purge(self, *, events_before: int, keys_before: int) -> int:
        disk = self.disk
        with self.disk.writing:
            old = [key for key, (_, at) in disk.answers.items() if at < keys_before]
            for key in old:
                del disk.answers[key]
            end = min(events_before, disk.head.seq + 1)
            marks = (event for event in disk.log if event.seq < end and is_checkpoint(event))
            checkpoints = {event.job: event.seq for event in marks}
            kept = [
                event
                for event in disk.log
                if event.seq >= end or (event.job in disk.jobs and event.seq >= checkpoints.get(event.job, 0))
            ]
            gone = len(old) + len(disk.log) - len(kept)
            disk.log = kept
            disk.first_seq = max(disk.first_seq, end)
        return gone

    def scan_jobs(self) -> Iterator[tuple[JobDoc, Sequence[Event]]]:
        with self.reading() as reading:
            for id in reading.disk.jobs:
                events = reading.events_of(id, limit=1_000_000)
                start = max((place for place, each in enumerate(events) if is_checkpoint(each)), default=0)
                yield reading.disk.jobs[id], events[start:]


def _rank(job: JobDoc) -> tuple[int, str, str]:
    return -job.get("priority", 0), job.get("queued_at", ""), job.get("id", "")
