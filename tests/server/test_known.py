from __future__ import annotations

from typing import Any

from headway.model.event import Event
from headway.server.known import Known
from headway.testing.disk import Disk
from headway.testing.memory import MemoryStore


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


def test_an_event_that_the_store_had_already_when_it_was_read_undoes_nothing():
    store = MemoryStore(Disk())
    store.disk.documents["kinds"]["crawl"] = {"name": "crawl", "limit": 2, "seq": 7}
    known = Known()
    known.fill(store)

    known.feed([Event(type="kind.limits_changed", at=0, subject="crawl", data={"set": {"limit": 1}}, seq=6)])
    before = known.kinds["crawl"]["limit"]
    known.feed([Event(type="kind.limits_changed", at=0, subject="crawl", data={"set": {"limit": 3}}, seq=8)])

    assert (before, known.kinds["crawl"]["limit"]) == (2, 3)
