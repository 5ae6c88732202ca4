"""The OpenAPI document is true: whatever is sent, no server error, and every answer as it is documented."""

from __future__ import annotations

from collections.abc import Callable

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
# Values by which generated requests meet something that is there.
THERE = {"project": "shop", "version": "v1", "run": 1, "upload_id": 1, "decision": "d1"}
FEW = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def test_the_document_is_complete(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [one["operationId"] for one in operations]
    assert len(names) == len(set(names)) > 40
    assert all(one["summary"] and one["description"] and one["x-least-role"] for one in operations)
    open_ones = [one["operationId"] for one in operations if one.get("security") == []]
    assert open_ones == ["health"] and document["security"] == [{"token": []}]
    for one in operations:
        assert set(one["responses"]) >= {"401", "403", "404", "422", "503"}
        assert list(one["responses"]["422"]["content"]) == ["application/problem+json"]


def test_no_request_breaks_the_server_and_every_answer_is_as_documented(shop: TestClient) -> None:
    shop.post("/api/v1/uploads", params={"name": "t.csv"}, content=b"a,b\n1,2\n")
    schema = schemathesis.openapi.from_dict(shop.get("/api/v1/openapi.json").json())
    called = {operation.ok().path + operation.ok().method: 0 for operation in schema.get_all_operations()}
    for found in schema.get_all_operations():
        operation = found.ok()

        @FEW
        @given(case=operation.as_strategy(), meets=st.booleans())
        def send(case: schemathesis.Case, meets: bool) -> None:
            if meets and case.path_parameters:
                case.path_parameters.update({k: v for k, v in THERE.items() if k in case.path_parameters})
            answer = call(shop, case)
            case.validate_response(answer, checks=CHECKS)
            called[case.operation.path + case.operation.method] += 1

        send()
    assert all(called.values())


def call(client: TestClient, case: schemathesis.Case) -> object:
    """Sends a case as the administrator."""
    wanted = case.as_transport_kwargs(base_url=str(client.base_url))
    headers = {name: value for name, value in (wanted.get("headers") or {}).items() if name.lower() != "authorization"}
    return client.request(
        wanted["method"],
        wanted["url"],
        params=wanted.get("params"),
        headers={name: str(value) for name, value in headers.items()},
        json=wanted.get("json"),
        content=wanted.get("data"),
    )


def test_what_no_route_offers_is_a_documented_error(
    client: TestClient, as_role: Callable[[TestClient, str | None], TestClient]
) -> None:
    answer = client.put("/api/v1/projects")
    assert answer.status_code == 405 and answer.headers["content-type"] == "application/problem+json"
    assert client.post("/api/v1/jobs", content=b"{", headers={"content-type": "application/json"}).status_code == 422
    assert as_role(client, None).get("/api/v1/openapi.json").status_code == 401
