"""The wire: many statements in one round trip, in binary arrays, and what becomes of them when one fails."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from headway.store.postgres.address import Address
from headway.store.postgres.connecting import connect
from headway.store.postgres.packing import blobs, documents, doubles, long, longs, words
from headway.store.postgres.wire import Wire
from headway.store.texts import escape, unescape


@pytest.fixture(params=[True, False], ids=["prepared", "pooled"])
def wire(address: Address, request: pytest.FixtureRequest) -> Iterator[Wire]:
    wire = Wire(connect(address), prepare=request.param)
    yield wire
    wire.close()


def test_answers_come_in_the_order_of_the_questions(wire):
    for _ in range(3):
        replies = [wire.ask("SELECT $1::bigint + 1", [long(n)]) for n in range(100)]
        wire.exchange()

        assert [reply.rows() for reply in replies] == [[(str(n + 1).encode(),)] for n in range(100)]


def test_arrays_hold_what_they_were_given(wire):
    texts = ["", None, "é", 'a,b"{}\\', "日本 🙂", "x" * 70_000]
    numbers = [0, None, -1, 2**62]
    reply = wire.ask("SELECT * FROM unnest($1::text[], $2::bigint[], $3::float8[], $4::bytea[])", [
        documents(texts), longs(numbers), doubles([0.5, -1e300]), blobs([b"\0\xff", b""])
    ])  # fmt: skip
    empty = wire.ask("SELECT count(*) FROM unnest($1::text[])", [words([])])
    wire.exchange()

    found = list(zip(*reply.rows(), strict=True))
    assert found[0] == tuple(text if text is None else text.encode() for text in texts)
    assert found[1][:4] == (b"0", None, b"-1", str(2**62).encode())
    assert found[2][:2] == (b"0.5", b"-1e+300")
    assert found[3][:2] == (b"\\x00ff", b"\\x")
    assert empty.rows() == [(b"0",)]


def test_after_a_failure_nothing_more_is_done_and_the_wire_goes_on(wire):
    wire.ask("BEGIN")
    before = wire.ask("SELECT 1")
    wire.ask("SELECT 1 / $1::bigint", [long(0)])
    after = wire.ask("SELECT 2")
    with pytest.raises(psycopg.errors.DivisionByZero):
        wire.exchange()

    assert (before.arrived, after.arrived, wire.in_transaction, wire.is_lost) == (True, False, True, False)
    wire.ask("ROLLBACK")
    wire.exchange()
    again = [wire.ask("SELECT 2"), wire.ask("SELECT 1 / $1::bigint", [long(1)])]
    wire.exchange()
    assert [reply.rows() for reply in again] == [[(b"2",)], [(b"1",)]]
    assert not wire.in_transaction


def test_more_is_sent_and_answered_at_once_than_any_buffer_holds(wire):
    large = documents(["x" * 1_000_000] * 4)
    replies = [wire.ask("SELECT t FROM unnest($1::text[]) t", [large]) for _ in range(6)]
    wire.exchange()

    assert all([len(row[0] or b"") for row in reply.rows()] == [1_000_000] * 4 for reply in replies)


def test_a_server_that_does_not_answer_is_given_up(wire, monkeypatch):
    monkeypatch.setattr("headway.store.postgres.wire.EXCHANGE_S", 0.1)
    wire.ask("SELECT pg_sleep(5)")

    with pytest.raises(psycopg.OperationalError, match="no answer"):
        wire.exchange()

    assert wire.is_lost


@pytest.mark.parametrize(
    "text", ["", "a", "\0", "\x01", "\x010", "\x011", "\0\x01", "\x01\0", "\x01\x010", "a\0b\x01c"]
)
def test_texts_without_nul_stand_for_texts_with_it(text):
    assert "\0" not in escape(text)
    assert unescape(escape(text)) == text


def test_texts_keep_their_order():
    texts = sorted(
        [first + second for first in ("", "\0", "\x01", "\x02", "a") for second in ("", "\0", "\x01", "0", "1")]
    )

    assert sorted(map(escape, texts)) == [escape(text) for text in texts]
