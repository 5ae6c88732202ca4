"""One fold of a family, fitted with clean and with poisoned held-out labels: are the saved models the same bytes?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import holdout
import noise
import numpy as np
import tables

ROWS = 600
FOLD = 1
REBALANCED = {
    "weights": "with class weights",
    "over": "with over-sampling",
    "under": "with under-sampling",
    "smote": "with SMOTE",
}


@dataclass(frozen=True)
class Case:
    """A family in one of the forms that plans use.

    Args:
        family: its name.
        settings: beside the defaults.
        inner: share of the fold's training rows that may stop the training.
        rebalance: how rare classes get more say: "weights", "over", "under", "smote", or "".
    """

    family: str
    settings: dict[str, Any] = field(default_factory=dict)
    inner: float = 0.0
    rebalance: str = ""

    @property
    def title(self) -> str:
        """The family with what differs from its defaults."""
        words = [str(value) for value in self.settings.values()]
        stopping = ["with inner stopping rows"] if self.inner else []
        return " ".join([self.family, *words, *stopping, *([REBALANCED[self.rebalance]] if self.rebalance else [])])


def cases(wanted: list[str], task: str) -> list[Case]:
    """Every family, and the forms with engineered features, with inner rows that stop the training, and with
    rebalanced classes.

    Args:
        wanted: names of families; empty for all.
        task: "two", "four" or "number", which has no classes to rebalance.
    """
    from trainwright.models.families import families

    found = [Case(name) for name in families()]
    found += [Case(name, inner=0.1) for name in ("lightgbm", "catboost", "hist_gradient_boosting")]
    found += [Case("lightgbm", {"features": "engineered"}, inner) for inner in (0.0, 0.1)]
    if task != "number":
        found += [Case("lightgbm", {"features": "engineered"}, 0.1, way) for way in REBALANCED]
        found += [Case("linear", rebalance=way) for way in REBALANCED]
    return [case for case in found if not wanted or case.family in wanted]


def compare(case: Case, task: str, rounds: int) -> dict[str, Any]:
    """Fits the case three times: clean, held-out labels poisoned, training labels poisoned (which must show).

    Args:
        task: "two", "four" or "number".
        rounds: iterations, for families that have them.
    """
    from trainwright.models.families import families
    from trainwright.training.rebalance import Rebalance

    key = families()[case.family].iterations
    case_settings = case.settings | ({key: rounds} if key else {})
    work = _work(task)
    if case.rebalance:
        work = replace(work, rebalance=Rebalance(case.rebalance, work.target))
    n_classes = work.target.n_outputs if work.target.task == "classes" else 0
    rng = np.random.default_rng(17)
    models = []
    for rows in (np.arange(0), work.folds[FOLD].validation, work.folds[FOLD].train):
        y = work.dataset.y.copy()
        if len(rows):
            y[rows] = noise.every_code(y[rows], n_classes, rng)
            assert not (y[rows] == work.dataset.y[rows]).any()
        poisoned = replace(work, dataset=replace(work.dataset, y=y))
        models.append(_fit_and_hash(case, case_settings, poisoned))
    clean, held_out, training = models
    return {
        "part": "fold",
        "title": case.title,
        "task": task,
        "labels": len(work.folds[FOLD].validation),
        "same": clean == held_out,
        "control": clean != training,
    }


def _fit_and_hash(case: Case, settings: dict[str, Any], work: Any) -> str:
    """SHA-256 over the names and bytes of all files of the fold's saved model."""
    from trainwright.training.fitting import fit_fold
    from trainwright.training.plan import Step

    step = Step(case.family, case.family, settings, inner=case.inner)
    fit = fit_fold(step, FOLD, work, lambda _: None)
    digest = hashlib.sha256()
    with TemporaryDirectory() as name:
        fit.estimator.save(Path(name))
        for path in sorted(p for p in Path(name).rglob("*") if p.is_file()):
            digest.update(f"{path.relative_to(name)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _work(task: str) -> Any:
    """Development rows with every kind of column and three folds, as a run would have them."""
    dataset, target = holdout.understood(tables.every_kind(ROWS, task), "target")
    layout = dataset.columns.layout
    blocks = (layout.numbers, layout.categories, layout.times, layout.texts)
    assert all(blocks), f"a kind of column is missing: {blocks}"
    return holdout.folded(dataset, target)
