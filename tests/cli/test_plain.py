"""What a terminal is given of texts that are not ours."""

from __future__ import annotations

import pytest

from headway.cli.plain import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\tand a tab · ✓ – שלום", "two\nlines\tand a tab · ✓ – שלום"),
        ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
        ("\x1b[31mred for ever", "\x1b[31mred for ever\x1b[0m"),
        ("\x1b[2J\x1b[Hgone", "�[2J�[Hgone"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("\x9b2J \x90q \x07 \x08\r", "�2J �q � ��"),
        ("gpj.\u202egnp.exe\u202c \u2066x\u2069", "gpj.�gnp.exe� �x�"),
    ],
)
def test_only_lines_tabs_and_colours_pass(text: str, shown: str):
    assert plain(text) == shown
