"""The part of the conformance suite about what is kept beside jobs: inputs, logs, documents, keys. See `store_suite.py`."""
# ruff: noqa: S101 - tests: they assert, their names are sentences, and they group without state

from __future__ import annotations

from typing import Any

import pytest

from headway.model.command import Claim, Reads
from headway.model.event import Event
from headway.model.query import parse
from headway.store.base import Answer, Line, Store
from headway.testing.store_worlds import (
    NOW,
    PLACE,
    about,
    changed,
    deleted,
    job_id,
    logged,
    saved,
    submitted,
    unsaved,
    write,
)

A, B = job_id(1), job_id(2)


class KeepsSuite:
    """What is kept beside jobs. Mixed into `StoreSuite`."""

    # -- what hangs on jobs ----------------------------------------------------------------------------------------

    @pytest.mark.parametrize("args", [b'{"n": 1}', b'{"n":1}', b"null", b'{"big":"' + b"x" * 9_000 + b'"}'])
    def test_inputs_and_results_come_back_to_the_letter(self, store: Store, args: bytes) -> None:
        event = submitted(A, args_bytes=len(args))
        write(store, event, args={A: args})
        write(store, changed({"id": A, **PLACE}, state="completed"), results={A: args})

        with store.reading() as reading:
            assert reading.args(A) == args
            assert reading.result(A) == args

    def test_log_lines_are_ranged_and_joined_to_their_events(self, store: Store) -> None:
        job = {"id": A, **PLACE}
        write(store, submitted(A), logged(job, 1, "one", "two"), logged(job, 3, "three", attempt=2))

        with store.reading() as reading:
            event = reading.events(1, limit=1)[0]
            assert event.extra == {"lines": [(1, NOW, "info", "one"), (2, NOW + 1, "info", "two")]}
            assert "lines" not in event.data
            assert (reading.job(A) or {}).get("seq") == 1  # lines are not seen by viewers of the job
            assert [line.text for line in reading.lines(A, first=2)] == ["two", "three"]
            assert reading.lines(A, last=1) == [Line(3, NOW, "info", "three", 2)]
            assert [line.number for line in reading.lines(A, limit=2)] == [1, 2]
            assert reading.lines(B) == []

    def test_a_long_log_is_read_in_part(self, store: Store) -> None:
        job = {"id": A, **PLACE}
        write(store, submitted(A), *[logged(job, n, str(n), str(n + 1)) for n in range(1, 160, 2)])

        with store.reading() as reading:
            assert [line.number for line in reading.lines(A, first=2, limit=100)] == list(range(2, 102))
            assert [line.text for line in reading.lines(A, last=90)] == [str(n) for n in range(71, 161)]
            assert [line.number for line in reading.lines(A, first=150)] == list(range(150, 161))

    def test_checkpoints_are_overwritten_by_key(self, store: Store) -> None:
        write(store, submitted(A), new_checkpoints=[(A, "page", 1), (A, "page", 2), (A, "done", None)])

        world, _ = store.load(Reads(checkpoints={A, B}), NOW)
        store.rollback()
        with store.reading() as reading:
            assert reading.checkpoints(A) == {"page": 2, "done": None}
        assert world.checkpoints == {A: {"page": 2, "done": None}, B: {}}

    def test_only_the_newest_fifty_durations_are_kept_of_each_stage(self, store: Store) -> None:
        for batch in range(13):
            write(
                store, about("kind.noted", "crawl"), new_samples=[("crawl", "", float(5 * batch + n)) for n in range(5)]
            )
        write(store, about("kind.noted", "crawl"), new_samples=[("crawl", "parse", 7.5)])

        world, _ = store.load(Reads(kinds={"crawl"}), NOW)
        store.rollback()
        with store.reading() as reading:
            stored = reading.samples("crawl")
        newest = [("", float(n)) for n in range(64, 14, -1)]
        assert [sample for sample in stored if sample[0] == ""] == newest
        assert [sample for sample in world.samples["crawl"] if sample[0] == ""] == newest
        assert ("parse", 7.5) in stored

    # -- other documents -------------------------------------------------------------------------------------------

    def test_workers_services_queues_and_kinds_are_kept(self, store: Store) -> None:
        write(
            store, about("worker.connected", "w/1", id="w/1", state="ready"), about("queue.paused", "gpu", paused=True),
            about("kind.registered", "crawl", limit=3), about("service.changed", "w/1/comfy", status="up"),
        )  # fmt: skip
        write(store, about("worker.drained", "w/1", state="draining"), heard={"w/1": (NOW + 5, {"cpu": 0.5})})

        world, _ = store.load(Reads(workers={"w/1", "w/2"}, kinds={"crawl"}, services={"w/1"}), NOW)
        store.rollback()
        with store.reading() as reading:
            worker = {"id": "w/1", "state": "draining", "seq": 5}
            assert reading.workers() == [worker | {"last_heard_at": NOW + 5, "load": {"cpu": 0.5}}]
            assert reading.worker("w/1") == reading.workers()[0]
            assert reading.worker("w/2") is None
            assert reading.queues() == [{"paused": True, "seq": 2}]
            assert reading.kinds() == [{"limit": 3, "seq": 3}]
            assert reading.services() == [{"status": "up", "seq": 4}]
        assert world.workers == {"w/1": worker, "w/2": None}
        assert world.queues == {"gpu": {"paused": True, "seq": 2}}
        assert world.kinds == {"crawl": {"limit": 3, "seq": 3}}
        assert world.services == {"w/1/comfy": {"status": "up", "seq": 4}}

    def test_services_are_folded_whole_and_found_by_their_worker_alone(self, store: Store) -> None:
        others = [about("service.changed", id, status="idle") for id in ("w/10/a", "w/1/x/a", "w/0/a")]
        write(store, about("service.changed", "w/1/a", status="idle", seen_at="1", reason="r"), *others)
        data: dict[str, Any] = {"set": {"seen_at": "2", "reason": None}, "put": {"load": {"a": {"b": None}, "c": 1}}}
        write(store, Event(type="service.loaded", at=NOW, subject="w/1/a", worker="w/1", data=data))
        write(
            store, Event(type="service.loaded", at=NOW, subject="w/1/a", worker="w/1", data={"put": {"load": {"d": 2}}})
        )

        world, _ = store.load(Reads(services={"w/1"}), NOW)
        store.rollback()
        with store.reading() as reading:
            kept = next(each for each in reading.services() if "load" in each)
        assert kept == {"status": "idle", "seen_at": "2", "load": {"d": 2}, "seq": 6}
        assert world.services == {"w/1/a": kept}

    def test_a_worker_that_is_heard_changes_no_document(self, store: Store) -> None:
        write(store, about("worker.connected", "w/1", id="w/1"))
        write(store, heard={"w/1": (NOW + 1, {"cpu": 1})})
        write(store, heard={"w/1": (NOW + 2, None)})

        with store.reading() as reading:
            assert reading.head.seq == 1
            assert reading.workers() == [{"id": "w/1", "seq": 1, "last_heard_at": NOW + 2, "load": {"cpu": 1}}]

    def test_the_worker_of_a_loaded_active_job_is_loaded_with_it(self, store: Store) -> None:
        write(store, about("worker.connected", "w/1", id="w/1"), submitted(A, state="running", worker="w/1"))

        world, _ = store.load(Reads(jobs={A}), NOW)
        store.rollback()

        assert world.workers == {"w/1": {"id": "w/1", "seq": 1}}

    def test_what_is_saved_is_kept_by_section_replaced_whole_and_removed(self, store: Store) -> None:
        write(
            store,
            saved("views/b/c", q="", pinned=True),
            saved("views/a", q="x"),
            saved("templates/a", args={"n": None}),
        )
        write(store, saved("views/b/c", q="y"), unsaved("views/a"))
        write(store, unsaved("templates/a"), saved("templates/a", kind="k"), saved("views/d"), unsaved("views/d"))

        world, _ = store.load(Reads(saved={"views", "other"}), NOW)
        store.rollback()
        with store.reading() as reading:
            view = {"id": "views/b/c", "section": "views", "name": "b/c", "body": {"q": "y"}, "seq": 4}
            template = {"id": "templates/a", "section": "templates", "name": "a", "body": {"kind": "k"}, "seq": 7}
            assert reading.saved() == [template, view]
            assert reading.saved("views") == [view]
            assert reading.saved("other") == []
        assert world.saved == {"views/b/c": view}

    def test_a_name_that_is_free_again_is_taken_again(self, store: Store) -> None:
        write(store, saved("views/a", q="1"))
        write(store, unsaved("views/a"))
        write(store, saved("views/a", q="2"))

        world, _ = store.load(Reads(saved={"views"}), NOW)
        store.rollback()
        assert [(entry or {})["body"] for entry in world.saved.values()] == [{"q": "2"}]

    # -- keys ------------------------------------------------------------------------------------------------------

    def test_an_idempotency_key_has_its_answer_until_it_is_purged(self, store: Store) -> None:
        key = ("token", "k1")
        write(store, submitted(A), answers={key: Answer("hash", b'{"id":1}')}, at=NOW)
        write(store, answers={("token", "k2"): Answer("hash2", b"2")}, at=NOW + 10)

        _, answers = store.load(Reads(once={key, ("token", "other")}), NOW)
        store.rollback()
        gone = store.purge(events_before=0, keys_before=NOW + 1)

        assert answers == {key: Answer("hash", b'{"id":1}')}
        assert gone == 1
        with store.reading() as reading:
            assert reading.answer(*key) is None
            assert reading.answer("token", "k2") == Answer("hash2", b"2")

    def test_keys_find_the_newest_job_that_has_them(self, store: Store) -> None:
        write(store, submitted(A, unique="k", state="completed"), submitted(B, unique="k", external_id="x"))

        world, _ = store.load(Reads(uniques={("default", "k"), ("other", "k")}, externals={("default", "x")}), NOW)
        store.rollback()

        assert world.uniques == {("default", "k"): B, ("other", "k"): None}
        assert world.externals == {("default", "x"): B}
        assert (world.jobs[B] or {}).get("unique") == "k"

    # -- texts -----------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        "odd", ["\0", "a\0b", "\x01", "\x010", "\0\x01\x011", "é", "日本 🙂", "", " ", "'\"\\{},%"]
    )
    def test_texts_of_any_kind_come_back_and_are_found(self, store: Store, odd: str) -> None:
        fields: dict[str, Any] = {
            "kind": f"k{odd}", "queue": f"q{odd}", "labels": {f"l{odd}": odd}, "unique": f"u{odd}",
            "external_id": f"x{odd}", "requires": {"r": odd},
        }  # fmt: skip
        write(
            store,
            submitted(A, args={"text": odd}, **fields),
            submitted(B),
            answers={("me", odd): Answer(odd, odd.encode())},
        )
        write(store, logged({"id": A, **PLACE}, 1, odd), new_checkpoints=[(A, odd, odd)])
        write(store, about("queue.noted", odd, id=odd, reason=odd))

        keys = {("default", f"u{odd}")}, {("default", f"x{odd}")}
        claim = Claim(worker="w", limit=1, kinds=(f"k{odd}",), queues=(f"q{odd}",), labels={"r": odd})
        reads = Reads(uniques=keys[0], externals=keys[1], once={("me", odd)}, claims=[claim], checkpoints={A})
        world, answers = store.load(reads, NOW)
        store.rollback()
        with store.reading() as reading:
            job = reading.job(A)
            assert [
                found.get("id") for found in reading.board(("label", f"l{odd}={odd}"), unfinished=9, finished=9)
            ] == [A]
            assert reading.counts()[f"q{odd}"] == {"queued": 1}
            assert reading.waiting()[f"k{odd}"] == 1
            assert [line.text for line in reading.lines(A)] == [odd]
            assert reading.checkpoints(A) == {odd: odd}
            assert reading.queues() == [{"id": odd, "reason": odd, "seq": 4}]
            assert reading.answer("me", odd) == Answer(odd, odd.encode())
            assert reading.events(0)[0].labels == {f"l{odd}": odd}
            assert [event.subject for event in reading.events(3)] == [odd]
        assert job is not None
        assert {key: job.get(key) for key in fields} == fields
        assert world.candidates_of(claim) == [A]
        assert (set(world.uniques.values()), set(world.externals.values())) == ({A}, {A})
        assert answers == {("me", odd): Answer(odd, odd.encode())}
        assert world.checkpoints == {A: {odd: odd}}
        assert set(world.queues) == {odd}

        write(store, deleted({**job, "state": "completed"}))
        with store.reading() as reading:
            assert reading.board(("label", f"l{odd}={odd}"), unfinished=9, finished=9) == []

    def test_ids_sort_by_code_points(self, store: Store) -> None:
        ids = [
            "a",
            "B",
            "b",
            "Z",
            "_",
            "é",
            "z",
            "1",
            "10",
            "9",
            "-",
            "ä",
            "a b",
            "ab",
            "\U0001f642",
            "\uffee",
            "a\0",
            "a\x01",
        ]
        write(store, *[submitted(id) for id in ids])

        with store.reading() as reading:
            board = [job.get("id") for job in reading.board(("jobs", ""), unfinished=99, finished=0)]
            page = reading.jobs(parse(""), now=NOW, limit=9)
            rest = reading.jobs(parse(""), now=NOW, limit=99, after=page.next)
        expected = sorted(ids, reverse=True)
        assert board == expected
        assert [job.get("id") for job in page.items + rest.items] == expected
