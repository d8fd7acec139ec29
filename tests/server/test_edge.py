from __future__ import annotations

import pytest

from headway.server.edge import scope_needed
from headway.server.tokens import line_of

VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@pytest.mark.parametrize("verb", VERBS)
async def test_a_name_that_is_not_ours_is_refused_on_every_verb(verb: str, running):
    async with running() as bench:
        answer = await bench.http.request(verb, "/api/v1/jobs", headers={"Host": "evil.example"})

    assert answer.status_code == 403
    assert verb == "HEAD" or answer.json()["hint"].startswith("Add it to allowed_hosts")


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
async def test_another_page_may_not_change_anything(verb: str, running):
    async with running() as bench:
        before = bench.site.seq
        answer = await bench.http.request(verb, "/api/v1/queues/x", headers={"Origin": "https://evil.example"}, json={})

        assert bench.site.seq == before
    assert answer.status_code == 403


async def test_our_own_page_and_a_listed_one_may(running):
    async with running(allowed_origins=("https://board.example",)) as bench:
        own = await bench.http.post("/api/v1/jobs", json={"kind": "x"}, headers={"Origin": "http://127.0.0.1:8400"})
        listed = await bench.http.post("/api/v1/jobs", json={"kind": "x"}, headers={"Origin": "https://board.example"})
        asked = await bench.http.options(
            "/api/v1/jobs", headers={"Origin": "https://board.example", "Access-Control-Request-Method": "POST"}
        )

    assert (own.status_code, listed.status_code, asked.status_code) == (201, 201, 204)
    assert "access-control-allow-origin" not in own.headers
    assert listed.headers["access-control-allow-origin"] == "https://board.example"
    assert "Idempotency-Key" in asked.headers["access-control-allow-headers"]


async def test_a_doubled_host_is_nobodys(running):
    async with running() as bench:
        answer = await bench.http.get("/api/v1/jobs", headers=[("Host", "127.0.0.1"), ("Host", "127.0.0.1")])

    assert answer.status_code == 403


async def test_every_answer_carries_seq_and_is_not_sniffed_whatever_it_is(running):
    async with running() as bench:
        paths = ("/", "/api/v1/jobs", "/api/v1/nothing", "/healthz", "/metrics", "/page/page.js")
        answers = [await bench.http.get(path) for path in paths]
        refused = await bench.http.get("/api/v1/jobs", headers={"Host": "evil.example"})

    for answer in [*answers, refused]:
        assert answer.headers["headway-seq"].isdigit(), answer.url
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_a_server_with_tokens_shows_nothing_without_one(running):
    async with running(token="open-sesame") as bench:
        answers = {
            path: (await bench.http.get(path)).status_code
            for path in ("/api/v1/jobs", "/metrics", "/api/v1/openapi.json", "/api/v1/admin/verify", "/nothing")
        }
        open_ones = [(await bench.http.get(path)).status_code for path in ("/", "/page/page.js", "/healthz", "/readyz")]
        told = await bench.http.get("/api/v1/jobs")
        known = await bench.http.get("/api/v1/jobs", headers={"Authorization": "Bearer open-sesame"})

    assert set(answers.values()) == {401}
    assert set(open_ones) == {200}
    assert told.headers["www-authenticate"] == 'Bearer realm="headway"'
    assert known.status_code == 200


async def test_a_token_does_what_its_scopes_allow(running, tmp_path):
    path = tmp_path / "tokens"
    path.write_text(
        "\n".join(line_of(scope, [scope], f"the-{scope}") for scope in ("viewer", "operator", "worker", "admin"))
    )
    async with running(tokens=str(path)) as bench:
        allowed: dict[str, list[int]] = {}
        for scope in ("viewer", "operator", "worker", "admin"):
            headers = {"Authorization": f"Bearer the-{scope}"}
            allowed[scope] = [
                (await bench.http.get("/api/v1/jobs", headers=headers)).status_code,
                (await bench.http.post("/api/v1/jobs", json={"kind": "x"}, headers=headers)).status_code,
                (await bench.http.put("/api/v1/jobs/x/attempts/1/artifacts/a", headers=headers)).status_code,
                (await bench.http.get("/api/v1/admin/connections", headers=headers)).status_code,
            ]

    assert allowed == {
        "viewer": [200, 403, 403, 403],
        "operator": [200, 201, 403, 403],
        "worker": [403, 403, 404, 403],
        "admin": [200, 201, 404, 200],
    }


async def test_who_submitted_is_the_tokens_name(running, tmp_path):
    path = tmp_path / "tokens"
    path.write_text(line_of("ann", ["operator"], "secret"))
    async with running(tokens=str(path), headers={"Authorization": "Bearer secret"}) as bench:
        job = await bench.job(await bench.submit())

    assert job["submitted_by"] == "ann"


@pytest.mark.parametrize("path", ["/jobs/api/v1/jobs", "/api/v1/jobs"])
async def test_a_base_path_may_be_taken_off_by_a_proxy_or_left_on(path: str, running):
    async with running(base_path="/jobs") as bench:
        answer = await bench.http.get(path)

    assert answer.status_code == 200


async def test_the_page_below_a_base_path_is_found_with_and_without_its_slash(running):
    async with running(base_path="/jobs") as bench:
        with_slash = await bench.http.get("/jobs/")
        without = await bench.http.get("/jobs")
        script = await bench.http.get("/jobs/page/page.js")

    assert (with_slash.status_code, script.status_code) == (200, 200)
    assert (without.status_code, without.headers["location"]) == (307, "/jobs/")


def test_what_a_request_takes_is_read_from_its_method_and_path():
    assert scope_needed("GET", "/api/v1/worker") == "worker"
    assert scope_needed("PUT", "/api/v1/jobs/x/attempts/1/artifacts/a") == "worker"
    assert scope_needed("PUT", "/api/v1/jobs/x/attempts/1/preview") == "worker"
    assert scope_needed("PUT", "/api/v1/saved/views/artifacts") == "operator"
    assert scope_needed("GET", "/api/v1/jobs/x/preview") == "viewer"
    assert scope_needed("GET", "/api/v1/jobs") == "viewer"
    assert scope_needed("DELETE", "/api/v1/jobs/x") == "operator"
    assert scope_needed("GET", "/api/v1/admin/verify") == "admin"
