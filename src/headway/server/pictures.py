"""Which bytes are a picture that a browser may show: by how they begin, whatever anybody says of them.

Raster types alone: an SVG is a document that runs. The type that goes out with the bytes is the one found here, so a
browser that is told not to sniff draws them, or shows a broken picture. Must never know jobs. Called by previews.py.
"""

from __future__ import annotations

from headway.errors import InvalidInput

BEGINNINGS: tuple[tuple[str, tuple[tuple[int, bytes], ...]], ...] = (
    ("image/png", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ("image/jpeg", ((0, b"\xff\xd8\xff"),)),
    ("image/gif", ((0, b"GIF87a"),)),
    ("image/gif", ((0, b"GIF89a"),)),
    ("image/webp", ((0, b"RIFF"), (8, b"WEBP"))),
)
"""Media type, and what must stand where (PNG 5.2, JFIF, GIF89a 17, RFC 9649 2.2)."""


def picture_type(content: bytes) -> str:
    """The media type of a picture. InvalidInput: it is none of those that are shown."""
    for type, marks in BEGINNINGS:
        if all(content.startswith(mark, place) for place, mark in marks):
            return type
    raise InvalidInput(
        "preview",
        "the bytes are no PNG, JPEG, WebP or GIF",
        hint="Send one of these; keep anything else as an artifact.",
    )
