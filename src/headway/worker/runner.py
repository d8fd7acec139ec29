"""One attempt as a pipeline of named steps: bind, run, conclude, settle what is owed, clean up, end.

Theory. Whatever a handler does ends as exactly one `Ending`, a word of `model.job.Outcome` and its evidence. Which
exception means what is the table `MEANINGS`, read from the top. Must never know pipes or links. Called by
`executor.py` (both kinds of handler) and by `headway.testing`.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from headway.errors import Cancelled, HeadwayError, InvalidInput, Reject, Retry
from headway.model.job import Outcome
from headway.model.nesting import VALUE_DEPTH, nests_deeper
from headway.model.settings import Settings
from headway.worker.context import Context, enter, leave, run_cleanups
from headway.worker.job import Job

_TRACEBACK = 16_000  # characters; the end is kept, where the cause stands
_RESULT_BYTES = Settings().result_bytes


def _jsonable(value: Any) -> Any:
    """pydantic models and paths, which msgspec does not know."""
    if callable(dump := getattr(value, "model_dump", None)):
        return dump(mode="json")
    if hasattr(value, "__fspath__"):
        return str(value)
    raise TypeError(f"{type(value).__qualname__} can not be written")


_encoder = msgspec.json.Encoder(enc_hook=_jsonable)


class Ending(msgspec.Struct, kw_only=True, frozen=True):
    """How an attempt ended. `result` is JSON text; `cleaned` says what became of the clean-up callbacks."""

    outcome: str
    result: bytes | None = None
    error: dict[str, str] | None = None
    retry_after_s: float | None = None
    reason: str = ""
    cleaned: str = ""
    raised: BaseException | None = None


async def run_async(job: Job[..., Any], context: Context, args: bytes) -> Ending:
    """An `async def` handler, in the task of the caller. Never raises; a cancel of the task is the handler's to see."""
    token = enter(context)
    try:
        ending = await _attempt_async(job, context, args)
        ending = await _settle(context, ending)
        return await _clean_up(context, ending)
    finally:
        context.reporter.finish()
        leave(token)


def run_sync(job: Job[..., Any], context: Context, args: bytes) -> Ending:
    """A `def` handler, in the thread of the caller. Never raises."""
    token = enter(context)
    try:
        ending = _attempt_sync(job, context, args)
        ending = _settle_sync(context, ending)
        return asyncio.run(_clean_up(context, ending)) if context.cleanups else ending
    finally:
        context.reporter.finish()
        leave(token)


async def _attempt_async(job: Job[..., Any], context: Context, args: bytes) -> Ending:
    try:
        values = job.signature.bind(args)
    except InvalidInput as error:
        return rejected(error)
    if context.cancelled:
        return Ending(outcome=Outcome.CANCELLED, reason=context.cancel_reason)
    try:
        handler = job.handler
        value = await (handler(context, **values) if job.signature.takes_context else handler(**values))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is how the handler ended
        return ending_of(error, context)
    return succeeded(value)


def _attempt_sync(job: Job[..., Any], context: Context, args: bytes) -> Ending:
    try:
        values = job.signature.bind(args)
    except InvalidInput as error:
        return rejected(error)
    if context.cancelled:
        return Ending(outcome=Outcome.CANCELLED, reason=context.cancel_reason)
    try:
        handler = job.handler
        value = handler(context, **values) if job.signature.takes_context else handler(**values)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is how the handler ended
        return ending_of(error, context)
    return succeeded(value)


# -- what it means -------------------------------------------------------------------------------------------------


def succeeded(value: Any) -> Ending:
    """The value as JSON, or an error that says why it can not be a result."""
    try:
        result = _encoder.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return _errored("ResultNotJson", f"The result is not JSON: {error}. {_RESULT_HINT}")
    if len(result) > _RESULT_BYTES:
        return _errored(
            "ResultTooLarge", f"The result has {len(result):,} bytes; the limit is {_RESULT_BYTES:,}. {_RESULT_HINT}"
        )
    if nests_deeper(result):
        return _errored("ResultTooDeep", f"The result nests deeper than {VALUE_DEPTH} levels. {_RESULT_HINT}")
    return Ending(outcome=Outcome.SUCCEEDED, result=result)


_RESULT_HINT = "Return dicts, lists, texts and numbers; store anything else with ctx.artifact()."


def rejected(error: HeadwayError) -> Ending:
    """The input can never work."""
    return Ending(
        outcome=Outcome.REJECTED, error={"type": type(error).__name__, "message": str(error)}, reason=str(error),
        raised=error,
    )  # fmt: skip


def ending_of(error: BaseException, context: Context) -> Ending:
    """What an exception out of a handler means."""
    for types, applies, ending in MEANINGS:
        if isinstance(error, types) and applies(context):
            return ending(error)
    raise AssertionError("the last row of MEANINGS takes every exception") from error


def _cancelled(error: BaseException) -> Ending:
    reason = error.reason if isinstance(error, Cancelled) else ""
    return Ending(outcome=Outcome.CANCELLED, reason=reason, raised=error)


def _retried(error: Any) -> Ending:
    return Ending(
        outcome=Outcome.ERRORED, error=_error_doc(error), retry_after_s=error.after_s, reason=error.reason, raised=error
    )


def _failed(error: BaseException) -> Ending:
    return Ending(outcome=Outcome.ERRORED, error=_error_doc(error), raised=error)


def _always(context: Context) -> bool:
    return True


def _when_asked(context: Context) -> bool:
    return context.cancelled


MEANINGS: tuple[tuple[type[BaseException], Callable[[Context], bool], Callable[[Any], Ending]], ...] = (
    (Cancelled, _always, _cancelled),
    (asyncio.CancelledError, _when_asked, _cancelled),
    (Retry, _always, _retried),
    (Reject, _always, rejected),
    (BaseException, _always, _failed),
)


def _errored(type: str, message: str) -> Ending:
    return Ending(outcome=Outcome.ERRORED, error={"type": type, "message": message})


def _error_doc(error: BaseException) -> dict[str, str]:
    trace = error.__traceback__
    if trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next  # our own frame tells the reader nothing
    lines = traceback.format_exception(type(error), error, trace)
    return {
        "type": type(error).__qualname__,
        "message": str(error)[:_TRACEBACK] or type(error).__qualname__,
        "traceback": "".join(lines)[-_TRACEBACK:],
    }


# -- what is owed --------------------------------------------------------------------------------------------------


async def _settle(context: Context, ending: Ending) -> Ending:
    """Wait until artifacts are stored and children are submitted: they are part of what succeeded."""
    for pending in context.owed:
        try:
            await pending
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - as above
            ending = _owing(context, ending, error)
    return ending


def _settle_sync(context: Context, ending: Ending) -> Ending:
    for pending in context.owed:
        try:
            pending.result()
        except Exception as error:  # noqa: BLE001 - as above
            ending = _owing(context, ending, error)
    return ending


def _owing(context: Context, ending: Ending, error: BaseException) -> Ending:
    return ending_of(error, context) if ending.outcome == Outcome.SUCCEEDED else ending


async def _clean_up(context: Context, ending: Ending) -> Ending:
    """Run the callbacks; what they raise is noted and does not change the outcome."""
    if not context.cleanups:
        return ending
    raised = await run_cleanups(context, succeeded=ending.outcome == Outcome.SUCCEEDED)
    for error in raised:
        context.error(error)
    cleaned = f"failed: {raised[0]}" if raised else "done"
    return msgspec.structs.replace(ending, cleaned=cleaned)
