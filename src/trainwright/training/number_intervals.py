"""Lower and upper bounds of a run on a number: learned from out-of-fold errors, judged where they were not.

The sealed test never touches them; a run without enough rows says why it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.conformal import (
    bounded,
    compress,
    masses,
    needed_share,
    promised,
    upper_quantile,
    worst_group_quantile,
)
from trainwright.evaluate.error_size import WORDS, Chosen, Errors, ErrorSize, choose_kind, fit_size
from trainwright.evaluate.interval_coverage import Bounds, booleans_of, measure
from trainwright.packages.number_intervals import CV_PLUS, RESIDUALS, IntervalState, ReviewWidth
from trainwright.packages.write import Member
from trainwright.training.guarded import guarded
from trainwright.training.held_out_errors import errors_by_fold, latest_windows, out_of_fold_errors, windows_in_order
from trainwright.training.outcome import Outcome

if TYPE_CHECKING:
    from trainwright.training.material import Material

SHOWN_ROWS = 60
JUDGED_ROWS = 200_000  # more are sampled evenly: the share is known to a tenth of a percent then


@dataclass(frozen=True)
class Learned:
    """What a run knows of its bounds before the sealed test.

    Args:
        states: by method, what a package of that shape keeps; empty when there are no bounds.
        document: for the result document: "level", "kind" with "reason" and "widths", "validation", "shown", "floor",
            "claims" by method; or {"skipped": why}.
    """

    states: dict[str, IntervalState] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)

    def for_members(self, members: Sequence[Member]) -> IntervalState | None:
        """What a package with these members keeps; None for none."""
        folds = {member.fold for member in members if member.weight > 0}
        cv_plus = self.states.get(CV_PLUS)
        if cv_plus is not None and folds == set(cv_plus.points):
            return cv_plus
        return self.states.get(RESIDUALS)


def intervals_of_run(material: Material, outcome: Outcome) -> Learned:
    """What `learn_intervals` gives; nothing for classes, and the reason when it fails: a training is worth more."""
    if material.target.task != "number":
        return Learned()
    found = guarded(lambda: learn_intervals(material, outcome))
    return found if isinstance(found, Learned) else Learned({}, found)


def learn_intervals(material: Material, outcome: Outcome) -> Learned:
    """The bounds that the out-of-fold errors of the chosen candidate give.

    Args:
        material: the run's development rows.
        outcome: the chosen candidate with its out-of-fold predictions.
    """
    wanted = material.options.settings.training.interval
    if wanted is False:
        return Learned({}, {"skipped": "switched off by training.interval: false"})
    level = float(wanted)
    data, oof = material.work.dataset, outcome.oof
    errors = out_of_fold_errors(outcome, oof.of(data.group))
    moments = oof.of(data.time) if material.split.rule.time is not None else None
    _, units = masses(len(errors.error), errors.group)
    if len(errors.error) == 0 or (errors.group is None and needed_share(level, units) is None):
        return Learned({}, {"skipped": f"{units} out-of-fold rows are too few for low and high at {level:.0%}"})
    latest = np.ones(len(errors.error), dtype=bool) if moments is None else latest_windows(errors.fold, moments)
    recent = errors.take(latest)
    chosen = choose_kind(recent, level)
    size = fit_size(chosen.kind, recent)
    floor = 0.0 if float(data.y[material.work.everything].min()) >= 0 else None
    review = material.options.settings.requirements.review_width
    share, half = _residual_quantile(recent, size, level)
    around = IntervalState(
        level,
        RESIDUALS,
        level if share is None else share,
        size,
        half=half,
        floor=floor,
        review=None if review is None else ReviewWidth.parse(review),
        claim=_claim_of_residuals(material, recent, level, share is not None),
    )
    states = {RESIDUALS: around}
    if moments is None and share is not None:
        held = errors_by_fold(material, outcome, errors)
        points = compress(held.error / size.of(held.features), masses(len(held.error), held.group)[0], held.fold)
        claim = _claim_of_cv_plus(level, units, len(np.unique(errors.fold)), errors.group is not None)
        kept = {fold: tuple(row.tolist()) for fold, row in points.items()}
        states[CV_PLUS] = replace(around, method=CV_PLUS, points=kept, half=None, claim=claim)
    judged = _judged(material, outcome, errors, moments, chosen, level, floor)
    document = {
        "level": level,
        "kind": chosen.kind,
        "reason": chosen.reason,
        "widths": chosen.widths,
        "floor": floor,
        "n_errors": len(recent.error),
        **judged,
    }
    return Learned(states, document)


def _residual_quantile(errors: Errors, size: ErrorSize, level: float) -> tuple[float | None, float]:
    """The share that is covered and what sizes are multiplied by; None where groups are too few to promise anything."""
    mass, units = masses(len(errors.error), errors.group)
    share = needed_share(level, units)
    scores = errors.error / size.of(errors.features)
    if share is None and errors.group is not None:
        return None, worst_group_quantile(scores, errors.group, level)
    return share, upper_quantile(scores, mass, 1.0 if share is None else share)


def _judged(
    material: Material,
    outcome: Outcome,
    errors: Errors,
    moments: np.ndarray | None,
    chosen: Chosen,
    level: float,
    floor: float | None,
) -> dict[str, Any]:
    """Coverage and width on out-of-fold rows, each fold by the errors of the others; in time, of those before it."""
    data, oof = material.work.dataset, outcome.oof
    some = np.unique(np.linspace(0, len(errors.error) - 1, min(len(errors.error), JUDGED_ROWS)).astype(np.int64))
    errors, moments = errors.take(some), None if moments is None else moments[some]
    half = np.full(len(errors.error), np.nan)
    order = np.unique(errors.fold).tolist() if moments is None else windows_in_order(errors.fold, moments)
    for at, number in enumerate(order):
        own = errors.fold == number
        known = ~own if moments is None else np.isin(errors.fold, order[:at])
        if not known.any():
            continue
        others = errors.take(known)
        if moments is not None:
            others = others.take(latest_windows(others.fold, moments[known]))
        kind = choose_kind(others, level).kind if len(order) > 2 else chosen.kind
        size = fit_size(kind, others)
        half[own] = _residual_quantile(others, size, level)[1] * size.of(errors.take(own).features)
    rows = np.flatnonzero(np.isfinite(half))
    if not len(rows):
        return {
            "validation": {"skipped": "one held-out part cannot be judged by bounds that came from itself"},
            "shown": None,
        }
    at_oof = some[rows]
    prediction = outcome.prediction[at_oof]
    low, high = bounded(prediction - half[rows], prediction + half[rows], prediction, floor)
    bounds = Bounds(oof.y[at_oof], prediction, low, high, level)
    positions = oof.positions[at_oof]
    found = measure(
        bounds,
        columns=lambda some: data.columns.take(positions[some]),
        booleans=booleans_of(material.schema),
        group=None if errors.group is None else errors.group[rows],
        cluster=None if data.cluster is None else data.cluster[positions],
        time=None if moments is None else moments[rows],
        seed=material.options.seed,
    )
    return {"validation": found, "shown": _shown(bounds)}


def _shown(bounds: Bounds) -> dict[str, list[float]]:
    """Some rows from the smallest prediction to the largest, for the figure."""
    order = np.argsort(bounds.prediction, kind="stable")
    some = bounds.take(order[np.unique(np.linspace(0, len(order) - 1, SHOWN_ROWS).astype(np.int64))])
    return {name: getattr(some, name).tolist() for name in ("prediction", "low", "high", "y")}


def _claim_of_cv_plus(level: float, units: int, folds: int, groups: bool) -> str:
    """What CV+ promises, and for which rows."""
    least = promised(level, units, folds)
    who = "rows of new groups, each group counted once" if groups else "new rows drawn as these were"
    if folds == 1:
        return f"promised for {who}: {level:.0%} of true values on average (split conformal prediction)"
    return (
        f"promised for {who}: at least {least:.0%} of true values, as a rule about {level:.0%} or a "
        "little more (CV+ conformal prediction; having chosen the model on the same "
        "rows is not part of the promise, so the share is measured)"
    )


def _claim_of_residuals(material: Material, errors: Errors, level: float, enough: bool) -> str:
    """Why nothing is promised, in words."""
    if material.split.rule.time is not None:
        return "nothing is promised for later rows, which may differ: the errors of the latest windows are used"
    if errors.group is not None and not enough:
        groups = len(np.unique(errors.group))
        return (
            f"{groups} groups are too few to promise {level:.0%} for new ones: low and high are as wide as the worst "
            "group needed"
        )
    return "nothing is promised formally: errors of the fold models stand in for those of the model trained on all rows"


def interval_document(
    learned: Learned, state: IntervalState | None, test: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The result document's `interval`; None for a target of classes.

    Args:
        learned: what was learned before the sealed test.
        state: what the package keeps.
        test: the evaluation document of the sealed test, or None.
    """
    if not learned.document or state is None:
        return learned.document or None
    sealed = (test or {}).get("interval")
    measured = sealed or learned.document["validation"]
    return {
        **learned.document,
        "method": state.method,
        "follows": WORDS[state.size.kind],
        "claim": state.claim,
        "review": None if state.review is None else str(state.review),
        "measured_on": "test" if sealed else "validation",
        "coverage": measured.get("coverage"),
        "width": measured.get("width"),
        "per_segment": measured.get("per_segment") or [],
        "test": sealed,
    }
