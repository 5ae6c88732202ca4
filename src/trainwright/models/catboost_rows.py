"""Rows as CatBoost reads them fastest: numbers in 32 bits beside the codes of categories, spelled."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainwright.models.features.numeric import varying

_WORDS = np.array([str(code).encode() for code in range(-2, 1024)], dtype=object)


def features_data(numbers: np.ndarray, codes: np.ndarray) -> Any:
    """CatBoost's own table of (n, p) float32 numbers and (n, q) codes."""
    from catboost import FeaturesData

    if not codes.shape[1]:
        return FeaturesData(num_feature_data=numbers)
    spelled = _words(int(codes.max(initial=0)))[codes + 2]
    return FeaturesData(num_feature_data=numbers if numbers.shape[1] else None, cat_feature_data=spelled)


def tells(numbers: np.ndarray, codes: np.ndarray) -> bool:
    """Whether any column has two different values; CatBoost refuses tables where none has."""
    return bool(varying(codes).any() or varying(numbers).any())


def _words(top: int) -> np.ndarray:
    """Spellings of the codes -2..top as bytes, kept between calls because one row must be quick."""
    global _WORDS
    if len(_WORDS) < top + 3:
        _WORDS = np.array([str(code).encode() for code in range(-2, 2 * top + 1)], dtype=object)
    return _WORDS
