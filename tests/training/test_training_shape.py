"""A package that is too heavy as fold models is refitted, with as many seeds as its limits allow, and repeats so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.jobs.launch import repeat
from trainwright.packages.predictor import Predictor
from trainwright.packages.write import Member
from trainwright.training import shape
from trainwright.training.shape import Weighed, shared

pytestmark = pytest.mark.usefixtures("sealed_here")


def crossed() -> pl.DataFrame:
    """Rows whose class is the sign of a product, which a forest can learn and a line cannot."""
    product = pl.col("a") * pl.col("b") > 0
    return table().select(FEATURES).with_columns(y=pl.when(product).then(pl.lit("yes")).otherwise(pl.lit("no")))


@pytest.fixture
def half_a_millisecond_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every member costs half a millisecond, whatever the machine does."""

    def weigh(folder: Path, rows: Any, repeats: int = 40) -> Weighed:
        return Weighed(1.0, 0.5 * len(list((folder / "members").iterdir())))

    monkeypatch.setattr(shape, "weigh", weigh)


@pytest.mark.usefixtures("half_a_millisecond_each")
def test_seeds_are_added_up_to_the_limit_and_a_repetition_has_the_same(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(training__families=("forest",), requirements__max_latency_ms=1.2, training__ensemble=False)
    prepared, result = run_here(workspace, crossed(), wanted)
    assert (result["selected"], result["package"]["shape"], result["package"]["copies"]) == ("forest", "refit", 2)
    manifest = json.loads((Path(result["package"]["path"]) / "manifest.json").read_text())
    assert [member["weight"] for member in manifest["members"]] == [0.5, 0.5]
    assert "with 2 seeds" in result["package"]["reason"]
    [(plan,)] = rows_of(workspace, "select plan from run")
    assert json.loads(plan)["copies"] == 2

    assert repeat(workspace, prepared.run.id)["package"]["sha256"] == result["package"]["sha256"]


@pytest.mark.usefixtures("half_a_millisecond_each")
def test_a_limit_with_room_for_one_refit_gets_one(tmp_path: Path) -> None:
    wanted = settings(training__families=("forest",), requirements__max_latency_ms=0.9, training__ensemble=False)
    _, result = run_here(new_workspace(tmp_path), crossed(), wanted)
    assert result["package"]["copies"] == 1
    assert "refitted once" in result["package"]["reason"]


@pytest.mark.usefixtures("half_a_millisecond_each")
def test_a_model_without_chance_is_not_fitted_twice(tmp_path: Path) -> None:
    wanted = settings(requirements__max_latency_ms=1.2, training__ensemble=False, requirements__explainable="high")
    _, result = run_here(new_workspace(tmp_path), table().select(FEATURES), wanted)
    assert (result["selected"], result["package"]["copies"]) == ("linear", 1)
    assert len(list((Path(result["package"]["path"]) / "members").iterdir())) == 1


@pytest.mark.usefixtures("half_a_millisecond_each")
def test_the_copies_differ_and_their_mean_predicts(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(training__families=("forest",), requirements__max_latency_ms=1.2, training__ensemble=False)
    rows = crossed()
    _, result = run_here(workspace, rows, wanted)
    predictor = Predictor.open(Path(result["package"]["path"]))
    columns = predictor.layout.encode(predictor.conform(rows).frame)
    one, other = (estimator.predict(columns) for _, estimator in predictor._model.members)
    assert not np.array_equal(one, other)
    predictor._model.calibrate = None
    assert np.allclose(predictor.predict_raw(rows), (one + other) / 2)


def test_copies_share_their_candidates_weight_in_the_order_of_the_plan() -> None:
    members = [Member(name, "forest", None, weight, object()) for name, weight in (("a", 0.6), ("b", 0.4), ("a", 0.6))]
    found = [(member.name, member.weight) for member in shared(members)]
    assert found == [("a", 0.3), ("a", 0.3), ("b", 0.4)]
