"""What two minutes buy: `trainwright train` against plain LightGBM and bagged CatBoost on the same split and cores.

    python bench/two_minutes.py --data DATA

`trainwright train --time-limit 2m` splits each table; the peers get the same development rows and feature columns,
all cores, and as long as they need, one process after the other; all three are scored on the same sealed test rows.
LightGBM: its defaults, native categories, 10,000 trees at most, stopped by a tenth of its rows. CatBoost: its
defaults, native categories, the average of five models fitted on the training rows of five folds.
About 20 minutes for one seed on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import contest
import markdown
import numpy as np
import polars as pl
import processes
import results
import scores
import tables

TABLES = ("adult", "credit_default", "steel_plates", "california_housing", "concrete")
PEERS = {"lightgbm": "plain LightGBM", "catboost": "bagged CatBoost"}


def main() -> None:
    options = _options()
    result = results.Result("two_minutes", options)
    for name in options.tables:
        for seed in range(options.seeds):
            key = f"{name}, {options.limit:g} s, seed {seed}"
            result.measured(key, measure, name, options.data, options.limit, seed, options.peers)


def measure(name: str, data: Path | None, limit: float, seed: int, peers: list[str]) -> dict[str, Any]:
    """Trains ours, then each peer, and scores all on the sealed test rows."""
    target = tables.TABLES[name].target
    with TemporaryDirectory() as root:
        folder = Path(root)
        table = tables.write(name, data, folder)
        measured, document = processes.train(
            table, target, workspace=folder / "workspace", limit=limit, more=("--seed", str(seed))
        )
        results.say(f"{name}: ours took {measured.wall_s:.0f} s")
        predictor = contest.hand_out(folder, document)
        y, test = contest.test_rows(folder, predictor)
        task, positive = predictor.target.task, predictor.target.positive_index if predictor.target.positive else 1
        metric = scores.name_of(task, predictor.target.n_outputs)
        ours = predictor.predict_raw(test)
        row: dict[str, Any] = {
            "table": name,
            "seed": seed,
            "limit_s": limit,
            "metric": metric,
            "rows": {"development": pl.scan_parquet(folder / "development.parquet").select(pl.len()).collect().item()}
            | {"test": len(y)},
            "ours": {
                "score": scores.score(metric, y, ours, positive),
                "seconds": measured.wall_s,
                "size_mb": document["package"]["size_mb"],
                "row_ms": contest.row_ms(predictor, test),
                "selected": document["selected"],
                "shape": document["package"]["shape"],
            },
        }
        for peer in peers:
            # A fresh process reads and fits; its seconds are those of the fit, preparation included.
            told = contest.run_peer(peer, folder, target, task)
            theirs = np.load(folder / f"{peer}.npy")
            gain = scores.gain(metric, y, ours, theirs, positive)
            found = {"score": scores.score(metric, y, theirs, positive), "seconds": told["fit_s"], **told}
            row[peer] = {**found, "gain": gain[0], "low": gain[1], "high": gain[2]}
            results.say(f"{name}: {peer} took {told['fit_s']:.0f} s")
    return row


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    lines = []
    for row in rows:
        seed = f", seed {row['seed']}" if any(r["seed"] for r in rows) else ""
        for who in ("ours", *(peer for peer in PEERS if peer in row)):
            found = row[who]
            words = "" if who == "ours" else f"{found['gain']:+.4g} ({found['low']:+.4g} to {found['high']:+.4g})"
            name = f"Trainwright ({found['selected']}, {found['shape']})" if who == "ours" else PEERS[who]
            lines.append(
                [row["table"] + seed, row["metric"], name, f"{found['score']:.5g}", words]
                + [float(found["seconds"]), float(found["size_mb"]), float(found["row_ms"])]
            )
    head = ["table", "metric", "who", "on the test part", "our gain (95 %)", "seconds", "MB", "ms for one row"]
    return f"""## Two minutes

`trainwright train` with a limit of {rows[0]["limit_s"]:g} s against plain LightGBM and bagged CatBoost, on the same
development rows, sealed test rows, feature columns and cores.

{_tally(rows)}

A gain above zero is better for us, whatever the metric's direction; its interval resamples the test rows, so it says
nothing about another split. Our seconds are those of the whole command (checks, folds, sealed test, report);
the peers' are those of the fit alone.

{markdown.table(head, lines)}

{markdown.footer(result)}
"""


def _tally(rows: list[dict[str, Any]]) -> str:
    """How often ours is better, worse, or not distinguishable, in one sentence for each peer."""
    words = []
    for peer, title in PEERS.items():
        known = [row[peer] for row in rows if peer in row]
        if not known:
            continue
        better, worse = sum(r["low"] > 0 for r in known), sum(r["high"] < 0 for r in known)
        words.append(
            f"**Against {title}: better on {better}, worse on {worse}, not distinguishable on "
            f"{len(known) - better - worse} of {len(known)}.**"
        )
    return " ".join(words)


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=list(TABLES), help="their names")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds of our training")
    parser.add_argument("--seeds", type=int, default=1, help="how many splits of each table")
    parser.add_argument("--peers", type=results.names, default=list(PEERS), help="lightgbm, catboost")
    return parser.parse_args()


if __name__ == "__main__":
    main()
