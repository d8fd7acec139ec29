"""`ctx.log` and the capture of stdlib logging: both end as log lines of the attempt that wrote them.

Which attempt is found by context variable, so that a library's `logging.getLogger(__name__)` needs to know nothing.
Called by `context.py` and, once per process, by `executor.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"), (0, "debug"))

Write = Callable[[str, str], None]


class Log:
    """Lines of this attempt: `ctx.log.info("parsed %s", file)`. %-arguments as in `logging`."""

    __slots__ = ("write",)

    def __init__(self, write: Write) -> None:
        self.write = write

    def debug(self, message: object, *args: object) -> None:
        """For who looks closely."""
        self.write("debug", _text(message, args))

    def info(self, message: object, *args: object) -> None:
        """What is going on."""
        self.write("info", _text(message, args))

    def success(self, message: object, *args: object) -> None:
        """Something worth being glad about."""
        self.write("success", _text(message, args))

    def warning(self, message: object, *args: object) -> None:
        """A line of level warning. To have it counted and shown on the job, use `ctx.warn`."""
        self.write("warning", _text(message, args))

    def error(self, message: object, *args: object) -> None:
        """A line of level error. To have it counted and shown on the job, use `ctx.error`."""
        self.write("error", _text(message, args))


def _text(message: object, args: tuple[object, ...]) -> str:
    text = str(message)
    if not args:
        return text
    try:
        return text % args
    except (TypeError, ValueError):
        return f"{text} {' '.join(map(repr, args))}"  # a log line must not end a job


def level_of(number: int) -> str:
    """Our word for a level of stdlib logging."""
    return next(word for floor, word in LEVELS if number >= floor)


class Capture(logging.Handler):
    """Routes every record to the attempt that logs; one from outside of attempts goes to `elsewhere`, from its level on."""

    def __init__(self, find: Callable[[], Write | None], elsewhere: logging.Handler) -> None:
        super().__init__()
        self._find = find
        self._elsewhere = elsewhere
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """One record; what can not be formatted is said by `logging` itself."""
        write = self._find()
        if write is None:
            if record.levelno >= self._elsewhere.level:
                self._elsewhere.handle(record)
            return
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - a user's __str__ may raise anything
            self.handleError(record)
            return
        level = level_of(record.levelno)
        for line in text.splitlines() or [""]:
            write(level, line)


def install_capture(find: Callable[[], Write | None]) -> None:
    """Capture the root logger, from level INFO unless the program chose another."""
    root = logging.getLogger()
    elsewhere = logging.StreamHandler()
    elsewhere.setLevel(logging.WARNING)  # what root had: lowering it is for attempts, not for our own HTTP client
    root.addHandler(Capture(find, elsewhere))
    if root.level == logging.WARNING:  # its default
        root.setLevel(logging.INFO)
