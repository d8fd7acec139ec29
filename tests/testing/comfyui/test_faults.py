"""What a test makes go wrong goes wrong, and what is not said to does not."""

import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from comfy_recording import Client, client
from headway.testing.comfyui import FakeComfy, image_workflow, steps_workflow


@pytest.fixture
def comfy() -> Iterator[FakeComfy]:
    with FakeComfy() as fake:
        yield fake


@pytest.fixture
def one(comfy: FakeComfy) -> Iterator[Client]:
    with client(comfy.url) as found:
        yield found


def started(one: Client, **more: float) -> str:
    id = str(uuid4())
    one.post(steps_workflow(steps=2_000, **more), id)  # type: ignore[arg-type]
    one.until(lambda type, told: type == "progress")
    return id


def test_a_restart_forgets_all_but_files(comfy: FakeComfy, one: Client):
    over = one.run(image_workflow(3))
    name = one.history(over)["outputs"]["9"]["images"][0]["filename"]
    running = started(one)

    comfy.restart()

    with client(comfy.url) as again:
        assert again.http.get(f"/history/{over}").json() == {}
        assert again.http.get("/queue").json() == {"queue_running": [], "queue_pending": []}
        assert again.http.get("/view", params={"filename": name}).status_code == 200
        assert again.history(again.run(image_workflow(3)))["status"]["messages"][1][1]["nodes"] == []
    assert running not in comfy.history
    with pytest.raises(ConnectionClosed):
        one.until(lambda type, told: False)


def test_nobody_answers_between_a_stop_and_a_start(comfy: FakeComfy):
    comfy.stop()

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{comfy.url}/queue")
    comfy.start()

    assert httpx.get(f"{comfy.url}/queue").status_code == 200


def test_dropped_sockets_end_and_the_prompt_goes_on(comfy: FakeComfy, one: Client):
    id = started(one)

    comfy.drop_sockets()

    with pytest.raises(ConnectionClosed) as closed:
        one.until(lambda type, told: False)
    assert closed.value.rcvd is None  # without a goodbye
    assert comfy.running == [id]


def test_the_end_of_an_old_socket_makes_the_new_one_deaf(comfy: FakeComfy, one: Client):
    old = one.socket
    one.connect()
    assert old is not None

    old.close()
    one.post(image_workflow(4), id := str(uuid4()))
    one.history(id)

    with pytest.raises(TimeoutError):
        one.read(0.2)


def test_deafened_sockets_stay_open(comfy: FakeComfy, one: Client):
    comfy.deafen_sockets()

    one.history(str(one.post(image_workflow(5)).json()["prompt_id"]))

    with pytest.raises(TimeoutError):
        one.read(0.2)
    assert comfy.clients == []


def test_a_hang_is_deaf_to_interrupts_and_its_end_is_not(comfy: FakeComfy, one: Client):
    id = started(one)

    comfy.hang()
    one.http.post("/interrupt", json={"prompt_id": id})
    told = one.http.get("/queue").json()["queue_running"][0][1]
    comfy.thaw()

    assert told == id
    one.until(lambda type, told: type == "execution_interrupted")


def test_http_that_hangs_takes_requests_and_does_not_answer(comfy: FakeComfy, one: Client):
    comfy.hang_http()

    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{comfy.url}/queue", timeout=0.3)
    comfy.thaw()

    assert one.http.get("/queue").status_code == 200


def test_a_frozen_process_says_nothing_until_it_thaws(comfy: FakeComfy, one: Client):
    id = started(one)

    comfy.freeze()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{comfy.url}/queue", timeout=0.3)
    comfy.thaw()

    one.until(lambda type, told: type == "progress")
    assert comfy.running == [id]


def test_a_lost_post_leaves_nothing_behind(comfy: FakeComfy, one: Client):
    comfy.lose_post()

    with pytest.raises(httpx.RemoteProtocolError):
        one.post(image_workflow(6))

    assert (comfy.running, comfy.pending, comfy.history) == ([], [], {})


def test_a_lost_answer_leaves_the_prompt_behind(comfy: FakeComfy, one: Client):
    id = str(uuid4())
    comfy.lose_post_answer()

    with pytest.raises(httpx.RemoteProtocolError):
        one.post(image_workflow(6), id)

    assert one.history(id)["status"]["completed"]
    assert one.post(image_workflow(6)).status_code == 200  # only that one


def test_the_history_may_lag_behind_the_last_event(comfy: FakeComfy, one: Client):
    comfy.faults.history_lag_s = 0.3
    id = str(uuid4())

    one.post(image_workflow(7), id)
    one.until(lambda type, told: type == "execution_success")
    at_success = one.http.get(f"/history/{id}").json(), comfy.running
    one.until(lambda type, told: type == "executing" and told["node"] is None)

    assert at_success == ({}, [id])
    assert one.http.get(f"/history/{id}").json() != {}


def test_an_answer_may_be_later_than_the_end_of_a_cached_prompt(comfy: FakeComfy, one: Client):
    one.run(image_workflow(8))
    comfy.faults.submit_delay_s = 0.3
    heard = threading.Event()
    answered = threading.Thread(target=lambda: (one.post(image_workflow(8)), heard.set()))

    answered.start()
    one.until(lambda type, told: type == "execution_success")
    too_early = heard.is_set()
    answered.join()

    assert not too_early


def test_the_next_node_fails_as_told_and_the_one_after_does_not(comfy: FakeComfy, one: Client):
    comfy.fail_next("torch.OutOfMemoryError", "Allocation on device 0")

    first = one.history(one.run(image_workflow(9)))
    second = one.history(one.run(image_workflow(9)))

    told = first["status"]["messages"][-1]
    assert (told[0], told[1]["exception_type"]) == ("execution_error", "torch.OutOfMemoryError")
    assert told[1]["exception_message"] == "Allocation on device 0\n"
    assert second["status"]["status_str"] == "success"


def test_somebody_else_has_prompts_too(comfy: FakeComfy, one: Client):
    theirs = comfy.others_prompt()
    ours = str(one.post(image_workflow(10)).json()["prompt_id"])

    pending = comfy.pending
    while theirs not in comfy.history:  # once may be too early: a start resets the flag
        comfy.interrupt(theirs)
    history = one.history(ours)

    assert pending == [ours]
    assert history["status"]["completed"]
    assert not comfy.history[theirs]["status"]["completed"]


def test_a_slow_step_slows_every_node(comfy: FakeComfy, one: Client):
    comfy.faults.slow_step_s = 0.05

    before = time.monotonic()
    one.run(image_workflow(11))

    assert time.monotonic() - before >= 3 * 0.05  # three nodes; never less, however fast the machine


def test_an_interrupt_without_a_name_hits_whoever_runs(comfy: FakeComfy, one: Client):
    theirs = comfy.others_prompt()

    while theirs not in comfy.history:  # once may be too early: a start resets the flag
        one.http.post("/interrupt")

    assert not one.history(theirs)["status"]["completed"]


def test_what_was_asked_is_remembered(comfy: FakeComfy, one: Client):
    one.post(image_workflow(12))

    assert comfy.requests[:2] == [("WS", "/ws"), ("POST", "/prompt")]


def test_what_is_not_running_says_so():
    with pytest.raises(RuntimeError) as refused:
        FakeComfy().running  # noqa: B018 - asking is the act

    assert str(refused.value) == "the fake ComfyUI is not running: enter it, or call start()"
