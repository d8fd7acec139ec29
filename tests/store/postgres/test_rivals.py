"""Several servers want the same at once: jobs, keys, documents, lanes. Each is had once, and every limit holds."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from headway.errors import StoreContended
from headway.hub.ledger import commit_batch
from headway.model import command as c
from headway.model.command import Command, Reads
from headway.model.event import Event
from headway.model.settings import Settings
from headway.store.postgres import PostgresStore
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import connect
from headway.store.postgres.identity import transaction
from headway.testing.store_worlds import NOW, about, changed, job_id, load_for, submitted, write
from writers import opened, together

SERVERS = 4
SETTINGS = Settings()


@pytest.fixture
def stores(database: str) -> Iterator[list[PostgresStore]]:
    with opened([PostgresStore(database) for _ in range(SERVERS)]) as stores:
        yield stores


def commit(store: PostgresStore, *commands: Command) -> list[Any]:
    return commit_batch(store, commands, NOW, SETTINGS).results


def log_of(store: PostgresStore) -> list[Event]:
    with store.reading() as reading:
        return reading.events(0, limit=100_000)


def connect_worker(store: PostgresStore, worker: str, *kinds: str) -> None:
    profile = {"machine": worker, "name": worker, "instance": "i", "slots": 100, "boot_id": "b"}
    commit(store, c.Connect(worker=worker, profile=profile, kinds=tuple({"name": kind} for kind in kinds)))


# -- jobs ----------------------------------------------------------------------------------------------------------


class Server:
    """Claims for its own worker and ends what it got, until all jobs are ended."""

    def __init__(self, store: PostgresStore, number: int, jobs: int) -> None:
        self.store = store
        self.worker = f"w/{number}"
        self.offered: list[str] = []
        self._jobs = jobs
        self._dice = Random(number)
        self._running: list[str] = []

    def run(self, ended: Counter[str], claimed: Callable[[list[str]], None] = lambda ids: None) -> None:
        pause = threading.Event()
        while ended.total() < self._jobs:
            claim = c.Claim(worker=self.worker, limit=self._dice.randint(1, 4), kinds=("a", "b"))
            ends = [self._end(self._running.pop()) for _ in range(self._dice.randint(0, len(self._running)))]
            [got, *_] = commit(self.store, claim, *ends)
            claimed(got)
            self.offered += got
            self._running += got
            ended.update(end.job for end in ends)
            pause.wait(self._dice.random() * 0.01)

    def _end(self, job: str) -> c.End:
        return c.End(job=job, worker=self.worker, attempt=1, n=1, outcome="succeeded", result=b"null")


def most_active(events: list[Event], *keys: Callable[[dict[str, Any]], str | None]) -> list[Counter[str]]:
    """The most jobs of each key that were ever active at once, as the log tells it."""
    docs: dict[str, dict[str, Any]] = {}
    active: list[Counter[str]] = [Counter() for _ in keys]
    most: list[Counter[str]] = [Counter() for _ in keys]
    for event in events:
        patch = event.data.get("set") or {}
        if event.job is None or "state" not in patch:
            continue
        doc = docs.setdefault(event.job, {})
        change = (patch["state"] in ("running", "cancelling")) - (doc.get("state") in ("running", "cancelling"))
        doc.update(patch)
        for count, top, key in zip(active, most, keys, strict=True):
            if (name := key(doc)) is not None:
                count[name] += change
                top[name] = max(top[name], count[name])
    return most


def test_no_job_is_offered_twice_and_no_limit_is_exceeded(stores):
    jobs = 160
    commit(stores[0], c.LimitQueue(queue="narrow", limit=3), c.LimitKind(kind="b", limit=4, key_limit=2))
    for number, store in enumerate(stores):
        connect_worker(store, f"w/{number}", "a", "b")
    commit(stores[0], *[
        c.Submit(id=job_id(n), kind="ab"[n % 2], queue=("wide", "narrow")[n % 3 == 0], limit_key=str(n % 5), priority=n % 2)
        for n in range(jobs)
    ])  # fmt: skip
    servers = [Server(store, number, jobs) for number, store in enumerate(stores)]
    ended: Counter[str] = Counter()

    together(*[lambda server=server: server.run(ended) for server in servers])

    offered = Counter(id for server in servers for id in server.offered)
    log = log_of(stores[0])
    queues, kinds, keys = most_active(
        log, lambda doc: doc["queue"], lambda doc: doc["kind"], lambda doc: doc["kind"] + doc["limit_key"]
    )
    assert offered == Counter(job_id(n) for n in range(jobs))
    assert Counter(event.job for event in log if event.type == "job.offered") == offered
    assert queues["narrow"] <= 3
    assert kinds["b"] <= 4
    assert all(number <= 2 for key, number in keys.items() if key.startswith("b"))
    assert kinds["a"] > 4, "the servers never met"
    assert queues["narrow"] == 3
    with stores[1].reading() as reading:
        assert reading.counts() == {
            queue: {"completed": number} for queue, number in
            Counter(("wide", "narrow")[n % 3 == 0] for n in range(jobs)).items()
        }  # fmt: skip


def test_a_claim_walks_on_behind_what_another_server_holds(stores):
    first, second, *_ = stores
    connect_worker(first, "w/1", "a")
    commit(first, *[c.Submit(id=job_id(n), kind="a") for n in range(60)])
    reads = Reads()
    c.Claim(worker="w/1", limit=40, kinds=("a",)).reads(reads)
    first.load(reads, NOW)
    connect_worker(second, "w/2", "a")

    [got] = commit(second, c.Claim(worker="w/2", limit=30, kinds=("a",)))
    first.rollback()
    [rest] = commit(second, c.Claim(worker="w/2", limit=50, kinds=("a",)))

    assert got == [job_id(n) for n in range(40, 60)]
    assert rest == [job_id(n) for n in range(40)]


def test_a_queue_that_is_paused_offers_nothing_after_that(stores):
    first, second, *_ = stores
    connect_worker(first, "w/1", "a")
    commit(first, c.Submit(id=job_id(1), kind="a", queue="q"), c.LimitQueue(queue="q", limit=None))
    claim = c.Claim(worker="w/1", limit=1, kinds=("a",))
    reads = Reads()
    claim.reads(reads)
    world, _ = first.load(reads, NOW)
    world.add(changed(world.jobs[job_id(1)] or {}, "job.offered", state="running", worker="w/1"))

    commit(second, c.PauseQueue(queue="q"))
    with pytest.raises(StoreContended):
        first.commit(world, {})
    [offered] = commit(first, claim)

    assert offered == []


def test_a_limit_set_between_two_loads_counts_for_the_second(stores):
    first, second, *_ = stores
    connect_worker(first, "w/1", "a")
    commit(first, *[c.Submit(id=job_id(n), kind="a", limit_key="k") for n in range(5)])
    claim = c.Claim(worker="w/1", limit=2, kinds=("a",))
    [before] = commit(first, claim)

    commit(second, c.LimitKind(kind="a", limit=4, key_limit=3))
    [after] = commit(first, claim)

    assert (len(before), len(after)) == (2, 1)


# -- keys, documents, lanes ----------------------------------------------------------------------------------------


def test_a_unique_key_submitted_by_all_at_once_makes_one_job(stores):
    answers: list[Any] = []

    def submit(store: PostgresStore, number: int) -> None:
        for n in range(10):
            answers.extend(commit(store, c.Submit(id=f"01J{number:03d}{n:020d}", kind="a", unique=f"key-{n}")))

    together(*[lambda store=store, n=number: submit(store, n) for number, store in enumerate(stores)])

    with stores[0].reading() as reading:
        assert reading.counts() == {"default": {"queued": 10}}
    assert Counter(answer["created"] for answer in answers) == {True: 10, False: 10 * SERVERS - 10}
    assert len({answer["id"] for answer in answers}) == 10


def test_an_idempotency_key_sent_to_all_at_once_is_carried_out_once(stores):
    answers: list[Any] = []

    def submit(store: PostgresStore, number: int) -> None:
        for n in range(10):
            once = c.Once("me", f"key-{n}", "hash")
            answers.extend(commit(store, c.Submit(id=f"01J{number:03d}{n:020d}", kind="a", once=once)))

    together(*[lambda store=store, n=number: submit(store, n) for number, store in enumerate(stores)])

    with stores[0].reading() as reading:
        assert reading.counts() == {"default": {"queued": 10}}
    assert len({answer["id"] for answer in answers}) == 10


@pytest.mark.parametrize("sort", ["queue", "kind", "worker", "service"])
def test_no_change_of_a_document_is_lost(stores, sort):
    turns = 15
    subject = "w/1/comfy" if sort == "service" else "it"
    table = f"{sort}s"

    def count_up(store: PostgresStore) -> None:
        done, pause = 0, threading.Event()
        while done < turns:
            reads = Reads()
            world = load_for(store, about(f"{sort}.noted", subject), reads=reads)
            world.events.clear()
            known = getattr(world, table).get(subject) or {}
            world.add(about(f"{sort}.noted", subject, id=subject, n=known.get("n", 0) + 1))
            try:
                store.commit(world, {})
                done += 1
            except StoreContended:
                pause.wait(0.001)

    together(*[lambda store=store: count_up(store) for store in stores])

    with stores[0].reading() as reading:
        [doc] = getattr(reading, table)()
    assert doc["n"] == turns * SERVERS


def test_lanes_that_all_need_first_are_made_once(stores):
    def submit(store: PostgresStore, number: int) -> None:
        for n in range(12):
            commit(store, c.Submit(id=f"01J{number:03d}{n:020d}", kind=f"kind-{n}", requires={"gpu": str(n % 2)}))

    together(*[lambda store=store, n=number: submit(store, n) for number, store in enumerate(stores)])

    for store in stores:
        connect_worker(store, "w/1", *[f"kind-{n}" for n in range(12)])
        with store.reading() as reading:
            assert reading.waiting() == {f"kind-{n}": SERVERS for n in range(12)}


# -- waiting for one another ---------------------------------------------------------------------------------------


def test_a_deadlock_with_anybody_is_run_again(stores, database):
    store, address = stores[0], Address.parse(database)
    write(store, submitted(job_id(1)), submitted(job_id(2)))
    lock = "SELECT 1 FROM jobs WHERE id = %s FOR UPDATE"
    with connect(address) as other:
        with transaction(other, address):
            other.execute(lock, (job_id(2),))
            batch = threading.Thread(target=lambda: commit(store, c.Hold(job=job_id(1)), c.Hold(job=job_id(2))))
            batch.start()
            wait_for(other, "SELECT 1 FROM pg_locks WHERE NOT granted")
            other.execute(lock, (job_id(1),))
        batch.join(30)

    assert [event.type for event in log_of(store)][2:] == ["job.held", "job.held"]


def wait_for(connection: Any, question: str) -> None:
    pause = threading.Event()
    while connection.execute(question).fetchone() is None:
        pause.wait(0.01)


def test_two_servers_that_lock_the_same_jobs_never_wait_crosswise(stores):
    ids = [job_id(n) for n in range(30)]
    write(stores[0], *[submitted(id) for id in ids])

    def prioritise(store: PostgresStore, number: int) -> None:
        dice = Random(number)
        for n in range(15):
            commit(store, *[c.SetPriority(job=id, priority=n * 10 + number) for id in dice.sample(ids, 12)])

    together(*[lambda store=store, n=number: prioritise(store, n) for number, store in enumerate(stores)])

    with stores[0].reading() as reading:
        numbers = {doc.get("id"): doc.get("priority") for doc in reading.board(("jobs", ""), unfinished=99, finished=0)}
    folded: dict[Any, Any] = dict.fromkeys(ids, 0)
    for event in log_of(stores[0]):
        if event.type == "job.priority_changed":
            assert event.data["old"] == folded[event.job], "decided on what was not there any more"
            folded[event.job] = event.data["set"]["priority"]
    assert numbers == folded


# -- what is saved -------------------------------------------------------------------------------------------------


def test_a_section_never_holds_more_than_it_may_and_each_name_once(stores):
    few = Settings(saved_entries=12)

    def save(store: PostgresStore, number: int) -> None:
        for n in range(8):
            mine = c.SaveEntry(section="views", name=f"{number}-{n}", body={"q": ""})
            ours = c.SaveEntry(section="templates", name="ours", body={"kind": "a", "args": {"by": number, "n": n}})
            commit_batch(store, (mine, ours), NOW, few)

    together(*[lambda store=store, number=number: save(store, number) for number, store in enumerate(stores)])

    with stores[0].reading() as reading:
        views, [template] = reading.saved("views"), reading.saved("templates")
    stored = [event for event in log_of(stores[0]) if event.type == "saved.stored"]
    last = [event for event in stored if event.subject == "templates/ours"][-1]
    assert len(views) == 12 == len([event for event in stored if event.subject.startswith("views/")])
    assert template == last.data["put"] | {"seq": last.seq}
