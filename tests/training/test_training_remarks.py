"""What the settings deserve to hear before a training."""

import polars as pl

from trainwright.config.source import load_settings
from trainwright.data.schema import Column, Kind, Schema, Target
from trainwright.training.remarks import remarks

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


def test_a_setting_of_a_family_that_this_target_does_not_read_is_named():
    found = codes("family_settings: {linear: {alpha: 0.1}}")["without_effect"]
    assert "linear.alpha (line 1) changes nothing: it is for targets that are numbers" in found
    assert "penalty, C, l1_ratio" in found
    assert "without_effect" not in codes("family_settings: {linear: {C: 0.1}}")
    alone = codes("family_settings: {linear: {l1_ratio: 0.1}}")["without_effect"]
    assert "only where penalty is elasticnet" in alone
    assert "without_effect" not in codes("family_settings: {linear: {l1_ratio: 0.1, penalty: elasticnet}}")


def test_a_setting_is_read_beside_a_key_of_the_block_as_well():
    width = "family_settings: {text_transformer: {width: 64}}"
    assert "only where base_model is none" in codes(f"{{model_type: text_transformer, {width}}}")["without_effect"]
    assert "without_effect" not in codes(f"{{model_type: text_transformer, base_model: none, {width}}}")


def test_keys_of_a_network_over_columns_change_nothing_where_texts_are_the_table():
    def said(*kinds: Kind) -> list[str]:
        schema = Schema(tuple(Column(f"c{i}", kind) for i, kind in enumerate(kinds)))
        notes = remarks(load_settings(text="layers: [64, 32]"), TARGET, RARE, schema)
        return [note.message for note in notes if note.code == "without_effect"]

    assert "layers (line 1)" in said(Kind.TEXT)[0]
    assert said(Kind.TEXT, *[Kind.NUMBER] * 9) == [] == said(Kind.NUMBER)
