"""The whole way in one browser without a network: from a file to a version that answers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
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
FOLDS, EPOCHS, HELD = 3, 5, 3
JOBS = Path(__file__).parent.parent / "jobs"
# Patience keeps all epochs.
NETWORK = {"Epochs": str(EPOCHS), "Patience": str(EPOCHS), "Batch size": "4"}
LOSS = "neural_network/fold1/Loss/train"


def first_fold(page: Any) -> list[list[float]]:
    """Steps and values of the loss of the first fold as the page shows them."""
    page.locator("#curves figure", has_text="Loss").first.wait_for()
    if page.locator("#curves-fold option[value='1']").count():
        page.locator("#curves-fold").select_option("1", force=True)
    found: list[list[float]] = page.evaluate(CURVES)["Loss"]
    return found


def until_epochs(page: Any, number: int) -> list[list[float]]:
    """The loss of the first fold, once the page shows so many epochs of it and a line for each."""
    page.locator("#log li", has_text=f"Epoch {number}/{EPOCHS}").first.wait_for()
    for _ in range(100):
        found = first_fold(page)
        if len(found[0]) == number:
            break
        page.wait_for_timeout(100)
    assert len(found[0]) == number
    return found


def lines(page: Any) -> list[str]:
    """What the log says, without its times."""
    told: list[str] = page.locator("#log li span:last-child").all_inner_texts()
    return told


def test_from_a_file_to_a_version_that_answers(
    reader: Callable[..., Reader],
    live: Servers,
    trained: Workspace,
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = reader(live(trained)).page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="New training").click()
    page.get_by_label("File").set_input_files(table)
    page.get_by_role("button", name="Upload").press("Enter")
    page.locator("#statistics", has_text="Classes of bought").wait_for()
    # How many checks there is time for depends on the machine, so either kind of answer will do.
    assert page.locator("#statistics h3:has(:text-is('Findings')) + :is(.findings, .notice.good)").count() == 1

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

    # The real training, which stands still after the third epoch until it has been looked at.
    held = tmp_path / "held"
    for name, value in {"PYTHONPATH": JOBS, "HELD_MOMENT": "three epochs are over", "HELD_MARKER": held}.items():
        monkeypatch.setenv(name, str(value), prepend=os.pathsep if name == "PYTHONPATH" else None)
    worker = Worker(trained, Slots(cpu=1), name="here", bodies={"train": "held_attempt"})
    thread = threading.Thread(target=worker.run, kwargs={"once": True})
    thread.start()
    try:
        losses = until_epochs(page, HELD)
        told = lines(page)
        assert held.exists() and page.locator("#part-head .state").inner_text() == "training"
        assert page.locator("#part-progress dt", has_text="Epoch").count() == 1
        page.reload()
        assert until_epochs(page, HELD) == losses
        assert lines(page) == told
        held.unlink()
        page.locator("#part-head .state.completed").wait_for()
    finally:
        worker.ask_to_end()
        thread.join()
    _all_is_there_once(page, trained, int(page.url.rpartition("/")[2]))
    assert len(told) < len(lines(page))
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
