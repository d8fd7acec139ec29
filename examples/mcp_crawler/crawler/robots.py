"""robots.txt by RFC 9309: groups, the longest rule wins, `*` and `$`; crawl-delay besides, which people write.

`Rules` is pure. `Robots` fetches one per origin and keeps it: 4xx means all is allowed, 5xx and silence mean nothing is.
The standard library's parser takes the first rule instead of the longest and knows no wildcards.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

import anyio
import httpx

from crawler.errors import Blocked, CrawlError
from crawler.fetching import Fetcher, Limits

KEEP_S = 3600.0
LIMITS = Limits(max_bytes=512_000, timeout_s=20, quiet_s=10, max_redirects=5)
"""RFC 9309: at least 500 KiB are read, at least five redirects followed."""

KEPT_ORIGINS = 1000


@dataclass(frozen=True)
class Rules:
    """What one agent may do on one origin; `rules` are (allowed, pattern)."""

    rules: tuple[tuple[bool, str], ...] = ()
    delay_s: float = 0.0

    @classmethod
    def of(cls, text: str, agent: str) -> "Rules":
        """The group of the agent's name, or else that of `*`."""
        name = re.split(r"[/\s]", agent, maxsplit=1)[0].lower()
        groups = list(_groups(text))
        mine = [group for group in groups if name in group.agents] or [g for g in groups if "*" in g.agents]
        return cls(
            tuple(rule for group in mine for rule in group.rules),
            max((group.delay_s for group in mine), default=0.0),
        )

    def allow(self, target: str) -> bool:
        """Whether a path with its query may be fetched; of rules of one length the allowing one counts."""
        path = _plain(target)
        if path == "/robots.txt":
            return True
        found = [(len(pattern), allowed) for allowed, pattern in self.rules if _matches(pattern, path)]
        return max(found)[1] if found else True


class _Group:
    def __init__(self) -> None:
        self.agents: set[str] = set()
        self.rules: list[tuple[bool, str]] = []
        self.delay_s = 0.0


def _groups(text: str) -> Iterable[_Group]:
    group, names = _Group(), True
    for line in text.lstrip("\ufeff").splitlines():
        key, _, value = (part.strip() for part in line.partition("#")[0].partition(":"))
        match key.lower():
            case "user-agent":
                if not names:
                    yield group
                    group, names = _Group(), True
                group.agents.add(value.lower())
            case "allow" | "disallow":
                names = False
                if value:
                    group.rules.append((key.lower() == "allow", _plain(value)))
            case "crawl-delay":
                names = False
                group.delay_s = float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value) else 0.0
            case _:
                continue
    yield group


def _plain(path: str) -> str:
    return quote(unquote_to_bytes(path), safe="/*$?&=;:@!'(),+~")


def _matches(pattern: str, path: str) -> bool:
    """`*` is anything, `$` at the end is the end; piece by piece, as a regular expression could be made to hang."""
    body, bound = (pattern[:-1], True) if pattern.endswith("$") else (pattern, False)
    first, *rest = body.split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    for place, piece in enumerate(rest):
        if bound and place == len(rest) - 1:
            return len(path) - at >= len(piece) and path.endswith(piece)
        found = path.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return not bound or at == len(path)


class Robots:
    """The rules of origins, each fetched once an hour."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._kept: dict[str, tuple[float, Rules]] = {}
        self._lock = anyio.Lock()

    async def rules(self, url: httpx.URL) -> Rules:
        """Those of its origin."""
        origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
        async with self._lock:
            kept = self._kept.get(origin)
            if kept is None or kept[0] < anyio.current_time():
                rules = await self._fetched(f"{origin}/robots.txt")
                self._kept.pop(origin, None)
                if len(self._kept) >= KEPT_ORIGINS:
                    self._kept.pop(next(iter(self._kept)))
                kept = self._kept[origin] = (anyio.current_time() + KEEP_S, rules)
            return kept[1]

    async def _fetched(self, url: str) -> Rules:
        try:
            got = await self._fetcher.get(url, limits=LIMITS, permit=_any_url, check=_any_answer, on_bytes=_unseen)
        except Blocked:
            raise
        except CrawlError as error:
            raise CrawlError(f"{url} must be read first, and could not be: {error}") from error
        if got.status >= 500:
            raise CrawlError(f"{url} answered {got.status}: until it can be read, nothing there may be fetched.")
        return Rules.of(got.content.decode("utf-8", "replace"), self._fetcher.agent) if got.status < 400 else Rules()


async def _any_url(url: httpx.URL) -> None:
    """Robots.txt itself is always permitted."""


def _any_answer(response: httpx.Response) -> None:
    """Its status says enough."""


async def _unseen(done: int, total: int | None) -> None:
    """Too small to be shown."""
