"""The table of checks: add a file with a `CHECK` and a line here, and a page `docs/findings/CODE.md`."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from trainwright.data.checks.finding import Check, Finding, Findings, Outcome
from trainwright.data.checks.runner import run_checks

__all__ = ["Check", "Finding", "Findings", "Outcome", "checks", "run_checks"]

# In the order in which they run: under a deadline the first are surest to be done. Those that fit models come last.
MODULES = (
    "rare_classes",
    "class_imbalance",
    "constant_columns",
    "identifier_columns",
    "infinite_values",
    "missing_values",
    "low_quality_rows",
    "empty_texts",
    "long_texts",
    "language_mix",
    "annotator_agreement",
    "single_column_leak",
    "telling_flag",
    "telling_missingness",
    "rows_in_both_parts",
    "duplicate_rows",
    "conflicting_labels",
    "outliers",
    "redundant_columns",
    "time_column_random_split",
    "one_column_whole_model",
    "recorded_after",
    "telling_codes",
    "group_column_random_split",
    "near_duplicates",
    "near_duplicate_texts",
    "mix_of_places",
    "told_apart",
    "rare_values",
    "label_errors",
)


@cache
def checks() -> dict[str, Check]:
    """Every check by code, in the order in which they run.

    Example:
        >>> checks()["TW101"].slug
        'duplicate-rows'
    """
    found = [import_module(f"trainwright.data.checks.{name}").CHECK for name in MODULES]
    return {check.code: check for check in found}
