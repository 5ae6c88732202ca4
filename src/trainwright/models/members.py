"""Reads a saved model with what was put around it: its correction, the columns it sees, the copies it averages.

Each wrapper leaves a file of its own beside the family's files; they are put on in the order in which a fit puts them:
copies innermost, then columns, then the correction.
"""

from __future__ import annotations

from pathlib import Path

from trainwright.data.schema import Target
from trainwright.models import bagged, recalibrated, selected, widened
from trainwright.models.bagged import Bagged
from trainwright.models.recalibrated import Recalibrated, Recalibration
from trainwright.models.selected import Selected
from trainwright.models.spec import Estimator
from trainwright.models.storage import read_json


def load_member(kind: type[Estimator], folder: Path, target: Target) -> Estimator:
    """A saved model of a family, as it was when it was saved.

    Args:
        kind: the family's estimator.
        folder: where it lies.
        target: what it predicts.

    Raises:
        UserError: its files are not what the family writes.
    """
    if (folder / widened.FILE).exists():
        count = widened.count_known(folder, target)
        known = load_member(kind, folder / widened.KNOWN, widened.known_target(target, count))
        added = load_member(kind, folder / widened.ADDED, widened.added_target(target, count))
        estimator: Estimator = widened.Widened(target, known, added)
    elif (folder / bagged.FILE).exists():
        places = [folder / bagged.folder_of(number) for number in range(bagged.count_of(folder))]
        estimator = Bagged([kind.load(place, target) for place in places])
    else:
        estimator = kind.load(folder, target)
    if (folder / selected.FILE).exists():
        estimator = Selected(estimator, selected.columns_of(folder))
    if (folder / recalibrated.FILE).exists():
        correction = Recalibration.from_json(read_json(folder / recalibrated.FILE), target.n_outputs)
        estimator = Recalibrated(estimator, correction)
    return estimator


def kept_columns(estimator: Estimator) -> tuple[str, ...] | None:
    """The columns that a model sees; None when it sees them all."""
    while True:
        if isinstance(estimator, Selected):
            return estimator.columns
        if not isinstance(estimator, Recalibrated):
            return None
        estimator = estimator.inner
