"""What every test may count on: the Hypothesis profiles, a PostgreSQL of the run's own, and no strays of other runs.

`ci` (what `make test` uses) draws the same examples on every run, so that a red build is red for everybody;
`dev` (the default of a bare `pytest`) draws new ones; `deep` looks longer, by hand.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

import prepared
import strays
from browser import NO_CHROMIUM
from cluster_example import NO_NGINX
from mcp_peers import NO_EVERYTHING, NO_FASTMCP
from postgres import ABSENT, Postgres, required_postgres

LEFT_OUT = {
    ABSENT: "tests/postgres.py",
    NO_NGINX: "tests/cluster_example.py",
    NO_CHROMIUM: "tools/chromium.py",
    NO_EVERYTHING: "tests/mcp_peers.py",
    NO_FASTMCP: "tests/mcp_peers.py",
}
"""Reasons that many tests share, and the one place to name for each."""

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", deadline=None, max_examples=5_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_configure(config: pytest.Config) -> None:
    """Nothing that the run starts outlives it (strays.py)."""
    if guard := strays.guarded():
        config.add_cleanup(lambda: strays.release(guard))
    config.add_cleanup(prepared.end)


@pytest.fixture(autouse=True)
def log_of_no_other_test() -> Iterator[None]:
    """A command that was run here may have set the log of the process to a stream that is closed by now."""
    yield
    if "structlog" in sys.modules:
        sys.modules["structlog"].reset_defaults()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL for all tests of a process; who kills it starts it again."""
    with required_postgres() as server:
        yield server


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database."""
    url = postgres.new_database()
    yield url
    postgres.drop_database(url)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """All tests that were left out for want of one program are one line of the summary: their place is one."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason in LEFT_OUT:
            report.longrepr = (LEFT_OUT[reason], 0, report.longrepr[2])
    return report
