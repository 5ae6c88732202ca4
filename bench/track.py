"""What a mirror in MLflow or TensorBoard adds to the time of a training, with a server that answers or does not.

    python bench/track.py [--rows 4000] [--repeats 5] [--modes none killed]

The same training is run by the command line without a mirror and with each, in turns, so that a machine that gets
busier meets all of them. Each must give the same package, bit by bit. Then MLflow's client and TensorBoard's reader
count what arrived. About 60 minutes on 2 cores; with 1,000 rows a training takes two minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import markdown
import numpy as np
import results

MODES = {
    "none": "no mirror",
    "tensorboard": "TensorBoard",
    "alive": "MLflow, a server that answers",
    "dead": "MLflow, nobody listens",
    "silent": "MLflow, a server that takes calls and never answers",
    "killed": "MLflow, a server that is killed in the middle",
}
# Seconds after the start of a training when its server is killed: the folds of the network have begun.
MIDDLE = 30.0
# Seconds that a mirror gets to write all of it after the training.
PATIENCE = 300
AIM = 2.0
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "OMP_NUM_THREADS": "1"}


def main() -> None:
    options = _options()
    result = results.Result("track", options)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        _table(folder / "table.csv", options.rows)
        with _server(folder) as (address, _), _silent() as silent:
            addresses = {"alive": address, "dead": "http://127.0.0.1:9", "silent": silent}
            for i in range(options.repeats):
                for mode in options.modes:
                    result.measured(f"{mode} {i + 1}", one_turn, folder, mode, i, addresses)


def one_turn(folder: Path, mode: str, number: int, addresses: dict[str, str]) -> dict[str, Any]:
    """One training; one whose server is killed has a server of its own."""
    if mode != "killed":
        return trained(folder, mode, number, addresses)
    own = folder / f"server{number}"
    own.mkdir()
    with _server(own) as (address, kill):
        timer = threading.Timer(MIDDLE, kill)
        timer.start()
        found = trained(folder, mode, number, {mode: address})
        timer.join()
    return found


def trained(folder: Path, mode: str, turn: int, addresses: dict[str, str]) -> dict[str, Any]:
    """One training, and what its mirror wrote."""
    place = folder / f"{mode}{turn}"
    place.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "TRAINWRIGHT_TENSORBOARD")}
    if mode in addresses:
        environment["MLFLOW_TRACKING_URI"] = addresses[mode]
    if mode == "tensorboard":
        environment["TRAINWRIGHT_TENSORBOARD"] = "runs"
    words = [str(folder / "table.csv"), "--target", "y", "--workspace", str(place / "workspace"), "--project"]
    words += ["same", "--families", "linear,lightgbm,tabular_net", "--folds", "5", "--repeats", "1"]
    words += ["--time-limit", "3600s"]  # so that no clock decides how many fits there are, however busy the machine is
    before = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "trainwright", "train", *words, "--json"], env=environment, capture_output=True
    )
    seconds = time.perf_counter() - before
    if done.returncode != 0:
        raise SystemExit(done.stderr.decode())
    with sqlite3.connect(place / "workspace" / "trainwright.db") as database:
        found = {"seconds": seconds, "package": database.execute("select manifest_sha from version").fetchone()[0]}
    if mode == "none":
        return found
    written = _after(place / "workspace", waits=mode in ("alive", "tensorboard"))
    arrived = _in_mlflow(addresses[mode]) if mode == "alive" else 0
    return {**found, **written, "arrived": _in_tensorboard(place / "runs") if mode == "tensorboard" else arrived}


def _after(workspace: Path, *, waits: bool) -> dict[str, Any]:
    """Waits until the mirror has written all of it, or ends one that cannot, so that the next training is alone."""
    before, payload, at = time.perf_counter(), {}, None
    while time.perf_counter() - before < (PATIENCE if waits else 1) and at is None:
        time.sleep(0.2)
        with sqlite3.connect(workspace / "trainwright.db") as database:
            text, at = database.execute("select payload, done_at from outbox").fetchone()
            points = database.execute("select count(*) from metric_point").fetchone()[0]
            payload = json.loads(text)
    if at is None and payload.get("holder"):
        os.kill(int(payload["holder"].split("-")[-2]), 9)
    return {"written": at is not None, "after": time.perf_counter() - before, "points": points}


def _in_mlflow(address: str) -> int:
    """How many points of curves MLflow's client reads back from the latest training."""
    os.environ.update(QUIET)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=address)
    runs = client.search_runs([client.get_experiment_by_name("same").experiment_id])
    latest = max(
        (run for run in runs if "mlflow.parentRunId" not in run.data.tags), key=lambda run: run.info.start_time
    )
    runs = [run for run in runs if run.data.tags.get("mlflow.parentRunId") == latest.info.run_id]
    keys = [(run.info.run_id, key) for run in runs for key in run.data.metrics if key.startswith("fold")]
    return sum(len(client.get_metric_history(*key)) for key in keys if not key[1].startswith("folds/"))


def _in_tensorboard(folder: Path) -> int:
    """How many points of curves TensorBoard's reader finds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    total = 0
    for path in {path.parent for path in folder.rglob("*/fold*/events.out.tfevents.*")}:
        reader = EventAccumulator(str(path), size_guidance={"scalars": 0})
        reader.Reload()
        total += sum(len(reader.Scalars(tag)) for tag in reader.Tags()["scalars"])
    return total


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """`mlflow server` with a store of its own: its address, and what kills it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
        + ["--artifacts-destination", str(folder / "artifacts"), "--workers", "1", "--port", str(port)],
        env={**os.environ, **QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}", lambda: os.killpg(process.pid, 9)
    finally:
        os.killpg(process.pid, 9)
        process.wait()


@contextmanager
def _silent() -> Iterator[str]:
    """A server that takes calls and never answers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def _table(path: Path, rows: int) -> None:
    import polars as pl

    rng = np.random.default_rng(0)
    columns = {f"x{i}": rng.normal(size=rows) for i in range(10)}
    signal = columns["x0"] + columns["x1"] * columns["x2"] + 0.5 * rng.normal(size=rows)
    pl.DataFrame({**columns, "y": np.where(signal > 0, "yes", "no")}).write_csv(path)


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows: dict[str, dict[int, dict[str, Any]]] = {mode: {} for mode in MODES}
    for key, row in result["rows"].items():
        mode, turn = key.split()
        rows[mode][int(turn)] = row
    plain = rows["none"]
    lines, met = [], []
    for mode, words in MODES.items():
        turns = sorted(set(rows[mode]) & set(plain))
        if not turns:
            continue
        took = [rows[mode][turn]["seconds"] for turn in turns]
        added = [100 * (rows[mode][turn]["seconds"] / plain[turn]["seconds"] - 1) for turn in turns]
        median = float(np.median(added))
        found = list(rows[mode].values())
        same = {row["package"] for row in found} <= {row["package"] for row in plain.values()}
        told = [f"{row['arrived']:,} of {row['points']:,}" for row in found if row.get("arrived")]
        if mode != "none":
            met.append(median < AIM)
        spread = "" if mode == "none" else f"{median:+.1f} % ({min(added):+.1f} to {max(added):+.1f})"
        after = float(np.median([row["after"] for row in found])) if told else "–"
        lines.append([words, len(turns), float(np.median(took)), spread, same, told[0] if told else "–", after])
    head = ["mirror", "runs", "seconds, median", "added, median (range)", "same package", "points read back"]
    return f"""## Mirrors

The same training with and without a mirror, in turns; what is added is against the training without one in the same
turn. The mirror is a process of its own that lets every other go first, and the training waits for none. Aim: under
{AIM:.0f} % added; {markdown.aim(all(met) if met else None)}.

{markdown.table([*head, "seconds until all was written"], lines)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--rows", type=int, default=4000, help="of the table")
    parser.add_argument("--repeats", type=int, default=5, help="trainings of each kind")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=list(MODES), help="kinds of mirrors")
    return parser.parse_args()


if __name__ == "__main__":
    main()
