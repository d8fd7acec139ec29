from __future__ import annotations

from typing import Any

from headway.model.event import Event
from headway.server.known import Known


def worker(state: str | None, **more: Any) -> Event:
    return Event(type="worker.connected", at=0, subject="w/1", worker="w/1", data={"set": {"state": state, **more}})


def kind(**definition: Any) -> Event:
    return Event(type="kind.registered", at=0, subject="crawl", data={"set": {"name": "crawl"}, "put": definition})


def test_a_kind_is_known_by_its_newest_definition_and_stays_known_without_workers():
    known = Known()

    known.feed([kind(schema={"old": True}), kind(schema={"new": True}), worker("lost", kinds=["crawl"])])

    assert known.schema("crawl") == {"new": True}
    assert known.schema("other") is None
    assert not known.serves("crawl")


def test_a_kind_that_no_live_worker_serves_has_a_hint_with_those_that_are_served():
    known = Known()

    assert known.hint("crawl") == "No connected worker serves the kind 'crawl'; the job waits for one."
    known.feed([worker("online", kinds=["crawl", "parse"])])
    assert known.hint("crawl") is None
    assert known.hint("crwal") == (
        "No connected worker serves the kind 'crwal'; the job waits for one. Served now: crawl, parse."
    )


def test_a_stale_worker_still_counts_and_a_lost_one_does_not():
    known = Known()
    known.feed([worker("online", kinds=["crawl"])])

    known.feed([worker("stale")])
    assert known.serves("crawl")
    known.feed([worker("lost")])
    assert not known.serves("crawl")
