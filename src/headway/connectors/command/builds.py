"""Programs that test, install and build: pytest, apt, cargo, cmake, ninja and docker buildkit.

pytest and apt as seen in recordings (tests/connectors/command/recordings), the others as documented.
"""

from __future__ import annotations

import re

from headway.connectors.command.reading import Format, Notes, Reading, percent

_DOTS = r"[.FEsxXpPR]"
_OUTCOME = r"(?:PASSED|FAILED|SKIPPED|XFAIL|XPASS|ERROR|RERUN)"


def _collected(found: re.Match[str], notes: Notes) -> Reading:
    notes.tests, notes.tests_done = int(found[1]), 0
    return Reading(stage="tests", current=0.0, total=100.0, unit="%", message=f"{found[1]} tests", source="pytest")


def _dots(found: re.Match[str], notes: Notes) -> Reading | None:
    """A line of dots: finished, it ends in a percentage; unfinished, its dots are counted against the collected."""
    dots = len(found["dots"])
    if found["pct"] is not None:
        notes.tests_done += dots
        return percent(found["pct"], stage="tests", message=found["file"], source="pytest")
    if not notes.tests:
        return None
    done = min(notes.tests_done + dots, notes.tests)
    return percent(str(100 * done // notes.tests), stage="tests", message=found["file"], source="pytest")


def _test(found: re.Match[str], _: Notes) -> Reading | None:
    message = f"{found['test']} {found['outcome'].lower()}"
    return percent(found["pct"], stage="tests", message=message, source="pytest")


def _summary(found: re.Match[str], _: Notes) -> Reading:
    return Reading(stage="tests", message=found[1], source="pytest")


def _apt_phase(found: re.Match[str], _: Notes) -> Reading | None:
    return percent("100" if found[2] == "Done" else found[2][:-1], stage=found[1], source="apt")


_APT_STAGES = {"dlstatus": "Downloading", "pmstatus": "Installing"}


def _apt_status(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[2], stage=_APT_STAGES[found[1]], message=found[3], source="apt")


def _apt_download(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[1], stage="Downloading", message=found[2], source="apt")


def _apt_bar(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[1], stage="Installing", source="apt")


def _cargo(found: re.Match[str], _: Notes) -> Reading:
    n, total = float(found["n"]), float(found["total"])
    return Reading(stage=found["phase"], current=n, total=total, message=found["what"], source="cargo")


def _cmake(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[1], message=found[2], source="cmake")


def _ninja(found: re.Match[str], _: Notes) -> Reading | None:
    n, total = float(found[1]), float(found[2])
    return Reading(current=n, total=total, unit="steps", message=found[3], source="ninja") if n <= total else None


def _buildkit(found: re.Match[str], notes: Notes) -> Reading:
    """Written when a step begins: the ones before it are done. Stages of one build run side by side."""
    stage, n, total = found["stage"] or "build", float(found["n"]), float(found["total"])
    notes.steps[found["id"]] = (stage, n, total)
    return Reading(stage=stage, current=n - 1, total=total, unit="steps", message=found["what"], source="docker")


def _buildkit_done(found: re.Match[str], notes: Notes) -> Reading | None:
    if found[1] not in notes.steps:
        return None
    stage, n, total = notes.steps.pop(found[1])
    return Reading(stage=stage, current=n, total=total, unit="steps", message=found[2].lower(), source="docker")


BUILDS = (
    Format(
        name="pytest",
        hint="collected ",
        pattern=re.compile(r"^(?:collecting \.\.\. ?)?collected (\d+) items?\b"),
        read=_collected,
    ),
    Format(
        name="pytest",
        hint="%]",
        pattern=re.compile(rf"^(?P<test>\S+\.py::.+?) (?P<outcome>{_OUTCOME})\b.*\[ *(?P<pct>\d{{1,3}})%\]$"),
        read=_test,
    ),
    Format(
        name="pytest",
        hint="[gw",
        pattern=re.compile(rf"^\[gw\d+\] \[ *(?P<pct>\d{{1,3}})%\] (?P<outcome>{_OUTCOME}) (?P<test>.+)$"),
        read=_test,
    ),
    Format(
        name="pytest",
        hint="%]",
        pattern=re.compile(rf"^(?:(?P<file>\S+\.py) )?(?P<dots>{_DOTS}+) *\[ *(?P<pct>\d{{1,3}})%\]$"),
        read=_dots,
    ),
    Format(
        name="pytest",
        hint=".py ",
        pattern=re.compile(rf"^(?P<file>\S+\.py) (?P<dots>{_DOTS}+)(?P<pct>(?!))?$"),
        read=_dots,
    ),
    Format(
        name="pytest",
        hint=" in ",
        pattern=re.compile(
            r"^=* ?(\d+ (?:passed|failed|skipped|errors?|deselected|xfailed|xpassed|warnings?)(?:, \d+ \w+)*) in [\d.]+s\b"
        ),
        read=_summary,
    ),
    Format(
        name="apt",
        hint="... ",
        pattern=re.compile(r"^\(?((?:Reading|Building|Scanning|Extracting) [a-z ]+?) ?\.\.\. (\d{1,3}%|Done)$"),
        read=_apt_phase,
    ),
    Format(
        name="apt",
        hint="status:",
        pattern=re.compile(r"(?:^|\])(dlstatus|pmstatus):[^:]*:(\d{1,3}(?:\.\d+)?):(.*)$"),
        read=_apt_status,
    ),
    Format(
        name="apt",
        hint="% [",
        pattern=re.compile(r"^(\d{1,3})% \[(Working|Waiting[^\]]*|Connecting[^\]]*|\d+ [^\]]*)\]"),
        read=_apt_download,
    ),
    Format(name="apt", hint="Progress: [", pattern=re.compile(r"^Progress: \[ *(\d{1,3})%\]"), read=_apt_bar),
    Format(
        name="cargo",
        hint="] ",
        pattern=re.compile(r"^ *(?P<phase>[A-Z][a-z]+) \[[=> ]*\] (?P<n>\d+)/(?P<total>\d+)(?:: (?P<what>.*))?"),
        read=_cargo,
        growing=True,
    ),
    Format(name="cmake", hint="%] ", pattern=re.compile(r"^\[ *(\d{1,3})%\] (.+)$"), read=_cmake),
    Format(name="ninja", hint="] ", pattern=re.compile(r"^\[(\d+)/(\d+)\] (\S.*)$"), read=_ninja, growing=True),
    Format(
        name="docker",
        hint="#",
        pattern=re.compile(r"^#(?P<id>\d+) \[(?:(?P<stage>[^\]\s]+) +)?(?P<n>\d+)/(?P<total>\d+)\] (?P<what>.+)$"),
        read=_buildkit,
    ),
    Format(name="docker", hint="#", pattern=re.compile(r"^#(\d+) (DONE|CACHED)\b"), read=_buildkit_done),
)
