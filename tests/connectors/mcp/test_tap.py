"""What passes the wire: whose request has which id, what is heard of which, and what is kept from the SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from headway.connectors.mcp.calling import Call, Id, calling
from headway.connectors.mcp.definition import Tool
from headway.connectors.mcp.secrets import Secrets
from headway.connectors.mcp.tap import Tap

TOOL = Tool(name="t", kind="mcp.it.t", title="", description="", schema={}, output=None, annotations={}, definition="")


class Wire(AbstractAsyncContextManager[Any]):
    """A transport whose other end is the test's, and the ears of the tap."""

    def __init__(self) -> None:
        self.theirs, read = anyio.create_memory_object_stream[SessionMessage | Exception](20)
        write, self.sent = anyio.create_memory_object_stream[SessionMessage](20)
        self.streams = (read, write)
        self.heard: list[Any] = []

    async def __aenter__(self) -> Any:
        return self.streams

    async def __aexit__(self, *raised: object) -> None:
        for stream in (*self.streams, self.theirs, self.sent):
            stream.close()

    def word(self) -> None:
        self.heard.append("word")

    def heard_of(self, id: Id) -> None:
        self.heard.append(("of", id))

    def answered(self, id: Id) -> None:
        self.heard.append(("answered", id))

    def closed(self) -> None:
        self.heard.append("closed")


def message(text: str) -> SessionMessage:
    return SessionMessage(jsonrpc_message_adapter.validate_json(text, by_name=False))


def progress(number: str) -> SessionMessage:
    params = f'{{"progressToken": 7, "progress": {number}}}'
    return message(f'{{"jsonrpc": "2.0", "method": "notifications/progress", "params": {params}}}')


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    async with wire:
        yield wire


async def test_a_request_is_the_call_s_in_whose_name_it_is_sent(wire: Wire):
    _, write = await Tap(wire, wire).__aenter__()
    call = Call(None, TOOL, Secrets())  # pyright: ignore[reportArgumentType]

    await write.send(message('{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'))
    token = calling.set(call)
    await write.send(message('{"jsonrpc": "2.0", "id": 2, "method": "tools/call"}'))
    await write.send(message('{"jsonrpc": "2.0", "method": "notifications/cancelled"}'))
    calling.reset(token)

    assert call.ids == {2}
    assert wire.sent.statistics().current_buffer_used == 3


async def test_progress_and_answers_are_told_before_the_sdk_has_them(wire: Wire):
    read, _ = await Tap(wire, wire).__aenter__()
    await wire.theirs.send(progress("1"))
    await wire.theirs.send(message('{"jsonrpc": "2.0", "id": 7, "result": {}}'))
    await wire.theirs.send(ValueError("garbage"))

    items = [await read.receive() for _ in range(3)]

    assert wire.heard == ["word", ("of", 7), "word", ("answered", 7)]
    assert isinstance(items[2], ValueError)


@pytest.mark.parametrize("number", ["1" + "0" * 400, "NaN"])
async def test_a_number_that_the_sdk_would_fall_over_is_passed_over_and_still_a_word(wire: Wire, number: str):
    read, _ = await Tap(wire, wire).__aenter__()
    await wire.theirs.send(progress(number))
    await wire.theirs.send(progress("2"))

    item: Any = await read.receive()

    assert item.message.params["progress"] == 2
    assert wire.heard.count(("of", 7)) == 2


async def test_the_end_is_told(wire: Wire):
    read, _ = await Tap(wire, wire).__aenter__()
    wire.theirs.close()

    assert [item async for item in read] == []
    assert wire.heard == ["closed"]
