"""What a training of a number says of low and high, from the file to the report, and what it does not promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.data.schema import Target
from trainwright.packages.predictor import Predictor
from trainwright.store.workspace import Workspace
from trainwright.training.held_out_errors import latest_windows
from trainwright.training.judge import evaluate_file
from trainwright.training.remarks import remarks

pytestmark = pytest.mark.usefixtures("sealed_here")


def trained(folder: Path, frame: pl.DataFrame, **more: Any) -> tuple[Workspace, dict[str, Any]]:
    workspace = new_workspace(folder)
    return workspace, run_here(workspace, frame, settings(**more))[1]


def opened(result: dict[str, Any]) -> Predictor:
    return Predictor.open(result["package"]["path"], expected_sha=result["package"]["sha256"])


def growing(n: int = 900, seed: int = 5) -> pl.DataFrame:
    """A number whose errors grow with its size, never below zero."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(1, 10, n)
    return pl.DataFrame({"a": a, "b": rng.normal(size=n), "y": np.maximum(0.0, 5 * a + a * rng.normal(size=n))})


def test_a_number_gets_low_and_high_that_hold_on_the_sealed_test(tmp_path: Path) -> None:
    workspace, result = trained(tmp_path, table(800, classes=0).select(FEATURES))
    found = result["interval"]
    assert found["level"] == 0.9 and found["method"] == "cv+" and found["kind"] == "constant"
    assert found["measured_on"] == "test" and found["test"]["n_rows"] == result["n_rows"]["test"]
    for part in ("test", "validation"):
        coverage = found[part]["coverage"]
        assert coverage["low"] < coverage["value"] < coverage["high"] and coverage["high"] > 0.9
        assert found[part]["coverage"]["value"] > 0.8
    # The noise is normal with a standard deviation of 0.5: 90 % of it spans 1.64.
    assert found["width"]["median"] == pytest.approx(1.64, rel=0.15)
    assert "at least 7" in found["claim"] and "as a rule about 90%" in found["claim"]
    fresh = table(2_000, seed=9, classes=0)
    frame = opened(result).predict(fresh.select(FEATURES))
    inside = (frame["low"] <= fresh["y"]) & (fresh["y"] <= frame["high"])
    assert 0.87 <= inside.mean() <= 0.94
    report = Path(result["report"]).read_text()
    assert "How far a single prediction may be off" in report and "true values lie between low and high" in report
    judged = evaluate_file(workspace, "demo", fresh.select(FEATURES))
    assert judged["interval"]["coverage"]["value"] == pytest.approx(inside.mean())


def test_widths_grow_where_errors_do_and_stop_at_zero(tmp_path: Path) -> None:
    _, result = trained(tmp_path, growing(), requirements__review_width="66%")
    found = result["interval"]
    assert found["kind"] == "prediction" and found["floor"] == 0.0 and found["review"] == "66%"
    assert found["widths"]["prediction"] < found["widths"]["constant"]
    bands = found["validation"]["by_prediction"]
    assert bands[-1]["width"] > 2 * bands[0]["width"]
    assert all(band["coverage"]["value"] > 0.8 for band in bands)
    frame = opened(result).predict(growing(300, seed=6).drop("y"))
    assert frame["low"].min() >= 0
    assert set(frame["decision"]) == {"accept", "review"}
    sent = frame["decision"] == "review"
    assert ((frame["width"] > 0.66 * frame["prediction"].abs()) == sent).all()


def test_groups_count_once_and_are_promised_for_new_groups(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(600, classes=0).drop("day", "importance", "lot"), data__group="site")
    found = result["interval"]
    assert found["method"] == "cv+" and "new groups, each group counted once" in found["claim"]
    assert found["validation"]["by_group"]["value"] > 0.8 and found["test"]["by_group"]["value"] > 0.6


def test_few_groups_are_not_promised_anything(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    group = rng.integers(0, 6, 300)
    a = rng.normal(size=300)
    frame = pl.DataFrame({"a": a, "shop": [f"shop {g}" for g in group], "y": a + 0.2 * group * rng.normal(size=300)})
    _, result = trained(tmp_path, frame, data__group="shop", data__folds=None)
    assert result["interval"]["method"] == "residuals"
    assert "groups are too few to promise" in result["interval"]["claim"]


def test_later_rows_are_not_promised_anything(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(600, classes=0).drop("site", "importance", "lot"), data__time="day")
    found = result["interval"]
    assert found["method"] == "residuals" and "nothing is promised for later rows" in found["claim"]
    assert found["n_errors"] < result["n_rows"]["train"]
    assert found["validation"]["n_rows"] < found["n_errors"] + 400 and found["test"]["coverage"]["value"] > 0.7


def test_the_latest_windows_are_used_and_more_where_they_hold_few_rows() -> None:
    fold, moments = np.repeat(np.arange(6), 60), np.repeat([5.0, 0.0, 1.0, 2.0, 3.0, 4.0], 60)
    assert set(fold[latest_windows(fold, moments)].tolist()) == {4, 5, 0}
    few = np.repeat(np.arange(6), 30)
    assert set(few[latest_windows(few, np.repeat(np.arange(6.0), 30))].tolist()) == {2, 3, 4, 5}


def test_a_refitted_package_promises_nothing_but_is_measured(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(500, classes=0).select(FEATURES), requirements__max_size_mb=0.0001)
    assert result["package"]["shape"] == "refit"
    found = result["interval"]
    assert found["method"] == "residuals" and "nothing is promised formally" in found["claim"]
    assert found["test"]["coverage"]["value"] > 0.75


def test_noise_in_the_sealed_labels_touches_no_quantile(tmp_path: Path) -> None:
    from test_training_honest_poison import trained as poisoned

    honest, noisy = (poisoned(tmp_path / str(noise), 0, noise)[0] for noise in (None, 1))
    assert honest["package"]["sha256"] == noisy["package"]["sha256"]
    assert honest["interval"]["validation"] == noisy["interval"]["validation"]
    assert noisy["interval"]["test"]["coverage"]["value"] < honest["interval"]["test"]["coverage"]["value"]


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_repetition_writes_the_same_package(tmp_path: Path, repeats: int) -> None:
    frame = table(300, classes=0).select(FEATURES)
    shas = {trained(tmp_path / str(i), frame, data__repeats=repeats)[1]["package"]["sha256"] for i in range(2)}
    assert len(shas) == 1


def test_repeated_folds_keep_the_errors_of_every_draw(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(240, classes=0).select(FEATURES), data__repeats=2)
    state = opened(result).interval
    assert state is not None and state.method == "cv+" and len(state.points) == 6
    n_rows = result["n_rows"]["train"] + result["n_rows"]["validation"]
    assert sum(map(len, state.points.values())) == pytest.approx(2 * n_rows, abs=3)


def test_switched_off_and_too_few_rows_are_said(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(200, classes=0).select(FEATURES), training__interval=False)
    assert "switched off" in result["interval"]["skipped"]
    assert opened(result).predict(table(5, classes=0).select(FEATURES)).columns == ["prediction"]
    _, classes = trained(tmp_path / "classes", table(200).select(FEATURES))
    assert classes["interval"] is None


def test_another_level_is_kept(tmp_path: Path) -> None:
    _, result = trained(tmp_path, table(500, classes=0).select(FEATURES), training__interval="60%")
    found = result["interval"]
    assert found["level"] == 0.6 and 0.5 < found["validation"]["coverage"]["value"] < 0.7


def test_bounds_that_fail_do_not_cost_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("planted")

    monkeypatch.setattr("trainwright.training.number_intervals.choose_kind", broken)
    _, result = trained(tmp_path, table(200, classes=0).select(FEATURES))
    assert result["version"] == "v1" and result["interval"] == {"skipped": "it failed: ValueError: planted"}


def test_a_level_for_classes_is_said_to_change_nothing() -> None:
    labels = pl.Series(["no", "yes"] * 20)
    target = Target("y", "classes", ("no", "yes"), positive="yes")
    notes = remarks(settings(training__interval=0.8), target, labels)
    assert sum("training.interval" in note.message for note in notes) == 1
    number = remarks(settings(training__interval=0.8), Target("y", "number"), pl.Series([1.0, 2.0]))
    assert not any("training.interval" in note.message for note in number)
