"""Chooses a candidate: the best, unless something simpler does as well or the requirements say otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.compare import BETTER, BaselineVerdict, compare, compare_to_baselines
from trainwright.evaluate.intervals import normal_quantile
from trainwright.tasks import Metric, Task

if TYPE_CHECKING:
    from trainwright.config.requirements import RequirementSettings
    from trainwright.training.scores import OutOfFold

EXPLAINABILITY = {"low": 0, "medium": 1, "high": 2}
# Families of candidates that are made of several models; `combine` and `bagging` make them.
ENSEMBLES = ("ensemble", "stacking", "bagging")


@dataclass(frozen=True)
class Candidate:
    """A finished trial, or the ensemble, as the choice sees it.

    Args:
        name, family, role: as in the plan; the ensemble is a family of its own.
        complexity: rank of its family, for "the simplest".
        folds: (f,) the run's metric on each fold.
        fit_s: seconds of all its fits.
        predict_ms_per_row: in a batch, one model.
        row_ms: milliseconds of one model (of each member) for a single row.
        size_mb: of one model (of each member) on disk.
        n_fits: models that its fold average would hold (per member).
        explainability: "high", "medium", "low" or "unknown".
        upkeep: in words.
        settings: those that differ from the family's defaults.
        packageable: False for estimators that only a pickle could hold.
    """

    name: str
    family: str
    role: str
    complexity: int
    folds: np.ndarray
    fit_s: float
    predict_ms_per_row: float
    row_ms: float
    size_mb: float
    n_fits: int
    explainability: str
    upkeep: str
    settings: dict[str, Any]
    packageable: bool


@dataclass(frozen=True)
class Requirements:
    """What the chosen candidate must keep; None: no limit."""

    max_latency_ms: float | None = None
    max_size_mb: float | None = None
    max_memory_mb: float | None = None
    max_train_time: float | None = None
    explainability: str | None = None
    simplest: bool = False

    @classmethod
    def from_settings(cls, settings: RequirementSettings) -> Requirements:
        """The requirements of a run's settings."""
        explainable = settings.explainable
        return cls(
            max_latency_ms=settings.max_latency_ms,
            max_size_mb=settings.max_size_mb,
            max_memory_mb=settings.max_memory_mb,
            max_train_time=settings.max_train_time,
            explainability="high" if explainable is True else explainable or None,
            simplest=settings.simplest,
        )

    def failures(self, candidate: Candidate) -> list[str]:
        """What the candidate does not keep, in words; latency and size in its lightest shape, one model each."""
        out = []
        limits = (
            ("max_latency_ms", self.max_latency_ms, candidate.row_ms, "ms for one row"),
            ("max_size_mb", self.max_size_mb, candidate.size_mb, "MB"),
            ("max_train_time", self.max_train_time, candidate.fit_s, "s of training"),
        )
        for name, limit, value, unit in limits:
            if limit is not None and value > limit:
                out.append(f"{name}: {value:.3g} {unit}, {value - limit:.3g} more than the {limit:g} allowed")
        if self.explainability is not None:
            have = EXPLAINABILITY.get(candidate.explainability, 0)
            if have < EXPLAINABILITY[self.explainability]:
                out.append(f"explainable: {candidate.explainability}, {self.explainability} is required")
        return out


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why.

    Args:
        selected: name of the chosen candidate.
        best: the candidate with the best mean figure among those that can be packaged.
        simplest: the simplest within one standard error of the best.
        reason: why, in words.
        beats_baseline: whether any contender is better than every baseline beyond chance.
        verdicts: by candidate: {"versus_baseline": "better" | "worse" | "not distinguishable", "p", "difference", ...}.
        failures: by candidate, the requirements it does not keep.
        unmet: the requirements that the chosen candidate does not keep, because none does.
    """

    selected: str
    best: str
    simplest: str
    reason: str
    beats_baseline: bool
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: dict[str, list[str]] = field(default_factory=dict)
    unmet: list[str] = field(default_factory=list)


def choose(
    candidates: list[Candidate],
    oof: OutOfFold,
    task: Task,
    metric: Metric,
    requirements: Requirements,
    *,
    blended: np.ndarray | None = None,
    recorded: str | None = None,
) -> Choice:
    """Chooses among finished candidates.

    The best is compared with every simpler one, paired over folds. An ensemble must be better than the simplest by
    more than one standard error, or the simpler is chosen. Requirements are kept first; where none keeps them, the
    best is chosen and it is said what is missed and by how much.

    Args:
        candidates: in the order of the plan; baselines among them.
        oof: aligned out-of-fold predictions.
        blended: the ensemble's cross-fitted predictions for the same rows, where it is one of the candidates.
        recorded: the choice of the run being repeated.
    """
    usable = [c for c in candidates if c.packageable]
    failures = {c.name: requirements.failures(c) for c in usable}
    keeping = [c for c in usable if not failures[c.name]]
    pool = keeping or usable
    best = min(pool, key=lambda c: _rank(c, metric))
    predictions = dict(oof.predictions)
    if blended is not None:
        predictions |= {c.name: blended for c in candidates if c.name not in predictions}
    near = _within_one_standard_error(pool, best, predictions, oof, metric)
    simplest = min(near, key=lambda c: (c.complexity, _rank(c, metric)))
    verdicts = _verdicts(candidates, predictions, oof, metric)
    chosen, reason = best, f"it has the best mean {metric.title} over the folds"
    if simplest.name != best.name and requirements.simplest:
        chosen, reason = simplest, f"the simplest within one standard error of {best.name}, as required"
    elif simplest.name != best.name and best.family in ENSEMBLES:
        chosen = simplest
        reason = "the ensemble is not better by more than one standard error, so the simplest that keeps up is chosen"
    if keeping and len(keeping) < len(usable):
        reason += f"; {len(usable) - len(keeping)} of {len(usable)} candidates do not keep the requirements"
    reason += _better_but_unpackageable(candidates, chosen, metric)
    if recorded is not None:
        chosen = next((c for c in usable if c.name == recorded), chosen)
    return Choice(
        selected=chosen.name,
        best=best.name,
        simplest=simplest.name,
        reason=reason,
        beats_baseline=any(len(v.beaten) > 0 for v in verdicts.values()),
        verdicts=_verdict_rows(candidates, verdicts),
        failures={name: words for name, words in failures.items() if words},
        unmet=[] if keeping else failures[chosen.name],
    )


def _better_but_unpackageable(candidates: list[Candidate], chosen: Candidate, metric: Metric) -> str:
    """What to say when an estimator handed over in Python did better than what is chosen."""
    better = [c.name for c in candidates if not c.packageable and _rank(c, metric) < _rank(chosen, metric)]
    if not better:
        return ""
    return f"; {' and '.join(better)} did better, but what was handed over in Python cannot be packaged"


def _within_one_standard_error(
    pool: list[Candidate],
    best: Candidate,
    predictions: dict[str, np.ndarray],
    oof: OutOfFold,
    metric: Metric,
) -> list[Candidate]:
    """The candidates no further behind the best than one standard error of the difference, paired on the same rows.

    The one-standard-error rule of Breiman et al. 1984, with the error of the paired difference: folds differ far more
    from each other than two good candidates do on the same fold.
    """
    found = compare(
        oof.y, {c.name: predictions[c.name] for c in pool}, best.name, metric, fold=oof.fold, weight=oof.weight
    )
    near = {best.name}
    for row in found:
        error = (row.high - row.low) / 2 / normal_quantile(row.level)
        if np.isfinite(error) and -row.difference <= error:
            near.add(row.name)
    return [c for c in pool if c.name in near]


def _rank(candidate: Candidate, metric: Metric) -> float:
    """Sort key: less is better, NaN last."""
    finite = candidate.folds[np.isfinite(candidate.folds)]
    if not len(finite):
        return float("inf")
    return -float(finite.mean()) if metric.greater_is_better else float(finite.mean())


def _verdicts(
    candidates: list[Candidate], predictions: dict[str, np.ndarray], oof: OutOfFold, metric: Metric
) -> dict[str, BaselineVerdict]:
    """Every contender against the majority or mean and the other baselines, corrected over all of them."""
    baselines = [c.name for c in candidates if c.role == "baseline"]
    floor = next((c.name for c in candidates if c.family == "baseline"), None)
    if floor is None:
        return {}
    if len(baselines) == len(candidates):
        baselines = [floor]  # no booster fitted into the limit: is a trained baseline better than guessing?
    return compare_to_baselines(oof.y, predictions, baselines, metric, floor=floor, fold=oof.fold, weight=oof.weight)


def _verdict_rows(candidates: list[Candidate], verdicts: dict[str, BaselineVerdict]) -> dict[str, dict[str, Any]]:
    """What the leaderboard shows of the comparisons."""
    rows: dict[str, dict[str, Any]] = {}
    for name, verdict in verdicts.items():
        word = BETTER if verdict.beats_all else "not distinguishable"
        if any(row.verdict == "worse" for row in verdict.rows):
            word = "worse"
        rows[name] = {
            "verdict": word,
            "verdict_text": verdict.text,
            "comparisons": [row.to_json() for row in verdict.rows],
        }
    for candidate in candidates:
        rows.setdefault(candidate.name, {"verdict": "baseline", "verdict_text": "a baseline"})
    return rows
