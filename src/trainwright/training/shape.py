"""What is shipped: the fold models themselves while they are light, else members refitted on all rows.

A member that learns by chance is refitted with several seeds where limits and time allow: their average errs less.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.models.families import families
from trainwright.models.recalibrated import Recalibrated
from trainwright.models.spec import Report
from trainwright.packages.predictor import Predictor
from trainwright.packages.write import Member
from trainwright.training.fitting import ALL_ROWS, fit_part, sampled, states_of
from trainwright.training.steps import Step
from trainwright.training.trials import Trial, Work

# The limits within which the fold models are shipped, unless the requirements say otherwise.
MAX_LATENCY_MS = 2.0
MAX_SIZE_MB = 100.0
# Refits of one member with other seeds: the fifth still helps, later ones hardly (variance falls as one over their
# number); and the share of the time left that they may take, for the sealed test and the report come after them.
MOST_COPIES = 5
COPIES_SHARE = 0.4


@dataclass(frozen=True)
class Weighed:
    """A package that was written to disk and tried.

    Args:
        size_mb: all its files.
        latency_ms: the median time of single-row predictions, preprocessing included.
    """

    size_mb: float
    latency_ms: float


@dataclass(frozen=True)
class Shaped:
    """A package in the shape that was chosen.

    Args:
        folder: where it lies.
        name: "folds" or "refit".
        copies: how often each member that learns by chance was refitted; 1 for fold models.
        weighed: what it weighs.
        reason: why this shape, in words.
    """

    folder: Path
    name: str
    copies: int
    weighed: Weighed
    reason: str


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


def refitted_members(
    trials: list[Trial],
    weights: dict[str, float],
    work: Work,
    report: Report,
    *,
    copies: range = range(1),
) -> list[Member]:
    """Chosen candidates fitted on all development rows at the median fold's iterations, once for each copy.

    Args:
        trials, weights: of the run.
        copies: numbers of the copies wanted; each has a seed of its own. Members that chance does not touch have the
            first alone.

    Returns:
        The members, each with its candidate's whole weight: `shared` divides it among the copies.
    """
    wanted = []
    for trial in trials:
        if weights.get(trial.name, 0.0) <= 0:
            continue
        step = trial.step
        counts = [fit.estimator.iterations for fit in trial.fits.values() if fit.estimator.iterations]
        key = families()[step.family].iterations if step.family in families() else None
        if key is not None and counts:
            # The count is known, so no row has to be set aside to find it.
            settings = step.settings | {key: max(1, int(np.median(counts)))}
            step = type(step)(**{**vars(step), "settings": settings, "inner": 0.0})
        wanted += [(trial, step, copy) for copy in copies if copy == 0 or key is not None]

    def fitted(trial: Trial, step: Step, copy: int) -> Member:
        report({"kind": "refit_started", "trial": trial.name})
        seed = work.seed * 1_000 + 999 - copy
        rows = sampled(work.everything, step.max_rows, seed if copy else work.seed)
        if work.continuing is not None:
            estimator = work.continuing.refit(trial.step, copy, rows, work, seed, report).estimator
        else:
            states = states_of(step, f"{ALL_ROWS}{copy}", work)
            estimator = fit_part(step, rows, work, seed, report, states=states).estimator
        if trial.correction is not None:
            estimator = Recalibrated(estimator, trial.correction)
        return Member(trial.name, step.family, None, weights[trial.name], estimator)

    with ThreadPoolExecutor(max_workers=work.jobs, thread_name_prefix="refit") as pool:
        return list(pool.map(lambda each: fitted(*each), wanted))


def shared(members: list[Member]) -> list[Member]:
    """The members with each candidate's weight divided evenly among its copies, in the order of the plan."""
    order = list(dict.fromkeys(member.name for member in members))
    count = {name: sum(member.name == name for member in members) for name in order}
    ordered = sorted(members, key=lambda member: order.index(member.name))
    return [replace(member, weight=member.weight / count[member.name]) for member in ordered]


def refit_seconds(trials: list[Trial], weights: dict[str, float], work: Work) -> float:
    """What `refitted_members` takes at most: one fit after another, as those that use all threads are."""
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
        # What else the machine does must not decide, nor threads of this process that still wait for work by spinning:
        # the first shows in the clock on the wall, the second in the processor's.
        wall, processor = time.perf_counter(), time.process_time()
        predictor.predict_row(row)
        times.append(min(time.perf_counter() - wall, time.process_time() - processor))
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
    remaining: Callable[[], float],
    recorded: tuple[str, int] | None,
    in_time: bool,
    report: Report,
) -> Shaped:
    """Writes the package in the shape that keeps the limits.

    Args:
        write: writes members as a package into a new folder and returns it.
        limits: (milliseconds per row, MB).
        remaining: tells the seconds left.
        recorded: shape and copies of the run being repeated, which are obeyed; None to decide.
        in_time: folds are windows in time: the early ones know only old rows, so refitting is preferred.
    """
    latency, size = limits

    def packed(members: list[Member]) -> tuple[Path, Weighed]:
        folder = write(members)
        return folder, weigh(folder, rows)

    def refit(copies: range) -> list[Member]:
        return refitted_members(trials, weights, work, report, copies=copies)

    if recorded is not None and recorded[0] == "refit":
        folder, weight = packed(shared(refit(range(recorded[1]))))
        return Shaped(folder, "refit", recorded[1], weight, "as recorded")
    folder, weight = packed(fold_members(trials, weights))
    if recorded is not None:
        return Shaped(folder, "folds", 1, weight, "as recorded")
    kept = f"{weight.latency_ms:.2f} ms for one row, {weight.size_mb:.1f} MB"
    light = weight.latency_ms <= latency and weight.size_mb <= size
    needed, affordable = refit_seconds(trials, weights, work), remaining()
    if light and not (in_time and needed <= affordable):
        return Shaped(folder, "folds", 1, weight, f"the average of the fold models predicts: {kept}")
    if needed > affordable:
        reason = (
            f"the fold models exceed the limits ({kept}; {latency:g} ms, {size:g} MB allowed), but refitting "
            f"would take about {needed:.0f} s and {max(affordable, 0):.0f} s are left"
        )
        return Shaped(folder, "folds", 1, weight, reason)
    folder, copies, single = _refitted(packed, refit, limits, remaining)
    how = "once" if copies == 1 else f"with {copies} seeds"
    if light:
        why = f"each member was refitted {how} on all development rows, because the folds' early windows know only "
        return Shaped(folder, "refit", copies, single, why + "old rows")
    now = f"{single.latency_ms:.2f} ms, {single.size_mb:.1f} MB"
    reason = (
        f"each member was refitted {how} on all development rows ({now}), "
        f"because its fold models need {kept}; the cross-validated figures belong to the fold models"
    )
    return Shaped(folder, "refit", copies, single, reason)


def _refitted(
    packed: Callable[[list[Member]], tuple[Path, Weighed]],
    refit: Callable[[range], list[Member]],
    limits: tuple[float, float],
    remaining: Callable[[], float],
) -> tuple[Path, int, Weighed]:
    """Refits, and refits again with other seeds while the package stays inside the limits and time is left."""
    before = time.perf_counter()
    members = refit(range(1))
    each = max(time.perf_counter() - before, 1e-3)
    folder, single = packed(members)
    light = min(limits[0] / max(single.latency_ms, 1e-3), limits[1] / max(single.size_mb, 1e-3))
    copies = int(min(MOST_COPIES, light, 1 + COPIES_SHARE * max(remaining(), 0.0) / each))
    if copies < 2:
        return folder, 1, single
    more = refit(range(1, copies))
    while more and copies > 1:
        several, weighed = packed(shared(_first(members + more, copies)))
        over = max(weighed.latency_ms / limits[0], weighed.size_mb / limits[1])
        if over <= 1:
            return several, copies, weighed
        copies = min(copies - 1, int(copies / over))
    return folder, 1, single


def _first(members: list[Member], copies: int) -> list[Member]:
    """So many copies of each candidate, the earliest."""
    return [m for i, m in enumerate(members) if sum(other.name == m.name for other in members[:i]) < copies]
