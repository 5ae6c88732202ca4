"""A training that ends at any moment goes on to the same weights, bit by bit; damaged checkpoints are passed over."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import engine_killed
import pytest
import torch
from engine_data import Classifier, Paced, Tagger, Words, accuracy, network, rows, same, texts, weights

from trainwright.engine import checkpoint
from trainwright.engine.learner import Batch, Learner
from trainwright.engine.loop import Fitted, fit
from trainwright.engine.randomness import alone
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem, UserError

SMALL = EngineSettings(epochs=3, batch_size=8, learning_rate=0.05, checkpoint_steps=2, health_every=3, log_every=5)


class Killed(Exception):
    """Stands for the end of the process."""


def killer(at: int) -> Any:
    """Ends everything within the given call of the loss."""
    calls = iter(range(1, 10_000))

    def on_loss(_: Batch) -> None:
        if next(calls) == at:
            raise Killed

    return on_loss


def table(on_loss: Any = None, *, seed: int = 1) -> Classifier:
    return Classifier(network(dropout=0.3, seed=seed), on_loss=on_loss)


def paced(on_loss: Any = None) -> Paced:
    return Paced(network(dropout=0.3), on_loss=on_loss)


def words(on_loss: Any = None) -> Tagger:
    with alone(3):
        return Tagger(Words(), on_loss=on_loss)


VARIANTS = {
    "table": (table, rows(20), rows(30, seed=1), SMALL),
    "no_validation": (table, rows(20), None, SMALL),
    "paced": (paced, rows(20), None, replace(SMALL, checkpoint_steps=5)),
    "texts": (words, texts(20), texts(20, seed=1), SMALL),
    "plateau": (
        table,
        rows(20),
        rows(30, seed=1),
        replace(SMALL, scheduler="plateau", patience=1, early_stopping=False),
    ),
    "whole_epochs": (table, rows(20), rows(30, seed=1), replace(SMALL, checkpoint_steps=None, checkpoint_interval=2)),
    "momentum": (table, rows(24), None, replace(SMALL, optimizer="nesterov", accumulation=2, batch_size=4)),
    "rate_auto": (table, rows(20), None, replace(SMALL, learning_rate="auto", epochs=2, scheduler="one_cycle")),
    "fp16": (table, rows(20), None, replace(SMALL, precision="fp16", optimizer="rmsprop", epochs=2)),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_killed_at_every_step_it_ends_with_the_same_weights(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # no power fails here
    make, data, held, settings = VARIANTS[name]
    whole = make()
    measured: list[int] = []
    whole.on_loss = lambda _: measured.append(1)
    expected = fit(whole, data, settings, validation=held)
    # Whatever happens before the first step is told apart by one end there.
    before = len(measured) - expected.steps * settings.accumulation
    for k in range(max(before, 1), len(measured) + 1):
        folder = tmp_path / str(k)
        with pytest.raises(Killed):
            fit(make(killer(k)), data, settings, validation=held, checkpoints=folder)
        torch.rand(k)  # the process that goes on has other draws behind it
        again = make()
        found = fit(again, data, settings, validation=held, checkpoints=folder)
        assert same(weights(again.module), weights(whole.module)), f"killed at call {k}"
        assert found.history == expected.history
        assert (found.best_epoch, found.steps, found.stopped_because) == (
            expected.best_epoch, expected.steps, expected.stopped_because)  # fmt: skip


def test_a_process_that_is_really_killed_ends_with_the_same_weights(tmp_path: Path) -> None:
    command = [sys.executable, engine_killed.__file__, str(tmp_path / "checkpoints"), str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.wait() < 0
    assert checkpoint.listed(tmp_path / "checkpoints")[0].step == 12
    killed = engine_killed.train(tmp_path / "checkpoints")
    whole = engine_killed.train(tmp_path / "others")
    assert same(weights(killed.module), weights(whole.module))


def test_a_finished_training_is_not_repeated(tmp_path: Path) -> None:
    first = table()
    done = fit(first, rows(20), SMALL, validation=rows(30, seed=1), checkpoints=tmp_path)
    second = table(killer(1))
    found = fit(second, rows(20), SMALL, validation=rows(30, seed=1), checkpoints=tmp_path)
    assert same(weights(first.module), weights(second.module))
    assert found.history == done.history


def stopped_within(folder: Path, step: int = 6) -> None:
    with pytest.raises(Killed):
        fit(table(killer(step)), rows(20), SMALL, checkpoints=folder)


def go_on(folder: Path) -> tuple[Fitted, Learner]:
    learner = table()
    return fit(learner, rows(20), SMALL, checkpoints=folder), learner


@pytest.mark.parametrize("name", [checkpoint.WEIGHTS, checkpoint.TRAINING, checkpoint.FACTS])
def test_a_checkpoint_that_was_cut_short_is_refused_and_the_one_before_it_used(name: str, tmp_path: Path) -> None:
    stopped_within(tmp_path)
    newest, before = checkpoint.listed(tmp_path)[:2]
    file = newest.path / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    fitted, learner = go_on(tmp_path)
    (event,) = [event for event in fitted.events if event["kind"] == "damaged_checkpoint"]
    assert newest.path.name in event["text"] and name in event["text"]
    assert event["text"].endswith("the one before it is used")
    assert before.step < newest.step
    whole = table()
    fit(whole, rows(20), SMALL)
    assert same(weights(learner.module), weights(whole.module))


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    stopped_within(tmp_path)
    newest = checkpoint.listed(tmp_path)[0].path
    document = json.loads((newest / checkpoint.FACTS).read_text())
    document["state"]["base_rate"] = 0.5
    (newest / checkpoint.FACTS).write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"checkpoint\.json: its content is not what was written"):
        checkpoint.weights(newest)
    assert [event["kind"] for event in go_on(tmp_path)[0].events] == ["damaged_checkpoint"]


def test_checkpoints_of_another_training_are_refused(tmp_path: Path) -> None:
    stopped_within(tmp_path)
    other = replace(SMALL, learning_rate=0.5)
    with pytest.raises(UserError, match=r"another training \(learning_rate 0.05, now 0.5\)"):
        fit(table(), rows(20), other, checkpoints=tmp_path)
    with pytest.raises(UserError, match="20 rows, now 21"):
        fit(table(), rows(21), SMALL, checkpoints=tmp_path)
    with pytest.raises(UserError, match="another network"):
        fit(Classifier(network(wide=5)), rows(20), SMALL, checkpoints=tmp_path)


def test_a_full_disk_is_one_message_and_earlier_checkpoints_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def full(tensors: Any, path: Path, *, really: Any = checkpoint.save_file) -> None:
        really(tensors, path)
        written.append(path.name)
        if len(written) > 4:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(EnvironmentProblem, match=r"is full: .* MB needed"):
        fit(table(), rows(20), SMALL, checkpoints=tmp_path)
    assert [found.step for found in checkpoint.listed(tmp_path)] == [3, 2]
    assert not list(tmp_path.glob(".*"))  # nothing half-written is left
    monkeypatch.undo()
    whole = table()
    fit(whole, rows(20), SMALL)
    assert same(weights(go_on(tmp_path)[1].module), weights(whole.module))


def test_the_latest_checkpoints_and_the_best_one_are_kept_and_can_be_read(tmp_path: Path) -> None:
    held = rows(40, seed=1)
    settings = EngineSettings(epochs=9, batch_size=8, learning_rate=0.3, early_stopping=False, checkpoints_kept=2)
    learner = Classifier(network())
    fitted = fit(learner, rows(40), settings, validation=held, metrics=accuracy(held), checkpoints=tmp_path)
    assert 0 < fitted.best_epoch < 8
    found = checkpoint.listed(tmp_path)
    assert [row.epoch for row in found] == [9, 8, fitted.best_epoch]
    assert [row.resumable for row in found] == [True, True, False]
    assert found[-1].row == fitted.history[fitted.best_epoch - 1]
    assert same(checkpoint.weights(found[-1].path), weights(learner.module))


def test_a_wish_to_stop_can_be_gone_on_from(tmp_path: Path) -> None:
    asked = iter(range(1000))
    fit(table(), rows(20), SMALL, checkpoints=tmp_path, stop=lambda: next(asked) >= 6)
    whole = table()
    fit(whole, rows(20), SMALL)
    fitted, learner = go_on(tmp_path)
    assert fitted.epochs == 3
    assert same(weights(learner.module), weights(whole.module))


def test_save_checkpoint_false_writes_nothing(tmp_path: Path) -> None:
    fit(table(), rows(20), replace(SMALL, save_checkpoint=False), checkpoints=tmp_path)
    assert not list(tmp_path.iterdir())
