"""Runs side by side: what was set differently, what came out, and how much of it is more than noise."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.data.parts import read_split
from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.evaluate.compare import holm
from trainwright.evaluate.curve_choice import shown_curve
from trainwright.evaluate.paired_runs import HeldOut, Truth, compare_runs, same_folds
from trainwright.evaluate.run_comparison import comparison_document
from trainwright.store.datasets import DatasetVersion, SplitRow, get_dataset_version, get_split
from trainwright.store.evaluations import evaluations_of
from trainwright.store.names import resolve_run
from trainwright.store.projects import Project, project_of
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.held_out import held_out_of, read_truth
from trainwright.training.kept_plan import kept_plan
from trainwright.training.measurement import refuse_measurement

MOST = 3


@dataclass(frozen=True)
class Compared:
    """A run to compare.

    Args:
        name: what it is called: "adult@v2", or "run 7" where it made no version.
        project, run: the rows.
        data, split: what it learned from.
        parts, folds: SHA-256 of which row is in which part, and in which fold.
        validation: its evaluation document on out-of-fold rows.
    """

    name: str
    project: Project
    run: Run
    data: DatasetVersion
    split: SplitRow
    parts: str
    folds: str
    validation: dict[str, Any]

    @property
    def target(self) -> Target:
        """What it predicts."""
        return Target.from_json((self.run.result or {})["target"])


def compare_named(workspace: Workspace, names: Sequence[str]) -> dict[str, Any]:
    """Two or three runs side by side, the later ones against the first.

    Args:
        workspace: where they are kept.
        names: numbers of runs, or versions such as `adult@v2`; after the first one `v2` is enough.

    Returns:
        See `evaluate.run_comparison.comparison_document`.

    Raises:
        UserError: fewer than two or more than three, the same twice, one that is not finished, or runs of different
            projects or targets.
    """
    if not 2 <= len(names) <= MOST:
        raise UserError(
            "only one run is named" if len(names) == 1 else f"{len(names)} runs are named",
            remedy="name two or three, the one to compare with first",
        )
    runs = [_find(workspace, name, names[0]) for name in names]
    first = runs[0]
    for name, other in zip(names[1:], runs[1:]):
        if other.run.id in {one.run.id for one in runs if one is not other}:
            raise UserError(f"{name!r} and another name stand for the same run {other.run.id}", remedy="name each once")
        if other.project.id != first.project.id:
            raise UserError(
                f"{other.name} belongs to project {other.project.name}, {first.name} to {first.project.name}",
                remedy="compare runs of one project: figures on other rows say nothing about each other",
            )
        if (other.target.column, other.target.classes) != (first.target.column, first.target.classes):
            raise UserError(
                f"{other.name} predicts {other.target.column!r} ({_task(other.target)}), "
                f"{first.name} {first.target.column!r} ({_task(first.target)})",
                remedy="compare runs that predict the same",
            )
    paired, why = _paired(workspace, runs)
    return comparison_document(
        [
            {
                "name": one.name,
                "run": one.run.id,
                "comments": one.run.comments,
                "settings": one.run.settings or {},
                "origins": one.run.origins or {},
                "plan": kept_plan(one.run),
                "result": one.run.result or {},
                "record": one.run.record or {},
                "validation": one.validation,
                "data": f"d{one.data.number}",
                "data_sha": one.data.sha,
                "split_sha": one.folds,
                "curve": shown_curve(one.run.result or {}),
            }
            for one in runs
        ],
        paired,
        why,
    )


def _find(workspace: Workspace, name: str, first: str) -> Compared:
    """The run that a name stands for.

    Raises:
        UserError: there is none, or it came to no result.
    """
    if re.fullmatch(r"\d{1,9}", name):
        number = int(name)
    else:
        if re.fullmatch(r"v\d{1,9}", name) and "@" in first:
            name = f"{first.partition('@')[0]}@{name}"
        elif re.fullmatch(r"v\d{1,9}", name):
            raise UserError(f"{name!r} names a version of no project", remedy=f"write PROJECT@{name}")
        project, version, run = resolve_run(workspace, name)
        number, name = run.id, f"{project.name}@{version.label}"
    with read(workspace) as connection:
        run = get_run(connection, number)
        project = project_of(connection, run.project_id)
        refuse_measurement(run)
        if run.state != "completed" or run.result is None or run.split_id is None or run.dataset_version_id is None:
            raise UserError(
                f"run {run.id} is {run.state}: it has no figures",
                remedy="`trainwright runs list` shows the completed ones",
            )
        data, split = get_dataset_version(connection, run.dataset_version_id), get_split(connection, run.split_id)
        rows = evaluations_of(connection, run_id=run.id, part="validation")
    if "@" not in name:
        label = run.result.get("version")
        name = f"{project.name}@{label}" if label else f"run {run.id}"
    return Compared(name, project, run, data, split, *_cut(workspace, split), rows[-1].document if rows else {})


def _cut(workspace: Workspace, row: SplitRow) -> tuple[str, str]:
    """SHA-256 of which row is in which part, and in which fold as well.

    Not of the published file: that holds the sentences about the draw too, and a second training on the same rows says
    that the test rows were sealed before. Where the file is gone its own hash has to do.
    """
    try:
        split = read_split(workspace, row)
    except (UserError, EnvironmentProblem):
        sha = str(((row.artifacts or {}).get("split") or {}).get("sha"))
        return sha, sha
    digest = hashlib.sha256(split.part.tobytes())
    parts = digest.hexdigest()
    for fold in split.folds:
        for rows in (fold.train, fold.validation):
            digest.update(len(rows).to_bytes(8, "little") + rows.astype("<i8").tobytes())
    return parts, digest.hexdigest()


def _task(target: Target) -> str:
    return "a number" if target.task == "number" else f"{len(target.classes)} classes"


def _paired(workspace: Workspace, runs: Sequence[Compared]) -> tuple[list[dict[str, Any] | None], list[str]]:
    """For each run after the first, by metric the paired difference to the first; and why where there is none."""
    first = runs[0]
    out: list[dict[str, Any] | None] = []
    why: list[str] = []
    try:
        truth, base = read_truth(workspace, first.run), held_out_of(workspace, first.run)
    except (UserError, EnvironmentProblem) as error:
        return [None] * (len(runs) - 1), [f"no difference is measured: {error.problem}"]
    for other in runs[1:]:
        reason = _not_comparable(first, other)
        if reason:
            out.append(None)
            why.append(reason)
            continue
        try:
            held = held_out_of(workspace, other.run)
        except UserError as error:
            out.append(None)
            why.append(f"no difference is measured: {error.problem}")
            continue
        if not same_folds(held, base):
            why.append(f"{other.name} and {first.name} were cut into different folds: part of a difference is the cut")
        out.append(_differences(other, held, first, base, truth))
    return _corrected(out, str((first.run.result or {}).get("metric"))), why


def _not_comparable(first: Compared, other: Compared) -> str:
    """Why two runs cannot be compared row by row; "" when they can."""
    if first.data.sha != other.data.sha:
        return (
            f"{other.name} learned from d{other.data.number}, {first.name} from d{first.data.number}: figures on "
            "different rows are shown side by side, and no difference is judged"
        )
    if first.parts != other.parts:
        return (
            f"{other.name} and {first.name} were split differently: figures on different held-out rows are shown "
            "side by side, and no difference is judged"
        )
    return ""


def _differences(other: Compared, held: HeldOut, first: Compared, base: HeldOut, truth: Truth) -> dict[str, Any]:
    """By metric, how much better a run is than the first on the same rows."""
    found = {}
    names = [
        name for name in (first.validation.get("metrics") or {}) if name in (other.validation.get("metrics") or {})
    ]
    for name in names:
        try:
            found[name] = compare_runs(
                held,
                base,
                truth,
                name,
                names=(other.name, first.name),
                seed=int((first.run.result or {}).get("seed") or 0),
            )
        except UserError:
            continue  # a function handed over in Python: its figures are shown, and cannot be measured again
    return found


def _corrected(found: list[dict[str, Any] | None], metric: str) -> list[dict[str, Any] | None]:
    """The comparisons as plain data; the verdict by the first run's metric is corrected for how many were made."""
    judged = holm([one[metric] for one in found if one is not None and metric in one])
    verdicts = iter(judged)
    out: list[dict[str, Any] | None] = []
    for one in found:
        if one is None:
            out.append(None)
            continue
        made = {name: comparison.to_json() for name, comparison in one.items()}
        if metric in one:
            made[metric] = next(verdicts).to_json()
        out.append(made)
    return out
