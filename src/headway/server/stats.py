"""Figures of the recent past: how many, how fast, how long they waited and ran, and why they failed.

Computed from the newest finished jobs (at most `MOST`), when asked; nothing is kept for it. Percentiles are of what was
seen, by nearest rank. Pure functions over documents, so that they can be read and tested without a store.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from headway.clock import from_iso, iso
from headway.model.duration import parse_duration
from headway.model.job import JobDoc
from headway.model.query import Query as Filter, parse
from headway.server.answers import answer
from headway.server.openapi import API, gives
from headway.server.site import SiteOf
from headway.store.base import Page, Reading

router = APIRouter(prefix=API, tags=["stats"])

EVERY = Filter()

MOST = 5_000
PAGE = 500
MOST_FAILINGS = 20
"""Ways to fail that are told, the most frequent first."""


class Spread(msgspec.Struct, kw_only=True):
    """Percentiles of seconds, over `count` jobs."""

    count: int
    p50_s: float
    p95_s: float
    p99_s: float


class KindStats(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One kind or queue: from submit to start, from start to end."""

    finished: int
    failed: int
    wait: Spread | None = None
    run: Spread | None = None


class Failing(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Jobs of one kind that failed in one way: `type` of the error where there is one; `job` is the newest of them."""

    kind: str
    reason: str
    count: int
    job: str
    type: str | None = None


class Stats(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Of jobs made in the window (`since` to `now`) that match the filter. `counts` is of all jobs, by queue and state."""

    now: str
    since: str
    counts: dict[str, dict[str, int]]
    finished: int
    per_minute: float
    kinds: dict[str, KindStats]
    queues: dict[str, KindStats]
    failures: dict[str, int]
    failing: list[Failing]
    partial: bool = False


@router.get("/stats", summary="Figures of the recent past", responses=gives(Stats, "Figures"))
async def get_stats(
    site: SiteOf,
    since: Annotated[str, Query(max_length=40, examples=["1h"], description="a duration back from now")] = "1h",
    q: Annotated[str, Query(max_length=4_000, examples=["queue:gpu"], description="only jobs that match")] = "",
) -> Response:
    """Counts now; throughput, waits, run times and ways to fail in the window, in all, by kind and by queue."""
    now = site.hub.clock.now()
    window_s = parse_duration(since, "since")
    narrowed = parse(q)
    return answer(await site.read(lambda reading: stats_of(reading, now, window_s, narrowed)))


def stats_of(reading: Reading, now: int, window_s: float, narrowed: Filter = EVERY) -> Stats:
    """The figures of jobs made in the last `window_s` seconds."""
    begin = now - round(window_s * 1000)
    finished = _finished(reading, now, begin, narrowed)
    failed = [job for job in finished.items if job.get("state") == "failed"]
    return Stats(
        now=iso(now),
        since=iso(begin),
        counts=reading.counts(),
        finished=len(finished.items),
        per_minute=round(len(finished.items) / max(window_s / 60, 1e-9), 3),
        kinds=_by("kind", finished.items),
        queues=_by("queue", finished.items),
        failures=dict(Counter(_reason(job) for job in failed).most_common(MOST_FAILINGS)),
        failing=failings(failed),
        partial=finished.partial,
    )


def _finished(reading: Reading, now: int, begin: int, narrowed: Filter) -> Page[JobDoc]:
    query = Filter((*parse(f"state:completed,failed,cancelled since:{iso(begin)}").terms, *narrowed.terms))
    items: list[JobDoc] = []
    partial, after = False, None
    while len(items) < MOST:
        page = reading.jobs(query, now=now, limit=PAGE, after=after)
        items += page.items
        partial |= page.partial
        after = page.next
        if after is None:
            break
    return Page(items, partial=partial or after is not None)


def _by(field: Literal["kind", "queue"], jobs: list[JobDoc]) -> dict[str, KindStats]:
    parts: defaultdict[str, list[JobDoc]] = defaultdict(list)
    for job in jobs:
        parts[job.get(field, "")].append(job)
    return {name: _kind(parts[name]) for name in sorted(parts)}


def failings(failed: list[JobDoc]) -> list[Failing]:
    """Ways to fail by kind, the most frequent first; `failed` are jobs, newest first."""
    parts: defaultdict[tuple[str, str, str | None], list[str]] = defaultdict(list)
    for job in failed:
        error = job.get("error")
        parts[job.get("kind", ""), job.get("reason", "failed"), error["type"] if error else None].append(
            job.get("id", "")
        )
    most = sorted(parts.items(), key=lambda part: -len(part[1]))[:MOST_FAILINGS]
    return [
        Failing(kind=kind, reason=reason, type=type, count=len(ids), job=ids[0]) for (kind, reason, type), ids in most
    ]


def _kind(jobs: list[JobDoc]) -> KindStats:
    return KindStats(
        finished=len(jobs),
        failed=sum(job.get("state") == "failed" for job in jobs),
        wait=spread([_between(job, "created_at", "started_at") for job in jobs]),
        run=spread([_between(job, "started_at", "finished_at") for job in jobs]),
    )


def _between(job: JobDoc, first: str, last: str) -> float | None:
    document: dict[str, Any] = dict(job)
    begin, end = document.get(first), document.get(last)
    return (from_iso(end) - from_iso(begin)) / 1000 if begin and end else None


def spread(seconds: list[float | None]) -> Spread | None:
    """Percentiles by nearest rank; None where there is nothing."""
    known = sorted(each for each in seconds if each is not None)
    if not known:
        return None
    p50, p95, p99 = (known[max(0, math.ceil(share * len(known)) - 1)] for share in (0.5, 0.95, 0.99))
    return Spread(count=len(known), p50_s=p50, p95_s=p95, p99_s=p99)


def _reason(job: JobDoc) -> str:
    """The reason code, and the type of the error where the handler failed."""
    error = job.get("error")
    reason = job.get("reason", "failed")
    return f"{reason}: {error['type']}" if error else reason
