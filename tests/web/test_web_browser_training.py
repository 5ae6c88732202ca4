"""The pages of a new training and of a job in a real browser without a network: the whole way to a version, curves that
grow, broken connections, a phone, the dark."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_web_browser_versions import ARGUMENTS, NAMELESS
from test_web_jobs import new_run
from web_client import TOKEN

from trainwright.jobs.slots import Slots
from trainwright.jobs.worker import Worker
from trainwright.store.events import add_event, add_points
from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class Reader:
    """Somebody with a browser of their own, signed in."""

    def __init__(self, browser: Any, home: str, *, width: int = 1280, scheme: str = "light", excused: str = ""):
        self.trouble: list[str] = []
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.context.set_default_timeout(120_000)  # a training shares its cores with other tests
        self.context.route("**/*", lambda route: self._only(home, route))
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", lambda m: self._told(m, excused))
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.goto(f"{home}/login?token={TOKEN}")

    def _only(self, home: str, route: Any) -> None:
        if route.request.url.startswith(home):
            route.continue_()
        else:
            self.trouble.append(f"asked for {route.request.url}")
            route.abort()

    def _told(self, message: Any, excused: str) -> None:
        if message.type in ("error", "warning") and not (excused and excused in message.text):
            self.trouble.append(message.text)


@pytest.fixture
def home(live: Callable[..., str], workspace: Workspace) -> str:
    """The address of the server of an empty workspace."""
    return live(workspace)


@pytest.fixture
def reader(home: str) -> Iterator[Callable[..., Reader]]:
    """Makes readers; what a page asks of elsewhere or complains about fails the test."""
    made: list[Reader] = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)

        def make(**about: Any) -> Reader:
            made.append(Reader(browser, home, **about))
            return made[-1]

        yield make
        browser.close()
    assert [trouble for one in made for trouble in one.trouble] == []


def lengths(page: Any) -> dict[str, int]:
    """How many points each curve shows, by the figure's title."""
    found: dict[str, int] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("#curves-figures figure")].map((f) =>
        [f.querySelector("strong").textContent, (f.querySelector(".plot").data || [{x: []}])[0].x.length]))"""
    )
    return found


def tell(workspace: Workspace, run: int, steps: range) -> None:
    """Points of a loss, and a line of the log for each."""
    with write(workspace) as connection:
        add_points(connection, run, 1, [("net/fold1/Loss/train", float(step), 1 / (step + 1)) for step in steps])
        for step in steps:
            add_event(connection, run, 1, "epoch", message=f"Epoch {step}/99", data={"trial": "net", "fold": 0})


def expect_points(page: Any, number: int) -> None:
    """Waits until the loss has so many points, then makes sure that neither lines nor points are doubled or lost."""
    page.locator("#log li", has_text=f"Epoch {number - 1}/99").wait_for()
    for _ in range(100):
        if lengths(page).get("Loss") == number:
            break
        page.wait_for_timeout(100)
    assert lengths(page) == {"Loss": number}
    lines = [line for line in page.locator("#log li").all_inner_texts() if "Epoch" in line]
    assert len(lines) == number and f"Epoch {number - 1}/99" in lines[-1]


def test_from_a_file_to_a_version(reader: Callable[..., Reader], home: str, workspace: Workspace, table: Path) -> None:
    page = reader().page
    page.goto(home + "/")
    page.get_by_role("link", name="Train on a table").click()
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").press("Enter")
    page.locator("#statistics", has_text="Classes of bought").wait_for()

    page.locator("summary", has_text="Neural networks").click()
    page.get_by_label("Epochs", exact=True).fill("many")
    wrong = page.locator('[id="training.epochs-problem"]')
    wrong.wait_for()
    assert "must be a whole number" in wrong.inner_text()
    page.get_by_label("Epochs", exact=True).fill("")
    page.get_by_label("Preset").select_option("quick")
    page.get_by_label("Families of models").fill("linear")
    page.locator("#as-yaml", has_text="families: [linear]").wait_for()
    assert page.get_by_label("Epochs", exact=True).get_attribute("placeholder") == "5"  # of the preset
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url("**/jobs/*")
    assert "no worker is at work" in page.locator("#part-progress").inner_text()

    other = reader(width=390).page  # somebody else looks on
    other.goto(page.url)
    worker = Worker(workspace, Slots(cpu=1), name="here")
    thread = threading.Thread(target=worker.run, kwargs={"once": True})
    thread.start()
    try:
        page.locator("#part-standings th", has_text="linear").wait_for()
        page.reload()
        for one in (page, other):
            one.get_by_role("link", name="v1 and its evaluation").wait_for()
            assert "v1 is ready" in one.locator("#part-outcome").inner_text()
            assert one.locator("#part-standings .chosen").count() == 1
    finally:
        worker.ask_to_end()
        thread.join()
    assert other.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="v1 and its evaluation").click()
    page.wait_for_url("**/projects/*/versions/v1")


def test_curves_and_log_grow_and_survive_a_reload(
    reader: Callable[..., Reader], home: str, workspace: Workspace
) -> None:
    run = new_run(workspace, "training")
    page = reader().page
    page.goto(f"{home}/jobs/{run}")
    assert page.locator("#curves").is_hidden()
    tell(workspace, run, range(3))
    expect_points(page, 3)
    tell(workspace, run, range(3, 5))
    expect_points(page, 5)
    assert "training began at 1 and is at 0.2" in page.locator("#curves .plot").get_attribute("aria-label")
    page.reload()
    expect_points(page, 5)
    tell(workspace, run, range(5, 6))
    expect_points(page, 6)

    page.get_by_role("button", name="Cancel").click()
    page.locator("#part-outcome", has_text="Asked to end").wait_for()
    with write(workspace) as connection:
        set_state(connection, run, 1, "cancelled", "cancelled by test")
    page.get_by_role("button", name="Try again").wait_for()
    assert "cancelled" in page.locator("#part-said").inner_text() and "cancelled" in page.title()


def test_a_connection_that_breaks_loses_nothing(reader: Callable[..., Reader], home: str, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    one = reader(excused="net::ERR")
    one.page.goto(f"{home}/jobs/{run}")
    tell(workspace, run, range(2))
    expect_points(one.page, 2)
    one.context.set_offline(True)
    one.page.evaluate("fetch('/').catch(() => 0)")
    tell(workspace, run, range(2, 5))
    one.page.wait_for_timeout(500)
    one.context.set_offline(False)
    expect_points(one.page, 5)


def test_where_streams_do_not_pass_the_page_asks(
    reader: Callable[..., Reader], home: str, workspace: Workspace
) -> None:
    run = new_run(workspace, "training")
    one = reader(excused="ERR_FAILED")
    one.context.route("**/stream?**", lambda route: route.abort())
    one.page.goto(f"{home}/jobs/{run}")
    tell(workspace, run, range(4))
    expect_points(one.page, 4)
    assert "no live connection" in one.page.locator("#line").inner_text()
    tell(workspace, run, range(4, 7))
    expect_points(one.page, 7)


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_page_fits_and_names_its_fields(
    reader: Callable[..., Reader], home: str, workspace: Workspace, table: Path, width: int, scheme: str
) -> None:
    run = new_run(workspace, "training")
    tell(workspace, run, range(3))
    page = reader(width=width, scheme=scheme).page
    page.goto(home + "/new")
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").click()
    page.locator("#statistics", has_text="What would be trained").wait_for()
    for path in (None, "/", "/new", "/jobs", "/projects/shop", f"/jobs/{run}"):
        if path is not None:
            page.goto(home + path)
        for details in page.locator("main details:not([open]) > summary").all():
            if details.is_visible():
                details.click()
        assert page.locator("main h1").count() == 1, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(NAMELESS) == [], path
