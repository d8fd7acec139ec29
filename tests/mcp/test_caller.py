from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mcp_types import ClientCapabilities, ElicitationCapability

from headway.client import Client
from headway.mcp.caller import TASKS, Caller

ABLE = ClientCapabilities(elicitation=ElicitationCapability(), extensions={TASKS: {}})


def caller(version: str, capabilities: ClientCapabilities | None, *, asks_back: bool = False) -> Caller:
    session = SimpleNamespace(client_capabilities=capabilities, client_params=None, can_send_request=asks_back)
    context: Any = SimpleNamespace(protocol_version=version, session=session)
    return Caller(context, Client("http://127.0.0.1"))


@pytest.mark.parametrize(
    ("version", "capabilities", "takes"),
    [
        ("2026-07-28", ABLE, True),
        ("2026-07-28", ClientCapabilities(), False),
        ("2026-07-28", None, False),
        ("2025-11-25", ABLE, False),  # its own design of tasks is another one
    ],
)
def test_tasks_are_for_those_of_the_newer_era_that_declare_them(version: str, capabilities: Any, takes: bool):
    assert caller(version, capabilities).takes_tasks is takes


@pytest.mark.parametrize(
    ("version", "capabilities", "asks_back", "can"),
    [
        ("2026-07-28", ABLE, False, True),
        ("2025-11-25", ABLE, True, True),
        ("2025-11-25", ABLE, False, False),  # by HTTP without a session: there is no way back
        ("2026-07-28", ClientCapabilities(), False, False),
        ("2025-11-25", None, True, False),
    ],
)
def test_a_person_can_be_asked_where_the_client_can_and_a_way_leads_there(
    version: str, capabilities: Any, asks_back: bool, can: bool
):
    assert caller(version, capabilities, asks_back=asks_back).can_be_asked is can


def test_an_agent_without_a_name_is_one_nevertheless():
    assert caller("2025-11-25", None).name == "mcp"
