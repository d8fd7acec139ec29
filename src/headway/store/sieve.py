"""What a database can tell of a query by the text of a document, so that few documents are read, sent and tested.

Each term becomes texts of which one must be in a document that the term can match: `args.url:http*` needs
`"url":"http`. Never the last word, only a first one: `headway.model.query.matches` tests what passes. A term that
promises nothing (negated, a number that can be written in two ways) passes everything. Documents are JSON as msgspec
writes it: no blanks, escapes only for quotes, backslashes and control characters. Pure; called by `listing.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from headway.model.query import Query
from headway.model.term import TEXT, Term


class Need(NamedTuple):
    """One of `parts` must be in the document. `any_case`: small letters, for documents in ASCII; others may match."""

    parts: tuple[str, ...]
    any_case: bool = False


def needs_of(query: Query, known: Iterable[str] = ()) -> list[Need]:
    """What a document needs to match. Terms of the keys `known` hold already."""
    terms = [term for term in query.terms if not term.negated and term.key in _NEEDS and term.key not in known]
    return [need for term in terms if (need := _NEEDS[term.key](term)) is not None]


_PLAIN = re.compile(r"[ !#-\[\]-~]*")
"""Text that JSON writes as it is."""
_WORD = re.compile(r"[^\x00-\x1f\x7f-\U0010ffff\"\\:,{}\[\]*]+")
"""A part of a text that lies within one string, name or number of a document, however the text spans them."""
_OF_A_NUMBER = re.compile(r"[0-9.eE+-]*")
"""Python writes 1e-05 where a document has 0.00001."""


MOST_PARTS = 12
"""More are not looked for: that would cost more than testing the document."""


class _Start(NamedTuple):
    """What a value begins with; `whole`: it is nothing more."""

    text: str
    whole: bool

    @property
    def quoted(self) -> str:
        """As the start of a JSON text."""
        return f'"{self.text}"' if self.whole else f'"{self.text}'


def _field(term: Term) -> Need | None:
    """The field's text is one of the values."""
    return _of_key(term.key, term.values, _as_text)


def _label(term: Term) -> Need | None:
    return _of_key(term.name, term.values, _as_text)


def _args(term: Term) -> Need | None:
    """At the end of the path is one of the values, or a list of such."""
    return _of_key(term.name.rpartition(".")[2], term.values, _as_anything, numbers=True)


def _as_text(start: _Start) -> tuple[str, ...]:
    return (start.quoted,)


def _as_anything(start: _Start) -> tuple[str, ...]:
    """A text; a number or word as it is written; a list."""
    if _OF_A_NUMBER.fullmatch(start.text) and not (start.whole and start.text.isdecimal()):
        return ("",)
    return start.quoted, start.text, "["


def _of_key(
    key: str, values: Sequence[str], written: Callable[[_Start], tuple[str, ...]], *, numbers: bool = False
) -> Need | None:
    """The key, and behind it one of the starts as they may be `written`; where they say nothing, a word."""
    if not _PLAIN.fullmatch(key):
        return None
    name = f'"{key}":'
    starts = [_Start(start, not star) for start, star, _ in (value.partition("*") for value in values)]
    telling = all(_PLAIN.fullmatch(start.text) and (start.text or start.whole) for start in starts)
    parts = {name + part: None for start in starts for part in written(start)} if telling else {name: None}
    if name in parts or len(parts) > MOST_PARTS:
        return _words(values, numbers=numbers) or Need((name,))
    return Need(tuple(parts))


def _error(term: Term) -> Need | None:
    return _words([value.casefold() for value in term.values], any_case=True)


def _text(term: Term) -> Need | None:
    return _words([term.values[0].casefold()], any_case=True, numbers=True)


def _words(values: Sequence[str], *, any_case: bool = False, numbers: bool = False) -> Need | None:
    """The longest word of each value; not one that may be of a number, if there may be `numbers`."""
    found = dict.fromkeys(_longest_word(value, numbers=numbers) for value in values)
    return Need(tuple(found), any_case) if all(found) and len(found) <= MOST_PARTS else None


def _longest_word(value: str, *, numbers: bool) -> str:
    words = [word.strip() for word in _WORD.findall(value)]
    return max((word for word in words if not (numbers and _OF_A_NUMBER.fullmatch(word))), key=len, default="")


_NEEDS: dict[str, Callable[[Term], Need | None]] = {
    **dict.fromkeys(("state", "kind", "queue", "worker", "parent", "retry_of", "id"), _field),
    "label": _label,
    "args": _args,
    "error": _error,
    TEXT: _text,
}
