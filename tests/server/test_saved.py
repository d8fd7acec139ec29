"""Views and templates by REST."""

from __future__ import annotations

import pytest

VIEWS = "/api/v1/saved/views"
TEMPLATES = "/api/v1/saved/templates"


async def test_a_view_is_kept_found_replaced_and_removed(running):
    async with running() as bench:
        made = await bench.http.put(f"{VIEWS}/my failed/jobs", json={"q": "state:failed", "pinned": True})
        replaced = await bench.http.put(
            f"{VIEWS}/my failed/jobs", json={"q": "state:failed queue:gpu", "sort": "newest"}
        )
        listed = (await bench.http.get(VIEWS)).json()["saved"]
        one = (await bench.http.get(f"{VIEWS}/my%20failed%2Fjobs")).json()
        gone = await bench.http.delete(f"{VIEWS}/my failed/jobs")
        after = await bench.http.get(f"{VIEWS}/my failed/jobs")

    assert (made.status_code, replaced.status_code, gone.status_code, after.status_code) == (201, 200, 204, 404)
    assert (made.json()["body"], made.json()["owner"]) == ({"q": "state:failed", "pinned": True}, "local")
    assert replaced.json()["body"] == {"q": "state:failed queue:gpu", "sort": "newest"}
    assert replaced.json()["seq"] > made.json()["seq"]
    assert listed == [one] == [replaced.json()]
    assert after.json()["message"] == "No view has the id 'my failed/jobs'."


async def test_a_template_keeps_arguments_to_the_letter_and_options(running):
    body = {
        "kind": "add",
        "args": {"left": None, "right": [1, {"x": 2.5}]},
        "options": {"queue": "gpu", "timeout": "2h"},
    }
    async with running() as bench:
        kept = await bench.http.put(f"{TEMPLATES}/daily", json=body)
        views = (await bench.http.get(VIEWS)).json()["saved"]

    assert kept.json()["body"] == body
    assert views == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (VIEWS, {"pinned": True}, "q: is missing."),
        (VIEWS, {"q": "", "colour": 1}, "colour: no such field."),
        (VIEWS, {"q": "stat:failed"}, "q: "),
        (VIEWS, {"q": "", "pinned": "yes"}, "pinned: "),
        (TEMPLATES, {"args": {}}, "kind: is missing."),
        (TEMPLATES, {"kind": "add", "args": []}, "args: "),
        (TEMPLATES, {"kind": "add", "options": {"quue": "gpu"}}, "options.quue: no such field."),
        (TEMPLATES, {"kind": "add", "options": {"kind": "sub"}}, "options.kind: is no option."),
        (TEMPLATES, {"kind": "add", "options": {"timeout": "soon"}}, "options.timeout: 'soon' is not a duration."),
        (TEMPLATES, {"kind": "add", "options": {"delay": "1h", "at": "2026-11-22T08:00:00Z"}}, "options.at: "),
        (TEMPLATES, {"kind": "add", "options": {"unique": {"key": "k", "ttl": "soon"}}}, "options.unique.ttl: "),
    ],
)
async def test_what_is_wrong_is_named(running, path, body, message):
    async with running() as bench:
        refused = await bench.http.put(f"{path}/x", json=body)
        listed = (await bench.http.get(path)).json()["saved"]

    assert refused.status_code == 422
    assert refused.json()["message"].startswith(message)
    assert listed == []


async def test_what_else_is_asked_for_is_not_there(running):
    async with running() as bench:
        answers = [await bench.http.get("/api/v1/saved/jobs"), await bench.http.get("/api/v1/saved/jobs/x")]
        none = await bench.http.delete(f"{VIEWS}/x")

    assert [each.json()["hint"] for each in answers] == ["What can be saved is views and templates."] * 2
    assert none.status_code == 404


async def test_the_same_key_gives_the_same_answer(running):
    async with running() as bench:
        key = {"Idempotency-Key": "k"}
        first = await bench.http.put(f"{VIEWS}/x", json={"q": ""}, headers=key)
        again = await bench.http.put(f"{VIEWS}/x", json={"q": ""}, headers=key)
        other = await bench.http.put(f"{VIEWS}/x", json={"q": "state:failed"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert other.json()["code"] == "key_reused"
