"""The one line of a process's stderr that says why it ended, out of all that runtimes draw around it. Pure.

Theory. What matters stands last, but for what stands in every traceback: frames, frames' source, boxes around both, warnings
of deprecation, the version of Node, where npm keeps its log. Such lines are passed over; if there is nothing else, the last
of them is better than nothing. Called by `process.py`; `plain` by whoever shows a server's words in one line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ESCAPES = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_DRAWN = re.compile("[\u2500-\u259f]")  # boxes and blocks
_NOISE = re.compile(
    r"""
      Traceback\ \(most\ recent | During\ handling\ of\ the\ above | The\ above\ exception\ was | File\ ".*",\ line\ \d
    | at\ .+:\d+[)\ {]*$ | at\ .*\(.*\)$ | node:internal/ | Node\.js\ v\d | \(Use\ `node\ | (?:code|requireStack|errno|syscall|path):\s
    | .*\b\w*Warning\b: | npm\ (?:warn|notice)\b | .*A\ complete\ log\ of\ this\ run
    | npm\ error\ (?:\d+\ )?(?:Note\ that|tarball,\ folder) | npm\ error(?:\ \d+)?$
    | For\ further\ information\ visit | ❱
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WARNED = re.compile(r"\b\w*Warning\b:")


def plain(text: str) -> str:
    """In one line, without escapes, control characters and drawings."""
    drawn = _DRAWN.sub(" ", _ESCAPES.sub("", text))
    kept = (" " if each.isspace() else "" if unicodedata.category(each)[0] == "C" else each for each in drawn)
    return " ".join("".join(kept).split())


def last_words(lines: Iterable[str]) -> str:
    """Of lines as they were written, the last that means something; empty where nothing was said."""
    told = noise = ""
    within = False
    for line in lines:
        text = plain(line)
        if not any(each.isalnum() for each in text):
            continue
        is_source = within and line[:1].isspace()  # indented below a warning, or below a frame
        if not is_source:
            within = _WARNED.search(text) is not None or text.startswith('File "')
        if is_source or _NOISE.match(text):
            noise = text
        else:
            told = text
    return told or noise
