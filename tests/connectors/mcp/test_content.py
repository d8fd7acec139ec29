"""What a tool gave as the result of a job: within its limits, and of types that carry no scripts."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest
from mcp_types import CallToolResult

from headway.connectors.mcp import content as content_module
from headway.connectors.mcp.content import FILE_BYTES, result_of, said_in
from headway.connectors.mcp.secrets import Secrets

Json = dict[str, Any]


class Ctx:
    """The two things that are asked of a context."""

    def __init__(self) -> None:
        self.artifacts: dict[str, tuple[bytes, str | None]] = {}
        self.warnings: list[str] = []

    def artifact(self, name: str, content: bytes, type: str | None = None) -> None:
        self.artifacts[name] = (content, type)

    def warn(self, message: str, *args: object) -> None:
        self.warnings.append(message % args)


def given(*blocks: Json, **more: Any) -> CallToolResult:
    return CallToolResult.model_validate({"content": list(blocks), **more})


def taken(result: CallToolResult, ctx: Ctx | None = None, secrets: Secrets | None = None) -> Json:
    return result_of(ctx or Ctx(), secrets or Secrets(), result, "it", "2025-11-25")  # pyright: ignore[reportArgumentType]


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_texts_links_and_structured_parts_stand_in_the_result():
    link = {"type": "resource_link", "uri": "file:///x", "name": "x", "mimeType": "text/html", "size": 3}

    result = taken(given({"type": "text", "text": "hi"}, link, structuredContent={"n": 1}))

    assert result == {
        "content": [
            {"type": "text", "text": "hi"},
            {"type": "resource_link", "uri": "file:///x", "name": "x", "mime": "text/html", "bytes": 3},
        ],
        "structured": {"n": 1},
        "server": "it",
        "protocol": "2025-11-25",
    }


@pytest.mark.parametrize(
    ("mime", "name", "type"),
    [
        ("image/png", "image-1.png", "image/png"),
        ("IMAGE/JPEG; q=1", "image-1.jpg", "image/jpeg"),
        ("image/svg+xml", "image-1.bin", "application/octet-stream"),
        ("text/html", "image-1.bin", "application/octet-stream"),
    ],
)
def test_a_picture_is_an_artifact_of_a_type_without_scripts(mime: str, name: str, type: str):
    ctx = Ctx()

    result = taken(given({"type": "image", "data": b64(b"abc"), "mimeType": mime}), ctx)

    assert result["content"] == [{"type": "image", "mime": mime, "artifact": name, "bytes": 3}]
    assert ctx.artifacts == {name: (b"abc", type)}


def test_resources_are_texts_or_artifacts():
    ctx = Ctx()
    text = {"type": "resource", "resource": {"uri": "a://b", "text": "<b>", "mimeType": "text/html"}}
    blob = {"type": "resource", "resource": {"uri": "a://c", "blob": b64(b"PK")}}
    sound = {"type": "audio", "data": b64(b"RIFF"), "mimeType": "audio/wav"}

    result = taken(given(text, blob, sound), ctx)

    assert result["content"] == [
        {"type": "resource", "uri": "a://b", "mime": "text/html", "text": "<b>"},
        {
            "type": "resource",
            "uri": "a://c",
            "mime": "application/octet-stream",
            "artifact": "resource-1.bin",
            "bytes": 2,
        },
        {"type": "audio", "mime": "audio/wav", "artifact": "audio-2.wav", "bytes": 4},
    ]


def test_a_long_text_is_an_artifact():
    ctx = Ctx()

    result = taken(given({"type": "text", "text": "x" * 32_769}), ctx)

    assert result["content"] == [{"type": "text", "artifact": "text-1.txt", "bytes": 32_769}]
    assert ctx.artifacts["text-1.txt"] == (b"x" * 32_769, "text/plain")


def test_many_texts_fill_the_result_only_so_far():
    result = taken(given(*[{"type": "text", "text": "\x00" * 5_000} for _ in range(50)]))

    assert len(msgspec.json.encode(result)) < 262_144
    assert "artifact" in result["content"][-1]


def test_a_thousand_links_do_not_burst_the_result():
    ctx = Ctx()
    link = {"type": "resource_link", "uri": "u" * 5_000, "name": "n" * 5_000, "description": "d" * 5_000}

    result = taken(given(*[link] * 1_001), ctx)

    assert len(msgspec.json.encode(result)) < 262_144
    assert result["content"][-1] == {"type": "resource_link", "omitted": "does not fit into the result any more"}
    assert ctx.warnings[-1] == "Left out of the result: 1 blocks beyond 1,000."


def test_a_structured_part_that_nests_deeper_than_a_frame_may_is_an_artifact():
    ctx = Ctx()
    deep: Json = {}
    for _ in range(30):
        deep = {"a": deep}

    result = taken(given(structuredContent=deep), ctx)

    assert result["structured_artifact"] == "structured-1.json"
    assert msgspec.json.decode(ctx.artifacts["structured-1.json"][0]) == deep


def test_a_large_structured_part_is_an_artifact():
    ctx = Ctx()

    result = taken(given(structuredContent={"rows": ["x" * 100] * 2_000}), ctx)

    assert result["structured_artifact"] == "structured-1.json"
    assert msgspec.json.decode(ctx.artifacts["structured-1.json"][0])["rows"][0] == "x" * 100


def test_what_is_too_large_or_no_base64_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch):
    ctx = Ctx()
    monkeypatch.setattr(content_module, "FILE_BYTES", 10)
    large = {"type": "image", "data": b64(b"x" * 30), "mimeType": "image/png"}
    broken = {"type": "image", "data": "%%%", "mimeType": "image/png"}

    result = taken(given(large, broken), ctx)

    assert [each["omitted"] for each in result["content"]] == ["has 30 bytes; the limit is 10", "is no base64"]
    assert ctx.warnings == [
        "Left out of the result: image has 30 bytes; the limit is 10.", "Left out of the result: image is no base64.",
    ]  # fmt: skip
    assert ctx.artifacts == {}
    assert FILE_BYTES == 20_000_000


def test_secrets_are_in_none_of_it():
    ctx = Ctx()
    resource = {"type": "resource", "resource": {"uri": "a://s3cr3t", "text": "s3cr3t"}}

    result = taken(
        given({"type": "text", "text": "s3cr3t " * 6_000}, resource, structuredContent={"k": "s3cr3t"}),
        ctx, Secrets(["s3cr3t"]),
    )  # fmt: skip

    assert "s3cr3t" not in repr(result)
    assert b"s3cr3t" not in ctx.artifacts["text-1.txt"][0]


def test_the_words_of_an_error_are_its_texts():
    picture = {"type": "image", "data": "", "mimeType": "image/png"}

    assert said_in(given({"type": "text", "text": "no s3cr3t"}, picture), Secrets(["s3cr3t"])) == "no [hidden]\n(image)"
    assert said_in(given(), Secrets()) == "it does not say why"
    assert len(said_in(given({"type": "text", "text": "x" * 9_999}), Secrets())) == 2_000
