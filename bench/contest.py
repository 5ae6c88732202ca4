"""A contest on the same rows: a run's parts handed to peers, peers run in processes of their own, single rows timed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import processes


def hand_out(folder: Path, document: dict[str, Any]) -> Any:
    """Copies the run's parts to where the peers read them; returns the packaged model."""
    from trainwright.data.parts import DEVELOPMENT_FILE, FEATURES_FILE, LABELS_FILE, part_path
    from trainwright.packages.predictor import Predictor
    from trainwright.store.datasets import get_split
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    workspace = open_workspace(folder / "workspace")
    with read(workspace) as connection:
        split = get_split(connection, get_run(connection, document["run"]).split_id)
    files = {"development": DEVELOPMENT_FILE, "test_features": FEATURES_FILE, "test_labels": LABELS_FILE}
    for part, name in files.items():
        shutil.copy(part_path(workspace, split, part) / name, folder / name)
    predictor = Predictor.open(document["package"]["path"], expected_sha=document["package"]["sha256"])
    (folder / "features.json").write_text(json.dumps(predictor.layout.names), "utf-8")
    (folder / "classes.json").write_text(json.dumps(predictor.target.classes), "utf-8")
    return predictor


def test_rows(folder: Path, predictor: Any) -> tuple[np.ndarray, pl.DataFrame]:
    """(n,) encoded test labels, and the test features."""
    from trainwright.data.infer import encode_target

    labels = pl.read_parquet(folder / "test_labels.parquet").to_series()
    return encode_target(labels, predictor.target), pl.read_parquet(folder / "test_features.parquet")


def run_peer(
    peer: str, folder: Path, target: str, task: str, *, python: Path | str = sys.executable, limit: float | None = None
) -> dict[str, Any]:
    """Fits a peer in a process of its own, on all cores, and returns what it says of its costs.

    Args:
        peer: "lightgbm" or "catboost" of `peer.py`; with a limit "autogluon" or "flaml" of `field_peers.py`.
        folder: with the parts; the peer writes its predictions of the test rows there.
        python: of the peer's environment.
        limit: seconds for the fit; None as many as it needs.

    Raises:
        RuntimeError: it failed; the message holds what it said.
    """
    script = Path(__file__).with_name("peer.py" if limit is None else "field_peers.py")
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    words = [peer, str(folder), target, task, str(folder / "features.json"), str(threads)]
    words += [] if limit is None else [f"{limit:g}"]
    done = processes.run([str(python), str(script), *words], cwd=folder)
    if done.code != 0:
        raise RuntimeError(f"{peer} ended with status {done.code}: {done.errors[-500:]}")
    # Libraries may write lines of their own before.
    told: dict[str, Any] = json.loads(done.output.strip().splitlines()[-1])
    return told


def row_ms(predictor: Any, test: pl.DataFrame) -> float:
    """Median milliseconds for one row, preprocessing included."""
    times = []
    for row in test.head(300).to_dicts():
        before = time.perf_counter()
        predictor.predict_row(row)
        times.append(time.perf_counter() - before)
    return float(np.median(times[3:]) * 1e3)
