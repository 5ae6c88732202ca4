"""Asks a boosting library for the raw scores of its own model; each is imported only where a model needs it."""

from __future__ import annotations

from typing import Any

import numpy as np


def lightgbm(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, outputs) raw scores of LightGBM."""
    if "loaded" not in own:
        import lightgbm as library

        own["loaded"] = library.Booster(model_str=own["model"].decode("utf-8"))
    return np.asarray(own["loaded"].predict(x, raw_score=True)).reshape(len(x), -1)


def xgboost(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, outputs) raw scores of XGBoost."""
    import xgboost as library

    if "loaded" not in own:
        own["loaded"] = library.Booster(model_file=bytearray(own["model"]))
    rows = library.DMatrix(x.astype(np.float32), feature_types=list(own["kinds"]), enable_categorical=True)
    return np.asarray(own["loaded"].predict(rows, output_margin=True), dtype=np.float64).reshape(len(x), -1)


def catboost(own: dict[str, Any], *parts: np.ndarray) -> np.ndarray:
    """(n, outputs) raw scores of CatBoost: numbers in 32 bits, then the places of categories, spelled as codes."""
    from catboost import CatBoost, FeaturesData, Pool

    if "loaded" not in own:
        own["loaded"] = CatBoost().load_model(blob=own["model"])
    count = len(own["sizes"])
    numbers = parts[0].astype(np.float32) if len(parts) > count else None
    spelled = None
    if count:
        codes = np.concatenate(parts[len(parts) - count :], axis=1) - 2
        words = np.array([str(code).encode() for code in range(-2, int(codes.max(initial=0)) + 1)], dtype=object)
        spelled = words[codes + 2]
    pool = Pool(FeaturesData(num_feature_data=numbers, cat_feature_data=spelled))
    raw = own["loaded"].predict(pool, "RawFormulaVal")
    return np.asarray(raw, dtype=np.float64).reshape(parts[0].shape[0], -1)


OPERATIONS = {"lightgbm": lightgbm, "xgboost": xgboost, "catboost": catboost}
