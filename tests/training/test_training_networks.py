"""Networks in the plan: sized to the time, asked for by their keys, and tried with one setting changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trainwright.config.effects import effects
from trainwright.config.known import networks_here
from trainwright.config.neural import network_asked, network_reasons
from trainwright.config.resolve import resolve_family_settings
from trainwright.config.source import load_settings
from trainwright.evaluate.advice_settings import simpler as simpler_than
from trainwright.evaluate.advice_settings import single
from trainwright.training.change import Change
from trainwright.training.plan import NET_EPOCHS, make_plan
from trainwright.training.same_plan import same_plan
from trainwright.training.steps import Facts, wall

FACTS = Facts("classes", 20_000, 16_000, 5, 10, 2, 0, 2, 1, 2, networks=True)
needs_torch = pytest.mark.skipif(not networks_here(), reason='pip install "trainwright[neural]" brings torch')


def _net(seconds: float, **more: Any) -> Any:
    plan = make_plan(replace(FACTS, **more), seconds)
    return next((step for step in plan.steps if step.family == "tabular_net"), None)


def test_the_network_is_a_further_contender_with_as_many_epochs_as_the_time_buys() -> None:
    short, usual, ample = _net(55), _net(150), _net(100_000)
    assert short.optional and short.inner > 0
    assert NET_EPOCHS == short.settings["epochs"] < usual.settings["epochs"] < ample.settings["epochs"] == 64
    assert wall(ample, FACTS) == ample.seconds * 5  # one fit at a time, with all threads
    assert _net(150, networks=False) is None
    assert _net(100_000, n_rows=400, n_train=320) is None  # few rows: more models than they can tell apart
    assert _net(100_000, n_rows=900_000, n_train=720_000).max_rows == 100_000


@needs_torch
def test_keys_of_a_network_ask_for_one_beside_the_plan() -> None:
    settings = load_settings(text="{layers: [64, 32], epochs: 7, batch_size: 64}")
    assert network_asked(settings) == ("layers", "epochs", "batch_size")
    given = resolve_family_settings(settings)
    plan = make_plan(FACTS, 300, family_settings=given, also=("neural_network",))
    step = next(step for step in plan.steps if step.family == "neural_network")
    assert step.settings == {"layers": "64, 32", "epochs": 7, "batch_size": 64} and not step.optional
    assert {"catboost", "lightgbm"} <= {step.family for step in plan.steps}
    assert "neural_network joins the plan, because settings of it are given" in plan.reasons
    assert effects(settings) == []
    texts = replace(FACTS, n_numbers=0, n_categories=0, n_texts=1)
    for here in (True, False):  # whether or not models of texts can be trained, texts get no network over columns
        plan = make_plan(replace(texts, text_models=here), 300, family_settings=given, also=("neural_network",))
        assert "neural_network" not in {step.family for step in plan.steps}
    named = make_plan(texts, 300, chosen=("neural_network",), family_settings=given)
    assert "neural_network" in {step.family for step in named.steps}
    for text in (
        "preset: production",
        "device: cpu",
        "{epochs: 3, families: [linear]}",
        "{epochs: 3, model_type: svm}",
    ):
        assert network_asked(load_settings(text=text)) == ()


@needs_torch
def test_without_torch_the_keys_are_said_to_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainwright.config.neural.networks_here", lambda: False)
    (note,) = effects(load_settings(text="epochs: 20"))
    assert "concerns neural networks only; none is trained" in note


def test_every_setting_stands_in_the_plan_with_its_reason() -> None:
    settings = load_settings(text="{preset: limited-data, layers: [8], early_stopping: false}")
    (words,) = network_reasons(settings, {"epochs": 12})
    assert "layers 8 (line 1)" in words and "dropout 0.5 (preset limited-data)" in words
    assert "epochs 12 (preset limited-data)" in words and "early_stopping false (line 1)" in words
    assert "weight_decay 0.0 (l2_regularization is given" in words


def test_a_try_changes_one_setting_of_the_network_and_plans_nothing_anew() -> None:
    step = {"name": "neural_network", "family": "neural_network", "settings": {"layers": "64, 32", "dropout": 0.1}}
    other = {"name": "linear", "family": "linear", "settings": {}}
    plan = {"steps": [step, other], "completed": ["neural_network", "linear"], "threads": 1, "jobs": 2}

    def tried(key: str, new: Any) -> dict[str, Any]:
        found = same_plan(plan, [Change(f"training.{key}", None, new)], 1)
        assert found is not None and found["steps"][1]["settings"] == {}
        settings: dict[str, Any] = found["steps"][0]["settings"]
        return settings

    assert tried("dropout", 0.3) == {"layers": "64, 32", "dropout": 0.3}
    assert tried("dropout", None) == {"layers": "64, 32"}
    assert tried("layers", [32, 16]) == {"layers": "32, 16", "dropout": 0.1}
    assert tried("early_stopping", 3) == {"layers": "64, 32", "dropout": 0.1, "early_stopping": True, "patience": 3}
    assert tried("class_weight", "balanced") == step["settings"]


def test_advice_starts_from_what_was_fitted() -> None:
    row = {"name": "neural_network", "family": "neural_network", "settings": {"layers": "128, 64, 32", "dropout": 0.3}}
    result = {"selected": "neural_network", "leaderboard": [row], "settings": {"training": {}}}
    found = single(result)
    assert found is not None
    steps = {key: (old, new) for key, old, new in simpler_than(found, result)}
    assert steps["training.dropout"] == (0.3, 0.5)
    assert steps["training.layers"] == ([128, 64, 32], [64, 32])
    assert steps["training.patience"] == (5, 3) and steps["training.l2_regularization"] == (None, 0.001)
    net = {"name": "net", "family": "tabular_net", "settings": {}}
    other = {"selected": "net", "leaderboard": [net], "settings": {}}
    found = single(other)
    assert found is not None
    assert ("training.family_settings.tabular_net.dropout", 0.15, 0.3) in list(simpler_than(found, other))
