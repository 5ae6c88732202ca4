"""What is no number is traced to the layer that made it first; diverging, oscillating and dead trainings are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from engine_data import Classifier, network, rows, same, weights
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from trainwright.engine import memory
from trainwright.engine.batches import Held
from trainwright.engine.diagnosis import ADVICE, judge_gradients, judge_losses
from trainwright.engine.health import GoodState
from trainwright.engine.loop import fit
from trainwright.engine.randomness import alone
from trainwright.engine.settings import EngineSettings
from trainwright.errors import UserError

SETTINGS = EngineSettings(epochs=4, batch_size=10, health_every=4, learning_rate=0.01)
LAYERS = 3
NAN, INFINITE = float("nan"), float("inf")


class Spoil(torch.autograd.Function):
    """Passes values on, and spoils their gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, value: float) -> Tensor:
        ctx.value = value
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.value, None


class Layer(nn.Module):
    """A line and a bend that break at one step; the step is counted in a buffer, as running means are."""

    def __init__(self, wide: int):
        super().__init__()
        self.line = nn.Linear(wide, wide)
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))
        self.at, self.how, self.value = 0, "", 0.0

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.seen += 1
        hit = self.training and int(self.seen) == self.at
        if hit and self.how == "gradient":
            x = Spoil.apply(x, self.value)
        y = torch.tanh(self.line(x))
        return y * self.value if hit and self.how == "output" else y


def breaking(layer: int, at: int, how: str, value: float) -> nn.Sequential:
    """Layers of which one breaks at one step."""
    with alone(2):
        module = nn.Sequential(nn.Linear(2, 6), *(Layer(6) for _ in range(LAYERS)), nn.Linear(6, 2))
    broken = module[1 + layer]
    broken.at, broken.how, broken.value = at, how, value  # type: ignore[assignment]
    return module


@pytest.mark.parametrize("health_every", [4, 1, 100])
@pytest.mark.parametrize(("how", "value"), [("output", NAN), ("output", INFINITE), ("gradient", NAN)])
@pytest.mark.parametrize("layer", range(LAYERS))
def test_what_is_no_number_is_named_by_the_layer_that_made_it(
    layer: int, how: str, value: float, health_every: int
) -> None:
    learner = Classifier(breaking(layer, 7, how, value))
    fitted = fit(learner, rows(40), replace(SETTINGS, health_every=health_every), validation=rows(20, seed=1))
    what = "the output of" if how == "output" else "the gradient within"
    assert f"at step 7 {what} {1 + layer} (Layer) was the first to be no number" in fitted.stopped_because
    (event,) = fitted.events
    assert event["kind"] == "not_a_number" and event["advice"][0] == "lower_learning_rate"
    # The epoch before it counts, and its weights are whole.
    assert fitted.best_epoch == fitted.epochs == 1
    again = Classifier(breaking(layer, 0, "", 0.0))
    fit(again, rows(40), replace(SETTINGS, epochs=1), validation=rows(20, seed=1))
    assert same(weights(learner.module), weights(again.module))


def test_the_layer_is_named_in_a_compiled_network_which_calls_no_hooks() -> None:
    module = breaking(1, 7, "output", NAN)
    calls = 0

    def compiled(x: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        for child in module:
            x = child.forward(x)
        return x

    module._compiled_call_impl = compiled  # type: ignore[assignment]
    fitted = fit(Classifier(module), rows(40), SETTINGS, validation=rows(20, seed=1))
    assert "at step 7 the output of 2 (Layer) was the first to be no number" in fitted.stopped_because
    assert calls > 6 and module._compiled_call_impl is compiled  # switched off only while it looked


def test_a_fault_is_found_from_a_state_some_short_epochs_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = GoodState.take

    def counted(good: GoodState, run: Any) -> None:
        taken.append(run.state["step"])
        take(good, run)

    monkeypatch.setattr(GoodState, "take", counted)

    class Thawing(Classifier):
        """Its first line learns from the third epoch on, and its rate follows the epoch."""

        def unfreeze(self, epoch: int) -> bool:
            self.module[0].requires_grad_(epoch >= 3)
            return epoch == 3

    settings = replace(SETTINGS, epochs=12, batch_size=20, health_every=9, scheduler="step", step_size=2)
    fitted = fit(Thawing(breaking(1, 17, "output", NAN)), rows(40), settings, validation=rows(20, seed=1))
    # Two steps an epoch: a copy in the beginning and every nine steps, not at the start of each epoch.
    assert taken == [0, 9]
    assert "at step 17 the output of 2 (Layer) was the first to be no number" in fitted.stopped_because


def test_before_the_first_epoch_is_over_it_is_an_error_with_what_to_do() -> None:
    with pytest.raises(UserError) as caught:
        fit(Classifier(breaking(1, 3, "output", NAN)), rows(40), SETTINGS)
    assert "at step 3 the output of 2 (Layer) was the first to be no number" in str(caught.value)
    assert "lower learning_rate (0.01 now, try 0.001)" in str(caught.value)


def test_without_memory_for_a_copy_the_step_is_named_and_batches_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    module = breaking(1, 7, "output", NAN)
    module.rest = nn.Parameter(torch.zeros(10_000))  # beside its 40 kB what rows need is little
    need = memory.standing(module, SETTINGS, copies=1)
    monkeypatch.setattr(memory, "available", lambda _: int((need.of(0) + 30_000) / memory.SAFE))
    fitted = fit(Classifier(module), rows(40), SETTINGS, validation=rows(20, seed=1))
    assert "copy to name layers by are not free" in fitted.choices["health"].reason
    assert fitted.stopped_because.startswith("at step 7 the loss is no number")


def test_without_health_checks_the_loss_is_watched_all_the_same() -> None:
    with pytest.raises(UserError, match="no number"):
        fit(Classifier(breaking(1, 3, "gradient", NAN)), rows(40), replace(SETTINGS, health_every=0))


def test_values_of_the_input_are_named() -> None:
    data = rows(40)
    data.columns["x"][17, 1] = NAN
    with pytest.raises(UserError, match=r"the input 'x' holds values that are no numbers; clean or impute"):
        fit(Classifier(network()), data, SETTINGS)


def test_validation_rows_that_are_no_numbers_are_told() -> None:
    held = rows(20, seed=1)
    held.columns["x"][3, 0] = NAN
    fitted = fit(Classifier(network()), rows(40), SETTINGS, validation=held)
    (event,) = fitted.events  # once, not in each epoch
    assert event["kind"] == "validation_no_number" and event["text"].startswith("the validation loss of epoch 1")
    assert fitted.best_epoch == 0


def test_gradients_that_drift_are_told_while_it_runs() -> None:
    class Steeper(Classifier):
        """Its loss grows a hundredfold from the fourth epoch on."""

        scale = 1.0

        def unfreeze(self, epoch: int) -> bool:
            self.scale = 100.0 if epoch >= 4 else 1.0
            return False

        def loss(self, batch: Any) -> Any:
            loss, count = super().loss(batch)
            return loss * self.scale, count

    told: list[Any] = []
    settings = replace(SETTINGS, epochs=6, health_every=1, learning_rate=1e-4)
    fit(Steeper(network()), rows(40), settings, report=told.append)
    kinds = [event["kind"] for event in told]
    (at,) = [i for i, event in enumerate(told) if "norm of the gradient grew" in event["message"]]
    assert "epoch" in kinds[at:]


def test_a_learning_rate_of_ten_is_one_message() -> None:
    def deep() -> Classifier:
        with alone(0):
            lines = (nn.Linear(2, 30), nn.ReLU(), nn.Linear(30, 30), nn.ReLU(), nn.Linear(30, 2))
            return Classifier(nn.Sequential(*lines))

    wild = replace(SETTINGS, learning_rate=10.0, optimizer="sgd")
    with pytest.raises(UserError, match=r"at step \d+ .*(no|too large).*; lower learning_rate \(10 now, try 1\)"):
        fit(deep(), rows(200), wild)
    # Adam's steps have a bounded length: the loss stays a number, and far above where it began.
    fitted = fit(deep(), rows(200), replace(wild, optimizer="adamw"))
    assert [event["kind"] for event in fitted.events] == ["diverged"]
    assert fitted.events[0]["advice"][0] == "lower_learning_rate"
    assert fitted.events[0]["text"].endswith("lower learning_rate (10 now, try 1)")


def test_looking_at_a_training_changes_nothing_in_it() -> None:
    found = []
    for every in (0, 1, 3):
        learner = Classifier(network(dropout=0.4))
        fit(learner, rows(50), replace(SETTINGS, health_every=every))
        found.append(weights(learner.module))
    assert same(found[0], found[1]) and same(found[0], found[2])


def test_a_training_that_runs_away_says_so() -> None:
    # Two rows that pull in opposite directions, one at a time, with far too large a step.
    data = Held(x=torch.tensor([[1.0, 0.0], [1.0, 0.1]]), y=torch.tensor([0, 1]))
    settings = EngineSettings(epochs=12, batch_size=1, learning_rate=50.0, optimizer="sgd", health_every=0)
    fitted = fit(Classifier(nn.Linear(2, 2)), data, settings)
    (event,) = fitted.events
    assert event["kind"] == "diverged" and set(event["advice"]) == set(ADVICE["diverged"])


def test_a_dead_training_says_so() -> None:
    module = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2))
    with torch.no_grad():
        module[0].bias.fill_(-100.0)  # no unit ever answers
    module[2].requires_grad_(False)
    fitted = fit(Classifier(module), rows(40), SETTINGS)
    assert "dead" in [event["kind"] for event in fitted.events]


@pytest.mark.parametrize("dropout", [0.1, 0.3])
def test_a_dead_training_says_so_through_the_noise_of_dropout(dropout: float) -> None:
    settings = replace(SETTINGS, epochs=8, learning_rate=1e-7, optimizer="sgd", early_stopping=False)
    fitted = fit(Classifier(network(dropout=dropout)), rows(200), settings, validation=rows(50, seed=1))
    losses = [row["train_loss"] for row in fitted.history]
    assert max(losses) - min(losses) > 1e-3  # by what dropout draws alone
    (event,) = fitted.events
    assert event["kind"] == "dead" and event["advice"][0] == "raise_learning_rate"
    assert event["text"].startswith("the validation loss stays at")


def test_validation_that_stands_still_beside_rows_that_are_learned_is_not_dead() -> None:
    assert judge_losses([0.69, 0.6, 0.5, 0.4], held=[0.69, 0.69, 0.69, 0.69]) is None
    assert judge_losses([0.69, 0.68, 0.69, 0.68], held=[0.69, 0.66, 0.64, 0.62]) is None
    assert judge_losses([0.69, 0.68, 0.69, 0.68], held=[None] * 4) is None


def test_a_healthy_training_says_nothing() -> None:
    fitted = fit(Classifier(network()), rows(100), replace(SETTINGS, epochs=10), validation=rows(50, seed=1))
    assert fitted.events == []


@pytest.mark.parametrize(
    ("losses", "code"),
    [
        ([0.7, 0.5, 0.4, 0.38, 0.37], None),
        ([0.7, 0.5, 0.52, 0.45, 0.47, 0.41, 0.43, 0.4], None),  # noise on the way down
        ([0.7, 0.9, 1.4, 2.9], "diverged"),
        ([0.7, 0.3, 0.2, 0.9, 3.0, 9.0], "diverged"),
        ([0.7, 2.1, 0.6, 1.9, 0.65, 2.2, 0.7], "oscillating"),
        ([0.693, 0.693, 0.6932, 0.693], "dead"),
        ([0.7, float("nan")], "not_a_number"),
        ([0.7], None),
    ],
)
def test_verdicts_on_losses(losses: list[float], code: str | None) -> None:
    found = judge_losses(losses)
    assert (found.code if found else None) == code


def test_a_loss_that_never_comes_back_to_where_it_began_is_told_after_any_epoch() -> None:
    found = judge_losses([1.885, 2.418], begin=0.693)
    assert found is not None and found.code == "diverged"
    assert found.text == "the loss was 0.693 at the first step, and no epoch came below 1.885"
    assert judge_losses([0.75], begin=0.693) is None


@given(st.floats(0.1, 10), st.floats(0.3, 0.95), st.integers(4, 40), st.floats(1e-3, 1e3))
def test_a_falling_loss_is_never_blamed_whatever_its_scale(first: float, share: float, n: int, scale: float) -> None:
    losses = [scale * (first * share**i + 0.1) for i in range(n)]
    assert judge_losses(losses) is None


def test_verdicts_on_gradients() -> None:
    assert judge_gradients([1.0, 1.2, 0.8] * 5) is None
    assert judge_gradients([1.0] * 10 + [50.0] * 10).code == "gradients_grow"  # type: ignore[union-attr]
    assert judge_gradients([0.0] * 10).code == "gradients_vanish"  # type: ignore[union-attr]
    assert judge_gradients([1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005]) is None  # what learning looks like
