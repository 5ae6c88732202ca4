"""The rate at every step is that of torch's own schedulers, where there is a twin; stopping and plateau are rules."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.optim import lr_scheduler as twins

from trainwright.config.neural import resolve_neural
from trainwright.config.resolve import Choice
from trainwright.config.source import load_settings
from trainwright.engine.rate_finder import suggest
from trainwright.engine.schedules import Plateau, is_constant, rate
from trainwright.engine.settings import SCHEDULERS, EngineSettings, from_choices
from trainwright.engine.stopping import Standing
from trainwright.errors import UserError

TOTAL, PER_EPOCH = 60, 6


def torch_rates(make: Any, *, per_epoch: bool = False, steps: int = TOTAL) -> list[float]:
    """The rates of a scheduler of torch over a base rate of 1."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = make(optimizer)
    found = []
    for step in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if not per_epoch or step % PER_EPOCH == PER_EPOCH - 1:
            scheduler.step()
    return found


def ours(settings: EngineSettings, total: int = TOTAL) -> list[float]:
    return [rate(step, total, settings, PER_EPOCH) for step in range(total)]


@pytest.mark.parametrize(
    ("settings", "make", "per_epoch"),
    [
        (EngineSettings(scheduler="fixed"), lambda o: twins.ConstantLR(o, factor=1.0), False),
        (EngineSettings(scheduler="step", step_size=3, gamma=0.3), lambda o: twins.StepLR(o, 3, 0.3), True),
        (EngineSettings(scheduler="cosine_annealing"), lambda o: twins.CosineAnnealingLR(o, TOTAL), False),
        (EngineSettings(scheduler="linear"), lambda o: twins.LinearLR(o, 1.0, 0.0, total_iters=TOTAL), False),
        (
            EngineSettings(scheduler="one_cycle"),
            lambda o: twins.OneCycleLR(o, 1.0, total_steps=TOTAL, cycle_momentum=False),
            False,
        ),
    ],
    ids=lambda value: getattr(value, "scheduler", None),
)
def test_rates_are_those_of_torch(settings: EngineSettings, make: Any, per_epoch: bool) -> None:
    steps = TOTAL - 1 if settings.scheduler == "one_cycle" else TOTAL  # torch allows no step after the last one
    assert ours(settings)[:steps] == pytest.approx(torch_rates(make, per_epoch=per_epoch, steps=steps), abs=1e-9)


@pytest.mark.parametrize("warmup", [{"warmup_steps": 10}, {"warmup_ratio": 1 / 6}])
def test_after_a_warm_up_the_schedule_runs_over_the_steps_that_are_left(warmup: dict[str, Any]) -> None:
    def make(optimizer: Any) -> Any:
        rise = twins.LinearLR(optimizer, 0.1, 1.0, total_iters=9)
        return twins.SequentialLR(optimizer, [rise, twins.CosineAnnealingLR(optimizer, TOTAL - 10)], milestones=[10])

    assert ours(EngineSettings(scheduler="cosine_annealing", **warmup)) == pytest.approx(torch_rates(make), abs=1e-9)


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=40), st.integers(1, 8), st.floats(0.0, 0.2))
def test_plateau_is_that_of_torch(losses: list[float], patience: int, delta: float) -> None:
    settings = EngineSettings(scheduler="plateau", patience=2 * patience, gamma=0.5, min_delta=delta)
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    twin = twins.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience, threshold=delta, threshold_mode="abs", eps=0.0
    )
    state = Plateau()
    for loss in losses:
        twin.step(loss)
        state = state.after(loss, settings)
        assert state.factor == optimizer.param_groups[0]["lr"]


@given(st.sampled_from(SCHEDULERS), st.integers(1, 300), st.integers(0, 400), st.integers(1, 40), st.floats(0.0, 0.99))
def test_rates_stay_between_nothing_and_the_base(
    scheduler: str, total: int, warmup: int, per_epoch: int, ratio: float
) -> None:
    settings = EngineSettings(scheduler=scheduler, warmup_steps=warmup, warmup_ratio=ratio)
    found = [rate(step, total, settings, per_epoch) for step in range(total)]
    assert all(0.0 <= value <= 1.0 for value in found)
    assert found[0] > 0.0
    if scheduler != "one_cycle" or total < 4 or warmup:  # its top may lie between two steps
        assert max(found) == pytest.approx(1.0)
    assert not is_constant(settings) or set(found) == {1.0}


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=30), st.booleans(), st.integers(1, 5))
def test_the_best_epoch_has_the_best_figure_and_waiting_ends(
    figures: list[float], greater: bool, patience: int
) -> None:
    settings = EngineSettings(best_by="f1" if greater else "loss", greater_is_better=greater, patience=patience)
    standing = Standing()
    for epoch, figure in enumerate(figures, 1):
        standing = standing.after(epoch, figure, settings)
        assert standing.over(settings) == (standing.waited >= patience)
    known = [figure for figure in figures if math.isfinite(figure)]
    if known:
        assert standing.best == (max(known) if greater else min(known))
        assert figures.index(standing.best) + 1 == standing.best_epoch
    else:
        assert standing.best is None


def test_early_stopping_may_be_switched_off() -> None:
    standing = Standing(1.0, 1, 1.0, 99)
    assert not standing.over(EngineSettings(early_stopping=False))


def test_settings_come_from_what_the_configuration_resolves() -> None:
    text = "optimizer: momentum\nscheduler: warmup_cosine\nepochs: 7\nearly_stopping: 3\nlayers: [4]\nweight_decay: 0.2"
    found = from_choices(resolve_neural(load_settings(text=text)), seed=3)
    assert (found.optimizer, found.kept_momentum, found.epochs, found.patience) == ("momentum", 0.9, 7, 3)
    assert (found.scheduler, found.warmup_ratio, found.weight_decay) == ("cosine_annealing", 0.1, 0.2)
    assert (found.batch_size, found.seed) == (16, 3)
    tuned = from_choices(resolve_neural(load_settings(text="seed: 1"), fine_tuning=True), batch_size=64)
    assert (tuned.learning_rate, tuned.scheduler, tuned.warmup_ratio, tuned.epochs) == (5e-5, "linear", 0.1, 10)
    assert (tuned.batch_size, tuned.weight_decay) == (64, 0.01)


@pytest.mark.parametrize(
    ("given_value", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"learning_rate": -1.0}, "learning_rate must be a number above 0; got -1.0"),
        ({"learning_rate": "fast"}, "learning_rate must be a number above 0; got 'fast'"),
        ({"momentum": 1.0}, "momentum must be a number at least 0 and below 1; got 1.0"),
        ({"scheduler": "cosine"}, "scheduler must be one of fixed, step"),
        ({"weight_decay": 0.1, "l2_regularization": 0.1}, "give one of them"),
        ({"gradient_clip": 0}, "gradient_clip must be a number above 0; got 0"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(given_value: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        EngineSettings(**given_value)
    assert message in str(caught.value)


def test_a_range_test_that_learned_nothing_takes_the_usual_rate() -> None:
    rates = [10.0**-e for e in range(6, 0, -1)]
    assert suggest(rates, [1.0] * 6).value == 1e-3
    assert suggest(rates[:1], [1.0]) == Choice(1e-3, "the range test broke off at once, so the usual rate is taken")
