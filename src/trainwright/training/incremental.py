"""The fits of an incremental training: each fold's model of the base learns on from new and replayed rows.

A family that cannot learn on keeps its model, which is averaged with one fitted on the same rows; the replayed rows
then weigh as much as the earlier rows that they stand for. With new classes a second model beside it finds them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from trainwright.data.schema import Target
from trainwright.models.families import families
from trainwright.models.members import load_member
from trainwright.models.more import CannotLearnOnError, averaged, for_target, learns_on, within
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.spec import Estimator, Report
from trainwright.models.widened import Widened, added_target
from trainwright.packages.verify import Checked
from trainwright.training.fitting import ALL_ROWS, fit_part, states_of
from trainwright.training.plan import BASELINES, Plan, Step
from trainwright.training.portfolio import INNER
from trainwright.training.trials import RowsFit, Work

CONTINUED = "continued"
WIDENED = "kept for the classes it knows, beside a second model"
AVERAGED = "kept, and averaged with one trained on replayed and new rows"
# A family that learns on by rounds gets at least so many more.
LEAST_ROUNDS = 20


@dataclass(frozen=True)
class Continuing:
    """What the fits of an incremental run learn on from.

    Args:
        label: of the base, such as "adult@v3".
        base_target: what the base predicts.
        package: of the base, checked.
        steps: of the base's members, by name.
        weights: share of each member.
        models: folder of each fold model of the base, by member and fold.
        rounds: of each fold model.
        seconds: of each member's fits, the median.
        rows: (by member) rows that a fit of the base learned from, the median.
        folds: for each fold of the run the base's.
        added: new classes.
        old: (n,) bool, development rows that are replayed.
        stands_for: (n,) how many earlier rows each development row stands for, 1 for a new one.
    """

    label: str
    base_target: Target
    package: Checked
    steps: dict[str, Step]
    weights: dict[str, float]
    models: dict[tuple[str, int], Path]
    rounds: dict[tuple[str, int], int | None]
    seconds: dict[str, float]
    rows: dict[str, float]
    folds: tuple[int, ...]
    added: tuple[str, ...]
    old: np.ndarray
    stands_for: np.ndarray

    def route(self, step: Step) -> tuple[str, str]:
        """How a step is fitted, and why not otherwise."""
        family = families()[step.family]
        if self.added and family.load().grows:
            return CONTINUED, f"and its head grows for {self._named()}"
        if self.added:
            return WIDENED, f"which finds {self._named()}"
        if not learns_on(family.load()):
            return AVERAGED, f"because {family.title} cannot learn on from where it ended"
        return CONTINUED, ""

    def plan(self, work: Work) -> Plan:
        """The base's members as steps, the heaviest first, after the majority or mean."""
        steps = [Step("baseline", "baseline", role="baseline", reason="what every model has to beat")]
        n_train = float(np.median([len(fold.train) for fold in work.folds]))
        reasons = [f"the members of {self.label} learn on; no other family is begun"]
        for name in sorted(self.steps, key=lambda name: (-self.weights[name], name)):
            step = self.steps[name]
            route, why = self.route(step)
            seconds = self.seconds[name] * n_train / max(self.rows[name], 1.0)
            step = self._continued(step, name, n_train) if route == CONTINUED else step
            words = f"a member of {self.label}: {route}" + (f", {why}" if why else "")
            steps.append(replace(step, role="candidate", seconds=max(seconds, 0.05), reason=words, optional=False))
            reasons.append(f"{name}: {words}")
        return Plan(tuple(steps), tuple(reasons))

    def fit(self, step: Step, index: int, rows: np.ndarray, work: Work, seed: int, report: Report) -> RowsFit:
        """The step on one fold's rows, from the base's model of the same fold."""
        begin = self.models.get((step.name, self.folds[index]))
        return self._fit(step, begin, rows, work, seed, report, states_of(step, str(index), work))

    def refit(self, step: Step, copy: int, rows: np.ndarray, work: Work, seed: int, report: Report) -> RowsFit:
        """The step on all rows, from the base's model of all its rows, else from that of its last fold.

        Args:
            step: as it was fitted on the folds.
            copy: number of the copy; each learns on from another model of the base, where it has several.
            rows, work, seed, report: see `fit_part`.
        """
        manifest = self.package.manifest
        places = [
            self.package.folder / entry.folder
            for entry in manifest.members
            if entry.name == step.name and entry.fold is None
        ]
        last = max((fold for name, fold in self.models if name == step.name), default=-1)
        begin = places[min(copy, len(places) - 1)] if places else self.models.get((step.name, last))
        return self._fit(step, begin, rows, work, seed, report, states_of(step, f"{ALL_ROWS}{copy}", work))

    def base_model(self, name: str, index: int) -> Estimator:
        """The base's model that did not learn from this fold's earlier held-out rows."""
        step = self.steps[name]
        return load_member(families()[step.family].load(), self.models[(name, self.folds[index])], self.base_target)

    def _fit(
        self,
        step: Step,
        begin: Path | None,
        rows: np.ndarray,
        work: Work,
        seed: int,
        report: Report,
        states: Path | None,
    ) -> RowsFit:
        standing = replace(work, dataset=replace(work.dataset, weight=self._weights(work)))
        if step.family in BASELINES and step.role == "baseline":
            return fit_part(step, rows, standing, seed, report)
        if begin is not None and self.route(step)[0] == WIDENED:
            return self._widened(step, begin, rows, work, seed, report, states)
        if begin is not None and self.route(step)[0] == CONTINUED:
            estimator = load_member(families()[step.family].load(), begin, self.base_target)
            if self.added:
                estimator = for_target(estimator, work.target)
            # A model that adds rounds knows the earlier rows already; one that is solved again needs their weight.
            own = standing if self.added or families()[step.family].iterations is None else work
            try:
                return fit_part(step, rows, own, seed, report, begin=estimator, states=states)
            except CannotLearnOnError:
                pass  # this fold's model is a constant, or lacks a class that only other folds held
        fitted = fit_part(self._anew(step), rows, standing, seed, report, states=within(states, "anew"))
        if begin is None or learns_on(families()[step.family].load()):
            return fitted
        known = load_member(families()[step.family].load(), begin, self.base_target)
        return replace(fitted, estimator=averaged(known, fitted.estimator))

    def _widened(
        self,
        step: Step,
        begin: Path,
        rows: np.ndarray,
        work: Work,
        seed: int,
        report: Report,
        states: Path | None,
    ) -> RowsFit:
        """The base's model, learning on from rows of its own classes where it can, and one that finds the new."""
        kind, count = families()[step.family].load(), len(self.base_target.classes)
        known = load_member(kind, begin, self.base_target)
        y, seconds = work.dataset.y, 0.0
        own = rows[y[rows] < count]
        plain = replace(work, rebalance=None, selector=None)
        if learns_on(kind) and len(own):
            weight = self._weights(work) if families()[step.family].iterations is None else work.dataset.weight
            data = replace(work.dataset, weight=weight)
            among = replace(plain, target=self.base_target, dataset=data)
            try:
                continued, at = self._continued(step, step.name, len(own)), within(states, "known")
                further = fit_part(continued, own, among, seed, report, begin=known, states=at)
                known, seconds = further.estimator, further.seconds
            except CannotLearnOnError:
                pass  # it stays as it is
        data = replace(work.dataset, y=np.maximum(y - count + 1, 0), weight=self._weights(work))
        finding = replace(plain, target=added_target(work.target, count), dataset=data)
        found = fit_part(self._anew(step), rows, finding, seed, report, states=within(states, "added"))
        if isinstance(known, Recalibrated):
            known = known.inner
        return RowsFit(Widened(work.target, known, found.estimator), seconds + found.seconds)

    def _named(self) -> str:
        return self.added[0] + (f" and {len(self.added) - 1} more classes" if len(self.added) > 1 else "")

    def _weights(self, work: Work) -> np.ndarray:
        """(n,) the rows' own weights, with a mean of 1, times the rows that each stands for."""
        given = work.dataset.weight
        if given is None or not given.sum() > 0:
            return self.stands_for
        return self.stands_for * given * (len(given) / given.sum())

    def _anew(self, step: Step) -> Step:
        """The step with the rounds of a model that begins from nothing, also where the base learned on itself."""
        spec = families()[step.family]
        if spec.iterations is None:
            return step
        own = self.steps[step.name].settings.get(spec.iterations, spec.defaults()[spec.iterations])
        return replace(step, settings=step.settings | {spec.iterations: max(int(own), self._had(step.name))})

    def _had(self, name: str) -> int:
        """Rounds of the base's fold models, the median; 0 for a family without rounds."""
        counts = [count for (own, _), count in self.rounds.items() if own == name and count]
        return int(np.median(counts)) if counts else 0

    def _continued(self, step: Step, name: str, n_train: float) -> Step:
        """The step with as many rounds as the new rows deserve, stopped by some of the fold's own training rows."""
        spec = families()[step.family]
        if spec.iterations is None:
            return step
        had = self._had(name) or int(spec.defaults()[spec.iterations])
        share = min(1.0, n_train / max(self.rows[name], 1.0))
        added = max(min(LEAST_ROUNDS, spec.fewest), round(had * share))
        return replace(step, settings=step.settings | {spec.iterations: added}, inner=step.inner or INNER)
