"""One prompt from its submission to its end: does what `Prompt` wants, and tells it what came of that.

At most one submission, one look at a time, and neither holds up what the socket says. Whoever awaits it is cancelled
like any coroutine: then the prompt is still in the engine, and `engine.py` stops it. Called by the handler.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from headway.clock import Clock
from headway.connectors.comfyui.api import Api, NoAnswer, Refusal
from headway.connectors.comfyui.events import Event, Noted, Preview, Said
from headway.connectors.comfyui.prompt import Look, Prompt, Want

Json = dict[str, Any]

_LATE_S = 10.0  # for the answer to the submission of what is over already


class Drive:
    """`run` until the prompt is over; the engine calls `hear`, `reconnected` and `stirred`.

    `on_event`: each event of this prompt, in order. `on_look`: where it was found. `on_alive`: evidence of life.
    `on_accepted`: the answer to its submission. Refusal out of `run`: the engine will not take it.
    """

    def __init__(
        self, prompt: Prompt, api: Api, body: Json, clock: Clock, *, on_event: Callable[[Event], None],
        on_look: Callable[[Look], None], on_alive: Callable[[], None], on_accepted: Callable[[Json], None],
    ) -> None:  # fmt: skip
        self.prompt = prompt
        self._api = api
        self._body = body
        self._clock = clock
        self._on_event = on_event
        self._on_look = on_look
        self._on_alive = on_alive
        self._on_accepted = on_accepted
        self._woken = asyncio.Event()
        self._submission: asyncio.Task[Json] | None = None
        self._look: asyncio.Task[Look] | None = None
        self._connected = False
        self._events: deque[Event] = deque()

    # -- what the engine tells --

    def hear(self, event: Event) -> None:
        """An event of the socket; those of other prompts are not ours to hear."""
        if not self._is_ours(event):
            return
        self.prompt.heard(_word(event), self._clock.monotonic())
        self._events.append(event)
        self._woken.set()

    def _is_ours(self, event: Event) -> bool:
        """What names no prompt is of the one that runs: pictures of an older ComfyUI, and texts."""
        if event.prompt is None and isinstance(event, Preview | Noted):
            return self.prompt.running
        return event.prompt == self.prompt.id

    def connected(self) -> None:
        """The socket is open, or open again."""
        self._connected = True
        self.prompt.reconnected(self._clock.monotonic())
        self._woken.set()

    def disconnected(self) -> None:
        """Nothing is heard for now."""
        self._connected = False

    def stirred(self) -> None:
        """The engine's queue has changed."""
        self.prompt.stirred(self._clock.monotonic())
        self._woken.set()

    # -- to its end --

    async def run(self) -> None:
        """Until `prompt.over`. Refusal when the engine refuses it."""
        try:
            while not self.prompt.over:
                self._begin_what_is_wanted()
                await self._wait()
                self._take_events()
                self._take_answers()
            await self._take_late_answer()
        finally:
            if self._look is not None:
                self._look.cancel()
                self._look.add_done_callback(_forget)

    async def _take_late_answer(self) -> None:
        """The prompt was over before its submission was answered: the answer may say what was left out."""
        if self._submission is not None:
            await asyncio.wait([self._submission], timeout=_LATE_S)
            with contextlib.suppress(Refusal):
                self._take_answers()

    async def settle(self) -> bool:
        """Wait for a submission that is under way: what is stopped before it arrived would come to life afterwards.

        Whether its answer came, so that a prompt that is not found is surely over.
        """
        if self._submission is None:
            return self.prompt.submitted
        await asyncio.wait([self._submission])
        error = self._submission.exception()
        return error is None or isinstance(error, Refusal) or (isinstance(error, NoAnswer) and not error.sent)

    def _begin_what_is_wanted(self) -> None:
        want = self.prompt.wanted(self._clock.monotonic(), connected=self._connected)
        if want is Want.SUBMIT and self._submission is None:
            self.prompt.submitting(self._clock.monotonic())
            self._submission = self._start(self._api.submit(self._body))
        elif want is Want.LOOK and self._look is None:
            self._look = self._start(self._api.look(self.prompt.id))

    def _start(self, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        begun = asyncio.get_running_loop().create_task(call)
        begun.add_done_callback(lambda _: self._woken.set())
        return begun

    async def _wait(self) -> None:
        """For a word, an answer, or the instant at which something is due."""
        due = self.prompt.wake_at()
        timer = None
        if due is not None and self._look is None and self._submission is None:
            timer = self._start(self._clock.sleep(max(0.0, due - self._clock.monotonic())))
        try:
            await self._woken.wait()
        finally:
            self._woken.clear()
            if timer is not None:
                timer.cancel()

    def _take_events(self) -> None:
        if self._events:
            self._on_alive()
        while self._events:
            self._on_event(self._events.popleft())

    def _take_answers(self) -> None:
        if self._submission is not None and self._submission.done():
            submission, self._submission = self._submission, None
            self._submitted(submission)
        if self._look is not None and self._look.done():
            look, self._look = self._look, None
            self._looked(look)

    def _submitted(self, submission: asyncio.Task[Json]) -> None:
        now = self._clock.monotonic()
        try:
            answer = submission.result()
        except NoAnswer as silence:
            self.prompt.unanswered(now) if silence.sent else self.prompt.unsent(now)
            return
        self.prompt.accepted(now)
        self._on_accepted(answer)

    def _looked(self, task: asyncio.Task[Look]) -> None:
        now = self._clock.monotonic()
        try:
            look = task.result()
        except (NoAnswer, Refusal):
            self.prompt.unseen(now)
            return
        if self.prompt.looked(look, now):
            self._on_alive()
        self._on_look(look)


def _word(event: Event) -> str:
    """Its name for the rules. `executing` of no node is said after the history was written."""
    if not isinstance(event, Said):
        return "preview"
    return "executing_none" if event.type == "executing" and event.body.get("node") is None else event.type


def _forget(over: asyncio.Task[Any]) -> None:
    """What became of it is of no interest any more."""
    if not over.cancelled():
        over.exception()
