"""The whole way in one browser without a network: from a file to a version that answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select
from test_web_browser_live import CURVES
from web_browser import Reader, needs_browser
from web_server import Servers

from trainwright.jobs.slots import Slots
from trainwright.jobs.worker import Worker
from trainwright.store import tables
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.views.story import log_after

pytestmark = needs_browser
# Enough steps that the page is looked at while the network learns, on a fast machine too; patience keeps all epochs.
FOLDS, EPOCHS = 3, 20
NETWORK = {"Epochs": str(EPOCHS), "Patience": str(EPOCHS), "Batch size": "4"}
LOSS = "neural_network/fold1/Loss/train"


def first_fold(page: Any) -> list[list[float]]:
    """Steps and values of the loss of the first fold as the page shows them."""
    page.locator("#curves figure", has_text="Loss").first.wait_for()
    if page.locator("#curves-fold option[value='1']").count():
        page.locator("#curves-fold").select_option("1", force=True)
    found: list[list[float]] = page.evaluate(CURVES)["Loss"]
    return found


def lines(page: Any) -> list[str]:
    """What the log says, without its times."""
    told: list[str] = page.locator("#log li span:last-child").all_inner_texts()
    return told


def test_from_a_file_to_a_version_that_answers(
    reader: Callable[..., Reader], live: Servers, trained: Workspace, table: Path
) -> None:
    page = reader(live(trained)).page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New training").click()
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").press("Enter")
    page.locator("#statistics", has_text="Classes of bought").wait_for()
    # How many checks there is time for depends on the machine, so either kind of answer will do.
    assert page.locator("#statistics h3:text-is('Findings') + :is(.findings, .notice.good)").count() == 1

    page.locator("summary", has_text="Neural networks").click()
    page.get_by_label("Epochs", exact=True).fill("many")
    wrong = page.locator('[id="training.epochs-problem"]')
    wrong.wait_for()
    assert "must be a whole number" in wrong.inner_text()
    page.get_by_label("Epochs", exact=True).fill("")
    page.get_by_label("Preset").select_option("quick")
    page.locator("#as-yaml", has_text="preset: quick").wait_for()
    assert page.get_by_label("Epochs", exact=True).get_attribute("placeholder") == "5"  # of the preset
    for label, text in {"Families of models": "neural_network", "Time limit": "10m", **NETWORK}.items():
        page.get_by_label(label, exact=True).fill(text)
    page.locator("#as-yaml", has_text="batch_size: 4").wait_for()
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url("**/jobs/*")
    assert "no worker is at work" in page.locator("#part-progress").inner_text()

    worker = Worker(trained, Slots(cpu=1), name="here")
    thread = threading.Thread(target=worker.run, kwargs={"once": True})
    thread.start()
    try:
        steps, losses = first_fold(page)
        told = lines(page)
        seen = page.locator("#curves-fold option").count() - 1, len(steps)
        assert page.locator("#part-head .state").inner_text() == "training"
        assert page.locator("#part-progress dt", has_text="Epoch").count() == 1
        page.reload()
        later = first_fold(page)
        assert (later[0][: len(steps)], later[1][: len(losses)]) == (steps, losses)
        assert lines(page)[: len(told)] == told
        page.locator("#part-head .state.completed").wait_for()
    finally:
        worker.ask_to_end()
        thread.join()
    _all_is_there_once(page, trained, int(page.url.rpartition("/")[2]))
    assert seen < (FOLDS, EPOCHS) and len(told) < len(lines(page))  # it was looked at while they grew
    assert page.locator("#curves-fold option").count() - 1 == FOLDS
    assert page.locator("#part-standings .chosen").count() == 1

    page.get_by_role("link", name="v2 and its evaluation").click()
    page.wait_for_url("**/versions/v2")
    page.locator("[data-cell]").first.click()
    assert page.locator("#examples tbody tr").count() > 0
    page.get_by_role("link", name="Activate").click()
    assert "It replaces v1, which answers now" in page.locator("main").inner_text()
    page.get_by_role("button", name="Activate v2").click()
    page.locator(".notice", has_text="v2 answers now").wait_for()

    page.get_by_role("link", name="Test v2").click()
    page.get_by_label("price", exact=True).fill("8")
    page.get_by_label("age", exact=True).fill("60")
    page.get_by_role("button", name="Predict").click()
    page.locator("#answer").wait_for()
    assert page.locator("#answer .big").inner_text() == "yes"
    assert "price = 8 speaks" in page.locator("#answer").inner_text()


def _all_is_there_once(page: Any, workspace: Workspace, run: int) -> None:
    """The page shows what is stored: no point and no line is lost or doubled."""
    with read(workspace) as connection:
        point = tables.metric_point.c
        query = select(point.step, point.value).where(point.run_id == run, point.name == LOSS).order_by(point.seq)
        stored = connection.execute(query).all()
        words = [" ".join(line.words.split()) for line in log_after(connection, run, 0, limit=10_000)[0]]
    assert len(stored) == EPOCHS
    for _ in range(50):
        shown, told = first_fold(page), [" ".join(line.split()) for line in lines(page)]
        if len(shown[0]) == EPOCHS and len(told) == len(words):
            break
        page.wait_for_timeout(100)
    assert list(zip(*shown, strict=True)) == [tuple(row) for row in stored]
    assert told == words
