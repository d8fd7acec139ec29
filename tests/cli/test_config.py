"""The configuration and where it comes from; completion."""

from __future__ import annotations

import json

import pytest

from headway.cli import main


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project of its own, and no user file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("HEADWAY_PORT", "HEADWAY_SERVER", "HEADWAY_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_every_value_says_where_it_comes_from(folder, monkeypatch, capsys):
    (folder / "headway.toml").write_text("port = 9000\nlease_s = 12.5\n")
    monkeypatch.setenv("HEADWAY_PORT", "9001")

    assert main(["config", "--origin", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["port"] == {"value": 9001, "origin": "HEADWAY_PORT"}
    assert found["lease_s"] == {"value": 12.5, "origin": str(folder / "headway.toml")}
    assert found["host"] == {"value": "127.0.0.1", "origin": "default"}


def test_only_what_is_changed_can_be_shown(folder, monkeypatch, capsys):
    monkeypatch.setenv("HEADWAY_PORT", "9001")

    main(["config", "--changed"])

    assert capsys.readouterr().out.split() == ["NAME", "VALUE", "port", "9001"]


def test_a_setting_that_does_not_exist_is_a_usage_error(folder, capsys):
    assert main(["config", "nonsense"]) == 2


def test_a_token_is_never_shown(folder, monkeypatch, capsys):
    monkeypatch.setenv("HEADWAY_TOKEN", "very-secret")

    main(["config"])

    assert "very-secret" not in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(shell, capsys):
    assert main(["completion", shell]) == 0

    assert "_HEADWAY_COMPLETE" in capsys.readouterr().out
