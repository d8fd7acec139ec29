"""P10: looking back over 1,000,000 stored jobs: lists, every sort of filter, counts, one job, its events, next pages.

    python bench/p10_history.py [--store sqlite|postgres] [--jobs 1000000] [--tries 200] [--seconds 10]

The past is made by `past.py` (real commits; a sample of it is verified). Then a server serves it, one client asks over
REST on one connection, in turns, so that no question has the cache for itself; at most `seconds` for each question.
`ask` in a row names the question, `partial` how many answers were cut at the bound of a scan (100,000 rows or 2 s):
terms without an index (args, error, worker, text, globs of labels) are such scans. What is slower than 50 ms is
named again with the plans of its statements (`history_plan`). Nothing is read before, but the server's own start: the
first answer is in `first`. The machine's file cache is as filling left it.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from harness import Setting, out, out_latencies, setting, size, takes_store
from past import DAYS, KINDS, QUEUES, STAYS, WORKER, Past, fill
from sqlalchemy import Connection, Engine, event

from headway.clock import SystemClock
from headway.model.query import parse
from headway.store.base import Reading, Store
from headway.store.urls import open_store

API = "/api/v1"
TARGET_MS = 50.0
PAGE = 50


def filters(past: Past, dice: random.Random) -> dict[str, Callable[[], str]]:
    """Question -> a query in the filter language, another one each time: one of each sort of term, then mixtures."""
    one = dice.choice
    return {
        "state common": lambda: "state:completed",
        "state rare": lambda: one(("state:running", "state:scheduled", "state:blocked")),
        "state several": lambda: "state:failed,cancelled",
        "kind": lambda: f"kind:{one(KINDS)}",
        "kind glob": lambda: "kind:re*",
        "queue": lambda: f"queue:{one(QUEUES)}",
        "label": lambda: f"label.subject:sub-{dice.randrange(1_000):04d}",
        "label common": lambda: f"label.site:site-{dice.randrange(5)}",
        "label glob": lambda: f"label.owner:owner-{dice.randrange(5)}*",
        "priority": lambda: f"priority:>{dice.randrange(1, 8)}",
        "running": lambda: "running:>1m",
        "waiting": lambda: "waiting:>1m",
        "since": lambda: f"since:{dice.randrange(1, DAYS * 24)}h",
        "until": lambda: f"until:{dice.randrange(1, DAYS * 24)}h",
        "args common": lambda: f"args.path:/data/{one(KINDS)}/*",
        "args rare": lambda: "args.rare:true",
        "error common": lambda: "error:Timeout",
        "error rare": lambda: "error:DiskFull*",
        "worker": lambda: f"worker:{WORKER}",
        "worker absent": lambda: "worker:nobody/1",
        "parent": lambda: f"parent:{one(past.some)}",
        "retry_of": lambda: f"retry_of:{one(past.some)}",
        "id": lambda: f"id:{one(past.some)}",
        "text common": lambda: f'"{one(KINDS)}"',
        "text absent": lambda: '"nowhere to be found"',
        "negated": lambda: "-state:completed",
        "state kind queue": lambda: f"state:completed kind:{KINDS[0]} queue:{QUEUES[0]}",
        "state label": lambda: f"state:failed label.subject:sub-{dice.randrange(1_000):04d}",
        "failed error": lambda: "state:failed error:*Timeout*",
        "kind since": lambda: f"kind:{one(KINDS)} since:{dice.randrange(1, 48)}h",
        "label until": lambda: f"label.owner:owner-{dice.randrange(50)} until:{dice.randrange(1, DAYS * 24)}h",
    }


def questions(past: Past, dice: random.Random, pages: Pages) -> dict[str, Callable[[], str]]:
    """Question -> the path to ask for, another one each time."""
    asked = {name: (lambda query=query: _list(query())) for name, query in filters(past, dice).items()}
    return {
        "list": lambda: _list(""),
        **asked,
        "next page": lambda: pages.next("", "next page"),
        "next page of a kind": lambda: pages.next(f"kind:{KINDS[1]}", "next page of a kind"),
        "next page of a label": lambda: pages.next("label.site:site-1", "next page of a label"),
        "far page": lambda: _list("", after=dice.choice(past.some)),
        "counts": lambda: f"{API}/queues",
        "stats": lambda: f"{API}/stats",
        "job": lambda: f"{API}/jobs/{dice.choice(past.some)}",
        "events": lambda: f"{API}/jobs/{dice.choice(past.some)}/events",
        "events of a long job": lambda: f"{API}/jobs/{past.long}/events",
    }


def _list(query: str, **more: str) -> str:
    return f"{API}/jobs?{urlencode({'q': query, 'limit': str(PAGE), **more}, quote_via=quote)}"


class Pages:
    """Walks on where the last page ended, and begins anew at the end."""

    def __init__(self) -> None:
        self._after: dict[str, str] = {}

    def next(self, query: str, name: str) -> str:
        return _list(query, **({"after": self._after[name]} if name in self._after else {}))

    def learn(self, name: str, answer: dict[str, Any]) -> None:
        if answer.get("next"):
            self._after[name] = str(answer["next"])
        else:
            self._after.pop(name, None)


@dataclass
class Asked:
    """One question so far."""

    took: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    partial: int = 0

    @property
    def is_slow(self) -> bool:
        return bool(self.took) and sorted(self.took)[len(self.took) * 99 // 100] * 1000 > TARGET_MS


def ask_all(place: Setting, past: Past, tries: int, seconds: float) -> dict[str, Asked]:
    """Every question in turns, `tries` times or until it has had its seconds."""
    pages, dice = Pages(), random.Random(1)
    wanted = questions(past, dice, pages)
    asked = {name: Asked() for name in wanted}
    line = http.client.HTTPConnection("127.0.0.1", place.port, timeout=120)
    for _, (name, path) in itertools.product(range(tries), wanted.items()):
        this = asked[name]
        if sum(this.took) > seconds:
            continue
        target = path()
        began = time.monotonic()
        line.request("GET", target)
        answer = line.getresponse()
        body = answer.read()
        this.took.append(time.monotonic() - began)
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {body[:300]!r}")
        told = json.loads(body)
        this.rows.append(len(told.get("jobs", told.get("events", ()))))
        this.partial += bool(told.get("partial"))
        pages.learn(name, told)
    return asked


def out_asked(asked: dict[str, Asked], store: str, stored: int) -> None:
    for name, this in asked.items():
        more = {"ask": name, "first": round(this.took[0] * 1000, 3), "rows": round(sum(this.rows) / len(this.rows), 1)}
        out_latencies(
            "history",
            this.took,
            store=store,
            variant=f"{store}, {stored:,} stored: {name}",
            partial=this.partial,
            **more,
        )


# -- why it is slow ------------------------------------------------------------------------------------------------


def out_plans(place: Setting, past: Past, asked: dict[str, Asked]) -> None:
    """The plans of what was slower than the target; no server may run on an SQLite store."""
    lists = {name: (lambda query=query: query()) for name, query in filters(past, random.Random(1)).items()}
    store = open_store(place.store_url)
    store.open(now=SystemClock().now(), new_epoch="past")
    try:
        for name in (name for name, this in asked.items() if this.is_slow):
            question = OTHERS.get(name) or _lists(lists[name]() if name in lists else "")
            for statement, times, plan in _plans(store, past, question):
                row = {"ask": name, "store": place.store, "statement": statement, "times": times, "plan": plan}
                print(json.dumps({"history_plan": row}), flush=True)
    finally:
        store.close()


Question = Callable[[Reading, Past], object]
OTHERS: dict[str, Question] = {
    "counts": lambda reading, _: reading.counts(),
    "stats": lambda reading, _: reading.counts(),
    "job": lambda reading, past: reading.job(past.long),
    "events": lambda reading, past: reading.events_of(past.some[0]),
    "events of a long job": lambda reading, past: reading.events_of(past.long),
}
"""What is read for a question that is no list of jobs."""


def _lists(query: str) -> Question:
    return lambda reading, _: reading.jobs(parse(query), now=SystemClock().now(), limit=PAGE)


def _plans(store: Store, past: Past, question: Question) -> Iterator[tuple[str, int, list[str]]]:
    """Each sort of statement that a question runs, how often, and how the database goes about it."""
    told: dict[str, tuple[Connection, Any]] = {}
    times: Counter[str] = Counter()

    def listen(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        told.setdefault(statement, (connection, parameters))
        times[statement] += 1

    with store.reading() as reading:
        event.listen(Engine, "before_cursor_execute", listen)
        try:
            question(reading, past)
        finally:
            event.remove(Engine, "before_cursor_execute", listen)
        for statement, (connection, parameters) in told.items():
            sqlite = connection.dialect.name == "sqlite"
            explain = "EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN (ANALYZE, BUFFERS) "
            rows = connection.exec_driver_sql(explain + statement, parameters)
            yield " ".join(statement.split()), times[statement], [str(row[-1]) for row in rows]


def with_past(place: Setting, jobs: int) -> Past:
    """Fill the place's store, let the database put itself in order, and serve it."""
    (place.folder / "data").mkdir(exist_ok=True)
    past = fill(place.store_url, jobs, SystemClock().now())
    if place.database is not None:
        place.database.vacuum()
    if jobs:
        out("past_made", jobs / past.seconds, "jobs/s", n=jobs, store=place.store, events=past.events)
    place.serve()
    return past


def main(store: str, jobs: int, tries: int, seconds: float) -> None:
    with setting(store, servers=0, settings=STAYS) as place:
        past = with_past(place, jobs)
        asked = ask_all(place, past, tries, seconds)
        out_asked(asked, store, jobs)
        out("server_with_past", place.server.memory_mb()[0], "MB", n=jobs, store=store)
        place.stop_servers()
        out_plans(place, past, asked)


if __name__ == "__main__":
    parser = takes_store(argparse.ArgumentParser(description=__doc__))
    parser.add_argument("--jobs", type=int, default=size(1_000_000, 2_000))
    parser.add_argument("--tries", type=int, default=size(200, 2))
    parser.add_argument("--seconds", type=float, default=10.0)
    given = parser.parse_args()
    main(given.store, given.jobs, given.tries, given.seconds)
