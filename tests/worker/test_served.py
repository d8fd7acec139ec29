"""The jobs of a process: its apps', and what each engine has told of."""

from __future__ import annotations

from typing import Any

import pytest

from headway.errors import InvalidInput
from headway.worker.context import Context
from headway.worker.job import Job
from headway.worker.served import Served


async def handler(ctx: Context, args: dict[str, Any]) -> None: ...


def job(name: str, **options: Any) -> Job[..., Any]:
    return Job.from_schema(handler, name=name, schema={"type": "object"}, **options)


class Rig:
    def __init__(self) -> None:
        self.told: list[tuple[int, list[str]]] = []
        self.served = Served({"own": job("own")}, self._tell)

    def _tell(self, engine: int, kinds: list[dict[str, Any]]) -> None:
        self.told.append((engine, [kind["name"] for kind in kinds]))

    @property
    def names(self) -> list[str]:
        return sorted(self.served.jobs)


def test_a_list_replaces_what_its_engine_served_and_leaves_the_others():
    rig = Rig()
    rig.served.replace(0, [job("a"), job("b")])
    rig.served.replace(1, [job("c")])

    rig.served.replace(0, [job("b"), job("d")])

    assert rig.names == ["b", "c", "d", "own"]
    assert rig.told == [(0, ["a", "b"]), (1, ["c"]), (0, ["b", "d"])]


def test_the_same_list_is_not_told_again_and_its_new_handlers_are_taken():
    rig = Rig()
    rig.served.replace(0, [job("a")])
    newer = job("a")

    rig.served.replace(0, [newer])

    assert (len(rig.told), rig.served.jobs["a"]) == (1, newer)


def test_a_first_list_is_told_though_it_is_empty():
    rig = Rig()

    rig.served.replace(0, [])

    assert rig.told == [(0, [])]


@pytest.mark.parametrize(
    ("jobs", "sentence"),
    [
        ([job("own")], "job 'own': is served by an app of this worker. Name it otherwise."),
        ([job("c")], "job 'c': is served by another engine of this worker. Name it otherwise."),
        ([job("x"), job("x")], "job 'x': is twice in one engine's list. Name each job once."),
        ([job("x", isolation="process")], "job 'x': is an engine's and wants a process of its own. Leave isolation"),
    ],
)
def test_a_job_that_can_not_be_served_is_named_and_nothing_changes(jobs: list[Job[..., Any]], sentence: str):
    rig = Rig()
    rig.served.replace(0, [job("a")])
    rig.served.replace(1, [job("c")])

    with pytest.raises(InvalidInput) as caught:
        rig.served.replace(0, jobs)

    assert str(caught.value).startswith(sentence)
    assert (rig.names, len(rig.told)) == (["a", "c", "own"], 2)
