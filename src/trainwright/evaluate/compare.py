"""Is one candidate better than another? Paired on the same rows, corrected for how many were tried.

"not distinguishable" is a verdict: it is what most differences between good candidates deserve.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainwright.data.holm import holm as corrected
from trainwright.evaluate.paired import BETTER, SAME, TOO_FEW, WORSE, Comparison, corrected_t, paired
from trainwright.tasks.metric import Metric

__all__ = [
    "BETTER",
    "SAME",
    "TOO_FEW",
    "WORSE",
    "BaselineVerdict",
    "Comparison",
    "compare",
    "compare_to_baselines",
    "compare_versions",
    "corrected_t",
    "holm",
]


def compare(
    y: np.ndarray,
    candidates: Mapping[str, np.ndarray],
    against: str,
    metric: Metric,
    *,
    fold: np.ndarray | None = None,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> list[Comparison]:
    """Compares every candidate with one of them, Holm-corrected.

    Where rows have a loss of their own the paired differences of losses are averaged over rows (over
    groups, or
    blocks of time); ROC-AUC uses each row's influence within its fold; average precision and its kin the
    corrected t over folds; everything else the bootstrap of both candidates on the same draws. Averaging
    over all
    out-of-fold rows is valid for the mean of the fold models: Bayle et al. 2020.

    Args:
        y: (n,) class positions or numbers.
        candidates: predictions by name, all on the same n rows.
        against: the name that the others are compared with.
        metric: what is compared.
        fold, group, time, weight: (n,) roles of the rows, or None.
        level: a verdict needs a corrected p below 1 - level.
        seed: of the bootstrap.

    Returns:
        One comparison for each other candidate, in the order given.
    """
    found = [
        paired(name, against, y, candidates, metric, fold, group, time, weight, level, seed)
        for name in candidates
        if name != against
    ]
    return holm(found)


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Verdicts after Holm's step-down correction (Holm 1979); a p that is NaN takes no part."""
    out = []
    for c, p in zip(comparisons, corrected(np.array([c.p for c in comparisons])).tolist()):
        if not math.isnan(p):
            verdict = SAME
            if p < 1 - c.level:
                verdict = BETTER if c.difference > 0 else WORSE
            c = replace(c, p_corrected=p, verdict=verdict)
        out.append(c)
    return out


@dataclass(frozen=True)
class BaselineVerdict:
    """Whether a candidate beats the baselines.

    Args:
        name: the candidate.
        beaten: baselines that it beats.
        not_beaten: the others.
        beats_all: all baselines are beaten.
        text: the verdict as one sentence.
        rows: the comparisons behind it.
    """

    name: str
    beaten: tuple[str, ...]
    not_beaten: tuple[str, ...]
    beats_all: bool
    text: str
    rows: tuple[Comparison, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "beaten": list(self.beaten),
            "not_beaten": list(self.not_beaten),
            "beats_baselines": self.beats_all,
            "text": self.text,
            "rows": [row.to_json() for row in self.rows],
        }


def compare_to_baselines(
    y: np.ndarray,
    candidates: Mapping[str, np.ndarray],
    baselines: Sequence[str],
    metric: Metric,
    *,
    floor: str | None = None,
    fold: np.ndarray | None = None,
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, BaselineVerdict]:
    """Does it beat the baseline? For every candidate that is not one itself.

    A candidate that does not beat the floor (the majority class, the mean) beats no baseline at all: that
    others
    are worse than guessing is no merit of its own. The correction covers all candidates and baselines
    together.

    Args:
        y: (n,) class positions or numbers.
        candidates: predictions by name, those of the baselines among them.
        baselines: their names.
        metric: what is compared.
        floor: the baseline that ignores every column; the first one by default.
        fold, group, time, weight, level, seed: as in `compare`.

    Returns:
        For each other candidate its verdict.
    """
    floor = floor or baselines[0]
    others = [name for name in candidates if name not in baselines]
    found = holm(
        [
            paired(name, baseline, y, candidates, metric, fold, group, time, weight, level, seed)
            for name in others
            for baseline in baselines
        ]
    )
    out = {}
    for name in others:
        rows = tuple(c for c in found if c.name == name)
        beaten = tuple(c.against for c in rows if c.verdict == BETTER)
        if floor not in beaten:
            beaten = ()
        rest = tuple(b for b in baselines if b not in beaten)
        out[name] = BaselineVerdict(name, beaten, rest, not rest, _sentence(name, floor, beaten, rows), rows)
    return out


def _sentence(name: str, floor: str, beaten: Sequence[str], rows: Sequence[Comparison]) -> str:
    if not beaten:
        against_floor = next(c.verdict for c in rows if c.against == floor)
        how = {WORSE: "is worse than", TOO_FEW: "has too few rows to be compared with"}
        words = how.get(against_floor, "is not distinguishable from")
        return f"no baseline is beaten: {name} {words} guessing without the columns ({floor})"
    same = [c.against for c in rows if c.verdict == SAME]
    worse = [c.against for c in rows if c.verdict == WORSE]
    text = f"{name} beats {' and '.join(beaten)}"
    if same:
        text += f"; it is not distinguishable from {' and '.join(same)}"
    if worse:
        text += f"; it is worse than {' and '.join(worse)}"
    return text


FEWEST_FOR_VERSIONS = 100


def compare_versions(
    y: np.ndarray,
    prediction_a: np.ndarray,
    prediction_b: np.ndarray,
    metric: Metric,
    *,
    names: tuple[str, str] = ("a", "b"),
    group: np.ndarray | None = None,
    time: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """Compares two model versions on rows that neither was trained on; the caller sees to that.

    With fewer than 100 such rows the verdict is "too few rows", whatever the figures.

    Args:
        y: (n,) class positions or numbers.
        prediction_a, prediction_b: both versions' predictions of these rows.
        metric: what is compared; the difference is positive where the first is better.
        names: of the versions.
        group, time, weight, level, seed: as in `compare`.
    """
    predictions = {names[0]: prediction_a, names[1]: prediction_b}
    found = holm([paired(names[0], names[1], y, predictions, metric, None, group, time, weight, level, seed)])[0]
    return replace(found, verdict=TOO_FEW) if len(y) < FEWEST_FOR_VERSIONS else found
