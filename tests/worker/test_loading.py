"""What one worker serves: apps by module, connectors by their entry points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.worker.toys import install_toy

from headway.errors import InvalidInput
from headway.worker.loading import connectors_of, load_served, read_connector

JOBS = f"{Path(__file__).with_name('jobs.py')}:app"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_toy(tmp_path, monkeypatch)


def test_an_option_is_a_type_and_a_target_that_may_hold_the_sign_too():
    assert read_connector("comfyui=http://h:8188/?a=b") == ("comfyui", "http://h:8188/?a=b")


@pytest.mark.parametrize("text", ["comfyui", "comfyui=", "=http://h:8188"])
def test_an_option_that_lacks_one_of_them_is_refused_by_its_own_words(text: str):
    with pytest.raises(InvalidInput) as caught:
        read_connector(text)

    assert str(caught.value).startswith(f"--connector {text}: is not TYPE=TARGET. For example comfyui=")


def test_a_connector_is_called_once_with_all_targets_of_its_type(toy: None):
    served = load_served([JOBS], [("toy", "a:1", {}), ("toy", "b:2", {})])

    assert [each["name"] for engine in served.engines for each in engine.services()] == ["a:1", "b:2"]
    assert {"add", "toy.work"} <= served.jobs.keys()


def test_two_apps_of_one_job_are_refused_by_its_name(toy: None):
    with pytest.raises(InvalidInput, match="is registered in both apps"):
        load_served(["toy_connector:app"], [("toy", "a:1", {})])


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("no_such_module_xyz:connector", "can not be loaded: ModuleNotFoundError: No module named"),
        ("toy_connector:place", "can not be loaded: TypeError: place() takes 0 positional arguments but 1 was given"),
        ("builtins:len", "builtins:len gave a int, not a headway.App"),
    ],
)
def test_an_entry_point_that_leads_to_no_connector_is_told_by_the_option(
    value: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    install_toy(tmp_path, monkeypatch, value)

    with pytest.raises(InvalidInput) as caught:
        load_served([], [("toy", "a:1", {})])

    assert str(caught.value).startswith(f"--connector toy=a:1: {sentence}")


def test_a_module_that_ends_the_program_on_import_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "exiting_jobs_xyz.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(InvalidInput, match="exiting_jobs_xyz:app: can not be loaded: SystemExit: 3"):
        load_served(["exiting_jobs_xyz:app"], [])


SERVERS: dict[str, dict[str, Any]] = {"github": {"command": "npx"}, "docs": {"url": "https://h/mcp"}}


@pytest.mark.parametrize(
    ("told", "connectors"),
    [
        ([], [("mcp", "github", {"command": "npx"}), ("mcp", "docs", {"url": "https://h/mcp"})]),
        (["mcp=docs"], [("mcp", "docs", {"url": "https://h/mcp"})]),
        (["toy=a", "mcp=github"], [("toy", "a", {}), ("mcp", "github", {"command": "npx"})]),
    ],
)
def test_a_worker_serves_every_mcp_server_that_is_configured_or_those_it_is_told(told: list[str], connectors: Any):
    assert connectors_of(told, SERVERS) == connectors


@pytest.mark.parametrize(
    ("servers", "hint"),
    [
        (SERVERS, "Configured: github, docs."),
        ({}, 'Write [mcp.servers.npx] into headway.toml, and below it command = "…" or url = "…".'),
    ],
)
def test_an_mcp_server_that_is_not_configured_is_refused(servers: dict[str, dict[str, Any]], hint: str):
    with pytest.raises(InvalidInput) as caught:
        connectors_of(["mcp=npx"], servers)

    assert str(caught.value) == f"--connector mcp=npx: no MCP server of this name is configured. {hint}"
