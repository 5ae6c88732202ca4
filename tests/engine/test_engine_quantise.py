"""Weights in eight bits: how far a number may move, what the file weighs, and what was measured."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from engine_data import Classifier, accuracy, network, rows
from safetensors.torch import load_file, save_file
from torch import nn

from trainwright.engine import quantise
from trainwright.engine.loop import fit
from trainwright.engine.randomness import alone
from trainwright.engine.settings import EngineSettings
from trainwright.errors import UserError


def wide(seed: int = 1) -> nn.Sequential:
    with alone(seed):
        return nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))


def test_no_number_moves_by_more_than_half_a_level() -> None:
    matrix = torch.randn(64, 80, generator=torch.Generator().manual_seed(0)) * torch.logspace(-4, 3, 64)[:, None]
    matrix[5] = 0
    kept = quantise.quantised({"w": matrix})
    back = quantise.dequantised(kept)["w"]
    assert bool(((back - matrix).abs() <= kept["w.scale"] * 0.5001).all())
    assert bool((back[5] == 0).all())
    assert kept["w"].dtype == torch.int8
    assert kept["w"].abs().amax(1)[torch.arange(64) != 5].tolist() == [127] * 63


def test_what_is_small_or_no_matrix_stays(tmp_path: Path) -> None:
    module = wide()
    quantise.write(module, tmp_path / "w.safetensors")
    kept = load_file(tmp_path / "w.safetensors")
    assert {name for name, tensor in kept.items() if tensor.dtype == torch.int8} == {"2.weight"}
    for name, tensor in module.state_dict().items():
        if name != "2.weight":
            assert torch.equal(kept[name], tensor)


def test_a_network_is_written_and_read_again(tmp_path: Path) -> None:
    module, other = wide(), wide(2)
    path = tmp_path / "w.safetensors"
    size = quantise.write(module, path)
    assert size == path.stat().st_size
    quantise.read(other, path)
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(module(x), other(x), atol=0.01)
    quantise.write(other, path)  # what eight bits say, they say again
    third = wide(3)
    quantise.read(third, path)
    assert torch.allclose(third(x), other(x), atol=1e-6)


def test_another_file_or_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    quantise.write(wide(), path)
    with pytest.raises(UserError, match="does not hold the weights of this network"):
        quantise.read(network(), path)
    save_file(wide().state_dict(), path)
    with pytest.raises(UserError, match="holds no weights in eight bits"):
        quantise.read(wide(), path)
    path.write_bytes(b"cut short")
    with pytest.raises(UserError, match="does not hold the weights of this network"):
        quantise.read(wide(), path)


def test_accuracy_size_and_speed_are_measured_and_the_network_stays_as_it_is() -> None:
    learner, held = Classifier(wide()), rows(200, seed=1)
    fit(learner, rows(300), EngineSettings(epochs=10, batch_size=16, learning_rate=0.01))
    before = {name: tensor.clone() for name, tensor in learner.module.state_dict().items()}
    batches = [{name: column[at : at + 50] for name, column in held.columns.items()} for at in range(0, 200, 50)]
    cost = quantise.measure(learner.module, lambda module, batch: module(batch["x"]), batches, accuracy(held))
    assert cost.metrics_before["accuracy"] > 0.9
    assert cost.metrics_after["accuracy"] == pytest.approx(cost.metrics_before["accuracy"], abs=0.02)
    assert 0 < cost.difference < 0.5
    assert 0.25 < cost.bytes_after / cost.bytes_before < 0.4  # one matrix of 128 x 128 in a quarter of its size
    assert cost.seconds_before > 0 and cost.seconds_after > 0
    assert all(torch.equal(before[name], tensor) for name, tensor in learner.module.state_dict().items())
    if quantise.in_int8(learner.module) is not None:
        assert cost.metrics_dynamic is not None
        assert cost.metrics_dynamic["accuracy"] > 0.9
