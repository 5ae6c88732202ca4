"""The value of each feature that stands for "nothing special": what a reason compares a row with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trainwright.data.columns import MISSING, Columns, Layout

ENOUGH = 100_000


def reference_values(columns: Columns) -> dict[str, float | str | None]:
    """The median of each number and time, and the most frequent value of each category; None: missing.

    A statistic of many rows, never a row: the package holds no training rows. Ties go to the first value in
    sorted order.

    Args:
        columns: the features of the development rows.

    Returns:
        feature -> reference value; for texts the empty text.
    """
    layout = columns.layout
    if len(columns) > ENOUGH:  # evenly spaced rows tell a median well enough
        columns = columns.take(np.linspace(0, len(columns) - 1, ENOUGH).astype(np.int64))
    out: dict[str, float | str | None] = {}
    for names, block in ((layout.numbers, columns.numbers), (layout.times, columns.times)):
        for j, name in enumerate(names):
            known = block[:, j][~np.isnan(block[:, j])]
            out[name] = float(np.median(known)) if len(known) else None
    for j, name in enumerate(layout.categories):
        known = columns.codes[:, j][columns.codes[:, j] >= 0]
        counts = np.bincount(known, minlength=1)
        out[name] = layout.vocabulary[j][int(counts.argmax())] if len(known) else None
    out.update(dict.fromkeys(layout.texts, ""))
    return out


def encode_reference(layout: Layout, values: Mapping[str, float | str | None]) -> Columns:
    """One row of the reference values; a feature without one counts as missing."""

    def number(name: str) -> float:
        value = values.get(name)
        return float(value) if isinstance(value, int | float) else np.nan

    codes = np.full((1, len(layout.categories)), MISSING, dtype=np.int32)
    for j, name in enumerate(layout.categories):
        value = values.get(name)
        if value in layout.vocabulary[j]:
            codes[0, j] = layout.vocabulary[j].index(str(value))
    numbers = np.array([[number(name) for name in layout.numbers]], dtype=np.float32 if layout.single else np.float64)
    times = np.array([[number(name) for name in layout.times]], dtype=np.float64)
    texts = np.full((1, len(layout.texts)), "", dtype=object)
    return Columns(numbers.reshape(1, len(layout.numbers)), codes, times.reshape(1, len(layout.times)), texts, layout)


def replace_feature(columns: Columns, reference: Columns, name: str) -> Columns:
    """The same rows with one feature set to its reference value; the other blocks are shared, not copied."""
    layout = columns.layout
    blocks = [columns.numbers, columns.codes, columns.times, columns.texts]
    sources = [reference.numbers, reference.codes, reference.times, reference.texts]
    for i, names in enumerate((layout.numbers, layout.categories, layout.times, layout.texts)):
        if name in names:
            j = names.index(name)
            blocks[i] = blocks[i].copy()
            blocks[i][:, j] = sources[i][0, j]
    return Columns(blocks[0], blocks[1], blocks[2], blocks[3], layout)
