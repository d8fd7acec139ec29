"""The options of `[mcp.servers.NAME]`: what is refused and how it is named, and what is filled in from the environment."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.mcp.config import MissingVariable, resolved, server_of
from headway.errors import InvalidInput

STDIO: dict[str, Any] = {"command": "npx"}


def test_a_server_has_defaults():
    server = server_of("github", STDIO)

    assert (server.name, server.slots, server.progress_timeout, server.log_level) == ("github", 8, "10m", "info")
    assert (server.include, server.exclude, server.shown_url) == (("*",), [], None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, 'mcp.servers.x: has neither command nor url. Give command = "npx" (a process) or url = "https://…/mcp".'),
        ({"command": "a", "url": "http://b"}, "mcp.servers.x: has a command and a url."),
        ({"url": "http://b", "args": ["c"]}, "mcp.servers.x.args: means nothing beside url. Take it out."),
        ({"command": "a", "headers": {"A": "b"}}, "mcp.servers.x.headers: means nothing beside command."),
        ({"url": "ftp://b"}, "mcp.servers.x.url: is no http or https URL with a host."),
        ({"url": "http://[b"}, "mcp.servers.x.url: is no http or https URL with a host."),
        ({**STDIO, "slot": 3}, "mcp.servers.x.slot: is not known. Did you mean 'slots'?"),
        ({**STDIO, "zzz": 3}, "mcp.servers.x.zzz: is not known. There is command, args"),
        ({**STDIO, "slots": 0}, "mcp.servers.x.slots: 0 is not 1 to 1000."),
        ({**STDIO, "slots": "8"}, "mcp.servers.x.slots: expected int, got str."),
        ({**STDIO, "log_level": "loud"}, "mcp.servers.x.log_level: invalid enum value 'loud'."),
        ({**STDIO, "protocol": "1"}, "mcp.servers.x.protocol: invalid enum value '1'."),
        ({**STDIO, "progress_timeout": "soon"}, "mcp.servers.x.progress_timeout"),
        ({**STDIO, "tools": {"t": {"confrim": True}}}, "mcp.servers.x.tools.t.confrim: is not known. Did you mean 'confirm'?"),
        ({**STDIO, "tools": {"t": {"max_attempts": 0}}}, "mcp.servers.x.tools.t.max_attempts: 0 is less than one."),
        ({**STDIO, "tools": {"t": {"timeout": "x"}}}, "mcp.servers.x.tools.t.timeout"),
        ({**STDIO, "tools": 3}, "mcp.servers.x.tools: is no table."),
        ({**STDIO, "name": "y"}, "mcp.servers.x.name: is not known."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_key(options: dict[str, Any], message: str):
    with pytest.raises(InvalidInput) as caught:
        server_of("x", options)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["", "a.b", "a/b", "a:b", "-a", "a" * 65])
def test_a_name_that_no_kind_could_have_is_refused(name: str):
    with pytest.raises(InvalidInput, match="is no server's name"):
        server_of(name, STDIO)


def test_variables_are_filled_in_and_are_secrets_from_then_on():
    server = server_of(
        "x", {"command": "c", "args": ["--dir", "${HOME}/docs", "--key=${KEY}"], "env": {"TOKEN": "t-${KEY}"}}
    )

    whole = resolved(server, {"KEY": "s3cr3t", "HOME": "/home/you"})

    assert whole.args == ["--dir", "/home/you/docs", "--key=s3cr3t"]
    assert whole.env == {"TOKEN": "t-s3cr3t"}
    assert whole.secrets.hide("s3cr3t t-s3cr3t in /home/you") == "[hidden] [hidden] in /home/you"
    assert "s3cr3t" not in repr(whole)


def test_the_names_of_places_and_modes_are_no_secrets():
    server = server_of("x", {"command": "c", "env": {"NODE_ENV": "production", "API_KEY": "abcdefgh-literal"}})

    hide = resolved(server, {}).secrets.hide

    assert hide("production abcdefgh-literal") == "production [hidden]"


def test_a_header_s_credential_is_hidden_without_its_scheme_too():
    server = server_of(
        "x", {"url": "https://me:p4ssw0rd-of-mine@h/mcp?k=v", "headers": {"Authorization": "Bearer abc-def-ghi"}}
    )

    whole = resolved(server, {})

    assert whole.secrets.hide("abc-def-ghi, p4ssw0rd-of-mine") == "[hidden], [hidden]"
    assert server.shown_url == "https://h/mcp"


def test_a_missing_variable_is_named_with_its_place():
    server = server_of("x", {"url": "https://h/mcp", "headers": {"Authorization": "Bearer ${NO_TOKEN}"}})

    with pytest.raises(MissingVariable, match=r"^headers\.Authorization wants the environment variable NO_TOKEN"):
        resolved(server, {})
