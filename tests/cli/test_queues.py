"""Queues from the command line, against a real server."""

from __future__ import annotations

import json

import pytest


def test_a_queue_is_shown_paused_resumed_and_limited(headway):
    headway("submit", "crawl", "--queue", "gpu")

    assert ["gpu", "1"] in [line.split()[:2] for line in headway("queues").out.splitlines()]
    assert "paused: disk" in headway("queues", "pause", "gpu", "--reason", "disk").out
    assert "paused" not in headway("queues", "resume", "gpu").out
    assert "limit 3" in headway("queues", "limit", "gpu", "3").out
    assert "limit" not in headway("queues", "limit", "gpu", "none").out
    counts = {queue["name"]: queue["counts"] for queue in json.loads(headway("queues", "--json").out)}
    assert counts["gpu"] == {"queued": 1}


@pytest.mark.parametrize("name", ["a/b", "a/../b", "a//b", "/", "a%2Fb", "a b?c#d", "größe"])
def test_a_queue_of_any_name_is_limited_and_cleared_by_it(headway, name):
    headway("submit", "crawl", "--queue", name)
    headway("submit", "crawl", "--queue", "b")

    limited = headway("queues", "--json", "limit", name, "3")
    cleared = headway("queues", "clear", name, "--yes")

    assert json.loads(limited.out)[0]["name"] == name
    assert cleared.out == "1 of 1 cancelled\n"


@pytest.mark.parametrize("id", ["gpu-3/1", "../workers/x", "a//b"])
def test_a_worker_is_acted_on_by_its_whole_id(headway, id):
    said = headway("workers", "drain", id)

    assert (said.code, f"No worker has the id {id!r}." in said.err) == (5, True)


def test_a_limit_that_is_no_number_is_a_usage_error(headway):
    assert headway("queues", "limit", "gpu", "many").code == 2


def test_a_queue_is_cleared_after_it_was_confirmed(headway):
    headway("submit", "crawl", "--queue", "old")

    said = headway("queues", "clear", "old", "--yes")

    assert said.out == "1 of 1 cancelled\n"


def test_without_a_worker_it_is_said_how_to_start_one(headway):
    said = headway("workers")

    assert (said.code, said.out) == (0, "")
    assert "headway worker module:app" in said.err


def test_a_worker_that_does_not_exist_exits_with_5(headway):
    assert headway("workers", "disconnect", "nobody/1").code == 5


def test_a_store_that_is_what_its_log_says_is_verified(headway):
    said = headway("verify")

    assert said.code == 0
    assert "all equal to their log" in said.out
