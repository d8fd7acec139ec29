from __future__ import annotations

from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.protocol.registration import Claim, checked_profile, claim_of, is_elsewhere

WHOLE: dict[str, Any] = {"id": "gpu-3/1", "machine": "gpu-3", "instance": "abc"}


def test_a_whole_description_stands_with_its_defaults():
    assert checked_profile({**WHOLE, "pid": 7, "labels": {"a": "b"}, "version": None}) == {
        **WHOLE, "name": "gpu-3/1", "slots": 1, "pid": 7, "labels": {"a": "b"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"machine": None}, "worker.machine: is missing. Give a text of 1 to 200 characters."),
        ({"machine": "  "}, "worker.machine: '  ' is not a text of 1 to 200 characters."),
        ({"id": 7}, "worker.id: 7 is not a text of 1 to 200 characters."),
        ({"instance": None}, "worker.instance: is missing."),
        ({"name": ""}, "worker.name: '' is not a text"),
        ({"version": "x" * 201}, "worker.version: 'xxx"),
        ({"slots": -1}, "worker.slots: -1 is not a number from 0 to 10000."),
        ({"slots": True}, "worker.slots: True is not a number"),
        ({"pid": 0}, "worker.pid: 0 is not a process id."),
        ({"labels": {"a": 1}}, "worker.labels: {'a': 1} is not an object of texts."),
        ({"labels": ["a"]}, "worker.labels: ['a'] is not an object of texts."),
    ],
)
def test_a_wrong_field_is_named_with_the_way_out(change: dict[str, Any], message: str):
    with pytest.raises(InvalidInput) as refusal:
        checked_profile(WHOLE | change)

    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("new", "claim"),
    [
        ({"instance": "old", "boot_id": "b", "pid": 1}, Claim.TAKE_OVER),
        ({"instance": "new", "boot_id": "b", "pid": 2}, Claim.TAKE_OVER),
        ({"instance": "new", "boot_id": "other", "pid": 2}, Claim.ASK),
        ({"instance": "new", "boot_id": "b", "pid": 1}, Claim.ASK),
        ({"instance": "new"}, Claim.ASK),
    ],
)
def test_only_the_same_process_or_a_new_one_on_the_same_boot_takes_over_at_once(new: dict[str, Any], claim: Claim):
    assert claim_of({"instance": "old", "boot_id": "b", "pid": 1}, new) is claim


@pytest.mark.parametrize(
    ("change", "elsewhere"),
    [
        ({}, True),
        ({"state": "stale"}, True),
        ({"state": "draining"}, True),
        ({"state": "disconnected"}, False),
        ({"state": "lost"}, False),
        ({"server": "s1"}, False),
        ({"server": None}, False),
        ({"instance": "i1"}, False),
    ],
)
def test_only_another_process_that_is_linked_to_another_server_is_elsewhere(change: dict[str, Any], elsewhere: bool):
    document = {"id": "w", "state": "online", "server": "s2", "instance": "i2", **change}

    assert is_elsewhere(document, "s1", "i1") is elsewhere
