"""One action on many jobs: slices, progress, refusals in the log, and stopping between slices."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Bench

from headway.server.acting import MOST_LINES, SLICE, Acting
from headway.server.requests import ActionsRequest


async def acted(bench: Bench, action: str, ids: list[str], work: Any = None) -> dict[str, Any]:
    """The job of an action on these, once it is final."""
    acting = Acting(bench.site, ActionsRequest(action=action), ids, "ann", partial=False)
    made = await bench.site.inner.begin("headway.actions", b"{}", work(acting) if work else acting, by="ann")
    await made.task
    return await bench.job(made.job)


async def submitted(bench: Bench, number: int) -> list[str]:
    answer = await bench.http.post("/api/v1/jobs/batch", json={"jobs": [{"kind": "add"}] * number})
    return [each["id"] for each in answer.json()["jobs"]]


async def test_its_progress_counts_jobs_and_says_how_fast(running):
    async with running() as bench:
        job = await acted(bench, "cancel", await submitted(bench, 4 * SLICE + 1))

    progress = job["progress"]
    assert (progress["current"], progress["total"], progress["unit"]) == (201, 201, "jobs")
    assert progress["message"].startswith("201 cancelled, ")
    assert progress["message"].endswith(" a second")
    assert job["details"].keys() == {"matched", "done", "refused", "per_s"}
    assert job["result"] == {"matched": 201, "done": 201, "refused": {}}


async def test_refusals_are_told_one_by_one_up_to_a_bound_and_then_counted(running):
    async with running() as bench:
        ids = [f"none-{n}" for n in range(MOST_LINES + 30)]
        job = await acted(bench, "hold", [*ids, *await submitted(bench, 1)])
        lines = (await bench.http.get(f"/api/v1/jobs/{job['id']}/logs?format=text")).text.splitlines()

    assert len(lines) == MOST_LINES + 1
    assert lines[0] == "none-0: No job has the id 'none-0'."
    assert lines[-1] == "30 more were refused; in all: not_found 230."
    assert job["result"] == {"matched": 231, "done": 1, "refused": {"not_found": 230}}


async def test_stopped_between_two_slices_it_says_how_many_are_left_as_they_were(running):
    def stopped_after_a_slice(acting: Acting) -> Any:
        async def work(attempt: Any) -> Any:
            do = attempt.do

            async def once(commands: Any) -> Any:
                if len(commands) == SLICE:
                    attempt.stopping = "enough"
                return await do(commands)

            attempt.do = once
            return await acting(attempt)

        return work

    async with running() as bench:
        job = await acted(bench, "cancel", await submitted(bench, 6 * SLICE), stopped_after_a_slice)
        queued = (await bench.http.get("/api/v1/queues/default")).json()["counts"]["queued"]

    assert (job["state"], job["result"]) == ("cancelled", {"matched": 300, "done": 50, "refused": {}})
    assert job["notes"][-1]["message"] == "Stopped (enough) with 250 jobs left as they were."
    assert queued == 250


async def test_each_action_has_its_command(running):
    async with running() as bench:
        (id,) = await submitted(bench, 1)
        held = await acted(bench, "hold", [id])
        released = await acted(bench, "release", [id])
        moved = await acted(bench, "priority", [id])
        cancelled = await acted(bench, "cancel", [id])
        retried = await acted(bench, "retry", [id])
        deleted = await acted(bench, "delete", [id])
        gone = await bench.http.get(f"/api/v1/jobs/{id}")

    words = [job["progress"]["message"].split(",")[0] for job in (held, released, moved, cancelled, retried, deleted)]
    assert words == ["1 held", "1 released", "1 moved", "1 cancelled", "1 retried", "1 deleted"]
    assert gone.status_code == 404
