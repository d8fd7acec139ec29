"""Before a page is fetched: robots.txt allows it, and its host has had its pause. One for the whole server.

Pauses are by host and hold across calls: two calls at once are to a site no less than one that is twice as fast.
"""

from collections.abc import Awaitable, Callable

import anyio
import httpx

from crawler.errors import CrawlError
from crawler.robots import Robots

LONGEST_DELAY_S = 60.0
KEPT_HOSTS = 1000

Told = Callable[[str], Awaitable[None]]


class Manners:
    """Asks and waits; `sleep` is the seam at which tests see a pause without taking it."""

    def __init__(self, robots: Robots, sleep: Callable[[float], Awaitable[None]] = anyio.sleep) -> None:
        self._robots = robots
        self._sleep = sleep
        self._next: dict[str, float] = {}

    async def permit(self, url: httpx.URL, told: Told, least_s: float = 0.0) -> None:
        """Back when it may be fetched now; refused if robots.txt says no, or asks for too long a pause."""
        rules = await self._robots.rules(url)
        if not rules.allow(url.raw_path.decode("ascii")):
            raise CrawlError(f"robots.txt of {url.host} does not allow {url}.")
        if rules.delay_s > LONGEST_DELAY_S:
            raise CrawlError(f"robots.txt of {url.host} asks for {rules.delay_s:g} s between pages: too long for us.")
        await self._pause(url.host, max(rules.delay_s, least_s), told)

    async def _pause(self, host: str, pause_s: float, told: Told) -> None:
        now = anyio.current_time()
        begin = max(now, self._next.pop(host, now))
        if len(self._next) >= KEPT_HOSTS:
            self._next.pop(next(iter(self._next)))
        self._next[host] = begin + pause_s
        if begin > now:
            await told(f"waiting {begin - now:.1f} s: {host} wants a pause between pages")
            await self._sleep(begin - now)
