"""The members of a package as one model: weighted average or second level, calibration, and what each feature pushed.

Two ways to run it: `Ensemble` in this process, `elsewhere.RemoteEnsemble` in a limited child process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trainwright.data.columns import Columns
from trainwright.data.schema import Target
from trainwright.errors import TrainwrightError, UserError
from trainwright.packages import needs
from trainwright.packages.reference import encode_reference, replace_feature
from trainwright.packages.verify import Checked

if TYPE_CHECKING:
    from trainwright.models.spec import Estimator
    from trainwright.packages.second_level import SecondLevel

_TINY = 1e-9  # keeps log-odds finite where a model is certain


@dataclass(frozen=True)
class Pushes:
    """What each feature pushed, for n rows.

    Args:
        names: p features, as in the layout.
        values: (n, p) on the log-odds of a class, or in the units of the number.
        towards: (n,) position of the class whose log-odds were pushed; -1 for a number.
        exact: every member gave an exact account of itself; otherwise replacing the feature by its reference
            value stands in for those that cannot.
    """

    names: tuple[str, ...]
    values: np.ndarray
    towards: np.ndarray
    exact: bool


class Model(Protocol):
    """What a `Predictor` needs: see `Ensemble`."""

    def predict(self, columns: Columns) -> np.ndarray: ...

    def parts(self, columns: Columns) -> np.ndarray: ...

    def combine(self, parts: np.ndarray) -> np.ndarray: ...

    def pushes(self, columns: Columns) -> Pushes: ...


class Ensemble:
    """The loaded members of a package, in this process.

    Args:
        checked: a package that passed `verify.check_package`.
        allowed: the families that may be loaded; None: all there are.

    Raises:
        EnvironmentProblem: a library is missing.
        UserError: a family is not known or not allowed, or a member's files cannot be read.
    """

    def __init__(self, checked: Checked, allowed: frozenset[str] | None = None):
        manifest = checked.manifest
        self.target: Target = manifest.target
        self.reference = encode_reference(checked.layout, checked.reference)
        needs.check(manifest.required)
        total = sum(member.weight for member in manifest.members)
        self.members: list[tuple[float, Estimator]] = []
        for member in manifest.members:
            estimator = _load(checked, member.family, member.folder, allowed)
            self.members.append((member.weight / total, estimator))
        self._level = manifest.combine
        self._names = [member.name for member in manifest.members]
        own = [sum(other.weight for other in manifest.members if other.name == name) for name in self._names]
        # (m,) each member's share among those of its name, and what its log-odds or number are multiplied by.
        self._shares = [member.weight / of if of else 0.0 for member, of in zip(manifest.members, own)]
        self._pull = [weight for weight, _ in self.members]
        if self._level is not None:
            self._pull = [share * self._level.weights[name] for name, share in zip(self._names, self._shares)]
        self.calibrate = calibrator(manifest.calibration, self.target.n_outputs)

    def predict(self, columns: Columns) -> np.ndarray:
        """(n, k) calibrated probabilities in the order of the classes, or (n,) numbers."""
        weight, estimator = self.members[0]
        if self._level is not None:
            out = self._stacked(self._level, columns)
        elif len(self.members) == 1:
            out = np.asarray(estimator.predict(columns), dtype=np.float64)
        else:
            out = weight * estimator.predict(columns)
            for weight, estimator in self.members[1:]:
                out = out + weight * estimator.predict(columns)
        if out.shape != self._shape(len(columns)) or not np.isfinite(out).all():
            raise TrainwrightError(
                f"the members of the package gave predictions of shape {out.shape}, expected finite numbers "
                f"of shape {self._shape(len(columns))}"
            )
        return out if self.calibrate is None else self.calibrate(out)

    def parts(self, columns: Columns) -> np.ndarray:
        """(n, m) what each member predicts, for a number: what its bounds are made of."""
        found = np.column_stack([estimator.predict(columns) for _, estimator in self.members]).astype(np.float64)
        if found.shape != (len(columns), len(self.members)) or not np.isfinite(found).all():
            raise TrainwrightError("a member of the package gave predictions that are no finite numbers")
        return found

    def combine(self, parts: np.ndarray) -> np.ndarray:
        """(n,) what `predict` gives, from `parts`, to the last digit."""
        return weighted(parts, [weight for weight, _ in self.members])

    def pushes(self, columns: Columns) -> Pushes:
        """What each feature pushed for each row.

        Two classes or a number: the weighted sum of the members' own accounts (log-odds of the positive
        class before calibration, or units of the target); members without one are asked again with the
        feature at its reference value. More classes: members may disagree on the class, so the whole
        ensemble is asked again.
        """
        names = columns.layout.names
        values = np.zeros((len(columns), len(names)))  # (n, p)
        if self.target.n_outputs > 2:
            before = self.predict(columns)
            towards = before.argmax(axis=1)
            values = _replacing(self.predict, columns, self.reference, lambda out: _log_odds(out, towards))
            return Pushes(names, values, towards, exact=False)
        number = self.target.task == "number"
        towards = np.full(len(columns), -1 if number else self.target.positive_index)
        score: Callable[[np.ndarray], np.ndarray] = (lambda out: out) if number else lambda out: _log_odds(out, towards)
        exact = True
        for weight, (_, estimator) in zip(self._pull, self.members):
            account = estimator.contributions(columns)
            if account is None:
                exact = False
                values += weight * _replacing(estimator.predict, columns, self.reference, score)
            else:
                for j, name in enumerate(names):
                    if name in account:
                        values[:, j] += weight * account[name]
        return Pushes(names, values, towards, exact)

    def _stacked(self, level: SecondLevel, columns: Columns) -> np.ndarray:
        """(n, k) what the second level makes of the members; those of one name are averaged first."""
        parts: dict[str, np.ndarray] = {}
        for name, share, (_, estimator) in zip(self._names, self._shares, self.members):
            said = share * estimator.predict(columns)
            parts[name] = parts[name] + said if name in parts else said
        return level.apply(parts)

    def _shape(self, n: int) -> tuple[int, ...]:
        return (n,) if self.target.task == "number" else (n, self.target.n_outputs)


def weighted(parts: np.ndarray, weights: list[float]) -> np.ndarray:
    """(n,) the average of (n, m) predictions, added in the order in which `Ensemble.predict` adds them.

    Example:
        >>> weighted(np.array([[1.0, 3.0]]), [0.5, 0.5])
        array([2.])
    """
    if len(weights) == 1:
        return parts[:, 0]
    out = weights[0] * parts[:, 0]
    for j, weight in enumerate(weights[1:], start=1):
        out = out + weight * parts[:, j]
    return out


def calibrator(state: dict[str, Any], n_classes: int | None = None) -> Callable[[np.ndarray], np.ndarray] | None:
    """The function that a stored calibration stands for, checked against the classes; None for the identity."""
    if state.get("kind") == "identity":
        return None
    from trainwright.evaluate.calibration import read_calibration

    return read_calibration(state, n_classes).apply


def _load(checked: Checked, family: str, folder: str, allowed: frozenset[str] | None) -> Estimator:
    from trainwright.models.families import families
    from trainwright.models.members import load_member

    known = families()
    if family not in known or (allowed is not None and family not in allowed):
        names = sorted(set(known) & allowed) if allowed is not None else sorted(known)
        raise UserError(f"the package has a member of the family {family!r:.60}, expected one of {', '.join(names)}")
    try:
        return load_member(known[family].load(), checked.folder / folder, checked.manifest.target)
    except (KeyError, ValueError, TypeError, IndexError, OSError) as error:
        raise UserError(
            f"the member {folder!r} of the package is not what the family {family!r} writes: {error}",
            remedy="it may come from another release; train again",
        ) from error


def _replacing(
    predict: Callable[[Columns], np.ndarray],
    columns: Columns,
    reference: Columns,
    score: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """(n, p) change of the score when each feature in turn takes its reference value (leave one covariate
    out, Robnik-Sikonja and Kononenko 2008, equation 4, with one reference row instead of an average over
    many)."""
    before = score(predict(columns))
    out = np.empty((len(columns), len(columns.layout.names)))
    for j, name in enumerate(columns.layout.names):
        out[:, j] = before - score(predict(replace_feature(columns, reference, name)))
    return out


def _log_odds(probabilities: np.ndarray, towards: np.ndarray) -> np.ndarray:
    """(n,) log-odds of one class per row."""
    p = np.clip(probabilities[np.arange(len(probabilities)), towards], _TINY, 1 - _TINY)
    return np.log(p / (1 - p))
