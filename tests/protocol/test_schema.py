from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

from headway.protocol import schema


def test_every_direction_lists_its_frames_and_every_reference_leads_somewhere():
    document = schema.document()

    refs = [
        each["$ref"].removeprefix("#/$defs/") for name in schema.DIRECTIONS for each in document["$defs"][name]["anyOf"]
    ]

    assert {"Hello", "Snapshot", "WorkerHello", "Offer"} <= set(refs)
    assert set(refs) <= document["$defs"].keys()


def test_a_frame_is_described_by_its_fields_and_its_word():
    batch = schema.document()["$defs"]["Batch"]

    assert batch["properties"]["type"] == {"enum": ["batch"]}
    assert {"from", "to", "id", "now"} <= set(batch["required"])


def test_the_module_writes_its_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "cases").mkdir()
    monkeypatch.setattr(sys, "argv", ["schema", str(tmp_path)])
    monkeypatch.delitem(sys.modules, "headway.protocol.schema")

    runpy.run_module("headway.protocol.schema", run_name="__main__")

    assert (tmp_path / "cases/link.json").read_text() == schema.text("cases/link.json")
