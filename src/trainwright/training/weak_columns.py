"""Leaves weak columns out, decided anew within the rows of every fit: held-out rows never have a say.

Rows that may stop a training have none either: they are cut off first. All fits on the same rows share one decision.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.errors import UserError
from trainwright.models.features.selection import LEAST_HITS, MOST_CELLS, MOST_ROWS, ROUNDS, rank_columns
from trainwright.models.members import kept_columns
from trainwright.training.portfolio import INNER
from trainwright.training.steps import Facts

if TYPE_CHECKING:
    from trainwright.training.trials import Trial, Work

# Seconds of one ranking for a row, a column (its copy included) and an output, measured on one core; at least the next.
SECONDS_PER_CELL, LEAST_SECONDS = 9e-6, 0.5


class Selector:
    """Decides which columns a fit may use.

    Args:
        most: how many of the strongest; None: those that beat shuffled copies of the columns.
    """

    def __init__(self, most: int | None = None):
        self.most = most
        self._known: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, asked: bool | int) -> Selector | None:
        """What `training.select_features` asks for; None when it asks for nothing.

        Example:
            >>> Selector.of(False) is None, Selector.of(True).most, Selector.of(5).most
            (True, None, 5)
        """
        if asked is False or asked is None:
            return None
        return cls(None if asked is True else int(asked))

    def columns(self, work: Work, rows: np.ndarray, seed: int) -> tuple[str, ...]:
        """The names of the columns that a fit on these development rows may use.

        Args:
            work: development rows.
            rows: positions of the rows that the fit may learn from.
            seed: of the fit.
        """
        data = work.dataset
        digest = hashlib.sha256(rows.tobytes())
        digest.update(np.ascontiguousarray(data.y[rows]).tobytes())
        key = f"{digest.hexdigest()} {seed} {len(data)}"
        with self._lock:
            found = self._known.get(key)
        if found is not None:
            return found
        part = data.take(rows)
        cut = work.inner_cut(part, INNER, seed)
        if cut is not None:
            part = part.take(cut[0])
        ranking = rank_columns(
            part.columns, part.y, work.target, weight=part.weight, seed=seed % (2**31 - 1), threads=work.threads
        )
        names = ranking.kept(self.most)
        with self._lock:
            self._known[key] = names
        return names


def check_most(asked: bool | int, n_columns: int, called: str) -> None:
    """Refuses to keep more columns than there are: nothing would be left out, in silence.

    Args:
        asked: `training.select_features`.
        n_columns: of the columns that a model may learn from.
        called: the setting and where it came from.

    Raises:
        UserError: more columns are to be kept than there are.
    """
    if not isinstance(asked, bool) and asked > n_columns:
        raise UserError(
            f"{called} asks to keep the {asked:,} strongest columns, and there are only {n_columns:,} to learn from",
            remedy=f"give a number below {n_columns:,}, or true to keep those that beat chance",
        )


def seconds_of_selection(facts: Facts) -> float:
    """About how long the rankings of all folds take.

    Args:
        facts: size of the data and of the machine.
    """
    columns = facts.n_numbers + facts.n_categories
    rows = min(facts.n_train, MOST_ROWS, max(1_000, MOST_CELLS // max(2 * columns, 1)))
    each = max(LEAST_SECONDS, SECONDS_PER_CELL * rows * columns * (1 if facts.n_outputs <= 2 else facts.n_outputs))
    return each * -(-facts.n_folds // max(facts.jobs, 1))


def selection_document(asked: bool | int, trials: list[Trial], names: tuple[str, ...]) -> dict[str, Any] | None:
    """The result document's `selection`: in how many folds each column was kept; None when nothing was asked for.

    Args:
        asked: `training.select_features`.
        trials: finished trials; all share the decision of a fold, the first that was fitted on all its rows tells it.
        names: every feature column.
    """
    if asked is False:
        return None
    told = [t for t in trials if t.step.family != "baseline" and t.fits]
    # A trial that learned from a sample of the rows decided for that sample.
    told.sort(key=lambda t: t.step.max_rows is not None)
    if not told:
        return {"skipped": "no model was fitted that chooses columns"}
    kept = [kept_columns(fit.estimator) or names for _, fit in sorted(told[0].fits.items())]
    counts = Counter(name for columns in kept for name in columns)
    rows = [{"name": name, "kept": counts[name], "of": len(kept)} for name in names]
    rows.sort(key=lambda row: -int(str(row["kept"])))
    return {
        "asked": asked,
        "folds": len(kept),
        "columns": rows,
        "always": [name for name in names if counts[name] == len(kept)],
        "never": [name for name in names if not counts[name]],
        "per_fold": [len(columns) for columns in kept],
        "method": _method(asked),
    }


def _method(asked: bool | int) -> str:
    how = (
        f"worth more than the best shuffled copy in at least {LEAST_HITS} of {ROUNDS} rounds"
        if asked is True
        else f"among the {asked} strongest"
    )
    return (
        f"within the training rows of each fold alone, a column was kept when it was {how}; worth is how much the loss "
        "of a small model on rows it did not learn from rises when what the column pushed is taken away"
    )
