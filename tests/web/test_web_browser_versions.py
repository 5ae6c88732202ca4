"""Pages about versions in a real browser without a network: from an evaluation to an answer; on a dark phone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from test_web_versions import another_version
from web_client import TOKEN

from trainwright.store.workspace import Workspace

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
Open = Callable[..., Any]
V1 = "/projects/shop/versions/v1"
PAGES = (
    V1,
    "/projects/shop/versions",
    "/projects/shop/versions/v2/activate",
    f"{V1}/package",
    f"{V1}/test",
    f"{V1}/test?way=paste",
    f"{V1}/test?way=upload",
    "/settings",
    "/settings/thresholds",
    "/settings/schedules",
    "/settings/audit",
    "/help",
)
# Fields and buttons that a screen reader could not name.
NAMELESS = """() => [...document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea, button)")]
  .filter((e) => !(e.labels && e.labels.length) && !e.getAttribute("aria-label"))
  .filter((e) => e.tagName !== "BUTTON" || !e.textContent.trim())
  .map((e) => e.outerHTML)"""


@pytest.fixture
def open_page(live: Callable[..., str], trained: Workspace) -> Iterator[Open]:
    """Opens pages of the trained workspace, signed in; what a page asks of elsewhere or complains about fails the
    test."""
    trouble: list[str] = []
    home = live(trained)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def network(route: Any) -> None:
            if route.request.url.startswith((home, "blob:")):
                route.continue_()
            else:
                trouble.append(f"asked for {route.request.url}")
                route.abort()

        def start(path: str, width: int = 1280, scheme: str = "light") -> Any:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            context.set_default_timeout(120_000)  # what loads models shares its cores with other tests
            context.route("**/*", network)
            page = context.new_page()
            page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: trouble.append(str(error)))
            page.on("dialog", lambda dialog: dialog.accept())
            page.goto(f"{home}/login?token={TOKEN}")
            page.goto(home + path)
            return page

        yield start
        browser.close()
    assert trouble == []


def test_from_an_evaluation_to_an_active_version_and_an_answer(open_page: Open, trained: Workspace) -> None:
    another_version(trained)
    page = open_page(V1)
    page.locator("[data-cell]").first.click()
    assert page.locator("#examples tbody tr").count() > 0 and page.locator("#examples h3").is_visible()
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
    page.get_by_role("button", name="Keep this threshold").click()
    page.wait_for_selector("text=d1 is kept")

    page.goto(page.url.partition("/projects")[0] + "/projects/shop/versions")
    page.get_by_role("link", name="Activate v2").click()
    page.get_by_role("button", name="Activate v2").press("Enter")
    page.wait_for_selector("text=v2 answers now")

    page.get_by_role("link", name="Test v2").click()
    page.get_by_label("price", exact=True).fill("8")
    page.get_by_label("age", exact=True).fill("60")
    page.get_by_role("button", name="Predict").click()
    page.wait_for_selector("#answer")
    assert page.locator("#answer .big").inner_text() == "yes"
    assert "price = 8 speaks" in page.locator("#answer").inner_text()


def test_every_page_fits_a_phone_and_names_its_fields(open_page: Open, trained: Workspace) -> None:
    another_version(trained)
    page = open_page("/help", 390, "dark")
    home = page.url.removesuffix("/help")
    for path in PAGES:
        page.goto(home + path)
        assert page.locator("main h1").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        assert page.evaluate(NAMELESS) == [], path
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, paper[4:-1].split(","))) < 200, path  # dark


def test_a_file_is_sent_and_predicted(open_page: Open, table: Any) -> None:
    page = open_page(f"{V1}/test?way=upload")
    page.locator("#file").set_input_files(str(table))
    page.get_by_role("button", name="Send and predict").click()
    page.wait_for_selector("text=160 answers")
    assert page.get_by_role("link", name="All rows with their predictions as a file").is_visible()
