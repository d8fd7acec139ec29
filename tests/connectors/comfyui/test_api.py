"""The HTTP of one engine: what each generation is asked, and answers that no ComfyUI should give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from headway.connectors.comfyui import api as api_module
from headway.connectors.comfyui.api import Api, NoAnswer, Refusal
from headway.connectors.comfyui.prompt import Look
from headway.connectors.comfyui.target import address_of


class Engine:
    """Answers by path; keeps what it was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {path.replace("__", "/"): answer for path, answer in answers.items()}
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, request.url.path, request.content))
        answer = self.answers.get(request.url.path.strip("/"), 404)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, int):
            return httpx.Response(answer)
        return httpx.Response(200, content=answer) if isinstance(answer, bytes) else httpx.Response(200, json=answer)


def api_of(engine: Callable[[httpx.Request], httpx.Response]) -> Api:
    return Api(address_of("http://comfy"), httpx.MockTransport(engine))


def item(id: str, number: int = 0) -> list[Any]:
    return [number, id, {}, {}, ["9"]]


ENTRY = {"outputs": {}, "status": {"status_str": "success", "messages": []}}


async def test_the_newer_generation_is_known_by_its_list_of_jobs():
    newer, older = api_of(Engine(api__jobs={"jobs": []})), api_of(Engine())

    await newer.probe()
    await older.probe()

    assert (newer.generation, older.generation) == ("jobs", "legacy")


async def test_an_engine_that_was_replaced_by_an_older_one_is_spoken_to_as_such():
    engine = Engine(api__jobs={"jobs": []})
    api = api_of(engine)
    await api.probe()
    engine.answers.clear()

    await api.probe()

    assert api.generation == "legacy"


async def test_the_queue_is_asked_before_the_history_for_what_leaves_the_one_is_in_the_other():
    engine = Engine(queue={"queue_running": [], "queue_pending": []}, history__P={"P": ENTRY})

    look = await api_of(engine).look("P")

    assert look.where == "over"
    assert [path for _, path, _ in engine.asked] == ["/queue", "/history/P"]


@pytest.mark.parametrize(
    ("queue", "look"),
    [
        ({"queue_running": [item("P")], "queue_pending": []}, Look("running", outputs=("9",))),
        (
            {"queue_running": [item("A")], "queue_pending": [item("P", 7), item("B", 3)]},
            Look("pending", before=2, outputs=("9",)),
        ),
        ({"queue_running": [], "queue_pending": []}, Look("absent")),
        ({"queue_running": [5, [], [1]], "queue_pending": "x"}, Look("absent")),
    ],
)
async def test_a_look_says_where_it_is(queue: Any, look: Look):
    assert await api_of(Engine(queue=queue, history__P={})).look("P") == look


@pytest.mark.parametrize(
    ("job", "where"),
    [({"status": "pending"}, "pending"), ({"status": "in_progress"}, "running"), ({"status": "completed", "outputs": {}}, "over")],
)  # fmt: skip
async def test_a_look_of_the_newer_generation_asks_for_the_job(job: Any, where: str):
    engine = Engine(api__jobs__P=job)
    api = api_of(engine)
    api.generation = "jobs"

    look = await api.look("P")
    gone = await api.look("Q")

    assert (look.where, gone.where) == (where, "absent")


async def test_a_job_without_its_outputs_has_them_in_the_history():
    outputs = {"9": {"images": []}}
    api = api_of(Engine(api__jobs__P={"status": "completed"}, history__P={"P": ENTRY | {"outputs": outputs}}))
    api.generation = "jobs"

    look = await api.look("P")

    assert look.ended is not None
    assert look.ended.outputs == outputs


async def test_stopping_deletes_what_waits_and_interrupts_what_runs_by_its_id():
    for where, path, body in (("queue_pending", "/queue", {"delete": ["P"]}), ("queue_running", "/interrupt", {"prompt_id": "P"})):  # fmt: skip
        engine = Engine(queue={where: [item("P"), item("A")]}, interrupt=b"")

        await api_of(engine).stop("P")

        ((method, asked, sent),) = [each for each in engine.asked if each[0] == "POST"]
        assert (method, asked, msgspec.json.decode(sent)) == ("POST", path, body)


async def test_stopping_what_is_not_there_asks_nobody_to_stop():
    engine = Engine(queue={"queue_running": [item("A")], "queue_pending": [item("B")]})

    await api_of(engine).stop("P")

    assert [method for method, _, _ in engine.asked] == ["GET"]


async def test_stopping_a_job_of_the_newer_generation_cancels_it_and_falls_back_where_that_is_missing():
    cancels, lacks = (
        Engine(api__jobs__P__cancel={"cancelled": True}),
        Engine(queue={"queue_running": [item("P")]}, interrupt=b""),
    )
    for engine in (cancels, lacks):
        api = api_of(engine)
        api.generation = "jobs"
        await api.stop("P")

    assert [path for _, path, _ in cancels.asked] == ["/api/jobs/P/cancel"]
    assert [path for _, path, _ in lacks.asked] == ["/api/jobs/P/cancel", "/queue", "/interrupt"]


@pytest.mark.parametrize(
    ("answer", "words", "sent"),
    [
        (b"<html>", "no JSON", True),
        (b"[" * 100_000, "no JSON", True),
        (500, "HTTP 500", True),
        (302, "HTTP 302", True),
        (httpx.ReadError("reset"), "reset", True),
        (httpx.ReadTimeout(""), "does not answer", True),
        (httpx.ConnectError("refused"), "no connection", False),
        (httpx.ConnectTimeout(""), "no connection within 5 s", False),
    ],
)
async def test_an_answer_that_is_of_no_use_says_whether_the_question_may_have_arrived(
    answer: Any, words: str, sent: bool
):
    with pytest.raises(NoAnswer, match=words) as silence:
        await api_of(Engine(prompt=answer)).submit({})

    assert silence.value.sent is sent


async def test_a_refusal_has_the_objections():
    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": "no"}})

    with pytest.raises(Refusal) as refused:
        await api_of(refuse).submit({})

    assert (refused.value.status, refused.value.body) == (400, {"error": {"message": "no"}})


async def test_an_answer_without_an_end_is_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api_module, "JSON_BYTES", 1_000)

    with pytest.raises(NoAnswer, match="more than 1,000 bytes"):
        await api_of(Engine(queue=b" " * 1_001)).queue()


async def test_an_output_is_streamed_to_a_file_and_cut_at_its_limit(tmp_path: Path):
    api = api_of(Engine(view=b"x" * 2_000))

    size = await api.fetch({"filename": "a.png", "subfolder": 5}, tmp_path / "out")

    assert (size, (tmp_path / "out").read_bytes()) == (2_000, b"x" * 2_000)
    with pytest.raises(OverflowError):
        await api.fetch({"filename": "a.png"}, tmp_path / "out", most=1_999)


async def test_a_class_of_nodes_is_asked_for_once():
    engine = Engine(object_info__A={"A": {"output_node": False}}, object_info__B={"B": {"output_node": True}})
    api = api_of(engine)

    answers = [await api.makes_output(type) for type in ("A", "B", "A", "C")]

    assert answers == [False, True, False, True]
    assert [path for _, path, _ in engine.asked].count("/object_info/A") == 1


async def test_an_upload_says_where_it_went(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"PNG")
    engine = Engine(upload__image={"name": "in.png", "subfolder": "headway/1", "type": "input"})

    name = await api_of(engine).upload("in.png", "headway/1", tmp_path / "x")

    assert name == "headway/1/in.png"
    assert b'filename="in.png"' in engine.asked[0][2]


@pytest.mark.parametrize("odd", [{}, [], {"name": 5, "subfolder": ""}])
async def test_an_upload_that_went_nowhere_is_no_answer(odd: Any, tmp_path: Path):
    (tmp_path / "x").write_bytes(b"PNG")

    with pytest.raises(NoAnswer, match="where it put"):
        await api_of(Engine(upload__image=odd)).upload("in.png", "s", tmp_path / "x")
