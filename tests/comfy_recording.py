"""What a ComfyUI says in a dozen scenes, without what differs from run to run: the same for the fake and for a real one.

    python tests/comfy_recording.py http://127.0.0.1:8188 > tests/testing/comfyui/recorded-0.3.64.json

records anew. The real one needs the node `HeadwaySteps` (examples/comfyui) for the scenes with steps.
"""

from __future__ import annotations

import json
import re
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
from websockets.sync.client import ClientConnection, connect

from headway.testing.comfyui import image_workflow, steps_workflow

Workflow = dict[str, Any]


class Client:
    """One client of a ComfyUI: a socket, if it is not `silent`, and HTTP."""

    def __init__(self, url: str, *, flags: bool = True) -> None:
        self.id = str(uuid4())
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=30)
        self.flags = flags
        self.events: list[tuple[str, Any]] = []
        self.socket: ClientConnection | None = None

    def connect(self) -> None:
        address = f"{self.url.replace('http', 'ws', 1)}/ws?clientId={self.id}"
        self.socket = connect(address, ping_interval=None, max_size=None, max_queue=None)
        self.read()
        if self.flags:
            self.socket.send(json.dumps({"type": "feature_flags", "data": {"supports_preview_metadata": True}}))
            self.read()

    def read(self, timeout: float = 20) -> tuple[str, Any]:
        assert self.socket is not None
        self.events.append(readable(self.socket.recv(timeout)))
        return self.events[-1]

    def until(self, done: Callable[[str, Any], bool]) -> None:
        while not done(*self.read()):
            pass

    def post(self, workflow: Any, id: str | None = None, **more: Any) -> httpx.Response:
        given = {"prompt_id": id} if id else {}
        return self.http.post("/prompt", json={"prompt": workflow, "client_id": self.id, **given, **more})

    def run(self, workflow: Workflow) -> str:
        """To the last word about it."""
        id = str(uuid4())
        answer = self.post(workflow, id)
        assert answer.status_code == 200, answer.text
        self.until(lambda type, told: type == "executing" and told["node"] is None and told.get("prompt_id") == id)
        return id

    def history(self, id: str) -> dict[str, Any]:
        """Its entry, waited for."""
        while not (found := self.http.get(f"/history/{id}").json()):
            time.sleep(0.01)
        return found[id]

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
        self.http.close()


@contextmanager
def client(url: str, **more: Any) -> Iterator[Client]:
    found = Client(url, **more)
    try:
        found.connect()
        yield found
    finally:
        found.close()


def readable(message: str | bytes) -> tuple[str, Any]:
    """Type and payload; of a picture what it is of."""
    if isinstance(message, str):
        told = json.loads(message)
        return told["type"], told["data"]
    kind, size = struct.unpack(">II", message[:8])
    if kind == 4:
        return "preview with metadata", json.loads(message[8 : 8 + size])
    return {1: "preview", 3: "text"}.get(kind, f"binary {kind}"), None


# -- scenes ----------------------------------------------------------------------------------------------------------

SCENES: dict[str, Callable[[str], Any]] = {}


def scene(function: Callable[[str], Any]) -> Callable[[str], Any]:
    SCENES[function.__name__] = function
    return function


def run_alone(url: str, *workflows: Workflow, **more: Any) -> Any:
    """What the last of the prompts makes a client hear, and its history."""
    with client(url, **more) as one:
        for workflow in workflows:
            heard = len(one.events)
            id = one.run(workflow)
        return {"events": one.events[heard:], "history": one.history(id)}


@scene
def coming(url: str) -> Any:
    with client(url) as one:
        return one.events


@scene
def an_image(url: str) -> Any:
    return run_alone(url, image_workflow(fresh()))


@scene
def the_same_again(url: str) -> Any:
    workflow = image_workflow(fresh())
    return run_alone(url, workflow, workflow)


@scene
def the_same_after_another(url: str) -> Any:
    workflow = image_workflow(fresh())
    return run_alone(url, workflow, image_workflow(fresh()), workflow)


@scene
def the_same_with_another_end(url: str) -> Any:
    color = fresh()
    return run_alone(url, image_workflow(color), image_workflow(color, prefix="other"))


@scene
def steps_with_previews(url: str) -> Any:
    return run_alone(url, steps_workflow(steps=2, preview=True, color=fresh()))


@scene
def previews_for_an_old_client(url: str) -> Any:
    return run_alone(url, steps_workflow(steps=2, preview=True, color=fresh()), flags=False)


@scene
def a_node_that_fails(url: str) -> Any:
    return run_alone(url, steps_workflow(steps=3, fail_at=1, color=fresh()))


@scene
def an_interrupt(url: str) -> Any:
    with client(url) as one:
        id = str(uuid4())
        heard = len(one.events)
        one.post(steps_workflow(steps=2_000, color=fresh()), id)
        one.until(lambda type, told: type == "progress")
        one.http.post("/interrupt", json={"prompt_id": str(uuid4())})  # not this one: nothing happens
        one.until(lambda type, told: type == "progress" and told["value"] > 3)
        one.http.post("/interrupt", json={"prompt_id": id})
        one.until(lambda type, told: type == "executing" and told["node"] is None)
        events = [each for each in one.events[heard:] if each[0] not in {"progress", "progress_state"}]
        return {"events": events, "history": one.history(id)}


@scene
def one_of_two_is_deleted(url: str) -> Any:
    with client(url) as one:
        first, second = str(uuid4()), str(uuid4())
        one.post(steps_workflow(steps=2_000, color=fresh()), first)
        one.until(lambda type, told: type == "progress")
        one.post(image_workflow(fresh()), second)
        queue = {key: [each[1] == id for each in one.http.get("/queue").json()[key]]
                 for key, id in (("queue_running", first), ("queue_pending", second))}  # fmt: skip
        deleted = one.http.post("/queue", json={"delete": [second]})
        after = one.http.get("/queue").json()["queue_pending"]
        one.http.post("/interrupt", json={"prompt_id": first})
        one.until(lambda type, told: type == "executing" and told["node"] is None)
        gone = one.http.get(f"/history/{second}").json()
        return {"queue": queue, "answer": [deleted.status_code, deleted.text], "after": after, "history": gone}


@scene
def a_prompt_of_nobody(url: str) -> Any:
    """What others hear of a prompt without a client."""
    with client(url) as other:
        heard = len(other.events)
        body = {"prompt": steps_workflow(steps=2, preview=True, color=fresh())}
        id = other.http.post("/prompt", json=body).json()["prompt_id"]
        other.history(id)
        other.until(lambda type, told: type == "status" and told["status"]["exec_info"]["queue_remaining"] == 0)
        return other.events[heard:]


@scene
def what_another_client_hears(url: str) -> Any:
    with client(url) as one, client(url) as other:
        heard = len(other.events)
        one.run(image_workflow(fresh()))
        other.until(lambda type, told: type == "status" and told["status"]["exec_info"]["queue_remaining"] == 0)
        return other.events[heard:]


@scene
def coming_back_meanwhile(url: str) -> Any:
    with client(url) as one:
        id = str(uuid4())
        one.post(steps_workflow(steps=2_000, color=fresh()), id)
        one.until(lambda type, told: type == "progress")
        assert one.socket is not None
        one.socket.close()
        heard = len(one.events)
        time.sleep(0.1)
        one.connect()
        events = one.events[heard:]
        one.http.post("/interrupt", json={"prompt_id": id})
        one.until(lambda type, told: type == "executing" and told["node"] is None)
        return [each for each in events if "progress" not in each[0]]


@scene
def text_shown(url: str) -> Any:
    workflow = {
        "1": {"class_type": "PrimitiveString", "inputs": {"value": f"hello {fresh()}"}},
        "9": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}},
    }
    found = run_alone(url, workflow)
    return json.loads(re.sub(r"hello \d+", "hello", json.dumps(found)))


@scene
def refusals(url: str) -> Any:
    """Bodies of what is not accepted, or only in part."""
    with client(url) as one:
        found = {name: one.post(workflow) for name, workflow in broken_workflows().items()}
        answers = {name: [answer.status_code, answer.json()] for name, answer in found.items()}
        answers["no prompt"] = [(bare := one.http.post("/prompt", json={})).status_code, bare.json()]
        answers["no json"] = [(bad := one.http.post("/prompt", content=b"{")).status_code, bad.text]
        foreign = one.http.post("/prompt", json={}, headers={"origin": "https://example.org"})
        answers["another site's page"] = [foreign.status_code]
        while one.http.get("/prompt").json()["exec_info"]["queue_remaining"]:
            time.sleep(0.01)
        return answers


@scene
def files(url: str) -> Any:
    """Names that uploads get, and what is not there."""
    folder = f"rec{fresh()}"
    with client(url) as one:

        def upload(body: bytes, **more: str) -> Any:
            form = {"subfolder": folder, "type": "input", **more}
            answer = one.http.post("/upload/image", files={"image": ("a b.png", body, "image/png")}, data=form)
            return [answer.status_code, answer.json() if answer.status_code == 200 else None]

        found = [upload(b"one"), upload(b"one"), upload(b"two"), upload(b"three", overwrite="true")]
        found += [upload(b"no", subfolder="../..")]
        back = one.http.get("/view", params={"filename": "a b.png", "subfolder": folder, "type": "input"})
        missing = one.http.get("/view", params={"filename": "nope.png"})
        absent = {key: one.http.get(path).status_code for key, path in {"object_info": "/object_info/Nope"}.items()}
        told = [*found, [back.status_code, back.text], missing.status_code, absent]
        return json.loads(json.dumps(told).replace(folder, "FOLDER"))


def broken_workflows() -> dict[str, Any]:
    good = image_workflow(fresh())

    def but(**changes: dict[str, Any]) -> Workflow:
        named = {name.removeprefix("n"): change for name, change in changes.items()}
        return {id: {**good[id], "inputs": {**good[id]["inputs"], **named.get(id, {})}} for id in good}

    save = {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "hw"}}
    latent = {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 64, "batch_size": 1}}
    checkpoint = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "nope.safetensors"}}
    bad_blur = {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 500, "sigma": 1.0}}
    return {
        "unknown class": {"1": {"class_type": "Nope", "inputs": {}}},
        "no class": {"1": {"inputs": {}}},
        "no outputs": {"1": good["1"]},
        "empty": {},
        "format of the editor": {"nodes": [], "links": [], "version": 0.4},
        "input missing": {**good, "2": {"class_type": "ImageBlur", "inputs": {"blur_radius": 5, "sigma": 2.0}}},
        "too small": but(n1={"width": 0}),
        "too big": but(n1={"width": 99_999_999}),
        "no number": but(n1={"width": "wide"}),
        "no such choice": {"1": checkpoint, "9": {**save, "inputs": {**save["inputs"], "images": ["1", 2]}}},
        "wrong type of link": {"1": latent, "9": save},
        "link of one": but(n9={"images": ["2"]}),
        "link to nothing": but(n9={"images": ["77", 0]}),
        "no such file": {"1": {"class_type": "LoadImage", "inputs": {"image": "nope.png"}}, "9": save},
        "a loop": but(n2={"image": ["2", 0]}),
        "partly valid": {**good, "5": bad_blur, "6": {**save, "inputs": {**save["inputs"], "images": ["5", 0]}}},
    }


# -- what differs from run to run ------------------------------------------------------------------------------------

_NAMES: list[int] = []


def fresh() -> int:
    """A color that was not there before, so that nothing is cached."""
    _NAMES.append(int.from_bytes(uuid4().bytes[:3], "big"))
    return _NAMES[-1]


def same(value: Any, key: str = "") -> Any:
    """The value with ids, instants, numbers of files and texts of the machine put aside."""
    if key in {
        "traceback",
        "current_inputs",
        "image_type",
        "number",
        "tooltip",
        "timestamp",
        "sid",
        "color",
        "output_id",
    }:
        return f"({key})"
    if key in {"nodes", "executed", "current_outputs", "dependent_outputs"} and isinstance(value, list):
        return sorted(value)
    if key == "prompt" and isinstance(value, list):
        return [same(each) for each in value[1:]]
    if isinstance(value, dict):
        return {name: same(each, name) for name, each in value.items() if name != "tooltip"}
    if isinstance(value, list | tuple):
        return [same(each) for each in value]
    if isinstance(value, str):
        value = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "(id)", value)
        value = re.sub(r"_\d{5}_\.png", "_(n)_.png", value)
        return re.sub(r"temp_[a-z]{5}", "temp_(x)", value)
    return value


def recorded(url: str) -> dict[str, Any]:
    """Every scene played against the ComfyUI there."""
    return {name: same(json.loads(json.dumps(play(url)))) for name, play in SCENES.items()}


if __name__ == "__main__":
    scenes = (f"{json.dumps(name)}: {json.dumps(told, sort_keys=True)}" for name, told in recorded(sys.argv[1]).items())
    sys.stdout.write("{" + ",\n".join(scenes) + "}\n")
