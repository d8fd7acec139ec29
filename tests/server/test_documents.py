from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from headway.model import command as c
from headway.model.report import Progressed
from headway.server import documents
from headway.testing.factories import Lab

ROOT = Path(__file__).resolve().parent.parent.parent


def definitions() -> dict[str, Any]:
    return documents.document()["$defs"]


def test_the_schema_in_the_repository_is_that_of_the_code():
    assert (ROOT / "spec" / documents.FILE).read_text(encoding="utf-8") == documents.text()


def test_the_typescript_in_the_repository_is_made_from_it():
    checked = subprocess.run(
        [sys.executable, ROOT / "tools" / "generate_wire.py", "--check"], capture_output=True, text=True, check=False
    )

    assert checked.stdout == ""
    assert checked.returncode == 0


def test_the_module_writes_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "argv", ["documents", str(tmp_path)])
    monkeypatch.delitem(sys.modules, "headway.server.documents")

    runpy.run_module("headway.server.documents", run_name="__main__")

    assert (tmp_path / documents.FILE).read_text() == documents.text()


def test_every_reference_leads_somewhere():
    refs = {ref.rpartition("/")[2] for ref in _refs(documents.document())}

    assert refs <= definitions().keys()
    assert {"AttemptDoc", "StageDoc", "NoteDoc", "Problem"} <= refs


def test_what_the_server_keeps_to_itself_is_not_described():
    assert "soft" not in definitions()["JobDoc"]["properties"]
    assert "SoftDoc" not in definitions()


def test_a_comment_beside_a_field_describes_it_also_where_a_document_is_extended():
    fields = definitions()["WorkerSeen"]["properties"]

    assert fields["instance"]["description"] == "random per process"
    assert list(fields)[-1] == "age_s"


@pytest.mark.parametrize("state", ["scheduled", "blocked", "queued", "running", "cancelling", "completed", "failed"])
def test_a_job_in_any_state_has_what_is_always_there_and_nothing_undescribed(state: str):
    lab = Lab()
    job = lab.job(state)
    if state == "running":
        lab.report(job, Progressed(stage="parse", current=1, total=2))

    document: dict[str, Any] = {**lab.doc(job)}

    _check("JobDoc", document)
    for attempt in document.get("attempts", {}).values():
        _check("AttemptDoc", attempt)
        for stage in attempt.get("stages", {}).values():
            _check("StageDoc", stage)
    for field, name in (("progress", "ProgressDoc"), ("cancel", "CancelDoc"), ("estimate", "EstimateDoc")):
        if field in document:
            _check(name, document[field])


def test_a_worker_its_services_and_kinds_have_what_is_always_there():
    lab = Lab()
    lab.worker("w/7", kinds=("crawl",))
    lab.do(c.ReportServices(worker="w/7", services=({"name": "comfy", "type": "comfyui", "status": "idle"},)))

    with lab.store.reading() as reading:
        _check("WorkerDoc", next(dict(each) for each in reading.workers() if each["id"] == "w/7"))
        _check("ServiceDoc", dict(reading.services()[0]))
        _check("KindDoc", dict(reading.kinds()[0]))


def _check(name: str, document: dict[str, Any]) -> None:
    definition = definitions()[name]
    wanted = set(definition["required"])
    hidden = {documents.HIDDEN.get(name, ""), "last_heard_at"}  # a soft column, which REST and snapshots leave out

    assert wanted <= document.keys()
    assert document.keys() - hidden <= definition["properties"].keys()
    assert all(value is not None for value in document.values())


def _refs(value: Any) -> list[str]:
    if isinstance(value, dict):
        found = [value["$ref"]] if "$ref" in value else []
        return found + [ref for each in value.values() for ref in _refs(each)]
    return [ref for each in value for ref in _refs(each)] if isinstance(value, list) else []
