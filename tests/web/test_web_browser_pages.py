"""Every page in a real browser: it fits a phone, names its fields, has one heading above all, and can be read in the
light and in the dark."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_web_browser_live import tell
from test_web_jobs import new_run
from test_web_versions import another_version
from web_browser import Reader, needs_browser
from web_server import Servers

from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace

pytestmark = needs_browser
V1 = "/projects/shop/versions/v1"
PAGES = (
    "/",
    "/new",
    "/jobs",
    "/projects/shop",
    "/projects/shop/versions",
    V1,
    f"{V1}/package",
    f"{V1}/test",
    f"{V1}/test?way=paste",
    f"{V1}/test?way=upload",
    "/projects/shop/versions/v2/activate",
    "/projects/shop/compare?first=v1&second=v1",
    "/settings",
    "/settings/thresholds",
    "/settings/schedules",
    "/settings/audit",
    "/help",
    "/projects/nowhere",
)
# Fields and buttons that a screen reader could not name.
NAMELESS = """() => [...document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea, button)")]
  .filter((e) => !(e.labels && e.labels.length) && !e.getAttribute("aria-label"))
  .filter((e) => e.tagName !== "BUTTON" || !e.textContent.trim())
  .map((e) => e.outerHTML)"""
# Texts whose contrast to what lies behind them is below 4.5 to 1, of large ones below 3 to 1 (WCAG 2.2, 1.4.3).
FAINT = """() => {
  const parts = (colour) => { const n = colour.match(/[\\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = (top, below) => below.map((c, i) => top[i] * top[3] + c * (1 - top[3]));
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = (c) => 0.2126 * linear(c[0]) + 0.7152 * linear(c[1]) + 0.0722 * linear(c[2]);
  const behind = (e) => {
    const layers = [];
    for (; e && !(layers.length && layers.at(-1)[3] === 1); e = e.parentElement) {
      layers.push(parts(getComputedStyle(e).backgroundColor));
    }
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255]);
  };
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const drawn = (e) => !e.closest("svg, script, style, noscript, option, :disabled") && e.checkVisibility();
  return [...document.querySelectorAll("body *")].filter((e) => own(e) && drawn(e)).map((e) => {
    const look = getComputedStyle(e), paper = behind(e), ink = over(parts(look.color), paper);
    const [dark, bright] = [light(ink), light(paper)].sort((a, b) => a - b);
    const size = parseFloat(look.fontSize), large = size >= 24 || (size >= 18.66 && look.fontWeight >= 700);
    const what = `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`;
    return [what, (bright + 0.05) / (dark + 0.05), large ? 3 : 4.5];
  }).filter(([, contrast, least]) => contrast < least).map(([what, contrast]) => `${what}: ${contrast.toFixed(2)}`);
}"""

# A field without a name, a text nobody can read, a second heading, and something wider than the window.
SPOIL = """() => {
  document.querySelector("main").insertAdjacentHTML("beforeend", "<input><h1>Two</h1><p>Faint</p><div>Wide</div>");
  document.querySelector("main > p").style.color = getComputedStyle(document.body).backgroundColor;
  document.querySelector("main > div").style.width = "3000px";
}"""


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), (1280, "light")])
def test_every_page_can_be_read_and_used(
    reader: Callable[..., Reader], live: Servers, trained: Workspace, table: Path, width: int, scheme: str
) -> None:
    another_version(trained)
    for state in ("queued", "failed", "cancelled"):
        run = new_run(trained, "queued" if state == "cancelled" else state)
        if state == "cancelled":
            with write(trained) as connection:
                set_state(connection, run, 1, state, "for the test")
    run = new_run(trained, "training")
    tell(trained, run, range(3))
    one = reader(live(trained), "/new", width=width, scheme=scheme, excused="a status of 4")
    page = one.page
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").click()
    page.locator("#statistics", has_text="What would be trained").wait_for()
    wrong = {"the form of a training": problems(page, width, scheme)}
    for path in (*PAGES, f"/jobs/{run}", f"/jobs/{run - 1}"):
        one.open(path)
        wrong[path] = problems(page, width, scheme)
    one.context.clear_cookies()
    one.open("/login")
    wrong["/login"] = problems(page, width, scheme)
    assert {path: found for path, found in wrong.items() if found} == {}
    page.evaluate(SPOIL)
    assert len(problems(page, width, scheme)) == 4  # what is measured by sees what is wrong


def problems(page: Any, width: int, scheme: str) -> list[str]:
    """What is wrong with a page, with everything that folds open."""
    for details in page.locator("main details:not([open]) > summary").all():
        if details.is_visible():
            details.click()
    found: list[str] = [*page.evaluate(NAMELESS), *page.evaluate(FAINT)]
    if page.locator("h1").count() != 1:
        found.append(f"{page.locator('h1').count()} headings above all")
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > width:
        found.append(f"{wide} pixels wide")
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    if (sum(map(int, paper[4:-1].split(","))) < 200) != (scheme == "dark"):
        found.append(f"its paper is {paper}")
    return found
