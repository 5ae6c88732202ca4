"""A peer of the two-minute benchmark, in a process of its own: plain LightGBM or bagged CatBoost at its defaults.

    python bench/peer.py lightgbm|catboost FOLDER TARGET TASK FEATURES.json THREADS

Reads `development.parquet` and `test_features.parquet` of FOLDER, writes `<peer>.npy` (test predictions) into it, and
prints fit seconds, size of the saved models and milliseconds for one row as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

FOLDS = 5
STOP_SHARE = 0.1
ROUNDS = 10_000
PATIENCE = 50


class Codes:
    """Categories as positions in the sorted values of the development rows; numbers as they are."""

    def __init__(self, frame: pl.DataFrame, features: list[str]):
        self.features = features
        self.words = {
            name: {value: i for i, value in enumerate(frame[name].drop_nulls().unique().sort().to_list())}
            for name in features
            if not (frame.schema[name].is_numeric() or frame.schema[name] == pl.Boolean)
        }

    def matrix(self, frame: pl.DataFrame) -> np.ndarray:
        """(n, p) float64; a missing or unseen value is NaN."""
        columns = []
        for name in self.features:
            if name in self.words:
                column = frame[name].replace_strict(self.words[name], default=None, return_dtype=pl.Float64)
            else:
                column = frame[name].cast(pl.Float64)
            columns.append(column.to_numpy())
        return np.column_stack(columns)

    def row(self, row: dict[str, Any]) -> np.ndarray:
        """(1, p) float64 of one row."""
        values = [self.words[name].get(row[name]) if name in self.words else row[name] for name in self.features]
        return np.array([values], dtype=np.float64)


def lightgbm(frame: pl.DataFrame, y: np.ndarray, features: list[str], task: str, threads: int) -> tuple[Any, ...]:
    """scikit-learn's wrapper at its defaults with native categories; a tenth of the rows stops it."""
    from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
    from sklearn.model_selection import train_test_split

    kind = LGBMRegressor if task == "number" else LGBMClassifier
    before = time.perf_counter()
    codes = Codes(frame, features)
    x = codes.matrix(frame)
    strata = None if task == "number" else y
    learn, stop = train_test_split(np.arange(len(y)), test_size=STOP_SHARE, random_state=0, stratify=strata)
    model = kind(n_estimators=ROUNDS, n_jobs=threads, verbosity=-1, random_state=0)
    model.fit(
        x[learn],
        y[learn],
        eval_set=[(x[stop], y[stop])],
        categorical_feature=[features.index(name) for name in codes.words],
        callbacks=[early_stopping(PATIENCE, verbose=False)],
    )
    fit_s = time.perf_counter() - before
    predict = model.predict if task == "number" else model.predict_proba

    def save(folder: Path) -> None:
        model.booster_.save_model(folder / "model.txt")

    return fit_s, lambda table: predict(codes.matrix(table)), lambda row: predict(codes.row(row)), save


def catboost(frame: pl.DataFrame, y: np.ndarray, features: list[str], task: str, threads: int) -> tuple[Any, ...]:
    """The average of CatBoost at its defaults over five folds' training rows, with native categories."""
    from catboost import CatBoostClassifier, CatBoostRegressor, Pool
    from sklearn.model_selection import KFold, StratifiedKFold

    # A boolean is a category of two values here, as it would be in a list of Python values.
    words = [name for name in features if not frame.schema[name].is_numeric()]
    where = [features.index(name) for name in words]

    def pool(table: pl.DataFrame, labels: np.ndarray | None = None) -> Any:
        if not words:
            return Pool(table.select(pl.col(features).cast(pl.Float64)).to_numpy(), labels)
        columns = table.select(features).with_columns(pl.col(words).cast(pl.String).fill_null("missing"))
        return Pool([list(row) for row in columns.iter_rows()], labels, cat_features=where)

    def row_pool(row: dict[str, Any]) -> Any:
        values = [str(row[n]) if n in words and row[n] is not None else row[n] for n in features]
        return Pool([["missing" if v is None and i in where else v for i, v in enumerate(values)]], cat_features=where)

    kind = CatBoostRegressor if task == "number" else CatBoostClassifier
    splitter = (KFold if task == "number" else StratifiedKFold)(FOLDS, shuffle=True, random_state=0)
    before = time.perf_counter()
    models = []
    for learn, _ in splitter.split(np.zeros(len(y)), y):
        model = kind(thread_count=threads, random_seed=0, verbose=False, allow_writing_files=False)
        models.append(model.fit(pool(frame[learn], y[learn])))
    fit_s = time.perf_counter() - before

    def average(one: Any, threads: int) -> np.ndarray:
        if task == "number":
            return np.mean([m.predict(one, thread_count=threads) for m in models], axis=0)
        return np.mean([m.predict_proba(one, thread_count=threads) for m in models], axis=0)

    def save(folder: Path) -> None:
        for i, model in enumerate(models):
            model.save_model(str(folder / f"{i}.cbm"))

    return fit_s, lambda table: average(pool(table), threads), lambda row: average(row_pool(row), 1), save


def given(
    folder: Path, target: str, task: str, features_file: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[str], np.ndarray, int]:
    """What is handed to every peer.

    Returns:
        Development rows, features of the test rows, their names, (n,) class positions or numbers, and the number of
        classes (1 for a number).
    """
    frame = pl.read_parquet(folder / "development.parquet")
    test = pl.read_parquet(folder / "test_features.parquet")
    features = json.loads(Path(features_file).read_text("utf-8"))
    if task == "number":
        return frame, test, features, frame[target].cast(pl.Float64).to_numpy(), 1
    classes = json.loads((folder / "classes.json").read_text("utf-8"))
    places = {name: place for place, name in enumerate(classes)}
    return frame, test, features, frame[target].cast(pl.String).replace_strict(places).to_numpy(), len(classes)


def main(arguments: list[str]) -> None:
    name, place, target, task, features_file, threads = arguments
    folder = Path(place)
    frame, test, features, y, _ = given(folder, target, task, features_file)
    fit = {"lightgbm": lightgbm, "catboost": catboost}[name]
    fit_s, predict, predict_row, save = fit(frame, y, features, task, int(threads))
    np.save(folder / f"{name}.npy", predict(test))
    saved = folder / name
    saved.mkdir()
    save(saved)
    times = []
    for row in test.head(300).to_dicts():
        before = time.perf_counter()
        predict_row(row)
        times.append(time.perf_counter() - before)
    size = sum(path.stat().st_size for path in saved.iterdir()) / 1e6
    print(json.dumps({"fit_s": fit_s, "size_mb": size, "row_ms": float(np.median(times[3:]) * 1e3)}))


if __name__ == "__main__":
    main(sys.argv[1:])
