"""The same model fitted several times, each time without another part of the rows: their average predicts.

Averaging takes away what a model owes to the chance of its rows (Breiman 1996, "Bagging predictors"). The parts are
drawn without replacement, as in cross-validated committees (Parmanto, Munro and Doyle 1996): rows drawn twice would
stand on both sides of the cuts that encodings make within the training rows, and tell them the labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.errors import UserError
from trainwright.models.spec import Estimator, Report
from trainwright.models.storage import read_json, write_json

FILE = "bagged.json"
MOST = 100


class Bagged(Estimator):
    """Fitted models of one family and one setting, and their average.

    Args:
        models: at least one, all fitted for the same target.
    """

    def __init__(self, models: list[Estimator]):
        super().__init__(models[0].target, models[0].settings)
        self.models = models
        self.derived = {"models": len(models), **models[0].derived}
        self.events = [event for model in models for event in model.events]
        counts = [model.iterations for model in models if model.iterations]
        self.iterations = int(np.median(counts)) if counts else None

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Estimator:
        """Fits every model on all these rows with a seed of its own; `training.bags` leaves out parts of them."""
        options: dict[str, Any] = {"validation": validation, "threads": threads, "report": report}
        for model, own in zip(self.models, self.seeds(seed)):
            model.fit(X, y, sample_weight=sample_weight, seed=own, **options)
        return self

    def seeds(self, seed: int) -> list[int]:
        """One for each model, within what libraries take."""
        return [(seed + number) % (2**31 - 1) for number in range(len(self.models))]

    def predict(self, X: Columns) -> np.ndarray:
        """(n, k) or (n,) the average of the models' predictions."""
        return _mean([model.predict(X) for model in self.models])

    def save(self, folder: Path) -> None:
        """Writes each model into a folder of its own, and how many there are."""
        for number, model in enumerate(self.models):
            place = folder / folder_of(number)
            place.mkdir()
            model.save(place)
        write_json(folder / FILE, {"models": len(self.models)})

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """The average after so many rounds; a model that has fewer stays at its last."""
        told = []
        for model in self.models:
            own = [min(r, model.iterations or r) for r in rounds]
            stages = model.staged(X, sorted(set(own)))
            if stages is None:
                return None
            at = dict(zip(sorted(set(own)), stages))
            told.append([at[r] for r in own])
        return [_mean(list(stage)) for stage in zip(*told)]

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """The mean of the models' accounts; exact for a number, of the models' own log-odds for classes."""
        accounts = [model.contributions(X) for model in self.models]
        known = [account for account in accounts if account is not None]
        if len(known) < len(accounts):
            return None
        names = dict.fromkeys(name for account in known for name in account)
        zeros = np.zeros(len(X))
        return {name: _mean([account.get(name, zeros) for account in known]) for name in names}


def folder_of(number: int) -> str:
    """The folder of one of the models, within the member's own."""
    return f"bag-{number:02d}"


def count_of(folder: Path) -> int:
    """How many models lie in a member's folder.

    Raises:
        UserError: the file does not say.
    """
    data: Any = read_json(folder / FILE)
    count = data.get("models") if isinstance(data, dict) else None
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise UserError(f"{FILE} must hold the number of models, from 1 to {MOST}")
    return count


def _mean(parts: list[np.ndarray]) -> np.ndarray:
    total = np.array(parts[0], dtype=np.float64)
    for part in parts[1:]:
        total += part
    return np.asarray(total / len(parts))
