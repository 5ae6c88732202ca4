"""The names of metrics as plain data, for `--help`, the check of a YAML file and the JSON schema: imports
nothing."""

from __future__ import annotations

CLASS_METRICS: dict[str, str] = {
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
    "precision_at_recall_80": "precision at 80 % recall",
    "log_loss": "log-loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "weighted_f1": "weighted F1",
    "macro_f1": "macro F1",
    "mcc": "Matthews correlation",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "top_3_accuracy": "top-3 accuracy",
}
"""Metrics of a target of classes. `precision`, `recall` and `f1` are those of the positive class of two;
`precision_at_recall_NN` exists for every whole percentage; `top_3_accuracy` needs more than three classes."""

NUMBER_METRICS: dict[str, str] = {
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
    "r2": "R2",
    "mape": "mean absolute percentage error",
    "median_absolute_error": "median absolute error",
    "rmsle": "root mean squared logarithmic error",
}
"""Metrics of a target of numbers."""

GREATER_IS_BETTER = frozenset(CLASS_METRICS) - {"log_loss", "brier", "calibration_error"} | {"r2"}
"""The metrics where more is better; of all others less is better."""
