"""The document of a comparison of runs: settings, data, figures with their differences, times, curves, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.compare import BETTER, WORSE
from trainwright.evaluate.formats import plural
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.run_differences import plan_differences, setting_differences
from trainwright.evaluate.try_words import by_words

PARTS = ("precision", "recall", "f1")
# What a recall stands for here, where `trainwright decide` shows another one for the same version.
DECIDED = (
    "each row is decided by a threshold that the other folds chose; trainwright decide counts a version's one "
    "threshold on the rows it was chosen on, so its recall differs a little"
)
# Settings that decide how long a run may take; what they change shows in what was fitted.
TIME = ("training.time_limit", "training.preset")


def comparison_document(
    runs: Sequence[Mapping[str, Any]],
    paired: Sequence[Mapping[str, Any] | None],
    why: Sequence[str] = (),
) -> dict[str, Any]:
    """Runs side by side, each after the first against the first.

    Args:
        runs: for each {"name", "run", "comments", "settings", "origins", "plan", "result", "record", "validation",
            "data", "data_sha", "split_sha", "curve"}.
        paired: for each run after the first, by metric the `Comparison.to_json()` on the rows that both held out.
        why: reasons why a difference is not judged.

    Returns:
        {"runs", "metric", "settings", "data", "fitted", "metrics", "per_class", "decided" (how, in words), "costs",
        "curves", "verdicts", "warnings"}.
    """
    first = runs[0]
    results = [run["result"] for run in runs]
    settings = setting_differences([_settings(run) for run in runs], [run["origins"] for run in runs])
    return {
        "runs": [_head(run) for run in runs],
        "metric": first["result"].get("metric"),
        "settings": settings,
        "data": _data(runs),
        "fitted": [
            {"name": run["name"], "differences": plan_differences(first["plan"], run["plan"])} for run in runs[1:]
        ],
        "metrics": _metrics(runs, paired),
        "per_class": _per_class(runs),
        "decided": DECIDED if any(_chosen_threshold(result) for result in results) else None,
        "costs": _costs(results),
        "curves": [{"run": run["name"], **run["curve"]} for run in runs if run.get("curve")],
        "verdicts": [
            _verdict(run["name"], first["name"], str(first["result"].get("metric")), found)
            for run, found in zip(runs[1:], paired)
        ],
        "warnings": [*_warnings(runs, settings), *why],
    }


def _chosen_threshold(result: Mapping[str, Any]) -> bool:
    """Whether a threshold was chosen, so that it is another one for each fold."""
    value = (result.get("threshold") or {}).get("value")
    return value is not None and value != 0.5


def _settings(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """A run's settings; of one that searched first, what the search found counts and not how it was asked for."""
    found = (run["plan"].get("search") or {}).get("number")
    return run["settings"] if found is None else {**run["settings"], "search": {"winner_of": found}}


def _head(run: Mapping[str, Any]) -> dict[str, Any]:
    """What stands above a run's column."""
    result = run["result"]
    tried = result.get("iteration")
    return {
        "name": run["name"],
        "run": run["run"],
        "version": result.get("version"),
        "selected": result.get("selected"),
        "written": result.get("written"),
        "comments": run.get("comments"),
        "try": None if not tried else ("kept" if tried.get("kept") else "dropped"),
        "repeats": (run.get("record") or {}).get("repeats"),
    }


def _data(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What differs in rows, split and seed."""
    rows = {
        "dataset": [run["data"] for run in runs],
        "content (SHA-256)": [str(run["data_sha"])[:12] for run in runs],
        "split (SHA-256)": [str(run["split_sha"])[:12] for run in runs],
        "folds": [len((run["result"].get("split") or {}).get("folds") or []) or None for run in runs],
        "development rows": [(run["validation"] or {}).get("n_rows") for run in runs],
        "seed": [run["result"].get("seed") for run in runs],
        "metric": [run["result"].get("metric") for run in runs],
    }
    return [{"what": name, "values": values} for name, values in rows.items() if any(v != values[0] for v in values)]


def _metrics(runs: Sequence[Mapping[str, Any]], paired: Sequence[Mapping[str, Any] | None]) -> list[dict[str, Any]]:
    """Every figure of every run, the metric that chose first, with the differences on the same rows."""
    chosen = runs[0]["result"].get("metric")
    rows = []
    for part, held in (("validation", "validation"), ("test", "test")):
        figures = [(run["result"].get(held) or {}) for run in runs]
        names = list(dict.fromkeys(name for one in figures for name in one))
        for name in sorted(names, key=lambda name: name != chosen):
            values = [one.get(name) for one in figures]
            if any(value and value.get("value") is not None for value in values):
                differences = [None if found is None or part == "test" else found.get(name) for found in paired]
                rows.append({"part": part, "metric": name, "values": values, "differences": [None, *differences]})
    return rows


def _per_class(runs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each class."""
    tables = [{row["class"]: row for row in (run["validation"] or {}).get("per_class") or []} for run in runs]
    out = []
    for name in dict.fromkeys(name for table in tables for name in table):
        rows = [table.get(name) or {} for table in tables]
        support = next((row["support"] for row in rows if row.get("support") is not None), None)
        out.append({"class": name, "support": support, **{part: [row.get(part) for row in rows] for part in PARTS}})
    return out


def _costs(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Times, size and speed."""

    def fits(result: Mapping[str, Any]) -> float | None:
        rows = [
            row.get("fit_s") for row in result.get("leaderboard") or [] if row.get("name") == result.get("selected")
        ]
        return rows[0] if rows else None

    packages = [result.get("package") or {} for result in results]
    rows = {
        "whole training, s": [result.get("wall_s") for result in results],
        "fits of the chosen one, s": [fits(result) for result in results],
        "one prediction, ms": [package.get("latency_ms") for package in packages],
        "size, MB": [package.get("size_mb") for package in packages],
    }
    return [{"what": name, "values": values} for name, values in rows.items() if any(v is not None for v in values)]


def _verdict(name: str, against: str, metric: str, found: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the comparison by the first run's metric says."""
    one = None if found is None else found.get(metric)
    if one is None:
        return {"name": name, "against": against, "verdict": None, "text": f"{name} and {against}: not judged"}
    words = {BETTER: "is better than", WORSE: "is worse than"}.get(one["verdict"], "is not distinguishable from")
    title = explain(metric).title
    if one["low"] is None:
        text = f"{name} and {against}: {plural(one['n_rows'], 'row')} are too few for a verdict on {title}"
    elif one["difference"] == 0 and one["low"] == 0 == one["high"]:
        text = f"{name} and {against} do not differ in {title} on any of {plural(one['n_rows'], 'row')}"
    else:
        text = f"{name} {words} {against} in {title}{by_words(one)}"
    return {"name": name, "against": against, "verdict": one["verdict"], "text": text}


def _warnings(runs: Sequence[Mapping[str, Any]], settings: Sequence[Mapping[str, Any]]) -> list[str]:
    """What keeps a difference from being put down to one cause."""
    out = []
    for at, run in enumerate(runs[1:], start=1):
        changed = [row["key"] for row in settings if row["values"][at] != row["values"][0]]
        if len(changed) > 1:
            out.append(
                f"{run['name']} differs from {runs[0]['name']} in {len(changed)} settings ({', '.join(changed)}): "
                "which one made the difference cannot be told; `trainwright try` changes one at a time"
            )
        fitted = plan_differences(runs[0]["plan"], run["plan"], [{"key": key} for key in changed])
        if not changed and fitted and run["data_sha"] == runs[0]["data_sha"]:
            out.append(f"{run['name']} has the same settings; the clock or machine decided otherwise: {fitted[0]}")
        elif len(changed) == 1 and changed[0] not in TIME and fitted:
            out.append(
                f"besides {changed[0]}, {run['name']} was fitted otherwise in {plural(len(fitted), 'point')} "
                "(the plan follows the time there is)"
            )
    return out
