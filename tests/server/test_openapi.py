from __future__ import annotations

import pytest
from jsonschema_rs import validator_for  # a dependency of ours

PATHS = {
    "/api/v1/jobs": {"get", "post"},
    "/api/v1/jobs/batch": {"post"},
    "/api/v1/jobs/actions": {"post"},
    "/api/v1/jobs/{id}": {"get", "delete"},
    "/api/v1/jobs/{id}/cancel": {"post"},
    "/api/v1/jobs/{id}/retry": {"post"},
    "/api/v1/jobs/{id}/priority": {"post"},
    "/api/v1/jobs/{id}/input": {"post"},
    "/api/v1/jobs/{id}/hold": {"post"},
    "/api/v1/jobs/{id}/release": {"post"},
    "/api/v1/jobs/{id}/events": {"get"},
    "/api/v1/jobs/{id}/attempts": {"get"},
    "/api/v1/jobs/{id}/logs": {"get"},
    "/api/v1/jobs/{id}/result": {"get"},
    "/api/v1/jobs/{id}/artifacts": {"get"},
    "/api/v1/jobs/{id}/artifacts/{name}": {"get"},
    "/api/v1/jobs/{id}/attempts/{attempt}/artifacts/{name}": {"put"},
    "/api/v1/queues/{name}": {"get", "patch"},
    "/api/v1/live": {"get"},
    "/api/v1/events": {"get", "post"},
}


@pytest.fixture
def document(running):
    async def get():
        async with running() as bench:
            return (await bench.http.get("/api/v1/openapi.json")).json()

    return get


async def test_the_contract_of_the_interfaces_page_is_described(document):
    described = await document()

    assert described["openapi"] == "3.1.0"
    assert {path: set(described["paths"].get(path, {})) for path in PATHS} == PATHS


async def test_every_reference_leads_somewhere(document):
    described = await document()
    schemas = described["components"]["schemas"]

    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    names = {reference.removeprefix("#/components/schemas/") for reference in references(described)}

    assert names - set(schemas) == set()
    assert "HTTPValidationError" not in schemas


async def test_every_operation_says_what_it_is_and_how_it_refuses(document):
    described = await document()
    operations = [operation for path in described["paths"].values() for operation in path.values()]

    for operation in operations:
        assert operation["summary"]
        assert "422" not in operation["responses"]
        assert operation["responses"]["4XX"]["content"]["application/problem+json"]


async def test_examples_fit_their_schemas(document):
    described = await document()
    seen = 0

    for path in described["paths"].values():
        for operation in path.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "example" in content:
                    schema = {**content["schema"], "components": described["components"]}
                    validator_for(schema).validate(content["example"])
                    seen += 1

    assert seen >= 6
