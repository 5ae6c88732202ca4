"""The strongest reasons for one prediction, in words: which feature pushed it where, and how hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.convert import spelt
from trainwright.data.schema import Target
from trainwright.packages.ensemble import Pushes


@dataclass(frozen=True)
class Reason:
    """One feature's push on one prediction.

    Args:
        feature: the column.
        value: its value in this row, as text; None when missing.
        push: change of the log-odds of `towards`, or of the number in its own units; below 0 it speaks
            against.
        towards: the class; None for a number.
        exact: the members account for it exactly; otherwise it is what changes when the column takes its
            median or most frequent value.
    """

    feature: str
    value: str | None
    push: float
    towards: str | None
    exact: bool

    @property
    def text(self) -> str:
        """The reason as a short sentence.

        Example:
            >>> Reason("age", "52", 0.81, "yes", True).text
            'age = 52 speaks for yes (+0.81)'
        """
        shown = "missing" if self.value is None else (self.value[:60] or "empty")
        if self.towards is None:
            verb = "raises it by" if self.push >= 0 else "lowers it by"
            said = f"{verb} {abs(self.push):.4g}"
        else:
            said = f"speaks {'for' if self.push >= 0 else 'against'} {self.towards} ({self.push:+.2f})"
        return f"{self.feature} = {shown} {said}" + ("" if self.exact else ", approximate")

    def to_json(self) -> dict[str, Any]:
        """The reason as plain data."""
        return asdict(self)


def strongest(pushes: Pushes, frame: pl.DataFrame, target: Target, top: int) -> list[tuple[Reason, ...]]:
    """For each of n rows its `top` strongest pushes, the strongest first; pushes of 0 are no reasons.

    Args:
        pushes: of the n rows.
        frame: the same n rows, for the values.
        target: for the names of the classes.
        top: how many at most.
    """
    order = np.argsort(-np.abs(pushes.values), axis=1, kind="stable")[:, :top]  # (n, top)
    needed = sorted(set(order.ravel().tolist()))
    values = {j: spelt(frame[pushes.names[j]]).to_list() for j in needed}
    labels: Sequence[str | None] = (*target.classes, None)  # position -1, a number, has no class
    return [
        tuple(
            Reason(
                pushes.names[j],
                values[j][i],
                float(pushes.values[i, j]),
                labels[pushes.towards[i]],
                pushes.exact,
            )
            for j in order[i]
            if pushes.values[i, j] != 0
        )
        for i in range(len(order))
    ]


def reason_columns(reasons: Sequence[Sequence[Reason]], top: int) -> pl.DataFrame:
    """The columns `reason_1` to `reason_<top>`, as text."""
    return pl.DataFrame(
        {
            f"reason_{k + 1}": pl.Series([row[k].text if len(row) > k else None for row in reasons], dtype=pl.String)
            for k in range(top)
        }
    )
