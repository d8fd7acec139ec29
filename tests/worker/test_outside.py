"""A handler that is called outside of any job asks whoever sits at the terminal."""

from __future__ import annotations

import io

import pytest

from headway.worker.outside import TerminalHost


class Typed(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("url", "shown"), [(None, "Go on? "), ("https://example.org/sign", "Go on? https://example.org/sign ")]
)
def test_a_question_is_shown_with_its_page_and_answered_by_a_line(
    url: str | None, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", Typed("yes\n"))

    answer = TerminalHost().ask("1.1", "Go on?", None, url).result()

    assert (answer.action, answer.content, capsys.readouterr().out) == ("accept", "yes", shown)


def test_where_nobody_sits_the_answer_is_a_refusal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))

    assert TerminalHost().ask("1.1", "Go on?", None, None).result().action == "decline"
