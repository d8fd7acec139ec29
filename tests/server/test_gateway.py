from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from headway.model import command as c, report as r
from headway.model.settings import Settings
from headway.protocol import frames as f
from headway.server.workerlink import MESSAGE_BYTES, messages

FAST = Settings(takeover_probe_s=0.2)


class Socket:
    """A worker's end of the WebSocket, as the ASGI server would carry it."""

    def __init__(self, bench: Any, *subprotocols: str) -> None:
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._frames: list[Any] = []
        scope = {
            "type": "websocket", "path": "/api/v1/worker", "root_path": "", "query_string": b"", "state": {},
            "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 5),
            "subprotocols": list(subprotocols or (f.WORKER_PROTOCOL,)),
        }  # fmt: skip
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(bench.application(scope, self._in.get, self._out.put))

    def say(self, *frames: f.Frame) -> None:
        data = f.encode(frames[0]) if len(frames) == 1 else f.encode_many(frames)
        self._in.put_nowait({"type": "websocket.receive", "text": data.decode()})

    def say_raw(self, text: str) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def hear(self, kind: type[Any] | tuple[type[Any], ...]) -> Any:
        """The next frame of this kind; others are passed over."""
        while True:
            while self._frames:
                frame = self._frames.pop(0)
                if isinstance(frame, kind):
                    return frame
            message = await self._out.get()
            if message["type"] == "websocket.send":
                self._frames += f.decode_to_worker(message["text"].encode())
            elif message["type"] == "websocket.close":
                raise AssertionError(f"closed: {message}")

    async def closed(self) -> tuple[int, str]:
        """Code and reason of the close, which is the end of the link."""
        while (message := await self._out.get())["type"] != "websocket.close":
            if message["type"] == "websocket.send":
                self._frames += f.decode_to_worker(message["text"].encode())
        await self._task
        return message["code"], message["reason"]

    async def drop(self) -> None:
        """The network takes it."""
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await self._task

    async def pong_for_ever(self) -> None:
        while True:
            await self.hear(f.Ping)
            self.say(f.Pong())


def hello(instance: str = "i1", *, running: list[f.Running] | None = None, **worker: Any) -> f.WorkerHello:
    who = {"id": "gpu-3/1", "machine": "gpu-3", "instance": instance, "slots": 2, **worker}
    who = {key: value for key, value in who.items() if value is not None}
    return f.WorkerHello(worker=who, kinds=[{"name": "add", "hash": "1"}], running=running or [])


async def linked(bench: Any, **worker: Any) -> Socket:
    socket = Socket(bench)
    socket.say(hello(**worker))
    await socket.hear(f.WorkerWelcome)
    return socket


async def started(bench: Any, socket: Socket) -> str:
    id = await bench.submit()
    offer = await socket.hear(f.Offer)
    socket.say(f.Accept(job=offer.job, attempt=offer.attempt))
    return id


async def test_a_job_goes_to_the_worker_and_its_outcome_comes_back(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await bench.submit(args={"a": 1})

        offer = await socket.hear(f.Offer)
        socket.say(
            f.Accept(job=id, attempt=1), f.Ended(job=id, attempt=1, n=1, outcome="succeeded", result=msgspec.Raw(b"3"))
        )
        ack = await socket.hear(f.Ack)
        job = await bench.job(id)
        await socket.drop()

    assert (offer.job, offer.attempt, bytes(offer.args)) == (id, 1, b'{"a":1}')
    assert (ack.job, ack.n) == (id, 1)
    assert (job["state"], job["result"]) == ("completed", 3)


async def test_the_link_is_named_by_its_subprotocol(running):
    async with running() as bench:
        code, reason = await Socket(bench, "chat").closed()

    assert (code, reason) == (4000, "this is the worker link; ask for the subprotocol headway.worker.v1")


async def test_a_worker_without_machine_is_refused_with_the_field_named_and_shown_on_the_board(running):
    async with running() as bench:
        socket = Socket(bench)
        socket.say(hello(machine=None))

        error = await socket.hear(f.Error)
        code, reason = await socket.closed()
        worker = (await bench.http.get("/api/v1/workers/gpu-3/1")).json()

    assert error.field == "worker.machine"
    assert (code, reason) == (4010, "worker.machine: is missing.")
    assert worker["state"] == "problem"
    assert worker["problems"][0]["problem"].startswith("worker.machine: is missing.")


async def asking(bench: Any, socket: Socket) -> str:
    """A job that waits for an answer."""
    id = await started(bench, socket)
    question = r.InputRequested(request="1.1", message="Go on?")
    socket.say(f.Report(job=id, attempt=1, n=1, items=[question]))
    await socket.hear(f.Ack)
    return id


async def answered(bench: Any, id: str, content: Any) -> None:
    given = await bench.http.post(f"/api/v1/jobs/{id}/input", json={"request": "1.1", "content": content})
    assert given.status_code == 200, given.text


async def back(bench: Any, id: str, n: int) -> Socket:
    """The same process on a new link; it knows of the acknowledgement of `n`."""
    socket = Socket(bench)
    socket.say(hello(running=[f.Running(id, 1, n)]))
    await socket.hear(f.WorkerWelcome)
    return socket


async def test_an_answer_given_while_the_worker_is_away_awaits_it_until_it_has_it(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await asking(bench, socket)
        await socket.drop()

        await answered(bench, id, {"yes": None})
        socket = await back(bench, id, 1)
        first = await socket.hear(f.InputAnswer)
        await socket.drop()  # before a word of it was said
        socket = await back(bench, id, 1)
        again = await socket.hear(f.InputAnswer)
        socket.say(f.Report(job=id, attempt=1, n=2, items=[r.InputTaken(request="1.1")]))
        await socket.hear(f.Ack)
        await socket.drop()
        socket = await back(bench, id, 2)
        await bench.submit()
        nothing = await socket.hear((f.InputAnswer, f.Offer))

    assert first == f.InputAnswer(
        job=id, attempt=1, request="1.1", answer={"action": "accept", "content": {"yes": None}}
    )
    assert again == first
    assert isinstance(nothing, f.Offer)


async def test_an_answer_given_before_the_worker_is_linked_to_the_next_server_awaits_it_there(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await asking(bench, socket)
        await socket.drop()

    async with running() as bench:
        await answered(bench, id, 7)
        socket = await back(bench, id, 1)
        answer = await socket.hear(f.InputAnswer)

    assert answer.answer == {"action": "accept", "content": 7}


async def test_a_worker_whose_drain_was_lost_on_the_way_is_told_again(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await started(bench, socket)
        await bench.http.post("/api/v1/workers/gpu-3/1/drain")
        await socket.drop()

        socket = await back(bench, id, 0)
        drain = await socket.hear(f.Drain)

    assert drain == f.Drain()


@pytest.mark.parametrize(
    ("text", "code"), [("{", 4000), ('{"type":"heartbeat"}', 4000), ('{"type":"hello","worker":"x"}', 4000)]
)
async def test_what_is_not_of_the_protocol_ends_the_link(text: str, code: int, running):
    async with running() as bench:
        socket = Socket(bench)
        socket.say_raw(text)

        assert (await socket.closed())[0] == code


async def test_a_message_over_the_limit_ends_the_link(running):
    async with running(settings=Settings(worker_frame_bytes=1_000)) as bench:
        socket = Socket(bench)
        socket.say_raw('{"type":"hello","worker":{"id":"' + "x" * 1_000 + '"}}')

        assert (await socket.closed())[0] == 4013


async def test_a_second_worker_of_another_host_is_refused_while_the_first_answers(running):
    async with running(settings=FAST) as bench:
        first = await linked(bench)
        answering = asyncio.create_task(first.pong_for_ever())
        second = Socket(bench)
        second.say(hello("i2", machine="impostor"))

        code, reason = await second.closed()
        answering.cancel()
        worker = (await bench.http.get("/api/v1/workers/gpu-3/1")).json()

    assert (code, reason) == (4010, "worker 'gpu-3/1' is linked already, from gpu-3; give this one another id")
    assert worker["machine"] == "gpu-3"


async def test_a_second_worker_takes_over_when_the_first_is_silent(running):
    async with running(settings=FAST) as bench:
        first = await linked(bench)
        second = Socket(bench)
        second.say(hello("i2", machine="gpu-4"))

        await second.hear(f.WorkerWelcome)
        code, reason = await first.closed()
        worker = (await bench.http.get("/api/v1/workers/gpu-3/1")).json()

    assert (code, reason) == (4003, "replaced by another link of worker 'gpu-3/1', from gpu-4")
    assert (worker["machine"], worker["state"]) == ("gpu-4", "online")


async def test_a_new_process_on_the_same_boot_takes_over_at_once_and_the_old_attempts_crashed(running):
    async with running() as bench:
        first = await linked(bench, boot_id="b", pid=1)
        id = await started(bench, first)
        second = Socket(bench)
        second.say(hello("i2", boot_id="b", pid=2))

        await second.hear(f.WorkerWelcome)
        job = await bench.job(id)

    assert job["attempts"]["1"]["outcome"] == "crashed"


async def test_a_lost_link_costs_nothing_and_the_next_one_goes_on(running):
    async with running() as bench:
        first = await linked(bench)
        id = await started(bench, first)
        first.say(f.Report(job=id, attempt=1, n=1, items=[]))
        await first.hear(f.Ack)
        await first.drop()
        away = (await bench.http.get("/api/v1/workers/gpu-3/1")).json()

        second = Socket(bench)
        second.say(hello(running=[f.Running(id, 1, 1)]))
        welcome = await second.hear(f.WorkerWelcome)
        second.say(f.Ended(job=id, attempt=1, n=2, outcome="succeeded"))
        await second.hear(f.Ack)
        job = await bench.job(id)

    assert away["state"] == "disconnected"
    assert welcome.yours == [f.Running(id, 1, 1)]
    assert (job["state"], job["attempt"]) == ("completed", 1)


async def test_a_worker_whose_lease_ended_while_its_link_stands_is_asked_for_a_new_hello(running):
    async with running() as bench:
        first = await linked(bench)
        id = await started(bench, first)

        await bench.do(c.Lose(worker="gpu-3/1", instance="i1"))
        code, reason = await first.closed()
        lost = await bench.worker("gpu-3/1")
        second = Socket(bench)
        second.say(hello(running=[f.Running(id, 1, 0)]))
        welcome = await second.hear(f.WorkerWelcome)
        back = await bench.worker("gpu-3/1")

    assert (code, reason) == (4103, "given up meanwhile; say hello again")
    assert (lost["state"], back["state"]) == ("lost", "online")
    assert welcome.fenced == [f.Running(id, 1)]


async def test_the_end_of_an_older_link_that_is_told_late_costs_the_newer_one_a_hello_and_nothing_else(running):
    async with running() as bench:
        first = await linked(bench)

        await bench.do(c.Disconnect(worker="gpu-3/1", instance="i1", server=bench.server, reason="link lost"))
        code, _ = await first.closed()
        await linked(bench)
        back = await bench.worker("gpu-3/1")

    assert (code, back["state"]) == (4103, "online")


async def test_a_cancel_reaches_the_worker_and_the_receipt_says_so(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await started(bench, socket)
        socket.say(f.Report(job=id, attempt=1, n=1, items=[]))
        await socket.hear(f.Ack)

        await bench.http.post(f"/api/v1/jobs/{id}/cancel", json={"reason": "enough"})
        cancel = await socket.hear(f.Cancel)
        socket.say(
            f.CancelState(job=id, attempt=1, n=2, step="acknowledged"),
            f.Ended(job=id, attempt=1, n=3, outcome="cancelled"),
        )
        await socket.hear(f.Ack)
        await socket.hear(f.Ack)
        job = await bench.job(id)

    assert (cancel.job, cancel.reason) == (id, "enough")
    assert job["state"] == "cancelled"
    assert {"requested_at", "delivered_at", "acknowledged_at"} <= job["cancel"].keys()


async def test_a_statement_of_an_attempt_that_is_over_is_fenced(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await started(bench, socket)
        socket.say(f.Ended(job=id, attempt=1, n=1, outcome="succeeded"))
        await socket.hear(f.Ack)

        socket.say(f.Report(job=id, attempt=7, n=1, items=[]))
        fenced = await socket.hear(f.Fenced)

    assert (fenced.job, fenced.attempt) == (id, 7)


async def test_a_goodbye_gives_the_attempts_back(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await started(bench, socket)
        socket.say(f.Goodbye())

        code, _ = await socket.closed()
        job = await bench.job(id)

    assert code == 4200
    assert (job["state"], job["attempts"]["1"]["outcome"]) == ("queued", "released")


async def test_adopted_work_gets_its_job(running):
    async with running() as bench:
        socket = await linked(bench)
        socket.say(f.Begin(external_id="celery-1", kind="add", args=msgspec.Raw(b'{"a":1}')))

        begun = await socket.hear(f.Begun)
        job = await bench.job(begun.job)

    assert (begun.external_id, begun.created) == ("celery-1", True)
    assert (job["state"], job["adopted"], job["args"]) == ("running", True, {"a": 1})


async def test_an_administrator_sees_and_cuts_a_link(running):
    async with running() as bench:
        socket = await linked(bench)
        listed = (await bench.http.get("/api/v1/admin/connections")).json()["workers"]

        answer = await bench.http.post("/api/v1/workers/gpu-3/1/disconnect")
        code, reason = await socket.closed()

    assert [(link["worker"], link["phase"]) for link in listed] == [("gpu-3/1", "live")]
    assert answer.json()["state"] == "disconnected"
    assert (code, reason) == (4003, "disconnected by an administrator")


async def test_a_repair_asks_for_a_new_hello(running):
    async with running() as bench:
        socket = await linked(bench)

        await bench.http.post("/api/v1/workers/gpu-3/1/repair")
        code, _ = await socket.closed()

    assert code == 4200


async def test_a_server_that_goes_down_says_when_to_come_back_and_loses_nothing(running):
    async with running() as bench:
        socket = await linked(bench)
        id = await started(bench, socket)
        socket.say(f.Report(job=id, attempt=1, n=1, items=[]))
        await socket.hear(f.Ack)
        leaving = asyncio.create_task(bench.application.say_bye())
        bye = await socket.hear(f.Bye)
        code, _ = await socket.closed()
        await leaving
        late = await Socket(bench).closed()
        job = await bench.job(id)

    assert (bye.reason, tuple(bye.after_ms)) == ("drain", (0, 2_000))
    assert (code, late[0]) == (4200, 4200)
    assert job["state"] == "running"


def test_frames_travel_together_but_not_in_a_message_too_large():
    small = [f.Ack(job="a", attempt=1, n=number) for number in range(3)]
    large = [f.Offer(job="a", attempt=1, kind="k", args=msgspec.Raw(b'"' + b"x" * (MESSAGE_BYTES // 2) + b'"'))] * 3

    assert [len(f.decode_to_worker(text.encode())) for text in messages(small)] == [3]
    assert [len(f.decode_to_worker(text.encode())) for text in messages([*small, *large])] == [4, 1, 1]
    assert next(messages(small[:1])).startswith('{"type":"ack"')
    assert list(messages([])) == []
