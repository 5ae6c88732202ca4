"""How far probabilities can be believed, before and after calibration: figures with intervals, a curve, and a sentence.

Calibration error: root mean squared distance of probability and share over bins with the same number of rows, what
chance alone adds taken out (Kumar, Liang, Ma 2019, "Verified uncertainty calibration", section 4); with more than two
classes it is about the class that is answered. Beside it stand the Brier score with its parts and the log-loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trainwright.data.schema import Target
from trainwright.evaluate import curves
from trainwright.evaluate.brier_parts import parts
from trainwright.evaluate.calibration_scale import masses
from trainwright.evaluate.calibration_words import WORDS
from trainwright.evaluate.decision_words import positive_name
from trainwright.evaluate.intervals import bootstrap, bootstrap_interval, json_number, wilson
from trainwright.evaluate.resampling import Resampler, make_units
from trainwright.evaluate.scores import too_few
from trainwright.tasks import Metric, task_for

COMPARED = ("calibration_error", "log_loss", "brier")
METHOD = "bins with the same number of rows, chance taken out (Kumar, Liang and Ma 2019)"
MOST_ROWS = 200_000
MOST_CLASSES = 12
"""With more classes the parts of the Brier score have no interval: their sums would be too many to resample."""
SHOWN_AT = 0.8
"""The sentence is about the bin that is nearest to this probability, or the highest there is."""


def compare(
    target: Target,
    y: np.ndarray,
    before: np.ndarray,
    after: np.ndarray | None,
    *,
    group: np.ndarray | None = None,
    cluster: np.ndarray | None = None,
    time: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
    seconds: float = 2.0,
) -> dict[str, Any]:
    """Measures probabilities before and after calibration on the same rows.

    Args:
        target: whose classes they are.
        y: (n,) class positions.
        before: (n, k) probabilities.
        after: (n, k), each calibrated without the row's own fold; None when nothing is changed.
        group, cluster, time: (n,) roles, by which the intervals are made.
        weight: (n,) or None.
        level: of the intervals.
        seed: of everything drawn.
        seconds: what the resamples may cost, as their sizes tell.

    Returns:
        {"n_rows", "level", "method", "about", "named", "before", "after", "difference", "said", "sentence"}; a side is
        {"metrics": {name: figure with interval}, "curve": [{"mean_probability", "share", "low", "high", "n"}]}, and
        "difference" the change of each metric, resampled in pairs. Without calibration "after" is None.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> p = rng.uniform(0.02, 0.98, 2000)
        >>> y = (rng.random(2000) < p).astype(int)
        >>> found = compare(Target("ok", "classes", ("no", "yes"), "yes"), y, np.column_stack([1 - p, p]), None)
        >>> found["before"]["metrics"]["calibration_error"]["value"] < 0.03
        True
    """
    n_all = len(y)
    if n_all > MOST_ROWS:
        at = np.sort(np.random.default_rng([seed, 6]).choice(n_all, MOST_ROWS, replace=False))
        y, before = y[at], before[at]
        after, group, cluster, time, weight = (
            None if role is None else role[at] for role in (after, group, cluster, time, weight)
        )
    task = task_for(target)
    loss = task.losses(y, before, "log_loss")
    units = make_units(len(y), group=group, cluster=cluster, time=time, loss=loss, seed=seed)
    counted = None if weight is None else masses(len(y), weight)
    sides = [Resampler(y, p, units, counted, seed=seed, seconds=seconds / 8) for p in (before, after) if p is not None]
    metrics = _metrics(target)
    few = too_few(units, len(y))
    shown: list[dict[str, Any]] = [
        {"metrics": _figures(metrics, side, level, few), "curve": curve(target, y, side.prediction)} for side in sides
    ]
    out: dict[str, Any] = {
        "n_rows": len(y),
        "of_rows": n_all,
        "level": level,
        "method": METHOD,
        "about": _about(target),
        "named": None if _about(target) is None else positive_name({"target": target.to_json()}),
        "before": shown[0],
        "after": shown[1] if len(shown) > 1 else None,
        "difference": _differences(metrics, sides, level, few) if len(sides) > 1 else None,
    }
    out["said"] = said(shown[-1]["curve"])
    out["sentence"] = sentence(out)
    return out


def curve(target: Target, y: np.ndarray, prediction: np.ndarray) -> list[dict[str, float | int]]:
    """Mean probability and share that came true in bins with the same number of rows, with Wilson's interval.

    Two classes: of the positive one. More: of the class that is answered.
    """
    p, hit = _told(target, y, prediction)
    out: list[dict[str, float | int]] = []
    for point in curves.reliability(p, hit):
        share, n = point["share"], int(point["n"])
        span = wilson(round(share * n), n)
        out.append(
            {"mean_probability": point["mean_probability"], "share": share, "low": span.low, "high": span.high, "n": n}
        )
    return out


def said(points: list[dict[str, float | int]]) -> dict[str, float | int] | None:
    """The point of a curve that the sentence is about: where it is fairly sure, or as sure as it ever is."""
    if not points:
        return None
    near = min(points, key=lambda point: abs(point["mean_probability"] - SHOWN_AT))
    top = max(points, key=lambda point: point["mean_probability"])
    return near if near["mean_probability"] >= 0.5 else top


def sentence(found: Mapping[str, Any]) -> str:
    """What a reliability document comes down to, for someone who never saw one.

    Example:
        >>> point = {"mean_probability": 0.8, "share": 0.78, "low": 0.74, "high": 0.82, "n": 400}
        >>> sentence({"said": point, "about": "yes"})
        'When it says 80 % for yes, 78 of 100 are yes (400 rows; 74 to 82 with what chance leaves open).'
        >>> sentence({"said": point, "about": "1", "named": '"failure = 1"'})
        'When it says 80 % for "failure = 1", 78 of 100 turn out so (400 rows; 74 to 82 with what chance leaves open).'
    """
    point, about = found.get("said"), found.get("about")
    if not point:
        return ""
    given = _hundredths(point["mean_probability"])
    share, low, high = (_hundredths(point[key]) for key in ("share", "low", "high"))
    rest = f"({point['n']:,} rows; {low} to {high} with what chance leaves open)."
    if about is None:
        return f"When it is {given} % sure of its answer, {share} of 100 answers are right {rest}"
    named = str(found.get("named") or about)
    so = "turn out so" if named.startswith('"') else f"are {named}"  # a bare 1 or yes says nothing
    return f"When it says {given} % for {named}, {share} of 100 {so} {rest}"


def told(found: Mapping[str, Any] | None) -> str:
    """The line of a terminal: what the probabilities say, and what calibration did; "" where nothing was measured.

    Args:
        found: the result document's `reliability`.
    """
    if not found or "skipped" in found or not found.get("sentence"):
        return ""
    sides = [((found.get(side) or {}).get("metrics") or {}).get("calibration_error") for side in ("before", "after")]
    before, after = (None if side is None else side.get("value") for side in sides)
    if before is None:
        return str(found["sentence"])
    if after is None:
        return f"{found['sentence']} Calibration error: {_error(before)}; shown as the models give them."
    kind = WORDS.get(str(found.get("chosen")), str(found.get("chosen")))
    return (
        f"{found['sentence']} Calibrated by {kind}; calibration error before: {_error(before)}, after: {_error(after)}."
    )


def _error(value: float) -> str:
    """A calibration error, which is 0 where chance explains all of it."""
    return f"{value:.3f}" if value >= 0.0005 else "none beyond chance"


def _hundredths(share: float) -> str:
    """A share in hundredths; small ones with a decimal."""
    value = 100 * share
    return f"{value:.0f}" if value >= 9.95 or value == 0 else f"{value:.1f}"


def _about(target: Target) -> str | None:
    """The class whose probability is meant; None: that of the class answered."""
    return target.classes[target.positive_index] if len(target.classes) == 2 else None


def _told(target: Target, y: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) the probability that is judged, and (n,) whether it came true."""
    if len(target.classes) == 2:
        c = target.positive_index
        return prediction[:, c], (y == c).astype(float)
    top = prediction.argmax(axis=1)
    return prediction[np.arange(len(y)), top], (y == top).astype(float)


def _metrics(target: Target) -> dict[str, Metric]:
    """What is measured, by name."""
    k = len(target.classes)
    known = task_for(target).metrics
    own = parts((target.positive_index,) if k == 2 else tuple(range(k)))
    return {name: known[name] for name in COMPARED} | {f"brier_{name}": metric for name, metric in own.items()}


def _figures(metrics: dict[str, Metric], side: Resampler, level: float, few: str | None) -> dict[str, Any]:
    """Each figure with its interval."""
    out = {}
    for name, metric in metrics.items():
        plain = few or (_many(side) if name.startswith("brier_") else None)
        if plain is not None:
            value = metric(side.y, side.prediction, side.weight)
            out[name] = {"value": json_number(value), "low": None, "high": None, "method": "none", "reason": plain}
        else:
            out[name] = bootstrap(metric, side, level).to_json()
    return out


def _many(side: Resampler) -> str | None:
    """Why the parts of the Brier score have no interval, or None."""
    k = side.prediction.shape[1]
    return f"{k} classes: more than {MOST_CLASSES}" if k > MOST_CLASSES else None


def _differences(metrics: dict[str, Metric], sides: list[Resampler], level: float, few: str | None) -> dict[str, Any]:
    """Each figure after less before, both resampled in the same draws."""
    out = {}
    for name in COMPARED:
        metric = metrics[name]
        values = [metric(side.y, side.prediction, side.weight) for side in sides]
        difference = values[1] - values[0]
        if few is not None:
            out[name] = {"value": json_number(difference), "low": None, "high": None, "method": "none", "reason": few}
            continue
        drawn = sides[1].values(metric) - sides[0].values(metric)
        out[name] = bootstrap_interval(
            difference, drawn, sides[0].units, level, None, None, centre=metric.binned
        ).to_json()
    return out
