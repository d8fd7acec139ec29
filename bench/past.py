"""A store with a past: so many jobs of the last weeks, made by the program's own rules and commits, only faster.

Nothing is written by hand: each job is submitted, claimed, accepted, reported on and ended (or cancelled) by commands
that `commit_batch` decides and commits, as a server does; only the clock is made up, and a batch is larger than a
server's. So rows, log, counts and indexes are what commits write, and `sample_differs` proves it on a sample.

Shape: 8 kinds in 20 queues, 20 days, 3 labels a job (1,000 subjects, 50 owners, 5 sites), one in twenty with a
priority, 2 % cancelled, 5 % failed, every tenth with reports and a log, every fifty-thousandth with 500 events; at the
end some run, wait, are held, blocked and scheduled. Needs the store for itself: stop the servers first.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headway.clock import ulid
from headway.errors import HeadwayError
from headway.hub.ledger import commit_batch
from headway.hub.verify import differences
from headway.model import command as c
from headway.model.report import LogLines, Progressed
from headway.model.settings import Settings
from headway.store.base import Store
from headway.store.urls import open_store

DAYS = 20
WAVE = 1_000
"""Jobs of one commit."""
KINDS = ("crawl", "resize", "train", "embed", "mail", "report", "sync", "render")
QUEUES = tuple(f"queue-{number}" for number in range(20))
WORKER, INSTANCE = "past/1", "past"
STEPS_BESIDE = 8
"""Steps of the made-up clock that no wave of new jobs takes, so that the past ends before now."""
LONG_EVERY = 50_000
LONG_REPORTS = 500
REMEMBERED = 2_000
STAYS = {"lease_s": 86_400, "stale_s": 86_400, "sample_s": 3_600}
"""Settings of servers on it: the past's worker never comes back, and what it runs shall stay running for the while."""


@dataclass
class Past:
    """What was made, and ids to ask for."""

    jobs: int = 0
    events: int = 0
    seconds: float = 0.0
    some: list[str] = field(default_factory=list)
    long: str = ""
    rare: str = ""


class Filler:
    """Makes a past. One use."""

    def __init__(self, store: Store, n: int, until: int) -> None:
        self._store = store
        self._n = n
        self._dice = random.Random(7)
        self._settings = Settings()
        self._step = DAYS * 86_400_000 // (n // WAVE + STEPS_BESIDE)
        self._at = until - DAYS * 86_400_000
        self._accepted: list[str] = []
        self._offered: list[str] = []
        self._rest = max(1, n // 200)
        self.past = Past(jobs=n)

    def run(self) -> Past:
        began = time.monotonic()
        profile = {"machine": "past", "name": WORKER, "instance": INSTANCE, "slots": 1_000_000, "boot_id": "past"}
        self._commit([c.Connect(worker=WORKER, profile=profile, kinds=tuple({"name": kind} for kind in KINDS))])
        made = 0
        while made < self._n - 4 * self._rest:
            count = min(WAVE, self._n - 4 * self._rest - made)
            self._wave(count, made)
            made += count
            if made % (100 * WAVE) == 0:
                print(f"{made} of {self._n} jobs made, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        self._wave(0, made)
        self._wave(0, made)
        self._unfinished(made)
        self.past.seconds = time.monotonic() - began
        return self.past

    # -- one step of the made-up clock --

    def _commit(self, commands: Sequence[c.Command]) -> list[Any]:
        batch = commit_batch(self._store, commands, self._at, self._settings)
        for result in batch.results:
            if isinstance(result, HeadwayError):
                raise result
        self.past.events += len(batch.commit.events)
        self._at += self._step
        return batch.results

    def _wave(self, count: int, made: int) -> None:
        """Jobs come in; those of the wave before begin; those of the one before that end."""
        fresh = [self._submit(made + number) for number in range(count)]
        cancelled = [c.Cancel(job=each.id, by="past") for each in fresh if self._dice.random() < 0.02]
        commands = [
            *(command for id in self._accepted for command in self._course(id)),
            *self._accepts(),
            *fresh,
            *cancelled,
            c.Claim(worker=WORKER, limit=WAVE * 2, kinds=KINDS),
        ]
        self._accepted, self._offered = self._offered, self._commit(commands)[-1]

    def _accepts(self) -> list[c.Command]:
        return [c.Accept(job=id, worker=WORKER, attempt=1) for id in self._offered]

    def _submit(self, number: int, **more: Any) -> c.Submit:
        dice = self._dice
        id, kind = ulid(self._at, dice.getrandbits(80)), dice.randrange(len(KINDS))
        past = self.past
        if number % max(1, self._n // REMEMBERED) == 0:
            past.some.append(id)
        if number == WAVE // 2:
            past.rare = id
        if number % LONG_EVERY == 1:
            past.long = id
        args = {"number": number, "path": f"/data/{KINDS[kind]}/{number % 997}", "rare": id == past.rare}
        fields = {
            "labels": {
                "subject": f"sub-{dice.randrange(1_000):04d}", "owner": f"owner-{dice.randrange(50)}",
                "site": f"site-{dice.randrange(5)}",
            },
            "priority": dice.randrange(1, 10) if dice.random() < 0.05 else 0,
            "queue": QUEUES[(kind * 5 + dice.randrange(3)) % len(QUEUES)],
            "parent": past.some[-1] if past.some and number % 100 == 3 else None,
        }  # fmt: skip
        return c.Submit(id=id, kind=KINDS[kind], args=msgspec.json.encode(args), **{**fields, **more})

    def _course(self, id: str) -> Iterator[c.Command]:
        """What a job reports, and how it ends."""
        statement = {"job": id, "worker": WORKER, "attempt": 1}
        n, at = 0, self._at
        if id == self.past.long:
            for n in range(1, LONG_REPORTS + 1):
                item = Progressed(current=n, total=LONG_REPORTS, message=f"step {n}", at=at)
                yield c.Report(**statement, n=n, items=(item,))
        elif self._dice.random() < 0.1:
            n = 1
            lines = [(at, "info", f"line {line} of {id}") for line in range(3)]
            yield c.Report(
                **statement, n=n, items=(Progressed(current=1, total=2, message="half", at=at), LogLines(lines=lines))
            )
        if id == self.past.rare or self._dice.random() < 0.05:
            kind = "DiskFull" if id == self.past.rare else self._dice.choice(("Timeout", "ValueError", "Refused"))
            error = {"type": kind, "message": f"{kind} while working on {id}"}
            yield c.End(**statement, n=n + 1, outcome="errored", error=error)
        else:
            yield c.End(**statement, n=n + 1, outcome="succeeded", result=b'{"ok":true}')

    # -- its end --

    def _unfinished(self, made: int) -> None:
        """What runs, waits, is held, blocked and scheduled when the past ends."""
        count = self._rest
        running = [self._submit(made + number) for number in range(count)]
        self._offered = self._commit([*running, c.Claim(worker=WORKER, limit=WAVE * 2 + count, kinds=KINDS)])[-1]
        self._commit(self._accepts())
        waiting = [self._submit(made + count + number) for number in range(count)]
        blocked = [self._submit(made + 2 * count + i, after=(each.id,)) for i, each in enumerate(waiting)]
        day = self._at + 86_400_000 * (DAYS // 2)
        later = [self._submit(made + 3 * count + number, run_at=day + number) for number in range(count)]
        held = [c.Hold(job=each.id, by="past") for each in waiting[: count // 5]]
        self._commit([*waiting, *blocked, *later, *held])


def fill(url: str, n: int, now: int) -> Past:
    """Fill a store that nobody serves with `n` jobs of the days before `now` (ms); 0: only open it."""
    store = open_store(url)
    store.open(now=now - (DAYS + 1) * 86_400_000, new_epoch="past")
    try:
        past = Filler(store, n, now).run() if n else Past()
        if n and (differing := sample_differs(store, past)):
            raise SystemExit(f"The past is not what commits write: {differing[0]}")
        return past
    finally:
        store.close()


def sample_differs(store: Store, past: Past) -> list[Any]:
    """`headway verify` of some jobs: their rows against the fold of their events; and how many there are in all."""
    found: list[Any] = []
    with store.reading() as reading:
        for id in [*past.some[:: max(1, len(past.some) // 500)], past.long]:
            found += differences(reading.job(id) or {}, reading.events_of(id))
        counted = sum(sum(states.values()) for states in reading.counts().values())
        if counted != past.jobs:
            found.append(f"{counted} jobs are counted, {past.jobs} were made")
    return found
