"""The HTTP of one ComfyUI, of both generations: ask, submit, stop, fetch. No rule of when: those are `prompt.py`.

The newer generation has `/api/jobs`; whether an engine is of it is probed at each (re)connect. What comes back is not
trusted: bodies are cut at a size, JSON may be anything. Deadlines are for each read, never for a whole answer, so that
a large output may take its time. Redirects and proxies are not followed: the URL is the operator's. Called by
`engine.py` and the handler.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import quote

import httpx
import msgspec

from headway.connectors.base import unheard
from headway.connectors.comfyui.history import ended_of_history, ended_of_job
from headway.connectors.comfyui.prompt import Look
from headway.connectors.comfyui.target import Address
from headway.connectors.comfyui.workflow import cut

Json = dict[str, Any]

JSON_BYTES = 64 * 1024 * 1024
OUTPUT_BYTES = 1024 * 1024 * 1024
_TIMEOUT = httpx.Timeout(10.0, connect=5.0, pool=None)
_SUBMIT = httpx.Timeout(60.0, connect=5.0, pool=None)  # validation may read a large file
_ABSENT = frozenset({404, 405, 501})


class NoAnswer(Exception):
    """Nothing usable came back. `sent`: the request may have arrived."""

    def __init__(self, problem: str, *, sent: bool = True) -> None:
        super().__init__(problem)
        self.problem = problem
        self.sent = sent


class Refusal(Exception):
    """Status 400 to 499: the engine understood and said no."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class Queue(msgspec.Struct, frozen=True):
    """Who is in the engine's queue: prompt ids in order, and what each is to make."""

    running: list[str] = []
    pending: list[str] = []
    outputs: dict[str, tuple[str, ...]] = {}


Generation = Literal["jobs", "legacy"]


class Api:
    """One engine. `generation` is set by `probe`; until then the older one is spoken, which both understand.
    `on_answer`: it gave a sign of life.
    """

    def __init__(
        self, address: Address, transport: httpx.AsyncBaseTransport | None = None,
        on_answer: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self.generation: Generation = "legacy"
        self._on_answer = on_answer
        self._client = httpx.AsyncClient(
            base_url=address.url, auth=address.auth, timeout=_TIMEOUT, trust_env=False, follow_redirects=False,
            headers={"Accept-Encoding": "identity"}, transport=transport,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
        )  # fmt: skip
        self._makes: dict[str, bool] = {}

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    # -- the engine --

    async def probe(self) -> None:
        """Which generation it is: the newer has `/api/jobs`. NoAnswer."""
        self._makes.clear()
        try:
            answer = await self._get("/api/jobs?limit=1")
        except Refusal:
            answer = None
        self.generation = "jobs" if isinstance(answer, dict) and "jobs" in answer else "legacy"

    async def stats(self) -> Json:
        """`/system_stats`: versions, devices, memory. NoAnswer, Refusal."""
        return _object(await self._get("/system_stats"))

    async def queue(self) -> Queue:
        """Who runs and who waits. NoAnswer, Refusal."""
        answer = _object(await self._get("/queue"))
        running, pending = (_entries(answer.get(key)) for key in ("queue_running", "queue_pending"))
        pending.sort(key=_number_of)
        outputs = {str(entry[1]): _outputs_of(entry) for entry in (*running, *pending)}
        return Queue([str(entry[1]) for entry in running], [str(entry[1]) for entry in pending], outputs)

    async def makes_output(self, type: str) -> bool:
        """Whether a class of nodes is one of outputs; True where the engine does not say. Remembered until `probe`."""
        if type not in self._makes:
            try:
                answer = _object(await self._get(f"/object_info/{quote(type, safe='')}"))
            except (NoAnswer, Refusal):
                return True
            known = answer.get(type)
            self._makes[type] = not isinstance(known, dict) or cast("Json", known).get("output_node") is not False
        return self._makes[type]

    # -- prompts --

    async def submit(self, body: Json) -> Json:
        """`POST /prompt`: its answer. Refusal with the objections; NoAnswer says whether it may have arrived."""
        return _object(await self._call("POST", "/prompt", json=body, timeout=_SUBMIT))

    async def look(self, id: str) -> Look:
        """Where a prompt is. NoAnswer. Queue before history: what leaves the one is in the other already."""
        return await (self._look_at_job(id) if self.generation == "jobs" else self._look_around(id))

    async def _look_at_job(self, id: str) -> Look:
        try:
            job = _object(await self._get(f"/api/jobs/{quote(id, safe='')}"))
        except Refusal as refusal:
            if refusal.status == 404:
                return Look("absent")
            raise NoAnswer(str(refusal)) from None
        if job.get("status") == "pending":
            return Look("pending")
        ended = ended_of_job(job)
        if ended is None:
            return Look("running")
        if not ended.has_outputs and (noted := await self._history(id)) is not None and noted.ended is not None:
            ended = msgspec.structs.replace(noted.ended, outcome=ended.outcome)
        return Look("over", ended)

    async def _look_around(self, id: str) -> Look:
        try:
            queue = await self.queue()
        except Refusal as refusal:
            raise NoAnswer(str(refusal)) from None
        if id in queue.running:
            return Look("running", outputs=queue.outputs[id])
        if id in queue.pending:
            before = queue.pending.index(id) + len(queue.running)
            return Look("pending", before=before, outputs=queue.outputs[id])
        return await self._history(id) or Look("absent")

    async def _history(self, id: str) -> Look | None:
        try:
            answer = _object(await self._get(f"/history/{quote(id, safe='')}"))
        except Refusal as refusal:
            raise NoAnswer(str(refusal)) from None
        ended = ended_of_history(answer.get(id))
        return None if ended is None else Look("over", ended)

    async def stop(self, id: str) -> None:
        """End this prompt, and no other: deleted while it waits, interrupted while it runs. NoAnswer.

        Interrupts only what the queue just showed running: an older ComfyUI does not read whom it is asked to interrupt.
        """
        try:
            if self.generation == "jobs" and await self._stop_job(id):
                return
            queue = await self.queue()
            if id in queue.pending:
                await self._call("POST", "/queue", json={"delete": [id]})
            if id in queue.running:
                await self._call("POST", "/interrupt", json={"prompt_id": id})
        except Refusal as refusal:
            raise NoAnswer(str(refusal)) from None

    async def _stop_job(self, id: str) -> bool:
        try:
            await self._call("POST", f"/api/jobs/{quote(id, safe='')}/cancel")
        except Refusal as refusal:
            if refusal.status not in _ABSENT:
                raise
            return False
        return True

    # -- files --

    async def upload(self, name: str, subfolder: str, content: Path) -> str:
        """Put a file among the engine's inputs; its name there, as nodes take it. NoAnswer, Refusal."""
        form = {"type": "input", "subfolder": subfolder, "overwrite": "true"}
        with content.open("rb") as file:
            files = {"image": (name, file, "application/octet-stream")}
            answer = _object(await self._call("POST", "/upload/image", files=files, form=form, timeout=_SUBMIT))
        stored, folder = answer.get("name"), answer.get("subfolder")
        if not isinstance(stored, str) or not isinstance(folder, str):
            raise NoAnswer("it did not say where it put the upload")
        return f"{folder}/{stored}" if folder else stored

    async def fetch(
        self, file: Json, into: Path, on_bytes: Callable[[], None] = lambda: None, most: int = OUTPUT_BYTES
    ) -> int:
        """Stream `/view` of an output to a file of ours; its size. NoAnswer, Refusal, and OverflowError over `most`."""
        query = {key: file[key] for key in ("filename", "subfolder", "type") if isinstance(file.get(key), str)}
        size = 0
        try:
            async with self._asked("GET", "/view", params=query, timeout=_SUBMIT) as answer:
                _check(answer.status_code, None)
                with into.open("wb") as out:
                    async for chunk in answer.aiter_bytes(262_144):
                        size += len(chunk)
                        if size > most:
                            raise OverflowError(size)
                        out.write(chunk)
                        on_bytes()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError) as error:
            raise _no_answer(error) from None
        return size

    # -- calls --

    @contextlib.asynccontextmanager
    async def _asked(self, method: str, path: str, **request: Any) -> AsyncGenerator[httpx.Response]:
        """One request. The HTTP library's word about each is nothing for the job's log."""
        with unheard():
            async with self._client.stream(method, path, **request) as answer:
                yield answer

    async def _get(self, path: str) -> Any:
        return await self._call("GET", path)

    async def _call(
        self, method: str, path: str, *, json: Any = None, files: Any = None, form: Any = None,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> Any:  # fmt: skip
        """JSON of the answer, None for an empty one. NoAnswer; Refusal for 400 to 499."""
        try:
            async with self._asked(method, path, json=json, files=files, data=form, timeout=timeout) as answer:
                body = await _read(answer)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError) as error:
            raise _no_answer(error) from None
        self._on_answer()
        return _check(answer.status_code, body)


async def _read(answer: httpx.Response) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_bytes():
        size += len(part)
        if size > JSON_BYTES:
            raise NoAnswer(f"its answer has more than {JSON_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _check(status: int, raw: bytes | None) -> Any:
    body: Any = None
    broken = False
    if raw:
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, ValueError, RecursionError):
            broken = True
    if 400 <= status < 500:
        raise Refusal(status, body)
    if status >= 300:
        raise NoAnswer(f"HTTP {status}")
    if broken:
        raise NoAnswer("its answer is no JSON: is it a ComfyUI?")
    return body


_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)


def _no_answer(error: Exception) -> NoAnswer:
    if isinstance(error, httpx.ConnectTimeout):
        return NoAnswer("no connection within 5 s", sent=False)
    if isinstance(error, httpx.TimeoutException):
        return NoAnswer("it does not answer", sent=not isinstance(error, _UNSENT))
    if isinstance(error, httpx.ConnectError):
        return NoAnswer(f"no connection: {cut(error)}", sent=False)
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return NoAnswer(f"the connection broke before its answer{f': {cut(error)}' if str(error) else ''}")
    return NoAnswer(cut(f"{type(error).__name__}: {error}".rstrip(": ")), sent=not isinstance(error, _UNSENT))


# -- reading -------------------------------------------------------------------------------------------------------


def _object(value: Any) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _entries(value: Any) -> list[list[Any]]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [
        cast("list[Any]", entry) for entry in entries if isinstance(entry, list) and len(cast("list[Any]", entry)) >= 2
    ]


def _number_of(entry: list[Any]) -> float:
    """Its place: the queue is a heap, so its list is not in order."""
    return entry[0] if isinstance(entry[0], int | float) else 0.0


def _outputs_of(entry: list[Any]) -> tuple[str, ...]:
    outputs = entry[4] if len(entry) > 4 else None
    return tuple(str(id) for id in cast("list[Any]", outputs)) if isinstance(outputs, list) else ()
