"""Raw JSON-RPC over stdio, 2025-11-25: a server that does whatever a test wants seen, by the name of the tool.

`bad.py [FOLDER]`: FOLDER keeps what outlives the process: `runs` (a line for each call), `running` (the most of `waits` at once),
`description` (of the tool `changing`), `extra` (there is one more tool), `cancels`; while `away` is there it answers nothing. A tool with `gate` waits at a FIFO.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = '<img src=x onerror="alert(1)">\x1b[31mred\x1b[0m\x07 \u202egnp.exe\u202c \x9b2J'
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}

_writing = threading.Lock()
_counting = threading.Lock()
_running = 0
_cancelled: set[Any] = set()
_answers: dict[str, Json] = {}
_answered = threading.Condition()
_ids = itertools.count(1)


def send(message: Json) -> None:
    line(json.dumps({"jsonrpc": "2.0", **message}))


def line(text: str) -> None:
    with _writing:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Call:
    """One tools/call. What a tool returns is its result; a dict with `error` is a JSON-RPC error."""

    def __init__(self, message: Json) -> None:
        self.id = message["id"]
        self.args: Json = message["params"].get("arguments") or {}
        self.token = (message["params"].get("_meta") or {}).get("progressToken")

    def progress(self, progress: Any, total: Any = None, message: str | None = None) -> None:
        told = {"progressToken": self.token, "progress": progress, "total": total, "message": message}
        if self.token is not None:
            given = {key: value for key, value in told.items() if value is not None}
            send({"method": "notifications/progress", "params": given})

    def log(self, text: str, level: str = "info") -> None:
        send({"method": "notifications/message", "params": {"level": level, "logger": "bad", "data": text}})

    def wait(self) -> None:
        """Until the test opens the gate."""
        with Path(self.args["gate"]).open("rb", buffering=0) as gate:
            gate.read(1)

    def ask(self, params: Json) -> Json:
        id = f"ask-{next(_ids)}"
        send({"id": id, "method": "elicitation/create", "params": params})
        with _answered:
            _answered.wait_for(lambda: id in _answers)
        return _answers[id]


def text(said: str, **more: Any) -> Json:
    return {"content": [{"type": "text", "text": said}], **more}


# -- the tools -------------------------------------------------------------------------------------------------------


def fine(call: Call) -> Json:
    for step in range(1, 5):
        call.progress(step, 4, f"step {step} of 4")
    call.log("nearly done", "warning")
    return text("fine")


def dies(call: Call) -> Json:
    call.progress(1, 4)
    sys.stderr.write(f"Traceback: out of luck, token={os.environ.get('TOKEN')}\n")
    sys.stderr.flush()
    os._exit(3)


def silent(call: Call) -> Json:
    threading.Event().wait()
    return {}


def hangs(call: Call) -> Json:
    call.progress(1, 4)
    with _writing:
        threading.Event().wait()
    return {}


def garbage(call: Call) -> Json:
    line("Loading model weights... 37%")
    line('{"jsonrpc": "2.0", "id": }')
    line('{"jsonrpc": "2.0", "method": 7}')
    line("\x00\xff")
    return text("said in between")


def backwards(call: Call) -> Json:
    for step in (5, 3, 7, 2):
        call.progress(step, 10)
    call.wait()
    return text("done")


def no_total(call: Call) -> Json:
    for step in (1, 2, 3):
        call.progress(step, message=f"page {step}")
    call.wait()
    return text("done")


def changing_total(call: Call) -> Json:
    for step, total in ((1, 2), (2, 8), (3, 4)):
        call.progress(step, total)
    call.wait()
    return text("done")


def nonsense(call: Call) -> Json:
    for progress, total in ((float("nan"), 4), (1, float("inf")), (-5, 10), ("half", 1), (1e308, 1), (3, 0), (2, -1)):
        call.progress(progress, total)
    return text("done")


def is_error(call: Call) -> Json:
    return text("no such city: Atlantis", isError=True)


def rpc_error(call: Call) -> Json:
    return {"error": {"code": -32603, "message": "the database is on fire"}}


def refuses(call: Call) -> Json:
    return {"error": {"code": -32602, "message": "n must be prime"}}


def no_result(call: Call) -> Json:
    return {"content": "what?"}


def wrong_output(call: Call) -> Json:
    return text("seven", structuredContent={"n": "seven"})


def no_output(call: Call) -> Json:
    return text("seven")


def ignores_cancel(call: Call) -> Json:
    """Goes on and says so, until the test lets it end."""
    over = threading.Event()

    def chatter() -> None:
        for step in itertools.count(1):
            call.progress(step, message="still at it")
            if over.wait(0.1):
                return

    threading.Thread(target=chatter, daemon=True).start()
    call.wait()
    over.set()
    return text("late")


def redefine(call: Call) -> Json:
    for name in ("description", "extra"):
        if name in call.args:
            (FOLDER / name).write_text(call.args[name])
    send({"method": "notifications/tools/list_changed"})
    return text("redefined")


def changing(call: Call) -> Json:
    return text("ran")


def huge(call: Call) -> Json:
    call.progress(1, 2, "x" * 1_000_000)
    call.log("y" * 1_000_000)
    return text("z" * 1_000_000)


def hostile(call: Call) -> Json:
    call.progress(1, 2, HOSTILE)
    call.log(HOSTILE)
    return text(HOSTILE)


def asks(call: Call) -> Json:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "title": "Name"}, "age": {"type": "integer", "minimum": 0}},
        "required": ["name"],
    }
    answer = call.ask({"message": "Who are you?", "requestedSchema": schema})
    return text(json.dumps(answer))


def asks_url(call: Call) -> Json:
    asked = {"mode": "url", "message": "Log in", "url": "https://example.com/login", "elicitationId": "e1"}
    return text(json.dumps(call.ask(asked)))


def waits(call: Call) -> Json:
    call.wait()
    return text("waited")


def progresses(call: Call) -> Json:
    call.progress(1, 4, "waiting at the gate")
    call.wait()
    return text("waited")


def pictures(call: Call) -> Json:
    blocks: list[Json] = [
        {"type": "text", "text": "a picture"},
        {"type": "image", "data": PIXEL, "mimeType": "image/png"},
        {"type": "audio", "data": "UklGRg==", "mimeType": "audio/wav"},
        {"type": "resource", "resource": {"uri": "test://notes", "mimeType": "text/plain", "text": "some notes"}},
        {"type": "resource", "resource": {"uri": "test://blob", "mimeType": "application/zip", "blob": "UEsFBg=="}},
        {"type": "resource_link", "uri": "https://example.com/report", "name": "report"},
    ]
    return {"content": blocks}


def spills(call: Call) -> Json:
    """What must stay secret, in every text that a tool has."""
    secret = os.environ.get("TOKEN", "")
    call.progress(1, 2, f"with {secret}")
    call.log(f"using {secret}")
    return text(f"token {secret}", isError=bool(call.args.get("fail")))


TOOLS: dict[str, tuple[Callable[[Call], Json], Json]] = {
    each.__name__: (each, {"description": (each.__doc__ or each.__name__).strip()})
    for each in (
        fine, dies, silent, hangs, garbage, backwards, no_total, changing_total, nonsense, is_error, rpc_error, refuses,
        no_result, ignores_cancel, redefine, changing, huge, hostile, asks, asks_url, waits, progresses, pictures, spills,
    )
}  # fmt: skip
TOOLS["wrong_output"] = (wrong_output, {"outputSchema": NUMBER})
TOOLS["no_output"] = (no_output, {"outputSchema": NUMBER})
TOOLS["erases"] = (fine, {"annotations": {"readOnlyHint": False, "destructiveHint": True}, "title": HOSTILE})
TOOLS["dies_read_only"] = (dies, {"annotations": {"readOnlyHint": True}})
GATED = {"type": "object", "properties": {"gate": {"type": "string"}}, "required": ["gate"]}
WITH_GATE = ("backwards", "no_total", "changing_total", "ignores_cancel", "waits", "progresses")


def listed() -> list[Json]:
    """The tools as they are now."""
    tools: list[Json] = []
    for name, (_, more) in TOOLS.items():
        schema = GATED if name in WITH_GATE else {"type": "object"}
        tools.append({"name": name, "inputSchema": schema, **more})
        if name == "changing" and (FOLDER / "description").exists():
            tools[-1]["description"] = (FOLDER / "description").read_text()
    if (FOLDER / "extra").exists():
        tools.append({"name": "extra", "description": "One more", "inputSchema": {"type": "object"}})
    return tools


# -- the protocol ----------------------------------------------------------------------------------------------------


def run(message: Json) -> None:
    global _running
    name = message["params"]["name"]
    with _counting:
        _running += name == "waits"
        most = FOLDER / "running"
        most.write_text(str(max(_running, int(most.read_text()) if most.exists() else 0)))
        with (FOLDER / "runs").open("a") as runs:
            runs.write(f"{name}\n")
    tool = TOOLS["fine" if name == "extra" else name][0]
    result = tool(Call(message))
    with _counting:
        _running -= name == "waits"
    send({"id": message["id"], **(result if "error" in result else {"result": result})})


def hear(message: Json) -> None:
    method, id = message.get("method"), message.get("id")
    if method is None:
        with _answered:
            _answers[str(id)] = message.get("result") or {"error": message.get("error")}
            _answered.notify_all()
    elif method == "initialize":
        offers = {"tools": {"listChanged": True}, "logging": {}}
        info = {"name": "bad", "version": "1.0"}
        send({"id": id, "result": {"protocolVersion": "2025-11-25", "capabilities": offers, "serverInfo": info}})
    elif method == "tools/list":
        send({"id": id, "result": {"tools": listed()}})
    elif method == "tools/call":
        threading.Thread(target=run, args=(message,), daemon=True).start()
    elif method == "notifications/cancelled":
        with (FOLDER / "cancels").open("a") as cancels:
            cancels.write(f"{message['params'].get('requestId')}\n")
    elif method in ("ping", "logging/setLevel"):
        send({"id": id, "result": {}})
    elif id is not None:
        send({"id": id, "error": {"code": -32601, "message": "Method not found"}})


def main() -> None:
    (FOLDER / "pid").write_text(str(os.getpid()))
    while (FOLDER / "away").exists():
        time.sleep(0.05)
    for heard in sys.stdin:
        hear(json.loads(heard))


if __name__ == "__main__":
    main()
