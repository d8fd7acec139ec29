"""Bars that Python programs draw: tqdm, rich, alive-progress, pip (which draws with rich) and keras.

Formats as seen in recordings (tests/connectors/command/recordings); keras as its source documents it.
"""

from __future__ import annotations

import re

from headway.connectors.command.reading import Format, Notes, Reading, percent, size, whole

_RATE = re.compile(r"^(?:\?|[\d.]+)(?P<scale>[kMGTPEZ]?)(?P<unit>.*?)/s$|^(?:\?|[\d.]+)s/(?P<slow>.+)$")
_COUNTER = r"[\d.]+[kMGTPEZ]?i?"


def _tqdm(found: re.Match[str], _: Notes) -> Reading | None:
    """`n` and `total` rather than the percentage, which is rounded."""
    groups = found.groupdict()
    rate, _comma, postfix = groups["rate"].partition(", ")
    return Reading(
        stage=groups["desc"] or None,
        current=size(groups["n"]),
        total=size(groups["total"]) if groups.get("total") else None,
        unit=_unit_of(rate),
        message=", ".join(part for part in ("" if "?" in rate else rate, postfix) if part) or None,
        source="tqdm",
    )


def _unit_of(rate: str) -> str | None:
    """`it` of `6.66it/s` and `2.5s/it`; `B` of `7.54MB/s`."""
    found = _RATE.match(rate.strip())
    if found is None:
        return None
    if found["slow"]:
        return found["slow"].strip() or None
    unit: str = found["unit"].strip()
    return unit if not found["scale"] or unit == "B" else f"{found['scale']}{unit}"


def _pip_bytes(found: re.Match[str], notes: Notes) -> Reading:
    factor = {"bytes": 1.0, "B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9}[found["unit"]]
    return Reading(
        stage=f"Downloading {notes.subject}" if notes.subject else "Downloading",
        current=round(float(found["n"]) * factor, 3),
        total=round(float(found["total"]) * factor, 3),
        unit="B",
        message=None if found["rate"] == "?" else found["rate"],
        source="pip",
    )


def _pip_raw(found: re.Match[str], notes: Notes) -> Reading:
    stage = f"Downloading {notes.subject}" if notes.subject else "Downloading"
    return Reading(stage=stage, current=float(found[1]), total=float(found[2]) or None, unit="B", source="pip")


def _pip_file(found: re.Match[str], notes: Notes) -> None:
    notes.subject = found[1]


def _pip_install(found: re.Match[str], _: Notes) -> Reading:
    return Reading(stage="Installing", message=found[1], source="pip")


def _pip_installed(found: re.Match[str], _: Notes) -> Reading:
    n, total = float(found[1]), float(found[2])
    return Reading(stage="Installing", current=n, total=total, unit="packages", message=found[3], source="pip")


_RICH_PERCENT = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?)%")
_RICH_COUNT = re.compile(r"(?<![\d.])([\d.,]+)/([\d.,]+)(?: ?([kKMGTP]?i?)(B|bytes)\b)?")


def _rich(found: re.Match[str], _: Notes) -> Reading | None:
    stage, tail = found["desc"].strip() or None, found["tail"].strip()
    if counted := _RICH_COUNT.search(tail):
        scale, is_bytes = counted[3] or "", counted[4]
        return Reading(
            stage=stage,
            current=size(counted[1].replace(",", "") + scale),
            total=size(counted[2].replace(",", "") + scale),
            unit="B" if is_bytes else None,
            message=tail[counted.end() :].strip() or None,
            source="rich",
        )
    if shown := _RICH_PERCENT.search(tail):
        return percent(shown[1], stage=stage, message=tail[shown.end() :].strip(), source="rich")
    return None


def _alive(found: re.Match[str], _: Notes) -> Reading:
    return Reading(
        stage=(found["desc"] or "").strip() or None,
        current=whole(found["n"]),
        total=whole(found["total"]) if found["total"] else None,
        message=found["tail"].strip(" ()") or None,
        source="alive-progress",
    )


def _keras_epoch(found: re.Match[str], notes: Notes) -> Reading:
    """Written when an epoch begins: the ones before it are done."""
    notes.epoch = f"Epoch {found[1]} of {found[2]}"
    return Reading(stage="Epochs", current=float(found[1]) - 1, total=float(found[2]), unit="epochs", source="keras")


def _keras(found: re.Match[str], notes: Notes) -> Reading:
    n, total = float(found["n"]), float(found["total"])
    message = found["tail"].strip(" -") or None
    return Reading(stage=notes.epoch, current=n, total=total, unit="steps", message=message, source="keras")


BARS = (
    Format(
        name="tqdm",
        hint="%|",
        pattern=re.compile(
            rf"^(?:(?P<desc>.*?): +)? *(?P<pct>\d{{1,3}})%\|[^|]*\| *(?P<n>{_COUNTER})/(?P<total>{_COUNTER})"
            r" \[(?P<elapsed>[\d:?]+)<(?P<left>[^,\]]+), *(?P<rate>[^\]]*)\]"
        ),
        read=_tqdm,
    ),
    Format(
        name="tqdm",
        hint="/",
        pattern=re.compile(
            rf"^(?:(?P<desc>.*?): )?(?P<n>{_COUNTER})[^\W\d]* \[(?P<elapsed>[\d:]+), *(?P<rate>[?\d][^\]/]*/[^\]]*)\]$"
        ),
        read=_tqdm,
    ),
    Format(name="pip", hint="Downloading ", pattern=re.compile(r"^\s*Downloading (\S+)(?: \(.*\))?$"), read=_pip_file),
    Format(
        name="pip",
        hint="━",
        pattern=re.compile(
            r"^\s*[━╸╺][━╸╺ ]{4,}(?P<n>[\d.]+)/(?P<total>[\d.]+) (?P<unit>bytes|[kMG]?B) (?P<rate>\?|[\d.]+ \S+/s)"
        ),
        read=_pip_bytes,
    ),
    Format(name="pip", hint="━", pattern=re.compile(r"^\s*[━╸╺][━╸╺ ]{4,}(\d+)/(\d+) \[(.*)\]$"), read=_pip_installed),
    Format(name="pip", hint="Progress ", pattern=re.compile(r"^Progress (\d+) of (\d+)$"), read=_pip_raw),
    Format(
        name="pip",
        hint="Installing collected",
        pattern=re.compile(r"^Installing collected packages: (.+)$"),
        read=_pip_install,
    ),
    Format(
        name="keras",
        hint="/",
        pattern=re.compile(r"^\s*(?P<n>\d+)/(?P<total>\d+) (?:[━╸╺][━╸╺ ]*|\[[=>.]+\])(?P<tail>[^━╸╺]*)$"),
        read=_keras,
    ),
    Format(name="keras", hint="Epoch ", pattern=re.compile(r"^Epoch (\d+)/(\d+)$"), read=_keras_epoch),
    Format(
        name="rich",
        hint="━",
        pattern=re.compile(r"^(?P<desc>[^━╸╺]*)[━╸╺][━╸╺ ]{4,}(?P<tail>[^━╸╺]+)$"),
        read=_rich,
    ),
    Format(
        name="alive-progress",
        hint="| ",
        pattern=re.compile(
            r"^(?P<desc>[^|]*?) ?\|[^|]*\| (?:\S{1,12} ){0,2}?(?P<n>[\d,]+)(?:/(?P<total>[\d,]+) \[\d+%\])?"
            r" in [\d:.hms]+(?P<tail>.*)$"
        ),
        read=_alive,
    ),
)
"""In the order they are tried; pip before rich, which draws its bars."""
