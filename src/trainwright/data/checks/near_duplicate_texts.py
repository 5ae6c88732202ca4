"""Finds texts that nearly equal another one, within the development rows and across the split."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context, drawn_rows
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.near_texts import near_texts

NOTE, WARNING = 0.005, 0.05
FEWEST = 3
ROWS, TEST_ROWS = 20_000, 10_000


def run(context: Context) -> list[Finding]:
    rng = np.random.default_rng(0)
    found: list[Finding] = []
    for column in context.text_columns:
        rows = drawn_rows(context.n, ROWS, rng)
        texts = context.development[column.name][rows].cast(pl.String).fill_null("").to_list()
        test = context.test_features
        held: list[str] = []
        if test is not None and column.name in test.columns:
            picked = drawn_rows(test.height, TEST_ROWS, rng)
            held = test[column.name][picked].cast(pl.String).fill_null("").to_list()
        alone = len(context.features) == 1
        found += _of_column(context, column.name, texts, held, alone=alone)
    return found


def _of_column(context: Context, name: str, texts: list[str], held: list[str], *, alone: bool) -> list[Finding]:
    """What one column shows. Where it is the only feature, equal texts are equal rows, which other checks report."""
    near = near_texts(texts + held)
    n = len(texts)
    same = np.array([other >= 0 and (texts + held)[i] == (texts + held)[other] for i, other in enumerate(near.other)])
    counts = (near.other >= 0) & ~(same & alone)
    within, across = int(counts[:n].sum()), int((counts[n:] & (near.other[n:] < n)).sum())
    findings = []
    if held and across >= max(FEWEST, NOTE * len(held)):
        share = across / len(held)
        example = _example(texts, held, near.other, counts, n)
        findings.append(
            Finding(
                code="TW114",
                severity="warning" if share >= WARNING else "note",
                message=(
                    f"{across:,} of {len(held):,} test texts in {name!r} ({share:.1%}) nearly equal a development text"
                    f"{example}: the test figures are partly about texts the model has seen."
                ),
                columns=(name,),
                evidence={"test_rows": across, "of": len(held), "share": round(share, 4), "rows_looked_at": n},
                remedy=_remedy(context),
            )
        )
    if within >= max(FEWEST, NOTE * n):
        share = within / n
        findings.append(
            Finding(
                code="TW114",
                severity="warning" if share >= WARNING and context.random_split else "note",
                message=(
                    f"{within:,} of {n:,} development texts in {name!r} ({share:.1%}) nearly equal an earlier one; "
                    "folds that part them make the model look better than it is."
                ),
                columns=(name,),
                evidence={"near": within, "rows_looked_at": n, "rows": context.n, "share": round(share, 4)},
                remedy=_remedy(context),
            )
        )
    return findings


def _example(texts: list[str], held: list[str], other: np.ndarray, counts: np.ndarray, n: int) -> str:
    """A development text that a test text nearly repeats; test rows themselves are never shown."""
    first = next((int(other[i]) for i in range(n, n + len(held)) if counts[i] and other[i] < n), None)
    if first is None:
        return ""
    text = " ".join(texts[first].split())
    return f" (such as {text[:60] + ('...' if len(text) > 60 else '')!r})"


def _remedy(context: Context) -> str:
    if context.split is not None and context.split.rule.given_test:
        return "take the copies out of the training file or the test file, and train again"
    return (
        "remove what is one text with small changes, or name what the copies share (a sender, a template) with --group"
    )


CHECK = Check("TW114", "near-duplicate-texts", "warning", "Texts that nearly equal another one", run)
