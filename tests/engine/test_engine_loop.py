"""The loop learns, keeps the best epoch, stops in time, and leaves the caller's randomness alone."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_data import Classifier, Paced, Tagger, Words, accuracy, network, rows, same, texts, weights

from trainwright.engine import checkpoint, usage
from trainwright.engine.loop import fit
from trainwright.engine.randomness import alone
from trainwright.engine.schedules import rate
from trainwright.engine.settings import OPTIMIZERS, SCHEDULERS, EngineSettings
from trainwright.errors import UserError

LEARN = EngineSettings(epochs=30, batch_size=16, learning_rate=0.02, health_every=5, log_every=10)


def test_a_small_network_learns_what_a_line_cannot() -> None:
    learner, held = Classifier(network(wide=32)), rows(300, seed=1)
    fitted = fit(learner, rows(420), LEARN, validation=held, metrics=accuracy(held))
    best = fitted.history[fitted.best_epoch - 1]
    assert best["metrics"]["accuracy"] > 0.93
    assert best["validation_loss"] == min(row["validation_loss"] for row in fitted.history)
    assert fitted.steps == fitted.epochs * 27  # 420 rows in batches of 16: the last, short one is kept


def test_texts_of_any_length_are_learned() -> None:
    with alone(0):
        learner = Tagger(Words())
    held = texts(100, seed=1)
    settings = EngineSettings(epochs=30, batch_size=16, learning_rate=0.05, early_stopping=False)
    fitted = fit(learner, texts(300), settings, validation=held, metrics=accuracy(held))
    assert fitted.history[fitted.best_epoch - 1]["metrics"]["accuracy"] > 0.9


def test_the_learner_ends_with_the_weights_of_its_best_epoch() -> None:
    held = rows(40, seed=1)
    settings = EngineSettings(epochs=11, batch_size=8, learning_rate=0.3, early_stopping=False)
    learner = Classifier(network())
    fitted = fit(learner, rows(40), settings, validation=held)
    assert fitted.best_epoch < 11  # such a rate soon makes it worse, or the test says nothing
    again = Classifier(network())
    fit(again, rows(40), EngineSettings(epochs=fitted.best_epoch, batch_size=8, learning_rate=0.3))
    assert same(weights(learner.module), weights(again.module))


def test_it_stops_when_waiting_has_lasted_long_enough() -> None:
    settings = EngineSettings(epochs=200, batch_size=8, learning_rate=0.3, patience=3)
    fitted = fit(Classifier(network()), rows(40), settings, validation=rows(40, seed=1))
    assert fitted.epochs == fitted.best_epoch + 3
    assert fitted.stopped_because == f"no better loss for 3 epochs; epoch {fitted.best_epoch} was best"


def test_the_weights_of_any_epoch_may_be_kept(tmp_path: Path) -> None:
    held = rows(40, seed=1)
    settings = EngineSettings(epochs=11, batch_size=8, learning_rate=0.3, scheduler="linear", patience=1)
    asked = replace(settings, keep_epoch=4)
    learner = Classifier(network())
    fitted = fit(learner, rows(40), asked, validation=held, checkpoints=tmp_path)
    assert (fitted.best_epoch, fitted.epochs) == (4, 4)
    assert fitted.stopped_because == "epoch 4 is the one to be kept"
    # They are those that a training of all epochs had then: its schedule, its draws.
    kept = replace(settings, early_stopping=False, checkpoints_kept=11)
    fit(Classifier(network()), rows(40), kept, validation=held, checkpoints=tmp_path / "all")
    (then,) = [found for found in checkpoint.listed(tmp_path / "all") if found.epoch == 4]
    assert same(checkpoint.weights(then.path), weights(learner.module))
    assert same(checkpoint.weights(checkpoint.listed(tmp_path)[0].path), weights(learner.module))
    with pytest.raises(UserError, match="keep_epoch must be one of the 11 epochs; got 12"):
        replace(settings, keep_epoch=12)


def test_a_metric_may_choose_the_best_epoch() -> None:
    held = rows(60, seed=1)
    settings = EngineSettings(epochs=15, batch_size=8, learning_rate=0.1, best_by="accuracy", greater_is_better=True)
    fitted = fit(Classifier(network()), rows(60), settings, validation=held, metrics=accuracy(held))
    figures = [row["metrics"]["accuracy"] for row in fitted.history]
    assert figures[fitted.best_epoch - 1] == max(figures)
    assert fitted.best_epoch == 1 + figures.index(max(figures))
    with pytest.raises(UserError, match="best_by must be one of loss, accuracy; got 'f1'"):
        wrong = EngineSettings(epochs=1, best_by="f1")
        fit(Classifier(network()), rows(60), wrong, validation=held, metrics=accuracy(held))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimiser_lowers_the_loss(optimizer: str) -> None:
    rate = 0.02 if optimizer in ("adamw", "adam", "rmsprop") else 0.1
    settings = EngineSettings(epochs=15, batch_size=8, optimizer=optimizer, learning_rate=rate)
    history = fit(Classifier(network()), rows(100), settings).history
    assert history[-1]["train_loss"] < 0.8 * history[0]["train_loss"]


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_rate_follows_its_schedule(scheduler: str) -> None:
    settings = EngineSettings(
        epochs=8,
        batch_size=10,
        scheduler=scheduler,
        learning_rate=0.1,
        warmup_steps=4,
        step_size=3,
        gamma=0.5,
        patience=2,
    )
    rates = [row["rate"] for row in fit(Classifier(network()), rows(40), settings).history]
    expected = {"fixed": 0.1, "step": 0.1 * 0.25, "one_cycle": 0.1 / 25e4}
    assert rates[0] == pytest.approx(0.1)  # the warm-up ends with the first epoch, the schedule then begins
    if scheduler in expected:
        assert rates[-1] == pytest.approx(expected[scheduler])
    if scheduler in ("cosine_annealing", "linear"):
        assert rates[-1] < 0.01


@pytest.mark.parametrize("scheduler", [name for name in SCHEDULERS if name != "plateau"])
def test_only_scheduler_plateau_follows_the_loss(scheduler: str) -> None:
    warm = EngineSettings(epochs=8, batch_size=10, scheduler=scheduler, learning_rate=0.1, warmup_steps=4, step_size=3)
    # A patience of one epoch and improvements that never count: plateau would reduce the rate at once.
    settings = replace(warm, patience=1, min_delta=100.0, early_stopping=False)
    fitted = fit(Classifier(network()), rows(40), settings, validation=rows(40, seed=1))
    expected = [0.1 * rate(4 * epoch - 1, 32, settings, 4) for epoch in range(1, 9)]
    assert [row["rate"] for row in fitted.history] == pytest.approx(expected)
    reduced = fit(Classifier(network()), rows(40), replace(settings, scheduler="plateau"), validation=rows(40, seed=1))
    assert reduced.history[-1]["rate"] < 1e-5


def test_a_learner_may_set_its_own_pace_and_the_log_says_what_it_was() -> None:
    said: list[list[Any]] = []
    learner, other = Paced(network()), Classifier(network())
    settings = EngineSettings(epochs=2, batch_size=8, learning_rate=0.05, log_every=5)
    fitted = fit(learner, rows(40), settings, report=lambda event: said.extend(event.get("points", [])))
    rates = {step: value for name, step, value in said if name == "Learning rate"}
    assert rates == pytest.approx({5: 0.05 * 0.6, 10: 0.05 * 0.1})
    assert [row["rate"] for row in fitted.history] == pytest.approx([0.05 * 0.6, 0.05 * 0.1])
    # The rate alone is what a linear schedule gives; that the betas move shows in the weights.
    fit(other, rows(40), replace(settings, scheduler="linear"))
    assert not same(weights(learner.module), weights(other.module))


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    def trained(seed: int) -> Any:
        learner = Classifier(network(dropout=0.3))
        fit(learner, rows(50), EngineSettings(epochs=3, batch_size=8, seed=seed))
        return weights(learner.module)

    assert same(trained(0), trained(0))
    assert not same(trained(0), trained(1))


def test_the_callers_randomness_and_threads_stay_as_they_were() -> None:
    torch.manual_seed(5)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    fit(Classifier(network(dropout=0.5)), rows(16), EngineSettings(epochs=1, threads=threads + 1))
    fit(Classifier(network(dropout=0.5)), rows(16), EngineSettings(epochs=1, learning_rate="auto"))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    assert not torch.are_deterministic_algorithms_enabled()


def test_the_callers_randomness_changes_nothing_in_a_training() -> None:
    found = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        learner = Classifier(network(dropout=0.3))
        fit(learner, rows(50), EngineSettings(epochs=2, batch_size=8))
        found.append(weights(learner.module))
    assert same(*found)


def test_trainings_of_several_threads_take_turns() -> None:
    alone_one = Classifier(network(dropout=0.3))
    settings = EngineSettings(epochs=4, batch_size=8)
    fit(alone_one, rows(50), settings)
    learners = [Classifier(network(dropout=0.3)) for _ in range(3)]
    threads = [threading.Thread(target=fit, args=(learner, rows(50), settings)) for learner in learners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(weights(learner.module), weights(alone_one.module)) for learner in learners)


def test_a_wish_to_stop_keeps_finished_epochs_only() -> None:
    asked = iter(range(1000))
    learner = Classifier(network())
    fitted = fit(learner, rows(40), EngineSettings(epochs=9, batch_size=8), stop=lambda: next(asked) >= 12)
    assert fitted.epochs == 2
    assert fitted.stopped_because == "asked to stop at step 13, within epoch 3"
    again = Classifier(network())
    fit(again, rows(40), EngineSettings(epochs=2, batch_size=8))
    assert same(weights(learner.module), weights(again.module))


class Slow:
    """Rows that take their time to come."""

    def __init__(self, inner: Any):
        self._inner = inner

    def __len__(self) -> int:
        return len(self._inner)

    def batches(self, reading: Any) -> Any:
        found = self._inner.batches(reading)
        read = found._from

        def slowly(position: int) -> Any:
            for batch in read(position):
                time.sleep(0.05)
                yield batch

        found._from = slowly
        return found


def test_what_is_used_of_the_machine_is_recorded_epoch_by_epoch() -> None:
    def points(data: Any) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        told: list[dict[str, Any]] = []
        fit(Classifier(network()), data, EngineSettings(epochs=2, batch_size=8), report=told.append)
        for event in told:
            if event["kind"] == "epoch":
                for name, epoch, value in event["points"]:
                    found.setdefault(name, []).append(value)
                    assert epoch == len(found[name])
        return found

    found = points(Slow(rows(32)))
    assert all(share > 0.5 for share in found[usage.WAIT])  # 0.2 s of waiting an epoch
    assert len(found[usage.CPU]) == 2 and min(found[usage.CPU]) > 0
    if sys.platform == "linux":
        assert 0.05 < found[usage.MEMORY][-1] < 64


def test_a_batch_larger_than_the_rows_is_all_of_them_and_says_so() -> None:
    said: list[dict[str, Any]] = []
    fitted = fit(Classifier(network()), rows(30), EngineSettings(epochs=2, batch_size=512), report=said.append)
    assert fitted.steps == 2
    assert fitted.choices["batch_size"].value == 30
    assert "fewer than the 512 asked for" in fitted.choices["batch_size"].reason
    assert [event["message"] for event in said if event["kind"] == "notice"] == [
        "batch_size: all 30 rows to learn from, fewer than the 512 asked for: an epoch is a single step"
    ]


def test_no_rows_are_refused() -> None:
    with pytest.raises(UserError, match="no row to learn from"):
        fit(Classifier(network()), rows(0), EngineSettings())
