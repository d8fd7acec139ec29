from __future__ import annotations

import io
import logging

import pytest

from headway.worker.logs import Capture, Log, level_of


def logger_into(capture: logging.Handler) -> logging.Logger:
    """A logger of its own, at the level that an executor gives the root."""
    logger = logging.getLogger("library")
    logger.handlers, logger.propagate = [capture], False
    logger.setLevel(logging.INFO)
    return logger


def test_a_record_of_a_library_becomes_a_line_of_the_attempt_that_logs():
    lines: list[tuple[str, str]] = []
    logger = logger_into(Capture(lambda: lambda level, text: lines.append((level, text)), logging.NullHandler()))

    logger.info("parsed %s", "a.py")
    logger.warning("two\nlines")

    assert lines == [("info", "library: parsed a.py"), ("warning", "library: two"), ("warning", "lines")]


def test_outside_of_attempts_only_what_python_itself_would_show_is_shown():
    shown = io.StringIO()
    elsewhere = logging.StreamHandler(shown)
    elsewhere.setLevel(logging.WARNING)
    logger = logger_into(Capture(lambda: None, elsewhere))

    logger.info("HTTP Request: PUT …")
    logger.warning("no answer")

    assert shown.getvalue() == "no answer\n"


@pytest.mark.parametrize(
    ("number", "word"), [(10, "debug"), (20, "info"), (25, "info"), (30, "warning"), (40, "error"), (50, "error")]
)
def test_levels_of_logging_have_words_of_ours(number: int, word: str):
    assert level_of(number) == word


def test_a_line_with_wrong_arguments_is_written_all_the_same():
    lines: list[tuple[str, str]] = []
    log = Log(lambda level, text: lines.append((level, text)))

    log.success("%d files", "many")
    log.debug("100 %")

    assert lines == [("success", "%d files 'many'"), ("debug", "100 %")]
