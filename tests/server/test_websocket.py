"""The server's half of RFC 6455, against `websockets`' client half and by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st
from websockets.frames import Frame, Opcode

from headway.hub.coding import websocket_frame
from headway.server.websocket import (
    CLOSE,
    PING,
    TEXT,
    Inbox,
    Violation,
    WireCode,
    accept_key,
    close_code,
    close_payload,
    unmasked,
)

MASK = b"\x11\x22\x33\x44"


def sent(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """What a client sends; always with the same mask, so that the cases have the same names in every process."""
    plain = Frame(opcode, payload, fin=fin).serialize(mask=False)
    head = plain[: len(plain) - len(payload)]
    masked = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return bytes((head[0], head[1] | 0x80)) + head[2:] + MASK + masked


def test_the_answer_to_a_handshake_is_that_of_the_rfc():
    assert accept_key("dGhlIHNhbXBsZSBub25jZQ==") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("key", ["", "short", "dGhlIHNhbXBsZSBub25jZQ==\r\n", "not base64 at all!!", "AAAA"])
def test_what_is_no_key_has_no_answer(key: str):
    assert accept_key(key) is None


@given(st.lists(st.text(max_size=200), max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=20))
def test_messages_come_out_whole_however_the_bytes_are_cut(texts: list[str], cuts: list[int]):
    stream = b"".join(sent(Opcode.TEXT, text.encode()) for text in texts)
    inbox = Inbox(65_536)
    found: list[tuple[int, bytes]] = []

    at, turn = 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        found += inbox.feed(stream[at : at + size])
        at, turn = at + size, turn + 1

    assert found == [(TEXT, text.encode()) for text in texts]
    assert inbox.idle


@given(st.binary(max_size=70_000), st.binary(min_size=4, max_size=4))
def test_the_mask_comes_off(payload: bytes, mask: bytes):
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))

    assert unmasked(mask, masked) == payload


def test_fragments_are_joined_and_a_ping_may_come_between_them():
    inbox = Inbox(100)

    found = inbox.feed(
        sent(Opcode.TEXT, b"one ", fin=False)
        + sent(Opcode.PING, b"?")
        + sent(Opcode.CONT, b"two ", fin=False)
        + sent(Opcode.CONT, b"three")
        + sent(Opcode.TEXT, b"four")
    )

    assert found == [(PING, b"?"), (TEXT, b"one two three"), (TEXT, b"four")]
    assert inbox.idle


def test_what_is_not_whole_is_kept():
    inbox = Inbox(100)

    assert inbox.feed(sent(Opcode.TEXT, b"abc")[:-1]) == []
    assert not inbox.idle


@pytest.mark.parametrize(
    ("bytes_", "code"),
    [
        (Frame(Opcode.TEXT, b"x").serialize(mask=False), WireCode.PROTOCOL_ERROR),
        (b"\xc1\x81\0\0\0\0x", WireCode.PROTOCOL_ERROR),
        (b"\x8b\x80\0\0\0\0", WireCode.PROTOCOL_ERROR),
        (b"\x89\xfe\0\x80", WireCode.PROTOCOL_ERROR),
        (b"\x08\x80\0\0\0\0", WireCode.PROTOCOL_ERROR),
        (sent(Opcode.CONT, b"x"), WireCode.PROTOCOL_ERROR),
        (sent(Opcode.TEXT, b"x", fin=False) + sent(Opcode.TEXT, b"y"), WireCode.PROTOCOL_ERROR),
        (sent(Opcode.TEXT, b"\xc3"), WireCode.INVALID_TEXT),
        (sent(Opcode.TEXT, b"x" * 101)[:8], WireCode.TOO_LARGE),
        (sent(Opcode.TEXT, b"x" * 60, fin=False) + sent(Opcode.CONT, b"x" * 41), WireCode.TOO_LARGE),
        (b"\x81\xff" + (1 << 40).to_bytes(8, "big"), WireCode.TOO_LARGE),
    ],
)
def test_what_breaks_the_rules_is_a_violation(bytes_: bytes, code: WireCode):
    with pytest.raises(Violation) as violation:
        Inbox(100).feed(bytes_)

    assert violation.value.code is code
    assert violation.value.reason


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_of_ours_is_what_a_client_expects(size: int):
    payload = b"x" * size

    assert websocket_frame(payload) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 1000), (b"\x03\xe8", 1000), (b"\x0f\xa0bye", 4000), (b"\x03\xed", 1002), (b"\0\1", 1002), (b"x", 1002)],
)
def test_a_close_is_answered_with_its_own_code_where_that_may_be_sent(payload: bytes, code: int):
    assert close_code(payload) == code


def test_a_long_reason_is_cut_between_characters():
    payload = close_payload(4000, "é" * 100)

    assert len(payload) <= 125
    assert payload[2:].decode() == "é" * 61
    assert int.from_bytes(payload[:2], "big") == 4000
    assert websocket_frame(payload, CLOSE)[1] == len(payload)
