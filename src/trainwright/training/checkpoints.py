"""The epochs of the networks of a run, from the points that they told and from what lies on the disk.

States on disk are there while a run may be resumed, and gone with its last fit. That takes nothing away: a fit draws
the same numbers again, so that the weights of any epoch come back bit by bit when it is trained to that epoch.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

from trainwright.models.families import families
from trainwright.store.events import MetricPoint
from trainwright.store.runs import Run
from trainwright.store.sweep import SCRATCH

POINT = re.compile(r"(?P<trial>.+)/fold(?P<fold>\d+)/Loss/(?P<kind>train|validation)")
SHOWN = "keep_epoch"


def checkpoints_of(run: Run, points: Iterable[MetricPoint], place: Path, *, every: bool) -> list[dict[str, Any]]:
    """The epochs of each network of a run.

    Args:
        run: whose.
        points: all that its attempts told, in order; a later attempt says the same again where it repeats an epoch.
        place: of the workspace.
        every: every epoch, not only those in which a checkpoint was due, the last one and the best ones.

    Returns:
        For each trial {"trial", "folds", "epochs": rows, "try": a command or None}; a row has "epoch", "training" and
        "validation" (mean losses of the folds), "best_in" (folds whose best epoch it is) and "on_disk" (folds that
        have a state of it).
    """
    told: dict[str, dict[str, dict[int, dict[int, float]]]] = {}
    for point in points:
        found = POINT.fullmatch(point.name)
        if found and point.value is not None:
            kinds = told.setdefault(found["trial"], {"train": {}, "validation": {}})
            kinds[found["kind"]].setdefault(int(found["fold"]), {})[int(point.step)] = point.value
    steps = {step["name"]: step for step in (run.plan or {}).get("steps", [])}
    return [_trial(run, name, kinds, steps.get(name, {}), place, every) for name, kinds in told.items()]


def _trial(
    run: Run, name: str, kinds: dict[str, dict[int, dict[int, float]]], step: dict[str, Any], place: Path, every: bool
) -> dict[str, Any]:
    interval = int((step.get("settings") or {}).get("checkpoint_interval") or 1)
    best = [min(losses, key=losses.__getitem__) for losses in kinds["validation"].values()]
    states = [path.name for path in (place / SCRATCH / f"run-{run.id}").glob(f"{name}.[0-9]*/epoch-*")]
    epochs = sorted({epoch for losses in kinds["train"].values() for epoch in losses})
    due = [epoch for epoch in epochs if every or epoch % interval == 0 or epoch in best or epoch == epochs[-1]]
    rows = [
        {
            "epoch": epoch,
            "training": _mean(kinds["train"], epoch),
            "validation": _mean(kinds["validation"], epoch),
            "best_in": best.count(epoch),
            "on_disk": sum(int(state.split("-")[1]) == epoch for state in states),
        }
        for epoch in due
    ]
    return {"trial": name, "folds": len(kinds["train"]), "epochs": rows, "try": _try(run, step)}


def _mean(losses: dict[int, dict[int, float]], epoch: int) -> float | None:
    found = [fold[epoch] for fold in losses.values() if epoch in fold]
    return fmean(found) if found else None


def _try(run: Run, step: dict[str, Any]) -> str | None:
    """The command that judges another epoch and keeps it where it proves better; None where there is none."""
    version = (run.result or {}).get("version")
    spec = families().get(str(step.get("family")))
    if version is None or spec is None or SHOWN not in spec.defaults():
        return None
    return f"trainwright try {(run.result or {})['project']}@{version} --set {step['family']}.{SHOWN}=EPOCH"
