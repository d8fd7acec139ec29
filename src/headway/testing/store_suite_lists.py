"""The part of the conformance suite that asks for lists in every way there is. See `store_suite.py`."""
# ruff: noqa: S101 - tests: they assert, their names are sentences, and they group without state

from __future__ import annotations

from typing import Any

from headway.clock import iso
from headway.model.job import JobDoc
from headway.model.query import matches, parse
from headway.store.base import Store
from headway.testing.store_worlds import NOW, deleted, job_id, submitted, write

A, B, C, D = (job_id(n) for n in range(1, 5))

MEANT = [
    f"id:{A}", f"id:{A},{C},{A},nobody", f"-id:{A}", "id:01J*", f"id:{A[:-1]}*", f"id:*{A[-3:]}", f"id:{A} state:completed",
    f"parent:{A}", f"parent:{A},{B}", f"parent:{A} retry_of:{B}", f"retry_of:{A},{C},nobody", "parent:*", f"-parent:{A}",
    f'parent:"{A}" kind:index', f"parent:{A[:20]}*", f"retry_of:{B} state:failed", 'parent:"a\\"b"', "parent:é",
    "state:failed,cancelled", "kind:in*,cr*", "-state:queued", "state:running label.k:v", "label.k:v,w", "label.k:v,w,v",
    "label.k:v* state:queued", 'label.k:"a\\"*"', 'label.k:"a\\\\"', "label.k:é", "label.k:*",
    "running:>1s", "running:<1s", "-running:>1s", "waiting:>1s", "waiting:>1s state:queued", "waiting:>1s running:>1s",
    "error:*timeout*", "error:READTIMEOUT", 'error:"Read*: *é*"', "error:cancelled", "-error:*timeout*", "error:*500*",
    "error:*STRASSE*", "error:*", "error:*timeout* kind:crawl", "worker:w/1", "worker:w/*", "worker:*1", "worker:nobody",
    "args.n:1", "args.n:42", "args.n:-7", "args.n:1e-05", "args.n:1e+16", "args.n:1*", "args.n:0.5", "args.n:true,null",
    "args.n:*tr*", "args.n:a*", 'args.n:"a b"', 'args.n:"a\\"b"', "args.n:[", "args.n:x", "args.n:{*", 'args.n:"{\\"deep*"',
    "args.n:*deep*", "args.n:é*", "args.m.n:42", "-args.n:42", "args.n:?", 'args.n:"[1]*"',
    "time", "TIME", "é", "É", "strasse", "1e-05", "1e+16", "42", '"a b"', r'"a\"b"', "a*b", "%", "_", '"w/1"', "[", "K",
    "index", f'"{A}"', "priority:>0 time", "since:1h time", '"n\\":42"', '"Read: "', '": "', "halfway",
]  # fmt: skip


def odd_jobs() -> list[dict[str, Any]]:
    """Documents with all that a search by their text could get wrong; lawful as to where an error may be."""
    values: list[Any] = [
        1, 42, -7, 1e-05, 1e16, 0.5, True, None, "a b", 'a"b', "true", "42", [42, "x"], [[1]], {"deep": [1, {"n": 2}]}, "é1",
        "[", "1e-05", "a*b", "100%", "a_b", "Straße", "\u212a", "tr\0x", "{", {"n": 42}, "TIME", "x" * 300, "", "back\\slash",
    ]  # fmt: skip
    labels = ["v", "w", 'a"b', "a\\", "é", "v:w", "*"]
    states: list[dict[str, Any]] = [
        {"state": "queued"}, {"state": "completed", "worker": "w/1"}, {"state": "scheduled"}, {"state": "blocked"},
        {"state": "running", "worker": "w/1", "attempt": 1, "attempts": {"1": {"number": 1, "started_at": iso(NOW)}}},
        {"state": "running", "worker": "x1", "attempt": 1, "attempts": {"1": {"number": 1, "started_at": iso(NOW + 89_500)}}},
        {"state": "failed", "worker": "w/2", "reason": "errored", "error": {"type": "ReadTimeout", "message": "in Straße 7"}},
        {"state": "failed", "reason": "errored", "error": {"type": "Http", "message": "500: “no”"}},
        {"state": "cancelled", "reason": "cancelled", "progress": {"message": "halfway É"}},
        {"state": "failed", "reason": "expired", "error": {"type": "Read", "message": 'é"\u212a timeOut'}},
    ]  # fmt: skip
    links: list[dict[str, Any]] = [
        {}, {"parent": A}, {"parent": B, "retry_of": A}, {"retry_of": B}, {"parent": A, "retry_of": B}, {"parent": 'a"b'},
        {"parent": "é"},
    ]  # fmt: skip
    return [
        {
            "kind": ("crawl", "index")[n % 2], "queue": ("default", "gpu", "é")[n % 3],
            "labels": {"k": labels[n % 7], "x": "v"} if n % 5 else {}, "priority": n % 3 - 1,
            "args": {"n": values[n % len(values)], "m": {"n": n}} if n % 4 else {"other": values[n % len(values)]},
            **states[n % 10], **links[n // 2 % 7],
        }
        for n in range(120)
    ]  # fmt: skip


class ListsSuite:
    """What finds jobs by a filter, whatever index answers it. Mixed into `StoreSuite`."""

    def test_every_sort_of_term_finds_what_it_means(self, store: Store) -> None:
        docs: dict[str, Any] = {job_id(n): doc for n, doc in enumerate(odd_jobs(), 1)}
        write(store, *[submitted(id, **doc) for id, doc in docs.items()])

        stored = [_stored(store, id) for id in sorted(docs, reverse=True)]

        for text in MEANT:
            query = parse(text)
            expected = [doc.get("id") for doc in stored if matches(query, doc, NOW + 90_000)]
            for limit in (2, 100):
                assert _listed(store, text, limit) == expected, text

    def test_more_shelves_than_are_walked_side_by_side_are_found_too(self, store: Store) -> None:
        write(store, *[submitted(job_id(n), queue=f"q{n}", labels={"odd": str(n % 2)}) for n in range(510)])

        assert _listed(store, "queue:q*", 100) == [job_id(n) for n in reversed(range(510))]
        assert _listed(store, "queue:q1* label.odd:1", 7) == [
            job_id(n) for n in reversed(range(510)) if n % 2 and f"q{n}".startswith("q1")
        ]

    def test_a_job_that_is_gone_is_found_by_no_link(self, store: Store) -> None:
        link: dict[str, Any] = {"parent": D, "retry_of": D, "labels": {"": f"parent:{D}", "x": "1"}}
        write(store, submitted(A, **link), submitted(B, parent=D))
        write(store, deleted(_stored(store, A)))
        assert (_listed(store, f"parent:{D}", 9), _listed(store, f"retry_of:{D}", 9)) == ([B], [])

        write(store, submitted(A, retry_of=D))

        assert (_listed(store, f"parent:{D}", 9), _listed(store, f"retry_of:{D}", 9)) == ([B], [A])


def _listed(store: Store, text: str, limit: int) -> list[str | None]:
    """The ids of all pages."""
    found: list[str | None] = []
    after = None
    with store.reading() as reading:
        while True:
            page = reading.jobs(parse(text), now=NOW + 90_000, limit=limit, after=after)
            assert len(page.items) <= limit
            assert not page.partial
            found += [job.get("id") for job in page.items]
            if (after := page.next) is None:
                return found


def _stored(store: Store, id: str) -> JobDoc:
    with store.reading() as reading:
        return reading.job(id) or JobDoc()
