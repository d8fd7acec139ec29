"""Two rivals at one attempt over real links: the worker's word, the server's clock and people's wishes cross on the wire.

    python -m headway.testing.races.links --runs 100

What `headway.testing.races` proves of the rules, this proves of both halves of the link around them: every message may
come twice and late, the link may be cut at the very moment, an old link's end may be heard after the next one's hello.
Which of the two is first is not known; that there is one outcome, and that it is of one of them, is.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

from headway.model import command as c, report as r
from headway.protocol.frames import Offer
from headway.protocol.holding import Key
from headway.testing.races.table import FATES, RIVALS, Rival
from headway.testing.simulator.run import Simulation, Violation
from headway.testing.simulator.worker import Last, Worker

R = Rival
JOB = "J001"
MEET_S = 45.0
ABOUT_S = 1.5
STALLED_S = 4.0
BY_ITSELF = frozenset({"succeeded", "released", "lost", "crashed"})
"""How it may end beside: it was left alone, its worker stopped it by its own clock, or what cut the link did."""
MOVES_THE_LINK = frozenset({R.LEASE_END, R.LEAVE, R.DISCONNECT, R.REPLACE, R.FORGET})
REGISTRATION = ("id", "machine", "slots", "kinds", "namespace")


class Steered(Worker):
    """A worker whose first attempt of the job ends when it is told."""

    twice = 0.2
    silent_at = float("inf")
    """From then on it makes no progress."""

    def finish(self, outcome: str) -> None:
        """The handler returns, or raises."""
        if (JOB, 1) in self.running:
            self._end((JOB, 1), Last(outcome=outcome))
            self._flush()

    def _grant(self, wish: Any) -> None:
        """No offer is refused: the first attempt is the one they meet at."""
        if isinstance(wish, Offer):
            self._lease.accept(wish.job, wish.attempt)
            self._run((wish.job, wish.attempt), wish.kind)
        else:
            super()._grant(wish)

    def _run(self, key: Key, kind: str) -> None:
        if key != (JOB, 1):
            super()._run(key, kind)
            return
        self.running.add(key)
        self.done.append(("started", *key, ""))
        self._go_on(key, 1)

    def _go_on(self, key: Key, step: int) -> None:
        def report() -> None:
            if self._timeline.now < self.silent_at:
                self._lease.report(*key, [r.Progressed(stage="", current=float(step), total=1000.0)])
            self._go_on(key, step + 1)

        self._later(1.0, key, report)


class Pair(Simulation):
    """One job and two rivals, which meet about `MEET_S`; then peace, in which what is left of it comes to its end."""

    def __init__(self, first: Rival, second: Rival, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.pair = first, second
        self.steered: list[Steered] = []
        super().__init__(zlib.crc32(f"{first}/{second}/{seed}".encode()), trace=trace)
        self._name = f"{first} against {second}, seed {seed}"
        self._is_cut = self.timeline.dice.random() < 0.3
        self._registered: dict[str, Any] = {}

    def _worker(self, name: str) -> Steered:
        worker = Steered(name, self.timeline, self._one, faults=lambda: False)
        self.steered.append(worker)
        return worker

    # -- what happens ----------------------------------------------------------------------------------------------

    def _people(self) -> None:
        options: dict[str, Any] = {"backoff_s": 0.5}
        if R.TIMEOUT in self.pair:
            options["timeout_s"] = MEET_S - 5.0
        if R.STALL in self.pair:
            options["progress_timeout_s"] = STALLED_S
        command = c.Submit(id=JOB, kind="steady", max_attempts=self.timeline.dice.choice([1, 3]), options=options)
        self.timeline.after(self.timeline.dice.uniform(3.5, 4.5), lambda: self._insist(command))

    def _faults(self) -> None:
        dice = self.timeline.dice
        for rival in self.pair:
            self.timeline.after(self._begin(rival) + dice.uniform(0, ABOUT_S), lambda rival=rival: self._meet(rival))
        if self._is_cut:
            self.timeline.after(MEET_S + dice.uniform(0, ABOUT_S), self._cut_all)

    def _cut_all(self) -> None:
        for worker in self.steered:
            worker.cut()

    def _begin(self, rival: Rival) -> float:
        """When to begin it, so that it comes about at the meeting."""
        early = {R.LEASE_END: self.settings.lease_s, R.STALL: STALLED_S}
        return MEET_S - early.get(rival, 0.0)

    def _meet(self, rival: Rival) -> None:
        worker = next((each for each in self.steered if (JOB, 1) in each.running), self.steered[0])
        self.timeline.note(lambda: f"rival: {rival} at {worker.name}")
        match rival:
            case R.COMPLETE:
                worker.finish("succeeded")
            case R.ERROR:
                worker.finish("errored")
            case R.CANCEL:
                self._insist(c.Cancel(job=JOB))
            case R.TIMEOUT:
                pass  # it comes by itself
            case R.STALL:
                worker.silent_at = self.timeline.now
            case R.LEASE_END:
                worker.stall_link(self.settings.lease_s + self.timeline.dice.uniform(-1, 3))
            case R.DRAIN:
                self._insist(c.Drain(worker=worker.name))
            case R.DISCONNECT:
                worker.cut()
            case R.LEAVE | R.REPLACE | R.FORGET:
                self._end_process(worker, goodbye=rival is R.LEAVE)

    def _end_process(self, worker: Steered, *, goodbye: bool) -> None:
        """And the next begins, at once or in a moment."""
        if worker.alive:
            worker.leave() if goodbye else worker.crash()
            self.timeline.after(
                self.timeline.dice.choice([0.0, 0.3, 5.0]), lambda: None if worker.alive else worker.start()
            )

    def _make_peace(self) -> None:
        self._registered = self._registrations()
        super()._make_peace()
        for worker in self.steered:
            worker.finish("succeeded")

    # -- what must have come of it ---------------------------------------------------------------------------------

    def _registrations(self) -> dict[str, Any]:
        workers = self.disk.documents["workers"]
        return {id: {key: each.get(key) for key in REGISTRATION} for id, each in workers.items()}

    def _judge(self) -> None:
        try:
            super()._judge()
        except Violation as violation:
            raise Violation(f"{self._name}: {violation}") from violation
        found = [*self._wrong()]
        if found:
            raise Violation(f"{self._name}: " + "; ".join(found))

    def _wrong(self) -> Iterator[str]:
        job = self.disk.jobs[JOB]
        first: Any = job.get("attempts", {}).get("1", {})
        fates = [FATES[rival] for rival in self.pair if rival in FATES]
        lawful = {*BY_ITSELF, *(fate.outcome for fate in fates), *(["cancelled"] if R.CANCEL in self.pair else [])}
        if first.get("outcome") not in lawful:
            yield f"the first attempt ended {first.get('outcome')}"
        if job.get("state") == "cancelled" and R.CANCEL not in self.pair:
            yield "it was cancelled by nobody"
        if self._registered != self._registrations():
            yield f"registrations became {self._registrations()}"
        said = [
            outcome
            for worker in self.steered
            for event, id, n, outcome in worker.done
            if (event, id, n) == ("ended", JOB, 1)
        ]
        if said and not self._is_cut and MOVES_THE_LINK.isdisjoint(self.pair):
            kept = {first.get("outcome"), first.get("late")}
            if not kept >= set(said):
                yield f"the worker said {said}, and {kept} is on record"


def meet(first: Rival, second: Rival, seed: int, *, trace: Callable[[str], None] | None = None) -> Pair:
    """One meeting to its end. Violation: what was wrong."""
    pair = Pair(first, second, seed, trace=trace)
    pair.run()
    return pair


def main() -> int:
    """0: nothing was violated. 1: the meetings that were, each with what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m headway.testing.races.links", description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="seeds of each pair")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--pair", help="only this one, traced with --seed: two of " + ", ".join(RIVALS))
    parser.add_argument("--seed", type=int)
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    pairs = list(itertools.combinations_with_replacement(RIVALS, 2))
    if asked.pair:
        one, other = asked.pair.split(",")
        pairs = [(Rival(one), Rival(other))]
    seeds = range(asked.first, asked.first + asked.runs) if asked.seed is None else [asked.seed]
    trace = None if asked.seed is None else _say
    failed = 0
    for first, second in pairs:
        for seed in seeds:
            try:
                meet(first, second, seed, trace=trace)
            except AssertionError as violation:
                failed += 1
                _say(str(violation))
    _say(f"{len(pairs)} pairs, {len(pairs) * len(seeds):,} meetings, {failed} failed")
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
