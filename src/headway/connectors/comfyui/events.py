"""What a ComfyUI says on its socket, frame by frame, as events: JSON texts and binary frames of types 1, 3 and 4.

Pure. A frame that is not understood is None: the caller counts it and passes on, for a newer ComfyUI may say more than
we know. Sizes: https://github.com/comfyanonymous/ComfyUI, protocol.py. Called by `socket.py` and `history.py`.
"""

from __future__ import annotations

import struct
from typing import Any, cast

import msgspec

_WORD = struct.Struct(">I")
_PREVIEW, _TEXT, _PREVIEW_WITH_METADATA = 1, 3, 4
_FORMATS = {1: "image/jpeg", 2: "image/png"}
_TYPES = frozenset({*_FORMATS.values(), "image/webp"})
LONGEST_TEXT = 2_000


class Said(msgspec.Struct, frozen=True):
    """A JSON event: its `type`, and what it carries. `prompt`: whose it is, where it says so."""

    type: str
    body: dict[str, Any]

    @property
    def prompt(self) -> str | None:
        """The id of the prompt that it belongs to."""
        return text_of(self.body.get("prompt_id"))


class Preview(msgspec.Struct, frozen=True):
    """A picture of what is in the making. Without `prompt`: of whatever runs (a ComfyUI that knows no type 4)."""

    image: bytes
    type: str
    prompt: str | None = None
    node: str | None = None


class Noted(msgspec.Struct, frozen=True):
    """A text that a node shows while it runs. It does not say of which prompt: of whatever runs."""

    node: str
    text: str
    prompt: str | None = None


Event = Said | Preview | Noted


def text_of(value: Any) -> str | None:
    """A non-empty text, or None for anything else."""
    return value if isinstance(value, str) and value else None


def read_frame(frame: str | bytes) -> Event | None:
    """The event of one frame, or None when it is none that we know."""
    return _read_text(frame) if isinstance(frame, str) else _read_binary(frame)


def _read_text(frame: str) -> Said | None:
    try:
        message = msgspec.json.decode(frame)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return said(cast("dict[str, Any]", message).get("type"), cast("dict[str, Any]", message).get("data")) if isinstance(message, dict) else None  # fmt: skip


def said(type: Any, body: Any) -> Said | None:
    """An event of its two parts, or None where they are not a name and an object."""
    if not isinstance(type, str) or not isinstance(body, dict):
        return None
    return Said(type, cast("dict[str, Any]", body))


def _read_binary(frame: bytes) -> Event | None:
    if len(frame) < 8:
        return None
    (kind,), (second,) = _WORD.unpack_from(frame), _WORD.unpack_from(frame, 4)
    rest = frame[8:]
    if kind == _PREVIEW:
        return Preview(rest, _FORMATS[second]) if second in _FORMATS and rest else None
    if kind == _TEXT and second <= len(rest):
        node, text = rest[:second], rest[second:]
        return Noted(
            node.decode("utf-8", "replace"), text[: LONGEST_TEXT * 4].decode("utf-8", "replace")[:LONGEST_TEXT]
        )
    if kind == _PREVIEW_WITH_METADATA and second < len(rest):
        return _preview(rest[:second], rest[second:])
    return None


def _preview(header: bytes, image: bytes) -> Preview | None:
    try:
        about = msgspec.json.decode(header)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    if not isinstance(about, dict):
        return None
    fields = cast("dict[str, Any]", about)
    type = fields.get("image_type")
    if type not in _TYPES:
        return None
    node = text_of(fields.get("display_node_id")) or text_of(fields.get("node_id"))
    return Preview(image, type, text_of(fields.get("prompt_id")), node)
