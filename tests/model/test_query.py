"""The filter language: what it reads, what it means, what it refuses. The cases of spec/cases are shared with TypeScript."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from headway.clock import from_iso
from headway.errors import InvalidInput
from headway.model.job import JobState
from headway.model.query import KEYS, Query, Term, live, matches, parse

CASES = json.loads((Path(__file__).parents[2] / "spec/cases/filters.json").read_text(encoding="utf-8"))
NOW = from_iso(CASES["now"])


@pytest.mark.parametrize("case", CASES["matches"], ids=lambda case: case["filter"])
def test_a_filter_matches_the_jobs_of_its_case(case):
    query = parse(case["filter"])

    found = [name for name, job in CASES["jobs"].items() if matches(query, job, NOW)]

    assert found == case["jobs"]
    assert live(query) is case["live"]


@pytest.mark.parametrize("case", CASES["matches"], ids=lambda case: case["filter"])
def test_a_filter_has_one_canonical_writing(case):
    assert str(parse(case["filter"])) == case.get("canonical", case["filter"])


@pytest.mark.parametrize("case", CASES["errors"], ids=lambda case: case["filter"])
def test_a_wrong_term_is_named_with_the_way_out(case):
    with pytest.raises(InvalidInput) as caught:
        parse(case["filter"])

    assert caught.value.field == "q"
    assert caught.value.problem == case["says"]
    assert caught.value.hint


def test_an_unknown_key_is_answered_with_the_known_ones_and_with_how_to_search_for_the_text():
    with pytest.raises(InvalidInput) as caught:
        parse("http://x")

    assert str(caught.value) == (
        "q: 'http://x' has the unknown key 'http'. Keys are state, kind, queue, label.NAME, args.NAME, error, priority, "
        "running, waiting, since, until, worker, parent, retry_of, id, text; to search for the text itself, "
        'write "http://x".'
    )


def test_a_long_term_is_shown_cut():
    with pytest.raises(InvalidInput) as caught:
        parse("colour:" + "x" * 500)

    assert len(caught.value.problem) < 140


def test_every_case_key_of_the_language_has_a_case():
    used = {term.key for case in CASES["matches"] for term in parse(case["filter"]).terms}

    assert used == set(KEYS)


@pytest.mark.timeout(5)
def test_no_glob_can_hold_the_server_by_backtracking():
    query = parse("args.url:" + "*a" * 40 + "*b")

    assert matches(query, {"args": {"url": "a" * 50_000}}, NOW) is False


# -- reading what was written ---------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters='":'), min_size=1)
texts = st.text(st.characters(exclude_categories=["Cs"]))
values = {
    "state": st.sampled_from([state.value for state in JobState]),
    "priority": st.integers(-999, 999).map(str),
    "running": st.sampled_from(["10m", "1h30m", "45", "0.5s"]),
    "waiting": st.sampled_from(["10m", "1h30m"]),
    "since": st.sampled_from(["24h", "2026-11-22", "2026-11-22T08:21:07.412Z"]),
    "until": st.sampled_from(["24h", "2026-11-22"]),
}


@st.composite
def terms(draw):
    key = draw(st.sampled_from(list(KEYS)))
    known = KEYS[key]
    operator = draw(st.sampled_from(known.operators))
    most = 1 if known.single or operator else 3
    found = draw(st.lists(values.get(key, texts), min_size=1, max_size=most))
    name = draw(names) if known.named else ""
    return Term(key, tuple(found), name, operator, negated=draw(st.booleans()))


@given(st.lists(terms(), max_size=4))
def test_what_is_written_of_a_query_reads_back_the_same(written):
    query = Query(tuple(written))

    assert parse(str(query)) == query


@given(texts)
def test_any_text_is_a_query_or_an_error_with_a_way_out(text):
    try:
        query = parse(text)
    except InvalidInput as error:
        way_out = error.hint
    else:
        way_out = parse(str(query)) == query

    assert way_out
