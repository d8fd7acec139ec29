"""Reading a batch's world from SQLite: mostly from memory, the rest by a few statements of fixed shape.

Called by `store.py` inside the write transaction. Finds claims' candidates lane by lane, so that jobs which a worker
may not run cost it nothing. Decides nothing: `avoid` and limits are honoured so that candidates are worth deciding on.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice

from headway.model.command import Claim, Reads
from headway.model.job import ACTIVE, JobDoc
from headway.model.world import World, limit_keys
from headway.store.base import Answer
from headway.store.journal import decode, document_of, encode, kept_of
from headway.store.lanes import Lane, lanes_for
from headway.store.sqlite import statements as s
from headway.store.sqlite.mirror import Mirror

SEEN_PER_CLAIM = 2_000
"""Queued jobs looked at for one claim before it takes what it has: a bound on what `avoid` and key limits cost."""

Ranked = tuple[int, str, str]

_READY = "SELECT -priority, queued_at, id FROM jobs WHERE lane = ? AND ready = 1 ORDER BY priority DESC, queued_at, id"


def load_mirror(db: sqlite3.Connection) -> Mirror:
    """Everything hot, from the rows."""
    mirror = Mirror(*db.execute("SELECT seq, at, skew FROM log_head").fetchone())
    for table in s.PUT_DOCUMENTS:
        rows = db.execute(f"SELECT id, doc, seq FROM {table}")  # noqa: S608 - our own table names
        mirror.documents[table] = {id: document_of(doc, number) for id, doc, number in rows}
    for row in db.execute("SELECT id, namespace, kind, queue, requires FROM lanes"):
        mirror.lanes[row[1:]] = Lane(*row)
    mirror.counts.update(
        {(lane, state): jobs for lane, state, jobs in db.execute("SELECT lane, state, jobs FROM counts")}
    )
    for lane, state in [shelf for shelf, jobs in mirror.counts.items() if jobs and shelf[1] in ACTIVE]:
        found = db.execute("SELECT id, doc, seq, tail FROM jobs WHERE lane = ? AND state = ?", (lane, state))
        for id, doc, number, tail in found:
            mirror.keep(id, kept_of(doc, number, tail))
            mirror.hold(mirror.jobs[id].doc)
    for kind, stage, n, seconds in db.execute("SELECT kind, stage, n, seconds FROM samples ORDER BY n"):
        mirror.take_sample(kind, stage, n, seconds)
    return mirror


def load_world(
    db: sqlite3.Connection, mirror: Mirror, reads: Reads, now: int
) -> tuple[World, dict[tuple[str, str], Answer]]:
    """The world that the batch declared, and the answers that its idempotency keys had."""
    mirror.trim()
    world = World(max(now, mirror.at))
    world.active = Counter(mirror.active)
    _load_documents(mirror, world, reads)
    _load_keys(db, world, reads)
    wanted = {*reads.jobs, *_found(world.uniques.values()), *_found(world.externals.values())}
    for worker in reads.held_by:
        world.held_by[worker] = set(mirror.held.get(worker, ()))
        wanted |= world.held_by[worker]
    _load_jobs(db, mirror, world, wanted)
    for claim in reads.claims:
        _load_candidates(db, mirror, world, claim, sum(each.limit for each in reads.claims))
    for id in reads.checkpoints:
        _load_checkpoints(db, world, id)
    _load_around_jobs(mirror, world)
    return world, _load_answers(db, reads)


def _load_documents(mirror: Mirror, world: World, reads: Reads) -> None:
    known = mirror.documents
    world.queues = dict(known["queues"])
    world.workers = {id: known["workers"].get(id) for id in reads.workers}
    world.kinds = {id: known["kinds"].get(id) for id in reads.kinds}
    if reads.services:
        world.services = {id: doc for id, doc in known["services"].items() if id.rpartition("/")[0] in reads.services}
    if reads.saved:
        world.saved = {id: doc for id, doc in known["saved"].items() if doc["section"] in reads.saved}


def _load_keys(db: sqlite3.Connection, world: World, reads: Reads) -> None:
    """The newest job with each unique key or external id."""
    for column, keys, found in (
        ("unique_key", reads.uniques, world.uniques),
        ("external_id", reads.externals, world.externals),
    ):
        text = f"SELECT id FROM jobs WHERE namespace = ? AND {column} = ? ORDER BY id DESC LIMIT 1"  # noqa: S608
        for key in keys:
            row = db.execute(text, key).fetchone()
            found[key] = row[0] if row else None


def _found(ids: Iterable[str | None]) -> Iterator[str]:
    return (id for id in ids if id is not None)


def _load_jobs(db: sqlite3.Connection, mirror: Mirror, world: World, ids: Iterable[str]) -> None:
    missing: list[str] = []
    for id in ids:
        kept = mirror.jobs.get(id)
        world.jobs[id] = kept.doc if kept else None
        if kept is None:
            missing.append(id)
    for text, parameters in s.keyed("SELECT id, doc, seq, tail FROM jobs WHERE id", missing):
        for id, doc, seq, tail in db.execute(text, parameters):
            kept = kept_of(doc, seq, tail)
            mirror.keep(id, kept)
            world.jobs[id] = kept.doc


def _load_around_jobs(mirror: Mirror, world: World) -> None:
    """What rules need to see beside a job: past durations of its kind, the worker that has it."""
    loaded = [job for job in world.jobs.values() if job is not None]
    for kind in {*world.kinds, *(job.get("kind", "") for job in loaded)}:
        world.samples[kind] = mirror.durations(kind)
    for worker in {job.get("worker") for job in loaded if job.get("state") in ACTIVE}:
        if worker and worker not in world.workers:
            world.workers[worker] = mirror.documents["workers"].get(worker)


def _load_answers(db: sqlite3.Connection, reads: Reads) -> dict[tuple[str, str], Answer]:
    answers: dict[tuple[str, str], Answer] = {}
    for key in reads.once:
        row = db.execute("SELECT body, answer FROM idempotency WHERE subject = ? AND key = ?", key).fetchone()
        if row:
            answers[key] = Answer(*row)
    return answers


def _load_checkpoints(db: sqlite3.Connection, world: World, id: str) -> None:
    rows = db.execute("SELECT key, value FROM checkpoints WHERE job = ?", (id,))
    world.checkpoints[id] = {key: decode(value) for key, value in rows}


# -- claims --------------------------------------------------------------------------------------------------------


def _load_candidates(db: sqlite3.Connection, mirror: Mirror, world: World, claim: Claim, wanted: int) -> None:
    """The `wanted` best jobs that the worker may take now: enough for all claims of the batch together."""
    lanes = [lane for lane in lanes_for(claim, mirror.lanes.values()) if _is_open(mirror, lane)]
    ranges = [iter(db.execute(_READY, (lane.id,))) for lane in lanes]
    ranked: Iterator[Ranked] = islice(merge(*ranges) if len(ranges) != 1 else ranges[0], SEEN_PER_CLAIM)
    chosen: list[str] = []
    while len(chosen) < wanted and (found := [each for _, _, each in islice(ranked, wanted - len(chosen))]):
        _load_jobs(db, mirror, world, [each for each in found if each not in world.jobs])
        chosen += [each for each in found if _is_takeable(mirror, world, claim, world.jobs[each] or JobDoc())]
    world.candidates[id(claim)] = chosen
    for each in chosen:
        _load_input(db, world, each, world.jobs[each] or JobDoc())


def _is_open(mirror: Mirror, lane: Lane) -> bool:
    queue = mirror.documents["queues"].get(lane.queue, {})
    kind = mirror.documents["kinds"].get(lane.kind, {})
    return (
        mirror.counts[lane.id, "queued"] > 0
        and not queue.get("paused")
        and _has_room(mirror, ("queue", lane.queue), queue.get("limit"))
        and _has_room(mirror, ("kind", lane.kind), kind.get("limit"))
    )


def _has_room(mirror: Mirror, key: tuple[str, ...], limit: int | None) -> bool:
    return limit is None or mirror.active[key] < limit


def _is_takeable(mirror: Mirror, world: World, claim: Claim, job: JobDoc) -> bool:
    if job.get("avoid", {}).get(claim.worker, "") > world.now_text:
        return False
    kind = mirror.documents["kinds"].get(job.get("kind", ""), {})
    limits = [key for key in limit_keys(job) if key[0] == "key"]
    return all(_has_room(mirror, key, kind.get("key_limit")) for key in limits)


def _load_input(db: sqlite3.Connection, world: World, id: str, job: JobDoc) -> None:
    """The input to the letter, and what earlier attempts left behind."""
    if "args" in job and job.get("args_bytes") == len(text := encode(job["args"])):
        world.args[id] = text
    else:
        row = db.execute("SELECT body FROM bodies WHERE job = ? AND part = 'args'", (id,)).fetchone()
        world.args[id] = row[0] if row else encode(job.get("args", {}))
    if job.get("attempt", 0) > 0:
        _load_checkpoints(db, world, id)
