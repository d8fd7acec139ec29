"""What a handler may say by its context, as far as no other test says it: pictures of how it looks now."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from headway.errors import HeadwayError, InvalidInput
from headway.model.settings import Settings
from headway.testing import run
from headway.worker.context import Context
from headway.worker.showing import Picture

LIMIT = Settings().preview_bytes


def test_a_picture_is_shown_with_its_type_and_label():
    def draw(ctx: Context) -> None:
        ctx.preview(b"pixels")
        ctx.preview(bytearray(b"more"), "image/png", label="step 2")

    ran = run(draw)

    assert ran.previews == [Picture(b"pixels", "image/jpeg"), Picture(b"more", "image/png", "step 2")]


@pytest.mark.parametrize(
    ("image", "type", "said"),
    [
        (
            b"<svg/>",
            "image/svg+xml",
            r"'image/svg\+xml' is not shown. Use image/png, image/jpeg, image/webp, image/gif.",
        ),
        (b"", "image/png", "image: has no bytes. Give the bytes of an encoded picture."),
    ],
)
def test_what_is_no_picture_is_the_handlers_mistake(image: bytes, type: str, said: str):
    def draw(ctx: Context) -> None:
        ctx.preview(image, type)

    with pytest.raises(InvalidInput, match=said):
        run(draw)


def test_one_that_is_too_large_is_said_once_and_fails_nothing():
    def draw(ctx: Context) -> None:
        for _ in range(3):
            ctx.preview(b"x" * (LIMIT + 1))
        ctx.preview(b"x" * LIMIT)

    ran = run(draw)

    assert [len(picture.content) for picture in ran.previews] == [LIMIT]
    assert ran.logs == [("warning", f"A preview of {LIMIT + 1} bytes is not shown: the limit is {LIMIT}.")]


WORDS_WITH_A_VALUE: list[Callable[[Context, Any], Any]] = [
    lambda ctx, value: ctx.progress(1, 2, details=value),
    lambda ctx, value: ctx.here().detail(value),
    lambda ctx, value: ctx.stage("read").detail(value),
    lambda ctx, value: ctx.checkpoint("at", value),
    lambda ctx, value: ctx.emit("mine.now", {"value": value}),
    lambda ctx, value: ctx.ask("Which?", value),
]
CAN_NOT_TRAVEL = [
    (functools.reduce(lambda inner, _: [inner], range(40), []), "nests deeper than 24 levels"),
    (object(), "is not JSON"),
    ("x" * (Settings().args_bytes + 1), "the limit is"),
]


@pytest.mark.parametrize("say", WORDS_WITH_A_VALUE)
@pytest.mark.parametrize(("value", "sentence"), CAN_NOT_TRAVEL, ids=["deep", "no JSON", "large"])
def test_a_value_that_can_not_travel_is_the_handlers_mistake_wherever_it_enters(
    say: Callable[[Context, Any], Any], value: Any, sentence: str
):
    with pytest.raises(HeadwayError, match=sentence):
        run(lambda ctx: say(ctx, value))


def test_details_that_fit_are_told_as_they_are():
    def work(ctx: Context) -> None:
        ctx.progress(1, 2, details={"depth": [1, {"a": None}]})

    ran = run(work)

    assert [details for said in ran.progress if (details := said.details) is not None] == [{"depth": [1, {"a": None}]}]
