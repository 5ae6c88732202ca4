"""Lower and upper bounds of a model that was trained in memory: CV+ of its fold models, at any level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainwright.data.columns import Columns
from trainwright.errors import UserError
from trainwright.evaluate.conformal import compress, masses, needed_share
from trainwright.evaluate.error_size import Errors, choose_kind, fit_size
from trainwright.packages.ensemble import weighted
from trainwright.packages.number_intervals import CV_PLUS, IntervalState, NumberIntervals
from trainwright.packages.write import Member


def bounds_in_memory(errors: Errors, members: Sequence[Member], columns: Columns, level: float) -> np.ndarray:
    """(n, 2) bounds between which about this share of true numbers lies; see `evaluate.conformal`.

    Args:
        errors: of the chosen candidate on the rows that its folds held out, each row once.
        members: its fold models.
        columns: n rows.
        level: from 0.5 to 0.99.

    Raises:
        UserError: a level outside, or too few rows or groups for it.
    """
    if not 0.5 <= level <= 0.99:
        raise UserError(f"level must be from 0.5 to 0.99, got {level}")
    mass, units = masses(len(errors.error), errors.group)
    share = needed_share(level, units)
    if share is None:
        what = "rows" if errors.group is None else "groups"
        raise UserError(
            f"{units} {what} are too few for bounds at {level:.0%}", remedy="ask for a lower level, or fit on more"
        )
    size = fit_size(choose_kind(errors, level).kind, errors)
    points = compress(errors.error / size.of(errors.features), mass, errors.fold)
    state = IntervalState(level, CV_PLUS, share, size, {fold: tuple(row.tolist()) for fold, row in points.items()})
    total = sum(member.weight for member in members)
    intervals = NumberIntervals(
        state, [m.name for m in members], [m.fold for m in members], [m.weight for m in members]
    )
    parts = np.column_stack([member.estimator.predict(columns) for member in members]).astype(np.float64)
    prediction = weighted(parts, [member.weight / total for member in members])
    return np.column_stack(intervals.bounds(parts, prediction))
