"""What the settings leave open is settled the same way everywhere, with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwright.config.effects import effects
from trainwright.config.neural import resolve_neural
from trainwright.config.presets import PRESETS
from trainwright.config.resolve import (
    hidden_columns,
    resolve_families,
    resolve_family_settings,
    resolve_metric,
    resolve_split,
    resolve_time_limit,
)
from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("seed: 1", (0.7, 0.15, 0.15)),
        ("validation_split: 0.2", (0.65, 0.2, 0.15)),
        ("validation_split: 0.2\ntest_size: 0.2", (0.6, 0.2, 0.2)),
        ("validation_split: 0.1\ntest_size: 0.1", (0.8, 0.1, 0.1)),
        ("test_size: 0", (0.85, 0.15, 0)),
        ("test_file: test.csv", (0.85, 0.15, 0)),
        ("train_size: 0.8", (0.8, 0.1, 0.1)),
        ("train_size: 0.7\ntest_size: 0.2", (0.7, 0.1, 0.2)),
        ("train_size: 0.7\nvalidation_split: 0.2", (0.7, 0.2, 0.1)),
        ("train_size: 0.6\nvalidation_split: 0.2\ntest_size: 0.2", (0.6, 0.2, 0.2)),
    ],
)
def test_shares_are_of_all_rows(text: str, shares: tuple[float, ...]) -> None:
    choice = resolve_split(load_settings(text=text))
    assert choice.shares == pytest.approx(shares)
    assert (choice.rule["validation_size"], choice.rule["test_size"]) == choice.shares[1:]
    words = "/".join(f"{100 * share:.3g}" for share in shares)
    assert words in choice.reason


@given(st.floats(0, 0.99), st.floats(0, 0.99))
def test_shares_never_leave_out_a_row(validation: float, test: float) -> None:
    overrides = {"validation_split": validation, "test_size": test}
    if validation + test >= 1:
        return
    shares = resolve_split(load_settings(overrides=overrides)).shares
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert min(shares) >= 0


def test_the_rule_fits_the_split() -> None:
    from trainwright.data.split import SplitRule

    text = "group: patient\ntime: day\ntest_from: 2026-01-01\ngap: 2d\n"
    text += "stratify: [site, income]\ntarget: income\nseed: 5"
    rule = SplitRule(**resolve_split(load_settings(text=text)).rule)
    assert (rule.group, rule.time, rule.gap, rule.strata) == ("patient", "day", 172800, ("site",))
    assert (rule.seed, rule.stratify, rule.holdout) == (5, True, False)
    assert SplitRule(**resolve_split(Settings()).rule) == SplitRule()


def test_a_fixed_validation_part_only_where_it_was_asked_for() -> None:
    def holdout(text: str) -> bool:
        return bool(resolve_split(load_settings(text=text)).rule["holdout"])

    assert not holdout("test_size: 0.2")
    assert holdout("validation_split: 0.2")
    assert holdout("time: t\nvalidation_from: 2026-01-01")
    assert not holdout("validation_split: 0.2\nfolds: 5")


def test_the_split_has_the_seed_of_the_run_unless_it_has_its_own() -> None:
    assert resolve_split(load_settings(text="seed: 3")).rule["seed"] == 3
    assert resolve_split(load_settings(text="seed: 3\nrandom_state: 42")).rule["seed"] == 42


def test_shares_that_were_given_do_not_shrink_for_large_tables() -> None:
    assert "most_rows" not in resolve_split(Settings()).rule
    assert resolve_split(load_settings(text="test_size: 0.3")).rule["most_rows"] is None


def test_families_and_metrics_have_one_name() -> None:
    settings = load_settings(text="families: [Random-Forest, forest, logistic_regression]\nmetric: AUC-ROC")
    assert resolve_families(settings) == ("forest", "linear")
    assert resolve_metric(settings) == "roc_auc"
    assert resolve_families(Settings()) is None and resolve_metric(Settings()) is None
    assert resolve_families(load_settings(text="model_type: auto")) is None
    assert resolve_families(load_settings(text="model_type: gradient_boosting")) == ("lightgbm",)
    assert resolve_metric(load_settings(text="metric: precision_at_recall_95")) == "precision_at_recall_95"
    text = "family_settings: {ridge: {}, gradient_boosting: {num_leaves: 7}}"
    assert resolve_family_settings(load_settings(text=text)) == {"linear": {}, "lightgbm": {"num_leaves": 7}}


def test_a_network_among_families_needs_the_extra_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_families(load_settings(text="families: [linear, neural_network]")) == ("linear", "neural_network")
    monkeypatch.setattr("trainwright.config.resolve.networks_here", lambda: False)
    with pytest.raises(EnvironmentProblem, match=r"line 1 asks for a neural network.*trainwright\[neural\]"):
        resolve_families(load_settings(text="families: [linear, neural_network]"))


def test_the_time_limit_says_where_it_is_from() -> None:
    assert resolve_time_limit(Settings()).value == 120
    assert "two minutes" in resolve_time_limit(Settings()).reason
    assert resolve_time_limit(load_settings(overrides={"time_limit": "90s"})).reason == "--time-limit"


def test_columns_not_known_when_predicting_are_hidden() -> None:
    text = "ignore: [a, b]\nunavailable_at_prediction: [b, c]"
    assert hidden_columns(load_settings(text=text)) == ("a", "b", "c")


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_plan(name: str) -> None:
    settings = load_settings(text=f"preset: {name}")
    families = resolve_families(settings)
    # Balanced and production are the default plan, with more folds and time.
    assert families is None if name in ("balanced", "production") else families is not None and "linear" in families
    assert resolve_time_limit(settings).reason == f"preset {name}"
    assert effects(settings, families or ()) == []


def test_a_network_from_scratch_and_fine_tuned() -> None:
    scratch, tuned = resolve_neural(Settings()), resolve_neural(Settings(), fine_tuning=True)
    assert (scratch["epochs"].value, tuned["epochs"].value) == (50, 10)
    assert (scratch["learning_rate"].value, tuned["learning_rate"].value) == (0.001, 5e-5)
    assert scratch["optimizer"].value == "adamw" and scratch["weight_decay"].value == 0.01
    assert tuned["warmup_ratio"].value == 0.1 and "warmup_ratio" not in scratch
    assert scratch["patience"].value == 5 and scratch["dropout"].value == 0.1
    given = resolve_neural(load_settings(text="optimizer: adam\nearly_stopping: 3\nepochs: auto\nbatch_size: 32"))
    assert given["optimizer"].value == "adam" and given["weight_decay"].value == 0
    assert (given["early_stopping"].value, given["patience"].value) == (True, 3)
    assert (given["epochs"].value, given["batch_size"].value) == (50, 32)
    assert given["batch_size"].reason == "line 4"
    coupled = resolve_neural(load_settings(text="l2_regularization: 0.001"))
    assert (coupled["l2_regularization"].value, coupled["weight_decay"].value) == (0.001, 0)


@pytest.mark.parametrize(
    ("text", "families", "words"),
    [
        ("epochs: 3", ["linear"], "epochs (line 1) concerns neural networks only"),
        ("base_model: minilm", ["neural_network"], "base_model (line 1): neural_network has no such setting"),
        ("{epochs: 3, layers: [8]}", ["tabular_net"], "layers (line 1): tabular_net has no such setting"),
        ("folds: 5\nvalidation_split: 0.2", [], "validation_split (line 2) changes nothing: folds are given"),
        ("time: t\nshuffle: true", [], "shuffle (line 2) changes nothing: rows are split by time"),
        (
            "split_column: part\ntest_size: 0.1",
            [],
            "test_size (line 2) changes nothing: the column 'part' says",
        ),
        ("family_settings: {svm: {}}", ["linear"], "family_settings of svm (line 1)"),
        ("model_type: neural_network\nstep_size: 3", [], "step_size (line 2) changes nothing"),
        ("model_type: neural_network\nearly_stopping: false\npatience: 3", [], "early_stopping is false"),
    ],
)
def test_a_key_without_effect_is_said(text: str, families: list[str], words: str) -> None:
    notes = effects(load_settings(text=text), families)
    assert len(notes) == 1 and words in notes[0]


def test_keys_reach_the_table_net_where_it_is_named() -> None:
    keys = "epochs: 3\nlearning_rate: 0.01\nlayers: [8]\npreset: balanced\n"
    named = resolve_family_settings(load_settings(text=keys + "model_type: realmlp"))
    assert named["tabular_net"] == {"epochs": 3, "learning_rate": 0.01}
    listed = resolve_family_settings(load_settings(text=keys + "families: [linear, tabular_net]"))
    assert listed["tabular_net"] == named["tabular_net"]
    assert "tabular_net" not in resolve_family_settings(load_settings(text=keys))


def test_keys_with_effect_are_not_said() -> None:
    text = "seed: 1\nmetric: f1\nthreads: 2\nfolds: 4\nfamily_settings: {svm: {}}\ntarget: y\ntest_size: 0.2"
    assert effects(load_settings(text=text), ["svm"]) == []
