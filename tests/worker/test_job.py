"""A job that is described by a schema and not by a signature, and what its kind says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from headway.connectors.base import App, Job
from headway.errors import InvalidInput
from headway.testing import run
from headway.worker.context import Context

SCHEMA = {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}, "required": ["count"]}


async def handler(ctx: Context, args: dict[str, Any]) -> Any:
    """Not what the kind says."""
    ctx.progress(args["count"], 10)
    return args


def made(**options: Any) -> Job[..., Any]:
    return Job.from_schema(handler, **{"name": "mcp.toy.count", "schema": SCHEMA, **options})


def test_its_kind_is_what_was_given():
    job = made(
        output={"type": "object"}, title="Count", description="Counts.", annotations={"read_only": True}, confirm=True,
        definition="d1", service="mcp:toy", max_attempts=3, progress_timeout="10m",
    )  # fmt: skip

    definition = job.definition()

    assert definition.pop("hash")
    assert definition == {
        "name": "mcp.toy.count", "title": "Count", "description": "Counts.", "schema": SCHEMA,
        "output": {"type": "object"}, "annotations": {"read_only": True}, "confirm": True, "definition": "d1",
        "service": "mcp:toy", "isolation": "shared",
        "defaults": {"max_attempts": 3, "options": {"progress_timeout_s": 600.0}},
    }  # fmt: skip


def test_its_handler_gets_the_arguments_as_they_are():
    ran = run(made(), args={"count": 3, "other": None})

    assert (ran.result, ran.progress[0].current) == ({"count": 3, "other": None}, 3)


def test_a_handler_may_be_a_method_and_name_its_parameter_as_it_likes():
    class Tool:
        async def call(self, ctx: Context, given: dict[str, Any]) -> Any:
            return given["count"]

    job = Job.from_schema(Tool().call, name="t", schema=SCHEMA)

    assert run(job, count=2).result == 2


@pytest.mark.parametrize(
    ("args", "sentence"),
    [({}, "args.count: is required. It takes count."), ({"count": 0}, "args.count: 0 is less than 1.")],
)
def test_arguments_are_checked_against_the_schema_again(args: dict[str, Any], sentence: str):
    ran = run(made(), check=False, args=args)

    assert (ran.outcome, (ran.error or {})["message"]) == ("rejected", sentence)


def test_a_decorated_job_has_title_annotations_and_confirm_too():
    app = App()

    @app.job(title="Wipe", annotations={"destructive": True}, confirm=True)
    def wipe() -> None: ...

    kind = wipe.definition()
    assert (kind["title"], kind["annotations"], kind["confirm"]) == ("Wipe", {"destructive": True}, True)
    assert "definition" not in kind


def test_an_app_serves_it_and_no_second_of_its_name():
    app = App()
    job = app.add(made())

    with pytest.raises(InvalidInput, match=r"job 'mcp\.toy\.count': is registered twice in this app"):
        app.add(made())

    assert app.jobs == {"mcp.toy.count": job}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"schema": {"type": 3}}, "mcp.toy.count.schema: is not a JSON Schema: "),
        ({"output": {"type": 3}}, "mcp.toy.count.output: is not a JSON Schema: "),
        ({"annotations": {"readonly": True}}, "mcp.toy.count.annotations: 'readonly' is not known. There is destr"),
        ({"annotations": {"read_only": "yes"}}, "mcp.toy.count.annotations.read_only: 'yes' is neither true nor"),
        ({"annotations": ["read_only"]}, "mcp.toy.count.annotations: ['read_only'] is no mapping."),
        ({"colour": "red"}, "mcp.toy.count.colour: is not an option of @app.job"),
    ],
)
def test_a_mistake_is_told_by_its_name(options: dict[str, Any], sentence: str):
    with pytest.raises(InvalidInput) as caught:
        made(**options)

    assert str(caught.value).startswith(sentence)


def test_a_handler_that_takes_no_arguments_is_refused():
    async def alone(ctx: Context) -> None: ...

    with pytest.raises(InvalidInput, match=r"^t: its handler does not take two\. Write async def handler\(ctx, args\)"):
        Job.from_schema(alone, name="t", schema=SCHEMA)
