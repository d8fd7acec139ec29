"""`seen`: what a Screen and a Reader make of bytes and lines, and the recordings to try them on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from headway.connectors.command import Line, Reader, Reading, Screen

Point = tuple[str | None, float | None, float | None]


class Seen:
    def recorded(self, name: str) -> bytes:
        return (Path(__file__).parent / "recordings" / f"{name}.pty.bin").read_bytes()

    def lines(self, *chunks: bytes) -> list[Line]:
        screen = Screen()
        lines = [line for chunk in chunks for line in screen.feed(chunk)]
        return lines + screen.close()

    def log(self, *chunks: bytes) -> list[str]:
        return [line.text for line in self.lines(*chunks) if not line.transient]

    def redrawn(self, *chunks: bytes) -> list[str]:
        return [line.text for line in self.lines(*chunks) if line.transient]

    def readings(self, *chunks: bytes) -> list[Reading]:
        return self.read(self.lines(*chunks))

    def read(self, lines: Iterable[Line | str]) -> list[Reading]:
        """A str is a line of the log."""
        reader = Reader()
        read = [reader.read(Line(line, transient=False) if isinstance(line, str) else line) for line in lines]
        return [reading for reading in read if reading is not None]

    def points(self, readings: Iterable[Reading]) -> list[Point]:
        """(stage, current, total) of each, without repeats."""
        points: list[Point] = []
        for reading in readings:
            point = (reading.stage, reading.current, reading.total)
            if not points or points[-1] != point:
                points.append(point)
        return points

    def assert_never_backwards(self, readings: Iterable[Reading]) -> None:
        counts: dict[str | None, float] = {}
        shares: dict[str | None, float] = {}
        for reading in readings:
            if reading.current is None:
                continue
            assert reading.current >= counts.get(reading.stage, 0.0), reading
            counts[reading.stage] = reading.current
            if reading.total:
                share = reading.current / reading.total
                assert shares.get(reading.stage, 0.0) <= share <= 1.0, reading
                shares[reading.stage] = share


@pytest.fixture(scope="session")
def seen() -> Seen:
    return Seen()
