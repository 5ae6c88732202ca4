"""What is shipped: the fold models themselves while they are light, else one model per member refitted on all rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.models.families import families
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.spec import Report
from trainwright.packages.predictor import Predictor
from trainwright.packages.write import Member
from trainwright.training.trials import Trial, Work, fit_rows, sampled

# The limits within which the fold models are shipped, unless the requirements say otherwise.
MAX_LATENCY_MS = 2.0
MAX_SIZE_MB = 100.0


@dataclass(frozen=True)
class Weighed:
    """A package that was written to disk and tried.

    Args:
        size_mb: all its files.
        latency_ms: the median processor time of single-row predictions, preprocessing included.
    """

    size_mb: float
    latency_ms: float


def fold_members(trials: list[Trial], weights: dict[str, float]) -> list[Member]:
    """Every fold model of the chosen candidates; their average predicts."""
    members = []
    for trial in trials:
        weight = weights.get(trial.name, 0.0)
        if weight <= 0:
            continue
        for index in sorted(trial.fits):
            estimator = trial.fits[index].estimator
            members.append(Member(trial.name, trial.step.family, index, weight / len(trial.fits), estimator))
    return members


def refitted_members(trials: list[Trial], weights: dict[str, float], work: Work, report: Report) -> list[Member]:
    """One model per chosen candidate, fitted once on all development rows at the median fold's iterations."""
    members = []
    everything = work.everything
    for trial in trials:
        weight = weights.get(trial.name, 0.0)
        if weight <= 0:
            continue
        step = trial.step
        counts = [fit.estimator.iterations for fit in trial.fits.values() if fit.estimator.iterations]
        key = families()[step.family].iterations if step.family in families() else None
        if key is not None and counts:
            # The count is known, so no row has to be set aside to find it.
            settings = step.settings | {key: max(1, int(np.median(counts)))}
            step = type(step)(**{**vars(step), "settings": settings, "inner": 0.0})
        report({"kind": "refit_started", "trial": trial.name})
        rows = sampled(everything, step.max_rows, work.seed)
        estimator, _ = fit_rows(step, rows, work, work.seed * 1_000 + 999, report)
        if trial.correction is not None:
            estimator = Recalibrated(estimator, trial.correction)
        members.append(Member(trial.name, step.family, None, weight, estimator))
    return members


def refit_seconds(trials: list[Trial], weights: dict[str, float], work: Work) -> float:
    """An estimate of what `refitted_members` takes."""
    total = 0.0
    for trial in trials:
        if weights.get(trial.name, 0.0) > 0 and trial.fits:
            fits = list(trial.fits.values())
            rows = max(float(np.mean([fit.n_train for fit in fits])), 1.0)
            total += float(np.median([fit.fit_s for fit in fits])) * len(work.dataset) / rows
    return total


def weigh(folder: Path, rows: list[dict[str, Any]], repeats: int = 40) -> Weighed:
    """Loads a package from disk and times single rows.

    Args:
        folder: the package.
        rows: some rows as mappings from column to value, as a caller would send them.
    """
    predictor = Predictor.open(folder)
    times = []
    for i in range(repeats + 3):
        row = rows[i % len(rows)]
        before = time.process_time()  # of this process: what else the machine does must not decide
        predictor.predict_row(row)
        times.append(time.process_time() - before)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return Weighed(size / 1e6, float(np.median(times[3:]) * 1e3))


def model_size_mb(estimator: Any) -> float:
    """The size on disk of one fitted model; NaN when it cannot be saved."""
    with TemporaryDirectory() as name:
        try:
            estimator.save(Path(name))
        except Exception:  # noqa: BLE001 - a model that cannot be saved is a fact to show, not a failure
            return float("nan")
        return sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file()) / 1e6


def choose_shape(
    write: Callable[[list[Member]], Path],
    trials: list[Trial],
    weights: dict[str, float],
    work: Work,
    rows: list[dict[str, Any]],
    *,
    limits: tuple[float, float],
    affordable: float,
    recorded: str | None,
    in_time: bool,
    report: Report,
) -> tuple[Path, str, Weighed, str]:
    """Writes the package in the shape that keeps the limits.

    Args:
        write: writes members as a package into a new folder and returns it.
        limits: (milliseconds per row, MB).
        affordable: seconds left for refitting.
        recorded: the shape of the run being repeated, which is obeyed; None to decide.
        in_time: folds are windows in time: the early ones know only old rows, so refitting is preferred.

    Returns:
        The folder, "folds" or "refit", its weight, and the reason in words.
    """
    latency, size = limits
    if recorded == "refit":
        folder = write(refitted_members(trials, weights, work, report))
        return folder, "refit", weigh(folder, rows), "as recorded"
    folder = write(fold_members(trials, weights))
    weight = weigh(folder, rows)
    if recorded == "folds":
        return folder, "folds", weight, "as recorded"
    kept = f"{weight.latency_ms:.2f} ms for one row, {weight.size_mb:.1f} MB"
    light = weight.latency_ms <= latency and weight.size_mb <= size
    if light and not (in_time and refit_seconds(trials, weights, work) <= affordable):
        return folder, "folds", weight, f"the average of the fold models predicts: {kept}"
    needed = refit_seconds(trials, weights, work)
    if light:
        folder = write(refitted_members(trials, weights, work, report))
        why = "each member was refitted on all development rows, because the folds' early windows know only old rows"
        return folder, "refit", weigh(folder, rows), why
    if needed > affordable:
        reason = (
            f"the fold models exceed the limits ({kept}; {latency:g} ms, {size:g} MB allowed), but refitting "
            f"would take about {needed:.0f} s and {max(affordable, 0):.0f} s are left"
        )
        return folder, "folds", weight, reason
    folder = write(refitted_members(trials, weights, work, report))
    single = weigh(folder, rows)
    reason = (
        f"each member was refitted once on all development rows ({single.latency_ms:.2f} ms, {single.size_mb:.1f} MB), "
        f"because its fold models need {kept}; the cross-validated figures belong to the fold models"
    )
    return folder, "refit", single, reason
