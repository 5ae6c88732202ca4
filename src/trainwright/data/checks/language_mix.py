"""Says in which languages the texts seem to be written, where they are several or not English."""

from __future__ import annotations

import polars as pl

from trainwright.data.checks.context import Context, drawn_rows
from trainwright.data.checks.finding import Check, Finding
from trainwright.data.languages import languages

ROWS = 5_000
# A second language from this share of the texts that can be told; fewer texts than this tell nothing.
SECOND, LEAST = 0.05, 30


def run(context: Context) -> list[Finding]:
    found = []
    for column in context.text_columns:
        texts = context.development[column.name].cast(pl.String).drop_nulls()
        texts = texts[drawn_rows(texts.len(), ROWS)]
        counts = languages(texts.to_list())
        told = sum(counts.values())
        if told < LEAST:
            continue
        shares = {name: count / told for name, count in counts.most_common() if count / told >= SECOND}
        names = list(shares)
        if not names or names == ["English"]:
            continue
        mixed = len(names) > 1
        listed = ", ".join(f"{share:.0%} {name}" for name, share in shares.items())
        words = "are written in several languages" if mixed else "are not written in English"
        found.append(
            Finding(
                code="TW115",
                severity="note",
                message=(
                    f"texts in {column.name!r} {words}, as far as their little words tell: {listed} "
                    f"(of {told:,} texts that can be told, {texts.len():,} looked at)."
                ),
                columns=(column.name,),
                evidence={"shares": {k: round(v, 3) for k, v in shares.items()}, "told": told, "rows": texts.len()},
                remedy=(
                    "the base model minilm knows English: take --base-model minilm-multilingual, and look at the "
                    "report's segments by language"
                    if mixed
                    else "the base model minilm knows English: take --base-model minilm-multilingual"
                ),
            )
        )
    return found


CHECK = Check("TW115", "language-mix", "note", "Texts in several languages", run)
