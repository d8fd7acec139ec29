"""The half of the conformance suite that finds jobs: claims, boards, filters, due times. See `store_suite.py`."""
# ruff: noqa: S101 - tests: they assert, their names are sentences, and they group without state

from __future__ import annotations

from typing import Any

import pytest

from headway.clock import iso, ulid
from headway.model.command import Claim, Reads
from headway.model.job import JobDoc
from headway.model.query import matches, parse
from headway.model.world import World
from headway.store.base import Store
from headway.testing.store_worlds import NOW, Stream, about, changed, job_id, load_for, submitted, write

A, B, C, D = (job_id(n) for n in range(1, 5))

QUERIES = [
    "", "state:queued", "state:running,cancelling", "-state:queued", "kind:crawl", "kind:c* queue:gpu", "queue:nowhere",
    "label.shard:1", "label.shard:1 state:completed", "label.shard:*", "-label.shard:1", "priority:>0", "priority:1,2",
    "since:24h", "until:24h", "worker:w/1", "args.n:0.*", "x", "state:failed kind:index queue:gpu label.shard:0",
]  # fmt: skip


def claimed(store: Store, *claims: Claim) -> tuple[World, list[list[str]]]:
    """The world that the claims see, and their candidates."""
    reads = Reads()
    for claim in claims:
        claim.reads(reads)
    world, _ = store.load(reads, NOW)
    store.rollback()
    return world, [world.candidates_of(claim) for claim in claims]


class ReadsSuite:
    """What finds jobs. Mixed into `StoreSuite`."""

    # -- claims ----------------------------------------------------------------------------------------------------

    def test_a_claim_sees_the_best_jobs_first(self, store: Store) -> None:
        write(
            store, submitted(A, queued_at=iso(NOW + 2)), submitted(B, queued_at=iso(NOW + 1)),
            submitted(C, priority=5), submitted(D, queued_at=iso(NOW + 1), kind="index"),
        )  # fmt: skip

        _, [both, one, none] = claimed(
            store, Claim(worker="w/1", limit=3, kinds=("crawl", "index")), Claim(worker="w/1", limit=1, kinds=("index",)),
            Claim(worker="w/1", limit=9, kinds=()),
        )  # fmt: skip

        assert both == [C, B, D, A]
        assert one == [D]
        assert none == []

    @pytest.mark.parametrize(
        "fields",
        [
            {"state": "running"}, {"held": True}, {"adopted": True}, {"kind": "other"}, {"queue": "other"},
            {"namespace": "other"}, {"requires": {"gpu": "a100", "zone": "x"}}, {"avoid": {"w/1": iso(NOW + 1)}},
            {"queue": "paused"}, {"queue": "full"}, {"kind": "full"}, {"kind": "keyed", "limit_key": "k"},
        ],
    )  # fmt: skip
    def test_a_claim_never_sees_what_the_worker_may_not_run(self, store: Store, fields: dict[str, Any]) -> None:
        write(
            store, about("queue.paused", "paused", paused=True), about("queue.limited", "full", limit=1),
            about("kind.limited", "full", limit=1), about("kind.limited", "keyed", key_limit=1),
        )  # fmt: skip
        running: dict[str, Any] = {"state": "running", "worker": "w/9"}
        write(
            store, submitted(job_id(7), queue="full", **running), submitted(job_id(8), kind="full", **running),
            submitted(job_id(9), kind="keyed", limit_key="k", **running),
        )  # fmt: skip
        write(store, submitted(A, **fields), submitted(B))

        claim = Claim(
            worker="w/1", limit=5, kinds=("crawl", "full", "keyed"), queues=("default", "paused", "full"),
            labels={"gpu": "a100"},
        )  # fmt: skip
        _, [found] = claimed(store, claim)

        assert found == [B]

    def test_a_claim_sees_past_many_jobs_that_are_not_for_it(self, store: Store) -> None:
        write(store, *[submitted(job_id(n), priority=9, avoid={"w/1": iso(NOW + 60_000)}) for n in range(10, 60)])
        write(store, *[submitted(job_id(n), priority=9, requires={"gpu": "h100"}) for n in range(60, 90)])
        write(store, submitted(A, requires={"gpu": "a100"}), submitted(B))

        _, [found] = claimed(store, Claim(worker="w/1", limit=1, kinds=("crawl",), labels={"gpu": "a100"}))

        assert found[0] == A

    def test_claims_of_one_batch_find_enough_for_all(self, store: Store) -> None:
        write(store, *[submitted(job_id(n)) for n in range(1, 10)])

        claims = [Claim(worker=f"w/{n}", limit=3, kinds=("crawl",)) for n in range(3)]
        _, found = claimed(store, *claims)

        assert [len(ids) for ids in found] == [9, 9, 9]

    def test_candidates_come_with_their_documents_and_inputs(self, store: Store) -> None:
        large = b'{"big":"' + b"x" * 9_000 + b'"}'
        write(store, submitted(A, args={"n": 1}, args_bytes=7), submitted(B), args={A: b'{"n":1}', B: large})
        write(store, changed((_doc(store, B)), attempt=1), new_checkpoints=[(B, "page", 3)])

        world, _ = claimed(store, Claim(worker="w/1", limit=5, kinds=("crawl",)))

        assert world.args == {A: b'{"n":1}', B: large}
        assert (world.jobs[A] or {}).get("args") == {"n": 1}
        assert world.checkpoints[B] == {"page": 3}

    def test_waiting_counts_what_may_be_claimed(self, store: Store) -> None:
        write(
            store, submitted(A), submitted(B, held=True), submitted(C, kind="index", requires={"gpu": "x"}),
            submitted(D, state="running"), submitted(job_id(5), queue="gpu"), submitted(job_id(6), kind="z", held=True),
        )  # fmt: skip

        with store.reading() as reading:
            assert reading.waiting() == {"crawl": 2, "index": 1}

    # -- the sweeper's reads ---------------------------------------------------------------------------------------

    def test_due_jobs_come_in_order_and_page_by_page(self, store: Store) -> None:
        expiring: dict[str, Any] = {"expires_at": iso(NOW + 5)}
        write(
            store,
            submitted(B, **expiring),
            submitted(A, **expiring),
            submitted(C, expires_at=iso(NOW + 1)),
            submitted(D),
        )

        with store.reading() as reading:
            everything = [(NOW + 1, C), (NOW + 5, A), (NOW + 5, B)]
            assert reading.due(NOW + 5, after=None, limit=10) == everything
            assert reading.due(NOW + 5, after=(NOW + 1, C), limit=1) == [(NOW + 5, A)]
            assert reading.due(NOW + 5, after=(NOW + 5, A), limit=9) == [(NOW + 5, B)]
            assert reading.due(NOW + 4, after=None, limit=10) == everything[:1]

    def test_a_job_that_moved_on_is_due_no_more(self, store: Store) -> None:
        write(store, submitted(A, expires_at=iso(NOW)))
        write(store, changed(_doc(store, A), state="completed"))

        with store.reading() as reading:
            assert reading.due(NOW + 1, after=None, limit=10) == []

    def test_jobs_that_wait_are_found_by_what_they_wait_for(self, store: Store) -> None:
        write(store, submitted(A), submitted(B), submitted(C, state="blocked", after=[A, B]))
        write(store, submitted(D, state="blocked", after=[B, B]), submitted(job_id(5), state="cancelled", after=[A]))

        with store.reading() as reading:
            assert reading.waiting_for(A) == [(C, (A, B))]
            assert [job for job, _ in reading.waiting_for(B)] == [C, D]
            assert [job for job, _ in reading.waiting_for("")] == [C, D]

    def test_active_jobs_are_found_by_their_worker(self, store: Store) -> None:
        write(store, submitted(A, state="running", worker="w/1"), submitted(B, state="cancelling", worker="w/1"))
        write(store, submitted(C, state="running", worker="w/2"), submitted(D, state="completed", worker="w/1"))

        with store.reading() as reading:
            assert [job.get("id") for job in reading.held_by("w/1")] == [B, A]

    # -- lists -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize("text", QUERIES)
    @pytest.mark.parametrize("limit", [3, 100])
    def test_a_list_is_what_the_filter_means(self, store: Store, text: str, limit: int) -> None:
        stream = Stream(5)
        for _ in range(25):
            world = load_for(store, *stream.batch())
            store.commit(world, {})
            stream.jobs |= {id: job for id, job in world.jobs.items() if job}
            stream.jobs = {id: job for id, job in stream.jobs.items() if id not in world.deleted}
        query = parse(text)

        found: list[JobDoc] = []
        after = None
        with store.reading() as reading:
            while True:
                page = reading.jobs(query, now=NOW + 1, limit=limit, after=after)
                assert len(page.items) <= limit
                assert not page.partial
                found += page.items
                if (after := page.next) is None:
                    break

        expected = [job for _, job in sorted(stream.jobs.items(), reverse=True) if matches(query, job, NOW + 1)]
        assert found == expected

    @pytest.mark.parametrize(
        "odd", ["job-1", "01J", ulid(NOW - 900_000, 1), ulid(NOW + 900_000, 1), "7" + "Z" * 25, "Z" * 26]
    )
    def test_times_are_found_even_where_ids_tell_others(self, store: Store, odd: str) -> None:
        made = [(ulid(NOW + n * 1_000, n), NOW + n * 1_000) for n in range(20)] + [(odd, NOW + 10_500)]
        write(store, *[submitted(id, at=at) for id, at in made])

        with store.reading() as reading:
            for text in ("since:10s", "until:10s", "since:11s until:9s", "since:1h", "until:1h", "-since:10s"):
                query = parse(text)
                now = NOW + 20_000
                found = reading.jobs(query, now=now, limit=100).items
                expected = [id for id, at in made if matches(query, JobDoc(created_at=iso(at)), now)]
                assert [job.get("id") for job in found] == sorted(expected, reverse=True)

    def test_a_board_has_what_is_unfinished_and_the_newest_finished(self, store: Store) -> None:
        write(store, *[submitted(job_id(n), state="completed", queue="gpu") for n in range(1, 6)])
        write(store, *[submitted(job_id(n), labels={"flow": "f", "s": "1"}, kind="index") for n in range(6, 9)])
        write(store, submitted(job_id(9), state="failed", labels={"flow": "f"}))

        with store.reading() as reading:
            boards = {
                topic: [int((job.get("id") or "")[3:]) for job in reading.board(topic, unfinished=2, finished=2)]
                for topic in [
                    ("jobs", ""), ("queue", "gpu"), ("queue", "default"), ("kind", "index"), ("label", "s=1"), ("flow", "f"),
                ]
            }  # fmt: skip
        assert boards == {
            ("jobs", ""): [8, 7, 9, 5], ("queue", "gpu"): [5, 4], ("queue", "default"): [8, 7, 9],
            ("kind", "index"): [8, 7], ("label", "s=1"): [8, 7], ("flow", "f"): [8, 7, 9],
        }  # fmt: skip


def _doc(store: Store, id: str) -> Any:
    with store.reading() as reading:
        return reading.job(id)
