"""What the entry point gives: engines, and a silent SDK."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from mcp.client import session

from headway.connectors.mcp import connector
from headway.errors import InvalidInput
from headway.worker.engines import Target

LIBRARIES = ("mcp", "httpx2", "httpcore2")


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    before = {name: logging.getLogger(name).level for name in LIBRARIES}
    filters = list(session.logger.filters)
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)
    session.logger.filters = filters


def test_a_target_is_an_engine_with_its_service():
    app = connector(
        [Target("a", {"command": "x", "slots": 3}), Target("b", {"url": "http://u:p@127.0.0.1:1/mcp?key=k"})]
    )

    services = [service for engine in app.engines for service in engine.services()]

    assert services == [
        {"name": "a", "type": "mcp", "status": "starting", "slots": 3},
        {"name": "b", "type": "mcp", "status": "starting", "slots": 8, "url": "http://127.0.0.1:1/mcp"},
    ]
    assert app.jobs == {}


def test_a_key_that_is_wrong_is_named():
    with pytest.raises(InvalidInput, match=r"mcp\.servers\.a\.comand: is not known\. Did you mean 'command'\?"):
        connector([Target("a", {"comand": "x"})])


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(InvalidInput, match=r"needs the MCP SDK\. Run: pip install 'headway\[mcp\]'"):
        connector([Target("a", {"command": "x"})])


def test_what_the_sdk_logs_of_strangers_texts_and_urls_goes_nowhere(caplog: Any):
    connector([])
    connector([])

    logging.getLogger("httpx2").error("HTTP Request: POST https://host/mcp?token=s3cr3t")
    logging.getLogger("mcp.client.streamable_http").error("Error parsing: s3cr3t")
    record = session.logger.makeRecord("client", logging.WARNING, session.__file__, 1, "s3cr3t", (), None)
    session.logger.handle(record)
    logging.getLogger("client").warning("somebody else's")

    assert caplog.messages == ["somebody else's"]
