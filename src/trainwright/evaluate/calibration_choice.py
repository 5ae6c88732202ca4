"""Which calibration is taken, and why: as free as the number of rows allows, and only where it does better on folds
that it was not fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trainwright.evaluate.calibration import IDENTITY, KINDS, Calibration, losses
from trainwright.evaluate.calibration_isotonic import fit_isotonic
from trainwright.evaluate.calibration_scale import masses
from trainwright.evaluate.calibration_sigmoid import fit_sigmoid
from trainwright.evaluate.calibration_temperature import fit_temperature
from trainwright.evaluate.calibration_words import WORDS, change, reason

FROM = {"identity": 0, "temperature": 0, "sigmoid": 300, "isotonic": 1_000}
"""Rows of the rarest class from which auto considers a kind. Niculescu-Mizil and Caruana 2005, "Predicting good
probabilities with supervised learning", section 5: with fewer than about 1,000 rows a sigmoid does better."""
MOST_ROWS = 100_000
"""Rows that two numbers are fitted on, drawn from more."""
MOST_ROWS_WITHIN = 20_000
"""Rows on which the choice is made once more without each fold, to be scored; it is made up to a hundred times."""
BLOCKS = 5


@dataclass(frozen=True)
class Rows:
    """Held-out rows with what was predicted for them.

    Args:
        y: (n,) class positions.
        prediction: (n, k) probabilities by models that did not learn from the row.
        fold: (n,) number of the fold that held the row out.
        weight: (n,) or None.
        unit: (n,) codes of groups whose rows resemble each other, or None when every row stands for itself.
    """

    y: np.ndarray
    prediction: np.ndarray
    fold: np.ndarray
    weight: np.ndarray | None = None
    unit: np.ndarray | None = None

    def take(self, at: np.ndarray) -> Rows:
        """The rows at these positions, or of this mask."""
        weight, unit = (None if values is None else values[at] for values in (self.weight, self.unit))
        return Rows(self.y[at], self.prediction[at], self.fold[at], weight, unit)

    @property
    def rarest(self) -> float:
        """The effective number of rows of the rarest class."""
        return float(self._by_class().min())

    def rarest_class(self) -> int:
        """Its position."""
        return int(self._by_class().argmin())

    def _by_class(self) -> np.ndarray:
        k = self.prediction.shape[1]
        found = np.zeros(k)
        for c in range(k):
            own = self.y == c
            found[c] = masses(int(own.sum()), None if self.weight is None else self.weight[own]).sum()
        return found


@dataclass(frozen=True)
class CalibrationChoice:
    """What was chosen, and what it was chosen among.

    Args:
        calibration: fitted on all rows.
        asked: "auto", "none" or a kind.
        reason: why, in words.
        compared: by kind, the log-loss on folds that it was not fitted on.
    """

    calibration: Calibration = IDENTITY
    asked: str = "auto"
    reason: str = "numbers have no probabilities"
    compared: dict[str, float] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Of `KINDS`."""
        return self.calibration.kind

    def scored(self, rows: Rows) -> np.ndarray:
        """(n, k) probabilities, those of each fold calibrated by what the other folds say: fit for being scored.

        A sigmoid or a curve was chosen among several by looking at all folds. For each fold the other folds choose
        anew, so that the figures hold what that choice costs. A temperature was compared with nothing only, and is
        fitted anew.

        Args:
            rows: with the prediction that is scored, which need not be the one the choice was made on.
        """
        if self.kind == "identity":
            return np.array(rows.prediction, dtype=float)
        if self.asked == "auto" and FROM[self.kind] > 0:
            return _without_each_fold(rows, _anew)
        return _without_each_fold(rows, lambda other, share: fit(self.kind, other))

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the result document."""
        return {"asked": self.asked, "chosen": self.kind, "reason": self.reason, "compared": self.compared}


def choose_calibration(
    rows: Rows,
    *,
    asked: str = "auto",
    allowed: tuple[str, ...] = KINDS,
    classes: tuple[str, ...] = (),
    share: float = 1.0,
) -> CalibrationChoice:
    """Chooses and fits a calibration.

    A temperature is taken where fitting it on the other folds lowers the log-loss. A sigmoid or a curve must have
    rows enough (`FROM`), and the simplest kind within one standard error of the best, rows paired, is taken.

    Args:
        rows: out-of-fold rows.
        asked: "auto", "none" or one of `KINDS`, which is obeyed.
        allowed: the kinds there are to choose from; one when a run is repeated that took it.
        classes: their names, for the reason.
        share: of the rows of the whole choice that these are: fewer are then enough for each kind.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(0.05, 0.95, 400)
        >>> y = (rng.random(400) < p).astype(int)
        >>> bold = p**3 / (p**3 + (1 - p) ** 3)  # says 0.98 where 0.8 is right
        >>> rows = Rows(y, np.column_stack([1 - bold, bold]), np.arange(400) % 5)
        >>> choose_calibration(rows).kind
        'temperature'
    """
    if rows.prediction.ndim == 1:
        return CalibrationChoice(asked=asked)
    if asked in ("none", "identity"):
        return CalibrationChoice(IDENTITY, "none", "as asked: probabilities are shown as the models give them")
    if len(rows.y) == 0:
        return CalibrationChoice(asked=asked, reason="there is no held-out row to fit it on")
    if asked != "auto":
        found = _against_nothing(rows, asked)
        return CalibrationChoice(fit(asked, rows), asked, f"as asked{change(found, asked)}", found)
    if len(np.unique(rows.fold)) < 2:
        return CalibrationChoice(
            reason="there is a single validation part, so no fold is left to try a calibration on; "
            "training.calibration asks for one"
        )
    enough = [kind for kind in KINDS if kind in allowed and rows.rarest >= share * FROM[kind]]
    if len(allowed) == 1:
        enough = list(allowed)  # a repetition obeys what was taken
    by_row = {kind: _cross_fitted_losses(rows, kind) for kind in dict.fromkeys(["identity", *enough])}
    mean = {kind: float(np.average(found, weights=rows.weight)) for kind, found in by_row.items()}
    kind = allowed[0] if len(allowed) == 1 else _simplest(mean, by_row, rows)
    why = reason(kind, mean) + _too_few(rows, allowed, enough, classes)
    return CalibrationChoice(fit(kind, rows), "auto", why, mean)


def fit(kind: str, rows: Rows) -> Calibration:
    """A calibration of this kind, fitted on these rows."""
    if kind == "identity" or len(rows.y) == 0:
        return IDENTITY
    if kind == "temperature":
        return fit_temperature(rows.y, rows.prediction, rows.weight)
    if kind == "isotonic":
        return fit_isotonic(rows.y, rows.prediction, rows.weight)
    few = _drawn(rows, MOST_ROWS)
    return fit_sigmoid(few.y, few.prediction, few.weight)


def _anew(rows: Rows, share: float) -> Calibration:
    """What auto makes of these rows, which are this share of all: chosen on some of them, fitted on all."""
    few = _drawn(rows, MOST_ROWS_WITHIN)
    found = choose_calibration(replace(few, fold=_blocks(few.fold)), share=share * len(few.y) / len(rows.y))
    return fit(found.kind, rows)


def _without_each_fold(rows: Rows, make: Callable[[Rows, float], Calibration]) -> np.ndarray:
    """(n, k) each fold's probabilities, calibrated by what is made of the others' rows, which are a share of all."""
    fold = _blocks(rows.fold)
    out = np.array(rows.prediction, dtype=float)
    for number in np.unique(fold):
        own = fold == number
        out[own] = make(rows.take(~own), float((~own).mean())).apply(rows.prediction[own])
    return out


def _blocks(fold: np.ndarray) -> np.ndarray:
    """The folds; the rows of a single one are cut in blocks."""
    return np.arange(len(fold)) % BLOCKS if len(np.unique(fold)) < 2 else fold


def _cross_fitted_losses(rows: Rows, kind: str) -> np.ndarray:
    """(n,) log-losses, each row's probabilities calibrated by what the other folds say."""
    if kind == "identity":
        return losses(rows.y, rows.prediction)
    return losses(rows.y, _without_each_fold(rows, lambda other, share: fit(kind, other)))


def _against_nothing(rows: Rows, kind: str) -> dict[str, float]:
    """The log-loss without and with a kind that was asked for."""
    found = {name: _cross_fitted_losses(rows, name) for name in dict.fromkeys(["identity", kind])}
    return {name: float(np.average(values, weights=rows.weight)) for name, values in found.items()}


def _simplest(mean: dict[str, float], by_row: dict[str, np.ndarray], rows: Rows) -> str:
    """The simplest kind within one standard error of the best; of nothing and a temperature simply the better."""
    simple = "temperature" if mean.get("temperature", np.inf) < mean["identity"] else "identity"
    kinds = [simple, *(kind for kind in KINDS[2:] if kind in mean)]
    best = min(kinds, key=lambda kind: mean[kind])
    return next(
        kind
        for kind in kinds
        if kind == best or mean[kind] - mean[best] <= _standard_error(by_row[kind] - by_row[best], rows)
    )


def _standard_error(difference: np.ndarray, rows: Rows) -> float:
    """Standard error of the mean of (n,) paired differences; groups vary as a whole."""
    n = len(difference)
    weight = np.ones(n) if rows.weight is None else rows.weight / rows.weight.mean()
    pull = weight * (difference - np.average(difference, weights=weight))
    unit = np.arange(n) if rows.unit is None else np.unique(rows.unit, return_inverse=True)[1]
    sums = np.bincount(unit, weights=pull)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / n)


def _drawn(rows: Rows, most: int) -> Rows:
    """The rows, or so many of them, the same at every run."""
    if len(rows.y) <= most:
        return rows
    return rows.take(np.sort(np.random.default_rng(len(rows.y)).choice(len(rows.y), most, replace=False)))


def _too_few(rows: Rows, allowed: tuple[str, ...], enough: list[str], classes: tuple[str, ...]) -> str:
    """Which kinds were not considered, for want of rows."""
    lacking = [kind for kind in KINDS if kind in allowed and kind not in enough]
    if not lacking or len(allowed) == 1:
        return ""
    at = rows.rarest_class()
    name = f"class {classes[at]}" if at < len(classes) else "the rarest class"
    kind = lacking[0]
    there = f"{FROM[kind]:,} held-out rows of each class, and {name} has {rows.rarest:,.0f}"
    return f"; {WORDS[kind]} is considered from {there}"
