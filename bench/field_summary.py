"""What the field's lines say: improvability, wins, time and size; the section of `docs/benchmarks.md`.

Improvability of a system on a table is the share of its error that the best system on that table avoids,
(error - best) / error (Erickson et al. 2025, TabArena); less is better, a failure counts as 1. The error is
1 - ROC-AUC, log-loss or RMSE.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import markdown
import results

NAMES = {
    "ours": "Trainwright",
    "autogluon": "AutoGluon best_v150",
    "flaml": "FLAML",
    "catboost": "bagged CatBoost",
    "lightgbm": "plain LightGBM",
}
TIE = 0.002
WINS_AIM = 0.7
Row = dict[str, Any]


def rows_of(path: Path) -> list[Row]:
    """The lines of the result file; of two about the same table, system and seed the later one counts."""
    if not path.exists():
        return []
    found = {}
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        found[row["table"], row["system"], row["seed"]] = row
    return list(found.values())


def error_of(row: Row | None) -> float:
    """The error of a line, less is better; infinite for a failure or a line that is missing."""
    if row is None or "score" not in row:
        return float("inf")
    return 1 - row["score"] if row["metric"] == "ROC-AUC" else row["score"]


def improvability(error: float, best: float) -> float:
    """The share of an error that the best system avoids.

    Example:
        >>> improvability(0.5, 0.4)
        0.19999999999999996
    """
    if error == float("inf"):
        return 1.0
    return 1 - best / error if error > 0 else 0.0


def outcome(ours: float, theirs: float) -> float:
    """1 for a win of ours, 0 for a loss, a half for a tie: errors within 0.2 % of each other.

    Example:
        >>> outcome(0.1, 0.2), outcome(0.1, 0.10001)
        (1.0, 0.5)
    """
    if ours == theirs or abs(ours - theirs) <= TIE * min(ours, theirs):
        return 0.5
    return 1.0 if ours < theirs else 0.0


def section(folder: Path) -> str:
    """The section of docs/benchmarks.md.

    Args:
        folder: of the result files.
    """
    rows = rows_of(folder / "field.jsonl")
    if not any(row["system"] == "ours" for row in rows):
        return "## The field\n\nNot measured yet: `python bench/field.py`\n"
    by = {(row["table"], row["seed"], row["system"]): row for row in rows}
    cases = list(dict.fromkeys((row["table"], row["seed"]) for row in rows))
    systems = [name for name in NAMES if any(row["system"] == name for row in rows)]
    errors = {case: {name: error_of(by.get((*case, name))) for name in systems} for case in cases}
    share = {
        name: markdown.mean([improvability(errors[case][name], min(errors[case].values())) for case in cases])
        for name in systems
    }
    head = ["table", "metric", *(NAMES[name] for name in systems)]
    lines = [_scores(case, systems, by, errors[case]) for case in cases]
    lines.append(["**mean improvability**", "", *(f"**{share[name]:.2%}**" for name in systems)])
    return f"""## The field

{rows[0]["limit_s"]:g} seconds for each system on {len(cases)} tables, the same rows for training and test, the same
feature columns, all cores, one after the other. LightGBM and CatBoost (the mean of five folds' models) are at their
defaults and take what they need. The best figure of each table is bold.

{_aims(systems, errors, share)}

{markdown.table(head, lines)}

Wins of ours, ties (errors within {TIE:.1%}) counted as half, and what a prediction costs, as medians over the tables;
the seconds are those of the whole command for ours and of the fit alone for the peers:

{
        markdown.table(
            ["system", "wins of ours", "seconds", "MB", "ms for one row", "failures"],
            [_costs(name, systems, rows, errors) for name in systems],
        )
    }

{_footer(rows)}
"""


def _scores(case: tuple[str, int], systems: list[str], by: dict[Any, Row], errors: dict[str, float]) -> list[Any]:
    best, cells = min(errors.values()), []
    for name in systems:
        row = by.get((*case, name))
        if row is None:
            cells.append("–")
        elif "score" not in row:
            cells.append("failed")
        else:
            cells.append(f"**{row['score']:.5g}**" if errors[name] == best else f"{row['score']:.5g}")
    first = next(row for key, row in by.items() if key[:2] == case)
    return [case[0] + (f", seed {case[1]}" if case[1] else ""), first["metric"], *cells]


def _aims(systems: list[str], errors: dict[Any, dict[str, float]], share: dict[str, float]) -> str:
    words = []
    if "autogluon" in systems:
        words.append(
            f"**Mean improvability {share['ours']:.2%} against {share['autogluon']:.2%} of AutoGluon** (aim: ahead, "
            f"{markdown.aim(share['ours'] < share['autogluon'])})."
        )
    if "catboost" in systems:
        won = markdown.mean([outcome(row["ours"], row["catboost"]) for row in errors.values()])
        words.append(
            f"**Against bagged CatBoost {won:.0%} of the tables are won** (aim: {WINS_AIM:.0%}, "
            f"{markdown.aim(won >= WINS_AIM)})."
        )
    return " ".join(words)


def _costs(name: str, systems: list[str], rows: list[Row], errors: dict[Any, dict[str, float]]) -> list[Any]:
    own = [row for row in rows if row["system"] == name and "score" in row]
    wins = "" if name == "ours" else f"{sum(outcome(e['ours'], e[name]) for e in errors.values()):g} of {len(errors)}"
    failed = sum(1 for row in rows if row["system"] == name and "score" not in row)
    return [
        NAMES[name],
        wins,
        *(_median([row[key] for row in own]) for key in ("seconds", "size_mb", "row_ms")),
        failed,
    ]


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2] if values else float("nan")


def _footer(rows: list[Row]) -> str:
    """Command, machine, versions and dates; the load is the largest when a line began, and those above 3 are named."""
    busy = [f"{row['table']} ({NAMES[row['system']]}) {row['load'][0]}" for row in rows if row["load"][0] > 3]
    stamped = [
        {**row, "load": row["load"][0], "command": "python bench/field.py --data FOLDER --peers FOLDER"} for row in rows
    ]
    document = {"rows": dict(enumerate(stamped)), **{key: rows[-1][key] for key in ("machine", "versions")}}
    note = f"Load average above 3 when it began: {', '.join(busy)}. " if busy else ""
    return note + markdown.footer(document)


if __name__ == "__main__":
    results.say(section(results.FOLDER))
