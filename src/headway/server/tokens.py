"""Who a bearer token belongs to. One token from the configuration, or a file of hashed ones; nothing else yet.

A line of the file reads `name scope[,scope] sha256:HEX`, `#` begins a comment; only hashes are kept, in the file and
in memory. Without any token configured everybody is `LOCAL`, which the bind rule allows on loopback alone. Called by
the edge for every request and by the stream endpoints; must never know routes.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from headway.errors import Forbidden, InvalidInput, Unauthorized
from headway.server.config import Config

SCOPES: dict[str, frozenset[str]] = {
    "viewer": frozenset({"viewer"}),
    "operator": frozenset({"operator", "viewer"}),
    "worker": frozenset({"worker"}),
    "admin": frozenset({"admin", "operator", "viewer", "worker"}),
}
"""What a scope includes."""


class Subject(msgspec.Struct, frozen=True):
    """Somebody with a name and what they may do."""

    name: str
    scopes: frozenset[str]

    def require(self, scope: str) -> None:
        """Forbidden unless the scope is theirs."""
        if scope not in self.scopes:
            raise Forbidden(
                f"{self.name} may not do this: it takes the scope {scope!r}.",
                hint=f"Use a token with the scope {scope!r}; this one has {', '.join(sorted(self.scopes))}.",
            )


LOCAL = Subject("local", SCOPES["admin"])


class Tokens:
    """The tokens that are accepted, by the hash of each."""

    def __init__(self, subjects: dict[bytes, Subject]) -> None:
        self._subjects = subjects

    @classmethod
    def of(cls, config: Config) -> Tokens:
        """Those of the configuration. InvalidInput names the line of the file that is wrong."""
        subjects = _read(Path(config.tokens)) if config.tokens else {}
        if config.token:
            subjects[_hash(config.token)] = Subject("token", SCOPES["admin"])
        return cls(subjects)

    @property
    def required(self) -> bool:
        """True where every request must carry one."""
        return bool(self._subjects)

    def subject(self, token: str | None) -> Subject:
        """Whose token this is; Unauthorized without a valid one. Compared by hash: nothing about it leaks by time."""
        if not self._subjects:
            return LOCAL
        subject = self._subjects.get(_hash(token)) if token else None
        if subject is None:
            raise Unauthorized(
                "The token is not valid here." if token else "This server asks for a token.",
                hint="Send 'Authorization: Bearer …', or set HEADWAY_TOKEN for the commands.",
            )
        return subject


def line_of(name: str, scopes: list[str], token: str) -> str:
    """The line of a token file that accepts `token`."""
    return f"{name} {','.join(scopes)} sha256:{_hash(token).hex()}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _read(path: Path) -> dict[bytes, Subject]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput("tokens", f"{path} can not be read: {error}", hint="Name a readable text file.") from None
    lines = ((number, line.partition("#")[0].split()) for number, line in enumerate(text.splitlines(), 1))
    subjects = dict(_subject(path, number, words) for number, words in lines if words)
    if not subjects:
        raise InvalidInput("tokens", f"{path} has no token", hint="A line reads: NAME SCOPE[,SCOPE] sha256:HEX")
    return subjects


def _subject(path: Path, number: int, words: list[str]) -> tuple[bytes, Subject]:
    wrong = InvalidInput("tokens", f"line {number} of {path} is not understood",
                         hint="It reads: NAME SCOPE[,SCOPE] sha256:HEX")  # fmt: skip
    if len(words) != 3 or not words[2].startswith("sha256:"):
        raise wrong
    name, scopes, digest = words[0], words[1].split(","), words[2].removeprefix("sha256:")
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise InvalidInput("tokens", f"line {number} of {path} has the unknown scope {unknown[0]!r}",
                           hint=f"Scopes are {', '.join(SCOPES)}.")  # fmt: skip
    try:
        key = bytes.fromhex(digest)
    except ValueError:
        raise wrong from None
    if len(key) != 32:
        raise wrong
    return key, Subject(name, frozenset(part for scope in scopes for part in SCOPES[scope]))
