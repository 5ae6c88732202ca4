"""Fitted on folds, judged by a test part: a table's sample, its test rows, the others' folds, and their models.

The seeds are fixed, so that the same table gives the same rows at every run and in every script.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import tables

if TYPE_CHECKING:
    from trainwright.data.columns import Columns, Dataset
    from trainwright.data.schema import Target
    from trainwright.training.plan import Step
    from trainwright.training.trials import Trial, Work

TEST_SHARE = 0.25


def sample(name: str, data: Path | None, most: int) -> pl.DataFrame:
    """The rows of a table, or of a longer one so many drawn by chance, in their order.

    Raises:
        MissingTable: the folder of real tables does not have it.
    """
    frame = tables.load(name, data)
    if frame.height <= most:
        return frame
    return frame[np.sort(np.random.default_rng(0).choice(frame.height, most, replace=False))]


def stratified(labels: np.ndarray) -> np.ndarray:
    """(n,) bool, which rows are the test part: a quarter of those with each label."""
    rng = np.random.default_rng(1)
    test = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        test[rng.choice(own, round(TEST_SHARE * len(own)), replace=False)] = True
    return test


def by_chance(n: int) -> np.ndarray:
    """(n,) bool, which rows are the test part: about a quarter, whatever their target."""
    return np.random.default_rng(1).random(n) < TEST_SHARE


def understood(frame: pl.DataFrame, label: str, task: str | None = None) -> tuple[Dataset, Target]:
    """The labelled rows as a training has them, and what is predicted.

    Args:
        label: the column to predict.
        task: "classes" or "number"; None decides by the values.
    """
    from trainwright.data.columns import Layout
    from trainwright.data.dataset import build_dataset
    from trainwright.data.infer import infer_schema, infer_target

    inferred = infer_schema(frame, target=label)
    frame, target, _ = infer_target(inferred.frame, label, task=task)
    return build_dataset(frame, inferred.schema, target, Layout.learn(frame, inferred.schema)), target


def cut(dataset: Dataset, test: np.ndarray) -> tuple[Dataset, Dataset]:
    """The development rows, and the test part, which nothing is chosen or fitted by.

    Args:
        test: (n,) bool, which rows are the test part.
    """
    return dataset.take(np.flatnonzero(~test)), dataset.take(np.flatnonzero(test))


def folded(dataset: Dataset, target: Target, *, folds: int = 3, jobs: int = 1) -> Work:
    """Development rows with folds, ready to be fitted on, each fit with one thread.

    Args:
        jobs: fits side by side.
    """
    from trainwright.data.split import SplitRule, make_split
    from trainwright.training.trials import Work

    rule = SplitRule(test_size=0.0, folds=folds, repeats=1)
    split = make_split(rule, len(dataset), task=target.task, y=dataset.y, classes=target.classes)
    return Work(dataset, target, split.folds, seed=0, threads=1, jobs=jobs)


def fitted(step: Step, work: Work) -> Trial:
    """A model of each fold, one after the other."""
    from trainwright.training.fitting import fit_fold
    from trainwright.training.trials import Trial

    trial = Trial(step)
    for index in range(len(work.folds)):
        trial.fits[index] = fit_fold(step, index, work, lambda event: None)
    return trial


def averaged(trial: Trial, columns: Columns) -> np.ndarray:
    """What the fold models say of n rows, averaged as a package does: (n, k) probabilities or (n,) numbers."""
    return np.asarray(np.mean([fit.estimator.predict(columns) for fit in trial.fits.values()], axis=0))
