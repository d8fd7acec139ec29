"""Points of a check: workflows that run, and what is shown of them. Each gives its figures, or says what is wrong."""

import base64
import statistics
import struct
import zlib

from place import Json, Place, Skipped, clock, fresh, workflow
from watching import watched

import headway
from headway.clock import from_iso

PNG = b"\x89PNG\r\n\x1a\n"
SLOW_S = 5.0
"""A cached prompt takes milliseconds; one that took this long was waited for."""


async def on_the_board(place: Place) -> str:
    service = await place.status("idle", "busy")
    load = service.get("load") or {}
    assert service["type"] == "comfyui", service
    assert service["url"].rstrip("/") == place.url, service
    assert {"vram_total", "vram_free", "queue_running", "queue_pending"} <= set(load), load
    newer = (await place.comfy.get("/api/jobs")).status_code == 200
    ways = "has /api/jobs" if newer else "has no /api/jobs: its history is asked"
    return f"ComfyUI {service['version']}, {load.get('device')}, {load['vram_total'] / 2**30:.1f} GB; {ways}"


async def outputs_are_artifacts(place: Place) -> str:
    job = await place.run(workflow("blur", _1=fresh()))
    assert job["state"] == "completed", wrong(job)
    (shown,) = job["result"]["outputs"]["9"]
    picture = await artifact(place, job, shown["artifact"])
    assert picture.startswith(PNG), picture[:20]
    stages = [each for each in job["attempts"]["1"]["stages"] if each]
    assert len(stages) == 3, f"three nodes ran, and the stages are {stages}"
    return f"{len(stages)} nodes in {job['result']['executed_s']} s, {shown['artifact']} has {len(picture):,} bytes"


async def cached_nodes_are_named(place: Place) -> str:
    graph = workflow("blur", _1=fresh())
    first, second = await place.run(graph), await place.run(graph)
    assert first["state"] == second["state"] == "completed", wrong(second)
    assert first["result"]["cached"] == [], first["result"]
    assert sorted(second["result"]["cached"]) == ["1", "2", "9"], second["result"]
    assert second["artifacts"], "a cached prompt has its outputs all the same"
    return f"{took_s(first) * 1000:.0f} ms, and {took_s(second) * 1000:.0f} ms with all of its 3 nodes cached"


async def cached_many_times(place: Place) -> str:
    graph = workflow("blur", _1={**fresh(), "width": 64, "height": 64})
    await place.run(graph)
    options = {"labels": {"check": place.mark}, "requires": {"check": place.mark}}
    made = [{"kind": "comfyui.workflow", "args": {"workflow": graph}, **options} for _ in range(place.count)]
    begin = clock.monotonic()
    jobs = await place.client.submit_many(made)
    documents = [await place.ended(job.id, 60 + place.count) for job in jobs]
    seconds = clock.monotonic() - begin
    lost = [each["id"] for each in documents if each["state"] != "completed" or each["attempt"] != 1]
    assert not lost, f"{len(lost)} lost, the first is {lost[0]}"
    times = sorted(took_s(each) for each in documents)
    waited = [each for each in times if each > SLOW_S]
    assert not waited, f"{len(waited)} took longer than {SLOW_S:g} s, the slowest {times[-1]:.1f} s"
    cached = sum(len(each["result"]["cached"]) == len(graph) for each in documents)
    return (
        f"{len(documents):,} in {seconds:.1f} s, {cached:,} wholly cached, 0 lost, 0 waited for; "
        f"median {statistics.median(times) * 1000:.0f} ms, slowest {times[-1] * 1000:.0f} ms"
    )


async def steps_and_previews(place: Place) -> str:
    needs_probe(place)
    job = await place.submit(workflow("steps", _1=fresh(), _2={"steps": 30, "seconds_per_step": 0.1}))
    async with watched(place, job) as seen:
        picture = await first_preview(place, job.id)
        document = await place.ended(job.id)
    assert document["state"] == "completed", wrong(document)
    assert seen.overall == sorted(seen.overall), f"progress went backwards: {seen.overall}"
    between = {each for each in seen.overall if 0 < each < 1}
    assert len(between) >= 5, f"only {sorted(between)} was seen of 30 steps"
    assert seen.steps, "no steps of the running node were shown"
    return f'{len(between)} places between 0 and 1, "{seen.steps[-1]}", {len(seen.previews)} previews, {len(picture):,} bytes'


async def a_failing_node_is_named(place: Place) -> str:
    needs_probe(place)
    job = await place.run(workflow("steps", _1=fresh(), _2={"steps": 5, "fail_at": 2}))
    assert job["state"] == "failed", job["state"]
    assert job["attempt"] == 1, "the same workflow would fail again, and it was tried again"
    said = job["error"]["message"]
    assert "Count" in said or "HeadwaySteps" in said, said
    assert "deliberate failure at step 2" in said, said
    return said.strip()


async def a_refused_input_is_named(place: Place) -> str:
    job = await place.run(workflow("broken"))
    assert job["state"] == "failed", job["state"]
    assert job["attempt"] == 1, "the same workflow would be refused again, and it was tried again"
    said = job["error"]["message"]
    assert "width" in said, said
    assert "Canvas" in said or "EmptyImage" in said, said
    return said.strip().splitlines()[0]


async def a_saved_workflow_is_refused(place: Place) -> str:
    drawn: Json = {"last_node_id": 1, "nodes": [{"id": 1, "type": "EmptyImage"}], "links": [], "version": 0.4}
    try:
        job = await place.run(drawn)
    except headway.InvalidInput as error:
        said = str(error)
    else:
        assert job["state"] == "failed", job["state"]
        said = job["error"]["message"]
    assert "API" in said, f"it does not say how to export one: {said}"
    return said.strip().splitlines()[0]


async def what_is_left_out_is_a_warning(place: Place) -> str:
    job = await place.run(workflow("partly", _1=fresh()))
    assert job["state"] == "completed", wrong(job)
    warnings = [note["message"] for note in job.get("notes", []) if note["level"] == "warning"]
    named = [text for text in warnings if "blur_radius" in text]
    assert named, f"no warning names the input: {warnings}"
    assert list(job["result"]["outputs"]) == ["9"], job["result"]
    return named[0]


async def inputs_are_uploaded(place: Place) -> str:
    picture = png(24, 16)
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "headway-check.png"}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "headway-upload"}},
    }
    uri = "data:image/png;base64," + base64.b64encode(picture).decode()
    job = await place.run(graph, {"inputs": {"headway-check.png": uri}})
    assert job["state"] == "completed", wrong(job)
    (shown,) = job["result"]["outputs"]["9"]
    size = struct.unpack(">II", (await artifact(place, job, shown["artifact"]))[16:24])
    assert size == (24, 16), f"24 x 16 went up and {size} came back"
    return "24 x 16 went up and came back"


# -- what they look with


def needs_probe(place: Place) -> None:
    """Skip what can not be seen without a node that takes its time."""
    if not place.has_probe:
        raise Skipped("this ComfyUI has no node HeadwaySteps: copy headway_probe.py into its custom_nodes and start it")


def wrong(job: Json) -> str:
    """How a job ended that should have completed."""
    return f"job {job['id']} is {job['state']}: {(job.get('error') or {}).get('message') or job.get('reason')}"


def took_s(job: Json) -> float:
    """From the start of its last attempt to its end."""
    attempt = job["attempts"][str(job["attempt"])]
    return (from_iso(attempt["ended_at"]) - from_iso(attempt["started_at"])) / 1000


async def artifact(place: Place, job: Json, name: str) -> bytes:
    """A file of a job."""
    answer = await place.client.rest.http.get(f"/api/v1/jobs/{job['id']}/artifacts/{name}")
    answer.raise_for_status()
    return answer.content


async def first_preview(place: Place, id: str) -> bytes:
    """The first live picture of a job, fetched while it runs."""
    answer = None

    async def there() -> bool:
        nonlocal answer
        answer = await place.client.rest.http.get(f"/api/v1/jobs/{id}/preview")
        return answer.status_code == 200

    await place.until(there, "a preview is shown while the node runs", 20)
    assert answer is not None
    assert answer.headers["content-type"].startswith("image/"), answer.headers
    return answer.content


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = (b"\0" + b"\x80" * width) * height
    return PNG + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
