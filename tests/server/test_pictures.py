from __future__ import annotations

import pytest

from headway.errors import InvalidInput
from headway.server.pictures import picture_type


@pytest.mark.parametrize(
    ("begin", "type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x10\x00\x00\x00WEBP", "image/webp"),
    ],
)
def test_a_picture_is_known_by_how_it_begins(begin: bytes, type: str):
    assert picture_type(begin + b"...") == type


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg onload='alert(1)'/>",
        b"<!doctype html>\x89PNG\r\n\x1a\n",
        b"RIFF\x10\x00\x00\x00AVI ",
        b"\x89PNG",
        b"BM",
    ],
)
def test_what_begins_otherwise_is_no_picture(content: bytes):
    with pytest.raises(InvalidInput, match="the bytes are no PNG, JPEG, WebP or GIF"):
        picture_type(content)
