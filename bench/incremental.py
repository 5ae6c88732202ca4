"""Learning on in two stages: what is kept of old rows, what is learned of new ones, and the time a full training takes.

    python bench/incremental.py --data DATA

A fifth of each table is kept apart and judged by at the end. Of the rest a share arrives late: at random on
credit_default; on steel_plates a whole class too, which the first version never saw. The first version is trained
without the late rows; an incremental training learns on from it with them alone; a full training has all rows in a
workspace of its own. The three answer the same rows kept apart: old ones, and new ones (of the late class, where there
is one). About 15 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import numpy as np
import polars as pl
import processes
import results
import tables

# Table, and the class that arrives late, if one does.
CASES: dict[str, tuple[str, str | None]] = {
    "credit_default": ("credit_default", None),
    "steel_plates": ("steel_plates", "K_Scatch"),
    "steel_plates, rare class": ("steel_plates", "Dirtiness"),
}
KEPT_APART, LATE = 0.2, 0.15


def main() -> None:
    options = _options()
    result = results.Result("incremental", options)
    for case in options.cases:
        for seed in range(options.seeds):
            key = f"{case}, seed {seed}, {options.limit:g} s"
            result.measured(key, measure, case, options.data, options.limit, seed, options.rows)


def measure(case: str, data: Path | None, limit: float, seed: int, most: int | None = None) -> dict[str, Any]:
    """Trains the three and lets them answer the rows kept apart."""
    name, held = CASES[case]
    target = tables.TABLES[name].target
    frame = tables.load(name, data)
    if most is not None and frame.height > most:
        frame = frame.sample(most, seed=seed)
    early, late, apart = parts(frame, target, held, seed)
    with TemporaryDirectory() as root:
        folder = Path(root)
        for file, rows in (("early", early), ("late", late), ("all", pl.concat([early, late]))):
            rows.write_csv(folder / f"{file}.csv")
        ours, anew = folder / "ours" / "w", folder / "anew" / "w"
        more = ("--project", "p", "--seed", str(seed))
        first, _ = processes.train(folder / "early.csv", target, workspace=ours, limit=limit, more=more)
        grown, document = processes.train(
            folder / "late.csv", target, workspace=ours, limit=limit, more=(*more, "--incremental")
        )
        full, _ = processes.train(folder / "all.csv", target, workspace=anew, limit=limit, more=more)
        figures = {
            side: judged(apart, target, held, folder, place, version)
            for side, place, version in (("first", ours, "v1"), ("incremental", ours, "v2"), ("full", anew, "v1"))
        }
    found = document["incremental"]
    return {
        "case": case,
        "seed": seed,
        "rows": {"early": early.height, "late": late.height, "apart": apart.height},
        "held_back": held,
        "replayed": found["replayed"],
        "routes": {member["name"]: member["route"] for member in found["members"]},
        "recommended": found["recommendation"]["kind"],
        "forgotten": found["forgotten"],
        "figures": figures,
        "seconds": {"first": first.wall_s, "incremental": grown.wall_s, "full": full.wall_s},
    }


def parts(frame: pl.DataFrame, target: str, held: str | None, seed: int) -> tuple[pl.DataFrame, ...]:
    """Early rows, late rows, rows kept apart; all rows of the class held back are late."""
    rng = np.random.default_rng(seed)
    draw = rng.random(frame.height)
    apart = draw < KEPT_APART
    late = ~apart & (rng.random(frame.height) < LATE)
    if held is not None:
        late |= ~apart & (frame[target] == held).to_numpy()
    return tuple(frame.filter(pl.Series(rows)) for rows in (~apart & ~late, late, apart))


def judged(
    apart: pl.DataFrame, target: str, held: str | None, folder: Path, workspace: Path, version: str
) -> dict[str, dict[str, float]]:
    """Accuracy and log-loss on old and new rows kept apart; without a late class all of them are old."""
    import trainwright as tw

    model = tw.load(f"p@{version}", workspace=workspace)
    told = model.predict(apart.drop(target))
    labels = apart[target].cast(pl.String)
    right = (told["prediction"].cast(pl.String) == labels).to_numpy()
    known = {
        name.removeprefix("probability_"): told[name].to_numpy() for name in told.columns if "probability_" in name
    }
    zero = np.zeros(apart.height)
    own = np.array([known.get(label, zero)[i] for i, label in enumerate(labels.to_list())])
    new = np.zeros(apart.height, dtype=bool) if held is None else (labels == held).to_numpy()
    loss = -np.log(np.clip(own, 1e-6, 1.0))
    return {
        name: {"rows": int(rows.sum()), "accuracy": float(right[rows].mean()), "log_loss": float(loss[rows].mean())}
        for name, rows in (("old", ~new), ("new", new))
        if rows.any()
    }


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    lines = []
    for row in result["rows"].values():
        seconds = row["seconds"]
        cells: list[Any] = [row["case"], row["seed"], f"{row['rows']['early']:,} + {row['rows']['late']:,}"]
        for part in ("old", "new"):
            for side in ("first", "incremental", "full"):
                figure = row["figures"][side].get(part)
                cells.append("–" if figure is None else f"{figure['accuracy']:.1%} / {figure['log_loss']:.3f}")
        cells += [f"{seconds['incremental']:.0f} / {seconds['full']:.0f}", ", ".join(row["forgotten"]) or "none"]
        lines.append(cells)
    head = ["table", "seed", "early + late rows"]
    head += [f"{part}: {side}" for part in ("old rows", "late class") for side in ("first", "incremental", "full")]
    head += ["seconds: incremental / full", "classes forgotten"]
    return f"""## Learning on

Two stages: a version without the late rows, then an incremental training from it, against a full training on all rows.
Accuracy / log-loss on the same rows kept apart (log-loss with probabilities of at least one in a million, which is
what a version that does not know the late class gets on its rows). On steel_plates the late rows hold a class that the
first version never saw.

{markdown.table(head, lines)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--cases", type=results.names, default=list(CASES), help="their names")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of each training")
    parser.add_argument("--seeds", type=int, default=2, help="how many draws of late rows")
    parser.add_argument("--rows", type=int, default=None, help="at most so many rows of each table, to try it out")
    return parser.parse_args()


if __name__ == "__main__":
    main()
