"""Bytes of a program's output as log lines: decoded, cut at newlines, carriage returns collapsed.

A line that was redrawn in place (a progress bar) is one line: what stood there last. Called by `process.py`.
"""

from __future__ import annotations

import codecs

_LONGEST = 65_536


class LineSplitter:
    """Feed it what came; it gives the lines that are complete."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    def feed(self, received: bytes) -> list[str]:
        """Complete lines, without their ends."""
        *lines, rest = (self._rest + self._decode(received)).split("\n")
        collapsed = _collapse(rest, ended=False)
        self._rest = collapsed
        done = [_collapse(line, ended=True) for line in lines]
        if len(collapsed) > _LONGEST:  # a program that never ends its line
            done.append(collapsed)
            self._rest = ""
        return done

    def finish(self) -> list[str]:
        """What is left when the output ends."""
        rest, self._rest = _collapse(self._rest + self._decode(b"", final=True), ended=True), ""
        return [rest] if rest else []


def _collapse(line: str, *, ended: bool) -> str:
    """What stands in the line after its carriage returns. One at the very end only waits for what comes."""
    if "\r" not in line:
        return line
    kept = line.rstrip("\r")
    last = kept.rpartition("\r")[2]
    return last if ended or kept == line else last + "\r"
