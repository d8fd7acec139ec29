"""Lines that are drawn over again, or plain ones where there is no terminal."""

from __future__ import annotations

import io

from headway.cli.board import Board


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_a_line_is_printed_when_its_step_changes():
    out = io.StringIO()
    board = Board(out)

    board.put("j", "10%", 1)
    board.put("j", "11%", 1)
    board.put("j", "20%", 2)
    board.close()

    assert out.getvalue() == "10%\n20%\n"


def test_on_a_terminal_lines_are_drawn_over_what_was_drawn():
    now = iter(range(100))
    out = Terminal()
    board = Board(out, lambda: float(next(now)))

    board.put("a", "first", 1)
    board.put("b", "second", 1)

    assert out.getvalue() == "first\x1b[K\n\x1b[J\x1b[1Ffirst\x1b[K\nsecond\x1b[K\n\x1b[J"


def test_on_a_terminal_nothing_is_drawn_more_than_ten_times_a_second_but_the_end_is():
    out = Terminal()
    board = Board(out, lambda: 0.05)

    board.put("a", "1%", 1)
    board.put("a", "2%", 2)
    assert "2%" not in out.getvalue()
    board.close()

    assert "2%" in out.getvalue()


def test_a_line_that_is_dropped_is_drawn_no_more():
    now = iter(range(100))
    out = Terminal()
    board = Board(out, lambda: float(next(now)))
    board.put("a", "first", 1)

    board.drop("a")
    board.draw()

    assert out.getvalue().endswith("\x1b[1F\x1b[J")


def test_a_line_longer_than_the_terminal_is_cut(monkeypatch):
    monkeypatch.setenv("COLUMNS", "10")
    out = Terminal()

    Board(out).put("a", "x" * 50, 1)

    assert out.getvalue().startswith("xxxxxxxx…")


def test_notes_stand_below_their_line_until_they_hold_no_more():
    out = Terminal()
    board = Board(out, lambda: 0.0)
    board.put("a", "first", 1)
    board.put("b", "second", 1)

    board.note("a", ["  why", "  way out"])
    noted = out.getvalue().rpartition("F")[2]
    board.unnote("a")
    board.close()

    assert noted == "first\x1b[K\n  why\x1b[K\n  way out\x1b[K\nsecond\x1b[K\n\x1b[J"
    assert out.getvalue().endswith("\x1b[4Ffirst\x1b[K\nsecond\x1b[K\n\x1b[J")


def test_without_a_terminal_notes_are_said_on_stderr_with_whom_they_are_about(capsys):
    out = io.StringIO()
    board = Board(out)

    board.note("a", ["  why"])
    board.note("a", [])

    assert (out.getvalue(), capsys.readouterr().err) == ("", "a\n  why\n")
