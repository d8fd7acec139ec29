"""`FakeComfy`: a ComfyUI to test against, in a thread, on a real port, that does what a test tells it.

    with FakeComfy() as comfy:
        ...                             # a client, a worker with `--connector comfyui=URL`
        comfy.restart()                 # queue, history and cache are gone, files are not

A start of the engine is a `Life`: queue, cache, sockets, one loop for HTTP and sockets, one thread that executes. The
controls may be called from any thread. starlette and uvicorn are the server's; who only tests handlers needs neither.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from headway.clock import SystemClock
from headway.testing.comfyui.executor import Executor
from headway.testing.comfyui.faults import Faults, NodeFailure
from headway.testing.comfyui.files import Files
from headway.testing.comfyui.queue import Item, Queue
from headway.testing.comfyui.routes import application
from headway.testing.comfyui.sockets import Sockets

GENERATIONS = ("0.3.64", "0.38.1")
STARTING_S = 10.0
"""How long a start may take before something is wrong."""
_LAST_TURNS = 6
"""Of the loop: a connection is accepted in one, made in the next, known in a third, cut, and closed one later."""


class Life:
    """One start of the engine to its end. Made in its own loop."""

    def __init__(self, generation: str, files: Files, faults: Faults, heard: Callable[[str, str], None]) -> None:
        self.generation = generation
        self.files = files
        self.faults = faults
        self.queue = Queue(self._queue_changed)
        self.sockets = Sockets(self._greeting)
        self.executor = Executor(self.queue, self.sockets, files, faults)
        self._heard = heard
        config = uvicorn.Config(
            self._door(application(self)), log_config=None, lifespan="off", ws="websockets-sansio",
            ws_ping_interval=None, server_header=False,
        )  # fmt: skip
        self.server = uvicorn.Server(config)

    @property
    def newer(self) -> bool:
        """Whether it is of the generation with `/api/jobs`."""
        return self.generation != GENERATIONS[0]

    async def serve(self, listener: socket.socket) -> None:
        """Until `end`."""
        executing = threading.Thread(target=self.executor.run, name="fake-comfyui-executor", daemon=True)
        executing.start()
        publishing = asyncio.create_task(self.sockets.publish())
        await self.server.serve([listener])
        for _ in range(_LAST_TURNS):  # a connection that was just accepted is among those to be cut only turns later
            await SystemClock().sleep(0)
            self.cut(bool)
        publishing.cancel()
        await asyncio.to_thread(executing.join)

    def end(self) -> None:
        """As by a kill: whatever is open is cut."""
        self.executor.over.set()
        self.queue.close()
        self.server.should_exit = self.server.force_exit = True
        self.cut(bool)

    def cut(self, which: Callable[[Any], bool]) -> None:
        """Abort connections."""
        for connection in list[Any](self.server.server_state.connections):
            if which(connection) and connection.transport is not None:
                connection.transport.abort()

    def hang_up(self, request: Request) -> None:
        """End the connection under a request."""
        self.cut(lambda connection: connection.client == tuple(request.scope["client"]))

    def _queue_changed(self) -> None:
        self.sockets.send("status", self._status(), None)

    def _status(self) -> dict[str, Any]:
        return {"status": {"exec_info": {"queue_remaining": self.queue.remaining}}}

    def _greeting(self, client: str) -> list[tuple[str, Mapping[str, Any]]]:
        """What a client hears that comes: of a running node of its own without the prompt's id, as there."""
        at = self.executor.node if self.executor.client == client else None
        again = [("executing", {"node": at})] if at is not None else []
        return [("status", {**self._status(), "sid": client}), *again]

    def _door(self, app: ASGIApp) -> ASGIApp:
        async def enter(scope: Scope, receive: Receive, send: Send) -> None:
            self._heard(scope.get("method", "WS"), scope["path"])
            while scope["type"] == "http" and not self.faults.answering.is_set():
                await SystemClock().sleep(0.01)
            await app(scope, receive, send)

        return enter


def _listener(port: int) -> socket.socket:
    """Of protocol TCP by its number: asyncio sends at once only then, and an answer in two parts takes 40 ms else."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    return listener


def _is_socket(connection: Any) -> bool:
    return "WebSocket" in type(connection).__name__


class FakeComfy:
    """Starts on `port` (0: any free one) when entered. `generation` is `0.3.64` or `0.38.1`.

    `faults` are `Faults`; `requests` every request so far as `(method, path)`, sockets as `("WS", "/ws")`.
    """

    def __init__(self, generation: str = GENERATIONS[0], port: int = 0) -> None:
        self.generation = next((each for each in GENERATIONS if each.startswith(generation)), generation)
        self.port = port
        self.faults = Faults()
        self.files = Files()
        self.requests: list[tuple[str, str]] = []
        self._life: Life | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._thawed: threading.Event | None = None

    @property
    def url(self) -> str:
        """Where it answers; the same after a restart."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, type: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Be there: the port listens, the queue, history and cache are empty."""
        if self._life is not None:
            return
        self.files.sweep()
        listener = _listener(self.port)
        self.port = listener.getsockname()[1]
        started = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._live(listener, started)), name="fake-comfyui", daemon=True
        )
        self._thread.start()
        if not started.wait(STARTING_S):
            raise TimeoutError("the fake ComfyUI did not start")

    async def _live(self, listener: socket.socket, started: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._life = Life(self.generation, self.files, self.faults, self._hear)
        serving = asyncio.create_task(self._life.serve(listener))
        while not self._life.server.started and not serving.done():
            await SystemClock().sleep(0.001)
        started.set()
        await serving

    def _hear(self, method: str, path: str) -> None:
        self.requests.append((method, path))

    def stop(self) -> None:
        """Gone, as by a kill: connections are cut, nobody answers."""
        life, self._life = self._life, None
        if life is None or self._loop is None or self._thread is None:
            return
        self.thaw()
        life.executor.over.set()
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(life.end)
        self._thread.join(STARTING_S)

    def restart(self) -> None:
        """Gone and there again, on the same port."""
        self.stop()
        self.start()

    # -- what goes wrong ---------------------------------------------------------------------------------------------

    def drop_sockets(self) -> None:
        """Every socket ends without a goodbye (1006); what is sent meanwhile is lost for its client."""
        self._in_loop(lambda life: life.cut(_is_socket))

    def deafen_sockets(self) -> None:
        """Every socket stays open and hears nothing more."""
        self._in_loop(lambda life: life.sockets.deafen())

    def hang(self) -> None:
        """Nodes stand still at their next check; HTTP goes on; nobody sees an interrupt."""
        self.faults.executing.clear()

    def hang_http(self) -> None:
        """Requests are taken and not answered; sockets go on."""
        self.faults.answering.clear()

    def freeze(self) -> None:
        """The whole process stands still, its connections open, as by SIGSTOP."""
        if self._thawed is None:
            thawed = self._thawed = threading.Event()
            self.hang()
            if self._loop is not None:
                self._loop.call_soon_threadsafe(thawed.wait)

    def thaw(self) -> None:
        """An end of every hang."""
        self.faults.executing.set()
        self.faults.answering.set()
        if self._thawed is not None:
            self._thawed.set()
            self._thawed = None

    def lose_post(self, times: int = 1) -> None:
        """The next prompts sent never arrive: the connection ends."""
        self.faults.lost_posts += times

    def lose_post_answer(self, times: int = 1) -> None:
        """The next prompts sent arrive, and the connection ends before the answer."""
        self.faults.lost_answers += times

    def fail_next(self, type: str = "torch.OutOfMemoryError", message: str = "Allocation on device ") -> None:
        """The next node that runs raises this."""
        self.faults.failures.append(NodeFailure(type, message))

    def others_prompt(
        self, *, steps: int = 1_000, seconds_per_step: float = 0.02, client: str = "somebody-else"
    ) -> str:
        """A prompt of somebody else, behind what is there; its id."""
        workflow = steps_workflow(steps=steps, seconds_per_step=seconds_per_step, color=len(self.requests))
        id, life = str(uuid4()), self._alive()
        life.queue.put(Item(life.queue.number(None, front=False), id, workflow, {"client_id": client}, ["9"]))
        return id

    # -- what is there -----------------------------------------------------------------------------------------------

    @property
    def running(self) -> list[str]:
        """The id of the prompt that runs, if one does."""
        return [item.prompt_id for item in self._alive().queue.items()[0]]

    @property
    def pending(self) -> list[str]:
        """The ids of those that wait, next first."""
        return [item.prompt_id for item in self._alive().queue.items()[1]]

    @property
    def history(self) -> dict[str, Any]:
        """What is over, oldest first."""
        return self._alive().queue.entries(None, -1)

    @property
    def clients(self) -> list[str]:
        """The client ids whose socket hears something."""
        return self._alive().sockets.clients

    def interrupt(self, prompt_id: str | None = None) -> None:
        """What somebody at its own page does."""
        self._alive().queue.interrupt(prompt_id)

    def delete(self, prompt_id: str) -> None:
        """Somebody takes a pending prompt out of the queue."""
        self._alive().queue.delete(prompt_id)

    def _alive(self) -> Life:
        if self._life is None:
            raise RuntimeError("the fake ComfyUI is not running: enter it, or call start()")
        return self._life

    def _in_loop(self, act: Callable[[Life], None]) -> None:
        life, done = self._alive(), threading.Event()

        def acted() -> None:
            act(life)
            done.set()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(acted)
            done.wait(STARTING_S)


def image_workflow(color: int = 1, *, size: int = 64, prefix: str = "hw") -> dict[str, Any]:
    """An image, blurred and saved. The same color twice in a row is a cached prompt."""
    empty = {"width": size, "height": size, "batch_size": 1, "color": color}
    return {
        "1": {"class_type": "EmptyImage", "inputs": empty},
        "2": {"class_type": "ImageBlur", "inputs": {"image": ["1", 0], "blur_radius": 5, "sigma": 2.0}},
        "9": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": prefix}},
    }


def steps_workflow(
    *, steps: int = 10, seconds_per_step: float = 0.02, fail_at: int = -1, preview: bool = False, color: int = 1
) -> dict[str, Any]:
    """An image through `HeadwaySteps` into a file."""
    told = {"steps": steps, "seconds_per_step": seconds_per_step, "fail_at": fail_at, "preview": preview}
    workflow = image_workflow(color, prefix="steps")
    return {**workflow, "2": {"class_type": "HeadwaySteps", "inputs": {"image": ["1", 0], **told}}}
