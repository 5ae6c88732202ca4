"""Plain language for figures, in one place: formats, explanations, and the one-sentence verdict."""

from __future__ import annotations

from trainwright.evaluate.formats import (
    THIN,
    common_width,
    count,
    duration,
    estimate,
    interval,
    level_text,
    number,
    one_in,
    part_label,
    percent,
    plural,
    score,
)
from trainwright.evaluate.glossary import METRICS, TERMS, Explanation, explain
from trainwright.evaluate.verdict import (
    Verdict,
    beats_baselines,
    chosen,
    chosen_row,
    comparison_rows,
    is_baseline,
    rows_of,
    sealed_level,
    verdict,
)

__all__ = [
    "METRICS",
    "TERMS",
    "THIN",
    "Explanation",
    "Verdict",
    "beats_baselines",
    "chosen",
    "chosen_row",
    "common_width",
    "comparison_rows",
    "count",
    "duration",
    "estimate",
    "explain",
    "interval",
    "is_baseline",
    "level_text",
    "number",
    "one_in",
    "part_label",
    "percent",
    "plural",
    "rows_of",
    "score",
    "sealed_level",
    "verdict",
]
