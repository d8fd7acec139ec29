r"""The filter language: one grammar for REST, CLI, dashboard and URL.

    state:running,queued kind:crawl queue:gpu label.subject:sub-01 args.url:*example* error:*Timeout* priority:>5
    running:>10m waiting:>5m since:24h until:2026-11-22 worker:gpu-3/1 parent:01J… retry_of:01J… id:01J… "free text"

Terms are joined by and, values within a term by comma = or; `-` before a term negates it; `*` in a value stands for
any text; quotes (`"…"`, inside them `\"` and `\\`) keep spaces and commas. `KEYS` is the table of the language.
`matches` is the meaning: a store may answer a term by an index, but never differently. `spec/cases/filters.json`
holds cases that every implementation passes. Pure: `now` comes in as an argument.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from headway.clock import from_iso
from headway.errors import InvalidInput
from headway.model.duration import parse_duration
from headway.model.job import ACTIVE, WAITING, JobDoc, JobState
from headway.model.term import FIELD, TEXT, Term, instant_of, unquoted


class Query(msgspec.Struct, frozen=True):
    """All terms must hold. An empty query matches every job. `str(query)` parses to an equal one."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(str(term) for term in self.terms)


class _Key(msgspec.Struct, frozen=True):
    """What the language knows of a key: how its values are checked and what a term of it means."""

    check: Callable[[str, str], str]  # (value, term as written) -> canonical value
    test: Callable[[Term, JobDoc, int], bool]
    named: bool = False  # takes a name after a dot
    operators: tuple[str, ...] = ("",)
    single: bool = False  # one value only
    live: bool = False


# -- reading -------------------------------------------------------------------------------------------------------


def parse(text: str) -> Query:
    """The query that `text` writes. InvalidInput names the term that is wrong and the way out."""
    return Query(tuple(_term(raw) for raw in _split(text)))


_TERM = re.compile(r"""(?:[^\s"]|"(?:[^"\\]|\\.)*")+""", re.DOTALL)
_VALUE = re.compile(r"""((?:[^,"]|"(?:[^"\\]|\\.)*")*)(,|$)""", re.DOTALL)


def _split(text: str) -> Iterable[str]:
    """The terms as written, split at blanks outside quotes."""
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _TERM.match(text, place)
        if found is None or (found.end() < len(text) and text[found.end()] == '"'):
            raise _wrong(text[place:], "has a quote that does not end", 'Close it with ", or write \\" inside quotes.')
        place = found.end()
        yield found.group()


def _term(raw: str) -> Term:
    negated = raw.startswith("-")
    body = raw.removeprefix("-")
    if not body:
        raise _wrong(raw, "negates nothing", "Put the minus directly before a term: -state:failed.")
    head, colon, rest = body.partition(":")
    if '"' in head or not colon:
        return Term(TEXT, (unquoted(body),), negated=negated)
    key, _, name = head.partition(".")
    known = KEYS.get(key)
    if known is None:
        keys = ", ".join(f"{each}.NAME" if KEYS[each].named else each for each in KEYS)
        raise _wrong(
            raw, f"has the unknown key {head!r}", f'Keys are {keys}; to search for the text itself, write "{body}".'
        )
    if known.named != bool(name):
        example = f"{key}.NAME:VALUE" if known.named else f"{key}:VALUE"
        raise _wrong(
            raw, f"does not say which {key}" if known.named else f"has a name after {key}", f"Write {example}."
        )
    return _valued(raw, Term(key, (), name, negated=negated), known, rest)


def _valued(raw: str, term: Term, known: _Key, rest: str) -> Term:
    operator = ""
    if known.operators != ("",):
        operator = next((sign for sign in (">=", "<=", ">", "<") if rest.startswith(sign)), "")
        rest = rest.removeprefix(operator)
        if operator not in known.operators:
            raise _wrong(raw, "does not say whether longer or shorter", f"Write {term.key}:>10m or {term.key}:<10m.")
    values = [found.group(1) for found in _VALUE.finditer(rest)]
    if len(values) > 1 and values[-1] == "" and not rest.endswith(","):
        values.pop()  # the empty match at the end
    if "" in values:
        raise _wrong(raw, "lacks a value", f'Write {term.key}:VALUE; "" is the empty text.')
    if len(values) > 1 and (known.single or operator):
        raise _wrong(raw, "takes one value", "Write two terms, or leave all but one value out.")
    return msgspec.structs.replace(
        term, operator=operator, values=tuple(known.check(unquoted(value), raw) for value in values)
    )


def _wrong(raw: str, problem: str, hint: str) -> InvalidInput:
    shown = raw if len(raw) <= 80 else raw[:79] + "…"
    return InvalidInput(FIELD, f"{shown!r} {problem}", hint=hint)


# -- values --------------------------------------------------------------------------------------------------------


_STATES = tuple(state.value for state in JobState)


def _any_text(value: str, raw: str) -> str:
    return value


def _state(value: str, raw: str) -> str:
    state = "cancelled" if value == "canceled" else value
    if state not in _STATES:
        raise _wrong(raw, f"names the unknown state {value!r}", f"States are {', '.join(_STATES)}.")
    return state


def _number(value: str, raw: str) -> str:
    if not re.fullmatch(r"-?[0-9]{1,15}", value):
        raise _wrong(
            raw, f"has {value!r} where a whole number belongs", "Write priority:5, priority:>5 or priority:<=0."
        )
    return value


def _length(value: str, raw: str) -> str:
    try:
        parse_duration(value)
    except InvalidInput as error:
        raise _wrong(raw, f"has {value!r} where a duration belongs", error.hint) from None
    return value


def _moment(value: str, raw: str) -> str:
    try:
        if value.isdigit():
            raise InvalidInput(FIELD, "lacks a unit")
        instant_of(value, 0)
    except InvalidInput:
        hint = "Write 24h (before now), 2026-11-22 or 2026-11-22T08:21:07Z."
        raise _wrong(raw, f"has {value!r} where a time belongs", hint) from None
    return value


# -- meaning -------------------------------------------------------------------------------------------------------


def matches(query: Query, job: JobDoc, now: int) -> bool:
    """True if every term holds for the document as of `now` (ms). Arguments are those in the document."""
    return all(KEYS[term.key].test(term, job, now) is not term.negated for term in query.terms)


def live(query: Query) -> bool:
    """True if a viewer can keep the list's membership live from events alone."""
    return all(KEYS[term.key].live for term in query.terms)


@lru_cache(maxsize=1024)
def glob(values: tuple[str, ...], *, any_case: bool = False) -> re.Pattern[str]:
    """A pattern that a whole text must match: one of `values`, in which `*` stands for any text."""
    return re.compile("|".join(map(_glob_pattern, values)), re.DOTALL | (re.IGNORECASE if any_case else 0))


def _glob_pattern(value: str) -> str:
    """Atomic groups take the first place of each middle part for good: linear, whatever somebody writes."""
    first, *middle = map(re.escape, value.split("*"))
    if not middle:
        return first
    return first + "".join(f"(?>.*?{part})" for part in middle[:-1]) + ".*" + middle[-1]


def _field(name: str) -> Callable[[Term, JobDoc, int], bool]:
    """The document's text `name` is one of the values; an absent one is none of them."""

    def test(term: Term, job: JobDoc, now: int) -> bool:
        found = job.get(name)
        return isinstance(found, str) and glob(term.values).fullmatch(found) is not None

    return test


def _label(term: Term, job: JobDoc, now: int) -> bool:
    found = job.get("labels", {}).get(term.name)
    return found is not None and glob(term.values).fullmatch(found) is not None


def _args(term: Term, job: JobDoc, now: int) -> bool:
    """The value at a dotted path of the arguments, or any element of it where it is a list."""
    found: Any = job.get("args")
    for step in term.name.split("."):
        if not isinstance(found, dict) or step not in found:
            return False
        found = found[step]  # pyright: ignore[reportUnknownVariableType]
    pattern = glob(term.values)
    values: Sequence[Any] = found if isinstance(found, list) else [found]  # pyright: ignore[reportUnknownVariableType]
    return any(pattern.fullmatch(_as_text(value)) for value in values)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _error(term: Term, job: JobDoc, now: int) -> bool:
    """Type, message, `Type: message` or reason code of how it failed; capitals do not matter."""
    error = job.get("error")
    texts = [job.get("reason", "")]
    if error:
        texts += [error["type"], error["message"], f"{error['type']}: {error['message']}"]
    pattern = glob(term.values, any_case=True)
    return any(pattern.fullmatch(text) for text in texts if text)


def _text(term: Term, job: JobDoc, now: int) -> bool:
    """A part of its id, kind, queue, labels, arguments, reason, error or progress message; capitals do not matter."""
    wanted = term.values[0].casefold()
    return any(wanted in text.casefold() for text in _texts(job))


def _texts(job: JobDoc) -> Iterable[str]:
    yield from (job.get("id", ""), job.get("kind", ""), job.get("queue", ""), job.get("reason", ""))
    yield from job.get("labels", {}).values()
    if "args" in job:
        yield _as_text(job["args"])
    if error := job.get("error"):
        yield f"{error['type']}: {error['message']}"
    yield job.get("progress", {}).get("message") or ""


_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda found, bound: found > bound,
    ">=": lambda found, bound: found >= bound,
    "<": lambda found, bound: found < bound,
    "<=": lambda found, bound: found <= bound,
}


def _priority(term: Term, job: JobDoc, now: int) -> bool:
    found = job.get("priority", 0)
    if term.operator:
        return _COMPARE[term.operator](found, term.numbers[0])
    return found in term.numbers


def _running(term: Term, job: JobDoc, now: int) -> bool:
    """Its current attempt runs, longer or shorter than that."""
    attempt = job.get("attempts", {}).get(str(job.get("attempt", 0)), {})
    started = attempt.get("started_at") if job.get("state") in ACTIVE else None
    return started is not None and _COMPARE[term.operator](now - from_iso(started), term.seconds * 1000)


def _waiting(term: Term, job: JobDoc, now: int) -> bool:
    """It waits, since it was last queued (or since it was created), longer or shorter than that."""
    since = job.get("queued_at") or job.get("created_at") if job.get("state") in WAITING else None
    return since is not None and _COMPARE[term.operator](now - from_iso(since), term.seconds * 1000)


def _since(term: Term, job: JobDoc, now: int) -> bool:
    """Created then or later."""
    return "created_at" in job and from_iso(job["created_at"]) >= term.instant(now)


def _until(term: Term, job: JobDoc, now: int) -> bool:
    """Created before."""
    return "created_at" in job and from_iso(job["created_at"]) < term.instant(now)


_ORDERED = (">", ">=", "<", "<=")

KEYS: dict[str, _Key] = {
    "state": _Key(_state, _field("state"), live=True),
    "kind": _Key(_any_text, _field("kind"), live=True),
    "queue": _Key(_any_text, _field("queue"), live=True),
    "label": _Key(_any_text, _label, named=True, live=True),
    "args": _Key(_any_text, _args, named=True),
    "error": _Key(_any_text, _error),
    "priority": _Key(_number, _priority, operators=("", *_ORDERED), live=True),
    "running": _Key(_length, _running, operators=_ORDERED, live=True),
    "waiting": _Key(_length, _waiting, operators=_ORDERED, live=True),
    "since": _Key(_moment, _since, single=True, live=True),
    "until": _Key(_moment, _until, single=True, live=True),
    "worker": _Key(_any_text, _field("worker")),
    "parent": _Key(_any_text, _field("parent")),
    "retry_of": _Key(_any_text, _field("retry_of")),
    "id": _Key(_any_text, _field("id")),
    TEXT: _Key(_any_text, _text, single=True),
}
