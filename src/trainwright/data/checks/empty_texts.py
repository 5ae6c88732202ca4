"""Counts texts that are empty or hold no letter, and says when they go with one class."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding

NOTE, WARNING = 0.002, 0.05
FEWEST = 3
# A class whose texts are empty so many times as often as all texts is named.
TIMES = 3.0


def run(context: Context) -> list[Finding]:
    found = []
    for column in context.text_columns:
        texts = context.development[column.name].cast(pl.String).fill_null("")
        empty = (texts.str.strip_chars() == "").to_numpy()
        mute = ~empty & ~texts.str.contains(r"\p{L}").to_numpy()
        count = int((empty | mute).sum())
        if count < max(FEWEST, NOTE * context.n):
            continue
        parts = [f"{int(empty.sum()):,} are empty"] if empty.any() else []
        parts += [f"{int(mute.sum()):,} hold no letter"] if mute.any() else []
        evidence: dict[str, Any] = {"empty": int(empty.sum()), "without_letters": int(mute.sum()), "rows": context.n}
        words = _class_words(context, empty | mute, evidence)
        found.append(
            Finding(
                code="TW113",
                severity="warning" if count >= WARNING * context.n or "class" in evidence else "note",
                message=f"of {context.n:,} texts in {column.name!r}, {' and '.join(parts)}.{words}",
                columns=(column.name,),
                evidence=evidence | {"row_numbers": context.row_numbers[np.flatnonzero(empty | mute)[:20]].tolist()},
                remedy="find out how they came to be; --filter-low-quality learns nothing from rows without any text",
            )
        )
    return found


def _class_words(context: Context, nothing: np.ndarray, evidence: dict[str, Any]) -> str:
    """Which class the texts without content go with, as a sentence; empty where none stands out."""
    if not context.classes or nothing.sum() < 10:
        return ""
    k = len(context.target.classes)
    within = np.bincount(context.y[nothing], minlength=k)
    usual = np.bincount(context.y, minlength=k) / context.n
    share = within / within.sum()
    at = int(np.argmax(share - usual))
    if share[at] < min(0.9, TIMES * usual[at]) or share[at] < 0.5:
        return ""
    name = context.target.classes[at]
    evidence["class"], evidence["share_of_class"] = name, round(float(share[at]), 3)
    return (
        f" {share[at]:.0%} of them are {name!r}, which {usual[at]:.0%} of all rows are: that a text is missing "
        "gives the class away."
    )


CHECK = Check("TW113", "empty-texts", "warning", "Texts without content", run)
