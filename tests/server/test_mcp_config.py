"""MCP servers in the configuration: their form, the layers, and that no secret of theirs is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.server.config import load
from headway.server.mcp_config import shown_servers

FILE = """
[mcp]
tools = ["index_source"]
[mcp.servers.github]
command = "npx"
args = ["-y", "server-github"]
env = { GITHUB_TOKEN = "${GITHUB_TOKEN}" }
[mcp.servers.github.tools.create_issue]
confirm = true
[mcp.servers.docs]
url = "https://docs.example.org/mcp"
"""
GITHUB = {
    "command": "npx", "args": ["-y", "server-github"], "env": {"GITHUB_TOKEN": "${GITHUB_TOKEN}"},
    "tools": {"create_issue": {"confirm": True}},
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CONFIG_HOME": str(tmp_path / "config"), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}


def test_they_are_read_by_name_with_all_their_options_beside_the_tools(home: dict[str, str], tmp_path: Path):
    (tmp_path / "headway.toml").write_text(FILE)

    loaded = load(environ=home, folder=tmp_path)

    assert loaded.config.mcp_servers == {"github": GITHUB, "docs": {"url": "https://docs.example.org/mcp"}}
    assert loaded.config.mcp_tools == ("index_source",)
    assert loaded.origins["mcp_servers"] == str(tmp_path / "headway.toml")


def test_those_of_the_project_are_taken_in_place_of_the_users(home: dict[str, str], tmp_path: Path):
    user = tmp_path / "config" / "headway" / "headway.toml"
    user.parent.mkdir(parents=True)
    user.write_text('[mcp.servers.mine]\ncommand = "mine"\n')

    alone = load(environ=home, folder=tmp_path).config.mcp_servers
    (tmp_path / "pyproject.toml").write_text('[tool.headway.mcp.servers.ours]\ncommand = "ours"\n')
    both = load(environ=home, folder=tmp_path).config.mcp_servers

    assert (alone, both) == ({"mine": {"command": "mine"}}, {"ours": {"command": "ours"}})


def test_the_environment_gives_them_as_json_and_an_empty_text_takes_them_away(home: dict[str, str], tmp_path: Path):
    (tmp_path / "headway.toml").write_text(FILE)

    told = load(environ={**home, "HEADWAY_MCP_SERVERS": '{"a": {"command": "x"}}'}, folder=tmp_path).config.mcp_servers
    none = load(environ={**home, "HEADWAY_MCP_SERVERS": ""}, folder=tmp_path).config.mcp_servers

    assert (told, none) == ({"a": {"command": "x"}}, {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[mcp]\nservers = ["geheim"]', "mcp.servers: is not a table. Write [mcp.servers.NAME] on a line of its own."),
        (
            '[mcp.servers]\ngithub = "geheim"',
            (
                "mcp.servers.github: is not a table. Write [mcp.servers.github] on a line of its own, and below it command "
                "or url."
            ),
        ),
        ('mcp = "geheim"', "mcp: is not a table. Write [mcp] on a line of its own."),
        ("[mcp]\nserver = 3", "mcp.server: no such setting. There is tools, servers."),
    ],
)
def test_a_form_that_is_none_is_told_by_its_place_and_without_its_value(
    text: str, sentence: str, home: dict[str, str], tmp_path: Path
):
    (tmp_path / "headway.toml").write_text(text)

    with pytest.raises(InvalidInput) as caught:
        load(environ=home, folder=tmp_path)

    assert str(caught.value) == f"{tmp_path / 'headway.toml'}: {sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("geheim", 'HEADWAY_MCP_SERVERS: is not JSON. Write {"NAME": {"command": "npx"}}.'),
        ('["geheim"]', "HEADWAY_MCP_SERVERS: is not a table. Write [mcp.servers.NAME] on a line of its own."),
    ],
)
def test_what_the_environment_has_wrong_is_told_without_its_value(
    text: str, sentence: str, home: dict[str, str], tmp_path: Path
):
    with pytest.raises(InvalidInput) as caught:
        load(environ={**home, "HEADWAY_MCP_SERVERS": text}, folder=tmp_path)

    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ({"env": {"A": "geheim", "B": "${B}"}}, {"env": {"A": "(set)", "B": "${B}"}}),
        ({"headers": {"Authorization": "Bearer ${T} geheim"}}, {"headers": {"Authorization": "(set)"}}),
        ({"env": "A=geheim"}, {"env": "(set)"}),
        ({"url": "https://u:geheim@h/mcp?key=geheim"}, {"url": "https://u:***@h/mcp"}),
        ({"args": ["-y", "x", "--api-key", "geheim", "y"]}, {"args": ["-y", "x", "--api-key", "(set)", "y"]}),
        ({"args": ["--token=geheim", "--token=${T}"]}, {"args": ["--token=(set)", "--token=${T}"]}),
        ({"args": ["run", "-e", "GITHUB_TOKEN=geheim"]}, {"args": ["run", "-e", "GITHUB_TOKEN=(set)"]}),
        ({"args": ["--header", "Authorization: Bearer geheim"]}, {"args": ["--header", "Authorization: (set)"]}),
        ({"args": ["--dsn", "x://u:geheim@h/s?key=geheim"]}, {"args": ["--dsn", "x://u:***@h/s"]}),
        ({"args": ["-m", "keys.server", "--port=80", "a=b"]}, {"args": ["-m", "keys.server", "--port=80", "a=b"]}),
        ({"command": "npx", "slots": 4}, {"command": "npx", "slots": 4}),
    ],
)
def test_of_what_may_be_a_secret_only_that_it_is_there_is_shown(options: dict[str, Any], shown: dict[str, Any]):
    assert shown_servers({"a": options}) == {"a": shown}


def test_the_configuration_shows_them_so(home: dict[str, str], tmp_path: Path):
    (tmp_path / "headway.toml").write_text('[mcp.servers.a]\ncommand = "x"\nenv = { KEY = "geheim" }\n')

    values = load(environ=home, folder=tmp_path).values()

    assert values["mcp_servers"] == {"a": {"command": "x", "env": {"KEY": "(set)"}}}
