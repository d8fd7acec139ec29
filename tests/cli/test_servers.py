"""The servers of a store, from the command line, against one that is alone."""

from __future__ import annotations

import json


def test_a_server_that_is_alone_is_shown_and_leads(headway, server: str):
    head, row = headway("servers").out.splitlines()
    [shown] = json.loads(headway("servers", "--json").out)

    assert head.split() == ["SERVER", "MACHINE", "ADDRESS", "VERSION", "VIEWERS", "WORKERS", "HEARD"]
    assert row.split()[2] == f"{server}/"
    assert row.endswith("leads")
    assert (shown["viewers"], shown["workers"], shown["leads"]) == (0, 0, True)
