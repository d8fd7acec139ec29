"""Guesses from numbers: what counts as progress, and above all what does not."""

from __future__ import annotations

import pytest

from headway.connectors.command.screen import Line

COUNTS = [
    ("42%", (None, 42.0, 100.0)),
    ("  42.5 % done", (None, 42.5, 100.0)),
    ("[ 42%]", (None, 42.0, 100.0)),
    ("100% complete", (None, 100.0, 100.0)),
    ("3/10", (None, 3.0, 10.0)),
    ("(3/10) resizing", (None, 3.0, 10.0)),
    ("3/10 files", (None, 3.0, 10.0)),
    ("3 of 10: resizing", (None, 3.0, 10.0)),
    ("Step 3/10 : RUN make", ("Step", 3.0, 10.0)),
    ("step 3 of 10", ("step", 3.0, 10.0)),
    ("Processing file 3/10", ("Processing file", 3.0, 10.0)),
]

NO_PROGRESS_IN_A_LOG = [
    "5 packets transmitted, 0 received, 100% packet loss, time 4000ms",
    "100% packet loss",
    "/dev/sda1        100G   50G   50G  50% /",
    "50% of the disk is used",
    "93% used",
    "12% faster than before",
    "coverage: 93%",
    "TOTAL   1234   56   95%",
    "muxing overhead: 0.395720%",
    "video:862kB audio:0kB muxing overhead: 0.395720%",
    "142%",
    "50%of",
    "2026/11/22 10:49:00 started",
    "11/22 10:49:00 started",
    "11/22/2026",
    "opened /dev/pts/3/10",
    "and/or",
    "1/0 split",
    "3/2 wins",
    "3/10 tests failed",
    "ratio 3/10",
    "http://host/3/10",
    "version 1/2.5",
    "1.2.3/4",
    "10.0.0.0/24 via eth0",
    "INFO 3/10 retries left",
    "failed step 3/10",
    "step 3/10 failed",
]


@pytest.mark.parametrize(("text", "point"), COUNTS)
def test_a_number_that_opens_a_log_line_counts(seen, text, point):
    assert seen.points(seen.read([text])) == [point]


@pytest.mark.parametrize("text", NO_PROGRESS_IN_A_LOG)
def test_a_number_within_a_log_line_does_not_count(seen, text):
    assert seen.read([text]) == []


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("Copying: 45%", ("Copying", 45.0, 100.0)),
        ("45% (cpu 90%)", (None, 45.0, 100.0)),
        ("pass 2 [=====>    ] 45.5 %", ("pass 2", 45.5, 100.0)),
        ("label  [####----]  25%  00:00:01", ("label", 25.0, 100.0)),
        ("disk 93% used, copied 10%", (None, 10.0, 100.0)),
        ("Elapsed 3s, done 17/40", ("Elapsed 3s, done", 17.0, 40.0)),
        ("17 of 40", (None, 17.0, 40.0)),
    ],
)
def test_the_first_number_of_a_redrawn_line_counts(seen, text, point):
    assert seen.points(seen.read([Line(text, transient=True)])) == [point]


@pytest.mark.parametrize(
    "text", ["disk 93% used", "100% packet loss", "10:49:00 11/22/2026", "at 3/10/2026", "/a/3/10"]
)
def test_even_a_redrawn_line_may_speak_of_something_else(seen, text):
    assert seen.read([Line(text, transient=True)]) == []


def test_a_label_that_changes_with_the_work_is_no_new_stage(seen):
    lines = [Line(f"copying {name} {at}%", transient=True) for name, at in (("a.txt", 10), ("b.bin", 20))]

    assert seen.points(seen.read(lines)) == [("copying a.txt", 10.0, 100.0), ("copying a.txt", 20.0, 100.0)]


def test_a_label_that_changes_while_the_number_falls_is(seen):
    lines = [Line(f"{name} {at}%", transient=True) for name, at in (("reading", 40), ("writing", 20))]

    assert seen.points(seen.read(lines)) == [("reading", 40.0, 100.0), ("writing", 20.0, 100.0)]
