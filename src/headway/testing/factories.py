"""Jobs and workers in any state, by its word: a small laboratory for the rules, without threads, links or waiting.

    lab = Lab()
    job = lab.job("running", max_attempts=2)
    lab.end(job, "errored")
    assert lab.state(job) == "scheduled"

Every command goes through the ledger's own `commit_batch` over a store in memory, so what is tested is what runs.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Any

from headway.errors import HeadwayError
from headway.hub.ledger import commit_batch
from headway.model import command as c
from headway.model.event import Event
from headway.model.job import AttemptDoc, JobDoc
from headway.model.report import Item
from headway.model.settings import Settings
from headway.store.base import Store
from headway.testing.clock import START
from headway.testing.memory import MemoryStore

KIND = "crawl"
WORKER = "w/1"


class Lab:
    """`now` in ms; `events` are those of the last command. One worker of many slots is there from the beginning."""

    def __init__(self, *, settings: Settings | None = None, store: Store | None = None, workers: bool = True) -> None:
        self.settings = settings or Settings()
        self.store = store or MemoryStore()
        self.store.open(now=START, new_epoch="lab")
        self.now = START
        self.events: list[Event] = []
        self._ids = count(1)
        if workers:
            self.worker()

    # -- asking ----------------------------------------------------------------------------------------------------

    def do(self, command: c.Command) -> Any:
        """Its answer; a refusal is raised."""
        answer = self.together(command)[0]
        if isinstance(answer, HeadwayError):
            raise answer
        return answer

    def together(self, *commands: c.Command) -> list[Any]:
        """Answers and refusals of commands that share a commit."""
        batch = commit_batch(self.store, commands, self.now, self.settings)
        self.events = batch.commit.events
        return batch.results

    def wait(self, seconds: float) -> None:
        """Let time pass. Nobody looks at the jobs meanwhile."""
        self.now += round(seconds * 1000)

    def look(self, job: str, **fields: Any) -> None:
        """What the sweeper does to a job that is due."""
        self.do(c.Elapse(job=job, **fields))

    @contextmanager
    def nothing_changes(self) -> Generator[None, None, None]:
        """No event, and every document as before."""
        before = self._all()
        yield
        assert self._all() == before, self.types()  # noqa: S101 - a test's own assertion

    def _all(self) -> tuple[Any, ...]:
        with self.store.reading() as reading:
            jobs = reading.board(("jobs", ""), unfinished=10_000, finished=10_000)
            return reading.head, jobs, reading.workers(), reading.queues(), reading.kinds(), reading.counts()

    # -- seeing ----------------------------------------------------------------------------------------------------

    def doc(self, job: str) -> JobDoc:
        """The job as stored; empty when there is none."""
        with self.store.reading() as reading:
            return reading.job(job) or JobDoc()

    def state(self, job: str) -> str:
        """Its state, and its reason where it has one: `failed(expired)`."""
        doc = self.doc(job)
        reason = f"({doc.get('reason')})" if "reason" in doc else ""
        return f"{doc.get('state')}{reason}"

    def attempt(self, job: str, number: int | None = None) -> AttemptDoc:
        """An attempt of it, the current one unless another is named."""
        doc = self.doc(job)
        return doc.get("attempts", {}).get(str(number or doc.get("attempt", 0)), AttemptDoc())

    def types(self) -> list[str]:
        """The types of the last command's events."""
        return [event.type for event in self.events]

    def last(self, type: str) -> Event:
        """The last command's event of that type."""
        return next(event for event in self.events if event.type == type)

    def worker_doc(self, id: str = WORKER) -> dict[str, Any]:
        """The worker as stored."""
        with self.store.reading() as reading:
            found = [dict(each) for each in reading.workers() if each["id"] == id]
        return found[0] if found else {}

    # -- workers ---------------------------------------------------------------------------------------------------

    def worker(
        self, id: str = WORKER, *, instance: str = "i1", kinds: tuple[Any, ...] = (KIND,), **more: Any
    ) -> dict[str, Any]:
        """A worker says hello; the answer of `Connect`."""
        told = {key: more.pop(key) for key in ("services", "running", "namespace", "server", "dice") if key in more}
        profile = {"machine": "m1", "instance": instance, "slots": 100} | more
        definitions: list[dict[str, Any]] = [
            {"name": each, "hash": "h1"} if isinstance(each, str) else each for each in kinds
        ]
        return self.do(c.Connect(worker=id, profile=profile, kinds=tuple(definitions), **told))

    def claim(
        self, worker: str = WORKER, *, limit: int = 100, kinds: tuple[str, ...] = (KIND,), **more: Any
    ) -> list[str]:
        """Ids offered to the worker."""
        return self.do(c.Claim(worker=worker, limit=limit, kinds=kinds, **more))

    # -- jobs in any state -----------------------------------------------------------------------------------------

    def submit(self, **fields: Any) -> str:
        """A job as the fields make it; its id."""
        return self.do(self.asked(**fields))["id"]

    def asked(self, **fields: Any) -> c.Submit:
        """The command for a new job."""
        whole: dict[str, Any] = {"id": self._new_id(), "kind": KIND, **fields}
        return c.Submit(**whole)

    def adopt(self, external_id: str = "x", **fields: Any) -> dict[str, Any]:
        """Work that an engine behind `w/1` runs; the answer of `Begin`."""
        whole: dict[str, Any] = {
            "id": self._new_id(), "worker": WORKER, "instance": "i1", "kind": KIND, "external_id": external_id, **fields,
        }  # fmt: skip
        return self.do(c.Begin(**whole))

    def _new_id(self) -> str:
        return f"J{next(self._ids):04d}"

    def job(self, state: str, **fields: Any) -> str:
        """A job in that state, on `w/1` where it needs a worker: the words of `JobState`, `held`, `offered`, `adopted`."""
        worker = fields.pop("worker", WORKER)
        if state == "adopted":
            return self.adopt(f"x{next(self._ids)}", worker=worker, **fields)["id"]
        if state == "scheduled":
            fields.setdefault("run_at", self.now + 60_000)
        if state == "blocked":
            fields.setdefault("after", (self.submit(queue="elsewhere"),))
        job = self.submit(**fields)
        if state == "held":
            self.do(c.Hold(job=job))
        elif state not in ("scheduled", "blocked", "queued"):
            self._start(job, state, worker)
        return job

    def _start(self, job: str, state: str, worker: str) -> None:
        if state == "cancelled":
            self.do(c.Cancel(job=job))
            return
        self.offer(job, worker)
        if state == "offered":
            return
        self.accept(job)
        if state == "cancelling":
            self.do(c.Cancel(job=job, by="ann"))
        elif state == "completed":
            self.end(job, "succeeded", result=b"1")
        elif state == "failed":
            self.end(job, "rejected")

    def offer(self, job: str, worker: str = WORKER) -> None:
        """The job is offered to the worker, and no other job is."""
        others = [each for each in self._queued() if each != job]
        for each in others:
            self.do(c.Hold(job=each))
        offered = self.claim(worker, kinds=(self.doc(job).get("kind", ""),))
        for each in others:
            self.do(c.Unhold(job=each))
        assert offered == [job], offered  # noqa: S101 - a test's own assertion

    def _queued(self) -> list[str]:
        with self.store.reading() as reading:
            jobs = reading.board(("jobs", ""), unfinished=10_000, finished=0)
        return [job.get("id", "") for job in jobs if job.get("state") == "queued" and not job.get("held")]

    # -- what its worker says --------------------------------------------------------------------------------------

    def say(self, make: type[c.Statement], job: str, **fields: Any) -> Any:
        """A statement of the worker that holds the current attempt, with the next `n` unless one is given."""
        doc = self.doc(job)
        number = fields.pop("attempt", doc.get("attempt", 0))
        worker = fields.pop("worker", self.attempt(job, number).get("worker", WORKER))
        if make not in (c.Accept, c.Refuse):
            fields.setdefault("n", doc.get("soft", {}).get("n", 0) + 1)
        return self.do(make(job=job, attempt=number, worker=worker, **fields))

    def accept(self, job: str, **fields: Any) -> Any:
        """The worker takes the offer."""
        return self.say(c.Accept, job, **fields)

    def refuse(self, job: str, **fields: Any) -> Any:
        """The worker does not take the offer."""
        return self.say(c.Refuse, job, **fields)

    def report(self, job: str, *items: Item, **fields: Any) -> Any:
        """The worker reports the items."""
        return self.say(c.Report, job, items=items, **fields)

    def end(self, job: str, outcome: str, **fields: Any) -> Any:
        """The attempt ended."""
        return self.say(c.End, job, outcome=outcome, **fields)

    def step(self, job: str, step: str, **fields: Any) -> Any:
        """The worker is so far with a cancel."""
        return self.say(c.CancelStep, job, step=step, **fields)
