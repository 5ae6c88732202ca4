"""The report in a real browser, without a network: figures, examples, hostile names, phone, dark, print,
keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_documents import a_number, many_classes, two_classes, with_costs

from trainwright.evaluate.report import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
DOCUMENTS = {"two": two_classes, "many": many_classes, "number": a_number, "costs": with_costs}
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    return {kind: write_report(*make(), folder / f"{kind}.html") for kind, make in DOCUMENTS.items()}


@pytest.fixture
def open_report(browser: Any, reports: dict[str, Path]) -> Iterator[Open]:
    """Opens a report; whatever the browser complains about, asks for or pops up fails the test at its end."""
    trouble: list[str] = []
    contexts = []

    def open_(kind: str, width: int = 1280, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
        contexts.append(context)

        def network(route: Any) -> None:
            if route.request.url.startswith("file:"):
                route.continue_()
            else:
                trouble.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", network)
        page = context.new_page()
        page.on("console", lambda m: trouble.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("dialog", lambda dialog: (trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(reports[kind].as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


def draw_all(page: Any) -> int:
    """Scrolls through the page as a reader does; returns the number of figures drawn."""
    names = page.locator("[data-figure]").evaluate_all("places => places.map(place => place.dataset.figure)")
    for name in names:
        page.locator(f"[data-figure={name}]").scroll_into_view_if_needed()
        page.wait_for_selector(f"[data-figure={name}][data-state=drawn] svg.main-svg", state="attached")
    return len(names)


def width_beyond_screen(page: Any) -> int:
    return page.evaluate("document.documentElement.scrollWidth - window.innerWidth")


@pytest.mark.parametrize("kind, least", [("two", 11), ("many", 6), ("number", 5)])
def test_every_figure_is_drawn_on_a_phone_without_sideways_scrolling(open_report: Open, kind: str, least: int) -> None:
    page = open_report(kind, width=390)
    assert draw_all(page) >= least
    assert width_beyond_screen(page) <= 0
    assert page.locator("[data-state=failed]").count() == 0


def test_figures_wait_until_they_are_scrolled_to(open_report: Open) -> None:
    page = open_report("two")
    page.wait_for_selector("html[data-figures=ready]", state="attached")
    assert page.locator("[data-figure=importance]").get_attribute("data-state") is None
    page.locator("[data-figure=importance]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-figure=importance][data-state=drawn]")


def test_a_confusion_cell_opens_the_rows_behind_it(open_report: Open) -> None:
    page = open_report("two")
    assert page.locator("#examples").is_hidden()
    page.get_by_role("button", name="actual <=50K, predicted >50K").click()
    panel = page.locator("#examples")
    assert panel.locator("h3").inner_text() == "Actual <=50K, predicted >50K"
    assert panel.locator("tbody tr").count() == 20
    assert panel.locator("thead").inner_text().split() == [
        "Row",
        "age",
        "education",
        "occupation",
        "hours-per-week",
    ]
    assert "Exec-managerial" in panel.locator("tbody tr").first.inner_text()
    panel.get_by_role("button", name="Close").click()
    assert panel.is_hidden()


def test_a_cell_opens_by_keyboard_and_focus_comes_back(open_report: Open) -> None:
    page = open_report("two")
    cell = page.locator("[data-cell='1,0']")
    cell.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "examples"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.cell") == "1,0"


def test_hostile_names_show_as_text_and_run_nothing(open_report: Open) -> None:
    page = open_report("many")
    draw_all(page)
    assert "</script><s" in page.locator("[data-figure=per_class]").inner_text()
    page.locator("[data-cell='1,2']").click()
    assert page.locator("#examples h3").inner_text() == (
        "Actual </script><script>alert(1)</script>, predicted <img src=x onerror=alert(2)>"
    )
    assert "<img src=x onerror=alert(4)>" in page.locator("#examples table").inner_text()
    assert page.locator("main img").count() == 0


def test_a_cell_of_the_large_matrix_opens_too(open_report: Open) -> None:
    page = open_report("many")
    page.locator("[data-figure=confusion]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-figure=confusion][data-state=drawn]")
    box = page.locator("[data-figure=confusion] .nsewdrag").bounding_box()
    cell = (box["x"] + 2.5 * box["width"] / 77, box["y"] + 1.5 * box["height"] / 77)
    page.mouse.move(*cell)
    page.wait_for_selector("[data-figure=confusion] .hovertext")
    page.mouse.click(*cell)
    page.wait_for_selector("#examples:not([hidden])")
    assert page.locator("#examples h3").inner_text().startswith("Actual </script>")


def test_dark_mode_changes_page_and_figures(open_report: Open) -> None:
    light, dark = open_report("number"), open_report("number", scheme="dark")
    ink = {}
    for name, page in (("light", light), ("dark", dark)):
        page.locator("[data-figure=leaderboard]").scroll_into_view_if_needed()
        page.wait_for_selector("[data-figure=leaderboard][data-state=drawn]")
        paper = page.evaluate("getComputedStyle(document.querySelector('.hero')).backgroundColor")
        tick = page.evaluate("getComputedStyle(document.querySelector('[data-figure] .xtick text')).fill")
        ink[name] = [sum(map(int, colour[4:-1].split(","))) for colour in (paper, tick)]
    assert ink["dark"][0] < 150 < 600 < ink["light"][0]
    assert ink["dark"][1] > 400 > ink["light"][1]


def test_paper_shows_every_figure(open_report: Open) -> None:
    page = open_report("two", scheme="dark")
    page.wait_for_selector("html[data-figures=ready]", state="attached")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator("[data-state=drawn]").count() == page.locator("[data-figure]").count()
    assert page.locator("details.word:not([open])").count() == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.locator("details.word[open]").count() == 0


def test_figures_on_paper_are_no_wider_than_the_sheet(open_report: Open) -> None:
    page = open_report("two", width=1280)
    page.wait_for_selector("html[data-figures=ready]", state="attached")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    drawn = "[...document.querySelectorAll('svg.main-svg')].map(s => s.getBoundingClientRect().width)"
    assert max(page.evaluate(drawn)) <= 660
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert max(page.evaluate(drawn)) > 660


@pytest.mark.parametrize("kind", ["two", "number", "costs"])
def test_the_page_for_the_person_who_decides_fits_two_sheets(open_report: Open, kind: str) -> None:
    page = open_report(kind, width=680)  # A4 between margins of 15 mm is 680 by 1,009 pixels
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 680, "height": 1009})
    assert page.locator("#decision").evaluate("e => e.offsetHeight") <= 2 * 1009
    style = page.locator("#decision").evaluate("e => [getComputedStyle(e).breakBefore, getComputedStyle(e).breakAfter]")
    assert style == ["page", "page"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_decision_is_read_on_a_phone_without_sideways_scrolling(open_report: Open, scheme: str) -> None:
    page = open_report("costs", width=390, scheme=scheme)
    assert width_beyond_screen(page) <= 0
    own = page.locator("#decision .scroller").evaluate_all("boxes => boxes.map(b => b.scrollWidth - b.clientWidth)")
    assert len(own) == 2 and max(own) <= 0
    colours = "e => [getComputedStyle(e).color, getComputedStyle(document.querySelector('#decision')).backgroundColor]"
    ink, paper = (
        sum(map(int, colour[4:-1].split(","))) for colour in page.locator("#decision .watched").first.evaluate(colours)
    )
    assert abs(ink - paper) > 250  # muted text stays readable in both


def test_a_word_is_explained_one_click_away(open_report: Open) -> None:
    page = open_report("two")
    page.locator("#metrics summary", has_text="ROC-AUC").click()
    assert page.get_by_text("how often does the model give the first").first.is_visible()
    page.locator("a[href='#term-threshold']").first.click()
    page.wait_for_selector("#term-threshold[open]")


def test_the_page_can_be_walked_by_landmarks_headings_and_tables(open_report: Open) -> None:
    page = open_report("two")
    assert page.locator("main").count() == page.locator("h1").count() == page.locator("nav[aria-label]").count() == 1
    assert page.locator("section:not([aria-labelledby])").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("[data-figure]:not([role=img][aria-label])").count() == 0
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => +h.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
