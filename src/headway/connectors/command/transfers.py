"""Programs that move or convert bytes: curl, wget, yt-dlp, rsync, git and ffmpeg.

Formats as seen in recordings (tests/connectors/command/recordings); git and `yt-dlp --progress-template` as documented.
"""

from __future__ import annotations

import re

import msgspec

from headway.connectors.command.reading import Format, Notes, Reading, basename, percent, seconds, size

_TIME = r"(?:--:--:--|\d+:\d\d:\d\d|\d+d +\d+h)"
_AMOUNT = r"[\d.]+[kKMGTP]?"


def _curl(found: re.Match[str], _: Notes) -> Reading:
    """Columns: % total, total, % received, received, % sent, sent, … A total of 0 is not known yet."""
    total = size(found["total"], 1024) or None
    moved = (size(found["received"], 1024) or 0.0) + (size(found["sent"], 1024) or 0.0)
    current = moved if total is None else min(moved, total)
    if found["pct"] == "100" and total is not None:
        current = total
    return Reading(current=current, total=total, unit="B", message=f"{found['speed']}/s", source="curl")


def _curl_bar(found: re.Match[str], _: Notes) -> Reading | None:
    return percent(found[1], source="curl")


def _saving(found: re.Match[str], notes: Notes) -> None:
    notes.subject = basename(found[1])


def _wget(found: re.Match[str], notes: Notes) -> Reading | None:
    """The name in the bar scrolls when it is long; the line `Saving to:` has it whole."""
    groups = found.groupdict()
    stage, message = notes.subject, groups.get("rate")
    if groups.get("pct"):
        return percent(groups["pct"], stage=stage, message=message, source="wget")
    return Reading(stage=stage, current=size(groups["size"], 1024), unit="B", message=message, source="wget")


def _yt_dlp(found: re.Match[str], notes: Notes) -> Reading | None:
    return percent(found["pct"], stage=notes.subject, message=found["tail"].strip(), source="yt-dlp")


class _Download(msgspec.Struct):
    """The part of yt-dlp's `%(progress)j` that is read."""

    downloaded_bytes: float | None = None
    total_bytes: float | None = None
    total_bytes_estimate: float | None = None
    filename: str | None = None
    status: str | None = None


def _yt_dlp_json(found: re.Match[str], notes: Notes) -> Reading | None:
    try:
        download = msgspec.json.decode(found[1], type=_Download)
    except msgspec.DecodeError:
        return None
    if download.downloaded_bytes is None:
        return None
    return Reading(
        stage=basename(download.filename) if download.filename else notes.subject,
        current=download.downloaded_bytes,
        total=download.total_bytes or download.total_bytes_estimate or None,
        unit="B",
        message=download.status,
        source="yt-dlp",
    )


def _rsync(found: re.Match[str], notes: Notes) -> Reading | None:
    """While rsync still looks for files (`ir-chk`; `--no-i-r` avoids it) its percentage is of the files known so far.

    That says nothing about the whole, so only the speed is told until the list is complete (`to-chk`).
    """
    if found["check"]:
        notes.listing = found["check"] == "ir"
    if notes.listing:
        return Reading(message=f"{found['size']} bytes, {found['rate']}, still listing files", source="rsync")
    return percent(found["pct"], message=found["rate"], source="rsync")


def _git(found: re.Match[str], _: Notes) -> Reading:
    current, total = float(found["n"]), float(found["total"])
    message = found["tail"].strip(" ,.").removesuffix("done").strip(" ,") or None
    return Reading(stage=found["phase"], current=current, total=total, message=message, source="git")


def _ffmpeg_duration(found: re.Match[str], notes: Notes) -> None:
    length = seconds(found[1])
    if length is not None:
        notes.duration_s = max(length, notes.duration_s or 0.0)


def _ffmpeg(found: re.Match[str], notes: Notes) -> Reading | None:
    return _encoded(seconds(found["time"]), notes, f"speed {found['speed']}")


def _ffmpeg_out_time(found: re.Match[str], notes: Notes) -> None:
    """`out_time_ms` is microseconds too, and therefore not read."""
    notes.out_time_s = int(found[1]) / 1e6


def _ffmpeg_block(found: re.Match[str], notes: Notes) -> Reading | None:
    if found[1] == "end" and notes.duration_s is not None:
        return _encoded(notes.duration_s, notes, None)
    return _encoded(notes.out_time_s, notes, None)


def _encoded(position_s: float | None, notes: Notes, message: str | None) -> Reading | None:
    if position_s is None:
        return None
    position_s = max(position_s, 0.0)
    total = notes.duration_s
    current = position_s if total is None else min(position_s, total)
    return Reading(current=current, total=total, unit="s", message=message, source="ffmpeg")


TRANSFERS = (
    Format(
        name="curl",
        hint=":",
        pattern=re.compile(
            rf"^ *(?P<pct>\d{{1,3}}) +(?P<total>{_AMOUNT}) +\d{{1,3}} +(?P<received>{_AMOUNT})"
            rf" +\d{{1,3}} +(?P<sent>{_AMOUNT}) +{_AMOUNT} +{_AMOUNT} +{_TIME} +{_TIME} +{_TIME} +(?P<speed>{_AMOUNT})$"
        ),
        read=_curl,
    ),
    Format(
        name="curl",
        hint="%",
        pattern=re.compile(r"^#* +(\d{1,3}\.\d)%$"),
        read=_curl_bar,
    ),
    Format(name="wget", hint="Saving to: ", pattern=re.compile(r"^Saving to: [‘'\"](.+)[’'\"]$"), read=_saving),
    Format(
        name="wget",
        hint="%[",
        pattern=re.compile(r"^.*? (?P<pct>\d{1,3})%\[[^\]]*\] +(?P<size>[\d.,]+[KMGT]?)(?: +(?P<rate>\S+/s))?"),
        read=_wget,
    ),
    Format(
        name="wget",
        hint="<=>",
        pattern=re.compile(r"^.*? \[ *<=> *\] +(?P<size>[\d.,]+[KMGT]?)(?: +(?P<rate>\S+/s))?"),
        read=_wget,
    ),
    Format(
        name="wget",
        hint="..",
        pattern=re.compile(r"^ *(?P<size>\d+K)[ .,]+(?P<pct>\d{1,3})% +(?P<rate>[\d.,]+[KMGT]?)(?:[ =]\S+)?$"),
        read=_wget,
    ),
    Format(
        name="yt-dlp",
        hint="[download] Destination: ",
        pattern=re.compile(r"^\[download\] Destination: (.+)$"),
        read=_saving,
    ),
    Format(
        name="yt-dlp",
        hint="[download]",
        pattern=re.compile(r"^\[download\] +(?P<pct>\d{1,3}(?:\.\d+)?)% of +~? *\S+(?P<tail>.*)$"),
        read=_yt_dlp,
    ),
    Format(name="yt-dlp", hint="HW {", pattern=re.compile(r"^HW (\{.*\})$"), read=_yt_dlp_json, growing=True),
    Format(
        name="rsync",
        hint="%",
        pattern=re.compile(
            r"^ *(?P<size>[\d,.]+[KMGTP]?) +(?P<pct>\d{1,3})% +(?P<rate>[\d.,]+[kKMGT]?B/s) +\d+:\d\d:\d\d"
            r"(?: +\(xfr#\d+, (?P<check>to|ir)-chk=\d+/\d+\))?$"
        ),
        read=_rsync,
        growing=True,
    ),
    Format(
        name="git",
        hint="% (",
        pattern=re.compile(
            r"^(?:remote: )?(?P<phase>[A-Z][a-z]+(?: [a-z]+){0,3}): +\d{1,3}% \((?P<n>\d+)/(?P<total>\d+)\)(?P<tail>.*)$"
        ),
        read=_git,
    ),
    Format(
        name="ffmpeg",
        hint="Duration: ",
        pattern=re.compile(r"^ *Duration: (\d+:\d\d:\d\d\.\d+), "),
        read=_ffmpeg_duration,
    ),
    Format(
        name="ffmpeg",
        hint="time=",
        pattern=re.compile(r"^(?:frame=|L?size=).*?\btime=(?P<time>-?[\d:.]+|N/A) .*?speed= *(?P<speed>\S+)"),
        read=_ffmpeg,
    ),
    Format(name="ffmpeg", hint="out_time_us=", pattern=re.compile(r"^out_time_us=(-?\d+)$"), read=_ffmpeg_out_time),
    Format(name="ffmpeg", hint="progress=", pattern=re.compile(r"^progress=(continue|end)$"), read=_ffmpeg_block),
)
