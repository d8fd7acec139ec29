"""A server, workers with ComfyUIs, and monitors that are there from the beginning: what end-to-end tests of them share."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec

from headway.protocol.frames import Batch, Snapshot, decode_to_viewer
from headway.protocol.viewing import View
from headway.testing.comfyui import FakeComfy
from processes import Headway

KIND = "comfyui.workflow"
TOPICS = ["jobs", "workers"]
Json = dict[str, Any]


def work(hw: Headway, *comfies: FakeComfy, name: str = "w1") -> subprocess.Popen[bytes]:
    """Start a worker on these ComfyUIs and wait until each of them can be used."""
    connectors = [word for comfy in comfies for word in ("--connector", f"comfyui={comfy.url}")]
    process = hw.spawn(
        "worker", *connectors, "--server", hw.url, "--name", name, "--machine", "basic-1", log=f"{name}.log"
    )
    hw.until(
        lambda: all(service(hw, comfy, name).get("status") in {"idle", "busy"} for comfy in comfies), "it is there"
    )
    return process


def services(hw: Headway) -> list[Json]:
    """All on the board."""
    found: list[Json] = hw.http.get("/api/v1/services").json()["services"]
    return found


def service(hw: Headway, comfy: FakeComfy, worker: str = "") -> Json:
    """The one of a ComfyUI, empty if the board has none."""
    name = f"127.0.0.1:{comfy.port}"
    return next((each for each in services(hw) if each["name"] == name and worker in each["worker"]), {})


def submit(hw: Headway, workflow: Json, **options: Any) -> str:
    """The id of a new job."""
    return hw.submit_with(options, KIND, workflow=workflow)


def prompt_of(comfy: FakeComfy, job: str, *, running: bool = True) -> str | None:
    """The id of a job's prompt that runs (or waits) there."""
    queue = httpx.get(f"{comfy.url}/queue").json()
    here = queue["queue_running" if running else "queue_pending"]
    return next((entry[1] for entry in here if entry[3].get("headway", {}).get("job") == job), None)


def why(hw: Headway, id: str) -> str:
    """What is said of a waiting job, as one text."""
    return json.dumps(hw.http.get(f"/api/v1/jobs/{id}/why").json(), ensure_ascii=False)


def snapshot(hw: Headway) -> View:
    """A monitor that is opened now."""
    view = View(TOPICS)
    for frame in hw.http.get("/api/v1/events", params={"topic": TOPICS}).json()["frames"]:
        view.take(decode_to_viewer(json.dumps(frame).encode()))  # type: ignore[arg-type]
    assert view.ready
    return view


def bytes_of(view: View) -> bytes:
    """What it shows."""
    return json.dumps(view.shown(), sort_keys=True).encode()


class Monitor:
    """Opened once and kept open; `at` gives what it showed when it stood at a cursor, every event one by one."""

    def __init__(self, hw: Headway) -> None:
        self._url = f"{hw.url}/api/v1/live"
        self._frames: list[Snapshot | Batch] = []
        self._heard = threading.Condition()
        self._over = False
        self._client = httpx.Client(timeout=None)  # noqa: S113 - a stream says nothing for as long as nothing happens
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        with self._heard:
            assert self._heard.wait_for(lambda: self._frames, 20)

    def _listen(self) -> None:
        params = {"topic": TOPICS, "conflate": "false"}
        with (
            contextlib.suppress(httpx.HTTPError),
            self._client.stream("GET", self._url, params=params, headers={"Accept": "text/event-stream"}) as response,
        ):
            for line in response.iter_lines():
                frame = decode_to_viewer(line[5:].encode()) if line.startswith("data:") else None
                if isinstance(frame, Snapshot | Batch):
                    with self._heard:
                        self._frames.append(frame)
                        self._heard.notify_all()
                if self._over:
                    return

    def at(self, seq: int) -> View:
        """The view at exactly this cursor."""
        view = View(TOPICS)
        for frame in self._frames_to(seq):
            view.take(_until(frame, seq))
            if view.seq == seq:
                return view
        raise AssertionError(f"the monitor began after {seq}")

    def _frames_to(self, seq: int) -> list[Snapshot | Batch]:
        with self._heard:
            assert self._heard.wait_for(lambda: self._stands_at() >= seq, 20), f"the monitor did not come to {seq}"
            return list(self._frames)

    def _stands_at(self) -> int:
        last = self._frames[-1]
        return last.to if isinstance(last, Batch) else last.seq

    def stages_of(self, comfy: FakeComfy, seq: int) -> list[str]:
        """The statuses that a ComfyUI's service went through until this cursor at least, each told once."""
        frames = self._frames_to(seq)
        view, found = View(TOPICS), list[str]()
        name = f"127.0.0.1:{comfy.port}"
        for frame in _one_by_one(frames):
            view.take(frame)
            for each in view.topics["workers"].documents.get("service", {}).values():
                if each["name"] == name and found[-1:] != [each["status"]]:
                    found.append(each["status"])
        return found

    def close(self) -> None:
        """Look no longer."""
        self._over = True
        self._client.close()


def _one_by_one(frames: list[Snapshot | Batch]) -> Iterator[Snapshot | Batch]:
    """The same with a batch for each event: views in between are views too."""
    for frame in frames:
        for event in frame.events if isinstance(frame, Batch) else ():
            yield _until(frame, event.seq)
        yield frame


def _until(frame: Snapshot | Batch, seq: int) -> Snapshot | Batch:
    """A batch that reaches beyond the cursor, cut there."""
    if not isinstance(frame, Batch) or frame.to <= seq:
        return frame
    return msgspec.structs.replace(frame, to=seq, events=[event for event in frame.events if event.seq <= seq])
