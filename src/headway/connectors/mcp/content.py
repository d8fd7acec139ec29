"""What a tool gave, as the result of the job: texts in it, files as artifacts, all of it bounded.

    | block | in the result |
    |---|---|
    | text                | `text`; a long one is an artifact |
    | image, audio        | an artifact, with its type |
    | embedded resource   | its `uri`, with `text` or an artifact |
    | link to a resource  | `uri` and `name`: nothing is fetched |

An artifact's type is what a browser may be told it is: pictures, sounds and plain text keep theirs, all else is bytes. What
is over a limit is left out and said. Pure but for `ctx.artifact`. Called by `call.py`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec
from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
)

from headway.connectors.mcp.secrets import Secrets, cut
from headway.model.nesting import VALUE_DEPTH, nests_deeper
from headway.worker.context import Context

Json = dict[str, Any]

TEXT_BYTES = 32_768  # of one text in the result
RESULT_BYTES = 120_000  # of all blocks in it as JSON, and as much again of the structured part: the server takes 256 KB
FILE_BYTES = 20_000_000
MOST_BLOCKS = 1_000
_URI_CHARS = 2_000
_WORDS_BYTES = 10_000  # beside a text: uri and type, escaped
_ENDINGS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/ogg": "ogg", "audio/flac": "flac", "audio/mp4": "m4a",
    "audio/webm": "weba", "application/pdf": "pdf",
}  # fmt: skip
"""Types that an artifact may have, and its name's end. No SVG, no HTML: they carry scripts."""


class Taking:
    """The blocks of one result, one after another."""

    def __init__(self, ctx: Context, secrets: Secrets) -> None:
        self.ctx = ctx
        self.secrets = secrets
        self.room = RESULT_BYTES
        self._files = 0

    def block(self, block: Any) -> Json:
        """One block of the result."""
        take = _BLOCKS.get(cast("type[Any]", type(block)))
        words: Json = {"type": cut(str(getattr(block, "type", "")), 50)}
        if take is not None:
            words = take(self, block)
        if (size := len(msgspec.json.encode(words))) > self.room:
            return {"type": words["type"], **self._left_out(words["type"], "does not fit into the result any more")}
        self.room -= size
        return words

    def text(self, text: str, mime: str = "text/plain") -> Json:
        """`text`, or the artifact that has it."""
        text = cut(self.secrets.hide(text), FILE_BYTES)
        if len(msgspec.json.encode(text)) <= min(TEXT_BYTES, self.room - _WORDS_BYTES):
            return {"text": text}
        ending = "json" if mime.endswith("json") else "txt"
        return self._store("text", ending, text.encode(), "application/json" if ending == "json" else "text/plain")

    def file(self, what: str, data: str, mime: str | None) -> Json:
        """The artifact of a base64 text, or why there is none."""
        told = cut(mime or "application/octet-stream", 200)
        if len(data) * 3 // 4 > FILE_BYTES + 2:
            return {
                "mime": told,
                **self._left_out(what, f"has {len(data) * 3 // 4:,} bytes; the limit is {FILE_BYTES:,}"),
            }
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return {"mime": told, **self._left_out(what, "is no base64")}
        known = told.partition(";")[0].strip().lower()
        ending = _ENDINGS.get(known, "bin")
        return {
            "mime": told,
            **self._store(what, ending, content, known if known in _ENDINGS else "application/octet-stream"),
        }

    def structured(self, value: Any) -> Json:
        """The structured part: in the result, or as an artifact where it is large or deep."""
        value = self.secrets.hide_in(value)
        encoded = msgspec.json.encode(value)
        if len(encoded) <= RESULT_BYTES and not nests_deeper(encoded, VALUE_DEPTH - 1):
            return {"structured": value}
        if len(encoded) > FILE_BYTES:
            return {"structured_omitted": self._left_out("structured", f"has {len(encoded):,} bytes")["omitted"]}
        return {"structured_artifact": self._store("structured", "json", encoded, "application/json")["artifact"]}

    def _store(self, what: str, ending: str, content: bytes, type: str) -> Json:
        self._files += 1
        name = f"{what}-{self._files}.{ending}"
        self.ctx.artifact(name, content, type)
        return {"artifact": name, "bytes": len(content)}

    def _left_out(self, what: str, why: str) -> Json:
        self.ctx.warn("%s", f"Left out of the result: {what} {why}.")
        return {"omitted": why}


def result_of(ctx: Context, secrets: Secrets, given: CallToolResult, server: str, protocol: str) -> Json:
    """The result of the job."""
    taking = Taking(ctx, secrets)
    content = [taking.block(block) for block in given.content[:MOST_BLOCKS]]
    if len(given.content) > MOST_BLOCKS:
        ctx.warn("%s", f"Left out of the result: {len(given.content) - MOST_BLOCKS:,} blocks beyond {MOST_BLOCKS:,}.")
    result: Json = {"content": content, "server": server, "protocol": protocol}
    if given.structured_content is not None:
        result |= taking.structured(given.structured_content)
    return result


def said_in(given: CallToolResult, secrets: Secrets) -> str:
    """The texts of a result, for the sentence of an error; what else is in it is named."""
    texts = [block.text if isinstance(block, TextContent) else f"({block.type})" for block in given.content[:20]]
    return cut(secrets.hide("\n".join(texts).strip())) or "it does not say why"


def _text(taking: Taking, block: TextContent) -> Json:
    return {"type": "text", **taking.text(block.text)}


def _image(taking: Taking, block: ImageContent) -> Json:
    return {"type": "image", **taking.file("image", block.data, block.mime_type)}


def _audio(taking: Taking, block: AudioContent) -> Json:
    return {"type": "audio", **taking.file("audio", block.data, block.mime_type)}


def _resource(taking: Taking, block: EmbeddedResource) -> Json:
    inner = block.resource
    words: Json = {"type": "resource", "uri": cut(taking.secrets.hide(str(inner.uri)), _URI_CHARS)}
    if isinstance(inner, BlobResourceContents):
        return words | taking.file("resource", inner.blob, inner.mime_type)
    mime = cut(inner.mime_type or "text/plain", 200)
    return words | {"mime": mime} | taking.text(inner.text, mime)


def _link(taking: Taking, block: ResourceLink) -> Json:
    hide = taking.secrets.hide
    words = {
        "type": "resource_link",
        "uri": cut(hide(str(block.uri)), _URI_CHARS),
        "name": cut(hide(block.name), 200),
        "title": None if block.title is None else cut(hide(block.title), 200),
        "description": None if block.description is None else cut(hide(block.description)),
        "mime": None if block.mime_type is None else cut(block.mime_type, 200),
        "bytes": block.size,
    }
    return {key: value for key, value in words.items() if value is not None}


_BLOCKS: Mapping[type, Callable[[Taking, Any], Json]] = {
    TextContent: _text,
    ImageContent: _image,
    AudioContent: _audio,
    EmbeddedResource: _resource,
    ResourceLink: _link,
}
