"""The candidates of a job, by the figure that a reader chooses."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient
from test_web_jobs import new_run
from test_web_pages_training import part

from trainwright.store import tables
from trainwright.store.events import add_event
from trainwright.store.transaction import read, write
from trainwright.store.trials import finish_trial
from trainwright.store.workspace import Workspace


def test_the_leaderboard_shows_the_figure_that_the_address_names(client: TestClient, workspace: Workspace) -> None:
    run = new_run(workspace, "training")
    with write(workspace) as connection:
        for name, scores in (("calm", {"roc_auc": 0.7, "log_loss": 0.2}), ("keen", {"roc_auc": 0.9, "log_loss": 0.4})):
            finish_trial(connection, run, 1, name=name, fold=0, family="linear", scores=scores, seconds=1.0)
            data = {"trial": name, "fold": 0, "folds": 1, "metric": "roc_auc", "score": scores["roc_auc"]}
            add_event(connection, run, 1, "fold", data=data)
    for address in (f"/jobs/{run}", f"/jobs/{run}/parts"):
        page = client.get(address).text
        offered = re.findall(r'<option value="(\w+)"( selected)?>([^<]+)', page)
        assert offered == [("roc_auc", " selected", "ROC-AUC (decides)"), ("log_loss", "", "Log-loss")]
        board = part(page, "part-standings")
        assert board.index("keen") < board.index("calm") and "0.9000" in board
        page = client.get(address, params={"metric": "log_loss"}).text
        board = part(page, "part-standings")
        assert '<option value="log_loss" selected>' in page and '<th scope="col" class="num">Log-loss</th>' in page
        assert board.index("calm") < board.index("keen") and "0.2000" in board and "0.7000</td>" not in page
        assert "less is better" in board and "chosen by ROC-AUC, not by this" in board
        # What is not stored gives way to what decides.
        other = client.get(address, params={"metric": "<b>none"}).text
        assert '<option value="roc_auc" selected>' in other and "<b>none" not in other


def test_a_training_keeps_every_figure_of_its_leaderboard_fold_by_fold(shop: TestClient, trained: Workspace) -> None:
    with read(trained) as connection:
        result = connection.execute(select(tables.run.c.result)).scalar_one()
    board = result["leaderboard"] if isinstance(result, dict) else json.loads(result)["leaderboard"]
    single = [row for row in board if row["name"] != "ensemble"]
    page = shop.get("/jobs/1").text
    offered = re.findall(r'<option value="(\w+)"', part_html(page))
    assert len(offered) > 3 and set(offered) == set(single[0]["metrics"])
    for metric in offered:
        shown = part_html(shop.get("/jobs/1", params={"metric": metric}).text)
        found = dict(re.findall(r'<th scope="row">(\w+).*?<td class="num">(\d\.\d{4})</td>', shown))
        assert {name: float(value) for name, value in found.items()} == pytest.approx(
            {row["name"]: row["metrics"][metric] for row in single}, abs=1e-4
        )


def part_html(page: str) -> str:
    """The part of the page that shows candidates."""
    return page.partition('id="part-standings"')[2].partition('id="curves"')[0]
