"""The page of a job in a real browser: curves and log grow; a page that is loaded again, a connection that breaks, a
server that begins anew or lets no stream through loses nothing and doubles nothing; several people look on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from test_web_jobs import new_run
from web_browser import Reader, needs_browser
from web_server import Servers

from trainwright.store.events import add_event, add_points
from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.trials import finish_trial
from trainwright.store.workspace import Workspace
from trainwright.web.security.accounts import create_account
from trainwright.web.security.secrets import hash_password

pytestmark = needs_browser
PASSWORD = "a sentence is a good password"
# The steps and values of the first curve of each figure, by the figure's title.
CURVES = """() => Object.fromEntries([...document.querySelectorAll("#curves-figures figure")].map((f) => {
  const [curve] = f.querySelector(".plot").data || [{x: [], y: []}];
  return [f.querySelector("strong").textContent, [curve.x, curve.y]];
}))"""
# Whether the axis of the first figure holds the last of its steps.
REACHES = "last => document.querySelector('#curves .plot')._fullLayout.xaxis.range[1] >= last"


@pytest.fixture
def home(live: Servers, workspace: Workspace) -> str:
    """The address of the server of an empty workspace."""
    return live(workspace)


@pytest.fixture
def run(workspace: Workspace) -> int:
    """A run that trains; `tell` says what it does."""
    return new_run(workspace, "training")


def tell(workspace: Workspace, run: int, steps: range) -> None:
    """Points of a loss, and a line of the log for each."""
    with write(workspace) as connection:
        add_points(connection, run, 1, [("net/fold1/Loss/train", float(step), 1 / (step + 1)) for step in steps])
        for step in steps:
            add_event(connection, run, 1, "epoch", message=f"Epoch {step}/99", data={"trial": "net", "fold": 0})


def expect_epochs(page: Any, number: int) -> None:
    """Waits until the page shows so many epochs, then makes sure that each point and each line is there once."""
    page.locator("#log li", has_text=f"Epoch {number - 1}/99").wait_for()
    whole = [list(range(number)), [1 / (step + 1) for step in range(number)]]
    for _ in range(100):
        if page.evaluate(CURVES) == {"Loss": whole}:
            break
        page.wait_for_timeout(100)
    assert page.evaluate(CURVES) == {"Loss": whole}
    page.wait_for_function(REACHES, arg=number - 1)
    told = [line.partition("Epoch ")[2] for line in page.locator("#log li").all_inner_texts() if "Epoch" in line]
    assert told == [f"{step}/99" for step in range(number)]


def test_curves_and_log_grow_and_survive_a_reload(
    reader: Callable[..., Reader], home: str, workspace: Workspace, run: int
) -> None:
    page = reader(home, f"/jobs/{run}").page
    assert page.locator("#curves").is_hidden()
    tell(workspace, run, range(3))
    expect_epochs(page, 3)
    tell(workspace, run, range(3, 5))
    expect_epochs(page, 5)
    assert "training began at 1 and is at 0.2" in page.locator("#curves .plot").get_attribute("aria-label")
    page.reload()
    expect_epochs(page, 5)
    for first, last in ((5, 6), (6, 9), (9, 14)):
        tell(workspace, run, range(first, last))
        expect_epochs(page, last)

    page.get_by_role("button", name="Cancel").click()
    page.locator("#part-outcome", has_text="Asked to end").wait_for()
    with write(workspace) as connection:
        set_state(connection, run, 1, "cancelled", "cancelled by test")
    page.get_by_role("button", name="Try again").wait_for()
    assert "cancelled" in page.locator("#part-said").inner_text() and "cancelled" in page.title()


@pytest.mark.parametrize("noticed", ["the connection is lost", "the server does not answer"])
def test_a_server_that_is_away_for_a_while_loses_nothing(
    reader: Callable[..., Reader], live: Servers, home: str, workspace: Workspace, run: int, noticed: str
) -> None:
    # Being offline by Playwright cuts no stream that is open; a server that ends does.
    page = reader(home, f"/jobs/{run}", excused="net::ERR").page
    tell(workspace, run, range(3))
    expect_epochs(page, 3)
    live.stop(home)
    tell(workspace, run, range(3, 5))
    page.locator("#line", has_text=noticed).wait_for()
    assert live(workspace, port=int(home.rpartition(":")[2])) == home
    expect_epochs(page, 5)
    tell(workspace, run, range(5, 7))
    expect_epochs(page, 7)


def test_where_streams_do_not_pass_the_page_asks(
    reader: Callable[..., Reader], home: str, workspace: Workspace, run: int
) -> None:
    one = reader(home, excused="ERR_FAILED")
    one.context.route("**/stream?**", lambda route: route.abort())
    one.open(f"/jobs/{run}")
    tell(workspace, run, range(4))
    expect_epochs(one.page, 4)
    assert "no live connection" in one.page.locator("#line").inner_text()
    tell(workspace, run, range(4, 7))
    expect_epochs(one.page, 7)


def test_two_people_look_at_the_same_job(
    reader: Callable[..., Reader], home: str, workspace: Workspace, run: int
) -> None:
    with write(workspace) as connection:
        for name, role in (("ann", "trainer"), ("ben", "viewer")):
            create_account(connection, name, role, hash_password(PASSWORD), who="test")
    ann, ben = (reader(home, f"/jobs/{run}", account=(name, PASSWORD)).page for name in ("ann", "ben"))
    tell(workspace, run, range(2))
    for page in (ann, ben):
        expect_epochs(page, 2)
    assert ben.get_by_role("button", name="Cancel").count() == 0  # he only looks
    ann.get_by_role("button", name="Cancel").click()
    for page in (ann, ben):
        page.locator("#part-outcome", has_text="Asked to end").wait_for()
    tell(workspace, run, range(2, 4))
    for page in (ann, ben):
        expect_epochs(page, 4)


def test_the_figure_of_the_candidates_is_kept_while_the_job_goes_on(
    reader: Callable[..., Reader], home: str, workspace: Workspace, run: int
) -> None:
    def fold(number: int, **scores: dict[str, float]) -> None:
        with write(workspace) as connection:
            for name, found in scores.items():
                finish_trial(connection, run, 1, name=name, fold=number, family="linear", scores=found)
                data = {"trial": name, "fold": number, "folds": 2, "metric": "roc_auc", "score": found["roc_auc"]}
                add_event(connection, run, 1, "fold", data=data)

    def board(*rows: str) -> None:
        page.wait_for_function(
            "rows => [...document.querySelectorAll('#part-standings tbody tr')]"
            ".map((r) => r.cells[0].textContent + ' ' + r.cells[3].textContent).join() === rows.join()",
            arg=list(rows),
        )

    page = reader(home, f"/jobs/{run}").page
    fold(0, calm={"roc_auc": 0.7, "log_loss": 0.2}, keen={"roc_auc": 0.9, "log_loss": 0.4})
    board("keen 0.9000", "calm 0.7000")
    page.get_by_label("Figure").select_option("log_loss")
    tell(workspace, run, range(2))  # what comes meanwhile takes no choice back
    expect_epochs(page, 2)
    page.get_by_role("button", name="Show").press("Enter")
    board("calm 0.2000", "keen 0.4000")
    assert page.url.endswith(f"/jobs/{run}?metric=log_loss")
    fold(1, calm={"roc_auc": 0.7, "log_loss": 0.6}, keen={"roc_auc": 0.9, "log_loss": 0.2})
    board("keen 0.3000", "calm 0.4000")
    page.reload()
    board("keen 0.3000", "calm 0.4000")
    expect_epochs(page, 2)
