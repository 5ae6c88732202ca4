"""A quick look at which features matter: the gains of a small LightGBM on a sample of the training rows."""

from __future__ import annotations

import numpy as np

CELLS = 3_000_000  # rows times features of the sample: about a second of training on one core
ROWS = 20_000


def sample_rows(n: int, width: int, seed: int) -> np.ndarray:
    """Sorted positions of the rows to look at: all of them, or a random part within `CELLS`.

    Args:
        n: number of training rows.
        width: number of features.
        seed: seed of the choice.
    """
    most = int(np.clip(CELLS // max(width, 1), 1_000, ROWS))
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


def quick_gains(
    matrix: np.ndarray,
    labels: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    outputs: int,
    classes: bool,
    categorical: list[int],
    seed: int,
    threads: int,
) -> np.ndarray:
    """(p,) total gain of each feature in a small model.

    Args:
        matrix: (n, p) features.
        labels: (n,) compact class positions or standardised numbers.
        weight: (n,) weights or None.
        outputs: raw scores per row (1 for two classes or a number).
        classes: whether labels are classes.
        categorical: positions of the features that are codes.
        seed: seed of the small model.
        threads: number of threads.
    """
    import lightgbm

    n = len(matrix)
    parameters = {
        "objective": ("multiclass" if outputs > 1 else "binary") if classes else "regression",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "min_data_in_leaf": max(2, min(20, n // 50)),
        "feature_fraction": 0.7,
        "max_bin": 63,
        "verbosity": -1,
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": threads,
    }
    if outputs > 1:
        parameters["num_class"] = outputs
    data = lightgbm.Dataset(matrix, labels, weight=weight, categorical_feature=categorical, params=parameters)
    booster = lightgbm.train(parameters, data, num_boost_round=max(10, 60 // outputs))
    return np.asarray(booster.feature_importance("gain"), dtype=np.float64)
