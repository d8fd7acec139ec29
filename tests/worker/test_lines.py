"""A program's output as log lines."""

from __future__ import annotations

import pytest

from headway.worker.lines import LineSplitter


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"on", b"e\ntw", b"o"], ["one", "two"]),
        ([b"0%\r50%\r100%\nnext\n"], ["100%", "next"]),
        ([b"0%\r", b"50%\r", b"100%\r\n"], ["100%"]),
        ([b"dos\r\nlines\r\n"], ["dos", "lines"]),
        ([b"\n\n"], ["", ""]),
        ([b"caf\xc3", b"\xa9\n"], ["café"]),
        ([b"\xff\n"], ["\ufffd"]),
        ([b"last\r"], ["last"]),
        ([b""], []),
    ],
)
def test_output_becomes_the_lines_that_stand_in_the_end(chunks: list[bytes], lines: list[str]):
    splitter = LineSplitter()

    found = [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.finish()

    assert found == lines


def test_a_bar_that_never_ends_its_line_holds_no_memory():
    splitter = LineSplitter()

    for number in range(1000):
        assert splitter.feed(f"\r{number:03d} of 999".encode()) == []

    assert splitter.finish() == ["999 of 999"]
    assert len(splitter._rest) == 0


def test_a_line_without_end_is_given_in_pieces():
    splitter = LineSplitter()

    lines = splitter.feed(b"x" * 70_000)

    assert (len(lines[0]), splitter.finish()) == (70_000, [])
