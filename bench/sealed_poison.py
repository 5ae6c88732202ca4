"""Two trainings that differ in their sealed test labels alone, and what is the same in their results."""

from __future__ import annotations

import json
import time
from collections.abc import Set
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import everything_on
import noise
import numpy as np
import polars as pl
import tables

WAYS = ("test file", "stored labels", "split column")
SHOWN = ("findings", "plan", "package", "threshold", "leaderboard", "validation", "search", "decision", "result")
# Measured with a clock, a path, or the test itself: these may differ.
CLOCKED = {
    "fit_s", "predict_ms_per_row", "row_ms", "latency_ms", "seconds", "stages", "wall_s", "written", "reason", "path",
    "report", "run", "origins", "settings", "source", "fit_seconds", "pareto",
}  # fmt: skip
OF_THE_TEST = {"test", "ledger", "verdict", "budget"}
# What is told of low and high by the truth of the sealed rows; their widths and what was learned must be the same.
INTERVAL_OF_THE_TEST = {
    "coverage", "below", "above", "score", "by_group", "by_prediction", "per_segment", "segments_tried",
}  # fmt: skip
# Sentences that tell seconds: of a search, of an ensemble, and of what time bought.
TELL_SECONDS = {"search": "text", "ensemble": "sentence", "worth": "twice_the_time"}
# What only some trainings choose, by what it is called in the table.
CHOSEN = {"search": "search", "decision": "operating_point"}


def compare(name: str, way: str, data: Path | None, rounds: int, mode: str = everything_on.PLAIN) -> dict[str, Any]:
    """Trains on a table twice and compares.

    Args:
        name: of the table.
        way: of `WAYS`.
        data: folder of real tables.
        rounds: iterations of the boosters, so that the plan and not the clock decides.
        mode: of `everything_on.MODES`: what the training chooses.

    Returns:
        A row for the result file: what is the same, by name, and whether the test figures changed.
    """
    frame, target = tables.load(name, data), tables.TABLES[name].target
    classes = 0 if tables.TABLES[name].task == "number" or frame[target].dtype.is_float() else frame[target].n_unique()
    chosen, missing = everything_on.overrides(mode, classes)
    documents, changed = [], 0
    with TemporaryDirectory() as folder:
        for poisoned in (False, True):
            # Both trainings find their files under the same names.
            place = Path(folder) / ("poisoned" if poisoned else "clean")
            place.mkdir()
            document, n = _train(frame, target, way, place, {**_fixed_plan(rounds), **chosen}, poisoned=poisoned)
            documents.append(document)
            changed += n
    clean, noisy = documents
    # Where all rows come in one file, its content hash and the notes on its class shares are about test rows too.
    own = {"data_version", "dataset", "notes"} if way == "split column" else set()
    return {
        "part": "sealed test",
        "table": name,
        "way": way,
        "mode": mode,
        "missing": missing,
        "labels": changed,
        "same": {
            "findings": _same(clean, noisy, "findings"),
            "plan": _same(clean, noisy, "plan"),
            "package": clean["package"]["sha256"] == noisy["package"]["sha256"],
            "threshold": _same(clean, noisy, "threshold", "calibration"),
            "leaderboard": _same(clean, noisy, "leaderboard", "selected", "weights"),
            "validation": _same(
                clean, noisy, "validation", "diagnosis", "gap", "comparison", "importance", "reliability"
            ),
            **{name: _same(clean, noisy, key) for name, key in CHOSEN.items() if clean.get(key) is not None},
            "result": _bytes(clean, OF_THE_TEST | own) == _bytes(noisy, OF_THE_TEST | own),
        },
        "differs": _differences(_steadied(clean), _steadied(noisy), OF_THE_TEST | own)[:20],
        "test_changed": clean["test"] != noisy["test"],
        "selected": clean["selected"],
        "test_clean": clean["test"][clean["metric"]]["value"],
        "test_poisoned": noisy["test"][clean["metric"]]["value"],
        "metric": clean["metric"],
    }


def _train(
    frame: pl.DataFrame, target: str, way: str, place: Path, settings: dict[str, Any], *, poisoned: bool
) -> tuple[dict[str, Any], int]:
    """One training; the result document and the number of labels that were changed."""
    from trainwright.config.source import load_settings
    from trainwright.jobs.launch import follow
    from trainwright.store.workspace import open_workspace
    from trainwright.training.prepare import prepare

    rng = np.random.default_rng(3)
    is_test = pl.Series(np.random.default_rng(2).random(frame.height) < 0.2)
    changed = int(is_test.sum()) if poisoned else 0
    overrides: dict[str, Any] = {"project": "poison", "data.target": target, **settings}
    noisy = frame[target]
    if poisoned:
        noisy = noisy.scatter(is_test.arg_true(), noise.every_label(frame[target].filter(is_test), rng))
    if way == "test file":
        frame.filter(~is_test).write_csv(place / "table.csv")
        frame.with_columns(noisy).filter(is_test).write_csv(place / "test.csv")
        overrides["data.test_file"] = str(place / "test.csv")
    elif way == "split column":
        part = pl.when(is_test).then(pl.lit("test")).otherwise(pl.lit("train")).alias("part")
        frame.with_columns(noisy).with_columns(part).write_csv(place / "table.csv")
        overrides["data.split_column"] = "part"
    else:
        frame.write_csv(place / "table.csv")
    workspace = open_workspace(place / "workspace")
    started = time.time()
    prepared = prepare(workspace, place / "table.csv", load_settings(overrides=overrides))
    if way == "stored labels" and poisoned:
        changed = _poison_stored(workspace, prepared.run.split_id, rng)
    document = follow(workspace, prepared.run, started)
    # Commands that the advice prints name the file, which each training has in a folder of its own.
    return json.loads(json.dumps(document).replace(str(place), "PLACE")), changed


def _poison_stored(workspace: Any, split_id: int, rng: np.random.Generator) -> int:
    """Overwrites the published labels of the test part with noise."""
    from trainwright.data.parts import LABELS_FILE, part_path
    from trainwright.store.datasets import get_split
    from trainwright.store.transaction import read

    with read(workspace) as connection:
        path = part_path(workspace, get_split(connection, split_id), "test_labels") / LABELS_FILE
    labels = pl.read_parquet(path).to_series()
    path.chmod(0o644)
    noise.every_label(labels, rng).to_frame().write_parquet(path)
    return labels.len()


def _fixed_plan(rounds: int) -> dict[str, Any]:
    """Settings under which neither the clock nor a measured latency decides anything."""
    return {
        "training.time_limit": 1800.0,
        "training.family_settings": {
            "catboost": {"iterations": rounds},
            "lightgbm": {"n_estimators": rounds},
            "forest": {"n_estimators": 20},
        },
        "requirements.max_latency_ms": 1e6,
        "requirements.max_size_mb": 1e6,
    }


def _same(clean: dict[str, Any], noisy: dict[str, Any], *keys: str) -> bool:
    return all(_bytes({k: clean.get(k)}, set()) == _bytes({k: noisy.get(k)}, set()) for k in keys)


def _bytes(document: dict[str, Any], without: set[str]) -> str:
    """The document as text, without what a clock measured."""
    return json.dumps({k: v for k, v in _steadied(document).items() if k not in without}, sort_keys=True)


def _steadied(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what the clock decides."""
    found: dict[str, Any] = _strip({k: _steady(k, v) for k, v in document.items()})
    return found


def _steady(key: str, value: Any) -> Any:
    """The value without a sentence that tells seconds, and without figures of the sealed rows."""
    if key == "interval" and isinstance(value, dict):
        kept = {k: v for k, v in value.items() if k not in INTERVAL_OF_THE_TEST}
        return {**kept, "test": _steady("interval", value["test"])} if "test" in value else kept
    if key in TELL_SECONDS and isinstance(value, dict):
        return {k: v for k, v in value.items() if k != TELL_SECONDS[key]}
    return value


def _strip(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _strip(v) for k, v in value.items() if k not in CLOCKED}
    return [_strip(v) for v in value] if isinstance(value, list) else value


def _differences(one: Any, other: Any, without: Set[str] = frozenset(), path: str = "") -> list[str]:
    """Where two documents differ, as paths."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted((one.keys() | other.keys()) - without)
        return [p for k in keys for p in _differences(one.get(k), other.get(k), path=f"{path}.{k}".lstrip("."))]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [p for i, (a, b) in enumerate(zip(one, other)) for p in _differences(a, b, path=f"{path}[{i}]")]
    return [] if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True) else [path]
