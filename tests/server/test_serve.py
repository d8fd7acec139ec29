from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import websockets

from headway.errors import InvalidInput, StoreUnusable
from headway.server.config import Config
from headway.server.serve import bind, serve, url_of


@asynccontextmanager
async def serving(folder: Path, **config: object) -> AsyncGenerator[str]:
    """A server on a free port; its URL without the last slash."""
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    running = asyncio.create_task(serve(Config(port=0, data=str(folder), **config), announce=url.set_result, stop=stop))
    try:
        yield (await url).rstrip("/")
    finally:
        stop.set()
        await running


async def test_it_announces_where_it_is_and_answers_there(tmp_path: Path):
    async with serving(tmp_path) as url, httpx.AsyncClient(base_url=url) as http:
        made = await http.post("/api/v1/jobs", json={"kind": "add"})
        page = await http.get("/")

    assert url.startswith("http://127.0.0.1:")
    assert (made.status_code, page.status_code) == (201, 200)
    assert "server" not in page.headers


async def test_a_port_in_use_is_named_with_the_way_out():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(InvalidInput) as caught:
            bind("127.0.0.1", port)

    assert str(caught.value) == (
        f"port: {port} is in use on 127.0.0.1. Another Headway may run there (look at http://127.0.0.1:{port}/); stop it, "
        "or choose another port with --port, or a free one with --port 0."
    )


def test_an_address_of_another_machine_is_named():
    with pytest.raises(InvalidInput) as caught:
        bind("192.0.2.1", 0)

    assert caught.value.field == "host"
    assert caught.value.hint == "Use 127.0.0.1, or an address of this machine."


def test_a_name_that_is_no_address_is_named():
    with pytest.raises(InvalidInput) as caught:
        bind("no.such.host.invalid", 0)

    assert caught.value.field == "host"


def test_the_url_is_one_that_a_browser_can_open():
    with bind("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]

        assert url_of(Config(host="0.0.0.0", base_path="/jobs"), sock) == f"http://127.0.0.1:{port}/jobs/"
        assert url_of(Config(host="::1"), sock) == f"http://[::1]:{port}/"


async def test_an_open_address_without_a_token_is_refused_before_anything_is_opened(tmp_path: Path):
    with pytest.raises(InvalidInput, match="reachable from other machines"):
        await serve(Config(host="0.0.0.0", port=0, data=str(tmp_path)))

    assert not (tmp_path / "headway.db").exists()


async def test_a_second_server_on_the_store_says_so_and_leaves_the_first_alone(tmp_path: Path):
    async with serving(tmp_path) as url, httpx.AsyncClient(base_url=url) as http:
        with pytest.raises(StoreUnusable, match="in use by another Headway server"):
            await serve(Config(port=0, data=str(tmp_path)))

        assert (await http.get("/readyz")).status_code == 200


async def test_the_stream_follows_a_job_from_the_front(tmp_path: Path):
    async with serving(tmp_path) as url, httpx.AsyncClient(base_url=url) as http:
        headers = {"Accept": "text/event-stream"}
        async with http.stream("GET", "/api/v1/live", params={"topic": "jobs"}, headers=headers) as stream:
            lines = stream.aiter_lines()
            made = (await http.post("/api/v1/jobs", json={"kind": "add"})).json()
            async for line in lines:
                if line.startswith("data:") and made["id"] in line:
                    break
            frame = json.loads(line.removeprefix("data:"))

    assert frame["type"] in {"snapshot", "batch"}


@pytest.mark.parametrize("prefix", ["/ops", ""])
async def test_below_a_base_path_links_open_whether_a_proxy_took_it_off_or_left_it_on(prefix: str, tmp_path: Path):
    async with serving(tmp_path, base_path="/ops") as url:
        live, worker = (
            f"{url.removesuffix('/ops')}{prefix}/api/v1/{name}".replace("http", "ws") for name in ("live", "worker")
        )

        async with websockets.connect(f"{live}?topic=jobs") as link:
            welcome = json.loads(await link.recv())
        async with websockets.connect(worker, subprotocols=["headway.worker.v1"]) as link:
            opened = link.state.name

    assert (welcome["type"], opened) == ("welcome", "OPEN")


async def test_the_head_of_a_page_has_no_body_on_the_wire(tmp_path: Path):
    async with serving(tmp_path) as url, httpx.AsyncClient(base_url=url) as http:
        head, next_one = await http.head("/"), await http.get("/healthz")

    assert int(head.headers["content-length"]) > 0
    assert (head.content, next_one.status_code) == (b"", 200)


async def test_a_websocket_of_another_page_is_refused(tmp_path: Path):
    async with serving(tmp_path) as url:
        for path, protocol in (("live", "headway.v1"), ("worker", "headway.worker.v1")):
            address = url.replace("http", "ws") + f"/api/v1/{path}"
            with pytest.raises(websockets.InvalidStatus) as caught:
                async with websockets.connect(address, origin="https://evil.example", subprotocols=[protocol]):
                    pass

            assert caught.value.response.status_code == 403


async def test_the_worker_link_is_open_over_a_real_socket(tmp_path: Path):
    async with serving(tmp_path) as url:
        address = url.replace("http", "ws") + "/api/v1/worker"
        async with websockets.connect(address, subprotocols=["headway.worker.v1"]) as socket:
            await socket.send(json.dumps({"type": "hello", "worker": {"id": "a", "machine": "m", "instance": "i"}}))
            welcome = json.loads(await socket.recv())

    assert (socket.subprotocol, welcome["type"]) == ("headway.worker.v1", "welcome")


async def rest_of(link: websockets.ClientConnection) -> tuple[list[dict[str, object]], int | None]:
    """Every frame until the end, and the code it ended with."""
    frames: list[dict[str, object]] = []
    with contextlib.suppress(websockets.ConnectionClosed):
        async for message in link:
            said = json.loads(message)
            frames += said if isinstance(said, list) else [said]
    return frames, link.close_code


async def test_a_stop_says_bye_to_viewers_and_workers(tmp_path: Path):
    async with serving(tmp_path) as url:
        base = url.replace("http", "ws") + "/api/v1"
        viewer = await websockets.connect(f"{base}/live", subprotocols=["headway.v1"])
        await viewer.send('{"type":"hello"}')
        worker = await websockets.connect(f"{base}/worker", subprotocols=["headway.worker.v1"])
        await worker.send(json.dumps({"type": "hello", "worker": {"id": "a", "machine": "m", "instance": "i"}}))
        await viewer.recv()
        await worker.recv()
        # here the context ends: the server stops while both are linked
    to_viewer, viewer_code = await rest_of(viewer)
    to_worker, worker_code = await rest_of(worker)

    assert (to_viewer[-1]["type"], viewer_code) == ("bye", 4200)
    assert (to_worker[-1]["type"], worker_code) == ("bye", 4200)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_after_what_is_under_way(number: signal.Signals, tmp_path: Path):
    url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(Config(port=0, data=str(tmp_path)), announce=url.set_result))
    async with httpx.AsyncClient(base_url=(await url).rstrip("/")) as http:
        made = (await http.post("/api/v1/jobs", json={"kind": "add"})).json()
        waiting = asyncio.create_task(http.get(f"/api/v1/jobs/{made['id']}/result", params={"wait": 60}))
        await http.get("/readyz")

        os.kill(os.getpid(), number)
        answer = await waiting
        await running

    assert answer.json()["final"] is False
