"""Small pictures as bytes: what the fake's nodes make, blur, scale and save as real PNG files.

A picture is rows of RGB bytes. Nothing here needs a library: a PNG is zlib between a header and an end
(https://www.w3.org/TR/png-3/). Equal rows are computed once, so a plain picture of any size costs little. Knows nothing
of nodes; called by `nodes`.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BYTES_OF_COLOR_TYPE = {0: 1, 2: 3, 6: 4}
"""Of the PNG color types that are read: grey, RGB, RGBA; each 8 bits deep."""


@dataclass(frozen=True, slots=True)
class Image:
    """`rows` of `width` times 3 bytes, top down."""

    width: int
    rows: tuple[bytes, ...]

    @property
    def height(self) -> int:
        return len(self.rows)


def plain(width: int, height: int, color: int) -> Image:
    """A picture of one color, `0xRRGGBB`."""
    return Image(width, (color.to_bytes(3, "big") * width,) * height)


def inverted(image: Image) -> Image:
    """Every byte as far from white as it was from black."""
    table = bytes(255 - value for value in range(256))
    return Image(image.width, tuple(row.translate(table) for row in image.rows))


# -- blurring --------------------------------------------------------------------------------------------------------


def blurred(image: Image, radius: int, sigma: float) -> Image:
    """A Gaussian of `2 * radius + 1` points, first along the rows, then down the columns; edges are repeated."""
    weights = _gauss(radius, sigma)

    @cache
    def along(row: bytes) -> bytes:
        wide = row[:3] * radius + row + row[-3:] * radius
        shifted = tuple(wide[3 * step : 3 * step + len(row)] for step in range(len(weights)))
        return _weighted(shifted, weights)

    @cache
    def down(window: tuple[bytes, ...]) -> bytes:
        return _weighted(window, weights)

    rows = [along(row) for row in image.rows]
    high = rows[:1] * radius + rows + rows[-1:] * radius
    return Image(image.width, tuple(down(tuple(high[at : at + len(weights)])) for at in range(len(rows))))


def _gauss(radius: int, sigma: float) -> list[float]:
    points = [math.exp(-(step * step) / (2 * sigma * sigma)) for step in range(-radius, radius + 1)]
    return [point / sum(points) for point in points]


def _weighted(rows: tuple[bytes, ...], weights: list[float]) -> bytes:
    if len(set(rows)) == 1:
        return rows[0]
    return bytes(
        min(255, round(sum(weight * value for weight, value in zip(weights, column, strict=True))))
        for column in zip(*rows, strict=True)
    )


# -- scaling ---------------------------------------------------------------------------------------------------------


def scaled(image: Image, width: int, height: int, *, smooth: bool) -> Image:
    """Of another size: each point the nearest one, or (`smooth`) the bilinear mean of four."""

    @cache
    def along(row: bytes) -> bytes:
        points = [row[3 * at : 3 * at + 3] for at in range(image.width)]
        return b"".join(_between(points, place, smooth=smooth) for place in _places(image.width, width))

    rows = [along(row) for row in image.rows]

    @cache
    def mixed(one: bytes, other: bytes, share: float) -> bytes:
        return _mixed(one, other, share)

    if not smooth:
        return Image(width, tuple(rows[round(place)] for place in _places(image.height, height)))
    pairs = ((math.floor(place), place) for place in _places(image.height, height))
    return Image(width, tuple(mixed(rows[low], rows[min(low + 1, len(rows) - 1)], at - low) for low, at in pairs))


def _places(size: int, wanted: int) -> Iterator[float]:
    for at in range(wanted):
        yield min(max((at + 0.5) * size / wanted - 0.5, 0.0), size - 1.0)


def _between(points: list[bytes], place: float, *, smooth: bool) -> bytes:
    if not smooth:
        return points[round(place)]
    low = math.floor(place)
    return _mixed(points[low], points[min(low + 1, len(points) - 1)], place - low)


def _mixed(one: bytes, other: bytes, share: float) -> bytes:
    if one == other or not share:
        return one
    return bytes(round(a + (b - a) * share) for a, b in zip(one, other, strict=True))


def cut(image: Image, left: int, top: int, width: int, height: int) -> Image:
    """A part of it; what lies outside is not there."""
    rows = tuple(row[3 * left : 3 * (left + width)] for row in image.rows[top : top + height])
    return Image(len(rows[0]) // 3 if rows else 0, rows)


# -- files -----------------------------------------------------------------------------------------------------------


def png_of(image: Image) -> bytes:
    """The bytes of a PNG file: 8 bits, RGB, no filter."""
    header = struct.pack(">IIBBBBB", image.width, image.height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in image.rows), 1)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def image_of(png: bytes) -> Image:
    """The picture in a PNG file of 8 bits without interlacing. Raises ValueError for anything else."""
    chunks = dict[bytes, bytes]()
    for name, body in _chunks(png):
        chunks[name] = chunks.get(name, b"") + body
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", chunks.get(b"IHDR", bytes(13)))
    if depth != 8 or interlaced or color not in _BYTES_OF_COLOR_TYPE:
        raise ValueError("cannot identify image file")
    size = _BYTES_OF_COLOR_TYPE[color]
    lines = _unfiltered(zlib.decompress(chunks[b"IDAT"]), width * size, height, size)
    return Image(width, tuple(_rgb(line, size) for line in lines))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not png.startswith(_SIGNATURE):
        raise ValueError("cannot identify image file")
    at = len(_SIGNATURE)
    while at < len(png):
        (size,) = struct.unpack_from(">I", png, at)
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        at += size + 12


def _unfiltered(raw: bytes, line: int, height: int, size: int) -> Iterator[bytes]:
    above = bytes(line)
    for at in range(0, height * (line + 1), line + 1):
        kind, row = raw[at], bytearray(raw[at + 1 : at + 1 + line])
        for place in range(line if kind else 0):
            left = row[place - size] if place >= size else 0
            corner = above[place - size] if place >= size else 0
            row[place] = (row[place] + _predicted(kind, left, above[place], corner)) & 255
        above = bytes(row)
        yield above


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 4:
        return min((left, up, corner), key=lambda value: abs(left + up - corner - value))
    return (0, left, up, (left + up) // 2)[kind]


def _rgb(line: bytes, size: int) -> bytes:
    if size == 3:
        return line
    step = range(0, len(line), size)
    return b"".join(line[at : at + 3] if size == 4 else line[at : at + 1] * 3 for at in step)
