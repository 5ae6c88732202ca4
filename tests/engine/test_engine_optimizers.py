"""A step does what the optimiser's formula says, for each group of parameters; rates fall by layer, layers unfreeze."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from engine_data import Classifier, network, rows, same, weights
from torch import Tensor, nn

from trainwright.engine import optimizers
from trainwright.engine.learner import freeze, groups, tensors_of
from trainwright.engine.loop import fit
from trainwright.engine.optimizers import build, set_rate
from trainwright.engine.settings import EngineSettings
from trainwright.engine.step import clipped

RATE = 0.1


class OneWeight:
    """A learner whose loss is weight * x, so that its gradient is x; beside it a bias that nothing shrinks."""

    def __init__(self) -> None:
        self.module = nn.Linear(1, 1)
        with torch.no_grad():
            self.module.weight.fill_(2.0)
            self.module.bias.fill_(1.0)

    def loss(self, batch: Any) -> tuple[Tensor, float]:
        return (self.module.weight * batch["x"]).sum() + 0.0 * self.module.bias.sum(), float(len(batch["x"]))

    def predict(self, batch: Any) -> Tensor:
        raise NotImplementedError

    def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
        return groups(self.module)


def stepped(gradients: list[float], **settings: Any) -> tuple[float, float]:
    """Weight and bias after steps with these gradients."""
    learner = OneWeight()
    chosen = EngineSettings(**settings)
    optimizer = build(learner, chosen, RATE)
    for gradient in gradients:
        learner.module.weight.grad = torch.tensor([[gradient]])
        learner.module.bias.grad = torch.zeros(1)
        optimizer.step()
    return learner.module.weight.item(), learner.module.bias.item()


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "momentum", "nesterov"])
def test_fused_optimisers_agree_with_unfused_ones(optimizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EngineSettings(epochs=3, batch_size=8, optimizer=optimizer, learning_rate=0.01, weight_decay=0.1)

    def trained() -> dict[str, Tensor]:
        learner = Classifier(network())
        fit(learner, rows(60), settings)
        return weights(learner.module)

    assert build(Classifier(network()), settings, RATE).defaults["fused"] is True
    fused = trained()
    monkeypatch.setattr(optimizers, "FUSED_ON", ())
    assert build(Classifier(network()), settings, RATE).defaults["fused"] is False
    plain = trained()
    assert fused.keys() == plain.keys()
    for name, value in fused.items():
        torch.testing.assert_close(value, plain[name], rtol=1e-4, atol=1e-6)


def test_sgd_moves_by_rate_times_gradient() -> None:
    assert stepped([1.0, 3.0], optimizer="sgd") == (pytest.approx(2 - 0.1 - 0.3), 1.0)


def test_momentum_keeps_a_share_of_the_last_step() -> None:
    assert stepped([1.0, 1.0], optimizer="momentum")[0] == pytest.approx(2 - 0.1 - 0.1 * (0.9 + 1))
    assert stepped([1.0, 1.0], optimizer="momentum", momentum=0.5)[0] == pytest.approx(2 - 0.1 - 0.1 * (0.5 + 1))


def test_nesterov_looks_ahead() -> None:
    # Sutskever et al. 2013: the step is gradient + momentum * velocity after it took the gradient in.
    assert stepped([1.0], optimizer="nesterov")[0] == pytest.approx(2 - 0.1 * (1 + 0.9))


def test_adam_moves_by_the_rate_at_first_whatever_the_gradient() -> None:
    assert stepped([1e-3], optimizer="adam")[0] == pytest.approx(2 - 0.1, abs=1e-5)
    assert stepped([1e3], optimizer="adamw")[0] == pytest.approx(2 - 0.1, abs=1e-5)


def test_rmsprop_divides_by_the_size_of_recent_gradients() -> None:
    assert stepped([4.0], optimizer="rmsprop")[0] == pytest.approx(2 - 0.1 / 0.01**0.5, rel=1e-5)


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "momentum", "nesterov", "rmsprop"])
def test_weight_decay_is_decoupled_in_every_optimiser_and_spares_biases(optimizer: str) -> None:
    weight, bias = stepped([0.0], optimizer=optimizer, weight_decay=0.5)
    assert weight == pytest.approx(2 * (1 - RATE * 0.5))
    assert bias == 1.0


@pytest.mark.parametrize("optimizer", ["adamw", "adam"])
def test_l2_is_coupled_so_that_adam_divides_it_by_its_size(optimizer: str) -> None:
    weight, bias = stepped([0.0], optimizer=optimizer, l2_regularization=0.5)
    assert weight == pytest.approx(2 - RATE, abs=1e-5)
    assert bias == 1.0


def test_l2_in_sgd_is_a_gradient_of_l2_times_weight() -> None:
    assert stepped([1.0], optimizer="sgd", l2_regularization=0.5)[0] == pytest.approx(2 - 0.1 * (1 + 0.5 * 2))


def test_groups_part_what_decays_and_fall_by_layer() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 2))
    found = groups(module, depth=lambda name: 2 - int(name[0]), rate_decay=0.5)
    told = [(group["rate_scale"], group["decay"], len(group["params"])) for group in found]
    assert told == [(1.0, True, 1), (1.0, False, 1), (0.5, False, 2), (0.25, True, 1), (0.25, False, 1)]

    class Layered(Classifier):
        def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
            return found

    optimizer = build(Layered(module), EngineSettings(weight_decay=0.1), 1.0)
    set_rate(optimizer, 0.2)
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.2, 0.1, 0.05, 0.05]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.0, 0.0, 0.1, 0.0]


class Thawing(Classifier):
    """The first layer learns from the second epoch on."""

    def unfreeze(self, epoch: int) -> bool:
        return freeze(self.module, ["0."] if epoch < 2 else [])


@pytest.mark.parametrize("optimizer", ["adamw", "nesterov", "rmsprop"])
def test_frozen_layers_stay_until_they_are_freed(optimizer: str) -> None:
    settings = EngineSettings(epochs=1, batch_size=8, optimizer=optimizer, weight_decay=0.1)
    learner = Thawing(network())
    before = weights(learner.module)
    fit(learner, rows(40), settings)
    assert torch.equal(learner.module[0].weight, before["0.weight"])
    assert not torch.equal(learner.module[3].weight, before["3.weight"])
    learner = Thawing(network())
    fit(learner, rows(40), EngineSettings(epochs=2, batch_size=8, optimizer=optimizer))
    assert not torch.equal(learner.module[0].weight, before["0.weight"])


@pytest.mark.parametrize("optimizer", ["adamw", "nesterov", "rmsprop"])
def test_a_training_that_unfroze_layers_goes_on_exactly(optimizer: str, tmp_path: Any) -> None:
    settings = EngineSettings(epochs=4, batch_size=8, optimizer=optimizer)
    whole = Thawing(network())
    fit(whole, rows(40), settings)
    for stop_at in (3, 7):
        asked = iter(range(99))
        folder = tmp_path / str(stop_at)
        fit(Thawing(network()), rows(40), settings, checkpoints=folder, stop=lambda: next(asked) >= stop_at)  # noqa: B023
        again = Thawing(network())
        fit(again, rows(40), settings, checkpoints=folder)
        assert same(weights(again.module), weights(whole.module))


def test_gradients_are_clipped_to_the_norm() -> None:
    settings = EngineSettings(epochs=1, batch_size=8, optimizer="sgd", learning_rate=1.0, gradient_clip=0.01)
    learner = Classifier(network())
    before = weights(learner.module)
    fit(learner, rows(8), settings)
    moved = torch.cat([(before[name] - tensor).flatten() for name, tensor in learner.module.state_dict().items()])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_tied_weights_count_once() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    module[1].weight = module[0].weight
    assert list(tensors_of(module)) == ["0.weight", "0.bias", "1.bias"]
    assert sum(len(group["params"]) for group in groups(module)) == 3


@pytest.mark.parametrize(
    "kinds", [(torch.float32,), (torch.float32, torch.float64), ()], ids=["alike", "mixed", "none"]
)
@pytest.mark.parametrize("most", [0.5, 1e6, None])
def test_gradients_are_clipped_to_the_bits_of_torch(kinds: tuple[torch.dtype, ...], most: float | None) -> None:
    def drawn() -> list[torch.nn.Parameter]:
        torch.manual_seed(3)
        made = [torch.nn.Parameter(torch.zeros(7, n + 1, dtype=kind)) for n, kind in enumerate(kinds * 3)]
        for one in made:
            one.grad = torch.randn_like(one)
        return [*made, torch.nn.Parameter(torch.zeros(2))]  # one that is frozen

    ours, theirs = drawn(), drawn()
    norm = clipped(ours, most)
    expected = torch.nn.utils.clip_grad_norm_(theirs, float("inf") if most is None else most)
    assert norm.item() == expected.item()
    for one, other in zip(ours[:-1], theirs):
        assert one.grad is not None and other.grad is not None and torch.equal(one.grad, other.grad)
