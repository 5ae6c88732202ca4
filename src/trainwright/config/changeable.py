"""Which settings may change between two trainings that are judged on the same held-out rows."""

from __future__ import annotations

# Of the `data:` block, what leaves every row where it is.
SAME_ROWS = ("data.ignore", "data.filter_low_quality")
# What is said about a run and changes nothing of its model.
WORDS = ("training.comments", "training.verbose", "data.ignore_findings", "data.on_finding")


def why_fixed(key: str) -> tuple[str, str] | None:
    """Why a setting cannot be tried, and what to do instead; None for one that can.

    Args:
        key: the full key.

    Example:
        >>> why_fixed("training.class_weight") is None, why_fixed("data.folds")[0]
        (True, 'data.folds decides how the rows are read or split')
    """
    if key == "project":
        return "a try belongs to the project of the version it starts from", "leave `project` out"
    if key == "training.seed":
        return (
            "training.seed: another seed is luck and no improvement",
            "`trainwright stability PROJECT@vN` says how much of a figure is luck",
        )
    if key == "training.sample":
        return "training.sample makes a rehearsal, which is no version", "rehearse with `trainwright train --sample`"
    if key in ("training.incremental", "training.base", "training.replay"):
        return (
            f"{key} is about learning on from a version with new rows",
            "`trainwright train NEW.csv --project PROJECT --incremental`",
        )
    if key.startswith("search.") and key != "search.winner_of":
        return f"{key} is about a search, which tries many settings", "`trainwright tune PROJECT` searches"
    if key in WORDS:
        return f"{key} changes nothing of the model", "say why you try something with --note"
    if key.startswith("problem.") and not key.startswith(("problem.costs.", "problem.class_costs")):
        return f"{key} describes the problem and changes nothing of the model", "give it with the next `train`"
    if key.startswith("data.") and key not in SAME_ROWS:
        return (
            f"{key} decides how the rows are read or split",
            "both runs must be judged on the same held-out rows: train anew with it, in a project of its own "
            "(--project NAME)",
        )
    return None
