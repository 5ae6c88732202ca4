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
    "text", ["{model_type: neural_network, loss: focal}", "{model_type: linear, loss: huber}", "{}"]
)
def test_what_fits_or_reaches_no_network_is_let_through(text: str) -> None:
    check_networks(load_settings(text=text), CLASSES)


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
