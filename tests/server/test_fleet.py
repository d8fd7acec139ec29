from __future__ import annotations

from headway.model import command as c
from headway.server.fleet import machines_of


async def test_a_worker_is_shown_with_the_age_of_its_last_word(running):
    async with running() as bench:
        await bench.connect()
        bench.application.hub.roster.hear("bench/1")

        listed = (await bench.http.get("/api/v1/workers")).json()
        one = (await bench.http.get("/api/v1/workers/bench/1")).json()
        unknown = await bench.http.get("/api/v1/workers/nobody/1")

    assert [worker["id"] for worker in listed["workers"]] == ["bench/1"]
    assert (one["state"], one["machine"], one["kinds"]) == ("online", "bench", ["add"])
    assert 0 <= one["age_s"] < 10
    assert one["heard_at"].endswith("Z")
    assert "last_heard_at" not in one
    assert unknown.status_code == 404


async def test_services_and_machines_are_listed(running):
    told = {"name": "comfy", "type": "comfyui", "status": "busy", "age_s": 30.0}
    async with running() as bench:
        await bench.connect()
        await bench.do(c.ReportServices(worker="bench/1", services=(told, {**told, "name": "a", "status": "starting"})))
        await bench.do(c.ReportServices(worker="bench/1", services=(told,)))

        services = (await bench.http.get("/api/v1/services")).json()["services"]
        machines = (await bench.http.get("/api/v1/machines")).json()["machines"]

    assert [(service["id"], service["status"]) for service in services] == [
        ("bench/1/a", "unknown"),
        ("bench/1/comfy", "busy"),
    ]
    assert 30 <= services[1]["age_s"] < 40
    assert services[1]["seen_at"] < services[1]["changed_at"]
    assert machines == [{"name": "bench", "state": "online", "workers": ["bench/1"], "slots": 10}]


def test_a_machine_is_as_well_as_its_best_worker():
    machines = machines_of(
        [
            {"id": "a/1", "machine": "a", "state": "lost", "slots": 4},
            {"id": "a/2", "machine": "a", "state": "stale", "slots": 2},
            {"id": "x", "state": "problem"},
        ]
    )

    assert machines == [
        {"name": "(unknown)", "state": "problem", "workers": ["x"], "slots": 0},
        {"name": "a", "state": "stale", "workers": ["a/1", "a/2"], "slots": 2},
    ]


async def test_a_drained_worker_gets_no_more_offers(running):
    async with running() as bench:
        await bench.connect()

        drained = (await bench.http.post("/api/v1/workers/bench/1/drain")).json()
        await bench.submit()
        offered = await bench.do(c.Claim(worker="bench/1", limit=1, kinds=("add",)))

    assert (drained["state"], drained["drained_by"]) == ("draining", "local")
    assert offered == []


async def test_a_link_that_is_not_there_can_not_be_cut(running):
    async with running() as bench:
        await bench.connect()

        answer = await bench.http.post("/api/v1/workers/bench/1/disconnect")

    assert (answer.status_code, answer.json()["hint"]) == (409, "There is no link to cut.")


async def test_a_kind_is_shown_as_it_was_declared_and_its_limit_is_set(running):
    async with running() as bench:
        await bench.connect({"name": "crawl", "hash": "1", "schema": {"type": "object"}})

        listed = (await bench.http.get("/api/v1/kinds")).json()["kinds"]
        limited = await bench.http.patch("/api/v1/kinds/crawl", json={"limit": 3})
        unknown = await bench.http.patch("/api/v1/kinds/other", json={"limit": 3})

    assert [(kind["name"], kind["schema"], kind["served"]) for kind in listed] == [("crawl", {"type": "object"}, True)]
    assert limited.json()["limit"] == 3
    assert unknown.status_code == 404


async def test_a_definition_in_quarantine_is_shown_and_approved(running):
    tool = {"name": "mcp.a/tool", "hash": "1", "schema": {"type": "object"}, "confirm": True, "definition": "d1"}
    async with running() as bench:
        await bench.connect(tool)
        await bench.connect({**tool, "title": "Other", "definition": "d2"})
        job = await bench.submit("mcp.a/tool")

        waiting = (await bench.http.get("/api/v1/kinds/mcp.a/tool")).json()
        stale = await bench.http.post("/api/v1/kinds/mcp.a/tool/approve", json={"definition": "d0"})
        wrong = await bench.http.post("/api/v1/kinds/mcp.a/tool/approve", json={})
        unknown = await bench.http.post("/api/v1/kinds/nobody/approve", json={"definition": "d0"})
        offered = await bench.do(c.Claim(worker="bench/1", limit=1, kinds=("mcp.a/tool",)))
        approved = await bench.http.post("/api/v1/kinds/mcp.a/tool/approve", json={"definition": "d2"})
        then = await bench.do(c.Claim(worker="bench/1", limit=1, kinds=("mcp.a/tool",)))

    assert (waiting["definition"], waiting["quarantine"]["definition"], waiting["confirm"]) == ("d1", "d2", True)
    assert (stale.status_code, wrong.status_code, unknown.status_code) == (409, 422, 404)
    assert "it changed again since you looked" in stale.text
    assert (approved.status_code, approved.json()["title"], "quarantine" in approved.json()) == (200, "Other", False)
    assert (approved.json()["approved_by"], offered, then) == ("local", [], [job])


async def test_arguments_are_checked_against_the_pinned_schema_while_another_waits(running):
    def tool(definition: str, field: str) -> dict[str, object]:
        schema = {"type": "object", "properties": {field: {"type": "string"}}, "required": [field]}
        return {"name": "tool", "hash": definition, "schema": schema, "definition": definition}

    async with running() as bench:
        await bench.connect(tool("d1", "old"))
        await bench.connect(tool("d2", "new"))

        by_the_old = await bench.http.post("/api/v1/jobs", json={"kind": "tool", "args": {"old": "x"}})
        by_the_new = await bench.http.post("/api/v1/jobs", json={"kind": "tool", "args": {"new": "x"}})
        await bench.http.post("/api/v1/kinds/tool/approve", json={"definition": "d2"})
        after = await bench.http.post("/api/v1/jobs", json={"kind": "tool", "args": {"new": "x"}})

    assert (by_the_old.status_code, by_the_new.status_code, after.status_code) == (201, 422, 201)
