"""The sieve lets through whatever a query can match, and keeps back most of the rest."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st

from headway.model.job import JobDoc
from headway.model.query import Query, matches, parse
from headway.model.term import Term
from headway.store.journal import encode
from headway.store.sieve import MOST_PARTS, Need, needs_of

TEXTS = st.text('aAkKſsSß"\\*:,{}[] 0.1-+eEé\0_%tr', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=3,
)
JOBS = st.fixed_dictionaries(
    {},
    optional={
        "id": TEXTS, "kind": TEXTS, "worker": TEXTS, "parent": TEXTS, "retry_of": TEXTS, "reason": TEXTS,
        "labels": st.dictionaries(st.sampled_from(["k", 'a"b', "é"]), TEXTS, max_size=2),
        "args": st.fixed_dictionaries({"n": VALUES, "m": st.fixed_dictionaries({"n": VALUES})}),
        "error": st.fixed_dictionaries({"type": TEXTS, "message": TEXTS}),
        "progress": st.fixed_dictionaries({"message": TEXTS}),
    },
)  # fmt: skip


def passes(needs: list[Need], job: Any) -> bool:
    """What a database finds out."""
    doc = encode(job).decode()
    return all(
        any(part in (doc.lower() if need.any_case else doc) for part in need.parts)
        or (need.any_case and not doc.isascii())
        for need in needs
    )


@st.composite
def asked(draw: st.DrawFn) -> tuple[Query, Any]:
    """A job, and a term that it rather matches: a value of its own, cut short by a star here and there."""
    job: Any = draw(JOBS)
    own = [text for text in encode(job).decode().replace('"', " ").split() if text] + list(strings(job))
    value = draw(st.sampled_from(own) | TEXTS if own else TEXTS)
    cut = draw(st.integers(0, len(value)))
    value = draw(st.sampled_from([value, value[:cut] + "*", "*" + value[cut:], value[:cut] + "*" + value[cut:]]))
    key, name = draw(
        st.sampled_from([
            ("id", ""), ("kind", ""), ("worker", ""), ("parent", ""), ("retry_of", ""), ("error", ""), ("text", ""),
            ("label", "k"), ("label", 'a"b'), ("label", "é"), ("args", "n"), ("args", "m.n"),
        ])
    )  # fmt: skip
    values = (value,) if key == "text" else (value, *draw(st.lists(TEXTS, max_size=1)))
    return Query((Term(key, values, name),)), job


def strings(found: Any) -> list[str]:
    """Every text in the document, and every other value as the filter language writes it."""
    if isinstance(found, dict):
        return [text for value in found.values() for text in strings(value)]
    if isinstance(found, list):
        return [text for value in found for text in strings(value)]
    return [found] if isinstance(found, str) else [str(found)]


@given(asked())
def test_what_matches_passes(case: tuple[Query, Any]):
    query, job = case

    assert not matches(query, JobDoc(**job), 0) or passes(needs_of(query), job)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("worker:gpu-3/1", ['"worker":"gpu-3/1"']),
        ("worker:gpu-*,cpu", ['"worker":"gpu-', '"worker":"cpu"']),
        ("worker:*/1", ["/1"]),
        ("worker:*", ['"worker":']),
        ("label.k:v*", ['"k":"v']),
        ("args.m.n:http*", ['"n":"http', '"n":http', '"n":[']),
        ("args.n:true", ['"n":"true"', '"n":true', '"n":[']),
        ("args.n:42", ['"n":"42"', '"n":42', '"n":[']),
        ("args.n:1e5", ['"n":']),
        ("args.n:*x*longer*", ["longer"]),
        ("error:*Timeout*", ["timeout"]),
        ('"Read: STEP 7"', ["step 7"]),
        ("-worker:w/1", []),
        ("since:1h priority:>5", []),
        ('"42"', []),
    ],
)
def test_a_term_says_what_must_be_there(text: str, parts: list[str]):
    assert [part for need in needs_of(parse(text)) for part in need.parts] == parts


def test_terms_that_are_answered_already_are_not_asked_again():
    query = parse("state:failed worker:w/1")

    assert needs_of(query, known=("state",)) == [Need(('"worker":"w/1"',))]


def test_more_values_than_are_worth_it_need_only_the_key():
    values = ",".join(f"w/{n}" for n in range(MOST_PARTS + 1))

    assert needs_of(parse(f"worker:{values}")) == [Need(('"worker":',))]
