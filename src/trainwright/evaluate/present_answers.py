"""What the present process said, read from a column: classes in any spelling, probabilities, scores, or numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from trainwright.data.infer import encode_target
from trainwright.data.missing import TARGET_MARKS, clean
from trainwright.data.notes import listing
from trainwright.data.numerals import plain_numbers
from trainwright.data.schema import Target
from trainwright.errors import UserError

KEY = "problem.present_process.column"


@dataclass(frozen=True)
class Decided:
    """What the present process said about n rows.

    Args:
        kind: "decisions" (classes), "probabilities" (of the positive class), "scores" (only their order counts) or
            "numbers".
        prediction: (n, k) or (n,), shaped like a model's prediction; NaN where nothing was decided.
        decided: (n,) whether anything was.
        note: how the values were read, or "".
    """

    kind: str
    prediction: np.ndarray
    decided: np.ndarray
    note: str = ""


def read_decisions(values: pl.Series, target: Target) -> Decided:
    """What a column says about the target.

    Args:
        values: (n,) classes in any spelling that the target knows, scores, or numbers.
        target: what is predicted.

    Raises:
        UserError: values that are no class of the target, or nothing at all; it names them.

    Example:
        >>> target = Target("defect", "classes", ("no", "yes"), positive="yes")
        >>> found = read_decisions(pl.Series("inspector", ["yes", "no", None]), target)
        >>> found.kind, found.decided.tolist()
        ('decisions', [True, True, False])
        >>> read_decisions(pl.Series("inspector", ["yes", "scrap", None]), target)
        Traceback (most recent call last):
        trainwright.errors.UserError: problem.present_process.column: 'inspector' holds values that are no class of \
'defect': 'scrap' (1 row); spell decisions like the classes ('no', 'yes'), or give numbers, more for 'yes'
    """
    text = clean(values, marks=TARGET_MARKS) if values.dtype == pl.String else values
    given = text.is_not_null().to_numpy()
    if target.task == "number":
        numbers = encode_target(text, target)
        odd = given & ~np.isfinite(numbers)
        if odd.any():
            raise _refused(values, odd, target, "are no numbers", "give a number, or leave the cell empty")
        return _something("numbers", numbers, np.isfinite(numbers), values, target)
    codes = encode_target(text, target)
    odd = given & (codes < 0)
    if not odd.any():
        prediction = np.full((len(codes), len(target.classes)), np.nan)
        prediction[codes >= 0] = np.eye(len(target.classes))[codes[codes >= 0]]
        return _something("decisions", prediction, codes >= 0, values, target)
    scores = _scores(text) if len(target.classes) == 2 else None
    if scores is None or (given & ~np.isfinite(scores)).any():
        remedy = f"spell decisions like the classes ({listing(target.classes, limit=5)})"
        if len(target.classes) == 2:
            remedy += f", or give numbers, more for {target.positive!r}"
        raise _refused(values, odd, target, f"are no class of {target.column!r}", remedy)
    return _from_scores(scores, values, target)


def _scores(text: pl.Series) -> np.ndarray:
    """(n,) numbers, NaN where the value is none; true and false are 1 and 0."""
    if text.dtype == pl.String:
        plain = text.str.to_lowercase().replace({"true": "1", "false": "0"})
        text = plain_numbers(plain)
    return text.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()


def _from_scores(scores: np.ndarray, values: pl.Series, target: Target) -> Decided:
    known = np.isfinite(scores)
    positive, two = target.positive_index, np.full((len(scores), 2), np.nan)
    if np.isin(scores[known], (0.0, 1.0)).all():
        kind, note, share = "decisions", f"1 in {values.name!r} was read as {target.positive}, 0 as the other", scores
    elif scores[known].min() >= 0 and scores[known].max() <= 1:
        kind, share = "probabilities", scores
        note = f"the numbers in {values.name!r} were read as the probability of {target.positive}"
    else:
        kind = "scores"
        note = (
            f"the numbers in {values.name!r} were read as scores, more for {target.positive}: only their order counts"
        )
        low, high = scores[known].min(), scores[known].max()
        share = (scores - low) / ((high - low) or 1.0)
    two[:, positive], two[:, 1 - positive] = share, 1 - share
    return Decided(kind, two, known, note)


def _something(kind: str, prediction: np.ndarray, decided: np.ndarray, values: pl.Series, target: Target) -> Decided:
    if not decided.any():
        raise UserError(
            f"{KEY}: {values.name!r} holds no value",
            remedy=f"name the column with today's answers for {target.column!r}",
        )
    return Decided(kind, prediction, decided)


def _refused(values: pl.Series, odd: np.ndarray, target: Target, what: str, remedy: str) -> UserError:
    found = values.filter(pl.Series(odd))
    shown = listing(found.unique(maintain_order=True).to_list(), limit=5)
    rows = f"{len(found):,} row{'' if len(found) == 1 else 's'}"
    return UserError(f"{KEY}: {values.name!r} holds values that {what}: {shown} ({rows})", remedy=remedy)
