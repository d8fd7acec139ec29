"""Progress of programs nobody wrote a format for: a percentage, or N of M.

The rules are strict, because any output has numbers. On a line that the program draws over, the first percentage or
count is taken. On a line of its own it must open the line (`42% built`, `[3/10] …`, `step 3 of 10`), and a line that
speaks of disks, packets or test results does not count.
"""

from __future__ import annotations

import re

from headway.connectors.command.reading import Format, Notes, Reading, percent

_NOT_OF_WORK = (
    r"(?:packets?|loss|lost|disks?|used|usage|full|free|avail\w*|idle|cpu|mem\w*|capacity|battery|coverage|overhead|"
    r"faster|slower|smaller|larger|confidence|off|passed|failed|failures?|errors?|warnings?)"
)
_OF_WORK = rf"(?!.*\b{_NOT_OF_WORK}\b)"  # asked last: it reads the whole line
_NOUN = r"(?:step|epoch|batch|iteration|iter|item|file|task|part|chunk|page|row|frame|round|job|test)"
_LABEL = re.compile(r"^\W*([^\W\d_][\w .,'-]{0,60}?)[\s:.\-(\[\]|=#>]*$")


def _drawn_percent(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[2], stage=_label(found[1]), source="percent")


def _opening_percent(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[1], message=found[2].strip(" ])|:-.") or None, source="percent")


def _drawn_count(found: re.Match[str], _: Notes) -> Reading | None:
    return _count(found[2], found[3], stage=_label(found[1]), message=None)


def _opening_count(found: re.Match[str], _: Notes) -> Reading | None:
    return _count(found[1], found[2], stage=None, message=found[3].strip(" :-.") or None)


def _named_count(found: re.Match[str], _: Notes) -> Reading | None:
    return _count(found[2], found[3], stage=found[1], message=found[4].strip(" :-.") or None)


def _count(n: str, total: str, *, stage: str | None, message: str | None) -> Reading | None:
    """None for `3/2` and `1/1`, which count nothing."""
    if int(n) > int(total) or int(total) < 2:
        return None
    return Reading(stage=stage, current=float(n), total=float(total), message=message, source="count")


def _label(before: str) -> str | None:
    """The words before the number, when they are words."""
    found = _LABEL.match(before)
    return found[1].strip(" .,-") or None if found else None


GENERIC = (
    Format(
        name="percent",
        hint="%",
        pattern=re.compile(
            rf"^(.*?)(?<![\d.,/:-])(\d{{1,3}}(?:\.\d+)?) ?%(?!\w)(?! *(?:of +)?(?:the +)?{_NOT_OF_WORK}\b)",
            re.IGNORECASE,
        ),
        read=_drawn_percent,
        redrawn=True,
    ),
    Format(
        name="percent",
        hint="%",
        pattern=re.compile(
            rf"^\s*\[?\s*(\d{{1,3}}(?:\.\d+)?)\s*%(?!\w)(?! of (?:the|all|its|our)\b){_OF_WORK}(.*)$",
            re.IGNORECASE,
        ),
        read=_opening_percent,
    ),
    Format(
        name="count",
        hint="",
        pattern=re.compile(r"^(.*?)(?<![\w./:-])(\d{1,12}) ?(?:/|of) ?(\d{1,12})(?![\w/:-]|\.\d|%)"),
        read=_drawn_count,
        redrawn=True,
    ),
    Format(
        name="count",
        hint="",
        pattern=re.compile(
            rf"^\s*[\[(]?(\d{{1,12}}) ?(?:/| of ) ?(\d{{1,12}})(?:[\])](?!\w)|(?=\s*$|:|\s+[^\W\d])){_OF_WORK}(.*)$",
            re.IGNORECASE,
        ),
        read=_opening_count,
    ),
    Format(
        name="count",
        hint="",
        pattern=re.compile(
            rf"^\W{{0,4}}((?:(?!{_NOT_OF_WORK}\b)[a-z]+ )?{_NOUN}s?)[ :#]+(\d{{1,12}}) ?(?:/| of ) ?(\d{{1,12}})(?![\w/.-]){_OF_WORK}(.*)$",
            re.IGNORECASE,
        ),
        read=_named_count,
    ),
)
"""Tried last, and only when no format that knows its tool is drawing."""
