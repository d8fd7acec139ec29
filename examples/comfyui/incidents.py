"""Points of a check: what goes wrong, and what is not to be harmed by it. Each gives its figures, or what is wrong."""

import asyncio
import signal

from place import Json, Place, Skipped, clock, fresh, workflow
from runs import needs_probe, wrong
from watching import board

STALL_S = 3.0


def counting(steps: int, seconds: float) -> Json:
    """A workflow that counts so many steps of so many seconds, with nothing cached."""
    return workflow("steps", _1=fresh(), _2={"steps": steps, "seconds_per_step": seconds, "preview": False})


async def cancel_stops_it_there(place: Place) -> str:
    needs_probe(place)
    job = await place.submit(counting(600, 0.1))
    await place.counting(job.id)
    begin = clock.monotonic()
    await job.cancel("a check")
    document = await place.ended(job.id)
    seconds = clock.monotonic() - begin
    assert document["state"] == "cancelled", wrong(document)
    assert await place.is_empty(), f"cancelled, and ComfyUI still has {await place.queue()}"
    return f"cancelled {seconds:.2f} s after it was asked, with nothing left in ComfyUI"


async def cancel_leaves_others_alone(place: Place) -> str:
    needs_probe(place)
    other = await place.others(counting(40, 0.1))
    job = await place.submit(counting(5, 0.1))

    async def both_there() -> bool:
        running, pending = await place.queue()
        return other in running and len(pending) == 1

    await place.until(both_there, "our prompt waits behind the other one", 20)
    begin = clock.monotonic()
    await job.cancel("a check")
    document = await place.ended(job.id)
    seconds = clock.monotonic() - begin
    running, pending = await place.queue()
    assert document["state"] == "cancelled", wrong(document)
    assert (running, pending) == ([other], []), f"ComfyUI runs {running}, and {pending} wait"
    assert await place.outcome(other) == "success", "somebody else's prompt did not end well"
    return f"ours was taken out of the queue in {seconds:.2f} s, somebody else's ran to its end"


async def status_follows_the_work(place: Place) -> str:
    needs_probe(place)
    await place.status("idle")
    async with board(place) as seen:
        job = await place.submit(counting(10, 0.1))
        document = await place.ended(job.id)
        idle = await place.status("idle")
        jobs = {each.get("job") for each in seen.services if each.get("status") == "busy"}
        other = await place.others(counting(30, 0.1))
        reason = (await place.status("busy"))["reason"]
        await place.outcome(other)
        await place.status("idle")
        failing = await place.run(workflow("steps", _1=fresh(), _2={"steps": 2, "fail_at": 0}))
        broken = await place.status("error")
        await seen.reached(place, "error")
        statuses = seen.statuses()
    assert document["state"] == "completed", wrong(document)
    assert job.id in jobs, f"busy was told without the job: {jobs}"
    assert not idle.get("job"), f"idle, and still with job {idle['job']}"
    assert "other" in reason, reason
    assert failing["state"] == "failed", failing["state"]
    assert "deliberate failure" in (broken.get("error") or broken.get("reason") or ""), broken
    expected = ["idle", "busy", "idle", "busy", "idle", "busy", "error"]
    assert statuses == expected, statuses
    return f'{" > ".join(statuses)}; "{reason}"'


async def monitors_agree(place: Place) -> str:
    """Whoever came before the worker, whoever came after, and REST."""
    await place.status("idle", "error")
    async with board(place) as early:
        place.stop("worker")
        await place.work()
        async with board(place) as late:
            asked: Json = {}

            async def same() -> bool:
                nonlocal asked
                asked = without_age(await place.service())
                return without_age(early.newest) == without_age(late.newest) == asked

            await place.until(same, "all three see the same", 20)
    return f"{asked['status']} since {asked['changed_at'][11:19]} in all three"


def without_age(service: Json) -> Json:
    """What does not move from one look to the next."""
    moving = {"seen_at", "load", "age_s", "seq"}
    return {name: value for name, value in service.items() if name not in moving}


async def a_stall_is_given_back(place: Place) -> str:
    needs_probe(place)
    options = {"progress_timeout": STALL_S, "max_attempts": 2}
    job = await place.submit(counting(1, 10.0), {"quiet": "2s"}, **options)

    async def stalled() -> bool:
        return "outcome" in ((await job.get()).get("attempts") or {}).get("1", {})

    waited = await place.until(stalled, "the silent attempt is ended", 40)
    first = (await job.get())["attempts"]["1"]
    assert first["outcome"] == "stalled", first
    await job.cancel("a check")
    document = await place.ended(job.id)
    await place.until(place.is_empty, "ComfyUI has stopped it", 40)
    assert document["state"] == "cancelled", wrong(document)
    return f"silent for longer than {STALL_S:g} s: stalled {waited:.1f} s after the submit, and stopped in ComfyUI"


async def a_long_job_is_left_alone(place: Place) -> str:
    needs_probe(place)
    seconds = 3 * STALL_S
    job = await place.run(counting(int(seconds * 2), 0.5), {"quiet": "2s"}, progress_timeout=STALL_S)
    assert job["state"] == "completed", wrong(job)
    assert job["attempt"] == 1, f"{job['attempt']} attempts"
    return f"{seconds:g} s of steps under a progress timeout of {STALL_S:g} s: one attempt"


async def server_restarted(place: Place) -> str:
    needs_probe(place)
    if not place.owns_server:
        raise Skipped("the server at --server is not ours to restart")
    job = await place.submit(counting(50, 0.1))
    await place.counting(job.id)
    place.stop("server", signal.SIGKILL)
    await clock.sleep(1.0)
    await place.serve()
    document = await place.ended(job.id)
    assert document["state"] == "completed", wrong(document)
    assert document["attempt"] == 1, f"{document['attempt']} attempts: {document['attempts']}"
    return "killed mid-job and started again: the same attempt went on and completed"


async def worker_killed(place: Place) -> str:
    needs_probe(place)
    job = await place.submit(counting(40, 0.1))
    await place.counting(job.id)
    place.stop("worker", signal.SIGKILL)
    gone = await place.status("unknown")
    await place.work()
    document = await place.ended(job.id, 90)
    await place.until(place.is_empty, "ComfyUI is done with both", 30)
    assert document["state"] == "completed", wrong(document)
    assert document["attempt"] == 2, f"{document['attempt']} attempts"
    assert gone["reason"], "unknown, and nobody says why"
    return f'killed mid-job: the service was unknown ("{gone["reason"]}"), a second attempt completed'


async def waits_for_the_service(place: Place) -> str:
    place.stop("worker")
    await place.status("unknown")
    job = await place.submit(workflow("blur", _1=fresh()))
    why = await place.client.rest.get(f"/jobs/{job.id}/why")
    reasons = [each["text"] for each in why["reasons"]]
    await place.work()
    document = await place.ended(job.id)
    assert reasons, "it waits, and nobody says why"
    assert document["state"] == "completed", wrong(document)
    return f'"{reasons[0]}"; it ran once the worker was back'


async def comfyui_restarted(place: Place) -> str:
    needs_probe(place)
    if not place.restart:
        raise Skipped("say how to restart this ComfyUI: --restart COMMAND")
    async with board(place) as seen:
        job = await place.submit(counting(100, 0.1))
        await place.counting(job.id)
        restarting = await asyncio.create_subprocess_shell(place.restart)
        code = await restarting.wait()
        assert code == 0, f"{place.restart!r} ended with {code}"
        document = await place.ended(job.id, 180)
        await place.status("idle", within_s=90)
        await seen.reached(place, "idle")
        statuses = seen.statuses()
    assert document["state"] == "completed", wrong(document)
    assert document["attempt"] > 1, "ComfyUI forgot the prompt, and no second attempt was made"
    assert "unreachable" in statuses or "starting" in statuses, statuses
    first = document["attempts"]["1"]
    return f"{' > '.join(statuses)}; attempt 1 {first['outcome']}: {first.get('reason')}"
