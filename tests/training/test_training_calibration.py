"""A run calibrates as asked or as its rows allow, says what that did, and gives the same package when repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

import trainwright as tw
from trainwright.errors import UserError
from trainwright.evaluate.calibration import read_calibration
from trainwright.jobs import launch
from trainwright.packages.predictor import Predictor
from trainwright.store.runs import get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.training.calibrate import kinds


def weak(n: int = 1_600) -> pl.DataFrame:
    """Rows on which a small forest is far too sure of itself, of the rare class more than of the other."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=n), rng.normal(size=n)
    y = np.where(rng.random(n) < np.where(a * b > 0, 0.5, 0.1), "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "y": y})


FOREST = {
    "training__families": ("forest",),
    "training__family_settings": {"forest": {"n_estimators": 3, "min_samples_leaf": 1}},
    "data__test_size": 0.1,
}


def trained(folder: Path, frame: pl.DataFrame, **more: Any) -> tuple[Any, dict[str, Any]]:
    workspace = new_workspace(folder)
    return workspace, run_here(workspace, frame, settings(**more))[1]


@pytest.mark.usefixtures("sealed_here", "follow_here")
@pytest.mark.parametrize("asked", ["auto", "sigmoid", "isotonic", "none"])
def test_a_run_says_what_calibration_did_and_its_repetition_is_the_same_package(asked: str, tmp_path: Path) -> None:
    workspace, result = trained(tmp_path, weak(), training__calibration=asked, **FOREST)
    found, state = result["reliability"], result["calibration"]
    assert found["asked"] == asked and found["chosen"] == state["kind"]
    assert state["kind"] == {"auto": state["kind"], "none": "identity"}.get(asked, asked)
    assert found["sentence"].startswith("When it says") and found["reason"]
    if asked == "none":
        assert found["after"] is None and state == {"kind": "identity"}
    else:
        assert state["kind"] != "identity"
        assert found["difference"]["log_loss"]["high"] < 0  # three trees answer 0 and 1
        assert found["before"]["metrics"]["calibration_error"]["value"] > 0.1
        assert found["after"]["metrics"]["calibration_error"]["value"] < 0.08
    figure = (found["after"] or found["before"])["metrics"]["log_loss"]["value"]
    assert figure == pytest.approx(result["validation"]["log_loss"]["value"], abs=1e-9)
    predictor = Predictor.open(Path(result["package"]["path"]))
    assert predictor.manifest.calibration == state
    again = launch.repeat(workspace, result["run"])
    assert again["package"]["sha256"] == result["package"]["sha256"]
    page = Path(result["report"]).read_text("utf-8")
    assert 'id="reliability"' in page and "could not be drawn" not in page
    with read(workspace) as connection:
        assert (get_run(connection, result["run"]).plan or {})["calibration"] == state["kind"]


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_a_package_predicts_with_its_curve(tmp_path: Path) -> None:
    _, result = trained(tmp_path, weak(), training__calibration="isotonic", **FOREST)
    predictor = Predictor.open(Path(result["package"]["path"]))
    members = predictor._model.members  # type: ignore[attr-defined]
    columns = predictor.layout.encode(weak(50).select("a", "b"))
    mean = sum(weight * estimator.predict(columns) for weight, estimator in members)
    shown = read_calibration(result["calibration"], 2).apply(mean)
    assert np.allclose(predictor.predict_proba(weak(50)), shown, atol=1e-12)
    assert shown.min() > 0


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_runs_of_earlier_releases_are_repeated_as_they_were(tmp_path: Path) -> None:
    """Their plan names no kind: they chose between a temperature and nothing."""
    assert kinds({}) != kinds({"selected": "forest"}) == ("identity", "temperature")
    workspace, result = trained(tmp_path, weak(), training__calibration="auto", **FOREST)
    assert result["calibration"]["kind"] == "sigmoid"  # else this test would show nothing
    with write(workspace) as connection:
        run = get_run(connection, result["run"])
        plan = {key: value for key, value in (run.plan or {}).items() if key != "calibration"}
        save_document(connection, run.id, run.attempt, "plan", plan)
    again = launch.repeat(workspace, result["run"])
    assert again["calibration"]["kind"] == "temperature"
    assert again["package"]["sha256"] != result["package"]["sha256"]


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_more_classes_and_groups(tmp_path: Path) -> None:
    frame = table(360, classes=3).select(*FEATURES, "site")
    _, result = trained(tmp_path, frame, training__calibration="sigmoid", data__group="site")
    assert len(result["calibration"]["slopes"]) == 3
    assert "groups" in result["reliability"]["before"]["metrics"]["log_loss"]["method"]
    assert "sure of its answer" in result["reliability"]["sentence"]
    rare = result["rare_class"]
    assert "skipped" in rare or rare["larger"]["name"] != rare["smaller"]["name"]
    assert set(result["worth"]) == {"twice_the_time", "larger_model"}


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_numbers_have_none_and_asking_for_one_is_refused(tmp_path: Path) -> None:
    frame = table(classes=0).select(FEATURES)
    _, result = trained(tmp_path, frame)
    assert result["reliability"] is None and result["rare_class"] is None
    assert "skipped" in result["worth"]["larger_model"]
    with pytest.raises(UserError, match="calibration: sigmoid is for classes, but the target 'y' is a number"):
        trained(tmp_path / "other", frame, training__calibration="sigmoid")
    with pytest.raises(UserError, match="calibration"):
        settings(training__calibration="platt")


def test_the_estimator_takes_it_too() -> None:
    frame = weak(600)
    X, y = frame.select("a", "b"), frame["y"]
    model = tw.TabularClassifier(families="forest", calibration="none", folds=3).fit(X, y)
    shown = tw.TabularClassifier(families="forest", calibration="isotonic", folds=3).fit(X, y)
    before, after = (m.predict_proba(X)[:, 1] for m in (model, shown))
    assert np.abs(after - before).max() > 0.05
    assert (np.argsort(after, kind="stable") == np.argsort(before, kind="stable")).all()
    with pytest.raises(ValueError, match="calibration"):
        tw.TabularClassifier(calibration="platt").fit(X, y)
