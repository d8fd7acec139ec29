"""The socket against a server that says what it wants."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from comfy_bench import until
from headway.clock import SystemClock
from headway.connectors.comfyui.events import Event, Said
from headway.connectors.comfyui.socket import Socket
from headway.connectors.comfyui.target import address_of

STATUS = '{"type": "status", "data": {"status": {}, "sid": "c"}}'


class Ears:
    """What the socket told, as words."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def opened(self) -> None:
        self.told.append("opened")

    def heard(self, event: Event) -> None:
        self.told.append(event.type if isinstance(event, Said) else type(event).__name__)

    def closed(self, reason: str) -> None:
        self.told.append(f"closed: {reason}")


async def listening(
    speak: Callable[[ServerConnection], Any], *, until_told: Callable[[Socket, Ears], bool]
) -> tuple[Socket, Ears]:
    """Run a socket against a server until it has told enough."""
    ears = Ears()
    async with serve(speak, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = Socket(address_of(f"http://me:secret@127.0.0.1:{port}"), "c", ears, SystemClock())
        running = asyncio.get_running_loop().create_task(socket.run())
        try:
            await until(lambda: until_told(socket, ears))
        finally:
            running.cancel()
            await asyncio.wait([running])
    return socket, ears


async def test_it_is_open_only_once_the_engine_has_said_status():
    opened_early: list[bool] = []

    async def speak(connection: ServerConnection) -> None:
        opened_early.append("opened" in ears_now)
        await connection.send('{"type": "feature_flags", "data": {}}')
        await connection.recv()
        opened_early.append("opened" in ears_now)
        await connection.send(STATUS)
        await connection.wait_closed()

    ears_now: list[str] = []

    def told(socket: Socket, ears: Ears) -> bool:
        ears_now[:] = ears.told
        return socket.open

    _, ears = await listening(speak, until_told=told)

    assert opened_early == [False, False]
    assert ears.told[:2] == ["opened", "status"]


async def test_it_asks_for_previews_with_metadata_under_its_name_and_with_its_credentials():
    seen: list[Any] = []

    async def speak(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.extend([connection.request.path, connection.request.headers["Authorization"], await connection.recv()])
        await connection.send(STATUS)
        await connection.wait_closed()

    await listening(speak, until_told=lambda socket, _: socket.open)

    assert seen[0] == "/ws?clientId=c"
    assert seen[1].startswith("Basic ")
    assert '"supports_preview_metadata":true' in seen[2]


async def test_frames_that_are_not_understood_are_counted_and_passed_over():
    async def speak(connection: ServerConnection) -> None:
        for frame in (STATUS, "no json", b"\x00", struct.pack(">II", 77, 0), '{"type": "executing", "data": {}}'):
            await connection.send(frame)
        await connection.wait_closed()

    socket, ears = await listening(speak, until_told=lambda _, ears: "executing" in ears.told)

    assert socket.strange == 3
    assert ears.told == ["opened", "status", "executing"]


async def test_it_comes_back_after_every_end_and_says_why_it_ended():
    async def speak(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(STATUS)
        await connection.close(4000, "enough")

    _, ears = await listening(speak, until_told=lambda _, ears: ears.told.count("opened") == 2)

    assert ears.told[:3] == ["opened", "status", "closed: its socket was closed (4000: enough)"]


async def test_it_says_that_nobody_is_there():
    ears = Ears()
    socket = Socket(address_of("http://127.0.0.1:9"), "c", ears, SystemClock())
    running = asyncio.get_running_loop().create_task(socket.run())

    await until(lambda: bool(ears.told))
    running.cancel()

    assert ears.told == ["closed: connection refused"]


async def test_reopening_is_not_told_as_a_loss():
    async def speak(connection: ServerConnection) -> None:
        await connection.send(STATUS)
        await connection.wait_closed()

    reopened: list[asyncio.Task[None]] = []

    def told(socket: Socket, ears: Ears) -> bool:
        if socket.open and not reopened:
            reopened.append(asyncio.get_running_loop().create_task(socket.reopen()))
        return ears.told.count("opened") == 2

    _, ears = await listening(speak, until_told=told)

    assert ears.told == ["opened", "status", "opened", "status"]
