"""Seats: one id, one directory, one living process."""

from __future__ import annotations

from pathlib import Path

import pytest

from headway.clock import SystemClock
from headway.protocol.registration import checked_profile
from headway.worker.identity import profile, take_seat


def test_workers_of_one_machine_get_numbers_and_give_them_back(tmp_path: Path):
    first, second = take_seat("m", None, tmp_path), take_seat("m", None, tmp_path)
    first.leave()
    third = take_seat("m", None, tmp_path)

    assert [first.worker, second.worker, third.worker] == ["m/1", "m/2", "m/1"]
    second.leave()
    third.leave()


def test_a_name_is_held_by_one_at_a_time(tmp_path: Path):
    seat = take_seat("m", "gpu", tmp_path)

    with pytest.raises(BlockingIOError):
        take_seat("m", "gpu", tmp_path)

    seat.leave()
    again = take_seat("m", "gpu", tmp_path)
    assert again.worker == "m/gpu"
    again.leave()


def test_what_the_last_holder_left_is_deleted(tmp_path: Path):
    seat = take_seat("m", None, tmp_path)
    seat.directory.mkdir()
    (seat.directory / "left").write_text("x")
    seat._lock.close()  # as a killed process does

    again = take_seat("m", None, tmp_path)

    assert not (again.directory / "left").exists()
    again.leave()


def test_the_profile_is_one_that_servers_take(tmp_path: Path):
    seat = take_seat(None, "a", tmp_path)

    described = profile(seat, SystemClock(), slots=2, labels={"gpu": "yes"}, version="1")

    assert checked_profile(described)["machine"] == seat.machine
    assert described["instance"] != profile(seat, SystemClock(), slots=2, labels={}, version="1")["instance"]
    seat.leave()


def test_workers_of_two_servers_may_have_one_name(tmp_path: Path) -> None:
    here = take_seat("m", "gpu", tmp_path, server="http://127.0.0.1:1")

    there = take_seat("m", "gpu", tmp_path, server="http://127.0.0.1:2")

    assert here.directory != there.directory
    here.leave()
    there.leave()
