"""What differs from the log is named in a line that can be read; all of it is in --json."""

from __future__ import annotations

from headway.cli.verify import _as_lines


def test_a_long_value_is_cut_and_an_absent_one_is_named():
    difference = {"job": "01J", "field": "attempts", "row": {"1": {"worker": "w" * 200}}, "log": None}

    counted, line = _as_lines({"jobs": 1, "events": 2_000, "different": 1, "differences": [difference]})

    assert counted == "1 jobs, 2,000 events: 1 fields differ from their log."
    assert line == '  01J attempts: row {"1":{"worker":"' + "w" * 43 + "…, log nothing"
