"""What git writes to stderr while it clones, read as one number that never falls. Pure.

git says a percentage for each of its phases; what a phase weighs of the whole is our estimate, where it stands is git's.
"""

import re
from dataclasses import dataclass

PHASES = {"Counting objects": 0.05, "Compressing objects": 0.10, "Receiving objects": 0.70, "Resolving deltas": 0.15}
LINE = re.compile(
    r"(?:remote: )?(?P<phase>[A-Z][a-z]+ [a-z]+): +(?P<percent>\d+)% \((?P<done>\d+)/(?P<total>\d+)\)(?P<rest>.*)"
)
SIZE = re.compile(r", ([\d.]+) (bytes|KiB|MiB|GiB)")
UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass(frozen=True)
class Step:
    """`share` of 1 of the whole clone, `message` for people, `received` bytes so far."""

    share: float
    message: str
    received: int


class GitProgress:
    """Feed it text as it comes, cut anywhere; what is no progress is kept as what git had to say."""

    def __init__(self) -> None:
        self._rest = ""
        self._share = 0.0
        self._received = 0
        self.said: list[str] = []

    def feed(self, text: str) -> list[Step]:
        """The steps that this text completes."""
        *lines, self._rest = re.split(r"[\r\n]", self._rest + text)
        self._rest = self._rest[-4000:]
        return [step for line in lines if (step := self._step(line.strip())) is not None]

    def _step(self, line: str) -> Step | None:
        found = LINE.match(line)
        if found is None or found["phase"] not in PHASES:
            if line and not line.startswith(("remote: Enumerating", "remote: Total", "Cloning into")):
                self.said = [*self.said[-19:], line[:500]]
            return None
        done, total = int(found["done"]), max(1, int(found["total"]))
        names = list(PHASES)
        before = sum(PHASES[name] for name in names[: names.index(found["phase"])])
        self._share = max(self._share, before + PHASES[found["phase"]] * min(1.0, done / total))
        if size := SIZE.match(found["rest"]):
            self._received = max(self._received, int(float(size[1]) * UNITS[size[2]]))
        return Step(
            self._share, f"{found['phase'].lower()} {done:,}/{total:,}{size[0] if size else ''}", self._received
        )
