"""Different runs reproduced from their records: does every figure, prediction and package come out the same?

    python bench/reproduce.py --data DATA

Runs of each kind: steered by a time limit, tuned, incremental, stacked, a kept or dropped try, with class weights, and
each family alone (beside a fine-tuned language model the yardsticks learn next to nothing, so that the package holds
it). `trainwright reproduce` repeats each and compares the package byte for byte, the held-out predictions
bit for bit and every figure of every candidate to the last digit; beside it, both packages predict the sealed test rows
and the same rows with noise, gaps and unseen values. What this installation lacks is left out by name. About 20
minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import polars as pl
import processes
import results
import tables
import text_tables
from replay import fresh_rows


@dataclass(frozen=True)
class Kind:
    """One run to reproduce.

    Args:
        table: of `tables.TABLES`, or of `text_tables.SETS` where `texts` says how many rows of it.
        limit: seconds of its training.
        flags: of `train`.
        then: the command that makes the run to reproduce, after a first training; "" for that training itself.
        more: its words.
        texts: the first rows of a set of texts, 0 for a table.
        settings: by family, given to `train` in a file.
    """

    table: str
    limit: float
    flags: tuple[str, ...] = ()
    then: str = ""
    more: tuple[str, ...] = ()
    texts: int = 0
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)


def _family(name: str, table: str, texts: int = 0, **more: Any) -> Kind:
    return Kind(table, more.pop("limit", 30.0), ("--families", name, "--folds", "3"), texts=texts, **more)


# Yardsticks that know next to nothing: they are in every plan, and the simplest of equal models is chosen.
WEAK = {"linear": {"C": 1e-6}, "forest": {"n_estimators": 3, "max_depth": 1}}


RUNS: dict[str, Kind] = {
    "budgeted, two classes": Kind("credit_default", 20.0),
    "budgeted, seven classes": Kind("steel_plates", 20.0),
    "budgeted, a number": Kind("concrete", 12.0),
    "tuned": Kind("steel_plates", 40.0, (), "tune", ("--trials", "8", "--time-limit", "60s", "--family", "lightgbm")),
    "incremental": Kind("credit_default", 30.0, ("--families", "lightgbm"), "incremental"),
    "stacking": Kind("bank_marketing", 25.0, ("--ensemble", "stacking")),
    "bagging": Kind("wine", 15.0, ("--ensemble", "bagging")),
    "a try": Kind("telco_churn", 15.0, (), "try", ("--set", "training.class_weight=balanced")),
    "class weights": Kind("ai4i2020", 15.0, ("--class-weight", "balanced")),
    "SMOTE": Kind("ai4i2020", 15.0, ("--resample", "smote")),
    "linear": _family("linear", "bank_marketing"),
    "decision_tree": _family("decision_tree", "telco_churn"),
    "forest": _family("forest", "concrete"),
    "extra_trees": _family("extra_trees", "steel_plates"),
    "lightgbm": _family("lightgbm", "credit_default"),
    "catboost": _family("catboost", "telco_churn"),
    "hist_gradient_boosting": _family("hist_gradient_boosting", "concrete"),
    "adaboost": _family("adaboost", "diabetes"),
    "svm": _family("svm", "steel_plates"),
    "xgboost": _family("xgboost", "wine_quality"),
    "ebm": _family("ebm", "bank_marketing"),
    "neural_network": _family("neural_network", "concrete"),
    "tabular_net": _family("tabular_net", "diabetes"),
    "text_embedding": _family("text_embedding", "sms_spam", 600),
    "text_transformer": _family(
        "text_transformer", "sms_spam", 600, limit=900.0, settings={**WEAK, "text_transformer": {"epochs": 2}}
    ),
}


class Lacking(results.NotMeasured):
    """This installation cannot make such a run; it is left out by name."""


def main() -> None:
    options = _options()
    result = results.Result("reproduce", options)
    for name, kind in RUNS.items():
        if not options.runs or name in options.runs:
            result.measured(name, measure, kind, options.data, options.scale)


def measure(kind: Kind, data: Path | None, scale: float = 1.0) -> dict[str, Any]:
    """Makes a run, reproduces it, and lets both packages predict rows that neither has seen."""
    from trainwright.packages.predictor import Predictor
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    with TemporaryDirectory() as folder:
        place = Path(folder) / "workspace"
        run = _made(kind, data, Path(folder), place, scale)
        made, found = _command(place, "reproduce", str(run), fine=(0, 1))
        workspace = open_workspace(place, create=False)
        with read(workspace) as connection:
            pair = [get_run(connection, number).result for number in (run, found["repetition"])]
        opened = [Predictor.open(d["package"]["path"], expected_sha=d["package"]["sha256"]) for d in pair]
        fresh = fresh_rows(workspace, run)
        predictions = [predictor.predict_raw(fresh) for predictor in opened]
    return {
        "table": kind.table,
        "same": found["same"],
        "figures": len(found["figures"]),
        "figures_same": sum(row["same"] for row in found["figures"]),
        "same_package": found["package"]["same"],
        "held_out": found["predictions"]["rows"],
        "held_out_same": found["predictions"]["same"],
        "fresh": fresh.height,
        "fresh_same": predictions[0].tobytes() == predictions[1].tobytes(),
        "selected": pair[0]["selected"],
        "first_s": found["wall_s"]["then"],
        "again_s": found["wall_s"]["now"],
        "text": found["text"],
        "command_s": made.wall_s,
    }


def _made(kind: Kind, data: Path | None, folder: Path, place: Path, scale: float) -> int:
    """The number of the run to reproduce."""
    _there(kind)
    frame, target = _rows(kind, data)
    table = folder / f"{kind.table}.csv"
    first = frame.head(frame.height * 3 // 4) if kind.then == "incremental" else frame
    first.write_csv(table)
    limit: tuple[str, ...] = ("--time-limit", f"{max(5.0, kind.limit * scale):g}s")
    if kind.settings:
        given = folder / "settings.yaml"
        given.write_text(json.dumps({"family_settings": kind.settings}), encoding="utf-8")  # JSON is YAML
        limit += ("--config", str(given))
    _, document = _command(place, "train", str(table), "--target", target, "--project", "p", *limit, *kind.flags)
    if kind.then == "":
        return int(document["run"])
    if kind.then == "incremental":
        frame.tail(frame.height - first.height).write_csv(folder / "later.csv")
        later = str(folder / "later.csv")
        document = _command(place, "train", later, "--project", "p", "--incremental", *limit)[1]
        return int(document["run"])
    document = _command(place, kind.then, "p", *kind.more)[1]
    return _newest(place) if "run" not in document else int(document["run"])


def _rows(kind: Kind, data: Path | None) -> tuple[pl.DataFrame, str]:
    """The rows that a run learns from, and what it predicts."""
    if not kind.texts:
        return tables.load(kind.table, data), tables.TABLES[kind.table].target
    found = text_tables.load(kind.table, data)
    return pl.DataFrame({"text": found.text[: kind.texts], "label": found.label[: kind.texts]}), "label"


def _newest(place: Path) -> int:
    """The number of the newest completed run."""
    from trainwright.store.runs import list_runs
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    with read(open_workspace(place, create=False)) as connection:
        return list_runs(connection, state="completed")[0].id


def _there(kind: Kind) -> None:
    """Refuses what this installation lacks: a command, a flag, a family's library."""
    from trainwright.cli.app import COMMANDS
    from trainwright.config.flags import flags
    from trainwright.models.families import families

    if kind.then not in ("", "incremental") and kind.then not in COMMANDS:
        raise Lacking(f"there is no command {kind.then}")
    names = {flag.name for flag in flags()}
    wanted = ["--incremental"] if kind.then == "incremental" else []
    for flag in [*wanted, *(word for word in kind.flags if word.startswith("--"))]:
        if flag not in names:
            raise Lacking(f"`train` has no {flag}")
    if "--families" in kind.flags:
        name = kind.flags[kind.flags.index("--families") + 1]
        if name not in families():
            raise Lacking(f"there is no family {name}")


def _command(place: Path, *words: str, fine: tuple[int, ...] = (0,)) -> tuple[processes.Measured, dict[str, Any]]:
    """A command of ours with `--json`, and its document.

    Raises:
        Lacking: it ended with another status than `fine`, such as for an extra that is not installed.
    """
    command = processes.trainwright(*words, "--workspace", str(place), "--json")
    measured = processes.run(command, cwd=place.parent)
    if measured.code not in fine:
        raise Lacking(f"`trainwright {words[0]}` ended with {measured.code}: {measured.errors.strip()[-300:]}")
    return measured, json.loads(measured.output)


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    same = sum(row["same"] and row["fresh_same"] for row in rows.values())
    table = markdown.table(
        [
            "run", "table", "chosen", "first s", "again s", "figures the same", "package", "held-out predictions",
            "fresh predictions",
        ],
        [
            [
                name, r["table"], r["selected"], r["first_s"], r["again_s"], f"{r['figures_same']} of {r['figures']}",
                r["same_package"], f"{r['held_out']:,}: {'same' if r['held_out_same'] else 'different'}",
                f"{r['fresh']:,}: {'same' if r['fresh_same'] else 'different'}",
            ]
            for name, r in rows.items()
        ],
    )  # fmt: skip
    lacking = [name for name in RUNS if name not in rows]
    left_out = f"\nNot measured here: {', '.join(lacking)}.\n" if lacking else ""
    return f"""## Reproduced runs

`trainwright reproduce` repeats a run from its record. **{same} of {len(rows)} runs came out the same**: the package
byte for byte, every held-out prediction bit for bit and every figure to the last digit, and both packages give the same
predictions for rows that neither has seen, with moved numbers, gaps and values never met.

{table}
{left_out}
{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument(
        "--runs", type=lambda text: text.split("+"), default=[], help="names joined by + (default: all)"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="factor on every limit")
    return parser.parse_args()


if __name__ == "__main__":
    main()
