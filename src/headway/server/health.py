"""Whether the server lives, whether it takes work, and its figures for Prometheus.

The metrics have a registry of their own, so that Headway mounts into an application that has another. Counts are read
when asked; nothing is sampled. Must never fail because something measured is not there yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from headway.clock import iso
from headway.server.answers import answer
from headway.server.lifeline import UNREADY_S
from headway.server.site import Site, SiteOf

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is it alive?")
@router.get("/livez", summary="Is it alive?")
async def healthz(site: SiteOf) -> Response:
    """200 as long as the process answers, whatever becomes of the store: to start it again would mend nothing."""
    return answer({"status": "ok", "now": iso(site.hub.clock.now())})


@router.get("/readyz", summary="Does it take work?")
async def readyz(site: SiteOf) -> Response:
    """200 when the store is open and answers and the inbox has room, else 503 with the reason."""
    why = next((why for is_so, why in _OBSTACLES if is_so(site)), "")
    return answer({"status": why or "ready"}, 503 if why else 200)


_OBSTACLES: tuple[tuple[Callable[[Site], bool], str], ...] = (
    (lambda site: not site.ready, "starting or stopping"),
    (lambda site: site.hub.peers.silent_s > UNREADY_S, f"the store has not answered for more than {UNREADY_S:g} s"),
    (lambda site: site.door.closed is not None, "the store was away; in a moment"),
    (lambda site: site.hub.ledger.full, "the command inbox is full"),
)


@router.get("/metrics", summary="Figures for Prometheus")
async def metrics(site: SiteOf) -> Response:
    """The text format."""
    body = await asyncio.to_thread(generate_latest, site.registry)
    return Response(body, media_type=CONTENT_TYPE_LATEST)


def measure(site: Site) -> None:
    """Fill the site's registry: it is measured whenever it is read."""
    site.registry.register(Measured(site))
    ProcessCollector(registry=site.registry)


class Measured(Collector):
    """The figures of one server."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: it would be measured before the store is open."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Measure now. Blocking: reads the store."""
        site = self._site
        ledger = site.hub.ledger
        yield GaugeMetricFamily("headway_ready", "1 when the server takes work", value=float(site.ready))
        yield GaugeMetricFamily("headway_seq", "Number of the newest event", value=site.seq)
        yield GaugeMetricFamily("headway_inbox", "Commands that wait for their commit", value=ledger.waiting)
        yield CounterMetricFamily("headway_commits", "Transactions committed", value=ledger.commits)
        yield CounterMetricFamily("headway_commands", "Commands committed", value=ledger.committed)
        yield GaugeMetricFamily("headway_result_waiters", "Requests that wait for a result", value=len(site.waits))
        yield self._answers()
        if site.ready:
            yield from self._stored()

    def _answers(self) -> Metric:
        family = CounterMetricFamily("headway_http_answers", "HTTP answers", labels=["method", "status"])
        for (method, hundreds), number in list(self._site.answered.items()):
            family.add_metric([method, f"{hundreds}xx"], number)
        return family

    def _stored(self) -> Iterator[Metric]:
        with self._site.hub.store.reading() as reading:
            counts, workers = reading.counts(), reading.workers()
        jobs = GaugeMetricFamily("headway_jobs", "Jobs by queue and state", labels=["queue", "state"])
        for queue, states in counts.items():
            for state, number in states.items():
                jobs.add_metric([queue, state], number)
        yield jobs
        fleet = GaugeMetricFamily("headway_workers", "Workers by state", labels=["state"])
        for state in sorted({str(worker.get("state")) for worker in workers}):
            fleet.add_metric([state], sum(worker.get("state") == state for worker in workers))
        yield fleet
