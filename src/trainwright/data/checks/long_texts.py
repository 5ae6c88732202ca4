"""Counts the texts that are longer than a text model reads, and how much of them is cut off."""

from __future__ import annotations

import numpy as np
import polars as pl

from trainwright.data.checks.context import Context, drawn_rows
from trainwright.data.checks.finding import Check, Finding

# What the text families read of a text unless they are told otherwise (`max_tokens`), and what a word comes to.
TOKENS, MOST_TOKENS = 256, 512
PIECES = 1.15
NOTE, WARNING, LOST = 0.01, 0.25, 0.25
ROWS = 20_000


def tokens_of(texts: pl.Series) -> np.ndarray:
    """(n,) about how many tokens each text has: words, digits and signs, and what long words are cut into.

    Example:
        >>> tokens_of(pl.Series(["The pump leaks.", None])).tolist()
        [6, 2]
    """
    pieces = texts.cast(pl.String).fill_null("").str.count_matches(r"\p{L}+|\p{N}|[^\s\p{L}\p{N}]")
    return np.floor(pieces.to_numpy() * PIECES).astype(np.int64) + 2


def run(context: Context) -> list[Finding]:
    found = []
    for column in context.text_columns:
        texts = context.development[column.name]
        texts = texts[drawn_rows(texts.len(), ROWS)]
        tokens = tokens_of(texts)
        cut = tokens > TOKENS
        share, lost = float(cut.mean()), float((tokens[cut] - TOKENS).sum() / max(tokens.sum(), 1))
        if share < NOTE:
            continue
        beyond = float((tokens > MOST_TOKENS).mean())
        found.append(
            Finding(
                code="TW116",
                severity="warning" if share >= WARNING and lost >= LOST else "note",
                message=(
                    f"about {share:.0%} of the texts in {column.name!r} are longer than the {TOKENS} tokens that text "
                    f"models read unless told otherwise; {lost:.0%} of all tokens are cut off (the longest text has "
                    f"about {int(tokens.max()):,} tokens). Word counts (linear) read all of them."
                ),
                columns=(column.name,),
                evidence={
                    "share_cut": round(share, 4),
                    "tokens_cut": round(lost, 4),
                    "share_beyond_the_most": round(beyond, 4),
                    "median_tokens": int(np.median(tokens)),
                    "longest": int(tokens.max()),
                    "rows_looked_at": len(tokens),
                },
                remedy=(
                    "put what matters first or shorten the texts; --family-setting text_embedding.max_tokens=512 reads "
                    f"more, at more time{'' if beyond < NOTE else f' ({beyond:.0%} are longer than even that)'}"
                ),
            )
        )
    return found


CHECK = Check("TW116", "long-texts", "warning", "Texts longer than a model reads", run)
