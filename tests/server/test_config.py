from __future__ import annotations

from pathlib import Path

import pytest

from headway.errors import InvalidInput
from headway.server.config import Config, check_bind, is_loopback, load


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home")}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_value_nobody_gave_is_the_default_and_says_so(home, tmp_path: Path):
    loaded = load(environ=home, folder=tmp_path)

    assert (loaded.config.host, loaded.config.port) == ("127.0.0.1", 8400)
    assert loaded.origins["port"] == "default"
    assert loaded.config.store_url == f"sqlite:///{tmp_path}/home/.local/share/headway/headway.db"


def test_each_place_yields_to_the_one_above_it(home, tmp_path: Path):
    user = write(tmp_path / "home/.config/headway/headway.toml", 'port = 1\nhost = "::1"\nlease_s = 10\nsweep_s = 2\n')
    project = write(tmp_path / "headway.toml", "port = 2\nlease_s = 20\nstale_s = 9\n")

    loaded = load(
        {"port": 4, "host": None}, environ={**home, "HEADWAY_PORT": "3", "HEADWAY_LEASE_S": "30"}, folder=tmp_path
    )

    assert (loaded.config.port, loaded.origins["port"]) == (4, "flag")
    assert (loaded.config.settings.lease_s, loaded.origins["lease_s"]) == (30.0, "HEADWAY_LEASE_S")
    assert (loaded.config.settings.stale_s, loaded.origins["stale_s"]) == (9.0, str(project))
    assert (loaded.config.settings.sweep_s, loaded.origins["sweep_s"]) == (2.0, str(user))
    assert (loaded.config.host, loaded.origins["host"]) == ("::1", str(user))


def test_the_project_file_may_be_a_table_of_pyproject(home, tmp_path: Path):
    write(tmp_path / "pyproject.toml", '[project]\nname = "x"\n[tool.headway]\nallowed_hosts = ["jobs.example.org"]\n')

    loaded = load(environ=home, folder=tmp_path)

    assert loaded.config.allowed_hosts == ("jobs.example.org",)
    assert loaded.origins["allowed_hosts"] == str(tmp_path / "pyproject.toml")


def test_a_list_in_the_environment_is_parted_by_commas(home, tmp_path: Path):
    loaded = load(environ={**home, "HEADWAY_ALLOWED_HOSTS": "a.example, b.example"}, folder=tmp_path)

    assert loaded.config.allowed_hosts == ("a.example", "b.example")


def test_a_misspelled_name_in_a_file_is_an_error_that_names_the_likely_one(home, tmp_path: Path):
    path = write(tmp_path / "headway.toml", "lease = 3\n")

    with pytest.raises(InvalidInput) as caught:
        load(environ=home, folder=tmp_path)

    assert str(caught.value) == f"{path}: lease: no such setting. Did you mean lease_s?"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"HEADWAY_PORT": "many"},
            "HEADWAY_PORT: 'many' does not fit: Expected `int`, got `str`. Give a whole number.",
        ),
        (
            {"HEADWAY_LEASE_S": "soon"},
            "HEADWAY_LEASE_S: 'soon' does not fit: Expected `float`, got `str`. Give a number (durations are in seconds).",
        ),
    ],
)
def test_a_value_that_does_not_fit_names_its_place(home, environ, sentence, tmp_path: Path):
    with pytest.raises(InvalidInput) as caught:
        load(environ={**home, **environ}, folder=tmp_path)

    assert str(caught.value) == sentence


def test_a_file_that_is_no_toml_is_named(home, tmp_path: Path):
    path = write(tmp_path / "headway.toml", "port 3\n")

    with pytest.raises(InvalidInput, match="not TOML") as caught:
        load(environ=home, folder=tmp_path)

    assert caught.value.field == str(path)


def test_the_token_is_never_among_the_values_shown(home, tmp_path: Path):
    loaded = load(environ={**home, "HEADWAY_TOKEN": "open-sesame"}, folder=tmp_path)

    assert loaded.config.token == "open-sesame"
    assert loaded.values()["token"] == "(set)"
    assert loaded.values()["lease_s"] == 30.0


def test_an_address_others_reach_is_refused_without_a_token_and_the_way_out_is_named():
    with pytest.raises(InvalidInput) as caught:
        check_bind(Config(host="0.0.0.0"))

    assert str(caught.value) == (
        "host: 0.0.0.0 is reachable from other machines and no token is configured. Set HEADWAY_TOKEN to a long random "
        "text, or name a file of hashed tokens with --tokens; or keep 127.0.0.1 and put a proxy that authenticates in front."
    )


def test_an_address_others_reach_is_fine_with_a_token_and_loopback_without():
    check_bind(Config(host="0.0.0.0", token="x" * 32))
    check_bind(Config(host="::1"))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("localhost", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("jobs", False),
    ],
)
def test_loopback_is_told_from_the_rest(host: str, loopback: bool):
    assert is_loopback(host) is loopback


def test_the_base_path_has_one_leading_slash_and_no_trailing_one(home, tmp_path: Path):
    assert load({"base_path": "jobs/"}, environ=home, folder=tmp_path).config.base_path == "/jobs"
    assert load({"base_path": "/"}, environ=home, folder=tmp_path).config.base_path == ""


def test_no_password_of_a_store_is_shown(home, tmp_path: Path):
    flags = {"store": "postgresql://u:secret@pooler/x", "store_direct": "postgresql://u:secret@db/x"}

    shown = load(flags, environ=home, folder=tmp_path).values()

    assert (shown["store"], shown["store_direct"]) == ("postgresql://u:***@pooler/x", "postgresql://u:***@db/x")


class TestConnectors:
    def test_they_may_stand_in_the_table_of_the_worker(self, home, tmp_path: Path):
        file = write(tmp_path / "headway.toml", 'port = 2\n[worker]\nconnectors = ["comfyui=http://h:1", "toy=a"]\n')

        loaded = load(environ=home, folder=tmp_path)

        assert loaded.config.connectors == ("comfyui=http://h:1", "toy=a")
        assert (loaded.origins["connectors"], loaded.config.port) == (str(file), 2)

    def test_of_a_flag_or_the_environment_replace_them(self, home, tmp_path: Path):
        write(tmp_path / "pyproject.toml", '[tool.headway.worker]\nconnectors = ["toy=a"]\n')

        told = load({"connectors": ("toy=b",)}, environ=home, folder=tmp_path).config.connectors
        none = load(environ={**home, "HEADWAY_CONNECTORS": ""}, folder=tmp_path).config.connectors

        assert (told, none) == (("toy=b",), ())

    def test_another_name_in_the_table_is_refused_by_its_whole_name(self, home, tmp_path: Path):
        file = write(tmp_path / "headway.toml", "[worker]\nslots = 3\n")

        with pytest.raises(InvalidInput) as caught:
            load(environ=home, folder=tmp_path)

        assert str(caught.value) == f"{file}: worker.slots: no such setting. There is connectors."

    def test_a_value_where_the_table_should_be_is_refused(self, home, tmp_path: Path):
        file = write(tmp_path / "headway.toml", 'worker = "toy=a"\n')

        with pytest.raises(InvalidInput) as caught:
            load(environ=home, folder=tmp_path)

        assert str(caught.value) == f"{file}: worker: is not a table. Write [worker] on a line of its own."
