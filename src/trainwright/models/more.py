"""Learns on from a fitted model with whatever was put around it: its columns stay, its copies learn on one by one.

A correction of probabilities is taken off: it belonged to the rows that it was fitted on, and is fitted anew.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.errors import TrainwrightError
from trainwright.models.bagged import Bagged
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.selected import Selected
from trainwright.models.spec import Estimator, Report
from trainwright.models.widened import Widened


class CannotLearnOnError(TrainwrightError):
    """The model can only be fitted anew."""


def learn_more(
    estimator: Estimator,
    X: Columns,
    y: np.ndarray,
    *,
    rounds: int | None = None,
    sample_weight: np.ndarray | None = None,
    validation: Dataset | None = None,
    seed: int = 0,
    threads: int = 1,
    report: Report | None = None,
    checkpoints: Path | None = None,
) -> Estimator:
    """A new model that knows what the fitted one knows, and these rows; the fitted one stays as it is.

    Args:
        estimator: fitted; wrapped or not.
        X, y, sample_weight, validation, seed, threads, report: see `Estimator.fit`.
        rounds: at most so many more rounds, for families that learn in rounds; None: as many as it has.
        checkpoints: a folder for states from which a killed call can go on, or None.

    Raises:
        CannotLearnOnError: its family cannot, or y holds a class that it does not know.
    """
    if isinstance(estimator, Recalibrated):
        estimator = estimator.inner
    given: dict[str, Any] = {"rounds": rounds, "sample_weight": sample_weight, "validation": validation}
    given |= {"seed": seed, "threads": threads, "report": report}
    if isinstance(estimator, Selected):
        view = estimator.view(X.layout)
        held = None if validation is None else view.rows(validation)
        inner = learn_more(estimator.inner, view.of(X), y, **given | {"validation": held, "checkpoints": checkpoints})
        return Selected(inner, estimator.columns)
    if isinstance(estimator, Widened):
        return _widened(estimator, X, y, sample_weight, validation, given, checkpoints)
    if isinstance(estimator, Bagged):
        seeded = zip(estimator.models, estimator.seeds(seed))
        return Bagged(
            [
                learn_more(model, X, y, **given | {"seed": own}, checkpoints=within(checkpoints, f"bag-{number:02d}"))
                for number, (model, own) in enumerate(seeded)
            ]
        )
    estimator.checkpoints = checkpoints
    found = estimator.more(X, y, **given)
    if found is None:
        raise CannotLearnOnError(f"a fitted {type(estimator).__name__} cannot learn on from these rows")
    return found


def _widened(
    estimator: Widened,
    X: Columns,
    y: np.ndarray,
    weight: np.ndarray | None,
    validation: Dataset | None,
    given: dict[str, Any],
    checkpoints: Path | None,
) -> Widened:
    """Both models learn on: that of the known classes from their rows alone. The other arguments are `given`."""
    count = len(estimator.known.target.classes)
    own = np.flatnonzero(y < count)
    held = None if validation is None else validation.take(np.flatnonzero(validation.y < count))
    if held is not None and not len(held):
        held = None
    inside = None if weight is None else weight[own]
    among = given | {"sample_weight": inside, "validation": held}
    known = learn_more(estimator.known, X.take(own), y[own], **among, checkpoints=within(checkpoints, "known"))
    if validation is not None:
        validation = replace(validation, y=np.maximum(validation.y - count + 1, 0))
    found = np.maximum(y - count + 1, 0)
    given = given | {"validation": validation}
    added = learn_more(estimator.added, X, found, **given, checkpoints=within(checkpoints, "added"))
    return Widened(estimator.target, known, added)


def within(states: Path | None, name: str) -> Path | None:
    """The folder for the states of one of several fits, within that of all; None where none are kept."""
    return None if states is None else states / name


def averaged(known: Estimator, fresh: Estimator) -> Estimator:
    """The average of a fitted model and one of more rows, each as heavy; the second alone where they see other columns.

    A correction of probabilities is taken off the first.
    """
    if isinstance(known, Recalibrated):
        known = known.inner
    models = [m for one in (known, fresh) for m in (one.models if isinstance(one, Bagged) else [one])]
    plain = all(type(model) is type(models[0]) and not isinstance(model, Selected | Widened) for model in models)
    return Bagged(models) if plain and known.target.classes == fresh.target.classes else fresh


def for_target(estimator: Estimator, target: Target) -> Estimator:
    """A fitted model of a family that `grows`, told of a target with further classes; a correction is taken off it.

    Args:
        estimator: fitted; wrapped or not.
        target: its own, with more classes behind those it knows.
    """
    if isinstance(estimator, Recalibrated):
        return for_target(estimator.inner, target)
    if isinstance(estimator, Selected):
        return Selected(for_target(estimator.inner, target), estimator.columns)
    if isinstance(estimator, Bagged):
        return Bagged([for_target(model, target) for model in estimator.models])
    estimator.target = target
    return estimator


def learns_on(kind: type[Estimator]) -> bool:
    """Whether a family's models can learn on from more rows at all.

    Example:
        >>> from trainwright.models.families import families
        >>> learns_on(families()["linear"].load()), learns_on(families()["forest"].load())
        (True, False)
    """
    return kind.more is not Estimator.more
