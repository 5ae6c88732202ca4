"""Whole trainings with networks: within the default plan, with other seeds, asked for in vain, and learning on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.config.known import networks_here
from trainwright.config.source import load_settings
from trainwright.evaluate.asked_words import passed_over
from trainwright.packages.predictor import Predictor
from trainwright.training import portfolio

pytestmark = [
    pytest.mark.skipif(not networks_here(), reason='pip install "trainwright[neural]" brings torch'),
    pytest.mark.usefixtures("sealed_here"),
]
NET: dict[str, Any] = {"layers": "16", "epochs": 12, "batch_size": 32, "learning_rate": 0.02, "dropout": 0.0}


def bent(n: int, seed: int, *, third: bool = False) -> pl.DataFrame:
    """Rows of two classes that no line parts; with a third one far from both."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=n), rng.normal(size=n)
    y = np.where(a * b > 0, "yes", "no")
    if third:
        far = rng.random(n) < 0.3
        a, y = np.where(far, a + 9.0, a), np.where(far, "other", y)
    return pl.DataFrame({"a": a, "b": b, "y": y})


def of_network(**more: Any) -> Any:
    """Settings of a run of one network beside baselines that cannot win where classes are bent."""
    own = {"forest": {"n_estimators": 1, "max_depth": 1}, "neural_network": NET | more.pop("net", {})}
    given = {"training__families": ("neural_network",), "training__family_settings": own, "training__ensemble": False}
    return settings(**given | more)


def test_a_table_net_is_trained_within_the_default_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portfolio, "MOST_CONTENDERS", ((0, 9),))  # as on 2,500 rows
    few = {"catboost": {"iterations": 3}, "lightgbm": {"n_estimators": 3}, "extra_trees": {"n_estimators": 3}}
    own = few | {"forest": {"n_estimators": 3}, "tabular_net": {"epochs": 2}}
    wanted = settings(training__families=None, training__family_settings=own, data__folds=2)
    workspace = new_workspace(tmp_path)
    document = run_here(workspace, table(240).select(FEATURES), wanted)[1]
    (trial,) = [row for row in document["plan"]["trials"] if row["family"] == "tabular_net"]
    assert trial["state"] == "finished" and trial["folds"] == 2 and trial["settings"]["epochs"] == 2
    assert "tabular_net" in [row["name"] for row in document["leaderboard"]]
    (told,) = document["networks"]
    assert told["name"] == "tabular_net" and not told["asked"] and told["stopped_because"] == "all 2 epochs are done"
    chose = rows_of(workspace, "select message from event where kind = 'choice'")
    assert any(message.startswith("learning_rate: 0.04 (default of realmlp") for (message,) in chose)


def test_what_a_network_owes_to_its_seed_is_measured(tmp_path: Path) -> None:
    document = run_here(new_workspace(tmp_path), bent(300, 0), of_network(training__seeds=2))[1]
    assert document["selected"] == "neural_network"
    found = document["seed_stability"]
    assert found["candidate"] == "neural_network" and len(found["seeds"]) == found["asked"] == 2
    assert found["std"] > 0  # two seeds begin with other weights and come to other figures


def test_a_network_that_was_asked_for_in_vain_is_told_with_what_to_change(tmp_path: Path) -> None:
    wanted = of_network(net={"learning_rate": 1e-7, "optimizer": "sgd", "dropout": 0.1})
    document = run_here(new_workspace(tmp_path), table(240).select(FEATURES), wanted)[1]
    assert document["selected"] == "linear"
    assert passed_over(document).startswith("neural_network was asked for; linear is chosen, because ")
    (network,) = document["networks"]
    assert [event["kind"] for event in network["events"]] == ["dead"] and network["events"][0]["folds"] == 3
    (raised, *_) = [row for row in document["diagnosis"]["remedies"] if row["about"] == "neural_network"]
    assert raised["key"] == "training.family_settings.neural_network.learning_rate"
    assert (raised["old"], raised["new"]) == (1e-7, 0.01)


def test_a_network_learns_on_and_its_head_grows_by_a_new_class(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    first = run_here(workspace, bent(400, 0), of_network())[1]
    assert first["selected"] == "neural_network"
    again = load_settings(
        None,
        overrides={"project": "demo", "training.incremental": True, "training.time_limit": 600},
        flags=False,
    )
    second = run_here(workspace, bent(300, 7, third=True), again)[1]
    found = second["incremental"]
    assert second["version"] == "v2" and found["classes_added"] == ["other"]
    assert second["target"]["classes"] == ["no", "yes", "other"]
    (member,) = found["members"]
    assert member["route"] == "continued" and member["learned_on"] == member["folds"] == 3
    assert found["new"]["verdict"] == "better"
    package = Predictor.open(Path(second["package"]["path"]), expected_sha=second["package"]["sha256"])
    sure = pl.DataFrame({"a": [9.0, 1.5, 1.5], "b": [0.0, 1.5, -1.5]})
    assert package.predict(sure)["prediction"].to_list() == ["other", "yes", "no"]
