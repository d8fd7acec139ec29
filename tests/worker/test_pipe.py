"""Between supervisor and executor: batches, framing, many writers and one pipe."""

from __future__ import annotations

import socket
import threading

import msgspec
import pytest

from headway.errors import BadFrame
from headway.worker.context import Work
from headway.worker.pipe import Done, Down, Outbox, Run, Stop, Unpacker, Up, decode_down, decode_up, pack


def test_messages_come_out_as_they_went_in_however_they_are_cut():
    run = Run(key=1, work=Work(job="j", checkpoints={"a": None}), args=msgspec.Raw(b'{"x":[1,null]}'))
    packed = pack([run, Stop(key=1, reason="é")]) + pack([Stop(key=2)])
    unpacker: Unpacker[Down] = Unpacker(decode_down)

    messages = [message for byte in packed for message in unpacker.feed(bytes([byte]))]

    assert isinstance(messages[0], Run)
    assert (bytes(messages[0].args), messages[0].work) == (b'{"x":[1,null]}', run.work)
    assert messages[1:] == [Stop(key=1, reason="é"), Stop(key=2)]


def test_a_length_that_is_none_of_ours_is_refused():
    with pytest.raises(BadFrame, match="a length of 1,819,308,649 bytes between supervisor and executor"):
        Unpacker[Down](decode_down).feed(b"lprint")


def test_threads_share_the_pipe_and_each_keeps_its_order():
    ours, theirs = socket.socketpair()
    outbox = Outbox(ours)
    seen: list[Up] = []

    def read() -> None:
        unpacker: Unpacker[Up] = Unpacker(decode_up)
        while received := theirs.recv(65536):
            seen.extend(unpacker.feed(received))

    def write(key: int) -> None:
        for number in range(500):
            outbox.post(Done(key=key, outcome=str(number)))

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(key,)) for key in range(4)]
    for thread in (reader, *writers):
        thread.start()
    for writer in writers:
        writer.join()
    ours.shutdown(socket.SHUT_WR)
    reader.join()
    ours.close()
    theirs.close()

    for key in range(4):
        assert [m.outcome for m in seen if isinstance(m, Done) and m.key == key] == [str(n) for n in range(500)]


def test_a_supervisor_that_is_gone_stops_no_writer():
    ours, theirs = socket.socketpair()
    theirs.close()
    outbox = Outbox(ours)

    outbox.post(Done(key=1, outcome="succeeded"))
    outbox.post(Done(key=2, outcome="succeeded"))

    assert outbox.broken
    ours.close()
