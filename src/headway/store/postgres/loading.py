"""Reading a batch's world from PostgreSQL under the locks that it needs, in as few round trips as there can be.

Order of the locks, the same for every batch of every server: keys, workers and their services, kinds and queues that
carry a limit, jobs, and only then jobs for claims, which are never waited for (`claiming.py`). READ COMMITTED: each
statement sees what was committed when it began, so what must be exact is read after its lock. Called by `store.py`.
Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from hashlib import blake2b

from headway.clock import iso
from headway.model.command import Reads
from headway.model.job import ACTIVE, JobDoc
from headway.model.world import Document, World
from headway.store.base import Answer
from headway.store.journal import decode, document_of, encode, kept_of
from headway.store.lanes import Lane
from headway.store.postgres import statements as s
from headway.store.postgres.batch import Batch, BeginAnew, Moved, Place
from headway.store.postgres.fields import blob_of, number_of, text_of
from headway.store.postgres.known import BELIEVED_MS, Known, KnownJob
from headway.store.postgres.packing import long, longs, words
from headway.store.postgres.wire import Field, Reply, Wire

NEW = -1
"""`tail` or `seq` of what we do not know."""


class Loading:
    """One load, step by step: each exchange asks for all that can be known to be needed."""

    def __init__(self, wire: Wire, schema: str, known: Known, reads: Reads, now: int) -> None:
        self.wire = wire
        self.known = known
        self.reads = reads
        self._schema = schema
        self.batch = Batch(World(now))

    def begin(self, wary: Collection[Place]) -> None:
        """Locks and reads whatever the commands named. `wary`: documents that somebody else changed under us before."""
        reads = self.reads
        head = self.wire.ask(s.HEAD)
        self._lock_keys()
        asked = {"workers": self._lock("workers", reads.workers | _of("workers", wary))}
        services = self.wire.ask(s.SERVICES, [words(sorted(reads.services))]) if reads.services else None
        saved = self.wire.ask(s.SAVED, [words(sorted(reads.saved))]) if reads.saved else None
        limits = self.known.limits(reads) | set(wary)
        asked |= {table: self._lock(table, _of(table, limits)) for table in ("kinds", "queues")}
        counts = self.wire.ask(s.COUNTS) if reads.claims else None
        found = self._ask_keys()
        held = self.wire.ask(s.HELD, [words([f'"worker":{encode(id).decode()}' for id in reads.held_by])]) if reads.held_by else None  # fmt: skip
        waits = bool(found or held)
        jobs = None if waits else self._ask_jobs(reads.jobs)
        answers = self.wire.ask(s.ANSWERS, _pairs(sorted(reads.once))) if reads.once else None
        checkpoints = self.ask_checkpoints(reads.checkpoints)
        hints = self._ask_holders(self.known.jobs[id].kept.doc for id in reads.jobs if id in self.known.jobs)
        self.wire.exchange()

        stale = self._take_head(head.rows()[0])
        self._take_locked(asked)
        self._take_parts("services", services, lambda id: id.rpartition("/")[0] in reads.services)
        self._take_parts("saved", saved, lambda id: id.partition("/")[0] in reads.saved)
        self._take_answers(answers)
        self.take_checkpoints(checkpoints)
        self._take_documents("workers", hints)
        wanted = set(reads.jobs)
        for keys, into, reply in found:
            self._take_keys(keys, into, reply)
            wanted |= {id for id in into.values() if id is not None}
        wanted |= self._take_held(held)
        self._follow(stale, counts, wanted if waits else None)
        if jobs is not None:
            self._take_jobs(reads.jobs, jobs)
        self._finish()

    # -- the first exchange ----------------------------------------------------------------------------------------

    def _lock_keys(self) -> None:
        reads = self.reads
        keys = [("unique", *key) for key in reads.uniques] + [("external", *key) for key in reads.externals]
        keys += [("once", *key) for key in reads.once]
        keys += [("saved", section, "") for section in reads.saved]
        if keys:
            self.wire.ask(s.ADVISORY, [longs(sorted({_hash(self._schema, *key) for key in keys}))])

    def _lock(self, table: str, ids: Collection[str]) -> tuple[Collection[str], Reply | None]:
        return ids, self._ask_documents(table, ids, s.LOCKED[table])

    def _ask_documents(self, table: str, ids: Collection[str], text: str) -> Reply | None:
        if not ids:
            return None
        known: Mapping[str, Document] = getattr(self.known, table)
        order = sorted(ids)
        return self.wire.ask(text, [words(order), longs([known[id]["seq"] if id in known else NEW for id in order])])

    def _ask_holders(self, jobs: Iterable[JobDoc]) -> Reply | None:
        """The workers of active jobs, where they are not loaded yet."""
        loaded = self.reads.workers | self.batch.world.workers.keys()
        ids = {job.get("worker") or "" for job in jobs if job.get("state") in ACTIVE} - loaded - {""}
        return self._ask_documents("workers", ids, s.SOME_WORKERS)

    def _ask_keys(self) -> list[tuple[list[tuple[str, str]], dict[tuple[str, str], str | None], Reply]]:
        world, reads = self.batch.world, self.reads
        wanted = (("unique_key", reads.uniques, world.uniques), ("external_id", reads.externals, world.externals))
        return [
            (order := sorted(keys), into, self.wire.ask(s.NEWEST[column], _pairs(order)))
            for column, keys, into in wanted
            if keys
        ]

    def _ask_jobs(self, ids: Collection[str]) -> Reply | None:
        if not ids:
            return None
        known, order = self.known.jobs, sorted(ids)
        tails = [known[id].kept.tail if id in known else NEW for id in order]
        return self.wire.ask(s.JOBS, [words(order), longs(tails)])

    def ask_checkpoints(self, ids: Collection[str]) -> Reply | None:
        self.batch.world.checkpoints.update({id: {} for id in ids})
        return self.wire.ask(s.CHECKPOINTS, [words(sorted(ids))]) if ids else None

    # -- what it brought -------------------------------------------------------------------------------------------

    def _take_head(self, row: Sequence[Field]) -> tuple[bool, bool, bool]:
        """The head. Which of queues, kinds and lanes are not what we know."""
        batch, known = self.batch, self.known
        seq, at, skew, epoch, xid, queues, kinds, lane, table = row
        batch.seq, batch.skew, batch.xid, batch.epoch = number_of(seq), number_of(skew), xid or b"", text_of(epoch)
        batch.world.now = max(batch.world.now, number_of(at))
        batch.world.now_text = iso(batch.world.now)
        batch.table = number_of(table)
        known.table = known.table or batch.table
        if (batch.epoch, batch.table) != (known.epoch, known.table):
            raise Moved
        versions = known.versions
        return number_of(queues) != versions[0], number_of(kinds) != versions[1], number_of(lane) > known.last_lane

    def _take_documents(self, table: str, reply: Reply | None) -> dict[str, Document]:
        known: dict[str, Document] = getattr(self.known, table)
        rows = reply.rows() if reply else ()
        found = {
            (name := text_of(id)): known[name] if doc is None else document_of(doc.decode(), number_of(seq))
            for id, seq, doc in rows
        }
        known.update(found)
        if table == "workers":
            self.batch.world.workers.update(found)
            self.batch.found |= {(table, id): doc["seq"] for id, doc in found.items()}
        return found

    def _take_locked(self, asked: Mapping[str, tuple[Collection[str], Reply | None]]) -> None:
        for table, (ids, reply) in asked.items():
            if table == "workers":
                self.batch.world.workers.update(dict.fromkeys(ids))
            self.batch.locked |= {(table, id) for id in self._take_documents(table, reply)}

    def _take_parts(self, table: str, reply: Reply | None, wanted: Callable[[str], bool]) -> None:
        """Documents that were asked for by what their ids begin with, which may find more."""
        into: dict[str, Document] = getattr(self.batch.world, table)
        for id, seq, doc in reply.rows() if reply else ():
            if wanted(name := text_of(id)):
                into[name] = document_of((doc or b"").decode(), number_of(seq))
                self.batch.found[table, name] = number_of(seq)
                self.batch.locked.add((table, name))

    def _take_answers(self, reply: Reply | None) -> None:
        order = sorted(self.reads.once)
        for n, body, answer in reply.rows() if reply else ():
            self.batch.answers[order[number_of(n) - 1]] = Answer(text_of(body), blob_of(answer))

    def take_checkpoints(self, reply: Reply | None) -> None:
        for job, key, value in reply.rows() if reply else ():
            self.batch.world.checkpoints[text_of(job)][text_of(key)] = decode(value or b"")

    def _take_keys(self, keys: list[tuple[str, str]], into: dict[tuple[str, str], str | None], reply: Reply) -> None:
        for n, id in reply.rows():
            into[keys[number_of(n) - 1]] = text_of(id) if id is not None else None

    def _take_held(self, reply: Reply | None) -> set[str]:
        """Ids that may be held by the workers; only their locked rows tell."""
        found: set[str] = set()
        for row in reply.rows() if reply else ():
            id, job = self._job_of(row)
            self.known.jobs[id] = job
            if job.kept.doc.get("worker") in self.reads.held_by:
                found.add(id)
        return found

    def _job_of(self, row: Sequence[Field]) -> tuple[str, KnownJob]:
        """A job from (id, seq, tail, lane, doc); the document may be left out, or be one that we know."""
        id, seq, tail, lane, doc = row
        name, at = text_of(id), number_of(tail)
        known = self.known.jobs.get(name)
        if known is not None and (doc is None or known.kept.tail == at):
            return name, known
        return name, KnownJob(kept_of((doc or b"").decode(), number_of(seq), at), number_of(lane))

    def take_job(self, row: Sequence[Field]) -> str:
        """A job under lock becomes one of the world."""
        id, job = self._job_of(row)
        self.known.jobs.pop(id, None)  # it goes to the end: the oldest are forgotten first
        self.known.jobs[id] = self.batch.jobs[id] = job
        self.batch.world.jobs[id] = job.kept.doc
        return id

    def _take_jobs(self, ids: Collection[str], reply: Reply | None) -> None:
        self.batch.world.jobs.update(dict.fromkeys(ids))
        rows = reply.rows() if reply else ()
        found = {self.take_job(row) for row in rows}
        for id in set(ids) - found:
            self.known.jobs.pop(id, None)

    # -- what depends on what was found ----------------------------------------------------------------------------

    def _follow(self, stale: tuple[bool, bool, bool], counts: Reply | None, wanted: set[str] | None) -> None:
        """Documents that changed, and jobs that only the first exchange could name."""
        rows = [(number_of(lane), text_of(state), number_of(n)) for lane, state, n in counts.rows()] if counts else []
        new_lanes = stale[2] or any(lane not in self.known.lanes_by_id for lane, _, _ in rows)
        tables = [table for table, is_stale in zip(("queues", "kinds"), stale, strict=False) if is_stale]
        replies = {table: self.wire.ask(s.all_documents(table)) for table in tables}
        lanes = self.wire.ask(s.LANES, [long(self.known.last_lane)]) if new_lanes else None
        jobs = self._ask_jobs(wanted) if wanted is not None else None
        if replies or lanes or jobs:
            self.wire.exchange()
        for table, reply in replies.items():
            self._take_documents(table, reply)
        if lanes:
            self.known.learn_lanes(Lane(number_of(row[0]), *map(text_of, row[1:])) for row in lanes.rows())
        if wanted is not None:
            self._take_jobs(wanted, jobs)
        if (replies or lanes) and not self.known.limits(self.reads) <= self.batch.locked:
            raise BeginAnew
        self._count(rows)

    def _count(self, rows: Iterable[tuple[int, str, int]]) -> None:
        for number, state, jobs in rows:
            lane = self.known.lanes_by_id[number]
            if state == "queued":
                self.batch.queued[number] = jobs
            else:
                self.batch.world.active["queue", lane.queue] += jobs
                self.batch.world.active["kind", lane.kind] += jobs

    def _finish(self) -> None:
        """The world as the rules want it."""
        world, known, reads = self.batch.world, self.known, self.reads
        world.queues = dict(known.queues)
        world.kinds = {id: known.kinds.get(id) for id in reads.kinds}
        self.batch.versions = known.versions
        for worker in reads.held_by:
            world.held_by[worker] = {
                id for id, job in world.jobs.items() if job and job.get("worker") == worker and job.get("state") in ACTIVE
            }  # fmt: skip

    def load_around_jobs(self, checkpoints: Collection[str]) -> None:
        """What rules need to see beside a job: past durations of its kind, the worker that has it, and of candidates
        what earlier attempts left behind.
        """
        world, known = self.batch.world, self.known
        loaded = [job for job in world.jobs.values() if job is not None]
        kinds = {*world.kinds, *(job.get("kind", "") for job in loaded)}
        old = sorted(kind for kind in kinds if not _is_believed(known, kind, world.now))
        samples = self.wire.ask(s.SAMPLES, [words(old)]) if old else None
        workers = self._ask_holders(loaded)
        points = self.ask_checkpoints(checkpoints)
        if samples or workers or points:
            self.wire.exchange()
        if samples:
            rows = ((text_of(kind), text_of(stage), float(seconds or 0)) for kind, stage, seconds in samples.rows())
            known.learn_past(old, rows, world.now)
        self._take_documents("workers", workers)
        self.take_checkpoints(points)
        world.samples.update({kind: known.past[kind].durations() for kind in kinds})


def _is_believed(known: Known, kind: str, now: int) -> bool:
    past = known.past.get(kind)
    return past is not None and 0 <= now - past.at < BELIEVED_MS


def _of(table: str, places: Iterable[Place]) -> set[str]:
    return {id for name, id in places if name == table}


def _pairs(keys: Sequence[tuple[str, str]]) -> list[bytes]:
    return [words([first for first, _ in keys]), words([second for _, second in keys])]


def _hash(*parts: str) -> int:
    """The number that stands for a key, on every server the same: two keys of one number only wait for each other."""
    return int.from_bytes(blake2b("\0".join(parts).encode(), digest_size=8).digest(), "big", signed=True)
