"""Vectors of embeddings: as numbers, as bytes in the index (32-bit floats), and how alike two are. Pure."""

from array import array
from collections.abc import Iterable, Sequence

Vector = Sequence[float]

BYTES = 4


def vector(numbers: Iterable[float]) -> Vector:
    """Compact in memory; refused by TypeError if one is no number."""
    return array("f", numbers)


def packed(numbers: Vector) -> bytes:
    """As the index keeps it."""
    return array("f", numbers).tobytes()


def unpacked(kept: bytes) -> Vector:
    """From what the index keeps."""
    return array("f", kept)


def cosine(one: Vector, other: Vector) -> float:
    """1: the same direction; 0: nothing in common, or one of no length."""
    length = (sum(x * x for x in one) * sum(x * x for x in other)) ** 0.5
    return sum(x * y for x, y in zip(one, other, strict=True)) / length if length else 0.0
