"""Following topics for as long as it takes: the shell around `protocol.following`, which decides everything.

Opens the transport that the link asks for, carries frames in and out, sleeps until the link is due. The very first
link must come about, else Unreachable is raised; from then on only a refusal ends it. Called by
`http.py` and `watch.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import msgspec

from headway.client.links import OPENED, TRANSPORTS, Asks, Barred, Ended
from headway.client.problems import error_from
from headway.client.rest import Rest
from headway.errors import HeadwayError, LinkRefused, ServerError, Unreachable
from headway.model.event import Event
from headway.protocol.following import Follower, Subscription
from headway.protocol.frames import Error, Frame, Hello, Subscribe, ToViewer, Unknown, parse_cursor
from headway.protocol.link import Action, Happening, Link
from headway.protocol.viewing import View

WAYS = tuple(TRANSPORTS)
Heard = ToViewer | Unknown | HeadwayError


class Update(msgspec.Struct, frozen=True):
    """The view after one more frame. `events` are new in it, in order.

    `live` False: the link is down since just now, for the reason `why`, and the view is the last that was heard.
    """

    view: View
    events: list[Event]
    live: bool = True
    link: str = ""
    why: str = ""


async def follow(
    rest: Rest,
    topics: Sequence[str],
    *,
    since: str | None = None,
    want: str = "auto",
    conflate: bool = True,
    pace_ms: int | None = None,
    ways: tuple[str, ...] | None = None,
) -> AsyncGenerator[Update, None]:
    """Updates of one view of `topics`, without end. `since`: a cursor to go on from, with `want="events"`."""
    clock = rest.clock
    follower = Follower(Hello(token=rest.token, client="headway-python"), link=Link(ways=ways or rest.ways or WAYS))
    subscription = follower.subscribe(topics, clock.monotonic(), want=want, conflate=conflate, pace_ms=pace_ms)
    if since is not None:
        cursor = parse_cursor(since)
        subscription.view.epoch, subscription.view.seq = cursor.epoch, cursor.seq
    shell = Shell(rest, follower, subscription)
    try:
        async for update in shell.run():
            yield update
    finally:
        await shell.drop()


class Shell:
    """The hands of one follower: a task that reads the transport into a queue of one, and an outbox."""

    def __init__(self, rest: Rest, follower: Follower, subscription: Subscription) -> None:
        self.rest = rest
        self.follower = follower
        self.subscription = subscription
        self._heard: asyncio.Queue[Heard] = asyncio.Queue(maxsize=1)
        self._outbox: asyncio.Queue[Frame] = asyncio.Queue()
        self._reading: asyncio.Task[None] | None = None
        self._subscribed = False
        self._welcomed = False  # something was shown once
        self._live = False
        self._trouble: HeadwayError | None = None
        self._close_code = 1006

    async def run(self) -> AsyncGenerator[Update, None]:
        """Do what the link asks, hear what comes, tell what became of the view."""
        link, clock = self.follower.link, self.rest.clock
        actions = self.follower.connect(clock.monotonic())
        while True:
            for action in actions:
                await self._do(action)
            if Action.WAIT in actions:
                self._insist_on_first_link()
                if self._live:
                    self._live = False
                    yield Update(self.subscription.view, [], live=False, link=link.way, why=link.reason)
            self._say(self.follower.frames())
            inbox, heard = self._heard, await self._hear(link.due)
            before = self.subscription.view.seq
            self.subscription.view.fresh = []
            actions = self._take(heard)
            if heard is not None:
                inbox.task_done()
            self._say(self.follower.frames())
            if (refused := self.subscription.refused) is not None:
                raise _error_of(refused)
            if self.subscription.view.ready and (self.subscription.view.fresh or self.subscription.view.seq != before):
                self._welcomed = self._live = True
                yield Update(self.subscription.view, self.subscription.view.fresh, link=link.way)

    async def _do(self, action: Action) -> None:
        if action is Action.CONNECT:
            await self.drop()
            asks: Asks = self.subscription.ask
            self._reading = asyncio.create_task(self._read(self.follower.link.way, asks))
        elif action is Action.DROP:
            await self.drop()
        elif action is Action.REFUSE:
            raise LinkRefused(self._close_code, self.follower.link.reason)

    async def drop(self) -> None:
        """End the transport; what it still says is not for us."""
        if self._reading is not None:
            task, self._reading = self._reading, None
            task.cancel()
            await asyncio.wait([task])  # who is cancelled here meanwhile is not kept from it
            if not task.cancelled():
                task.result()
        self._heard, self._outbox = asyncio.Queue(maxsize=1), asyncio.Queue()
        self._subscribed = False

    async def _read(self, way: str, asks: Asks) -> None:
        heard, frames = self._heard, TRANSPORTS[way](self.rest, asks, self._outbox)
        try:
            async for frame in frames:
                await heard.put(frame)
                await heard.join()  # the next poll asks from where the view stands after this frame
        except HeadwayError as error:
            await heard.put(error)
        finally:
            await frames.aclose()

    async def _hear(self, due: float | None) -> Heard | None:
        """The next thing heard, or None when the link is due."""
        wait = None if due is None else max(due - self.rest.clock.monotonic(), 0.0)
        try:
            async with asyncio.timeout(wait):
                return await self._heard.get()
        except TimeoutError:
            return None

    def _say(self, frames: list[Frame]) -> None:
        """On a link without a voice, a second subscribe means: open it again, from where the view stands."""
        if self.follower.link.way == "websocket":
            for frame in frames:
                self._outbox.put_nowait(frame)
            return
        for frame in frames:
            if isinstance(frame, Subscribe):
                if self._subscribed and self._reading is not None and self.follower.link.way == "sse":
                    self._reading.cancel()
                    self._heard = asyncio.Queue(maxsize=1)
                    self._heard.put_nowait(Ended(1006, "a gap"))
                self._subscribed = True

    def _take(self, heard: Heard | None) -> tuple[Action, ...]:
        """Tell the follower; give back what it wants done."""
        now, dice = self.rest.clock.monotonic(), self.rest.clock.uniform(0.0, 1.0)
        follower = self.follower
        match heard:
            case None:
                return follower.tick(now, dice)
            case Ended():
                self._close_code = heard.close_code
                return follower.closed(heard.close_code, now, dice, heard.message)
            case Unreachable():
                return self._broken(Happening.UNREACHABLE, heard)
            case Barred():
                return self._broken(Happening.BARRED, heard)
            case ServerError():
                return self._broken(Happening.UNREACHABLE, heard)
            case HeadwayError():
                raise heard
            case _ if heard is OPENED:
                return follower.opened(now)
            case Error() if heard.id is None:
                raise _error_of(heard)
            case _:
                return follower.receive(heard, now, dice)  # pyright: ignore[reportArgumentType]

    def _broken(self, what: Happening, error: HeadwayError) -> tuple[Action, ...]:
        self._trouble = error
        now, dice = self.rest.clock.monotonic(), self.rest.clock.uniform(0.0, 1.0)
        return self.follower.failed(what, now, dice, error.message)

    def _insist_on_first_link(self) -> None:
        """Before anything was ever heard, nobody there is an answer, and so is no way that gets through."""
        link = self.follower.link
        if not self._welcomed and (isinstance(self._trouble, Unreachable) or link.failures > len(link.ways)):
            raise self._trouble or Unreachable(self.rest.url, link.reason)


def _error_of(error: Error) -> HeadwayError:
    problem = {"code": error.code, "message": error.message, "hint": error.hint, "field": error.field}
    return error_from(problem, 400)
