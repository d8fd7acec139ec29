"""Listening: one socket, one application, one loop, from the first sentence to the last commit.

The socket is bound before the store is opened, so that a port in use is said at once. Signals end it gracefully: bye to
viewers and workers, open answers finished, what was taken committed; a second one ends it at once. Called by the CLI,
by tests and by `headway.testing`.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any, cast

import uvicorn

from headway.errors import InvalidInput
from headway.server.app import Application
from headway.server.config import Config, check_bind
from headway.server.front import front

BACKLOG = 2_048
KEEP_ALIVE_S = 75
"""Longer than the idle connections of common clients and proxies, so that it is not us who close under a request."""
SWITCH_S = 0.0005
YOUNG_OBJECTS = 50_000
"""So many new objects before the first look for garbage cycles; Python's own number is 700."""
DRAIN_S = 5.0
"""How long answers that are under way may take once the server stops."""


class Listener(uvicorn.Server):
    """uvicorn's server that says bye first, and leaves signals to us."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Links are ended by their own words before uvicorn closes what is left."""
        for server in self.servers:
            server.close()
        await self._application.say_bye()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """uvicorn raises a caught signal again when it is done, which would cut off the last commit."""
        yield

    def ask_to_stop(self) -> None:
        """Gracefully; the second time at once."""
        self.force_exit = self.should_exit
        self.should_exit = True


async def serve(
    config: Config,
    *,
    application: Application | None = None,
    announce: Callable[[str], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Run a server until a signal, or `stop`. `announce` gets its URL once it answers.

    InvalidInput: the address is open to others without a token, or the port is taken. StoreUnusable: the store.
    """
    check_bind(config)
    sock = bind(config.host, config.port)
    with contextlib.closing(sock):
        application = application or Application(config)
        application.hub.about["address"] = url_of(config, sock)
        async with application.lifespan():
            tune_interpreter()
            listener = Listener(_uvicorn_config(config, application), application)
            with _signals(listener):
                await _until_stopped(listener, sock, stop, announce and (lambda: announce(url_of(config, sock))))


def tune_interpreter() -> None:
    """Two settings of the process, measured in docs/performance.md.

    Garbage cycles are looked for seldom, and never among what stays: a commit makes thousands of objects and no cycle.
    And a thread that waits for the interpreter gets it ten times sooner than by default: a loop that is never idle
    starved the appender otherwise (P8b).
    """
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 50)


async def _until_stopped(
    listener: Listener, sock: socket.socket, stop: asyncio.Event | None, started: Callable[[], None] | None
) -> None:
    watching = asyncio.create_task(_watch(listener, stop, started))
    try:
        await listener.serve([sock])
    finally:
        watching.cancel()


async def _watch(listener: Listener, stop: asyncio.Event | None, started: Callable[[], None] | None) -> None:
    """uvicorn has no signal of its own for having started; its loop ticks ten times a second."""
    if started is not None:
        asyncio.get_running_loop().call_soon(started)  # the socket listens already: connections wait in its backlog
    if stop is not None:
        await stop.wait()
        listener.ask_to_stop()


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens. InvalidInput: the port is taken, or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle off only for sockets that say they are TCP: without it each
    # answer waited 40 ms for a delayed acknowledgement.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host.strip("[]"), port))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise _no_bind(host, port, error) from None
    sock.setblocking(False)
    return sock


def _no_bind(host: str, port: int, error: OSError) -> InvalidInput:
    if error.errno == errno.EADDRINUSE:
        return InvalidInput(
            "port",
            f"{port} is in use on {host}",
            hint=f"Another Headway may run there (look at http://{host}:{port}/); stop it, or choose another port with "
            "--port, or a free one with --port 0.",
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return InvalidInput("port", f"{port} on {host} is not allowed for this user", hint="Choose a port above 1023.")
    return InvalidInput(
        "host",
        f"{host} can not be bound: {error.strerror or error}",
        hint="Use 127.0.0.1, or an address of this machine.",
    )


def url_of(config: Config, sock: socket.socket) -> str:
    """Where the page is."""
    host = f"[{config.host.strip('[]')}]" if ":" in config.host else config.host
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '[::]'} else host}:{sock.getsockname()[1]}{config.base_path}/"


def _uvicorn_config(config: Config, application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=cast("Any", front(application.site.door, config.base_path)),  # a factory does as well as a class
        ws="websockets-sansio",
        ws_max_size=config.settings.worker_frame_bytes,
        ws_ping_interval=None,  # the links have pings of their own
        ws_per_message_deflate=False,
        lifespan="off",  # it is run here, so that what it raises arrives here
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(DRAIN_S),
        timeout_keep_alive=KEEP_ALIVE_S,
        backlog=BACKLOG,
    )


@contextlib.contextmanager
def _signals(listener: Listener) -> Generator[None]:
    """SIGINT and SIGTERM stop the listener; only the main thread gets signals."""
    loop = asyncio.get_running_loop()
    mine = (signal.SIGINT, signal.SIGTERM) if threading.current_thread() is threading.main_thread() else ()
    for number in mine:
        loop.add_signal_handler(number, listener.ask_to_stop)
    try:
        yield
    finally:
        for number in mine:
            loop.remove_signal_handler(number)
