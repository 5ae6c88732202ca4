"""The field: Trainwright, AutoGluon, FLAML, bagged CatBoost and plain LightGBM on the same rows, two minutes each.

    python bench/field.py --data DATA --peers FOLDER [--systems ours,autogluon] [--tables adult,bike]

A quarter of each table, stratified, is the test part; all systems learn from the other rows and the same feature
columns, on all cores, one after the other, nothing else running. Each peer has an environment of its own below FOLDER:

    python -m venv FOLDER/autogluon
    FOLDER/autogluon/bin/pip install "autogluon.tabular[lightgbm,catboost,xgboost]" polars
    python -m venv FOLDER/flaml && FOLDER/flaml/bin/pip install "flaml[automl]" catboost "scikit-learn<1.8" "pandas<3" \
        "xgboost<3" polars
    python -m venv FOLDER/boosters && FOLDER/boosters/bin/pip install lightgbm catboost scikit-learn polars

One line of JSON for each table and system is appended to `results/field.jsonl`, with the load average before and
after; a line that is there is not measured again (`--again --systems ours` measures ours anew). About 70 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import contest
import field_summary
import numpy as np
import polars as pl
import processes
import results
import scores
import tables

TABLES = (
    *("adult", "credit_default", "bank_marketing", "telco_churn", "ai4i2020", "steel_plates"),
    *("california_housing", "wine_quality", "concrete", "bike", "energy"),
)
SYSTEMS = ("ours", "autogluon", "flaml", "catboost", "lightgbm")
ENVIRONMENTS = {"autogluon": "autogluon", "flaml": "flaml", "catboost": "boosters", "lightgbm": "boosters"}
METRICS = {"ROC-AUC": "roc_auc", "log-loss": "log_loss", "RMSE": "rmse"}
TEST_SHARE = 0.25


def main() -> None:
    options = _options()
    path = options.results / "field.jsonl"
    done = {(row["table"], row["system"], row["seed"]) for row in field_summary.rows_of(path)}
    for name in options.tables:
        try:
            tables.load(name, options.data)
        except tables.MissingTable as error:
            results.say(f"{name}: not measured, {error}")
            continue
        for system in options.systems:
            if (name, system, options.seed) in done and not options.again:
                continue
            row = measure(name, system, options)
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            told = ", ".join(f"{key} {row[key]}" for key in ("score", "seconds", "failed", "load") if key in row)
            results.say(f"{name}, {system}: {told}")


def measure(name: str, system: str, options: argparse.Namespace) -> dict[str, Any]:
    """One system on one table; a failure is a row too."""
    row: dict[str, Any] = {"table": name, "system": system, "seed": options.seed, "limit_s": options.limit}
    load = os.getloadavg()[0]
    with TemporaryDirectory() as place:
        folder = Path(place)
        given = hand_out(name, options.data, options.seed, folder)
        row |= {"metric": given["metric"], "rows": given["rows"]}
        try:
            run = _ours if system == "ours" else _peer
            found, prediction = run(system, given, folder, options)
            row |= {"score": scores.score(given["metric"], given["y"], prediction, given["positive"]), **found}
        except Exception as error:  # whatever stops a system is its failure, and a line of the table
            row["failed"] = str(error)[-600:]
    stamp = {"date": time.strftime("%Y-%m-%d %H:%M"), "code": results.code_version()}
    return row | {"load": [round(load, 2), round(os.getloadavg()[0], 2)], **stamp, **results.environment()}


def hand_out(name: str, data: Path | None, seed: int, folder: Path) -> dict[str, Any]:
    """Writes the parts of a table for all systems: CSV files as they came for ours, typed Parquet for the peers."""
    from sklearn.model_selection import train_test_split

    from trainwright.config.settings import Settings
    from trainwright.data.labels import encode_target
    from trainwright.training.table import understand

    target = tables.TABLES[name].target
    frame = tables.load(name, data)
    wanted = tables.TABLES[name].task
    data_block = {"target": target} | ({"task": wanted} if wanted else {})
    understood = understand(frame, Settings.model_validate({"data": data_block}))
    y = encode_target(understood.frame[target], understood.target)
    task = understood.target.task
    strata = y if task == "classes" else None
    learn, test = train_test_split(np.arange(len(y)), test_size=TEST_SHARE, random_state=seed, stratify=strata)
    learn, test = np.sort(learn), np.sort(test)
    if frame.height != len(y):
        raise ValueError(f"{name}: rows without a target would be dropped")
    frame[learn].write_csv(folder / "train.csv")
    frame[test].write_csv(folder / "test.csv")
    features = [column.name for column in understood.schema.features]
    understood.frame[learn].write_parquet(folder / "development.parquet")
    understood.frame[test].select(features).write_parquet(folder / "test_features.parquet")
    (folder / "features.json").write_text(json.dumps(features), "utf-8")
    (folder / "classes.json").write_text(json.dumps(understood.target.classes), "utf-8")
    positive = understood.target.positive_index if understood.target.positive else 1
    metric = scores.name_of(task, understood.target.n_outputs)
    given = {"target": target, "task": task, "metric": metric, "positive": positive, "y": y[test]}
    return given | {"rows": [len(learn), len(test)], "classes": understood.target.classes}


def _ours(_: str, given: dict[str, Any], folder: Path, options: argparse.Namespace) -> tuple[dict[str, Any], Any]:
    """`trainwright train` with the test part as a file; it is scored on what the package answers to the features."""
    from trainwright.packages.predictor import Predictor

    more = ("--test", str(folder / "test.csv"), "--metric", METRICS[given["metric"]], "--seed", str(options.seed))
    task = ("--task", "number") if given["task"] == "number" else ()
    measured, document = processes.train(
        folder / "train.csv", given["target"], workspace=folder / "workspace", limit=options.limit, more=more + task
    )
    predictor = Predictor.open(document["package"]["path"], expected_sha=document["package"]["sha256"])
    test = pl.read_parquet(folder / "test_features.parquet")
    before = time.perf_counter()
    prediction = predictor.predict_raw(test)
    test_s = time.perf_counter() - before
    if given["task"] == "classes":
        # The classes of all rows and of the development rows can stand in another order.
        prediction = prediction[:, [predictor.target.classes.index(name) for name in given["classes"]]]
    told = {"selected": document["selected"], "shape": document["package"]["shape"]}
    found = {"seconds": measured.wall_s, "size_mb": document["package"]["size_mb"], "test_s": test_s, **told}
    return found | {"row_ms": contest.row_ms(predictor, test)}, prediction


def _peer(
    system: str, given: dict[str, Any], folder: Path, options: argparse.Namespace
) -> tuple[dict[str, Any], np.ndarray]:
    python = options.peers / ENVIRONMENTS[system] / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{python} does not exist; this script's --help says how to make it")
    limit = options.limit if system in ("autogluon", "flaml") else None
    told = contest.run_peer(system, folder, given["target"], given["task"], python=python, limit=limit)
    return {"seconds": told.pop("fit_s"), **told}, np.load(folder / f"{system}.npy")


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES), help="their names")
    parser.add_argument("--systems", type=results.names, default=list(SYSTEMS), help="whom to measure")
    parser.add_argument("--peers", type=Path, help="the folder of the peers' environments")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each")
    parser.add_argument("--seed", type=int, default=0, help="of the split and of our training")
    return parser.parse_args()


if __name__ == "__main__":
    main()
