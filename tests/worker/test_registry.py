"""What a user's module offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.worker.context import Context
from headway.worker.registry import App, load_app


def sweep(job: str, attempt: int, checkpoints: dict[str, object]) -> None: ...


def test_a_definition_is_what_the_server_keeps_of_a_kind():
    app = App()

    @app.job(
        stages={"download": 1, "parse": 3}, retries=3, timeout="2h", progress_timeout="30s", queue="gpu", priority=5,
        limit=2, key_limit=1, backoff="5s", requires={"gpu": "yes"}, on_lost="continue", expires="1d",
        cleanup=sweep, isolation="process",
    )  # fmt: skip
    async def crawl(ctx: Context, url: str) -> None:
        """Fetch it all."""

    definition = app.definitions()[0]

    assert definition.pop("schema")["required"] == ["url"]
    assert len(definition.pop("hash")) == 64
    assert definition == {
        "name": "crawl",
        "description": "Fetch it all.",
        "plan": [{"name": "download", "weight": 1.0}, {"name": "parse", "weight": 3.0}],
        "defaults": {
            "queue": "gpu",
            "priority": 5,
            "max_attempts": 4,
            "requires": {"gpu": "yes"},
            "expires_s": 86_400.0,
            "options": {
                "timeout_s": 7200.0,
                "progress_timeout_s": 30.0,
                "backoff_s": 5.0,
                "on_lost": "continue",
            },
        },
        "limit": 2,
        "key_limit": 1,
        "isolation": "process",
        "cleanup": True,
    }


def test_a_handler_may_be_registered_without_parentheses_and_under_another_name():
    app = App()

    @app.job
    def plain() -> None: ...

    app.job("other")(lambda: None)

    assert sorted(app.jobs) == ["other", "plain"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"retries": 1, "max_attempts": 2},
            "job.retries: is given beside max_attempts. Give one; retries=3 is 4 attempts.",
        ),
        ({"max_attempts": 0}, "job.max_attempts: 0 is less than one."),
        ({"timeout": "soon"}, "job.timeout: 'soon' is not a duration."),
        ({"isolation": "thread"}, 'job.isolation: \'thread\' is unknown. Write "shared" or "process".'),
        ({"cleanup": lambda *_: None}, "It runs in a fresh process after a kill: define it at module level with def."),
        ({"colour": "red"}, "job.colour: is not an option of @app.job."),
        ({"stages": {"a/b": 1}}, "'a/b' is not a stage name"),
    ],
)
def test_a_wrong_option_is_named_with_the_way_out(options: dict[str, object], sentence: str):
    def job() -> None: ...

    with pytest.raises(InvalidInput) as caught:
        App().job(**options)(job)  # pyright: ignore[reportCallIssue, reportArgumentType]

    assert sentence in str(caught.value)


def test_two_handlers_of_one_name_are_refused():
    app = App()
    app.job("same")(lambda: None)

    with pytest.raises(InvalidInput, match="job 'same': is registered twice in this app"):
        app.job("same")(lambda: None)


def test_an_app_includes_another_and_refuses_a_clash():
    one, two, three = App(), App(), App()
    two.job("b")(lambda: None)
    three.job("b")(lambda: None)

    one.include(two)
    one.include(two)

    assert list(one.jobs) == ["b"]
    with pytest.raises(InvalidInput, match="job 'b': is registered in both apps"):
        one.include(three)


def test_an_app_is_loaded_from_a_file_or_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "my_jobs_xyz.py").write_text("import headway\napp = headway.App()\n")
    monkeypatch.chdir(tmp_path)

    assert load_app("my_jobs_xyz:app") is load_app("my_jobs_xyz")
    assert load_app(f"{tmp_path / 'my_jobs_xyz.py'}:app") is load_app("my_jobs_xyz")


def test_an_import_that_fails_inside_the_module_is_its_own_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "broken_jobs_xyz.py").write_text("import not_installed_xyz\n")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ModuleNotFoundError, match="not_installed_xyz"):
        load_app("broken_jobs_xyz:app")


class TestServices:
    def test_a_kind_may_need_a_type_of_engine_or_one_engine(self):
        app = App()

        @app.job(service="comfyui")
        async def draw() -> None: ...

        @app.job(service="mcp:github")
        async def search() -> None: ...

        assert [definition["service"] for definition in app.definitions()] == ["comfyui", "mcp:github"]

    @pytest.mark.parametrize("service", ["", ":github", "mcp:", 5])
    def test_what_names_no_engine_is_refused(self, service: Any):
        with pytest.raises(InvalidInput) as caught:

            @App().job(service=service)
            async def draw() -> None: ...

        assert str(caught.value) == f'draw.service: {service!r} is no engine. Write "comfyui" or "mcp:github".'

    def test_a_handler_in_a_thread_or_in_a_process_of_its_own_can_not_need_one(self):
        def in_a_thread() -> None: ...

        async def alone() -> None: ...

        with pytest.raises(
            InvalidInput, match=r"^in_a_thread\.service: is for handlers that are async and not isolated"
        ):
            App().job(service="comfyui")(in_a_thread)
        with pytest.raises(InvalidInput, match=r"^alone\.service: is for handlers that are async and not isolated"):
            App().job(service="comfyui", isolation="process")(alone)

    def test_an_app_that_is_included_brings_its_engines_once(self):
        engine: Any = object()
        ours, theirs = App(), App()
        theirs.engine(engine)

        ours.include(theirs)
        ours.include(theirs)

        assert ours.engines == [engine]
