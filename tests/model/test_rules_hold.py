"""Properties of the rules as a whole: whatever commands come in whatever order, these things stay true."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from headway.errors import CallerError
from headway.model import command as c, report as r
from headway.model.elapse import due_at
from headway.model.fold import fold, fold_counts
from headway.model.job import ACTIVE, FINAL, JobDoc, current_attempt
from headway.model.settings import Settings
from headway.testing.factories import Lab

WORKERS, INSTANCES, EXTERNALS = ("w/1", "w/2"), ("i1", "i2"), ("x1", "x2")
OUTCOMES = ("succeeded", "errored", "rejected", "cancelled", "crashed", "lost", "released", "refused", "timed_out", "?")
STEPS = ("delivered", "acknowledged", "stopped", "cleaned", "?")
NUMBERS = st.none() | st.integers(0, 9)
STAGES = st.sampled_from(["", "a", "a/x", "b"])
ITEMS = st.one_of(
    st.builds(r.Progressed, stage=STAGES, current=NUMBERS, total=NUMBERS, message=st.none() | st.text("m", max_size=2)),
    st.builds(r.StageStarted, stage=STAGES, total=NUMBERS),
    st.builds(r.StageCompleted, stage=STAGES),
    st.builds(r.StepDone, name=st.just("step")),
    st.builds(r.LogLines, lines=st.lists(st.just((1, "info", "x" * 9)), max_size=3)),
    st.builds(r.Warned, message=st.just("w")),
    st.builds(r.Checkpoint, key=st.just("k"), value=st.integers()),
    st.builds(r.InputRequested, request=st.just("r"), message=st.just("?")),
    st.just(r.Alive()),
    st.builds(r.InputTaken, request=st.just("r")),
    st.builds(r.Custom, name=st.sampled_from(["a.b", "job.x"])),
)
SERVICES = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("ab"), "type": st.just("t"), "status": st.sampled_from(["starting", "idle", "busy", "?"])},
        optional={"job": st.just("J"), "load": st.sampled_from([{"x": 1}, {"y": None}]), "age_s": st.sampled_from([0, 1, 61]),
                  "own": st.sampled_from([{"a": {"b": 1}}, {"a": 2}])},
    ),
    max_size=2, unique_by=lambda service: service["name"],
).map(tuple)  # fmt: skip
OPTIONS = st.fixed_dictionaries(
    {}, optional={"timeout_s": st.integers(5, 60), "progress_timeout_s": st.integers(5, 60), "backoff_s": st.just(0)}
)


class Rules(RuleBasedStateMachine):
    """A few jobs, two workers, any command at any time; several may share a commit."""

    def __init__(self) -> None:
        super().__init__()
        self.lab = Lab(settings=Settings(log_bytes=100), workers=False)
        self.jobs: list[str] = []
        self.queue: list[c.Command] = []
        self.before: dict[str, JobDoc] = {}
        self.documents: dict[tuple[str, str], Any] = {}
        self.counts: dict[str, dict[str, int]] = {}
        self.seq = 0

    @initialize()
    def begin(self) -> None:
        for worker in WORKERS:
            self.lab.worker(worker, kinds=({"name": "crawl", "plan": {"a": 1, "b": 2}}, "other"))
            self.absorb()

    # -- commands --------------------------------------------------------------------------------------------------

    @rule(
        unique=st.sampled_from([None, None, "u"]), tries=st.integers(1, 3), options=OPTIONS, after=st.booleans(),
        kind=st.sampled_from(["crawl", "other"]), wait=st.sampled_from([None, None, 5]), key=st.sampled_from([None, "k"]),
        priority=st.integers(-1, 1),
    )  # fmt: skip
    def submit(self, unique, tries, options, after, kind, wait, key, priority) -> None:
        if len(self.jobs) >= 6:
            return
        self.say(self.lab.asked(
            kind=kind, unique=unique, max_attempts=tries, options=options, priority=priority, limit_key=key,
            after=tuple(self.jobs[-1:]) if after else (), run_at=self.lab.now + 5_000 if wait else None,
            expires_s=float(wait * 4) if wait else None,
        ))  # fmt: skip

    @rule(worker=st.sampled_from(WORKERS), limit=st.integers(1, 3))
    def claim(self, worker, limit) -> None:
        self.say(c.Claim(worker=worker, limit=limit, kinds=("crawl", "other")))

    @rule(worker=st.sampled_from(WORKERS), external=st.sampled_from(EXTERNALS), attempt=st.none() | st.integers(1, 3))
    def adopt(self, worker, external, attempt) -> None:
        id = self.lab.asked().id
        self.say(c.Begin(id=id, worker=worker, instance="i1", external_id=external, kind="crawl", attempt=attempt))

    @rule(data=st.data())
    def state(self, data) -> None:
        """A statement: mostly by the right worker about the right attempt with the next number."""
        if not self.jobs:
            return
        job = data.draw(st.sampled_from(self.jobs))
        doc = self.lab.doc(job)
        wrong = data.draw(st.sampled_from([False] * 6 + [True]))
        number = data.draw(st.integers(0, 3)) if wrong else doc.get("attempt", 0)
        worker = data.draw(st.sampled_from(WORKERS)) if wrong else doc.get("worker", "w/1")
        last = doc.get("soft", {}).get("n", 0)
        n = data.draw(st.sampled_from([last + 1] * 5 + [last, last + 2, 1]))
        about: dict[str, Any] = {"job": job, "attempt": number, "worker": worker}
        self.say(data.draw(st.one_of(
            st.just(c.Accept(**about)),
            st.just(c.Refuse(**about)),
            st.builds(lambda items: c.Report(**about, n=n, items=tuple(items)), st.lists(ITEMS, max_size=3)),
            st.builds(lambda items: c.Report(**about, n=n, items=tuple(items)), st.lists(ITEMS, max_size=3)),
            st.builds(
                lambda outcome, reason, after: c.End(
                    **about, n=n, outcome=outcome, reason=reason, retry_after_s=after, result=b"1"
                ),
                st.sampled_from(OUTCOMES), st.sampled_from(["", "executor died"]), st.sampled_from([None, None, 1.0]),
            ),
            st.builds(lambda step: c.CancelStep(**about, n=0 if step == "delivered" else n, step=step), st.sampled_from(STEPS)),
        )))  # fmt: skip

    @rule(data=st.data())
    def ask(self, data) -> None:
        if not self.jobs:
            return
        job = data.draw(st.sampled_from(self.jobs))
        after = tuple(self.lab.doc(job).get("after", ()))
        self.say(data.draw(st.sampled_from([
            c.Cancel(job=job), c.Retry(job=job, id=self.lab.asked().id), c.SetPriority(job=job, priority=2),
            c.Hold(job=job), c.Unhold(job=job), c.AnswerInput(job=job, request="r", action="accept"),
            c.Unblock(job=job, after=after), c.Elapse(job=job), c.Elapse(job=job), c.Delete(job=job), c.Compact(job=job),
        ])))  # fmt: skip

    @rule(data=st.data(), worker=st.sampled_from(WORKERS), instance=st.sampled_from(("i1", "i1", "i1", "i2")))
    def move_worker(self, data, worker, instance) -> None:
        with self.lab.store.reading() as reading:
            held = [(job.get("id", ""), job.get("attempt", 0), 0) for job in reading.held_by(worker)]
        running = tuple(data.draw(st.lists(st.sampled_from(held), unique=True))) if held else ()
        services = data.draw(SERVICES)
        profile = {"machine": "m", "instance": instance}
        hello = c.Connect(worker=worker, profile=profile, running=running, services=services)
        named = tuple((job, attempt) for job, attempt, _ in running)
        self.say(data.draw(st.sampled_from([
            hello, c.Stale(worker=worker, instance=instance), c.Back(worker=worker, instance=instance),
            c.Lose(worker=worker, instance=instance), c.Disconnect(worker=worker, instance=instance),
            c.Disconnect(worker=worker, instance=instance, goodbye=True), c.Drain(worker=worker),
            c.LimitQueue(queue="default", limit=2), c.LimitKind(kind="crawl", limit=None, key_limit=1),
            c.PauseQueue(queue="default"), c.ResumeQueue(queue="default"),
            c.ReportServices(worker=worker, services=services), c.ServiceSilent(worker=worker, name="a"),
            c.Compare(worker=worker, instance=instance, running=named),
        ])))  # fmt: skip

    @rule(seconds=st.sampled_from([1, 5, 31]))
    def wait(self, seconds) -> None:
        self.flush()
        self.lab.wait(seconds)

    @rule()
    def flush(self) -> None:
        """What queued is committed together."""
        queue, self.queue = self.queue, []
        if queue:
            self.lab.together(*queue)
            self.absorb()

    def say(self, command: c.Command) -> None:
        self.queue.append(command)
        if len(self.queue) >= 3:
            self.flush()
        elif len(self.queue) == 1:
            alone, self.queue = self.queue[0], []
            with self.lab.store.reading() as reading:
                state = reading.disk.jobs, reading.disk.documents
            try:
                self.lab.do(alone)
            except CallerError:
                assert self.lab.events == [], "a refused command made events"
                with self.lab.store.reading() as reading:
                    assert (reading.disk.jobs, reading.disk.documents) == state
            self.absorb()

    # -- what must hold --------------------------------------------------------------------------------------------

    def absorb(self) -> None:
        """Take over what the commit made, and hold it against what was."""
        for event in self.lab.events:
            assert event.seq == self.seq + 1
            self.seq = event.seq
            fold_counts(self.counts, event)
            subject = (f"{event.prefix}s", event.subject)
            if event.data.get("deleted"):
                self.documents.pop(subject)
            elif subject in self.documents or "set" in event.data:
                self.documents[subject] = fold(self.documents.get(subject), event)
        with self.lab.store.reading() as reading:
            now = dict(reading.disk.jobs)
            tables = {"jobs": now, **reading.disk.documents}
            assert self.documents == {(name, id): each for name, table in tables.items() for id, each in table.items()}
            assert reading.counts() == self.counts == counted(now)
        for id, job in now.items():
            unfolds(self.before.get(id), job)
        self.before, self.jobs = now, sorted(now)

    @invariant()
    def limits_hold(self) -> None:
        with self.lab.store.reading() as reading:
            for queue in reading.queues():
                busy = sum(job.get("state") in ACTIVE and not job.get("adopted") for job in reading.disk.jobs.values())
                limit = queue.get("limit")
                assert limit is None or busy <= max(limit, self.busy_before(limit))

    def busy_before(self, limit: int) -> int:
        """A limit set later than jobs began does not stop them."""
        return len([job for job in self.before.values() if job.get("state") in ACTIVE])


def counted(jobs: dict[str, JobDoc]) -> dict[str, dict[str, int]]:
    """Counts by counting."""
    found: dict[str, Counter[str]] = {}
    for job in jobs.values():
        found.setdefault(job.get("queue", ""), Counter())[job.get("state", "")] += 1
    return {queue: dict(states) for queue, states in found.items()}


def unfolds(before: JobDoc | None, job: JobDoc) -> None:
    """Every step of a job's life is a lawful one."""
    state, attempt = job.get("state"), current_attempt(job)
    assert (state in FINAL) == ("finished_at" in job)
    assert (state in ACTIVE) == (attempt is not None and attempt.get("phase") != "ended")
    assert ("worker" in job) or state not in ACTIVE
    assert not (job.get("input") and state != "running")
    assert not (job.get("held") and state not in ("scheduled", "blocked", "queued"))
    assert (
        state in ("failed", "cancelled") or not {"error", "reason"} & job.keys()
    )  # lists look for errors nowhere else
    overall = job.get("progress", {}).get("overall")
    assert (overall == 1.0) == (state == "completed")
    has_deadline(job)
    if before is None:
        return
    if before.get("state") in FINAL:
        assert (before.get("state"), before.get("finished_at")) == (state, job.get("finished_at"))
        assert before.get("attempt") == job.get("attempt")
    assert before.get("attempt", 0) <= job.get("attempt", 0)
    if not job.get("adopted"):
        assert job.get("attempt", 0) <= before.get("attempt", 0) + 3  # several in one commit, each +1
        assert set(map(int, job.get("attempts", {}))) == set(range(1, job.get("attempt", 0) + 1))
    assert job.get("tries", 0) >= before.get("tries", 0)
    if before.get("attempt") == job.get("attempt"):
        was = before.get("progress", {}).get("overall")
        assert was is None or (overall is not None and overall >= was)
        assert job.get("soft", {}).get("n", 0) >= before.get("soft", {}).get("n", 0)
    for number, old in before.get("attempts", {}).items():
        if old.get("phase") == "ended":
            kept = job.get("attempts", {}).get(number, old)
            assert (kept.get("outcome"), kept.get("ended_at")) == (old.get("outcome"), old.get("ended_at"))


def has_deadline(job: JobDoc) -> None:
    """While something can run out, the sweeper is told when to look."""
    state, options = job.get("state"), job.get("options", {})
    attempt = current_attempt(job) or {}
    running_out = (
        state == "scheduled"
        or (state in ("blocked", "queued") and "expires_at" in job and "started_at" not in job)
        or (state in ACTIVE and attempt.get("phase") == "offered")
        or (state in ACTIVE and "orphaned_at" in attempt)
        or state == "cancelling"
        or (state == "running" and not {"timeout_s", "progress_timeout_s"}.isdisjoint(options))
    )
    assert (due_at(job) is not None) == running_out


Rules.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestRules = Rules.TestCase
