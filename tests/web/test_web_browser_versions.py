"""Pages about versions in a real browser without a network: thresholds, two people who activate at once, a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_web_versions import another_version
from web_browser import Reader, needs_browser
from web_server import Servers

from trainwright.store.audit import acts
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.security.accounts import create_account
from trainwright.web.security.secrets import hash_password

pytestmark = needs_browser
PEOPLE = ("ann", "ben")
PASSWORD = "a sentence is a good password"
VERSIONS = "/projects/shop/versions"


@pytest.fixture
def home(live: Servers, trained: Workspace) -> str:
    """The address of the server of the trained workspace."""
    return live(trained)


def tab_to(page: Any, name: str) -> None:
    """Presses Tab until something of that name has the focus, which must be seen to have it."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focus = page.evaluate(
            """() => { const e = document.activeElement, look = getComputedStyle(e);
            return [e.getAttribute("aria-label") || e.textContent.trim(), look.outlineStyle, look.outlineWidth]; }"""
        )
        if focus[0] == name:
            assert focus[1] == "solid" and focus[2] == "2px"
            return
    raise AssertionError(f"nothing called {name!r} can be reached by Tab")


def test_a_threshold_is_chosen_and_a_version_activated_by_keys_alone(
    reader: Callable[..., Reader], home: str, trained: Workspace
) -> None:
    another_version(trained)
    one = reader(home, f"{VERSIONS}/v1")
    page = one.page
    figure = page.locator(".plot[data-figure]").first
    figure.scroll_into_view_if_needed()
    page.wait_for_selector(".plot[data-figure] .main-svg")

    slide = page.locator("[data-slide]")
    before = page.locator('[data-of="flagged"]').inner_text()
    slide.focus()
    for _ in range(6):
        page.keyboard.press("ArrowLeft")
    assert page.locator("#threshold-value").input_value() == "0.20"
    assert int(page.locator('[data-of="flagged"]').inner_text()) > int(before)
    assert "missed" in slide.get_attribute("aria-valuetext")
    page.locator("#fn").fill("50")
    assert "least" in page.locator('[data-of="cheapest"]').inner_text()
    page.get_by_role("button", name="Keep this threshold").press("Enter")
    page.wait_for_selector("text=d1 is kept")

    one.open(VERSIONS)
    tab_to(page, "Activate v2")
    page.keyboard.press("Enter")
    page.wait_for_url("**/v2/activate")
    assert "It replaces v1" in page.locator("main").inner_text()
    tab_to(page, "Activate v2")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=v2 answers now")


def test_of_two_who_activate_the_second_is_told(reader: Callable[..., Reader], home: str, trained: Workspace) -> None:
    people = {name: another_version(trained).label for name in PEOPLE}
    with write(trained) as connection:
        for name in PEOPLE:
            create_account(connection, name, "trainer", hash_password(PASSWORD), who="test")
    ann, ben = (
        reader(home, f"{VERSIONS}/{label}/activate", account=(name, PASSWORD), excused="409").page
        for name, label in people.items()
    )
    for page in (ann, ben):
        assert "It replaces v1, which answers now" in page.locator("main").inner_text()
    ann.get_by_role("button", name="Activate v2").click()
    ann.locator(".notice", has_text="v2 answers now").wait_for()
    with ben.expect_response("**/v3/activate") as answer:
        ben.get_by_role("button", name="Activate v3").click()
    assert answer.value.status == 409
    told = ben.get_by_role("alert")
    told.wait_for()
    assert "v2 is active by now, not v1" in told.inner_text() and "look at it again" in told.inner_text()
    assert "It replaces v2, which answers now" in ben.locator("main").inner_text()
    assert _activations(trained) == [("ann", "v2")]

    ben.get_by_role("button", name="Activate v3").click()  # he knows now what he replaces
    ben.locator(".notice", has_text="v3 answers now").wait_for()
    assert _activations(trained) == [("ann", "v2"), ("ben", "v3")]


def _activations(workspace: Workspace) -> list[tuple[str, str]]:
    """Who activated which version in the browser, the first act first."""
    with read(workspace) as connection:
        return [(act.who, act.subject) for act in acts(connection) if act.action == "activate" and act.who in PEOPLE]


def test_a_file_is_sent_and_predicted(reader: Callable[..., Reader], home: str, table: Path) -> None:
    page = reader(home, f"{VERSIONS}/v1/test?way=upload").page
    page.locator("#file").set_input_files(table)
    page.get_by_role("button", name="Send and predict").click()
    page.wait_for_selector("text=160 answers")
    link = page.get_by_role("link", name="All rows with their predictions as a file")
    with page.expect_download() as download:
        link.click()
    assert len(Path(download.value.path()).read_text().splitlines()) == 161
