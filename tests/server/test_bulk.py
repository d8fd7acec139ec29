from __future__ import annotations

import pytest
from tests.server.conftest import Bench

from headway.model.job import JobDoc
from headway.model.query import parse
from headway.server.bulk import matching
from headway.store.base import Head, Page

ACTIONS = "/api/v1/jobs/actions"


async def ended(bench: Bench, id: str) -> dict:
    """The job once it is final."""
    return (await bench.http.get(f"/api/v1/jobs/{id}/result?wait=30")).json()


async def test_a_dry_run_counts_and_changes_nothing(running):
    async with running() as bench:
        for kind in ("add", "add", "sub"):
            await bench.submit(kind)
        before = bench.site.seq

        answer = await bench.http.post(ACTIONS, json={"action": "cancel", "q": "kind:add", "dry_run": True})

        assert bench.site.seq == before
    assert answer.status_code == 200
    assert answer.json() == {"action": "cancel", "matched": 2, "seq": before, "dry_run": True}


async def test_every_job_of_the_query_is_changed_and_the_refused_are_counted(running):
    async with running() as bench:
        ids = [await bench.submit("add") for _ in range(3)]
        await bench.http.post(f"/api/v1/jobs/{ids[0]}/cancel")

        said = await bench.http.post(ACTIONS, json={"action": "hold", "q": "kind:add"})
        answer = said.json()
        held = [(await bench.job(id)).get("held", False) for id in ids]
        job = await bench.job(answer["job"])

    assert (said.status_code, said.headers["location"]) == (202, f"/api/v1/jobs/{answer['job']}")
    assert (answer["matched"], answer["done"], answer["refused"]) == (3, 2, {"refused": 1})
    assert held == [False, True, True]
    assert job["result"] == {"matched": 3, "done": 2, "refused": {"refused": 1}}
    assert job["args"] == {"action": "hold", "q": "kind:add", "seq": answer["seq"], "matched": 3}
    assert (job["kind"], job["queue"], job["submitted_by"]) == ("headway.actions", "headway", "local")


async def test_those_that_are_named_are_meant_and_ids_of_no_job_are_counted(running):
    async with running() as bench:
        ids = [await bench.submit("add") for _ in range(3)]

        asked = {"action": "cancel", "ids": [ids[0], ids[1], ids[0], "nope", "*"]}
        counted = (await bench.http.post(ACTIONS, json={**asked, "dry_run": True})).json()
        answer = (await bench.http.post(ACTIONS, json=asked)).json()
        states = [(await bench.job(id))["state"] for id in ids]

    assert (counted["matched"], counted["missing"]) == (2, 2)
    assert (answer["matched"], answer["missing"], answer["done"]) == (2, 2, 2)
    assert states == ["cancelled", "cancelled", "queued"]


async def test_a_bulk_retry_takes_the_same_input(running):
    async with running() as bench:
        ids = [await bench.submit("add", args={"text": text * 5_000}) for text in "ab"]
        for id in ids:
            await bench.http.post(f"/api/v1/jobs/{id}/cancel")

        await bench.http.post(ACTIONS, json={"action": "retry", "q": "state:cancelled"})
        again = [(await bench.job(id))["retried_by"] for id in ids]
        inputs = [(await bench.job(id))["args"] for id in again]

    assert inputs == [{"text": "a" * 5_000}, {"text": "b" * 5_000}]


async def test_an_empty_query_means_everything_however_many_but_not_the_action_itself(running):
    async with running() as bench:
        await bench.http.post("/api/v1/jobs/batch", json={"jobs": [{"kind": "add"}] * 2_100})

        answer = (await bench.http.post(ACTIONS, json={"action": "cancel", "q": ""})).json()
        ending = await ended(bench, answer["job"])
        left = (await bench.http.get("/api/v1/jobs?q=state:queued")).json()["jobs"]

    assert answer["matched"] == 2_100
    assert "done" not in answer
    assert (ending["state"], ending["result"]) == ("completed", {"matched": 2_100, "done": 2_100, "refused": {}})
    assert left == []


async def test_an_action_can_not_be_retried_submitted_or_deleted_while_it_runs(running):
    async with running() as bench:
        first = (await bench.http.post(ACTIONS, json={"action": "cancel", "q": ""})).json()["job"]

        retried = (await bench.http.post(f"/api/v1/jobs/{first}/retry")).json()
        submitted = (await bench.http.post("/api/v1/jobs", json={"kind": "headway.actions"})).json()
        second = (await bench.http.post(ACTIONS, json={"action": "retry", "q": "kind:headway.actions"})).json()
        log = (await bench.http.get(f"/api/v1/jobs/{second['job']}/logs?format=text")).text

    assert retried["message"] == f"retry refused: job {first} is adopted."
    assert retried["hint"] == "Ask the server for the same again."
    assert submitted["message"] == "kind: 'headway.actions' is not run by workers."
    assert "POST /api/v1/jobs/actions" in submitted["hint"]
    assert second["refused"] == {"refused": 1}
    assert f"{first}: retry refused" in log


async def test_a_repeated_key_is_answered_with_the_job_of_then_and_nothing_is_done_again(running):
    async with running() as bench:
        await bench.submit("add")
        asked = {"json": {"action": "cancel", "q": "kind:add"}, "headers": {"Idempotency-Key": "k1"}}

        first = await bench.http.post(ACTIONS, **asked)
        await bench.submit("add")
        again = await bench.http.post(ACTIONS, **asked)
        waiting = (await bench.http.get("/api/v1/jobs?q=state:queued")).json()["jobs"]

    assert again.json() == {key: first.json()[key] for key in ("action", "matched", "seq", "job")}
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert len(waiting) == 1


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        ({"action": "priority", "q": ""}, "priority: is missing.", "The action 'priority' needs the new one."),
        ({"action": "cancel"}, "q: or ids must be given, one of the two.", 'All jobs there are: "q": "".'),
        ({"action": "hold", "q": "", "ids": []}, "q: or ids must be given, one of the two.", 'All jobs there are: "q": "".'),
    ],
)  # fmt: skip
async def test_what_is_missing_is_said(running, asked, message, hint):
    async with running() as bench:
        answer = (await bench.http.post(ACTIONS, json=asked)).json()

    assert (answer["message"], answer["hint"]) == (message, hint)


def test_a_search_that_is_cut_at_its_bound_says_so_and_one_that_an_index_answers_is_never_late():
    scan = matching(Pages(partial=True), parse("args.a:*x*"), 0, lambda: True)
    patient = matching(Pages(partial=True), parse("args.a:*x*"), 0, lambda: False)
    index = matching(Pages(partial=False), parse("kind:add"), 0, lambda: True)

    assert (scan.ids, scan.partial) == (["3", "4"], True)
    assert (patient.ids, patient.partial) == (["1", "2", "3", "4"], False)
    assert (index.ids, index.partial) == (["1", "2", "3", "4"], False)


class Pages:
    """A reading of four jobs in two pages, newest first."""

    head = Head("e", 7, 0)

    def __init__(self, *, partial: bool) -> None:
        self.partial = partial

    def jobs(self, query, *, now, limit, after=None):
        if after is None:
            return Page([JobDoc(id="4"), JobDoc(id="3")], next="3", partial=self.partial)
        return Page([JobDoc(id="2"), JobDoc(id="1")])
