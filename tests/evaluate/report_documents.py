# ruff: noqa: E501 (documents are tables)
"""Result and evaluation documents as a training writes them, for two classes, 77 classes and a number."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.evaluate.interval_coverage import Bounds, measure

Json = dict[str, Any]


def around(value: float, half: float) -> Json:
    return {"value": value, "low": value - half, "high": value + half, "method": "bootstrap, 1,000 resamples"}


def two_classes() -> tuple[Json, dict[str, Json]]:
    """An income model: 48,842 rows, a test opened for the second time, examples with their values."""
    rng = np.random.default_rng(7)
    n = 8000
    y = rng.random(n) < 0.24
    p = 1 / (1 + np.exp(-(rng.normal(np.where(y, 1.2, -2.4), 1.5))))
    validation = _binary("validation", y, p, 41_516, [">50K", "<=50K"], 0.95)
    test = _binary("test", y[:4000], p[:4000], 7_326, [">50K", "<=50K"], 0.975)
    test["metrics"] = {
        name: around(figure["value"] * 0.998, 2.9 * (figure["high"] - figure["value"]))
        for name, figure in test["metrics"].items()
    }
    test["metrics"]["roc_auc"] = around(0.9264, 0.0062)
    result = _result("adult", "roc_auc", {"train": 33_213, "validation": 8_303, "test": 7_326})
    result["target"] = {
        "column": "income", "task": "classes", "classes": ["<=50K", ">50K"], "positive": ">50K", "numeric_labels": None,
    }  # fmt: skip
    result["problem"] = {
        "decision": "Whom to offer a personal call about retirement plans",
        "for": "Branch managers of a regional bank",
        "costs": {"false_alarm": "about 15 minutes of a call", "miss": "a lost contract"},
        "present_process": "Branch managers choose by hand",
    }
    result["validation"] = {"roc_auc": around(0.9281, 0.0021), "average_precision": around(0.828, 0.006)}
    result["test"] = {"roc_auc": around(0.9264, 0.0062), "average_precision": around(0.826, 0.016)}
    result["ledger"] = {"k": 2, "level": 0.975}
    result["threshold"] = {"value": 0.36, "reason": "It gives the highest F1 on out-of-fold rows."}
    result["leaderboard"] = [
        _row("ensemble", "ensemble", 0.9281, 0.0021, 0.9512, fit=96.1, predict=1.4, size=12.3),
        _row("catboost", "catboost", 0.9272, 0.0022, 0.9406, fit=58.2, predict=0.3, size=3.1),
        _row("lightgbm, engineered", "lightgbm", 0.9269, 0.0021, 0.9587, fit=31.0, predict=0.8, size=5.2),
        _row("lightgbm", "lightgbm", 0.9258, 0.0023, 0.9537, fit=6.9, predict=0.25, size=4.0),
        _row("small forest", "forest", 0.9102, 0.0026, 0.9718, fit=4.2, predict=2.1, size=9.8, baseline=True),
        _row("linear", "linear", 0.9051, 0.0027, 0.9062, fit=2.2, predict=0.04, size=0.1, baseline=True),
        _row("majority", "baseline", 0.5, 0.0, 0.5, fit=0.01, predict=0.001, size=0.01, baseline=True),
    ]
    result["selected"] = {
        "name": "ensemble",
        "reason": "It has the best validation score; no requirement speaks against it.",
    }
    result["comparison"] = {
        "beats_baselines": True,
        "rows": [
            {"name": "ensemble", "against": "small forest", "difference": 0.018, "low": 0.016, "high": 0.02, "verdict": "better"},
            {"name": "ensemble", "against": "linear", "difference": 0.023, "low": 0.02, "high": 0.026, "verdict": "better"},
            {"name": "ensemble", "against": "majority", "difference": 0.428, "low": 0.42, "high": 0.43, "verdict": "better"},
            {"name": "catboost", "against": "small forest", "difference": 0.017, "low": 0.015, "high": 0.019, "verdict": "better"},
            {"name": "lightgbm", "against": "small forest", "difference": 0.016, "low": 0.014, "high": 0.018, "verdict": "better"},
            {"name": "lightgbm, engineered", "against": "small forest", "difference": 0.016, "low": 0.01, "high": 0.02,
             "verdict": "better"},
        ],
        "simplest": "catboost",
    }  # fmt: skip
    result["importance"] = {
        "metric": "roc_auc",
        "features": [
            {"feature": name, "value": value, "low": value * 0.9 - 0.0006, "high": value * 1.1 + 0.0006}
            for name, value in (
                ("capital-gain", 0.051), ("relationship", 0.043), ("education-num", 0.0317), ("age", 0.0282),
                ("occupation", 0.0181), ("hours-per-week", 0.0143), ("marital-status", 0.0104), ("capital-loss", 0.0083),
                ("workclass", 0.0031), ("fnlwgt", 0.0004), ("native-country", 0.0001),
            )
        ],
    }  # fmt: skip
    result["split"] = {
        "rule": {"kind": "random, stratified by target", "test_size": 0.15, "folds": 5},
        "sizes": {"development": 41_516, "test": 7_326, "left_out": 0},
        "folds": [{"number": i, "repeat": 0, "train": 33_213, "validation": 8_303} for i in range(5)],
        "reason": ["15 % of the rows, stratified by income, are sealed as test.", "5 folds: enough rows for each to judge well."],
        "left_out": {},
        "class_shares": {"development": {"<=50K": 0.760743, ">50K": 0.239257}, "test": {"<=50K": 0.760715, ">50K": 0.239285}},
    }  # fmt: skip
    result["findings"] = [
        _finding("TW103", "note", "'fnlwgt' looks like a survey weight.", ["fnlwgt"]),
        _finding(
            "TW101",
            "warning",
            "52 rows occur more than once.",
            [],
            remedy="Drop the copies if they are not real.",
        ),
        _finding(
            "TW107",
            "note",
            "3 columns have missing values, 5.7 % at most.",
            ["workclass", "occupation", "native-country"],
        ),
    ]
    cells = validation["confusion"]["examples"]
    held = sorted({row for rows in cells.values() for row in rows})
    result["examples"] = {
        "columns": ["age", "education", "occupation", "hours-per-week"],
        "rows": {str(row): [20 + row % 50, "Bachelors", "Exec-managerial", 40.0] for row in held},
    }
    return result, {"validation": validation, "test": test}


def with_costs() -> tuple[Json, dict[str, Json]]:
    """Two classes, costs and today's decisions stated."""
    result, evaluations = two_classes()
    result["problem"] = {
        "decision": "Whom to call",
        "audience": "Branch managers",
        "costs": {"false_positive": 15, "false_negative": 150, "unit": "euros", "review": 2},
        "present_process": {"column": "manager_says"},
        "risks": ["A new law: compliance reads the rules every quarter", "Staff leave"],
    }
    classes = ["<=50K", ">50K"]
    result["simple_model"] = {
        "name": "linear",
        "confusion": {"classes": classes, "matrix": [[28_000, 3_600], [3_900, 6_000]]},
    }
    result["present_process"] = {
        "kind": "decisions", "n_rows": 40_000, "undecided": 1_516, "metric": "cost",
        "confusion": {"classes": classes, "matrix": [[26_000, 4_500], [5_000, 4_500]]},
        "comparison": {"verdict": "better", "difference": 3.2, "low": 3.0, "high": 3.4, "n_rows": 40_000},
        "matched": {"flagged": 0.225, "found_today": 0.47, "found_by_model": 0.71},
        "text": "better than the present process by 3.2 (3.0 to 3.4) in Cost per row on 40,000 rows that it decided",
    }  # fmt: skip
    return result, evaluations


def many_classes(k: int = 77) -> tuple[Json, dict[str, Json]]:
    """A topic model: 77 classes, among them hostile and very long names."""
    rng = np.random.default_rng(3)
    names = [f"{a}_{b}_{i}" for i, (a, b) in enumerate(zip(["card", "transfer", "top_up", "cash"] * 20, ["fee"] * 80))][
        :k
    ]
    names[1] = "</script><script>alert(1)</script>"
    names[2] = "<img src=x onerror=alert(2)>"
    names[3] = "a_very_long_class_name_" + "x" * 120
    names[4] = "%{x} & {{ 7 * 7 }}\u2028'\"`"
    matrix = rng.poisson(0.12, (k, k)) + np.diag(rng.integers(20, 160, k))
    matrix[1, 2] = 31
    classes = [{"class": name, "support": int(matrix[i].sum()),
                "precision": around(0.85, 0.06), "recall": around(0.8 + 0.002 * (i % 70), 0.05), "f1": around(0.6 + 0.005 * i, 0.05)}
               for i, name in enumerate(names)]  # fmt: skip
    examples = {f"{i},{j}": [int(x) for x in rng.integers(0, 10_000, min(20, matrix[i, j]))]
                for i in range(k) for j in range(k) if matrix[i, j]}  # fmt: skip
    n = int(matrix.sum())
    validation = {
        "part": "validation", "task": "classes", "metric": "log_loss", "n_rows": n, "level": 0.95,
        "target": {"column": "topic", "task": "classes", "classes": names, "positive": None, "numeric_labels": None},
        "metrics": {"log_loss": around(0.411, 0.02), "accuracy": around(0.891, 0.006), "top_3_accuracy": around(0.962, 0.004),
                    "macro_f1": around(0.88, 0.01), "house_metric": {"value": 3.2, "low": None, "high": None}},
        "per_class": classes,
        "confusion": {"classes": names, "matrix": matrix.tolist(), "examples": examples},
        "curves": {"confidence": {"edges": [i / 10 for i in range(11)], "right": [5 * i for i in range(10)], "wrong": [9 - i for i in range(10)]}},
    }  # fmt: skip
    result = _result("topics <b>bold</b>", "log_loss", {"train": n, "validation": n, "test": 3080})
    result["target"] = validation["target"]
    result["validation"] = {"log_loss": around(0.411, 0.02)}
    result["test"] = {"log_loss": around(0.42, 0.03), "accuracy": around(0.885, 0.011)}
    result["leaderboard"] = [
        _row("linear", "linear", 0.411, 0.02, 0.12, fit=9, predict=0.2, size=3, baseline=True),
        _row("lightgbm", "lightgbm", 0.64, 0.03, 0.02, fit=80, predict=1, size=30),
    ]
    result["selected"] = "linear"
    result["comparison"] = {"beats_baselines": False, "rows": []}
    result["findings"] = [
        _finding("TW110", "error", "class </script><script>alert(3)</script> has 2 rows", ["<i>topic</i>"])
    ]
    result["examples"] = {
        "columns": ["text", "topic"],
        "rows": {str(examples["1,2"][0]): ["<img src=x onerror=alert(4)>", names[1]]},
    }
    return result, {"validation": validation}


def a_number() -> tuple[Json, dict[str, Json]]:
    """A house price model that partly memorised its training rows."""
    rng = np.random.default_rng(5)
    actual = rng.lognormal(12, 0.5, 2000)
    predicted = actual + rng.normal(0, 46_000, 2000)
    counts, edges = np.histogram(predicted - actual, 30)
    figures = {"rmse": around(46_210.0, 900.0), "mae": around(30_120.0, 500.0), "r2": around(0.842, 0.006), "mape": around(0.171, 0.004),
               "median_absolute_error": around(19_400.0, 400.0)}  # fmt: skip
    validation = {
        "part": "validation", "task": "number", "metric": "rmse", "n_rows": 17_544, "level": 0.95, "metrics": figures,
        "target": {"column": "median_house_value", "task": "number", "classes": [], "positive": None, "numeric_labels": None},
        "residuals": {"predicted": predicted.round(1).tolist(), "actual": actual.round(1).tolist(),
                      "edges": edges.round(1).tolist(), "counts": counts.tolist()},
    }  # fmt: skip
    result = _result("houses", "rmse", {"train": 17_544, "validation": 17_544, "test": 3_096})
    result |= {
        "target": validation["target"],
        "validation": figures,
        "test": {"rmse": around(46_900.0, 2_100.0)},
        "threshold": None,
    }
    result["leaderboard"] = [
        _row("lightgbm", "lightgbm", 46_210.0, 900.0, 21_000.0, metric="rmse"),
        _row("linear", "linear", 69_000.0, 1200.0, 68_800.0, metric="rmse", baseline=True),
    ]
    result["selected"] = "lightgbm"
    result["comparison"] = {"rows": [{"name": "lightgbm", "against": "linear", "verdict": "better"}]}
    result["diagnosis"] = {
        "code": "overfitting", "title": "It partly memorised its training rows",
        "text": "RMSE is 21,000 on rows it learned from and 46,210 on others.", "advice": ["Use fewer leaves.", "Collect more rows."],
    }  # fmt: skip
    result["gap"] = {"training": 21_000.0, "validation": 46_210.0, "gap": 25_210.0}
    result["interval"] = low_and_high(actual, predicted)
    return result, {"validation": validation}


def low_and_high(actual: np.ndarray, predicted: np.ndarray) -> Json:
    """What a training says of low and high, with a kind of row on which they do not hold."""
    half = 40_000 + 0.15 * predicted
    bounds = Bounds(actual, predicted, np.maximum(predicted - half, 0), predicted + half, 0.9)
    test = measure(bounds)
    coverage = {"value": 0.71, "low": 0.64, "high": 0.77}
    test["per_segment"] = [
        {"where": "ocean_proximity = <ISLAND>", "column": "ocean_proximity", "n": 180, "coverage": coverage, "width": 9e4, "too_low": True}
    ]  # fmt: skip
    order = np.argsort(predicted)[::40]
    shown = {name: getattr(bounds.take(order), name).tolist() for name in ("prediction", "low", "high", "y")}
    return {
        "level": 0.9, "method": "cv+", "kind": "prediction", "follows": "by the size of the prediction", "floor": 0.0,
        "reason": "the mean width is 7% narrower", "claim": "promised for new rows: at least 79%", "review": None,
        "validation": measure(bounds), "test": {**test, "segments_tried": 24}, "measured_on": "test", "shown": shown,
    }  # fmt: skip


def _binary(part: str, y: np.ndarray, p: np.ndarray, rows: int, names: list[str], level: float) -> Json:
    positive, negative = names
    order = np.argsort(-p)
    tp, fp = np.cumsum(y[order]), np.cumsum(~y[order])
    pick = np.unique(np.linspace(0, len(y) - 1, 160).astype(int))
    flagged = p >= 0.36
    matrix = [
        [int((~y & ~flagged).sum()), int((~y & flagged).sum())],
        [int((y & ~flagged).sum()), int((y & flagged).sum())],
    ]
    scale = rows / len(y)
    matrix = [[round(cell * scale) for cell in row] for row in matrix]
    sweep = []
    for t in np.arange(0.05, 1, 0.05):
        f = p >= t
        precision, recall = float((y & f).sum() / max(1, f.sum())), float((y & f).sum() / y.sum())
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        sweep.append(
            {
                "threshold": round(float(t), 2),
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "flagged": float(f.mean()),
            }
        )
    bins = np.clip((p * 10).astype(int), 0, 9)
    confidence = np.maximum(p, 1 - p)
    edges = np.linspace(0.5, 1, 11)
    right = (p >= 0.5) == y
    document = {
        "part": part, "task": "classes", "metric": "roc_auc", "n_rows": rows, "level": level,
        "target": {"column": "income", "task": "classes", "classes": [negative, positive], "positive": positive, "numeric_labels": None},
        "metrics": {"roc_auc": around(0.9281, 0.0021), "average_precision": around(0.828, 0.006), "accuracy": around(0.8734, 0.003),
                    "precision": around(0.721, 0.008), "recall": around(0.772, 0.008), "f1": around(0.7456, 0.006),
                    "balanced_accuracy": around(0.8389, 0.004), "log_loss": around(0.2776, 0.003), "brier": around(0.0871, 0.001),
                    "calibration_error": around(0.0062, 0.002)},
        "per_class": [{"class": name, "support": sum(matrix[i]), "precision": around(a, 0.006), "recall": around(b, 0.005), "f1": around(c, 0.005)}
                      for i, (name, a, b, c) in enumerate([(negative, 0.927, 0.905, 0.916), (positive, 0.721, 0.772, 0.746)])],
        "confusion": {"classes": [negative, positive], "matrix": matrix},
        "curves": {
            "roc": {"fpr": [0.0, *(fp[pick] / fp[-1]).tolist()], "tpr": [0.0, *(tp[pick] / tp[-1]).tolist()]},
            "precision_recall": {"recall": (tp[pick] / tp[-1]).tolist(), "precision": (tp[pick] / (pick + 1)).tolist()},
            "reliability": [{"mean_probability": float(p[bins == b].mean()), "share": float(y[bins == b].mean()), "n": int((bins == b).sum())}
                            for b in range(10)],
            "thresholds": sweep,
            "confidence": {"edges": edges.tolist(), "right": np.histogram(confidence[right], edges)[0].tolist(),
                           "wrong": np.histogram(confidence[~right], edges)[0].tolist()},
        },
    }  # fmt: skip
    if part == "validation":
        document["confusion"]["examples"] = {
            f"{i},{j}": list(range(100 * (2 * i + j), 100 * (2 * i + j) + 20)) for i in (0, 1) for j in (0, 1)
        }
    return document


def _row(name: str, family: str, value: float, half: float, training: float, *, fit: float = 1.0, predict: float = 0.1,
         size: float = 1.0, baseline: bool = False, metric: str | None = None) -> Json:  # fmt: skip
    key = metric or ("log_loss" if name in ("linear", "lightgbm") and value in (0.411, 0.64) else "roc_auc")
    steps = np.array([-1.1, 0.4, 0.9, -0.5, 0.3])
    return {
        "name": name, "family": family, "metrics": {key: around(value, half)}, "std": half, "fit_s": fit, "predict_ms_per_row": predict,
        "size_mb": size, "baseline": baseline, "fold_scores": (value + half * steps).tolist(), "train_metrics": {key: training},
    }  # fmt: skip


def _finding(code: str, severity: str, message: str, columns: list[str], remedy: str | None = None) -> Json:
    return {
        "code": code,
        "severity": severity,
        "message": message,
        "columns": columns,
        **({"remedy": remedy} if remedy else {}),
    }


def _result(project: str, metric: str, rows: dict[str, int]) -> Json:
    return {
        "project": project, "version": "v3", "run": "r17", "task": "classes", "metric": metric, "n_rows": rows, "seed": 0, "threads": 2,
        "data_version": "9f2c4e1b7a" * 6 + "55aa",
        "diagnosis": {"code": "good", "title": "A sound fit", "text": "Training and validation are close, and folds agree.",
                      "advice": ["Watch the share of missing values in new data."]},
        "plan": {"trials": [{"name": "catboost", "family": "catboost", "folds": 5, "iterations": 1000, "seconds": 58.2, "state": "finished"},
                            {"name": "lightgbm", "family": "lightgbm", "folds": 5, "iterations": 412, "seconds": 6.9, "state": "finished"}]},
        "budget": {"limit_s": 120, "spent": {"reading": 0.6, "checks": 4.2, "training": 88.0, "evaluation": 9.1, "report": 1.1},
                   "shortened": ["The fixed LightGBM ran 3 of 5 folds."]},
        "notes": [{"code": "missing-marks", "message": "'?' was read as a missing value in 3 columns.", "columns": []}],
        "wall_s": 104.2, "package": {"path": "artifacts/package/1f3a", "size_mb": 12.3, "sha256": "1f3a" * 16}, "report": "report.html",
        "versions": {"trainwright": "0.1.0", "python": "3.11.7", "lightgbm": "4.7.0"},
        "hardware": {"processor": "2 cores", "memory_gb": 24},
        "settings": {"training": {"time_limit": 120, "families": ["catboost", "lightgbm"]}},
    }  # fmt: skip
