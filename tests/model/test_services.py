"""Services: what a worker tells of its engines, what is kept of it, and what nobody can tell any more."""

from __future__ import annotations

from typing import Any

import pytest

from headway.clock import iso
from headway.errors import InvalidInput
from headway.hub.verify import verify
from headway.model import command as c
from headway.model.documents import SERVICE_STATES
from headway.model.fold import fold
from headway.model.service_check import RESERVED, TEXT_CHARS, checked_service
from headway.model.services import matches, silent_since, slots_of
from headway.testing.clock import START
from headway.testing.factories import Lab

COMFY = {"name": "127.0.0.1:8188", "type": "comfyui", "status": "idle", "slots": 2, "url": "http://127.0.0.1:8188"}
LOAD = {"queue_running": 1, "queue_pending": 3, "vram_free": 7}


@pytest.fixture
def lab():
    return Lab()


def tell(lab: Lab, *services: dict[str, Any], **more: Any) -> Any:
    return lab.do(c.ReportServices(worker="w/1", services=services, **more))


def comfy(**more: Any) -> dict[str, Any]:
    return {**COMFY, **more}


def doc(lab: Lab, name: str = COMFY["name"], worker: str = "w/1") -> dict[str, Any]:
    with lab.store.reading() as reading:
        return next((dict(each) for each in reading.services() if each["id"] == f"{worker}/{name}"), {})


# -- what a worker tells -------------------------------------------------------------------------------------------


def test_a_service_stands_on_the_board_as_its_worker_tells_of_it(lab):
    tell(lab, comfy(version="0.3.64", load=LOAD, age_s=2.0))

    assert lab.types() == ["service.changed"]
    assert doc(lab) == COMFY | {
        "id": "w/1/127.0.0.1:8188", "namespace": "default", "worker": "w/1", "version": "0.3.64", "load": LOAD,
        "changed_at": iso(lab.now), "seen_at": iso(lab.now - 2_000), "seq": lab.events[0].seq,
    }  # fmt: skip


def test_what_is_the_same_as_before_is_not_told_again(lab):
    tell(lab, comfy(load=LOAD, age_s=0))

    with lab.nothing_changes():
        tell(lab, comfy(load=LOAD, age_s=0, error=None))


def test_a_service_that_says_no_number_has_one_slot(lab):
    tell(lab, {"name": "s", "type": "t", "status": "idle"})

    assert doc(lab, "s")["slots"] == 1


def test_a_sign_of_life_and_the_load_are_told_apart_from_changes(lab):
    tell(lab, comfy(load=LOAD, age_s=0))
    lab.wait(5)
    tell(lab, comfy(load={**LOAD, "queue_pending": 4}, age_s=1))

    assert lab.types() == ["service.loaded"]
    assert lab.events[0].data == {
        "set": {"seen_at": iso(lab.now - 1_000)},
        "put": {"load": {**LOAD, "queue_pending": 4}},
    }
    assert doc(lab)["changed_at"] == iso(START)


def test_a_change_brings_the_sign_of_life_and_the_load_along(lab):
    tell(lab, comfy(load=LOAD, age_s=0))
    lab.wait(0.5)
    tell(lab, comfy(status="busy", job="J1", load=LOAD, age_s=0))

    assert lab.types() == ["service.changed"]
    assert lab.events[0].data["put"] == {"load": LOAD}
    assert lab.events[0].data["set"]["seen_at"] == doc(lab)["seen_at"] == iso(lab.now)
    assert (doc(lab)["status"], doc(lab)["job"], doc(lab)["changed_at"]) == ("busy", "J1", iso(lab.now))


def test_it_is_in_its_status_since_that_changed_and_not_since_anything_else_did(lab):
    tell(lab, comfy())
    lab.wait(1)
    tell(lab, comfy(version="0.3.65"))

    assert (doc(lab)["version"], doc(lab)["changed_at"]) == ("0.3.65", iso(START))


def test_what_is_not_said_any_more_is_taken_away(lab):
    tell(lab, comfy(status="error", error="out of memory", load=LOAD, devices={"cuda:0": {"name": "A100"}}))
    lab.wait(1)
    tell(lab, comfy())

    assert not {"error", "load", "devices"} & doc(lab).keys()


def test_an_object_of_the_workers_own_is_replaced_whole(lab):
    tell(lab, comfy(devices={"cuda:0": "A100", "cuda:1": "A100"}))
    tell(lab, comfy(devices={"cuda:1": "A100"}))

    assert doc(lab)["devices"] == {"cuda:1": "A100"}
    with lab.nothing_changes():
        tell(lab, comfy(devices={"cuda:1": "A100"}))


@pytest.mark.parametrize(("status", "seen"), [("idle", True), ("starting", False), ("unreachable", False)])
def test_without_an_age_only_an_engine_that_lives_has_been_seen(lab, status, seen):
    tell(lab, comfy(status=status))

    assert ("seen_at" in doc(lab)) is seen


def test_a_sign_of_life_never_goes_back_and_a_jitter_is_no_news(lab):
    tell(lab, comfy(age_s=3.0))
    lab.wait(2)
    with lab.nothing_changes():
        tell(lab, comfy(age_s=6.0))
        tell(lab, comfy(age_s=4.001))

    tell(lab, comfy(status="busy", age_s=30))
    assert doc(lab)["seen_at"] == iso(START - 3_000)


def test_a_service_belongs_to_the_namespace_of_its_worker():
    lab = Lab(workers=False)
    lab.worker(namespace="lab", services=(COMFY,))

    assert lab.last("service.changed").namespace == doc(lab)["namespace"] == "lab"
    lab.wait(5)
    tell(lab, COMFY)
    assert lab.last("service.loaded").namespace == "lab"


def test_a_late_word_of_a_link_that_is_over_changes_nothing(lab):
    lab.worker(server="s2", services=(COMFY,))

    with lab.nothing_changes():
        tell(lab, comfy(status="error"), instance="i0", server="s2")
        tell(lab, comfy(status="error"), instance="i1", server="s1")
    tell(lab, comfy(status="error"), instance="i1", server="s2")
    assert doc(lab)["status"] == "error"


def test_the_document_is_the_fold_of_its_events_and_verify_says_so(lab):
    folded: dict[str, Any] = {}
    words: list[dict[str, Any]] = [
        comfy(load=LOAD, devices={"a": {"b": 1}}), comfy(status="busy", job="J", load={"x": None}, age_s=1),
        comfy(status="busy", job="J", age_s=61), comfy(status="error", error="no", devices={"c": None}), comfy(),
    ]  # fmt: skip
    for word in words:
        lab.wait(2)
        tell(lab, word)
        for event in lab.events:
            folded = fold(folded, event)
    lab.wait(2)
    tell(lab)
    for event in lab.events:
        folded = fold(folded, event)

    assert folded == doc(lab)
    assert verify(lab.store).differences == []


def test_workers_that_tell_in_the_same_commit_do_not_speak_for_one_another(lab):
    lab.worker("w/2", services=(COMFY,))
    lab.worker(services=(COMFY,))
    lab.wait(5)

    lab.together(
        c.ReportServices(worker="w/1", services=(comfy(status="busy"),)), c.ReportServices(worker="w/2", services=())
    )
    both = doc(lab)["status"], doc(lab, worker="w/2")["status"]
    lab.together(c.Lose(worker="w/2", instance="i1"), c.ReportServices(worker="w/1", services=(COMFY,)))

    assert both == ("busy", "unknown")
    assert doc(lab)["status"] == "idle"


# -- what is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": None}, "services[1].name: is missing. Give a text of 1 to 200 characters without '/'."),
        ({"name": "a/b"}, "services[1].name: 'a/b' is not a text of 1 to 200 characters without '/'."),
        ({"type": None}, "services[1].type: is missing."),
        ({"type": "mcp:github"}, "services[1].type: 'mcp:github' is not a text of 1 to 200 characters without ':' and '/'."),
        ({"status": "fine"}, f"services[1].status: 'fine' is not one of {', '.join(SERVICE_STATES)}."),
        ({"slots": -1}, "services[1].slots: -1 is not a number from 0 to 10000."),
        ({"slots": True}, "services[1].slots: True is not"),
        ({"error": {"m": 1}}, "services[1].error: {'m': 1} is not a text."),
        ({"load": 5}, "services[1].load: 5 is not an object."),
        ({"age_s": -0.5}, "services[1].age_s: -0.5 is not seconds, from 0."),
        ({"age_s": float("inf")}, "services[1].age_s: inf is not seconds, from 0."),
        ({"seen_at": "now"}, "services[1].seen_at: is the server's to say. Leave it out."),
        ({"load": {"x": "y" * 20_000}}, "services[1]: has more than 16,384 bytes. Say less."),
    ],
)  # fmt: skip
def test_a_service_that_is_not_whole_is_named_by_its_field_and_nothing_is_lost(lab, change, said):
    lab.worker(services=(COMFY, {"name": "two", "type": "t", "status": "idle"}))
    before = doc(lab, "two")

    refused = tell(lab, comfy(status="busy"), {"name": "two", "type": "t", "status": "busy"} | change)

    assert refused[0]["message"].startswith(said)
    assert refused[0]["field"] == said.partition(":")[0]
    assert doc(lab)["status"] == "busy"
    assert change.get("name", "two") != "two" or doc(lab, "two") == before
    assert lab.worker_doc()["state"] == "online"
    assert [each["problem"] for each in lab.worker_doc()["problems"]] == [refused[0]["message"]]
    assert lab.last("system.alert").data["message"] == refused[0]["message"]


def test_a_fault_that_is_said_again_is_one_problem(lab):
    bad = comfy(status="fine")
    tell(lab, bad)

    with lab.nothing_changes():
        assert tell(lab, bad)[0]["field"] == "services[0].status"


def test_a_hello_with_a_bad_service_registers_its_worker_and_says_what_is_wrong(lab):
    answer = lab.worker("w/2", services=(comfy(status="fine"), {"name": "ok", "type": "t", "status": "idle"}))

    assert [each["field"] for each in answer["refused"]] == ["services[0].status"]
    assert [each["id"] for each in answer["services"]] == ["w/2/ok"]
    assert lab.worker_doc("w/2")["state"] == "online"
    assert len(lab.worker_doc("w/2")["problems"]) == 1


def test_long_words_are_cut_and_not_refused():
    whole = checked_service(comfy(status="error", error="x" * 9_999, reason="y" * 9_999), "s")

    assert (len(whole["error"]), len(whole["reason"])) == (TEXT_CHARS, TEXT_CHARS)


def test_what_is_the_servers_is_not_taken_from_a_worker():
    for field in RESERVED:
        with pytest.raises(InvalidInput):
            checked_service({**COMFY, field: "x"}, "s")


# -- what nobody can tell any more ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (c.Lose(worker="w/1", instance="i1"), "its worker was lost"),
        (c.Disconnect(worker="w/1", instance="i1", goodbye=True), "its worker left"),
        (c.ReportServices(worker="w/1", services=()), "its worker does not name it any more"),
        (
            c.Connect(worker="w/1", profile={"machine": "m1", "instance": "i2"}),
            "its worker does not name it any more",
        ),
    ],
)
def test_a_service_that_nobody_speaks_for_is_unknown_at_once(lab, command, reason):
    lab.worker("w/2", services=(COMFY,))
    lab.worker(services=(comfy(status="busy", job="J", load=LOAD),))
    lab.wait(1)

    lab.do(command)

    assert (doc(lab)["status"], doc(lab)["reason"], doc(lab)["changed_at"]) == ("unknown", reason, iso(lab.now))
    assert "job" not in doc(lab)
    assert (doc(lab)["load"], doc(lab)["seen_at"]) == (LOAD, iso(START))
    assert doc(lab, worker="w/2")["status"] == "idle"


def test_why_the_link_of_a_lost_worker_ended_is_said_at_its_services(lab):
    lab.worker(services=(COMFY,))
    lab.do(c.Disconnect(worker="w/1", instance="i1", reason="disconnected by an administrator"))

    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert doc(lab)["reason"] == "its worker was lost: disconnected by an administrator"


def test_a_service_of_a_lost_worker_that_comes_back_without_it_is_gone_until_it_is_named_again(lab):
    lab.worker(services=(COMFY, {"name": "two", "type": "t", "status": "idle"}))
    lab.do(c.Lose(worker="w/1", instance="i1"))
    lost_at = iso(lab.now)
    lab.wait(1)

    lab.worker(instance="i2", services=(COMFY,))

    gone = doc(lab, "two")
    assert (gone["status"], gone["reason"]) == ("unknown", "its worker does not name it any more")
    assert (gone["gone_at"], gone["changed_at"]) == (iso(lab.now), lost_at)
    assert "gone_at" not in doc(lab)
    with lab.nothing_changes():
        lab.do(c.ReportServices(worker="w/1", services=(COMFY,)))
    lab.do(c.ReportServices(worker="w/1", services=(COMFY, {"name": "two", "type": "t", "status": "unknown"})))
    assert doc(lab, "two").keys() & {"gone_at", "reason"} == set()


@pytest.mark.parametrize(
    "command", [c.Stale(worker="w/1", instance="i1"), c.Disconnect(worker="w/1", instance="i1", reason="closed")]
)
def test_a_worker_that_is_only_away_leaves_its_services_as_they_were(lab, command):
    lab.worker(services=(COMFY,))

    lab.do(command)

    assert doc(lab)["status"] == "idle"


def test_a_new_process_tells_anew_and_what_it_says_stands(lab):
    lab.worker(services=(comfy(),))
    lab.do(c.Lose(worker="w/1", instance="i1"))

    lab.worker(instance="i2", services=(comfy(status="starting"),))

    assert (doc(lab)["status"], doc(lab).get("reason")) == ("starting", None)


def test_what_is_unknown_keeps_the_first_reason(lab):
    lab.worker(services=(COMFY,))
    tell(lab)
    lab.do(c.Lose(worker="w/1", instance="i1"))

    assert doc(lab)["reason"] == "its worker does not name it any more"


SILENT = c.ServiceSilent(worker="w/1", name=COMFY["name"])


@pytest.mark.parametrize("status", ["idle", "busy", "error"])
def test_an_engine_that_gave_no_sign_of_life_for_a_minute_is_unknown(lab, status):
    tell(lab, comfy(status=status, job="J", age_s=10))
    lab.wait(49.9)
    with lab.nothing_changes():
        lab.do(SILENT)
    lab.wait(0.1)
    lab.do(SILENT)

    assert (doc(lab)["status"], doc(lab)["reason"]) == ("unknown", "nothing heard of it for 60 s")
    assert "job" not in doc(lab)
    with lab.nothing_changes():
        lab.do(SILENT)


def test_time_in_which_nobody_could_hear_is_not_its_silence(lab):
    tell(lab, comfy(age_s=0))
    lab.wait(70)

    with lab.nothing_changes():
        lab.do(c.ServiceSilent(worker="w/1", name=COMFY["name"], deaf=((START + 5_000, START + 20_000),)))


@pytest.mark.parametrize("status", ["starting", "unreachable"])
def test_of_an_engine_that_gives_no_sign_its_worker_speaks(lab, status):
    lab.worker(services=(comfy(status=status, age_s=900),))
    lab.wait(55)
    lab.do(c.Hear(worker="w/1", at=lab.now))
    lab.wait(55)
    with lab.nothing_changes():
        lab.do(SILENT)
    lab.wait(5)
    lab.do(SILENT)

    assert doc(lab)["status"] == "unknown"


def test_an_old_age_does_not_bring_back_what_is_unknown(lab):
    tell(lab, comfy(age_s=0))
    lab.wait(61)
    lab.do(SILENT)
    with lab.nothing_changes():
        tell(lab, comfy(age_s=61))

    tell(lab, comfy(age_s=1))
    assert (doc(lab)["status"], doc(lab).get("reason")) == ("idle", None)


def test_nothing_is_said_of_a_service_that_is_not_there(lab):
    with lab.nothing_changes():
        lab.do(c.ServiceSilent(worker="w/1", name="none"))
        lab.do(c.ServiceSilent(worker="w/9", name="none"))


def test_what_is_unknown_has_no_evidence_that_could_age():
    assert silent_since({"status": "unknown", "seen_at": "x"}, {"heard_at": "y"}) is None
    assert silent_since({}, {"heard_at": "y"}) is None
    assert silent_since({"status": "idle", "changed_at": "x"}, {"heard_at": "y"}) == "x"


# -- room ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "matching"),
    [("comfyui", True), ("comfyui:127.0.0.1:8188", True), ("comfyui:other", False), ("comfy", False), ("", False)],
)
def test_a_kind_wants_a_type_or_one_by_its_name(wanted, matching):
    assert matches(COMFY, wanted) is matching


@pytest.mark.parametrize(("status", "slots"), [(each, each in {"idle", "busy", "error"}) for each in SERVICE_STATES])
def test_only_engines_that_live_have_slots(status, slots):
    assert slots_of([comfy(status=status), {"type": "other", "status": "idle"}], "comfyui") == 2 * slots
