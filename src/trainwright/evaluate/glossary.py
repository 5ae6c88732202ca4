"""What every metric and term means, in plain words: the dictionary behind reports, cards and the command
line."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Explanation:
    """A metric in words.

    Args:
        title: its name as printed.
        text: what it says, for a reader without statistics.
        greater_is_better: the direction.
        scale: what good, useless and perfect look like.
        percent: printed as a percentage.
    """

    title: str
    text: str
    greater_is_better: bool = True
    scale: str = ""
    percent: bool = False


METRICS: dict[str, Explanation] = {
    "roc_auc": Explanation(
        "ROC-AUC",
        "Take one row of the positive class and one of the other: how often does the model give the first "
        "the higher probability? It judges the ranking, not the threshold.",
        scale="0.5 is guessing, 1 is perfect.",
    ),
    "average_precision": Explanation(
        "Average precision",
        "The precision of the flagged rows, averaged over every possible number of flagged rows. It is "
        "the better guide when the positive class is rare.",
        scale="Guessing gives the share of the positive class, 1 is perfect.",
    ),
    "accuracy": Explanation(
        "Accuracy",
        "The share of rows whose class is predicted correctly. With one common class it flatters: always "
        "answering that class can already look good.",
        scale="Compare it with the share of the most common class; 100 % is perfect.",
        percent=True,
    ),
    "balanced_accuracy": Explanation(
        "Balanced accuracy",
        "The share found, averaged over the classes, so that a rare class counts as much as a common one.",
        scale="Guessing gives one divided by the number of classes; 100 % is perfect.",
        percent=True,
    ),
    "top_3_accuracy": Explanation(
        "Top-3 accuracy",
        "How often the true class is among the three most probable ones.",
        scale="100 % is perfect.",
        percent=True,
    ),
    "precision": Explanation(
        "Precision",
        "Of the rows that the model flags, the share that really belongs to the class. Low precision "
        "means false alarms.",
        scale="100 % means no false alarm.",
        percent=True,
    ),
    "recall": Explanation(
        "Recall",
        "Of the rows that really belong to the class, the share that the model finds. Low recall means misses.",
        scale="100 % means that nothing is missed.",
        percent=True,
    ),
    "f1": Explanation(
        "F1",
        "One figure for precision and recall together (their harmonic mean): high only when both are.",
        scale="1 is perfect.",
    ),
    "weighted_f1": Explanation(
        "Weighted F1",
        "F1 of each class, averaged with the number of rows of the class as its weight.",
        scale="1 is perfect.",
    ),
    "macro_f1": Explanation(
        "Macro F1",
        "F1 of each class, averaged with every class counting the same, so weak rare classes show.",
        scale="1 is perfect.",
    ),
    "mcc": Explanation(
        "Matthews correlation",
        "How far predictions and truth agree beyond what their frequencies alone would give.",
        scale="0 is guessing, 1 is perfect, below 0 is worse than guessing.",
    ),
    "log_loss": Explanation(
        "Log-loss",
        "How surprised one would be by the truth when believing the probabilities. Being sure and wrong costs most.",
        greater_is_better=False,
        scale="0 is perfect; compare it with the baseline that always gives the class shares.",
    ),
    "brier": Explanation(
        "Brier score",
        "The average squared distance between the probability and what happened.",
        greater_is_better=False,
        scale="0 is perfect.",
    ),
    "calibration_error": Explanation(
        "Calibration error",
        "How far the probabilities are from the shares that really occur: of the rows given 70 %, do 70 % turn out so?",
        greater_is_better=False,
        scale="0 is perfect; 0.02 means two percentage points off on average.",
    ),
    "brier_reliability": Explanation(
        "Brier: can be mended",
        "The part of the Brier score that comes from probabilities being away from the shares that occur.",
        greater_is_better=False,
        scale="0 is perfect.",
    ),
    "brier_resolution": Explanation(
        "Brier: told apart",
        "How far the rows that get a high probability really differ from those that get a low one; it is taken off.",
        scale="0 tells nothing apart; the most there can be is the part that is uncertain.",
    ),
    "brier_uncertainty": Explanation(
        "Brier: uncertain anyway",
        "The Brier score of always answering the overall share. It follows from the rows, not from the model.",
        greater_is_better=False,
        scale="Reliability less resolution plus this is about the Brier score.",
    ),
    "cost": Explanation(
        "Cost per row",
        "What false alarms and misses cost together, at the costs stated, divided by the number of rows.",
        greater_is_better=False,
        scale="0 is perfect; compare it with flagging nothing and with the present process.",
    ),
    "rmse": Explanation(
        "RMSE",
        "The typical size of an error, in the units of the target; large errors count more than proportionally.",
        greater_is_better=False,
        scale="0 is perfect; compare it with the baseline that always answers the mean.",
    ),
    "mae": Explanation(
        "Mean absolute error",
        "The average distance between prediction and truth, in the units of the target.",
        greater_is_better=False,
        scale="0 is perfect.",
    ),
    "median_absolute_error": Explanation(
        "Median absolute error",
        "Half of the predictions are closer to the truth than this, half are further away.",
        greater_is_better=False,
        scale="0 is perfect.",
    ),
    "r2": Explanation(
        "R²",
        "The share of the ups and downs of the target that the model accounts for.",
        scale="0 is no better than the mean, 1 is perfect, below 0 is worse than the mean.",
    ),
    "mape": Explanation(
        "Mean absolute percentage error",
        "The average distance between prediction and truth as a percentage of the truth.",
        greater_is_better=False,
        scale="0 % is perfect.",
        percent=True,
    ),
    "rmsle": Explanation(
        "RMSLE",
        "Like RMSE, on a logarithmic scale: being off by a factor counts the same for small and large values.",
        greater_is_better=False,
        scale="0 is perfect.",
    ),
}

TERMS: dict[str, tuple[str, str]] = {
    "interval": (
        "Interval",
        "A figure computed from a sample of rows is not exact. A 95 % interval is computed so that, in 95 "
        "of 100 such studies, it holds the value one would see on endless rows of the same kind.",
    ),
    "baseline": (
        "Baseline",
        "A deliberately simple way to answer: always the most common class or the mean, a linear model, a "
        "small forest. A model that cannot beat them is not worth its upkeep.",
    ),
    "out_of_fold": (
        "Out-of-fold predictions",
        "The development rows are cut into folds. Each fold is predicted by a model that never saw it, so "
        "every development row gets an honest prediction.",
    ),
    "sealed_test": (
        "Sealed test",
        "Rows put aside before anything is learned or chosen. They are opened once, on the finished "
        "package, and give numbers only.",
    ),
    "ledger": (
        "Test ledger",
        "Each look at the same test rows makes a lucky figure more likely. The ledger counts the openings "
        "of a project's test, and the k-th one is shown with a wider interval, at level 1 − 0.05/k.",
    ),
    "not_distinguishable": (
        "Not distinguishable",
        "On these rows the difference between two models is no larger than chance alone would produce. "
        "The verdicts are corrected for the number of candidates (Holm's method).",
    ),
    "one_standard_error": (
        "Within one standard error",
        "A simpler model whose score is this close to the best is, for practical purposes, as good.",
    ),
    "threshold": (
        "Threshold",
        "The probability from which a row counts as the positive class. Lower finds more and raises more false alarms.",
    ),
    "low_and_high": (
        "Low and high",
        "The bounds beside a predicted number. They are made from the errors on rows that the models had not seen, so "
        "that about the stated share of true values lies between them. They say how far a single prediction may be "
        "off, not how well the average is known.",
    ),
    "importance": (
        "Permutation importance",
        "How much the score drops when the values of one column are shuffled among the rows. Columns that "
        "carry the same information share their importance.",
    ),
    "gap": (
        "Generalisation gap",
        "The difference between the score on rows the model learned from and on rows it did not. A wide "
        "gap means that it partly memorised.",
    ),
    "reliability": (
        "Reliability",
        "Whether probabilities mean what they say: of the rows given 80 %, about 80 of 100 should turn out so. "
        "Calibration changes the probabilities so that they do; it is fitted on rows that no model learned from.",
    ),
    "support": ("Support", "The number of rows that really belong to the class."),
}


def explain(name: str) -> Explanation:
    """The explanation of a metric by its key; a metric we do not know gets its name in words.

    Example:
        >>> explain("precision_at_recall_80").title
        'Precision at 80 % recall'
    """
    if name in METRICS:
        return METRICS[name]
    if match := re.fullmatch(r"(precision|recall)_at_(recall|precision)_(\d+)", name):
        first, second, share = match.groups()
        return Explanation(
            f"{first.capitalize()} at {share} % {second}",
            f"The {first} when the threshold is set so that the {second} is {share} %.",
            scale="100 % is perfect.",
            percent=True,
        )
    return Explanation(name.replace("_", " "), "")
