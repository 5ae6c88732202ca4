"""A network that cannot be trained as asked is refused before any work, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trainwright.config.known import networks_here
from trainwright.config.source import load_settings
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.training.network_request import check_networks
from trainwright.training.prepare import look_first

pytestmark = pytest.mark.skipif(not networks_here(), reason='pip install "trainwright[neural]" brings torch')
CLASSES, NUMBER = Target("y", "classes", ("no", "yes"), positive="yes"), Target("y", "number")


@pytest.mark.parametrize(
    ("text", "target", "said"),
    [
        ("{model_type: neural_network, loss: focal}", NUMBER, "mse or mae or huber"),
        ("{model_type: neural_network, loss: huber}", CLASSES, "cross_entropy or focal"),
        ("{epochs: 3, loss: mae}", CLASSES, r"training.loss \(line 1\)"),
        (
            "{model_type: neural_network, family_settings: {neural_network: {loss: mse}}}",
            CLASSES,
            "loss of neural_network",
        ),
        ("{model_type: neural_network, best_by: f1}", NUMBER, "use loss, rmse, or leave it out"),
        ("{epochs: 3, best_by: rmse}", CLASSES, r"training.best_by \(line 1\).* accuracy or f1 or log_loss"),
    ],
)
def test_a_loss_or_figure_for_another_kind_of_target_is_refused(text: str, target: Target, said: str) -> None:
    with pytest.raises(UserError, match="is not for the target 'y'") as caught:
        check_networks(load_settings(text=text), target)
    assert caught.match(said)


@pytest.mark.parametrize(
    "text",
    [
        "{model_type: neural_network, loss: focal}",
        "{model_type: linear, loss: huber}",
        "{}",
        "{model_type: text_transformer, scheduler: one_cycle, optimizer: nesterov, batch_size: 5000, warmup_steps: 9}",
        "{model_type: text_transformer, scheduler: plateau, l2_regularization: 0.1, learning_rate: auto}",
        "{model_type: linear, epochs: 200000}",
    ],
)
def test_what_fits_or_reaches_no_network_is_let_through(text: str) -> None:
    check_networks(load_settings(text=text), CLASSES)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{model_type: text_transformer, epochs: 200000}", r"training.epochs \(line 1\): .* from 1 to 100000"),
        ("{model_type: tabular_net, dropout: 0.97}", r"training.dropout \(line 1\): .*'tabular_net' must be a number"),
        ("{model_type: neural_network, momentum: 0.99999}", r"training.momentum \(line 1\): .*got 0.99999"),
        ("{epochs: 200000}", r"training.epochs \(line 1\): setting 'epochs' of family 'neural_network'"),
        (
            "{model_type: text_transformer, l2_regularization: 0.1, "
            "family_settings: {text_transformer: {weight_decay: 0.1}}}",
            "two ways to say how weights shrink; give one of them",
        ),
        (
            "{model_type: neural_network, epochs: 5, family_settings: {neural_network: {keep_epoch: 6}}}",
            "keep_epoch of neural_network must be one of its 5 epochs, got 6",
        ),
    ],
)
def test_a_value_that_a_family_does_not_take_is_refused_under_its_key(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        check_networks(load_settings(text=text), CLASSES)


def test_networks_over_texts_are_asked_for_only_where_the_table_is_about_texts() -> None:
    wanted = load_settings(text="{best_by: rmse, model_type: auto}")
    with pytest.raises(UserError, match="is not for the target 'y'"):
        check_networks(wanted, CLASSES, texts=True)
    rate = load_settings(text="{preset: quick, family_settings: {text_transformer: {frozen_epochs: 3}}}")
    check_networks(rate, CLASSES, texts=True)
    kept = load_settings(text="{family_settings: {text_transformer: {keep_epoch: 11}}}")
    check_networks(kept, CLASSES)
    with pytest.raises(UserError, match="keep_epoch of text_transformer must be one of its 10 epochs"):
        check_networks(kept, CLASSES, texts=True)


@pytest.mark.parametrize("family", ["neural_network", "tabular_net", "text_transformer"])
def test_a_gpu_that_is_not_there_is_one_message(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentProblem, match="no GPU can be used here"):
        check_networks(load_settings(text=f"{{model_type: {family}, device: gpu}}"), CLASSES)


def test_it_is_said_before_the_table_is_split(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    pl.DataFrame({"a": [i % 7 for i in range(60)], "y": [float(i) ** 1.5 for i in range(60)]}).write_csv(path)
    settings = load_settings(text="{target: y, model_type: neural_network, loss: focal}")
    with pytest.raises(UserError, match="focal is not for the target 'y', which is a number"):
        look_first(path, settings)


def test_a_value_beyond_the_range_ends_it_before_the_table_of_texts_is_split() -> None:
    frame = pl.DataFrame(
        {"note": [f"the pump {i} is fine on line {i % 7}" for i in range(60)], "y": ["no", "yes"] * 30}
    )
    given = "{target: y, kinds: {note: text}, base_model: none, precision: fp16"
    look_first(frame, load_settings(text=given + "}"))
    with pytest.raises(UserError, match=r"training.epochs \(line 1\): .*text_transformer"):
        look_first(frame, load_settings(text=given + ", model_type: text_transformer, epochs: 200000}"))
