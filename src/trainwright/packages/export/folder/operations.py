"""The operations of an exported model, each a few lines of NumPy.

Every operation takes its own values (a mapping) and the matrices that it reads, and gives a matrix: (n, m) float64, or
(n, 1) whole numbers that are places in a table. `reading` makes the first matrices out of a table's cells, `trees`
walks trees, `libraries` asks LightGBM, XGBoost or CatBoost.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # scripts written without spaces
_TOKEN = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")
_LONGEST = 50_000  # characters that are read of one text
_FAR = float(np.finfo(np.float32).max)
_DAY = 86_400.0


def join(own: dict[str, Any], *parts: np.ndarray) -> np.ndarray:
    return np.concatenate(parts, axis=1)


def take(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x[:, own["columns"]]


def single(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Rounded to 32 bits, as the model was trained."""
    bounded = np.clip(x, -_FAR, _FAR) if own["bounded"] else x
    with np.errstate(over="ignore"):
        return bounded.astype(np.float32).astype(np.float64)


def fill(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(x), own["values"], x)


def missing(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.isnan(x).astype(np.float64)


def bound(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum(x, own["low"]), own["high"])


def scaled(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.minimum(np.maximum((x - own["mean"]) / own["spread"], -own["far"]), own["far"])


def affine(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x * own["factor"] + own["shift"]


def times(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x @ own["weights"]


def total(own: dict[str, Any], *parts: np.ndarray) -> np.ndarray:
    out = parts[0]
    for part in parts[1:]:
        out = out + part
    return out


def weighted_sum(own: dict[str, Any], *parts: np.ndarray) -> np.ndarray:
    return total(own, *(weight * part for weight, part in zip(own["weights"], parts)))


def minus(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a - b


def multiplied(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a * b


def divided(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a / b


def arithmetic(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Differences, ratios or products; what is too large, or divided by zero, is missing."""
    with np.errstate(over="ignore", invalid="ignore"):
        if own["kind"] == "ratio":
            out = a / np.where(b == 0.0, np.nan, b)
        else:
            out = a - b if own["kind"] == "difference" else a * b
        out = single({"bounded": False}, out) if own["single"] else out
    return np.where(np.isinf(out), np.nan, out)


def look_up(own: dict[str, Any], at: np.ndarray) -> np.ndarray:
    return own["table"][at[:, 0]]


def look_up_pair(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The row of a pair of places; row 0 for a pair that is not known."""
    keys, key = own["keys"], a[:, 0] * own["radix"] + b[:, 0]
    place = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
    return own["table"][np.where(keys[place] == key, place + 1, 0)]


def pair(own: dict[str, Any], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a * own["radix"] + b


def bins(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """1 and how many cuts are not greater; 0 for a missing value."""
    found = np.searchsorted(own["cuts"], x[:, 0], side="right") + 1
    return np.where(np.isnan(x[:, 0]), 0, found)[:, None]


def logs(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.log(np.clip(x, own["smallest"], 1.0))


def softmax(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def logistic(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-np.clip(x, -700.0, 700.0)))


def two_classes(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Probabilities of two classes from the log-odds of the second."""
    second = logistic(own, x)
    return np.concatenate([1.0 - second, second], axis=1)


def normalised(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return x / x.sum(axis=1, keepdims=True)


def kernel(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """(n, vectors) exp(-gamma * squared distance)."""
    vectors = own["vectors"]
    distance = (x**2).sum(axis=1)[:, None] + (vectors**2).sum(axis=1) - 2 * x @ vectors.T
    return np.exp(-own["gamma"] * np.maximum(distance, 0))


def weighted_median(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    order = np.argsort(x, axis=1, kind="stable")
    running = np.cumsum(own["weights"][order], axis=1)
    middle = (running >= 0.5 * running[:, -1:]).argmax(axis=1)
    rows = np.arange(len(x))
    return x[rows, order[rows, middle]][:, None]


def date_parts(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Year, month, day, weekday, hour, days since 1970, and if asked month, weekday and hour as points on a circle."""
    unknown = ~np.isfinite(x)
    seconds = np.where(unknown, 0.0, x)
    days = np.floor(seconds / _DAY)
    date = np.clip(days, -700_000, 3_000_000).astype(np.int64).astype("datetime64[D]")
    months, years = date.astype("datetime64[M]"), date.astype("datetime64[Y]")
    month = (months - years.astype("datetime64[M]")).astype(np.float64) + 1
    weekday = np.mod(days + 3, 7)
    hour = np.floor((seconds - days * _DAY) / 3600)
    day = (date - months.astype("datetime64[D]")).astype(np.float64) + 1
    parts = [years.astype(np.int64) + 1970.0, month, day, weekday, hour, seconds / _DAY]
    if own["cyclic"]:
        for part, length in ((month, 12), (weekday, 7), (hour, 24)):
            angle = 2 * np.pi * part / length
            parts += [np.sin(angle), np.cos(angle)]
    full = np.concatenate(parts, axis=1)
    full[np.tile(unknown, (1, len(parts)))] = np.nan
    return full


def characters(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.array([[len(text)] for text in x[:, 0]], dtype=np.float64)


def spaces(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    return np.array([[text.count(" ") + 1] for text in x[:, 0]], dtype=np.float64)


def terms(own: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Weights of the words and pairs of words of each text, of length 1 together."""
    index = {term: at for at, term in enumerate(own["terms"])}
    out = np.zeros((len(x), len(index)))
    for row, text in enumerate(x[:, 0]):
        found = _TOKEN.findall(text[:_LONGEST].lower())
        found += [f"{first} {second}" for first, second in pairwise(found)]
        for at, count in Counter(index[term] for term in found if term in index).items():
            out[row, at] = (1 + np.log(count)) * own["weights"][at]
    length = np.sqrt((out**2).sum(axis=1, keepdims=True))
    return out / np.where(length > 0, length, 1.0)


OPERATIONS = {
    name: function
    for name, function in {**globals(), "sum": total}.items()
    if callable(function) and getattr(function, "__module__", "") == __name__ and name != "total"
}
