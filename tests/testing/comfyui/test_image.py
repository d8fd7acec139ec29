"""Pictures: what is computed is what the words mean, and a file can be read by anybody."""

import struct
import zlib

import pytest

from headway.testing.comfyui.image import Image, blurred, cut, image_of, inverted, plain, png_of, scaled

EDGE = Image(8, tuple(bytes([0] * 12 + [240] * 12) for _ in range(8)))
"""Black on the left, light on the right."""


def grey(image: Image, row: int = 0) -> list[int]:
    return list(image.rows[row][::3])


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, color: int, lines: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_picture_survives_its_file():
    image = blurred(EDGE, 2, 1.0)

    assert image_of(png_of(image)) == image


@pytest.mark.parametrize(
    ("kind", "line"),
    [(1, [10, 5, 5]), (2, [9, 13, 17]), (3, [10, 9, 11]), (4, [9, 5, 5])],
    ids=["left", "up", "mean of both", "Paeth"],
)
def test_every_filter_of_a_png_is_read(kind: int, line: list[int]):
    grey_lines = bytes([0, 1, 2, 3]) + bytes([kind, *line])

    image = image_of(png(3, 2, 0, grey_lines))

    assert (grey(image, 0), grey(image, 1)) == ([1, 2, 3], [10, 15, 20])


def test_the_alpha_of_a_png_is_left_out():
    assert image_of(png(1, 1, 6, bytes([0, 9, 8, 7, 255]))).rows == (bytes([9, 8, 7]),)


@pytest.mark.parametrize("body", [b"GIF89a", png(1, 1, 3, b"\0\0")], ids=["another format", "a palette"])
def test_what_is_not_such_a_file_is_refused(body: bytes):
    with pytest.raises(ValueError, match="cannot identify image file"):
        image_of(body)


def test_a_blur_is_a_gaussian_across_an_edge_and_nothing_within_one_color():
    across = grey(blurred(EDGE, 1, 1.0))

    assert across == [0, 0, 0, 66, 174, 240, 240, 240]  # exp(-1/2) beside 1, of which the sum is 1
    assert blurred(plain(50, 40, 0x123456), 5, 2.0) == plain(50, 40, 0x123456)


def test_a_blur_goes_down_as_it_goes_along():
    turned = Image(8, (bytes(24),) * 4 + (bytes([240]) * 24,) * 4)

    assert [row[0] for row in blurred(turned, 1, 1.0).rows] == grey(blurred(EDGE, 1, 1.0))


def test_a_picture_is_scaled_by_the_nearest_point_or_smoothly():
    two = Image(2, (bytes([0, 0, 0, 100, 100, 100]),))

    assert grey(scaled(two, 4, 1, smooth=False)) == [0, 0, 100, 100]
    assert grey(scaled(two, 4, 1, smooth=True)) == [0, 25, 75, 100]
    assert scaled(EDGE, 3, 5, smooth=True).height == 5


def test_a_part_is_cut_and_colors_are_turned():
    assert grey(cut(EDGE, 3, 0, 2, 1)) == [0, 240]
    assert grey(inverted(EDGE)) == [255] * 4 + [15] * 4
