"""Fits that were killed go on within themselves: those of folds and bags, refits, and models that learn on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.config.known import networks_here
from trainwright.data.columns import Layout
from trainwright.data.dataset import build_dataset
from trainwright.data.schema import Column, Kind, Role, Schema, Target
from trainwright.data.split import SplitRule, make_split
from trainwright.models.spec import Estimator
from trainwright.training.fitting import fit_fold, fit_part
from trainwright.training.shape import refitted_members
from trainwright.training.steps import Step
from trainwright.training.trials import Trial, Work

pytestmark = pytest.mark.skipif(not networks_here(), reason='pip install "trainwright[neural]" brings torch')

NET = Step(
    "neural_network",
    "neural_network",
    {"layers": "8", "epochs": 4, "batch_size": 16, "dropout": 0.2, "early_stopping": False},
    inner=0.2,
)


class Killed(BaseException):
    """Stands for the end of the process."""


class Ear:
    """Hears what fits tell, and ends them at the n-th epoch that was judged, before its state is written."""

    def __init__(self, kill_at: int = 0):
        self.kill_at, self.said = kill_at, []

    def __call__(self, event: dict[str, Any]) -> None:
        self.said.append(str(event.get("message", "")))
        if self.kill_at and self.heard("Epoch ") == self.kill_at:
            raise Killed

    def heard(self, words: str) -> int:
        return sum(words in message for message in self.said)


def work_in(folder: Path | None) -> Work:
    """Ninety rows in two folds."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=90), rng.normal(size=90)
    frame = pl.DataFrame({"a": a, "b": b, "y": np.where(a * b > 0, "yes", "no")})
    schema = Schema((Column("a", Kind.NUMBER), Column("b", Kind.NUMBER), Column("y", Kind.CATEGORY, Role.TARGET)))
    target = Target("y", "classes", ("no", "yes"), "yes")
    dataset = build_dataset(frame, schema, target, Layout.learn(frame, schema))
    split = make_split(SplitRule(test_size=0.0, folds=2, repeats=1), 90, task="classes", y=dataset.y)
    return Work(dataset, target, split.folds, seed=0, threads=1, jobs=1, scratch=folder)


def of_a_bag(work: Work, ear: Ear) -> Estimator:
    return fit_fold(replace(NET, bags=2), 1, work, ear).estimator


def of_all_rows(work: Work, ear: Ear) -> Estimator:
    trial = Trial(NET, fits={0: fit_fold(NET, 0, replace(work, scratch=None), Ear())})
    settings = replace(NET, settings=NET.settings | {"keep_epoch": 4})  # or the best epoch would say how many there are
    (member,) = refitted_members([replace(trial, step=settings)], {NET.name: 1.0}, work, ear)
    return member.estimator


def that_learns_on(work: Work, ear: Ear) -> Estimator:
    rows, states = work.folds[0].train, None if work.scratch is None else work.scratch / "further"
    known = fit_part(NET, rows, work, 5, Ear()).estimator
    return fit_part(NET, work.folds[1].train, work, 6, ear, begin=known, states=states).estimator


def files(model: Estimator, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    model.save(folder)
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("fit", "kill_at", "again"), [(of_a_bag, 7, 2), (of_all_rows, 3, 2), (that_learns_on, 3, 2)])
def test_what_was_killed_ends_as_the_undisturbed_one(
    fit: Callable[[Work, Ear], Estimator], kill_at: int, again: int, tmp_path: Path
) -> None:
    whole = fit(work_in(None), Ear())
    with pytest.raises(Killed):
        fit(work_in(tmp_path / "states"), Ear(kill_at))
    ear = Ear()
    resumed = fit(work_in(tmp_path / "states"), ear)
    assert ear.heard("goes on after step") >= 1
    assert ear.heard("Epoch ") == again, "what was learned is not learned again"
    assert files(resumed, tmp_path / "resumed") == files(whole, tmp_path / "whole")


def test_states_of_a_fold_and_of_a_refit_do_not_meet(tmp_path: Path) -> None:
    work = work_in(tmp_path)
    fit_fold(NET, 0, work, Ear())
    of_all_rows(work, Ear())
    fit_fold(replace(NET, bags=2), 1, work, Ear())
    names = sorted(path.name.split(".")[1] for path in tmp_path.iterdir())
    assert names == ["0", "1", "all0"]
    (bag,) = tmp_path.glob("*.1.*")
    assert len([path for path in bag.iterdir() if path.name.startswith("bag-")]) == 2
