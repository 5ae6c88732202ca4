"""Candidate and base side by side on rows that neither learned from: held out in the folds, and sealed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trainwright.data.schema import Target
from trainwright.evaluate.compare import compare
from trainwright.evaluate.forgetting import forgetting, sentence
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.intervals import json_number
from trainwright.models.recalibrated import FILE as CORRECTION
from trainwright.models.recalibrated import Recalibration
from trainwright.models.storage import read_json
from trainwright.packages.ensemble import calibrator
from trainwright.packages.predictor import Predictor
from trainwright.store.datasets import SplitRow, get_split
from trainwright.store.files import open_artifact
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.versions import list_versions
from trainwright.store.workspace import Workspace
from trainwright.tasks import Metric, task_for
from trainwright.training.incremental import Continuing
from trainwright.training.options import RunOptions

if TYPE_CHECKING:
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome

# Fewer rows say nothing about a class or a figure.
FEWEST = 20
OLD, NEW = "old", "new"


@dataclass(frozen=True)
class Side:
    """What both versions say about the same n rows.

    Args:
        y: (n,) truth.
        base, candidate: (n, k) or (n,) predictions in the candidate's classes.
        base_cut, candidate_cut: thresholds of two classes; the candidate's may be (n,).
        old: (n,) bool, rows that the base was made beside; the others are new.
        group, time, weight, fold: (n,) roles, or None.
    """

    y: np.ndarray
    base: np.ndarray
    candidate: np.ndarray
    base_cut: float
    candidate_cut: float | np.ndarray
    old: np.ndarray
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    weight: np.ndarray | None = None
    fold: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> Side:
        """Some of the rows."""

        def part(values: Any) -> Any:
            return values[rows] if isinstance(values, np.ndarray) else values

        return Side(**{name: part(value) for name, value in vars(self).items()})


def side_by_side(
    side: Side, target: Target, base_target: Target, metric: Metric, *, seed: int, level: float = 0.95
) -> dict[str, Any]:
    """Both versions on old and on new rows, and what was forgotten of each class on the old ones.

    Args:
        side: what both say.
        target, base_target: of the candidate and of the base.
        metric: what is compared.
        seed: of resamples.
        level: of the intervals.

    Returns:
        {"old": {...}, "new": {...}, "forgetting": [...], "forgetting_text"}.
    """
    found: dict[str, Any] = {}
    for name, rows in ((OLD, np.flatnonzero(side.old)), (NEW, np.flatnonzero(~side.old))):
        found[name] = _compared(side.take(rows), metric, seed, level)
    old = side.take(np.flatnonzero(side.old))
    if target.task == "classes" and len(old.y) >= FEWEST:
        before = _decided(base_target, old.base[:, : len(base_target.classes)], old.base_cut)
        after = _decided(target, old.candidate, old.candidate_cut)
        memory = forgetting(old.y, before, after, target.classes, level=level)
        found["forgetting"] = [one.to_json() for one in memory]
    unknown = int((side.y >= len(base_target.classes)).sum()) if target.task == "classes" else 0
    found["rows_of_new_classes"] = unknown
    return found


def held_out_side(material: Material, outcome: Outcome) -> Side | None:
    """Candidate and base on the rows that a fold held out; None where a fold model of the base is gone."""
    work = material.work
    continuing = work.continuing
    assert continuing is not None
    data, oof = work.dataset, outcome.oof
    k = material.target.n_outputs
    shape = (len(data), k) if material.target.task == "classes" else (len(data),)
    total, times = np.zeros(shape), np.zeros(len(data))
    for index, fold in enumerate(work.folds):
        columns = data.columns.take(fold.validation)
        parts = {name: continuing.base_model(name, index).predict(columns) for name in continuing.steps}
        total[fold.validation] += widened(_mixed(continuing, parts), k)
        times[fold.validation] += 1
    seen = times[oof.positions]
    base = total[oof.positions] / (seen[:, None] if total.ndim == 2 else seen)
    if continuing.package.manifest.target.task == "classes":
        calibrate = calibrator(continuing.package.manifest.calibration, len(continuing.base_target.classes))
        if calibrate is not None:
            base = widened(calibrate(base[:, : len(continuing.base_target.classes)]), k)
    threshold = continuing.package.manifest.threshold
    units = data.group if data.group is not None else data.cluster
    return Side(
        y=oof.y,
        base=base,
        candidate=outcome.prediction,
        base_cut=0.5 if threshold is None else threshold,
        candidate_cut=outcome.cut,
        old=continuing.old[oof.positions],
        group=oof.of(units),
        time=oof.of(data.time),
        weight=oof.weight,
        fold=oof.fold,
    )


def judge_held_out(material: Material, outcome: Outcome) -> dict[str, Any]:
    """`side_by_side` on held-out rows, with what it took."""
    before = time.perf_counter()
    side = held_out_side(material, outcome)
    assert side is not None and material.work.continuing is not None
    found = side_by_side(
        side, material.target, material.work.continuing.base_target, material.metric, seed=material.options.seed
    )
    return {**found, "seconds": time.perf_counter() - before}


def older_splits(workspace: Workspace, run: Run, split: SplitRow) -> list[SplitRow]:
    """The splits whose sealed rows are opened beside an incremental run's own: those of the versions behind it."""
    grown = (split.summary or {}).get("incremental")
    if not grown or not RunOptions.of(run).settings.training.incremental:
        return []
    with read(workspace) as connection:
        return [get_split(connection, link["split"]) for link in grown["chain"]]


def together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Sealed rows of several splits below each other, in the columns of the first; what one lacks is missing there."""
    if len(frames) == 1:
        return frames[0]
    names = frames[0].columns
    return pl.concat(
        [frame.select([n for n in names if n in frame.columns]) for frame in frames], how="diagonal_relaxed"
    )


def judge_sealed(
    workspace: Workspace,
    split: SplitRow,
    frame: pl.DataFrame,
    candidate: Side,
    target: Target,
    metric: str,
    *,
    seed: int,
    level: float,
) -> dict[str, Any]:
    """`side_by_side` on the sealed rows, both packages as they are.

    Args:
        split: of the incremental run.
        frame: the n sealed rows that were opened.
        candidate: what the candidate says about them; what stands for the base in it is put in here.
        target, metric: of the candidate.
        seed, level: of the intervals.
    """
    grown = (split.summary or {})["incremental"]
    with read(workspace) as connection:
        base_run = get_run(connection, grown["run"])
        versions = list_versions(connection, base_run.project_id, deleted=True)
    version = next(v for v in versions if v.number == grown["version"])
    predictor = Predictor.open(open_artifact(workspace, "package", version.artifact), expected_sha=version.manifest_sha)
    cut = predictor.manifest.threshold
    side = replace(
        candidate,
        base=widened(predictor.predict_raw(frame), target.n_outputs),
        base_cut=0.5 if cut is None else cut,
    )
    return side_by_side(
        side, target, predictor.manifest.target, task_for(target).metric(metric), seed=seed, level=level
    )


def widened(prediction: np.ndarray, k: int) -> np.ndarray:
    """(n, k) probabilities with 0 for classes that the base does not know; numbers as they are.

    Example:
        >>> widened(np.array([[0.4, 0.6]]), 3).tolist()
        [[0.4, 0.6, 0.0]]
    """
    if prediction.ndim == 1 or prediction.shape[1] == k:
        return prediction
    return np.concatenate([prediction, np.zeros((len(prediction), k - prediction.shape[1]))], axis=1)


def forgetting_text(document: dict[str, Any], where: str) -> str:
    """What was forgotten, in one sentence; "" where it was not measured."""
    return sentence(document["forgetting"], where) if document.get("forgetting") else ""


def _mixed(continuing: Continuing, parts: dict[str, np.ndarray]) -> np.ndarray:
    """What the base says where its members say this, before its calibration."""
    manifest = continuing.package.manifest
    for name in parts:
        folder = next((e.folder for e in manifest.members if e.name == name), None)
        if folder is not None and (continuing.package.folder / folder / CORRECTION).exists():
            correction = read_json(continuing.package.folder / folder / CORRECTION)
            parts[name] = Recalibration.from_json(correction, len(continuing.base_target.classes)).apply(parts[name])
    if manifest.combine is not None:
        return manifest.combine.apply(parts)
    total = sum(continuing.weights.values())
    return np.asarray(sum(continuing.weights[name] / total * part for name, part in parts.items()))


def _compared(side: Side, metric: Metric, seed: int, level: float) -> dict[str, Any]:
    """Both figures and their paired difference."""
    n = len(side.y)
    if n < FEWEST:
        return {"n_rows": n, "skipped": f"{n} rows are too few to compare on"}
    row = compare(
        side.y,
        {"candidate": side.candidate, "base": side.base},
        "base",
        metric,
        fold=side.fold,
        group=side.group,
        time=side.time,
        weight=side.weight,
        level=level,
        seed=seed,
    )[0]
    before, after = metric(side.y, side.base, side.weight), metric(side.y, side.candidate, side.weight)
    if not np.isfinite([before, after]).all():
        return {"n_rows": n, "skipped": f"{explain(metric.name).title} is not defined on these {n} rows"}
    return {
        "n_rows": n,
        "metric": metric.name,
        "title": explain(metric.name).title,
        "before": json_number(float(before)),
        "after": json_number(float(after)),
        "difference": {key: json_number(getattr(row, name)) for key, name in _KEYS},
        "p": json_number(row.p),
        "verdict": row.verdict,
        "method": row.method,
        "level": level,
    }


_KEYS = (("value", "difference"), ("low", "low"), ("high", "high"))


def _decided(target: Target, prediction: np.ndarray, cut: float | np.ndarray) -> np.ndarray:
    """(n,) classes that are decided on; positions are those of the candidate, whose first classes are the base's."""
    return np.asarray(task_for(target).decide(prediction, cut))
