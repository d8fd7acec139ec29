"""Answering what a job asks for: `headway answer JOB sure=true`, or field by field on a terminal.

What is asked may come from an outside engine: its words are shown without anything that a terminal obeys, a URL is shown
and never opened. The server checks the answer against the asked schema; here it only helps to write one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import click

from headway.cli.exits import OK, say
from headway.cli.options import Server, asks_server, at_terminal, run_async, show, shows_data
from headway.cli.submit import as_wanted, read_whole, read_words
from headway.cli.words import one_line
from headway.client import Client
from headway.errors import InvalidInput, Refused
from headway.model.job import InputDoc, JobDoc
from headway.model.schema import validate

Schema = dict[str, Any]


@click.command()
@click.argument("job")
@click.argument("words", nargs=-1, metavar="[NAME=TEXT | NAME=@FILE | NAME:=JSON]…")
@click.option("--args", "whole", metavar="JSON|@FILE|-", help="The whole answer as one JSON object; words win.")
@click.option("--accept", "action", flag_value="accept", help="Accept, without fields where none are wanted.")
@click.option("--decline", "action", flag_value="decline", help="Say no.")
@click.option("--cancel", "action", flag_value="cancel", help="Dismiss the question; the job itself goes on.")
@shows_data
@asks_server
def answer(
    job: str, words: tuple[str, ...], whole: str | None, action: str | None, form: str, server: Server
) -> int:  # fmt: skip
    """Answer what JOB asks for. Without an answer it shows the question and, on a terminal, asks for each field.

    Values are written as for submit: NAME=TEXT, NAME:=JSON, NAME=@FILE.
    """
    given = {**read_whole(whole), **read_words(words)}
    if given and action in ("decline", "cancel"):
        raise click.UsageError(f"--{action} takes no fields.")
    return run_async(_answer(server, job, given, "accept" if given else action, form))


async def _answer(server: Server, id: str, given: dict[str, Any], action: str | None, form: str) -> int:
    async with server.client() as client:
        asked = await _asked(client, id)
        for line in question(asked):
            say(line)
        fields = fields_of(asked["schema"])
        if action is None:
            if not at_terminal():
                for name, its in fields.items():
                    say(f"  {_label(name, its, needed=name in asked['schema'].get('required', []))}")
                raise click.UsageError("Give NAME=VALUE…, --args JSON, --accept, --decline or --cancel.")
            action = click.prompt(
                "Answer", type=click.Choice(["accept", "decline", "cancel"]), default="accept", err=True
            )
            given = asked_for(asked["schema"], fields) if action == "accept" else {}
        content = {name: as_wanted(value, fields.get(name, {})) for name, value in given.items()}
        whole = content if action == "accept" and (content or fields) else None
        done = await client.answer(id, whole, action=action, request=asked["request"])
        show(done, form, lambda _: [f"{id} got its answer: {action}"])
        return OK


async def _asked(client: Client, id: str) -> InputDoc:
    document: JobDoc = await client.get(id)
    if (asked := document.get("input")) is None:
        state = f"{document.get('state')} and asks for nothing"
        raise Refused("answer", state, entity=f"job {id}", hint=f"headway watch {id} shows when it does.")
    return asked


def question(asked: InputDoc) -> Iterable[str]:
    """What is asked, for people."""
    yield one_line(asked["message"]) or "It asks for an answer."
    if (url := asked.get("url")) is not None:
        yield f"It is done on this page, which you open yourself if you trust it: {one_line(url)}"


def fields_of(schema: Any) -> dict[str, Schema]:
    """The properties of an object; none where the schema is no such thing."""
    properties = cast("dict[str, Any]", schema).get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: its if isinstance(its, dict) else {} for name, its in cast("dict[str, Any]", properties).items()}


def asked_for(schema: Any, fields: dict[str, Schema]) -> dict[str, Any]:
    """Each field, asked for on the terminal; nothing is written for one that may be left out."""
    required: list[Any] = cast("Schema", schema).get("required", []) if fields else []
    answers = {name: _field(name, its, needed=name in required) for name, its in fields.items()}
    return {name: value for name, value in answers.items() if value is not None}


def _field(name: str, schema: Schema, *, needed: bool) -> Any:
    """One value, asked again until it fits."""
    while True:
        text = click.prompt(_label(name, schema, needed=needed), default="", show_default=False, err=True)
        if text == "" and "default" in schema:
            return schema["default"]
        if text == "" and not needed:
            return None
        value = as_wanted(text, schema)
        try:
            validate(schema, value, name)
        except InvalidInput as fault:
            say(one_line(str(fault)))
        else:
            return value


def _label(name: str, schema: Schema, *, needed: bool) -> str:
    """`branch (The branch to write to) [main or dev, default main]`."""
    told = one_line(str(schema.get("title") or ""))
    about = one_line(str(schema.get("description") or ""))
    choices: Any = schema.get("enum")
    limits = [
        " or ".join(one_line(str(each)) for each in cast("list[Any]", choices)) if isinstance(choices, list) else "",
        "true or false" if schema.get("type") == "boolean" else "",
        f"default {one_line(str(schema['default']))}" if "default" in schema else "" if needed else "may be empty",
    ]
    limit = ", ".join(each for each in limits if each)
    words = ": ".join(part for part in (told, about) if part)
    return one_line(name) + (f" ({words})" if words else "") + (f" [{limit}]" if limit else "")
