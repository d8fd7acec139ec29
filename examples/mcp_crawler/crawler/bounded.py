"""Parsing what strangers wrote, where it may take as long as it likes and harms nobody.

Parsers of HTML and of Python are quadratic for inputs made for that. Small inputs are parsed in a thread; larger ones in
a process of their own (`python -m crawler.bounded`), which is killed when its time is over or the call is cancelled.
"""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio import to_thread

from crawler.errors import CrawlError

SMALL = 50_000
WITHIN_S = 20.0
COMMAND = [sys.executable, "-m", "crawler.bounded"]

Result = TypeVar("Result")


async def bounded(
    parse: Callable[..., Result], content: str | bytes, *args: object, within_s: float = WITHIN_S
) -> Result:
    """`parse(content, *args)`, a function of a module; refused when it takes too long."""
    if len(content) <= SMALL:
        return await to_thread.run_sync(parse, content, *args)
    try:
        with anyio.fail_after(within_s):
            return await _elsewhere(pickle.dumps((parse, content, args)))
    except TimeoutError as error:
        raise CrawlError(
            f"It could not be parsed within {within_s:g} s: it is made to be slow, or far too large."
        ) from error


async def _elsewhere(question: bytes) -> Any:
    done = await anyio.run_process(COMMAND, input=question, cwd=Path(__file__).parents[1], check=False, stderr=None)
    if done.returncode != 0:
        raise CrawlError("It could not be parsed: the parser broke over it.")
    result = pickle.loads(done.stdout)  # noqa: S301 - of our own child
    if isinstance(result, CrawlError):
        raise result
    return result


def _answer() -> None:
    parse, content, args = pickle.load(sys.stdin.buffer)  # noqa: S301 - of our own parent
    try:
        result = parse(content, *args)
    except CrawlError as error:
        result = error
    pickle.dump(result, sys.stdout.buffer)


if __name__ == "__main__":
    _answer()
