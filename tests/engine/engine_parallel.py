"""Trainings of one of the processes that torchrun starts: `engine_parallel.py OUT`; see test_engine_distributed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from engine_data import Classifier, Tagger, Words, accuracy, network, rows, texts
from safetensors.torch import save_file
from torch import nn

from trainwright.engine import distributed
from trainwright.engine.batches import Held
from trainwright.engine.learner import Batch
from trainwright.engine.loop import Fitted, fit
from trainwright.engine.randomness import alone
from trainwright.engine.runtime import Runtime
from trainwright.engine.settings import EngineSettings
from trainwright.errors import UserError

SETTINGS = EngineSettings(epochs=3, batch_size=8, learning_rate=0.05, health_every=3, log_every=2, gradient_clip=1.0)
DROPPING = replace(SETTINGS, checkpoint_steps=2, gradient_clip=None)
NORMED = replace(SETTINGS, epochs=2)
HELD = rows(13, seed=1)  # in one batch, of which processes judge seven and six rows

Told = Callable[[dict[str, Any]], None]
Trains = Callable[[Runtime, EngineSettings, Told, Callable[[Batch], None] | None], tuple[Classifier, Fitted]]


def table(runtime: Runtime, settings: EngineSettings, told: Told, on_loss: Any = None) -> tuple[Classifier, Fitted]:
    """The last batch has a single row: one of two processes gets none."""
    learner = Classifier(network(), on_loss=on_loss)
    data = rows(49, weights=True)
    validation = Held(**HELD.columns, weight=torch.ones(13))
    more: dict[str, Any] = {"validation": validation, "metrics": accuracy(HELD)}
    return learner, fit(learner, data, settings, runtime=runtime, report=told, **more)


def words(runtime: Runtime, settings: EngineSettings, told: Told, on_loss: Any = None) -> tuple[Classifier, Fitted]:
    """Losses count tokens, of which the processes have different numbers."""
    with alone(3):
        learner = Tagger(Words(), on_loss=on_loss)
    learner.module.drop.p = 0.0
    return learner, fit(learner, texts(45), settings, runtime=runtime, report=told, validation=texts(20, seed=1))


# Each with what one process would be asked for: twice the rows of a step.
EQUAL: dict[str, tuple[Trains, EngineSettings, EngineSettings]] = {
    "table": (table, SETTINGS, replace(SETTINGS, batch_size=16)),
    "words": (words, SETTINGS, replace(SETTINGS, batch_size=16)),
    "parts": (
        table,
        replace(SETTINGS, optimizer="nesterov", batch_size=4, accumulation=2),
        replace(SETTINGS, optimizer="nesterov", batch_size=8, accumulation=2),
    ),
    "rate": (
        table,
        replace(SETTINGS, learning_rate="auto", epochs=1),
        replace(SETTINGS, learning_rate="auto", epochs=1, batch_size=16),
    ),
}


def normed() -> Classifier:
    """A network with running statistics."""
    with alone(2):
        return Classifier(nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)))


class Killed(Exception):
    """Stands for the end of all processes."""


def dropping(runtime: Runtime, folder: Path, *, last: int | None = None) -> Classifier:
    """A network whose draws differ between processes; ended after so many asked steps."""
    learner, asked = Classifier(network(dropout=0.3)), iter(range(1, 1000))

    def stop() -> bool:
        if next(asked) == last:
            raise Killed
        return False

    fit(learner, rows(40), DROPPING, runtime=runtime, checkpoints=folder, stop=stop)
    return learner


def main(out: Path) -> None:
    with distributed.joined("cpu") as runtime:
        found: dict[str, Any] = {"world": runtime.world, "writes": runtime.writes}
        kept: dict[str, nn.Module] = {}
        for name, (train, settings, _) in EQUAL.items():
            kept[name], found[name] = _done(train, runtime, settings)
        kept["memory"], found["memory"] = _done(table, runtime, SETTINGS, _full(runtime, at=9))
        learner = normed()
        fit(learner, rows(64), NORMED, runtime=runtime)
        kept["normed"] = learner.module
        found["broken"] = _broken(runtime)
        kept["whole"] = dropping(runtime, out / "whole").module
        try:
            dropping(runtime, out / "killed", last=7)
        except Killed:
            kept["resumed"] = dropping(runtime, out / "killed").module
        folder = out / ("whole" if runtime.rank == 0 else "elsewhere")
        found["apart"] = _refused(lambda: dropping(runtime, folder))
        found["few"] = _refused(lambda: fit(Classifier(network()), rows(1), SETTINGS, runtime=runtime))
        for name, module in kept.items():
            save_file(module.state_dict(), out / f"{name}-{runtime.rank}.safetensors")
        (out / f"{runtime.rank}.json").write_text(json.dumps(found))


def _done(train: Trains, runtime: Runtime, settings: EngineSettings, on_loss: Any = None) -> tuple[nn.Module, Any]:
    events: list[dict[str, Any]] = []
    learner, fitted = train(runtime, settings, events.append, on_loss)
    told = {"history": fitted.history, "steps": fitted.steps, "best": fitted.best_epoch, "lines": len(events)}
    return learner.module, {**told, "events": fitted.events, "batch": fitted.choices["batch_size"].reason,
                            "rate": fitted.choices["learning_rate"].value}  # fmt: skip


def _full(runtime: Runtime, *, at: int) -> Callable[[Batch], None]:
    """Memory runs out on the second process alone."""
    calls = iter(range(1, 1000))

    def on_loss(_: Batch) -> None:
        if next(calls) == at and runtime.rank == 1:
            raise torch.OutOfMemoryError("CUDA out of memory (as if)")

    return on_loss


def _broken(runtime: Runtime) -> str:
    """One row that only one process reads is no number."""
    data = rows(40)
    data.columns["x"][17, 0] = float("nan")
    return _refused(lambda: fit(Classifier(network()), data, SETTINGS, runtime=runtime))


def _refused(act: Callable[[], object]) -> str:
    try:
        act()
    except UserError as error:
        return str(error)
    return "accepted"


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
