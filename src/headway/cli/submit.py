"""Making a job from words: `headway submit crawl url=https://example.org max_files:=20 --watch`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

import click
import msgspec

from headway.cli.exits import OK, say
from headway.cli.fromfile import STDIN, FromFile, is_file, json_of, read_file, value_of
from headway.cli.options import (
    Server,
    asks_server,
    at_terminal,
    json_object,
    pairs,
    run_async,
    show,
    shows_data,
    without_none,
)
from headway.cli.words import one_line
from headway.client import Client, Job
from headway.errors import InvalidInput, NotFound


@click.command()
@click.argument("kind")
@click.argument("words", nargs=-1, metavar="[NAME=TEXT | NAME=@FILE | NAME:=JSON]…")
@click.option("--args", "whole", metavar="JSON|@FILE|-", help="All arguments as one JSON object; words win.")
@click.option("--queue", help="Else the kind's own.")
@click.option("--priority", type=int, help="Higher runs first.")
@click.option("--label", "labels", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--delay", metavar="DURATION", help="Not before so long: 30s, 1h30m.")
@click.option("--at", metavar="TIME", help="Not before then, ISO 8601.")
@click.option("--unique", metavar="KEY", help="One unfinished job of this key; a second submit gives the first's id.")
@click.option("--after", multiple=True, metavar="ID", help="Wait for that job. Repeatable.")
@click.option("--expires", metavar="DURATION", help="Give up if it has not started within so long.")
@click.option("--timeout", metavar="DURATION", help="Stop an attempt that runs longer.")
@click.option("--progress-timeout", metavar="DURATION", help="Stop an attempt of which nothing is heard for so long.")
@click.option("--max-attempts", type=click.IntRange(1, 1000), help="How many tries.")
@click.option("--key", metavar="KEY", help="Idempotency-Key: the same key again is the same submit.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, where the kind wants a person to be asked.")
@click.option("--wait", is_flag=True, help="Wait for the end and print the result.")
@click.option("--watch", "watched", is_flag=True, help="Follow it on the terminal until it ends.")
@shows_data
@asks_server
def submit(
    kind: str, words: tuple[str, ...], whole: str | None, labels: tuple[str, ...], key: str | None, yes: bool,
    wait: bool, watched: bool, form: str, server: Server, **options: Any,
) -> int:  # fmt: skip
    """Make a job of KIND. Prints its id.

    NAME=TEXT gives text, or what the kind's schema makes of it; NAME:=JSON gives JSON: max_files:=20 tags:='["a"]'.
    NAME=@FILE gives what is in the file: JSON if it reads as JSON, else text; @- is stdin. A text that begins with @
    is written with two: handle=@@ada.
    """
    args = {**read_whole(whole), **read_words(words)}
    options = without_none({**options, "labels": pairs(labels, "--label"), "key": key})
    then = "watch" if watched else "wait" if wait else "go"
    return run_async(_submit(server, kind, args, options, form, then, yes=yes))


def read_words(words: Iterable[str]) -> dict[str, Any]:
    """`url=x max_files:=20 flow=@flow.json` as arguments; what a file holds is not read as anything yet."""
    args: dict[str, Any] = {}
    words = list(words)
    if sum(word.endswith(f"=@{STDIN}") for word in words) > 1:
        raise click.BadParameter("stdin can be read once; give the others by file.", param_hint="arguments")
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name in ("", ":"):
            raise click.BadParameter(
                f"{word!r} is neither NAME=TEXT nor NAME=@FILE nor NAME:=JSON.", param_hint="arguments"
            )
        args[name.removesuffix(":")] = _json(value, name[:-1]) if name.endswith(":") else _text(value, name)
    return args


def _text(value: str, name: str) -> str | FromFile:
    if value.startswith("@@") or not value.startswith("@"):
        return value[1:] if value.startswith("@@") else value
    if value == "@":
        hint = f"Name a file, as in {name}=@file.json; for the text @ write {name}=@@."
        raise click.BadParameter(hint, param_hint=f"{name}=@")
    return read_file(name, value[1:])


def _json(text: str, name: str) -> Any:
    if text.startswith("@"):
        return json_of(read_file(name, text[1:], f"{name}:={text}"))
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        hint = f"{text!r} is not JSON; for text write {name}={text}."
        raise click.BadParameter(hint, param_hint=f"{name}:=") from None


def read_whole(text: str | None) -> dict[str, Any]:
    """What `--args` was given: JSON, a file of it, or stdin; nothing where it was not."""
    if text is None:
        return {}
    if text == STDIN:
        return json_object(sys.stdin.read(), "--args")
    if text.startswith("@"):
        text = read_file("--args", text[1:], "--args").text
    return json_object(text, "--args")


async def _submit(
    server: Server, kind: str, args: dict[str, Any], options: dict[str, Any], form: str, then: str, *, yes: bool
) -> int:
    async with server.client() as client:
        job = await _submitted(client, kind, args, options, yes=yes)
        if not job.created:
            say(f"{job.id} holds this unique key already.")
        if job.hint:
            say(job.hint)
        if then == "go":
            show({"id": job.id, "created": job.created}, form, lambda made: [made["id"]])
            return OK
        from headway.cli.watch import detachable, follow_jobs

        say(f"headway job {job.id}")
        if then == "watch":
            return await detachable(follow_jobs(client, [job.id], form), "watch", job.id)
        return await detachable(_wait(client, job, form), "watch", job.id)


async def _submitted(client: Client, kind: str, args: dict[str, Any], options: dict[str, Any], *, yes: bool) -> Job:
    """The job. Refused by a kind that was not known before, it is asked again: of several servers one knew its new worker."""
    known = await _known(client, kind)
    try:
        return await _asked(client, known, kind, args, options, yes=yes)
    except InvalidInput:
        if known or not (known := await _known(client, kind)):
            raise
    return await _asked(client, known, kind, args, options, yes=yes)


async def _asked(
    client: Client, known: dict[str, Any], kind: str, args: dict[str, Any], options: dict[str, Any], *, yes: bool
) -> Job:
    if known.get("confirm") and not yes:
        confirm(known)
    fitted = _fitted(known, args)
    try:
        return await client.submit(kind, fitted, **options)
    except InvalidInput as fault:
        fault.hint = _hint_of_file(fault, fitted) or fault.hint
        raise


async def _wait(client: Client, job: Job, form: str) -> int:
    from headway.cli.reasons import telling

    async with telling(client, lambda: [job.id], lambda _, lines: say("\n".join(lines)) if lines else None):
        result = await job.result()
    show(result, "json" if form == "text" else form, lambda _: ())
    return OK


async def _known(client: Client, kind: str) -> dict[str, Any]:
    """What the server knows of the kind: nothing, perhaps, which is for it to say at the submit."""
    try:
        return await client.rest.get(f"/kinds/{quote(kind, safe='')}")
    except NotFound:
        return {}


def confirm(kind: dict[str, Any]) -> None:
    """Ask the person at the terminal; Abort where the answer is no, UsageError where nobody can be asked."""
    name, title = one_line(kind.get("name")), one_line(kind.get("title"))
    what = f"{name} ({title})" if title and title != name else name
    does: dict[str, Any] = kind.get("annotations") or {}
    why = " It may destroy something." if does.get("destructive") else ""
    if not at_terminal():
        raise click.UsageError(f"{what} wants a person to be asked first.{why} Give --yes where that was done.")
    click.confirm(f"{what} wants to be confirmed.{why} Submit it?", abort=True, err=True)


def _fitted(kind: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
    """Texts and files as the kind's schema wants them: `max_files=20` is a number where a number is asked for."""
    schema: Any = kind.get("schema") or {}
    properties: dict[str, Any] = schema.get("properties", {})
    return {name: as_wanted(value, properties.get(name, {})) for name, value in args.items()}


def _hint_of_file(fault: InvalidInput, args: dict[str, Any]) -> str:
    """A name of a file was given where JSON is wanted: how to give what is in it. "": it is not so."""
    name = fault.field.removeprefix("args.")
    value = args.get(name)
    wants_json = any(type in fault.problem for type in ("an object", "a list")) and "a text" not in fault.problem
    if not isinstance(value, str) or not wants_json or not (value.endswith(".json") or is_file(value)):
        return ""
    return f"To give what is in that file, write {name}=@{value}."


def _types(schema: dict[str, Any]) -> set[str]:
    """Those that a value may have; none: the schema does not say."""
    said: list[Any] = [schema.get("type"), *(each.get("type") for each in schema.get("anyOf", []))]
    return {each for some in said for each in (some if isinstance(some, list) else [some]) if each}  # pyright: ignore[reportUnknownVariableType]


_READABLE = {"integer", "number", "boolean", "array", "object", "null"}


def as_wanted(value: Any, schema: dict[str, Any]) -> Any:
    """A value of an argument: JSON where the schema takes no text and the text is JSON of the wanted type; else as it is, and the server judges."""
    types = _types(schema)
    if isinstance(value, FromFile):
        return value_of(value, types)
    if not isinstance(value, str) or not types or "string" in types or not types <= _READABLE:
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
