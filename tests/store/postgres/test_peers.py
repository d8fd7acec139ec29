from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from headway.clock import SystemClock
from headway.errors import StoreUnavailable
from headway.store.base import GONE_S, LEADER_S
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection
from headway.store.postgres.peers import Peers, Sample
from postgres import Postgres

HOUR_MS = 3_600_000
Write = Callable[..., None]


class SteppedClock(SystemClock):
    """The OS clock of a server that somebody has set."""

    def __init__(self, step_ms: int) -> None:
        super().__init__()
        self.step_ms = step_ms

    def now(self) -> int:
        return super().now() + self.step_ms


class StoppedClock(SystemClock):
    """A monotonic clock by which nothing takes any time: every sample seems to be the best there can be."""

    stands_at = 10_000.0

    def monotonic(self) -> float:
        return self.stands_at


@pytest.fixture
def make(address: Address, opened: Callable) -> Iterator[Callable[..., Peers]]:
    """Another server's peers on the same store."""
    opened()
    made: list[Peers] = []

    def another(clock: SystemClock | None = None) -> Peers:
        made.append(Peers(address, clock))
        made[-1].open()
        return made[-1]

    yield another
    for peers in made:
        peers.close()


@pytest.fixture
def silence(write: Write) -> Callable[[float], None]:
    """So many seconds pass without a word of anybody: what was said is older by that."""

    def age(seconds: float) -> None:
        write("UPDATE servers SET heard_at = heard_at - %(ms)s", ms=round(seconds * 1000))
        write(
            "UPDATE facts SET value = (split_part(value, ' ', 1)::bigint - %(ms)s) || ' ' || split_part(value, ' ', 2)"
            " WHERE name = 'leader'",
            ms=round(seconds * 1000),
        )

    return age


def test_the_first_leads_and_everybody_knows_everybody(make):
    a, b = make(), make()

    first = a.beat("a", {"viewers": 3})
    second = b.beat("b", {})

    assert (first.leader, second.leader) == ("a", "a")
    assert [(peer.id, peer.doc) for peer in second.peers] == [("a", {"viewers": 3}), ("b", {})]


def test_who_leads_goes_on_leading(make):
    a, b = make(), make()

    leaders = [each.beat(name, {}).leader for _ in range(3) for each, name in ((a, "a"), (b, "b"))]

    assert leaders == ["a"] * 6


def test_a_leader_that_beats_holds_its_lease(make, silence):
    a, b = make(), make()
    a.beat("a", {})

    silence(LEADER_S - 1)
    a.beat("a", {})
    silence(LEADER_S - 1)

    assert b.beat("b", {}).leader == "a"


def test_the_leader_retires_and_another_leads_at_its_next_beat(make):
    a, b = make(), make()
    a.beat("a", {})
    b.beat("b", {})

    a.retire("a")
    standing = b.beat("b", {})

    assert standing.leader == "b"
    assert [peer.id for peer in standing.peers] == ["b"]


def test_one_that_does_not_lead_retires_without_disturbing_the_leader(make):
    a, b = make(), make()
    a.beat("a", {})
    b.beat("b", {})

    b.retire("b")

    assert a.beat("a", {}).leader == "a"


def test_a_silent_leader_is_followed_by_who_beats_first(make, silence):
    a, b = make(), make()
    a.beat("a", {})
    b.beat("b", {})

    silence(LEADER_S - 1)
    before = b.beat("b", {}).leader
    silence(LEADER_S)
    after = b.beat("b", {}).leader

    assert (before, after) == ("a", "b")
    assert a.beat("a", {}).leader == "b"


def test_a_lease_from_a_clock_that_was_set_back_is_none(make, silence):
    a, b = make(), make()
    a.beat("a", {})

    silence(-HOUR_MS / 1000)

    assert b.beat("b", {}).leader == "b"


def test_a_server_that_was_silent_for_long_is_forgotten(make, silence):
    a, b = make(), make()
    a.beat("a", {})

    silence(GONE_S + 1)

    assert [peer.id for peer in b.beat("b", {}).peers] == ["b"]


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS])
def test_a_clock_an_hour_off_agrees_with_the_databases(make, connection: Connection, step_ms: int):
    clock = SteppedClock(step_ms)
    server = make(clock)

    ours = server.clock_zero_ms + clock.monotonic() * 1000

    (theirs,) = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()
    assert abs(ours - float(theirs)) < 1_000


def test_a_clock_that_is_set_between_two_beats_is_put_right_at_once(make, connection: Connection):
    clock = SteppedClock(0)
    server = make(clock)
    server.beat("a", {})

    clock.step_ms = HOUR_MS

    (theirs,) = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()
    assert abs(server.clock_zero_ms + clock.monotonic() * 1000 - float(theirs)) < 1_000


def test_a_machine_that_slept_is_put_right_by_its_next_beat(make, connection: Connection):
    clock = StoppedClock()
    server = make(clock)

    clock.stands_at -= 3_600  # as if it had stood still while the database's went on
    server.beat("a", {})

    (theirs,) = connection.execute("SELECT extract(epoch FROM clock_timestamp()) * 1000").fetchone()
    assert abs(server.clock_zero_ms + clock.monotonic() * 1000 - float(theirs)) < 1_000


def test_samples_contradict_each_other_where_their_errors_do_not_explain_it():
    near, far, later = Sample(1_000.0, 2.0), Sample(1_040.0, 100.0), Sample(9_000.0, 100.0)

    assert near.agrees(far)
    assert not near.agrees(later)


def test_a_server_says_nothing_of_the_clock_before_it_has_asked(address: Address):
    assert Peers(address).clock_zero_ms == 0


def test_a_connection_that_was_ended_meanwhile_is_made_again(make, postgres: Postgres, database: str):
    server = make()
    server.beat("a", {})

    postgres.terminate_backends(database)

    assert server.beat("a", {}).leader == "a"


def test_a_database_that_is_away_is_a_store_that_does_not_answer(address: Address):
    away = Peers(Address({**address.options, "port": "1"}))

    with pytest.raises(StoreUnavailable):
        away.beat("a", {})


def test_beats_leave_no_transaction_open_and_need_no_disk(make, connection: Connection, address: Address):
    server = make()

    server.beat("a", {})

    states = connection.execute(
        "SELECT DISTINCT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ).fetchall()
    assert states == [("idle",)]


def test_many_servers_that_were_silent_together_do_not_wait_crosswise(make, silence):
    from concurrent.futures import ThreadPoolExecutor

    servers = {name: make() for name in "abcdef"}
    for name, server in servers.items():
        server.beat(name, {})
    silence(GONE_S + 1)

    with ThreadPoolExecutor(len(servers)) as threads:
        rounds = [list(threads.map(lambda each: each[1].beat(each[0], {}).leader, servers.items())) for _ in range(5)]

    assert len({leader for leaders in rounds[1:] for leader in leaders}) == 1
