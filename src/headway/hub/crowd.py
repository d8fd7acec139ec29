"""Crowds: viewers that see the same thing, and the tight loop that writes the same bytes to all of them.

A *shape* is what a subscription asks for (shape.py); a crowd is everybody with one shape; a *cohort* is those of a crowd who
stand at the same cursor and can take a write. A frame is built once per cohort and written to each member. Whoever
cannot take the whole of it leaves the cohort and goes on alone (subscription.py). A member that leaves only marks
its place, so a sweep can go on through a cohort while members leave it.
Must never know topics' content, the store or the link's manners. Called by the sweep and by subscriptions.
"""

from __future__ import annotations

import os
from array import array
from typing import Protocol

from headway.hub.coding import batch
from headway.hub.ring import Entry, Ring
from headway.hub.shape import Shape, passes
from headway.protocol.frames import batch_body
from headway.protocol.resuming import conflate

SLICE_BYTES = 262_144  # of one batch, for everybody; clients refuse messages over 1 MiB by default


class Member(Protocol):
    """One subscription, as its cohort knows it. `place` and `cohort` are the cohort's to set."""

    place: int
    cohort: Cohort | None

    @property
    def fd(self) -> int:
        """The plain socket, or -1."""
        ...

    def deliver(self, frame: bytes) -> None:
        """Write through the link; what it cannot take makes it leave the cohort."""
        ...

    def fall_behind(self, rest: bytes) -> None:
        """`rest` of a frame did not fit: leave the cohort, be caught up later."""
        ...

    def break_off(self) -> None:
        """The socket is dead."""
        ...


class Cohort:
    """Members at one cursor. `sent` of them, from the front, have already got the frame that leads to `target`."""

    __slots__ = ("cursor", "fds", "gone", "members", "sent", "target")

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self.target = cursor
        self.sent = 0
        self.members: list[Member | None] = []
        self.fds = array("i")
        self.gone = 0

    def __len__(self) -> int:
        return len(self.members) - self.gone

    def add(self, member: Member) -> None:
        member.place = len(self.members)
        member.cohort = self
        self.members.append(member)
        self.fds.append(member.fd)

    def leave(self, member: Member) -> int:
        """Take the member out; where it stands."""
        cursor = self.cursor_of(member)
        self.members[member.place] = None
        self.fds[member.place] = -1
        self.gone += 1
        member.cohort = None
        return cursor

    def cursor_of(self, member: Member) -> int:
        """Where a member stands, also in the middle of a sweep."""
        return self.target if member.place < self.sent else self.cursor

    def send(self, frame: bytes, number: int, direct: bool) -> int:
        """Write `frame` to the next `number` members; how many it was. `sent` runs ahead of the writes of a slice, so
        that one who leaves because of this very write stands at `target`.
        """
        start = self.sent
        self.sent = min(start + number, len(self.members))
        if direct:
            self._write(frame, start)
        else:
            for member in self.members[start : self.sent]:
                if member is not None:
                    member.deliver(frame)
        return self.sent - start

    def _write(self, frame: bytes, start: int) -> None:
        """The loop that most of a busy server's time is spent in: one system call per viewer, little else."""
        write, size = os.write, len(frame)
        short: list[tuple[int, int]] = []
        for place, fd in enumerate(self.fds[start : self.sent], start):
            try:
                if (taken := write(fd, frame)) != size:
                    short.append((place, taken))
            except BlockingIOError:
                short.append((place, 0))
            except OSError:
                short.append((place, -1))
        for place, taken in short:
            member = self.members[place]
            if member is None:
                continue
            if taken < 0:
                member.break_off()
            else:
                member.fall_behind(frame[taken:])

    def arrive(self) -> None:
        """Everybody has got the frame."""
        self.cursor = self.target
        self.sent = 0
        if self.gone * 8 > len(self.members):
            members, self.members, self.fds, self.gone = self.members, [], array("i"), 0
            for member in members:
                if member is not None:
                    self.add(member)

    def absorb(self, other: Cohort) -> None:
        """Take over everybody of a cohort that stands at the same cursor."""
        for member in other.members:
            if member is not None:
                self.add(member)


class Crowd:
    """Everybody with one shape. `cohorts`: those at rest, by cursor; the sweep takes out the one it works through."""

    __slots__ = ("_cache", "_cache_head", "cohorts", "due", "followed", "moved_at", "population", "shape", "waiting")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.cohorts: dict[int, Cohort] = {}
        self.due = 0.0  # monotonic: not before, by its pace
        self.moved_at = 0.0  # monotonic: when it last got a batch
        self.waiting = False  # something for it is in the ring
        self.followed = any(topic.startswith(("job:", "logs:")) for topic in shape.topics)  # somebody looks at a job
        self.population = 0  # subscriptions, in a cohort or not
        self._cache: dict[int, tuple[bytes, int]] = {}
        self._cache_head = -1

    def join(self, member: Member, cursor: int) -> None:
        """A member that stands at `cursor` and can take a write."""
        cohort = self.cohorts.get(cursor)
        if cohort is None:
            cohort = self.cohorts[cursor] = Cohort(cursor)
        cohort.add(member)

    def settle(self, cohort: Cohort) -> None:
        """A cohort comes to rest, with those who stand where it stands."""
        if len(cohort):
            there = self.cohorts.get(cohort.cursor)
            if there is None:
                self.cohorts[cohort.cursor] = cohort
            elif len(there) < len(cohort):
                cohort.absorb(there)
                self.cohorts[cohort.cursor] = cohort
            else:
                there.absorb(cohort)

    def batch(self, ring: Ring, cursor: int, now: str, epoch: str) -> tuple[bytes, int]:
        """The frame that leads from `cursor` as far as one batch may, and where to; the same object for all who ask
        at the same head.
        """
        if self._cache_head != ring.head:
            self._cache = {}
            self._cache_head = ring.head
        found = self._cache.get(cursor)
        if found is None:
            shape = self.shape
            entries, to = ring.select(shape.namespace, shape.topics, cursor, max_bytes=SLICE_BYTES)
            found = self._cache[cursor] = encode_batch(shape, entries, cursor, to, now, epoch), to
        return found


def encode_batch(shape: Shape, entries: list[Entry], since: int, to: int, now: str, epoch: str) -> bytes:
    """The batch frame of these entries as the shape wants it: filtered, conflated, dressed."""
    if shape.types is not None or shape.least:
        entries = [entry for entry in entries if passes(shape, entry)]
    omitted = 0
    if shape.conflate and len(entries) > 1:
        entries, omitted = conflated(entries)
    body = batch_body(since, to, now, b",".join([entry.body for entry in entries]), omitted)
    return shape.coding.dress(batch(shape.id, body), f"{epoch}.{to}")


def conflated(entries: list[Entry]) -> tuple[list[Entry], int]:
    """The entries that R4 keeps, and how many it leaves out."""
    kept, omitted = conflate([entry.outline for entry in entries])
    if not omitted:
        return entries, 0
    seqs = {outline.seq for outline in kept}
    return [entry for entry in entries if entry.seq in seqs], omitted
