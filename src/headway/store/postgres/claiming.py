"""Jobs for claims: the best that a worker may take, each locked by one server at most, and nobody waits for one.

Claims that may take from the same lanes are asked for together. Jobs that another server holds are passed over, and
the walk goes on behind them. Called by `store.py` after `loading.py`, with the limits under lock. Decides nothing: what
is left out here could not be decided otherwise.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from headway.model.command import Claim
from headway.model.job import JobDoc
from headway.model.world import limit_keys
from headway.store.journal import encode
from headway.store.lanes import Lane, lanes_for
from headway.store.postgres import statements as s
from headway.store.postgres.fields import blob_of, number_of, text_of
from headway.store.postgres.loading import Loading
from headway.store.postgres.packing import long, longs, words
from headway.store.postgres.wire import Field

SEEN_PER_CLAIM = 2_000
"""Queued jobs looked at for one claim before it takes what it has: a bound on what `avoid` and key limits cost."""
SLACK = 16
"""Jobs looked at beyond those wanted: some may be held by other servers."""


class Walk(msgspec.Struct):
    """Along lanes, page by page, for claims that may take from all of them."""

    lanes: tuple[int, ...]
    claims: list[Claim]
    supply: int  # queued jobs of the lanes
    seen: int = 0
    page: int = 0
    most: int = 0  # that the page may lock
    found: list[str] = []


def load_candidates(loading: Loading) -> set[str]:
    """Fill `world.candidates` and `world.args`. The candidates that had attempts: their checkpoints are wanted."""
    claims = loading.reads.claims
    wanted = sum(claim.limit for claim in claims)
    _count_keys(loading)
    walks = _walks(loading, claims)
    going = [walk for walk in walks if walk.lanes and wanted]
    while going:
        replies = [loading.wire.ask(s.CANDIDATES, _next_page(loading, walk, wanted)) for walk in going]
        loading.wire.exchange()
        for walk, reply in zip(going, replies, strict=True):
            _walk_on(loading, walk, reply.rows())
        going = [walk for walk in going if not _is_over(walk) and _missing(loading, walk, wanted)]
    tried: set[str] = set()
    for walk in walks:
        for claim in walk.claims:
            chosen = _takeable(loading, claim, walk.found)[:wanted]
            loading.batch.world.candidates[id(claim)] = chosen
            tried.update(each for each in chosen if (loading.batch.world.jobs[each] or JobDoc()).get("attempt", 0) > 0)
    return tried


def _walks(loading: Loading, claims: Collection[Claim]) -> list[Walk]:
    walks: dict[tuple[int, ...], Walk] = {}
    for claim in claims:
        takes = (lane for lane in lanes_for(claim, loading.known.lanes.values()) if _is_open(loading, lane))
        lanes = tuple(sorted(lane.id for lane in takes))
        supply = sum(loading.batch.queued[lane] for lane in lanes)
        walks.setdefault(lanes, Walk(lanes, [], supply)).claims.append(claim)
    return list(walks.values())


def _next_page(loading: Loading, walk: Walk, wanted: int) -> list[bytes]:
    walk.page = max(wanted + SLACK, 2 * walk.page)
    walk.most = max(_missing(loading, walk, wanted), 2 * walk.most)
    return [longs(walk.lanes), long(walk.seen), long(walk.page), long(walk.most)]


def _walk_on(loading: Loading, walk: Walk, rows: list[tuple[Field, ...]]) -> None:
    """Take what was locked; the next page begins behind what this one looked at."""
    for row in rows:
        if (id := _take(loading, row[:-1])) not in walk.found:
            walk.found.append(id)
    walk.seen = number_of(rows[-1][-1]) if len(rows) == walk.most else walk.seen + walk.page


def _is_over(walk: Walk) -> bool:
    return walk.seen >= min(walk.supply, SEEN_PER_CLAIM)


def _missing(loading: Loading, walk: Walk, wanted: int) -> int:
    """How many more the claim that has least could take."""
    return wanted - min(len(_takeable(loading, claim, walk.found)) for claim in walk.claims)


def _take(loading: Loading, row: tuple[Field, ...]) -> str:
    """A candidate with its input to the letter."""
    *job, body = row
    world = loading.batch.world
    id = text_of(row[0])
    if world.jobs.get(id) is None:
        loading.take_job(job)
    doc = world.jobs[id] or JobDoc()
    if id not in world.args:
        world.args[id] = blob_of(body) if body is not None else encode(doc.get("args", {}))
    return id


def _takeable(loading: Loading, claim: Claim, ids: list[str]) -> list[str]:
    return [id for id in ids if _is_takeable(loading, claim, loading.batch.world.jobs[id] or JobDoc())]


def _is_takeable(loading: Loading, claim: Claim, job: JobDoc) -> bool:
    if job.get("avoid", {}).get(claim.worker, "") > loading.batch.world.now_text:
        return False
    limit = loading.known.kinds.get(job.get("kind", ""), {}).get("key_limit")
    return limit is None or all(_has_room(loading, key, limit) for key in limit_keys(job) if key[0] == "key")


def _is_open(loading: Loading, lane: Lane) -> bool:
    queue = loading.known.queues.get(lane.queue, {})
    kind = loading.known.kinds.get(lane.kind, {})
    return (
        loading.batch.queued.get(lane.id, 0) > 0
        and not queue.get("paused")
        and _has_room(loading, ("queue", lane.queue), queue.get("limit"))
        and _has_room(loading, ("kind", lane.kind), kind.get("limit"))
    )


def _has_room(loading: Loading, key: tuple[str, ...], limit: int | None) -> bool:
    return limit is None or loading.batch.world.active[key] < limit


# -- limits by key: how many active jobs there are of each ---------------------------------------------------------


def _count_keys(loading: Loading) -> None:
    """Exact, for every kind with a limit by key: its row is locked, so nobody else begins one of its jobs."""
    kinds = {kind for claim in loading.reads.claims for kind in claim.kinds}
    limited = sorted(kind for kind in kinds if loading.known.kinds.get(kind, {}).get("key_limit") is not None)
    if not limited:
        return
    lanes = {kind: [lane.id for lane in loading.known.lanes.values() if lane.kind == kind] for kind in limited}
    asked = {kind: loading.wire.ask(s.ACTIVE_IDS, [longs(lanes[kind])]) for kind in limited}
    loading.wire.exchange()
    active = {kind: [text_of(id) for (id,) in reply.rows()] for kind, reply in asked.items()}
    _learn_keys(loading, active)
    for kind in limited:
        for key in filter(None, loading.known.limit_keys[kind].values()):
            loading.batch.world.active["key", kind, key] += 1


def _learn_keys(loading: Loading, active: dict[str, list[str]]) -> None:
    """A job counts for the same key as long as it lives: only those that we never saw are read."""
    known = loading.known
    keys: dict[str, str | None] = {
        id: known.jobs[id].kept.doc.get("limit_key") for ids in active.values() for id in ids if id in known.jobs
    }
    for kind in active:
        keys |= known.limit_keys.get(kind, {})
    if missing := sorted({id for ids in active.values() for id in ids} - keys.keys()):
        reply = loading.wire.ask(s.SOME_JOBS, [words(missing)])
        loading.wire.exchange()
        keys |= {text_of(row[0]): _key_of(row) for row in reply.rows()}
    known.limit_keys |= {kind: {id: keys[id] for id in ids if id in keys} for kind, ids in active.items()}


def _key_of(row: tuple[Field, ...]) -> str | None:
    found = msgspec.json.decode(row[4] or b"{}", type=_Keyed)
    return found.limit_key


class _Keyed(msgspec.Struct):
    limit_key: str | None = None
