from __future__ import annotations

from typing import Any

import msgspec
import pytest
from starlette.requests import Request

from headway.errors import InvalidInput, TooLarge
from headway.server.bodies import NotJson, check_depth, decode, read_json
from headway.server.requests import BatchRequest, JobRequest


def request(*parts: bytes, **headers: str) -> Request:
    waiting = list(parts)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting)}

    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": sent}, receive)


async def test_a_body_is_read_in_its_parts():
    body = await read_json(request(b'{"a"', b":1}", content_type="application/json; charset=utf-8"), 100)

    assert body == b'{"a":1}'


async def test_a_body_that_grows_over_the_limit_is_refused_before_it_is_read_whole():
    endless = request(b"x" * 60, b"x" * 60, b"never asked for", content_type="application/json")

    with pytest.raises(TooLarge) as caught:
        await read_json(endless, 100)

    assert str(caught.value) == "The body has 120 bytes; the limit is 100. It was not read further."


async def test_a_body_that_is_declared_too_large_is_not_read_at_all():
    with pytest.raises(TooLarge, match="has 101 bytes"):
        await read_json(request(content_length="101", content_type="application/json"), 100)


@pytest.mark.parametrize("declared", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_only_json_is_taken(declared: str):
    headers = {"content_type": declared} if declared else {}

    with pytest.raises(NotJson) as caught:
        await read_json(request(b"{}", **headers), 100)

    assert caught.value.status == 415
    assert caught.value.hint == "Send the header Content-Type: application/json."


async def test_no_body_at_all_stands_for_an_empty_object():
    assert await read_json(request(b""), 100) == b"{}"


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (b'{"kind":"x","priority":"high"}', "priority", "priority: expected `int | null`, got `str`."),
        (b'{"kind":"x","prio":1}', "prio", "prio: no such field."),
        (b"{}", "kind", "kind: is missing."),
        (b'{"kind":""}', "kind", "kind: expected `str` of length >= 1."),
        (b'{"kind":"x","unique":{"ttl":1}}', "unique.key", "unique.key: is missing."),
        (b"[]", "body", "body: expected `object`, got `array`."),
        (b'{"kind"', "body", "body: not JSON: Input data was truncated."),
        (b'{"kind":"\xff"}', "body", None),
    ],
)
def test_what_is_wrong_with_a_body_is_named_by_its_field(body: bytes, field: str, sentence: str | None):
    with pytest.raises(InvalidInput) as caught:
        decode(body, JobRequest, 32)

    assert caught.value.field == field
    assert sentence is None or str(caught.value) == sentence


def test_a_field_in_a_list_is_named_by_its_place():
    with pytest.raises(InvalidInput) as caught:
        decode(b'{"jobs":[{"kind":"x"},{"kind":"x","after":[1]}]}', BatchRequest, 32)

    assert caught.value.field == "jobs.1.after.0"


def test_nesting_is_bounded_and_brackets_in_texts_do_not_count():
    check_depth(b'{"a":"' + b"[" * 100 + b'\\"{{{"}', 3)
    check_depth(b"[" * 3 + b"]" * 3 + b"[]" * 50, 3)

    with pytest.raises(InvalidInput) as caught:
        check_depth(b"[" * 4 + b"]" * 4, 3, "args")

    assert str(caught.value) == "args: nested deeper than 3 levels. Send it flatter, or as text."


def test_a_very_deep_body_is_refused_and_not_followed():
    with pytest.raises(InvalidInput, match="nested deeper"):
        decode(b'{"kind":"x","args":' + b"[" * 100_000 + b"]" * 100_000 + b"}", JobRequest, 32)


def test_arguments_are_kept_as_they_were_written():
    asked = decode(b'{"kind":"x","args":{"big": 123456789012345678901234567890}}', JobRequest, 32)

    assert bytes(asked.args) == b'{"big": 123456789012345678901234567890}'
    assert isinstance(asked.args, msgspec.Raw)
