"""Low and high beside a number as an exported folder computes them: plain data, carried out by `folder/bounds.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainwright.packages.manifest import Manifest
from trainwright.packages.number_intervals import ReviewWidth


def bounds_of(manifest: Manifest, parts: Sequence[str], review: ReviewWidth | None) -> dict[str, Any] | None:
    """What of a package the bounds are made of; None where it has none.

    Args:
        manifest: of the package.
        parts: the value of the steps that holds what each member predicts.
        review: rows with wider bounds are marked for review.

    Returns:
        The state of the manifest (see `packages.number_intervals.IntervalState`) with "members": for each {"value",
        "name", "fold", "weight"}, and "review" {"value", "relative"} or None.
    """
    state = manifest.interval
    if state is None:
        return None
    members = [
        {"value": value, "name": entry.name, "fold": entry.fold, "weight": entry.weight}
        for value, entry in zip(parts, manifest.members)
    ]
    marked = None if review is None else {"value": review.value, "relative": review.relative}
    return {**state.to_json(), "members": members, "review": marked}
