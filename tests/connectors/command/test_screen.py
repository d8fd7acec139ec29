"""The screen: bytes cut anywhere into log lines and redrawn rows."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, strategies as st

from headway.connectors.command.screen import MAX_ROW, Line, Screen

RECORDINGS = ["alive", "apt", "curl", "curl2", "ffmpeg", "pip", "pytest", "rich", "rsync", "tqdm", "wget", "yt-dlp"]

PIECES = [
    "load: 10%",
    "a log line",
    "é█▏漢",
    "  ",
    "\r",
    "\n",
    "\r\n",
    "\r\r\n",
    "\b\b",
    "\t",
    "\x07",
    "\x1b[A",
    "\x1b[2A",
    "\x1b[B",
    "\x1b[1F",
    "\x1b[K",
    "\x1b[2K",
    "\x1b[J",
    "\x1b[2J",
    "\x1b[G",
    "\x1b[3C",
    "\x1b[H",
    "\x1b[24;1f",
    "\x1b7",
    "\x1b8",
    "\x1b[1;32m",
    "\x1b[?25l",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b]0;title\x07",
    "\x1b]8;;http://a\x1b\\",
    "\x1b(B",
    "\x1bM",
    "\x1b[12",
    "\x1b]open",
    "\x1b",
    "\x9b",
]


@st.composite
def cut(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """Terminal output, whole and cut at random places; some of its bytes are no UTF-8."""
    pieces = draw(st.lists(st.sampled_from(PIECES).map(str.encode) | st.binary(max_size=4), max_size=40))
    whole = b"".join(pieces)
    places = sorted(draw(st.sets(st.integers(0, len(whole)), max_size=12)))
    edges = [0, *places, len(whole)]
    return whole, [whole[a:b] for a, b in itertools.pairwise(edges)]


class TestCutting:
    @given(cut())
    def test_output_cut_anywhere_gives_the_same_lines(self, seen, example):
        whole, chunks = example

        assert seen.lines(*chunks) == seen.lines(whole)

    @pytest.mark.parametrize("name", RECORDINGS)
    def test_a_recording_fed_byte_by_byte_gives_the_same_lines(self, seen, name):
        whole = seen.recorded(name)

        assert seen.lines(*(whole[at : at + 1] for at in range(len(whole)))) == seen.lines(whole)

    @given(cut())
    def test_no_line_has_an_escape_or_ends_in_blanks(self, seen, example):
        for line in seen.lines(example[0]):
            assert not set(line.text) & set("\x1b\r\n\x07\x08")
            assert line.text == line.text.rstrip()

    def test_a_letter_of_four_bytes_waits_for_its_last(self):
        screen = Screen()

        lines = [line for byte in "🙂\n".encode() for line in screen.feed(bytes([byte]))]

        assert lines == [Line("🙂", transient=False)]

    def test_bytes_that_are_no_utf8_become_the_replacement_character(self, seen):
        assert seen.log(b"caf\xe9 au lait\n") == ["caf� au lait"]


class TestCarriageReturns:
    def test_a_bar_redrawn_a_thousand_times_is_one_log_line(self, seen):
        frames = b"".join(b"\r%3d%%" % (at // 10) for at in range(1001))

        assert seen.log(frames + b"\n") == ["100%"]

    def test_each_state_that_was_drawn_over_is_told_as_transient(self, seen):
        assert seen.redrawn(b"\r10%\r20%\r30%\n") == ["10%", "20%"]

    def test_a_bar_that_ends_each_frame_with_a_return_is_told_when_it_is_drawn_over(self, seen):
        assert seen.lines(b"10%\r20%\r") == [Line("10%", transient=True), Line("20%", transient=False)]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\r\r\r\n"])
    def test_returns_before_a_line_feed_do_not_erase(self, seen, end):
        assert seen.lines(b"done" + end) == [Line("done", transient=False)]

    def test_blanks_that_wipe_a_bar_are_no_line(self, seen):
        assert seen.lines(b"\r0% [Working]\r            \rGet:1 x\r\n") == [
            Line("0% [Working]", transient=True),
            Line("Get:1 x", transient=False),
        ]

    def test_empty_lines_of_the_log_are_kept(self, seen):
        assert seen.log(b"a\n\nb\n") == ["a", "", "b"]

    def test_backspaces_take_back_what_they_pass_over(self, seen):
        assert seen.lines(b" 10%\b\b\b\b 20%\n") == [Line(" 10%", transient=True), Line(" 20%", transient=False)]


class TestErasing:
    @pytest.mark.parametrize("erase", [b"\r\x1b[2K", b"\x1b[2K\r", b"\r\x1b[K", b"\r\x1b[J", b"\x1b[G\x1b[K"])
    def test_an_erased_frame_is_transient(self, seen, erase):
        assert seen.lines(b"10%" + erase + b"20%\n") == [Line("10%", transient=True), Line("20%", transient=False)]

    def test_erasing_right_of_the_text_erases_nothing(self, seen):
        assert seen.log(b"4/4 [100%]\x1b[K\r\n") == ["4/4 [100%]"]

    def test_a_bar_that_is_erased_leaves_an_empty_line(self, seen):
        assert seen.lines(b"10%\r\x1b[K\nnext\n") == [
            Line("10%", transient=True),
            Line("", transient=False, row=0),
            Line("next", transient=False, row=1),
        ]

    def test_colours_titles_and_links_are_stripped(self, seen):
        text = b"\x1b]0;my title\x07\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\ \x1b(Bplain\n"

        assert seen.log(text) == ["red link plain"]

    def test_a_title_that_never_ends_does_not_swallow_the_log(self, seen):
        assert seen.log(b"\x1b]0;open\nnext\n") == ["]0;open", "next"]

    def test_what_a_full_screen_program_draws_is_no_log(self, seen):
        assert seen.log(b"before\n\x1b[?1049h\x1b[2;3Hpanel\nrow\n\x1b[?1049lafter\n") == ["before", "after"]


class TestRowsDrawnAgain:
    def test_nested_bars_are_transient_until_they_end(self, seen):
        log = [text for text in seen.log(seen.recorded("tqdm")) if text.startswith(("outer", "inner"))]

        assert [text.split("|")[0] for text in log] == ["outer:   0%", "outer: 100%"]

    def test_a_region_of_three_rows_is_its_first_and_its_last_frame(self, seen):
        frames = [b"\r\x1b[2K\x1b[1A\x1b[2K\x1b[1A\x1b[2KA %d\nB %d\nC %d" % (n, n, n) for n in range(1, 50)]

        assert seen.log(b"A 0\nB 0\nC 0", *frames, b"\n") == ["A 0", "B 0", "A 49", "B 49", "C 49"]

    def test_a_row_of_a_region_that_was_wiped_is_no_line(self, seen):
        assert seen.log(b"A\nB\nC\x1b[2A\rA1\n\x1b[2K\n\rC1\n") == ["A", "B", "A1", "C1"]

    def test_log_lines_printed_above_a_region_come_once_and_in_order(self, seen):
        up = b"\r\x1b[2K\x1b[1A\x1b[2K"
        output = b"A 0\nB 0" + up + b"first\nA 1\nB 1" + up + b"second\nA 2\nB 2\n"

        log = seen.log(output)

        assert [text for text in log if text in {"first", "second"}] == ["first", "second"]
        assert log[-2:] == ["A 2", "B 2"]

    def test_lines_after_a_region_come_at_once_again(self):
        screen = Screen()
        screen.feed(b"outer\n\rinner\x1b[A\router done\r\n")
        screen.feed(b"one\n")
        screen.feed(b"two\n")

        assert [line.text for line in screen.feed(b"three\n") if not line.transient] == ["three"]

    def test_a_line_held_back_is_told_when_the_command_falls_silent(self):
        screen = Screen()
        screen.feed(b"outer\n\rinner\x1b[A\router done\r\n\x1b[2K")
        held = [line.text for line in screen.feed(b"\rsleeping now\n") if not line.transient]

        settled = [line.text for line in screen.settle()]

        assert (held, settled) == (["outer done"], ["sleeping now"])

    def test_silence_between_two_frames_settles_nothing(self):
        screen = Screen()
        screen.feed(b"outer\n\rinner 1\x1b[A\router 2")

        assert screen.settle() == []

    def test_rows_of_a_region_can_be_told_apart(self, seen):
        rows = {line.text: line.row for line in seen.lines(b"A\nB\x1b[A\rA1\n\rB1\x1b[A\rA2\n\rB2\n")}

        assert rows["A1"] == rows["A2"] != rows["B1"] == rows["B2"]

    def test_a_status_bar_at_the_foot_of_the_window_is_transient(self, seen):
        status = b"\x1b7\x1b[50;0f\x1b[42mProgress: [ 40%]\x1b[49m [####......] \x1b8"

        assert seen.lines(b"Unpacking a\r\n" + status + b"Setting up a\r\n") == [
            Line("Unpacking a", transient=False, row=0),
            Line("Progress: [ 40%] [####......]", transient=True, row=-1),
            Line("Setting up a", transient=False, row=1),
        ]

    def test_a_cleared_window_begins_a_new_page_of_the_log(self, seen):
        assert seen.log(b"old\x1b[H\x1b[2Jnew\n") == ["old", "new"]


class TestNow:
    def test_the_row_under_the_cursor_shows_before_it_is_drawn_over(self):
        screen = Screen()
        screen.feed(b"log\n\r42%")

        assert screen.showing() == Line("42%", transient=True, row=1)

    def test_nothing_shows_on_a_row_that_was_told_already(self):
        screen = Screen()
        screen.feed(b"42%\n")

        assert screen.showing() is None

    def test_what_is_left_at_the_end_is_a_log_line(self):
        screen = Screen()
        screen.feed(b"10%\r90%")

        assert screen.close() == [Line("90%", transient=False)]


class TestBounds:
    def test_a_row_without_end_is_cut_into_log_lines(self, seen):
        log = seen.log(b"x" * (2 * MAX_ROW + 5))

        assert [len(text) for text in log] == [MAX_ROW, MAX_ROW, 5]

    def test_a_thousand_lines_keep_a_bounded_number_of_rows(self):
        screen = Screen()

        screen.feed(b"line\n" * 1000)

        assert len(screen._rows) <= 65

    def test_a_cursor_sent_far_up_stays_on_the_screen(self, seen):
        assert seen.log(b"a\n" * 200 + b"\x1b[999A\rtop\x1b[999B\rend\n")[-1] == "end"
