"""Lists that grow come in pages: projects, tokens, accounts and schedules, over REST and on their pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from trainwright.jobs.schedule import add_schedule
from trainwright.store.projects import ensure_project
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.web.security.accounts import create_account
from trainwright.web.security.tokens import create_token

NAMES = ["books", "pens", "ships"]


def pages_of_rest(client: TestClient, path: str) -> list[dict[str, Any]]:
    """The items of a list, asked for two at a time."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = client.get(path, params={"limit": 2, **({"after": after} if after else {})}).json()
        assert len(page["items"]) <= 2
        found += page["items"]
        after = page["next"]
        if after is None:
            return found


def pages_of(client: TestClient, address: str, row: str) -> list[str]:
    """What a pattern finds on a page and on those that its "next" links lead to."""
    found: list[str] = []
    for _ in range(9):
        text = client.get(address).text
        found += re.findall(row, text)
        link = re.search(r'<a href="([^"]*)" rel="next"', text)
        if link is None:
            return found
        address = html.unescape(link[1])
    raise AssertionError("the pages have no end")


def test_projects_come_by_name(client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with write(workspace) as connection:
        for name in reversed(NAMES):
            ensure_project(connection, name)
    assert [one["name"] for one in pages_of_rest(client, "/api/v1/projects")] == NAMES
    assert len(client.get("/api/v1/projects").json()["items"]) == 3
    monkeypatch.setattr("trainwright.web.pages.projects.PAGE", 2)
    assert pages_of(client, "/", r'<th scope="row"><a href="/projects/(\w+)"') == NAMES
    assert "From the beginning" not in client.get("/").text
    monkeypatch.setattr("trainwright.web.pages.settings.LIMIT", 2)
    assert pages_of(client, "/settings/thresholds", r'<tr><th scope="row">(\w+)</th>') == NAMES


def test_tokens_and_accounts_come_in_pages_of_their_own(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with write(workspace) as connection:
        for name in NAMES:
            create_token(connection, name, "viewer", who="test")
            create_account(connection, f"{name}-reader", "viewer", "no hash", who="test")
    newest = NAMES[::-1]
    assert [one["name"] for one in pages_of_rest(client, "/api/v1/tokens")] == newest
    readers = [f"{name}-reader" for name in NAMES]
    assert [one["name"] for one in pages_of_rest(client, "/api/v1/accounts")] == readers

    monkeypatch.setattr("trainwright.web.pages.settings.LIMIT", 2)
    first = client.get("/settings").text
    links = [html.unescape(link) for link in re.findall(r'<a href="([^"]*)" rel="next"', first)]
    assert [re.findall(r"\?(\w+)=", link) for link in links] == [["tokens"], ["accounts"]]
    older, more = (client.get(link).text for link in links)
    row = r'<tr><th scope="row">([\w-]+)</th>'
    assert re.findall(row, first) == [*newest[:2], *readers[:2]]
    assert re.findall(row, older) == [*newest[2:], *readers[:2]]
    assert re.findall(row, more) == [*newest[:2], *readers[2:]]


def test_schedules_come_in_pages(shop: TestClient, trained: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with write(trained) as connection:
        made = [add_schedule(connection, "shop", f"{minute} 3 * * 1", zone="UTC").id for minute in range(3)]
    assert [one["id"] for one in pages_of_rest(shop, "/api/v1/schedules")] == made
    assert [one["id"] for one in pages_of_rest(shop, "/api/v1/schedules?project=shop")] == made
    monkeypatch.setattr("trainwright.web.pages.schedules.PAGE", 2)
    crons = pages_of(shop, "/settings/schedules", r"<td><code>(\d) 3 \* \* 1</code>")
    assert crons == ["0", "1", "2"]


def test_a_page_that_is_asked_for_wrongly_is_refused(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    for path in ("/api/v1/projects", "/api/v1/tokens", "/api/v1/accounts", "/api/v1/schedules"):
        assert client.get(path, params={"limit": 0}).status_code == 422
        assert client.get(path, params={"after": 0}).status_code == 422
        assert client.get(path, params={"after": 10**9}).json() == {"items": [], "next": None}
