"""What the settings deserve to hear before a training."""

import polars as pl

from trainwright.config.source import load_settings
from trainwright.data.schema import Target
from trainwright.training.table import remarks

TARGET = Target("y", "classes", ("no", "yes"), positive="yes")
RARE = pl.Series("y", ["no"] * 95 + ["yes"] * 5)


def codes(text: str, labels: pl.Series = RARE) -> dict[str, str]:
    return {note.code: note.message for note in remarks(load_settings(text=text), TARGET, labels)}


def test_accuracy_of_rare_classes_is_warned_of():
    assert "95% of the rows" in codes("metric: accuracy")["accuracy_of_rare_classes"]
    assert "accuracy_of_rare_classes" not in codes("metric: roc_auc")
    even = pl.Series("y", ["no", "yes"] * 50)
    assert "accuracy_of_rare_classes" not in codes("metric: accuracy", even)


def test_a_metric_is_proposed_from_the_costs_of_errors():
    costly = "problem: {costs: {false_positive: 1, false_negative: 20}}"
    assert "average_precision" in codes(costly)["metric_for_costs"]
    assert "costs 20 times" in codes(costly)["metric_for_costs"]
    assert "metric_for_costs" not in codes(f"{costly}\ntraining: {{metric: f1}}")
    assert "metric_for_costs" not in codes("epochs: 3")


def test_keys_without_effect_are_named():
    assert "epochs" in codes("training: {families: [lightgbm], epochs: 3}")["without_effect"]
    assert "without_effect" not in codes("seed: 3")
