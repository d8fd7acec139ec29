"""The words between supervisor and executor, and how they are framed: 4 bytes of length, then a JSON array of messages.

Batched both ways, so that a message costs a microsecond and not a system call. Messages are plain encodable structs;
`key` is the supervisor's number of the attempt. Must never know what a message does. Called by both ends.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from typing import Any, Generic, TypeVar

import msgspec

from headway.errors import BadFrame
from headway.model.report import ReportItem
from headway.model.settings import Settings
from headway.worker.context import Work

DEFAULTS = Settings()
Connector = tuple[str, str, dict[str, Any]]
"""(type, target, options) of an outside engine; options may name secrets and are never shown."""
LONGEST = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Message(msgspec.Struct, kw_only=True, frozen=True, tag_field="type", omit_defaults=True, gc=False):
    """Root of the messages; `type` is the tag."""


# -- supervisor -> executor ----------------------------------------------------------------------------------------


class Setup(Message, frozen=True, tag="setup"):
    """First message: what to serve and where files and children go. `connectors`: (type, target, options) of each
    engine; `slots`: most attempts at once, 0: as many as `Ready` says.
    """

    server: str
    apps: list[str] = []
    connectors: list[Connector] = []
    token: str | None = None
    slots: int = 0
    report_ms: int = 250
    service_s: float = DEFAULTS.service_interval_s
    isolated: bool = False


class Run(Message, frozen=True, tag="run"):
    """Run an attempt. `tmp` is its directory, made when first asked for, deleted by the supervisor. `definition`: the
    one of its kind that was pinned, None: none was.
    """

    key: int
    work: Work
    args: msgspec.Raw = msgspec.Raw(b"{}")
    tmp: str = ""
    definition: str | None = None


class Stop(Message, frozen=True, tag="stop"):
    """Deliver a cancel to an attempt; `grace_s`: how long it has to end by itself; `moves`: the job goes on elsewhere."""

    key: int
    reason: str = ""
    grace_s: float = 10.0
    moves: bool = False


class LeaseLost(Message, frozen=True, tag="lease_lost"):
    """The server may have given the job to another worker: `ctx.lease_lost`. A `stop` follows unless it goes on."""

    key: int


class Answered(Message, frozen=True, tag="answered"):
    """The answer to an input request."""

    key: int
    request: str
    answer: dict[str, Any]


class CleanUp(Message, frozen=True, tag="clean_up"):
    """Run the `cleanup=` function of a kind, in this fresh process; answered by `done`."""

    key: int
    kind: str
    job: str
    attempt: int
    checkpoints: dict[str, Any] = {}


class Pace(Message, frozen=True, tag="pace"):
    """Report at most every `report_ms`; look at engines at least every `service_s`."""

    report_ms: int
    service_s: float


class Quit(Message, frozen=True, tag="quit"):
    """Leave when nothing runs any more."""


Down = Setup | Run | Stop | LeaseLost | Answered | CleanUp | Pace | Quit

# -- executor -> supervisor ----------------------------------------------------------------------------------------


class Ready(Message, frozen=True, tag="ready"):
    """The apps are loaded. `kinds`: the definitions of their jobs; `services`: their engines; `slots`: how many at once."""

    kinds: list[dict[str, Any]] = []
    services: list[dict[str, Any]] = []
    slots: int = 1


class Unusable(Message, frozen=True, tag="unusable"):
    """It can not be loaded. `what`: the app or option, as it was written; `hint`: the way out, or the traceback."""

    what: str
    problem: str
    hint: str = ""


class Services(Message, frozen=True, tag="services"):
    """How the engines stand: all of them; `seen` of each is the monotonic second of its last sign of life."""

    services: list[dict[str, Any]]


class Kinds(Message, frozen=True, tag="kinds"):
    """What one engine serves now: the definitions of all its jobs. `engine`: its number."""

    engine: int
    kinds: list[dict[str, Any]]


class Reported(Message, frozen=True, tag="reported"):
    """One report of an attempt."""

    key: int
    items: list[ReportItem]


class Acknowledged(Message, frozen=True, tag="acknowledged"):
    """The cancel reached the handler."""

    key: int


class Done(Message, frozen=True, tag="done"):
    """The attempt ended. `cleaned`: done or why not, where clean-up callbacks ran; `tmp`: its directory was made."""

    key: int
    outcome: str
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""
    cleaned: str = ""
    tmp: bool = False


Up = Ready | Unusable | Services | Kinds | Reported | Acknowledged | Done

M = TypeVar("M")

decode_down = msgspec.json.Decoder(list[Down]).decode
decode_up = msgspec.json.Decoder(list[Up]).decode
_encoder = msgspec.json.Encoder()


def pack(messages: list[Any]) -> bytearray:
    """Messages as one frame."""
    frame = bytearray(4)
    _encoder.encode_into(messages, frame, 4)
    _LENGTH.pack_into(frame, 0, len(frame) - 4)
    return frame


class Unpacker(Generic[M]):
    """Bytes as they come in, messages out. BadFrame for a length that no end of ours can have sent."""

    def __init__(self, decode: Any) -> None:
        self._decode = decode
        self._buffer = bytearray()

    def feed(self, received: bytes) -> list[M]:
        """The messages that are complete now."""
        buffer = self._buffer
        buffer += received
        messages: list[M] = []
        start = 0
        while len(buffer) - start >= 4:
            (length,) = _LENGTH.unpack_from(buffer, start)
            if length > LONGEST:
                raise BadFrame(f"a length of {length:,} bytes between supervisor and executor")
            if len(buffer) - start - 4 < length:
                break
            messages += self._decode(bytes(memoryview(buffer)[start + 4 : start + 4 + length]))
            start += 4 + length
        if start:
            del buffer[:start]
        return messages


class Outbox:
    """The writing end of a blocking socket, for any number of threads: who finds it free writes for all.

    `post` never waits for another writer; it waits for the kernel's buffer, which is how a flood is slowed down.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._waiting: deque[Message] = deque()
        self._lock = threading.Lock()
        self.broken = False

    def put(self, message: Message) -> None:
        """Leave it for the next `flush`."""
        self._waiting.append(message)

    def post(self, message: Message) -> None:
        """Send it now, or let the thread that is sending take it along."""
        self._waiting.append(message)
        self.flush()

    def flush(self) -> None:
        """Send what waits. A broken pipe is remembered and not raised: the supervisor is gone, and so are we soon."""
        while self._waiting and self._lock.acquire(blocking=False):
            try:
                messages = [self._waiting.popleft() for _ in range(len(self._waiting))]
                if not self.broken:
                    self._sock.sendall(pack(messages))
            except OSError:
                self.broken = True
            finally:
                self._lock.release()
