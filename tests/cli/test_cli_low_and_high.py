"""Low and high on the command line: said after a training, beside predictions, on a labelled file, for decisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from command_line import QUICK, Shop, assert_refused, run


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A project with a number to predict, whose errors grow with it."""
    folder = tmp_path_factory.mktemp("houses")
    rng = np.random.default_rng(0)
    rooms = rng.uniform(1, 10, 700)
    price = 100 + 20 * rooms + 4 * rooms * rng.normal(size=700)
    table = folder / "houses.csv"
    pl.DataFrame({"rooms": rooms, "noise": rng.normal(size=700), "price": price}).write_csv(table)
    workspace = folder / "workspace"
    said = run("train", table, "--target", "price", *QUICK, "--interval", "80%", "--workspace", workspace)
    assert said.code == 0, said.err
    return Shop(workspace, table, {}, said.out)


def test_a_training_says_how_often_low_and_high_hold(houses: Shop) -> None:
    assert "of 100 true values lie between low and high (" in houses.screen and "80 were asked for" in houses.screen
    assert "promised for new rows drawn as these were" in houses.screen


def test_predictions_have_low_and_high_and_wide_ones_go_to_review(houses: Shop) -> None:
    place = houses.table.with_name("out.csv")
    words = ("--workspace", houses.workspace)
    assert run("predict", "houses", houses.table, "-o", place, "--review-width", "20%", *words).code == 0
    frame = pl.read_csv(place)
    assert frame.columns == ["prediction", "low", "high", "width", "decision"]
    assert set(frame["decision"]) == {"accept", "review"}
    assert_refused(run("predict", "houses", houses.table, "--review-width", "0", *words), 2, "above 0", "20%")


def test_a_labelled_file_is_measured(houses: Shop) -> None:
    said = run("evaluate", "houses", houses.table, "--workspace", houses.workspace)
    assert said.code == 0 and "low and high: " in said.out and "rows of the file" in said.out


def test_a_decision_on_a_number_is_made_listed_and_used(houses: Shop) -> None:
    words = ("--workspace", houses.workspace)
    said = run("decide", "houses", "--capacity", "50/1000", *words)
    assert said.code == 0, said.err
    assert "houses@v1 d1: Of 1,000 predictions" in said.out and "goes to a person" in said.out
    assert run("decide", "houses", "--use", "d1", *words).code == 0
    assert "d1" in run("decide", "houses", "--list", *words).out
    document = run("predict", "houses", houses.table, "--json", *words).document
    sent = [row["decision"] == "review" for row in document["predictions"]]
    assert document["decision"] == "d1" and 0.02 < np.mean(sent) < 0.09
    judged = run("evaluate", "houses", houses.table, "--json", *words).document["decision"]
    assert judged["label"] == "d1" and judged["figures"]["review"]["value"] == pytest.approx(np.mean(sent))
    errors = [judged["figures"][name]["value"] for name in ("error_kept", "error_review")]
    assert min(errors) < judged["figures"]["error_all"]["value"] < max(errors)
    plain = run("evaluate", "houses", houses.table, "--decision", "none", *words)
    assert "no decision: no width sends a row to a person" in plain.out
    assert_refused(run("decide", "houses", "--cost", "fp=1", "fn=2", *words), 2, "--cost is for classes", "--max-width")
    assert_refused(run("decide", "houses", "--capacity", "2000/1000", *words), 2, "2000")
    assert_refused(run("decide", "houses", "--max-width", "wide", *words), 2, "above 0, got 'wide'")


def test_classes_have_no_width(trained: Shop) -> None:
    words = ("--workspace", trained.workspace)
    assert_refused(run("predict", "shop", trained.table, "--review-width", "5", *words), 2, "no low and high")
    assert_refused(run("decide", "shop", "--max-width", "5", *words), 2, "--max-width is for numbers")


@pytest.mark.parametrize(
    ("flag", "value", "named"),
    [
        ("--interval", "2", "0.5 to 0.99"),
        ("--interval", "wide", "0.5 to 0.99"),
        ("--review-width", "-3", "above 0"),
        ("--review-width", "x%", "above 0"),
    ],
)
def test_levels_and_widths_that_cannot_be_are_refused(tmp_path: Path, flag: str, value: str, named: str) -> None:
    said = run("train", tmp_path / "none.csv", "--target", "y", f"{flag}={value}", "--workspace", tmp_path / "w")
    assert_refused(said, 2, flag.removeprefix("--").replace("-", "_"), named)
    assert not (tmp_path / "w").exists()
