from __future__ import annotations

from typing import Any

import pytest
from mcp_types import ElicitRequestFormParams, ElicitRequestURLParams

from headway.errors import InvalidInput
from headway.mcp.inputs import answer_of, as_request, asked, is_flat

FORM = {"type": "object", "properties": {"n": {"type": "integer"}}}


def test_a_flat_form_is_asked_as_it_is():
    request = as_request({"request": "r", "message": "How\x07 many?", "schema": FORM}, addresses=False)

    assert request is not None
    assert isinstance(request.params, ElicitRequestFormParams)
    assert request.params.message == "How many?\n(asked by a job that Headway runs)"
    assert request.params.requested_schema == FORM


def test_a_question_without_a_form_is_a_yes_or_no():
    request = as_request({"request": "r", "message": "Sure?"}, addresses=False)

    assert request is not None
    assert isinstance(request.params, ElicitRequestFormParams)
    assert request.params.requested_schema == {"type": "object", "properties": {}}


def test_an_address_is_asked_only_of_those_who_open_them():
    question = {"request": "r", "message": "Log in", "url": "https://example.org/in"}

    request = as_request(question, addresses=True)

    assert as_request(question, addresses=False) is None
    assert request is not None
    assert isinstance(request.params, ElicitRequestURLParams)
    assert request.params.url == "https://example.org/in"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": "object", "properties": {"a": {"type": "object"}}},
        {"type": "object", "properties": {"a": True}},
        "text",
    ],
)
def test_what_is_not_flat_is_not_asked(schema: Any):
    assert not is_flat(schema)


def test_an_answer_is_passed_on_as_it_is():
    assert answer_of("r", {"action": "accept", "content": {"n": 1}}) == {
        "request": "r",
        "action": "accept",
        "content": {"n": 1},
    }
    assert answer_of("r", {"action": "decline"}) == {"request": "r", "action": "decline"}


@pytest.mark.parametrize("wrong", ["yes", {}, {"action": "maybe"}])
def test_what_is_no_answer_names_its_key(wrong: Any):
    with pytest.raises(InvalidInput, match=r"inputResponses\.r: is no answer"):
        answer_of("r", wrong)


def test_a_job_that_has_ended_asks_nothing():
    assert asked({"state": "failed", "input": {"request": "r", "message": "m", "schema": None, "asked_at": ""}}) is None
