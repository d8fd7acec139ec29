"""The statements that must not grow with the store walk along their index, even where the plan was made in its infancy."""

from __future__ import annotations

import re
from typing import Any

import pytest

from headway.store.postgres import PostgresStore, statements as s
from headway.store.postgres.address import Address
from headway.store.postgres.connecting import Connection, connect
from headway.store.postgres.identity import transaction
from writers import opened

JOBS = """
INSERT INTO jobs SELECT '01J' || lpad(n::text, 23, '0'), 'default', n % 8 + 1, 'u' || n, 'x' || n, {state}, n % 7 / 6,
'2026-09-21T14:13:20.' || lpad((n % 1000)::text, 3, '0') || 'Z', (n % 50 <> 0)::int, NULL, n, n, '{{"id":"x"}}'
FROM generate_series(1, 100000) n
""".format(state="CASE WHEN n % 50 = 0 THEN 'running' ELSE 'queued' END")
EVENTS = """
INSERT INTO events SELECT n, n, 'job.noted', 'x', 'default', 'normal', 'x', NULL, NULL, NULL, NULL, NULL, '{}', n - 1
FROM generate_series(1, 100000) n
"""


@pytest.fixture(scope="module")
def planner(postgres):
    """A session of the writer's settings on a hundred thousand queued jobs in eight lanes."""
    url = postgres.new_database()
    with opened([PostgresStore(url)]):
        address = Address.parse(url)
        with connect(address) as connection:
            connection.prepare_threshold = None
            connection.execute(s.settings(address.schema, local=False).encode())
            with transaction(connection, address):
                connection.execute(
                    "INSERT INTO lanes SELECT n, 'default', 'k' || n, 'q', '' FROM generate_series(1, 8) n"
                )
                connection.execute(JOBS.encode())
                connection.execute(EVENTS.encode())
                connection.execute("INSERT INTO counts SELECT lane, state, count(*) FROM jobs GROUP BY 1, 2")
            yield connection
    postgres.drop_database(url)


def plan_of(planner: Connection, text: str) -> list[str]:
    planner.execute("DEALLOCATE ALL")
    planner.execute(f"PREPARE it AS {text}".encode())
    parameters = max(map(int, re.findall(r"\$(\d+)", text)))
    nothing = ", ".join(["NULL"] * parameters)
    return [line for (line,) in planner.execute(f"EXPLAIN EXECUTE it({nothing})".encode())]


def walks(plan: list[str]) -> set[str]:
    return {found.group(1) for line in plan if (found := re.search(r"(?:Index .*Scan(?: Backward)? using|Index Scan on) (\w+)", line))}  # fmt: skip


def scans(plan: list[str]) -> set[str]:
    """Tables that are read whole; those of a row or a few for each lane may be."""
    found = {match.group(1) for line in plan if (match := re.search(r"Seq Scan on (\w+)", line))}
    return found - {"log_head", "queues", "kinds", "counts", "lanes"}


@pytest.mark.parametrize("analyzed", [False, True])
@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        (s.CANDIDATES, {"jobs_ready", "jobs_pkey", "bodies_pkey"}),
        (s.JOBS, {"jobs_pkey"}),
        (s.HELD, {"jobs_by_state"}),
        (s.ACTIVE_IDS, {"jobs_by_state"}),
        (s.NEWEST["unique_key"], {"jobs_by_unique_key"}),
        (s.NEWEST["external_id"], {"jobs_by_external_id"}),
        (s.ANSWERS, {"idempotency_pkey"}),
        (s.LOCKED["workers"], {"workers_pkey"}),
        (s.SERVICES, {"services_pkey"}),
        (s.SAVED, {"saved_pkey"}),
        (s.MOVE_JOBS.text, {"jobs_pkey", "log_head_pkey"}),
        (s.TOUCH_JOBS.text, {"jobs_pkey", "log_head_pkey"}),
        (s.UPDATE_DOCUMENTS["workers"].text, {"workers_pkey", "log_head_pkey"}),
        (s.HEAR_WORKERS.text, {"workers_pkey"}),
        (s.FORGET_LABELS.text, {"job_labels_pkey"}),
        (s.FORGET_EVENTS, {"jobs_pkey", "events_pkey"}),
    ],
)  # fmt: skip
def test_an_index_answers(planner, text, indexes, analyzed):
    if analyzed:
        planner.execute("ANALYZE")

    plan = plan_of(planner, text)

    assert indexes <= walks(plan), "\n".join(plan)
    assert scans(plan) == set(), "\n".join(plan)


def test_the_best_jobs_of_many_lanes_come_from_the_fronts_of_their_lanes(planner):
    """What is looked at is what was asked for in each lane, of a hundred thousand."""
    planner.execute("DEALLOCATE ALL")
    planner.execute(f"PREPARE it AS {s.CANDIDATES}".encode())

    told: list[Any] = [
        line for (line,) in planner.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE it('{1,2,3,4,5,6,7,8}', 0, 30, 14)")
    ]  # fmt: skip

    walked = next(line for line in told if "jobs_ready" in line)
    assert "rows=30 loops=8" in walked
