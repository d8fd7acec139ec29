"""One simulated world from its seed: a time of faults, a time of peace, and the verdict.

Owns which faults happen when, and what people do meanwhile (submit, cancel, pause, hold …). Called by the tests and by
`python -m headway.testing.simulator`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from headway.errors import HeadwayError, ServerError
from headway.model import command as c
from headway.model.job import AttemptDoc, JobDoc, is_final
from headway.model.settings import Settings
from headway.testing.disk import Disk
from headway.testing.simulator import checks
from headway.testing.simulator.server import Server
from headway.testing.simulator.timeline import Timeline
from headway.testing.simulator.viewer import Viewer
from headway.testing.simulator.worker import ENGINE_SLOTS, SETTLED, TOOL, Worker

FAULTS_S = 60.0
PEACE_S = 400.0
JOBS = 8
SERVERS = (1, 2, 1, 3)
"""How many servers share the disk, by the seed."""

SHORT_LEASE = {"heartbeat_s": 2.0, "stale_s": 4.0, "lease_s": 10.0}
"""In every fifth world: shorter than a link needs to notice by itself that nothing comes through."""


class Violation(AssertionError):
    """Something that must always hold did not. The message names the seed."""


class Simulation:
    """`run` until the verdict. Everything that happens follows from the seed."""

    def __init__(self, seed: int, *, trace: Callable[[str], None] | None = None) -> None:
        self.seed = seed
        short: dict[str, Any] = SHORT_LEASE if seed % 5 == 0 else {}
        self.settings = Settings(accept_s=5.0, snapshot_unfinished=1_000, **short)
        self.timeline = Timeline(seed, trace=trace)
        self.disk = Disk()
        several = SERVERS[seed % len(SERVERS)]
        self.servers = [
            Server(self.timeline, self.settings, self.disk, f"s{n}", peers=several > 1) for n in range(several)
        ]
        self.witness = checks.Witness()
        for server in self.servers:
            server.watchers.append(self.witness.watch)
        self.peace = False
        self.acknowledged: set[str] = set()
        self.problems: list[str] = []
        self._made = 0
        self._keys: dict[str, str] = {}
        self.workers = [self._worker(f"w/{n}") for n in range(3)]
        self.viewers: list[Viewer] = []

    def _worker(self, name: str) -> Worker:
        return Worker(name, self.timeline, self._one, faults=lambda: not self.peace)

    # -- the whole -------------------------------------------------------------------------------------------------

    def run(self) -> Simulation:
        """Faults, peace, verdict. Violation: what was wrong."""
        for server in self.servers:
            server.start()
        for worker in self.workers:
            self.timeline.after(self.timeline.dice.uniform(0, 3), worker.start)
        for topics in (("jobs",), ("workers", "queues"), ("jobs", "workers")):
            self.timeline.after(self.timeline.dice.uniform(0, 30), lambda topics=topics: self._watch(topics))
        self._people()
        self._faults()
        self._look()
        self.timeline.run(FAULTS_S)
        self._make_peace()
        self.timeline.run(FAULTS_S + PEACE_S, enough=self._is_settled)
        self._judge()
        return self

    def _one(self) -> Server:
        """Any of the servers, as a balancer in front of them gives."""
        return self.servers[0] if len(self.servers) == 1 else self.timeline.dice.choice(self.servers)

    def _is_settled(self) -> bool:
        if (
            self.timeline.now < FAULTS_S + 10
            or any(server.ledger.waiting for server in self.servers)
            or any(each.is_busy for each in self.workers)
            or any(self._kinds_differ())
            or any(self._services_differ())  # what a store that failed did not take is told again in a while
        ):
            return False
        return all(map(is_final, self.disk.jobs.values()))

    def _services_differ(self) -> list[str]:
        told = {worker.name: worker.status for worker in self.workers if worker.is_linked}
        return list(checks.services_are_as_told(self.disk, told))

    def _kinds_differ(self) -> list[str]:
        linked = [worker.name for worker in self.workers if worker.is_linked]
        return list(checks.definitions_are_as_told(self.disk, TOOL, SETTLED, linked))

    def _make_peace(self) -> None:
        self.timeline.note(lambda: "peace")
        self.peace = True
        for server in self.servers:
            if not server.up:
                server.start()
            server.frozen = False
        for worker in self.workers:
            if worker.alive and worker.is_draining:
                worker.leave()
            if not worker.alive:
                worker.start()
        self._insist(c.ResumeQueue(queue="default"))
        self._approve()
        for id in self.disk.jobs:
            self._insist(c.Unhold(job=id))

    def _approve(self) -> None:
        """While there is peace, somebody looks at what is in quarantine now and then, and takes it."""
        waiting: dict[str, Any] | None = self.disk.documents["kinds"].get(TOOL, {}).get("quarantine")
        if waiting is not None:
            self._ask(c.ApproveKind(kind=TOOL, definition=waiting["definition"]))
        self.timeline.after(2.0, self._approve)

    def _insist(self, command: c.Command) -> None:
        """Ask until it is answered, be it by a refusal."""
        answers: list[Any] = []

        def again() -> None:
            if not [answer for answer in answers if not isinstance(answer, ServerError)]:
                self._ask(command, answers.append)
                self.timeline.after(2.0, again)

        again()

    def _judge(self) -> None:
        behind = list(self.viewers)
        for _ in range(400):  # every viewer is at the head at some moment; then it sees what is stored
            self.timeline.run(self.timeline.now + 0.25)
            for viewer in list(behind):
                if viewer.subscription.view.seq == self.disk.head.seq:
                    behind.remove(viewer)
                    self._compare(viewer)
            if not behind:
                break
        self.problems += [f"a viewer of {viewer.topics} never catches up" for viewer in behind]
        disk = self.disk
        found = [*self.problems, *self.witness.problems, *checks.rows_are_folds(disk), *checks.all_ended(disk)]
        found += checks.one_outcome_each(disk, self.witness)
        found += checks.linked_are_online(disk, [worker.name for worker in self.workers if worker.is_linked])
        found += [*self._services_differ(), *self._kinds_differ()]
        found += [f"{id} was acknowledged and is not there" for id in self.acknowledged - set(disk.jobs)]
        if found:
            raise Violation(f"seed {self.seed}: " + "; ".join(found[:5]))

    def _compare(self, viewer: Viewer) -> None:
        view, now = viewer.subscription.view, self.timeline.clock.now()
        self.problems += checks.view_is_the_store(view, self.disk, now, self.settings)

    def _look(self) -> None:
        """Now and then, while all goes on: viewers that happen to be at the head see what is stored."""
        if any(server.up for server in self.servers):
            for viewer in self.viewers:
                self._compare(viewer)
            for worker in self.workers:
                self.problems += self._runs_twice(worker)
                self.problems += checks.engine_is_not_overrun(self.disk, worker.name, worker.running, ENGINE_SLOTS)
        if len(self.problems) < 5:
            self.timeline.after(self.timeline.dice.uniform(0.5, 4.0), self._look)

    def _runs_twice(self, worker: Worker) -> list[str]:
        """A lease that ended for the server had ended for the worker before."""
        found: list[str] = []
        for job, attempt in worker.running:
            known = self.disk.jobs.get(job, JobDoc())
            old = known.get("attempts", {}).get(str(attempt), AttemptDoc())
            if old.get("outcome") == "lost" and "reason" not in old and "adopted" not in known:
                found.append(f"{worker.name} still runs {job} {attempt}, which was lost at {old.get('ended_at')}")
        return found

    # -- what people do --------------------------------------------------------------------------------------------

    def _watch(self, topics: tuple[str, ...]) -> None:
        self.viewers.append(Viewer(self.timeline, self._one, topics))

    def _ask(self, command: c.Command, then: Callable[[Any], None] | None = None) -> None:
        asked(self._one(), command, then or _forget)

    def _people(self) -> None:
        dice = self.timeline.dice
        for _ in range(JOBS):
            self.timeline.after(dice.uniform(0, FAULTS_S * 0.9), self._submit)
        for _ in range(dice.randint(2, 10)):
            self.timeline.after(dice.uniform(1, FAULTS_S), self._meddle)

    def _submit(self) -> None:
        dice, now = self.timeline.dice, self.timeline.clock.now()
        self._made += 1
        id = f"J{self._made:03d}"
        upstream = tuple(dice.sample(sorted(self.acknowledged), 1)) if self.acknowledged and dice.random() < 0.2 else ()
        options: dict[str, Any] = dice.choice(
            [{}, {"timeout_s": 6, "backoff_s": 0.1}, {"timeout_s": 20}, {"progress_timeout_s": 3}, {"backoff_s": 0.5}]
        )
        command = c.Submit(
            id=id, kind=dice.choice(["steady", "shaky", "shaky", TOOL]), max_attempts=dice.randint(1, 4), options=options,
            priority=dice.randint(0, 2), after=upstream, limit_key=dice.choice([None, "k"]),
            run_at=now + 8_000 if dice.random() < 0.15 else None, expires_s=30.0 if dice.random() < 0.1 else None,
            unique="u" if dice.random() < 0.1 else None,
        )  # fmt: skip
        self._ask(
            command, lambda answer: None if isinstance(answer, HeadwayError) else self.acknowledged.add(answer["id"])
        )

    def _meddle(self) -> None:
        dice = self.timeline.dice
        jobs = sorted(self.disk.jobs)
        worker = dice.choice(self.workers)
        commands: list[c.Command] = [
            c.PauseQueue(queue="default"), c.ResumeQueue(queue="default"), c.LimitKind(kind="steady", limit=2),
            c.LimitKind(kind="shaky", limit=None, key_limit=1), c.Drain(worker=worker.name),
            c.ApproveKind(kind=TOOL, definition=dice.choice(["d1", "d2"])),
        ]  # fmt: skip
        if jobs:
            job = dice.choice(jobs)
            commands += [c.Cancel(job=job)] * 3 + [
                c.Hold(job=job),
                c.Unhold(job=job),
                c.SetPriority(job=job, priority=5),
            ]
        if worker.alive and dice.random() < 0.2:
            worker.adopt()
        else:
            self._ask(dice.choice(commands))

    # -- what goes wrong -------------------------------------------------------------------------------------------

    def _faults(self) -> None:
        dice = self.timeline.dice
        for _ in range(dice.randint(0, 8)):
            self.timeline.after(dice.uniform(1, FAULTS_S), self._break)

    def _break(self) -> None:
        dice = self.timeline.dice
        worker, server = dice.choice(self.workers), self._one()
        what = dice.choice(["cut", "cut", "stall", "crash", "leave", "server", "freeze", "viewer", "disk"])
        if what == "cut":
            worker.cut()
        elif what == "stall":
            worker.stall_link(self.settings.lease_s + dice.uniform(-3, 3))
        elif what in ("crash", "leave") and worker.alive:
            worker.crash() if what == "crash" else worker.leave()
            self.timeline.after(dice.choice([1, 5, 60]), lambda: None if worker.alive else worker.start())
        elif what == "server" and server.up:
            server.crash()
            self.timeline.after(dice.choice([0.5, 10, 45]), lambda: None if server.up else server.start())
        elif what == "freeze" and server.up and not server.frozen:
            server.freeze(dice.choice([2, 12, 40]))
        elif what == "viewer" and self.viewers:
            dice.choice(self.viewers).cut()
        elif what == "disk" and server.up:
            self._fill_disk(server)

    def _fill_disk(self, server: Server) -> None:
        store = server.store
        self.timeline.note(lambda: f"{server.name}: the store takes nothing")
        store.failing = True

        def free() -> None:
            store.failing = False

        self.timeline.after(self.timeline.dice.uniform(0.5, 5), free)


def asked(server: Server, command: c.Command, then: Any) -> None:
    """A REST call: `then(answer or error)` once it is durable; never, when the server crashes before."""
    if not server.up or server.frozen:
        return
    try:
        server.ledger.submit_nowait(command).add_done_callback(lambda done: then(_answer(done)))
    except ServerError as error:
        then(error)


def _answer(done: Any) -> Any:
    error = done.exception()
    return cast("HeadwayError", error) if error else done.result()


def _forget(answer: Any) -> None:
    """Whoever asked does not wait for the answer."""


def simulate(seed: int, *, trace: Callable[[str], None] | None = None) -> Simulation:
    """One world to its end. Violation: what was wrong with it."""
    return Simulation(seed, trace=trace).run()
