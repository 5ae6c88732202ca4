"""Reliability is near nothing where probabilities are right, is seen where they are not, and is told in plain words."""

from __future__ import annotations

import json

import numpy as np
import pytest
from report_documents import many_classes, two_classes

from trainwright.data.schema import Target
from trainwright.evaluate.brier_parts import parts
from trainwright.evaluate.reliability import compare, told
from trainwright.evaluate.report import render_report
from trainwright.tasks import task_for

TWO = Target("ok", "classes", ("no", "yes"), positive="yes")
THREE = Target("kind", "classes", ("a", "b", "c"))


def right_and_bold(n: int = 4_000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, the right probabilities, and the same made far too bold."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, n)
    y = (rng.random(n) < p).astype(int)
    bold = p**3 / (p**3 + (1 - p) ** 3)
    return y, np.column_stack([1 - p, p]), np.column_stack([1 - bold, bold])


def test_bold_probabilities_are_seen_and_mending_them_is_beyond_chance() -> None:
    y, right, bold = right_and_bold()
    found = compare(TWO, y, bold, right)
    before, after = (found[side]["metrics"]["calibration_error"] for side in ("before", "after"))
    assert before["low"] > 0.08 and after["value"] < 0.02
    change = found["difference"]["calibration_error"]
    assert change["high"] < 0 and change["value"] == pytest.approx(after["value"] - before["value"])
    assert found["difference"]["log_loss"]["high"] < 0
    assert all("bootstrap" in figure["method"] for figure in found["before"]["metrics"].values())
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_the_interval_of_a_change_is_paired() -> None:
    y, right, _ = right_and_bold()
    nearly = right + np.array([-0.001, 0.001])
    change = compare(TWO, y, right, nearly)["difference"]["log_loss"]
    alone = compare(TWO, y, right, nearly)["before"]["metrics"]["log_loss"]
    assert change["high"] - change["low"] < 0.1 * (alone["high"] - alone["low"])


def test_without_calibration_there_is_one_side() -> None:
    y, right, _ = right_and_bold(500)
    found = compare(TWO, y, right, None)
    assert found["after"] is None and found["difference"] is None and found["said"] in found["before"]["curve"]


def test_the_sentence_is_about_a_bin_near_80_percent() -> None:
    y, right, bold = right_and_bold()
    found = compare(TWO, y, bold, right)
    assert 0.7 < found["said"]["mean_probability"] < 0.9
    assert found["said"]["low"] < found["said"]["mean_probability"] < found["said"]["high"]
    assert found["sentence"].startswith("When it says ") and '% for "ok = yes", ' in found["sentence"]
    assert " of 100 turn out so (400 rows;" in found["sentence"]
    rare = right[:, 1] * 0.05
    y = (np.random.default_rng(1).random(len(rare)) < rare).astype(int)
    said = compare(TWO, y, np.column_stack([1 - rare, rare]), None)["sentence"]
    assert said.startswith("When it says 4.")  # the highest that it ever says


def test_more_than_two_classes_are_judged_by_the_class_answered() -> None:
    rng = np.random.default_rng(2)
    p = rng.dirichlet(np.ones(3), 3_000)
    y = (p.cumsum(1) < rng.random((3_000, 1))).sum(1).clip(0, 2)
    found = compare(THREE, y, p, None)
    assert found["about"] is None and found["before"]["metrics"]["calibration_error"]["value"] < 0.03
    assert "% sure of its answer" in found["sentence"]


@pytest.mark.parametrize(("target", "classes"), [(TWO, (1,)), (THREE, (0, 1, 2))])
def test_the_parts_of_the_brier_score_add_up_to_it(target: Target, classes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(4)
    k = len(target.classes)
    p = rng.dirichlet(np.full(k, 0.7), 20_000)
    y = (p.cumsum(1) < rng.random((20_000, 1))).sum(1).clip(0, k - 1)
    wrong = p**2 / (p**2).sum(1, keepdims=True)
    found = {name: part(y, wrong) for name, part in parts(classes).items()}
    brier = task_for(target).metrics["brier"](y, wrong)
    assert found["reliability"] - found["resolution"] + found["uncertainty"] == pytest.approx(brier, abs=0.004)
    assert found["reliability"] > 0.003 > parts(classes)["reliability"](y, p)
    assert found["uncertainty"] == pytest.approx(
        sum(float((y == c).mean() * (1 - (y == c).mean())) for c in classes), abs=1e-3
    )


def test_chance_alone_is_not_taken_for_error() -> None:
    """On few rows the plain difference in bins is far from nothing though the probabilities are right."""
    found = [
        compare(TWO, y, right, None)["before"]["metrics"]
        for y, right, _ in (right_and_bold(200, seed) for seed in range(30))
    ]
    assert np.mean([m["brier_reliability"]["value"] for m in found]) < 0.004
    assert np.mean([m["calibration_error"]["value"] for m in found]) < 0.05


def test_weights_and_groups_count() -> None:
    y, right, bold = right_and_bold(2_000)
    heavy = np.where(np.arange(2_000) < 1_000, 3.0, 0.0)
    weighted = compare(TWO, y, bold, None, weight=heavy)["before"]["metrics"]["brier"]["value"]
    alone = compare(TWO, y[:1_000], bold[:1_000], None)["before"]["metrics"]["brier"]["value"]
    assert weighted == pytest.approx(alone)
    group = np.arange(2_000) // 100
    said = compare(TWO, y, right, None, group=group)["before"]["metrics"]["brier"]["method"]
    assert "of 20 groups" in said


def test_too_few_rows_say_so_instead_of_an_interval() -> None:
    y, right, bold = right_and_bold(8)
    found = compare(TWO, y, bold, right)
    assert found["before"]["metrics"]["brier"]["low"] is None
    assert "carry no interval" in found["difference"]["brier"]["reason"]


def test_the_line_on_the_terminal() -> None:
    y, right, bold = right_and_bold()
    found = {**compare(TWO, y, bold, right), "chosen": "temperature", "asked": "auto", "reason": "x"}
    assert "Calibrated by one temperature; calibration error before: 0." in told(found)
    plain = {**compare(TWO, y, right, None), "chosen": "identity"}
    assert told(plain).endswith("shown as the models give them.")
    assert told(None) == told({"skipped": "x"}) == ""


@pytest.mark.parametrize("kind", ["temperature", "sigmoid", "isotonic", "identity"])
def test_the_report_shows_both_curves_and_what_was_done(kind: str) -> None:
    y, right, bold = right_and_bold(1_000)
    after = None if kind == "identity" else right
    result, evaluations = two_classes()
    result["reliability"] = {
        **compare(TWO, y, bold, after),
        "chosen": kind,
        "asked": "auto",
        "reason": "it does better",
    }
    page = render_report(result, evaluations)
    assert 'id="reliability"' in page and "Why: it does better." in page
    assert page.count('data-figure="before_and_after"') == 1
    assert 'data-figure="reliability"' not in page  # the same curve once
    assert ("isotonic regression" in page) == (kind == "isotonic")
    assert (">After<" in page) == (kind != "identity")


def test_an_older_result_keeps_its_curve_and_a_failed_measurement_is_named() -> None:
    page = render_report(*two_classes())
    assert 'id="reliability"' not in page and 'data-figure="reliability"' in page
    result, evaluations = many_classes()
    result["reliability"] = {"skipped": "it failed: ValueError: no"}
    assert "Not measured: it failed: ValueError: no." in render_report(result, evaluations)
