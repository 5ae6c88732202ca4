"""A million generated rows by 28 float32 columns from Parquet, one LightGBM trial: the whole command against a bare
script that reads, splits, fits and scores.

    python bench/million_rows.py                      # about 8 minutes on 2 cores
    python bench/million_rows.py --rows 10000000 --repeats 1 --no-bare     # once, about 25 minutes

Both use the same LightGBM parameters (read back from the trial), threads, shares of rows and stopping rows, and run
alternately; medians count. Memory is that of the largest process of each tree, by the kernel's account.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import processes
import results

# What is compared, in words, and the largest ratio that is aimed at.
AIMS = {
    "wall_s": ("whole command, s", 2.0),
    "fit_s": ("fit stage, s", 1.05),
    "peak_mb": ("peak memory, MB", 1.7),
}
SHARE = 0.15


def main() -> None:
    options = _options()
    result = results.Result("million_rows", options)
    todo = [i for i in range(options.repeats) if not result.has(_key(options.rows, i))]
    if not todo:
        return
    with TemporaryDirectory(dir=options.scratch) as root:
        folder = Path(root)
        table = folder / "generated.parquet"
        script = str(Path(__file__).with_name("million.py"))
        # A process of its own, so that this one stays small.
        generated = processes.run([sys.executable, script, "generate", str(table), str(options.rows)], cwd=folder)
        assert generated.code == 0, generated.errors
        results.say(f"{table.stat().st_size / 1e6:,.0f} MB of Parquet in {generated.wall_s:.0f} s")
        for i in todo:
            ours = _ours(table, folder / f"try{i}", options.rounds, options.limit)
            bare = None if options.no_bare else _bare(table, folder, script, ours.pop("settings"))
            ours.pop("settings", None)
            result.add(_key(options.rows, i), {"rows": options.rows, "ours": ours, "bare": bare})
            results.say(f"ours {ours}; bare {bare}")


def _key(rows: int, i: int) -> str:
    return f"{rows} rows, repetition {i}"


def _ours(table: Path, folder: Path, rounds: int, limit: float) -> dict[str, Any]:
    """The whole command with one LightGBM trial; `settings` holds what the bare script needs to do the same."""
    folder.mkdir()
    config = folder / "run.yaml"
    config.write_text(f"family_settings: {{lightgbm: {{n_estimators: {rounds}}}}}\n", "utf-8")
    shares = ("--validation-split", str(SHARE), "--test-size", str(SHARE))
    measured, document = processes.train(
        table,
        "target",
        workspace=folder / "workspace",
        limit=limit,
        more=("--config", str(config), "--families", "lightgbm", "--no-ensemble", "--positive", "signal", *shares),
    )
    row = next(row for row in document["leaderboard"] if row["name"] == "lightgbm")
    told = processes.run([sys.executable, __file__, "--settings-of", str(folder), str(document["run"])], cwd=folder)
    return {
        "wall_s": measured.wall_s,
        "peak_mb": measured.peak_mb,
        "together_mb": measured.together_mb,
        "fit_s": row["fit_s"],
        "validation": row["metrics"]["roc_auc"],
        "test": document["test"]["roc_auc"]["value"],
        "selected": document["selected"],
        "n_rows": document["n_rows"],
        "trials": [trial["name"] for trial in document["plan"]["trials"]],
        "stages": {stage: round(spent, 2) for stage, spent in document["budget"]["stages"].items()},
        "settings": told.json(),
    }


def settings_of(folder: Path, run_id: int) -> dict[str, Any]:
    """LightGBM's own parameters of the recorded trial, its rounds, and the share of its stopping rows.

    Runs in a process of its own, so that the one that measures stays small.
    """
    from trainwright.data.schema import Target
    from trainwright.models.lightgbm import SPEC, LightGBM
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.trials import trials_of
    from trainwright.store.workspace import open_workspace

    workspace = open_workspace(folder / "workspace", create=False)
    with read(workspace) as connection:
        plan = get_run(connection, run_id).plan or {}
        trial = next(t for t in trials_of(connection, run_id, state="completed") if t.name == "lightgbm")
    step = next(step for step in plan["steps"] if step["name"] == "lightgbm")
    settings = SPEC.defaults() | step["settings"]
    model = LightGBM(Target("target", "classes", ("background", "signal"), "signal"), settings)
    model._outcome = argparse.Namespace(outputs=1)
    parameters = model._parameters(settings, int(trial.rows or 0), int(trial.seed or 0), int(trial.threads or 1))
    rounds = settings["n_estimators"]
    return {"parameters": parameters, "rounds": rounds, "patience": settings["patience"], "inner": step["inner"]}


def _bare(table: Path, folder: Path, script: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The bare script with the same settings."""
    given = folder / "parameters.json"
    given.write_text(json.dumps({**settings, "test": SHARE, "validation": SHARE}), "utf-8")
    # What the product sets for its own training process.
    passive = {"OMP_WAIT_POLICY": "PASSIVE"}
    measured = processes.run([sys.executable, script, "bare", str(table), str(given)], cwd=folder, environment=passive)
    found: dict[str, Any] = measured.json()
    return {**found, "wall_s": measured.wall_s, "peak_mb": measured.peak_mb}


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    sizes = sorted({row["rows"] for row in result["rows"].values()})
    parts = [_of_size(size, [row for row in result["rows"].values() if row["rows"] == size]) for size in sizes]
    text = "\n\n".join(parts)
    return f"""## Large tables

Generated rows of 28 float32 columns from Parquet, split 70/15/15, one LightGBM trial (beside the majority, linear and
small forest baselines, which learn from 10,000 of the rows and are always there), against a bare script with the same
parameters, threads and rows that reads, splits, fits and scores, and does nothing else. Memory is that of the largest
process.

{text}

{markdown.footer(result)}
"""


def _of_size(size: int, rows: list[dict[str, Any]]) -> str:
    ours = {key: statistics.median(row["ours"][key] for row in rows) for key in ("wall_s", "fit_s", "peak_mb", "test")}
    pairs = [row["bare"] for row in rows if row["bare"]]
    if not pairs:
        together = max(row["ours"]["together_mb"] for row in rows)
        return (
            f"**{size:,} rows**, once: {ours['wall_s']:.0f} s in all, {ours['fit_s']:.0f} s for the fit; "
            f"largest process {ours['peak_mb'] / 1024:.1f} GiB, all processes at one moment {together / 1024:.1f} GiB; "
            f"ROC-AUC {ours['test']:.4f} on the test part. The load was {max(row['load'] for row in rows):.1f}, so the "
            "time is an upper bound."
        )
    bare = {key: statistics.median(pair[key] for pair in pairs) for key in ("wall_s", "fit_s", "peak_mb", "test")}
    lines = []
    for key, (words, limit) in AIMS.items():
        ratio = ours[key] / bare[key]
        figures = [f"{ours[key]:,.2f}", f"{bare[key]:,.2f}", f"{ratio:.2f}"]
        lines.append([words, *figures, f"{limit:g}", markdown.aim(ratio <= limit)])
    lines.append(["ROC-AUC on the test part", f"{ours['test']:.4f}", f"{bare['test']:.4f}", "", "", ""])
    table = markdown.table(["", "Trainwright", "bare script", "ratio", "aim: at most", ""], lines)
    return f"**{size:,} rows**, medians of {len(pairs)} alternate runs:\n\n{table}"


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated table")
    parser.add_argument("--rounds", type=int, default=100, help="trees")
    parser.add_argument("--repeats", type=int, default=3, help="alternate runs of both")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds; high, so that nothing is shortened")
    parser.add_argument("--no-bare", action="store_true", help="only ours")
    parser.add_argument("--scratch", type=Path, default=None, help="where temporary files lie (default: the system's)")
    parser.add_argument("--settings-of", nargs=2, metavar=("FOLDER", "RUN"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    if "--settings-of" in sys.argv:
        place, run = sys.argv[sys.argv.index("--settings-of") + 1 :][:2]
        print(json.dumps(settings_of(Path(place), int(run))))
    else:
        main()
