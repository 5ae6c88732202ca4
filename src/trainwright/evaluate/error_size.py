"""How large errors are expected to be for a row: the same for all, or following what is known without its truth.

Bounds whose width follows it are narrow where the model is sure (normalised conformal scores, Papadopoulos, Gammerman
and Vovk 2008; Lei et al. 2018, section 5.2). What it follows is chosen by the mean width at the same coverage, on folds
that neither the sizes nor the choice came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainwright.evaluate.conformal import masses, upper_quantile

CONSTANT, PREDICTION, SPREAD = "constant", "prediction", "spread"
WORDS = {
    CONSTANT: "the same for every row",
    PREDICTION: "larger or smaller by the size of the prediction",
    SPREAD: "larger or smaller by how far the members of the ensemble disagree",
}
FOLLOWED = {PREDICTION: "the size of the prediction", SPREAD: "the disagreement of the members"}
FEWEST = 150  # rows below which sizes would follow noise
ROWS_IN_BIN, MOST_BINS = 40, 20
LEAST = 0.05  # of the mean error: no size is smaller, so that no width is nothing
NARROWER = 0.99  # times the constant width, to be worth it
MOST_ROWS = 50_000  # more are sampled evenly: the choice needs no more

Features = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class ErrorSize:
    """Expected size of the error, by one feature.

    Args:
        kind: "constant", "prediction" or "spread": the feature that is followed.
        at: ascending values of the feature.
        size: the mean error there; in between it is interpolated, outside it stays.

    Example:
        >>> ErrorSize("prediction", (0.0, 10.0), (1.0, 3.0)).of({"prediction": np.array([5.0, 20.0])})
        array([2., 3.])
    """

    kind: str = CONSTANT
    at: tuple[float, ...] = ()
    size: tuple[float, ...] = ()

    def of(self, features: Features) -> np.ndarray:
        """The size for rows, in the shape of the features."""
        if self.kind == CONSTANT:
            return np.ones_like(features[PREDICTION])
        return np.interp(features[self.kind], self.at, self.size)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"kind": self.kind, "at": list(self.at), "size": list(self.size)}


@dataclass(frozen=True)
class Errors:
    """Errors on rows that the models did not see.

    Args:
        error: (n,) absolute errors.
        features: by name, (n,) what is known of each row without its truth: its prediction, and the spread of the
            members where there are several.
        fold: (n,) the fold that held the row out.
        group: (n,) codes of groups that stay together, or None.
    """

    error: np.ndarray
    features: Features
    fold: np.ndarray
    group: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Errors:
        """Some of the rows, by positions or as a mask."""
        features = {name: values[rows] for name, values in self.features.items()}
        return Errors(self.error[rows], features, self.fold[rows], None if self.group is None else self.group[rows])


@dataclass(frozen=True)
class Chosen:
    """What the widths follow, and why.

    Args:
        kind: of `ErrorSize`.
        reason: in words.
        widths: by kind, the mean width at the same coverage on held-out folds.
    """

    kind: str
    reason: str
    widths: dict[str, float]


def fit_size(kind: str, errors: Errors) -> ErrorSize:
    """The mean error in bins of the feature that hold equally many rows."""
    n = len(errors.error)
    overall = float(errors.error.mean()) if n else 0.0
    bins = min(MOST_BINS, n // ROWS_IN_BIN)
    if kind == CONSTANT or bins < 2 or overall <= 0:
        return ErrorSize()
    feature = errors.features[kind]
    order = np.argsort(feature, kind="stable")
    at: list[float] = []
    size: list[float] = []
    for part in np.array_split(order, bins):
        middle, mean = float(feature[part].mean()), float(errors.error[part].mean())
        if at and middle <= at[-1]:  # many rows of one value: their bins are one
            size[-1] = (size[-1] + mean) / 2
            continue
        at.append(middle)
        size.append(mean)
    if len(at) < 2:
        return ErrorSize()
    return ErrorSize(kind, tuple(at), tuple(max(value, LEAST * overall) for value in size))


def choose_kind(errors: Errors, level: float) -> Chosen:
    """The kind with the narrowest mean width at this coverage, each fold judged by sizes from the others.

    Args:
        errors: of rows that the models did not see.
        level: the coverage at which widths are compared.
    """
    errors = _sample(errors)
    folds = np.unique(errors.fold)
    if len(errors.error) < FEWEST:
        return Chosen(CONSTANT, f"{len(errors.error)} rows are too few to tell where errors are larger", {})
    if len(folds) < 2:
        return Chosen(CONSTANT, "one held-out part cannot tell whether another width would be better", {})
    widths: dict[str, float] = {}
    for kind in (CONSTANT, *errors.features):
        sizes = np.empty(len(errors.error))
        for number in folds:
            own = errors.fold == number
            sizes[own] = fit_size(kind, errors.take(~own)).of(errors.take(own).features)
        mass, _ = masses(len(sizes), errors.group)
        widths[kind] = 2 * upper_quantile(errors.error / sizes, mass, level) * float(sizes.mean())
    best = min(widths, key=lambda kind: widths[kind])
    share = widths[best] / widths[CONSTANT] if widths[CONSTANT] > 0 else 1.0
    if best == CONSTANT or share > NARROWER:
        return Chosen(CONSTANT, "no width that varies is narrower on average at the same coverage", widths)
    reason = (
        f"the mean width is {1 - share:.0%} narrower at the same coverage when it follows {FOLLOWED[best]} "
        "(measured on folds that it was not fitted on)"
    )
    return Chosen(best, reason, widths)


def _sample(errors: Errors) -> Errors:
    """At most `MOST_ROWS` rows, evenly spread; groups stay as they are, with fewer rows each."""
    n = len(errors.error)
    return errors if n <= MOST_ROWS else errors.take(np.linspace(0, n - 1, MOST_ROWS).astype(np.int64))
