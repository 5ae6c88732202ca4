"""Plain words for the page of the person who decides: options, measures and how clear a model is, without jargon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.formats import number, percent
from trainwright.evaluate.glossary import explain

# What kind of rule each family learns; a family that is not here is called by what is true of all.
OPTIONS: dict[str, str] = {
    "baseline": "the same answer for every case",
    "linear": "a weighted sum of the columns",
    "decision_tree": "one series of yes-or-no questions",
    "forest": "many series of questions, averaged",
    "extra_trees": "many series of questions, drawn partly at random, averaged",
    "adaboost": "short series of questions, each correcting the ones before",
    "lightgbm": "series of questions, each correcting the ones before",
    "catboost": "series of questions, each correcting the ones before",
    "xgboost": "series of questions, each correcting the ones before",
    "hist_gradient_boosting": "series of questions, each correcting the ones before",
    "ebm": "one curve for each column, added up",
    "svm": "a comparison with telling earlier cases",
    "ensemble": "a weighted average of several of the others",
    "stacking": "several of the others, weighed by a second rule",
    "bagging": "one of the others, learned from several parts of the cases and averaged",
    "present process": "how it is decided today",
}

# The measure by which models were ranked, as "which ..."; and its value in words.
MEASURES: dict[str, str] = {
    "roc_auc": "how often it puts a {positive} case ahead of another one, when one of each is drawn",
    "average_precision": "how many of the cases that it puts first are really {positive}",
    "accuracy": "how often its answer is right",
    "balanced_accuracy": "how often its answer is right, with every class counting the same",
    "log_loss": "how well its stated chances fit what happened; being sure and wrong costs most",
    "brier": "how close its stated chances are to what happened",
    "f1": "how well it finds {positive} cases without false alarms, both counting the same",
    "weighted_f1": "how well it finds each class without false alarms, common classes counting more",
    "macro_f1": "how well it finds each class without false alarms, every class counting the same",
    "mcc": "how far its answers and the truth agree beyond chance",
    "precision": "how many of the cases that it flags are really {positive}",
    "recall": "how many of the {positive} cases it finds",
    "rmse": "how far its answers are from the truth; large misses count most",
    "mae": "how far its answers are from the truth, on average",
    "median_absolute_error": "how far its answers are from the truth in the middle of all cases",
    "mape": "how far its answers are from the truth, in percent of it",
    "rmsle": "by which factor its answers miss the truth",
    "r2": "how much of the ups and downs of {target} it accounts for",
    "cost": "what its mistakes cost",
}

# What good and useless look like on the measure.
SCALES: dict[str, str] = {
    "roc_auc": "0.5 is guessing, 1 is perfect.",
    "average_precision": "Guessing gives the share of the cases looked for, 1 is perfect.",
    "log_loss": "0 is perfect; the fixed answer at the end of the table shows what guessing gives.",
    "brier": "0 is perfect; the fixed answer at the end of the table shows what guessing gives.",
    "rmse": "0 is perfect; the fixed answer at the end of the table shows what guessing gives.",
    "mae": "0 is perfect; the fixed answer at the end of the table shows what guessing gives.",
    "r2": "0 is no better than always answering the average, 1 is perfect.",
    "cost": "0 is perfect.",
}

CLARITY = {
    "high": "each answer can be traced by hand",
    "medium": "its main reasons can be shown, its single steps hardly",
    "low": "its answers cannot be traced by hand; only which columns matter can be shown",
}


def option(row: Mapping[str, Any]) -> str:
    """What a candidate of the leaderboard is, in plain words.

    Example:
        >>> option({"name": "linear", "family": "linear"})
        'a weighted sum of the columns'
    """
    return OPTIONS.get(str(row.get("family") or row.get("name")), "a model of its own kind")


def measure(metric: str, result: Mapping[str, Any]) -> str:
    """The run's metric as "how ...".

    Example:
        >>> measure("roc_auc", {"target": {"positive": "faulty"}})
        'how often it puts a faulty case ahead of another one, when one of each is drawn'
    """
    target = result.get("target") or {}
    if metric.startswith("precision_at_recall_"):
        share = metric.rpartition("_")[2]
        return f"how many of the flagged cases are right when {share} of 100 are found"
    words = MEASURES.get(metric, f"the measure {explain(metric).title!r}, which was chosen for this training")
    return words.replace("{positive}", positive_name(result)).replace("{target}", str(target.get("column") or "it"))


def positive_name(result: Mapping[str, Any]) -> str:
    """The class that is looked for, as a reader would say it: quoted where the bare label says nothing.

    Example:
        >>> positive_name({"target": {"positive": "1", "column": "default"}})
        '"default = 1"'
    """
    target = result.get("target") or {}
    positive = str(target.get("positive") or "")
    bare = positive.lower() in ("1", "true", "yes", "y", "0", "false", "no", "n", "")
    if positive.isalpha() and not bare:
        return positive
    sign = " " if positive[:1] in "<>=≤≥" else " = "
    return f'"{target.get("column", "target")}{sign}{positive}"'


def of_hundred(share: float | None) -> str:
    """A share as "81 of 100".

    Example:
        >>> of_hundred(0.812), of_hundred(None)
        ('81 of 100', 'unknown')
    """
    return "unknown" if share is None else f"{round(100 * share)} of 100"


def shown(metric: str, value: float | None) -> str:
    """A value of the run's measure: shares as "87 of 100" where that is what it says."""
    if value is None:
        return "not measured"
    return percent(value) if explain(metric).percent else number(value)
