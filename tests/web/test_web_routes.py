"""Every route refuses a caller without rights: none is left out, because the test walks what the application has."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from trainwright.store.tables import ROLES
from trainwright.web.security.guard import GuardedRoute
from trainwright.web.security.roles import GRANTED, Role, least

OPEN = {"GET /static/{name}", "GET /api/v1/health", "GET /login", "POST /login"}
VALUES = {"version": "v1", "decision": "d1", "name": "nobody", "project": "nothing"}


def addresses(client: TestClient) -> list[tuple[str, str, Role]]:
    """(method, address, least role) of every route, with some value for each name in it."""
    found = []
    for route in client.app.routes:  # type: ignore[attr-defined]
        assert isinstance(route, GuardedRoute), f"{route} does not ask for a role"
        path = re.sub(r"{(\w+)(:\w+)?}", lambda match: VALUES.get(match[1], "1"), route.path)
        found += [(method, path, route.least_role) for method in sorted(route.methods) if method != "HEAD"]
    return found


def test_every_route_refuses_whoever_is_not_signed_in(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    nobody = as_role(client, None)
    walked = 0
    for method, path, role in addresses(client):
        if role is Role.ANYBODY:
            continue
        answer = nobody.request(method, path)
        if path.startswith("/api/"):
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert answer.status_code == 303 and answer.headers["location"].startswith("/login"), f"{method} {path}"
        walked += 1
    assert walked > 40


def test_every_route_refuses_the_role_below_its_own(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    callers = {role: as_role(client, role.word) for role in Role if role is not Role.ANYBODY}
    walked = 0
    for method, path, role in addresses(client):
        for lower in callers:
            if lower < role:
                answer = callers[lower].request(method, path)
                assert answer.status_code == 403, f"{method} {path} as {lower.word}"
                assert role.word in answer.text
                walked += 1
    assert walked > 40


def test_only_these_routes_are_open_to_anybody(client: TestClient) -> None:
    routes = [route for route in client.app.routes if isinstance(route, GuardedRoute)]  # type: ignore[attr-defined]
    found = {f"{method} {r.path}" for r in routes if r.least_role is Role.ANYBODY for method in r.methods}
    assert found - {entry for entry in found if entry.startswith("HEAD")} == OPEN


def test_reading_needs_no_more_than_looking_and_changing_needs_more(client: TestClient) -> None:
    for method, path, role in addresses(client):
        if method not in ("GET",) and path not in ("/login", "/logout"):
            assert role >= Role.REVIEWER, f"{method} {path}"


def test_an_endpoint_without_a_role_makes_no_route() -> None:
    def endpoint() -> None: ...

    with pytest.raises(TypeError, match="names no least role"):
        GuardedRoute("/forgotten", endpoint)
    assert isinstance(GuardedRoute("/marked", least(Role.ADMIN)(endpoint)), APIRoute)


def test_the_roles_of_the_database_are_those_of_the_server() -> None:
    assert ROLES == GRANTED


def test_whoever_has_the_role_passes(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    assert as_role(client, "viewer").get("/api/v1/projects").json() == {"items": [], "next": None}
    assert as_role(client, "viewer").get("/").status_code == 200
    assert as_role(client, "admin").get("/api/v1/tokens").status_code == 200
