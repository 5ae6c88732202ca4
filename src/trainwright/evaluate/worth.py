"""Would more time, or a larger model, have paid? Answers from what a run measured, or why it cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainwright.evaluate.formats import duration, number
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.intervals import json_number, validation_interval

Result = Mapping[str, Any]


def twice_the_time(result: Result) -> dict[str, Any]:
    """Whether twice the time would pay: what the later half of the fitting time bought, and what was cut short.

    The gain is that of the best candidate after all of the fitting time over the best after half of it, in pairs by
    fold; its interval allows for training rows that folds share (Nadeau and Bengio 2003).

    Args:
        result: the result document.

    Returns:
        {"answer": "yes" | "hardly" | "unknown", "text", "evidence": [sentence, ...], "gain": figure or None}, or
        {"skipped": why}.

    Example:
        >>> twice_the_time({"leaderboard": []})
        {'skipped': 'fewer than two candidates were fitted, so nothing shows what time bought'}
    """
    order = _by_time(result)
    open_ends = _open_ends(result)
    settled = str((result.get("convergence") or {}).get("code") or "")
    evidence, gain = [], None
    if len(order) >= 2:
        gain, words = _later_half(result, order)
        evidence.append(words)
    if settled == "still_improving":
        evidence.append("the chosen model still improved when its rounds ended")
    elif settled == "converged":
        evidence.append("the chosen model had settled before its rounds ended")
    evidence += open_ends or (["everything that was planned was finished"] if evidence else [])
    if not evidence:
        return {"skipped": "fewer than two candidates were fitted, so nothing shows what time bought"}
    paid = gain is not None and gain["low"] is not None and gain["low"] > 0
    if settled == "still_improving" or (paid and open_ends):
        answer, text = "yes", "Twice the time would probably pay"
    elif open_ends or paid:
        answer, text = "unknown", "Whether twice the time would pay is open"
    else:
        answer, text = "hardly", "Twice the time would hardly pay"
    return {"answer": answer, "text": f"{text}: {'; '.join(evidence)}.", "evidence": evidence, "gain": gain}


def larger_model(result: Result) -> dict[str, Any]:
    """Whether a larger model helps the rare class, from the result document's `rare_class`; or {"skipped": why}."""
    found = result.get("rare_class")
    if not isinstance(found, Mapping):
        return {"skipped": "this run kept no figures of the rare class by candidate"}
    if "skipped" in found:
        return {"skipped": str(found["skipped"])}
    small, large, gain = found["smaller"], found["larger"], found["difference"]
    low, high = gain.get("low"), gain.get("high")
    measured = (
        f"of the {found['n_rows']:,} rows of class {found['class']}, {large['name']} finds {_points(large['found'])} "
        f"of 100 and {small['name']} {_points(small['found'])}, each flagging the {found['n_rows']:,} rows that it "
        "holds most likely"
    )
    if low is None or high is None:
        return {"answer": "unknown", "text": f"Whether the larger model helps the rare class is open: {measured}."}
    reach = f"{_points(gain['value'], sign=True)} ({_points(low, sign=True)} to {_points(high, sign=True)}) in 100"
    if low > 0:
        answer, text = "yes", "The larger model helps the rare class"
    elif high < 0:
        answer, text = "no", "The larger model finds less of the rare class"
    else:
        answer, text = "hardly", "On the rare class the larger model cannot be told from the smaller one"
    return {"answer": answer, "text": f"{text}: {measured}; the difference is {reach}."}


def worth(result: Result) -> dict[str, Any]:
    """Both answers: the result document's `worth`."""
    return {"twice_the_time": twice_the_time(result), "larger_model": larger_model(result)}


def _by_time(result: Result) -> list[Mapping[str, Any]]:
    """The finished candidates with scores for each fold, in the order in which they were fitted."""
    rows = {
        row.get("name"): row
        for row in result.get("leaderboard") or []
        if row.get("family") != "baseline" and len(row.get("fold_scores") or []) > 1
    }
    order = [trial.get("name") for trial in (result.get("plan") or {}).get("trials") or []]
    return [rows[name] for name in order if name in rows and _seconds(rows[name]) > 0]


def _later_half(result: Result, order: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Any] | None, str]:
    """The gain of the later half of the fitting time, and the sentence about it."""
    metric = str(result.get("metric") or "")
    sign = 1.0 if explain(metric).greater_is_better else -1.0
    done = np.cumsum([_seconds(row) for row in order])
    first = max(1, int(np.searchsorted(done, done[-1] / 2, side="right")))
    early, late = order[:first], order[first:]
    if not late:
        return None, f"{order[-1]['name']} alone took the later half of the fitting time"
    # What combines models is made of all of them, and so belongs to the end.
    names = {row.get("name") for row in order}
    made = [
        row
        for row in result.get("leaderboard") or []
        if row.get("name") not in names and len(row.get("fold_scores") or []) == len(order[0]["fold_scores"])
        and row.get("family") in ("ensemble", "stacking", "bagging")
    ]  # fmt: skip
    best_early, best_all = _best(early, sign), _best([*order, *made], sign)
    difference = sign * (np.asarray(best_all["fold_scores"], float) - np.asarray(best_early["fold_scores"], float))
    found = validation_interval(difference)
    gain = {"value": json_number(found.value), "low": json_number(found.low), "high": json_number(found.high)}
    title = explain(metric).title
    spent = duration(float(done[-1] - done[first - 1])).replace("\u00a0", " ")
    if best_all["name"] == best_early["name"]:
        return gain, f"the later half of the fitting time ({spent}) brought nothing better than {best_early['name']}"
    width = None if gain["low"] is None else found.high - found.low
    reach = "" if gain["low"] is None else f" ({number(found.low, width)} to {number(found.high, width)})"
    words = f"the later half of the fitting time ({spent}) took {title} from {best_early['name']} to {best_all['name']}"
    words += f", a gain of {number(found.value, width)}{reach}"
    return gain, words + ("" if gain["low"] is not None and found.low > 0 else ", which chance may explain")


def _open_ends(result: Result) -> list[str]:
    """What time cut short, in words."""
    found = [str(text) for text in (result.get("budget") or {}).get("shortened") or []]
    trials = (result.get("plan") or {}).get("trials") or []
    found += [
        f"{trial.get('name')}: {trial['state']}"
        for trial in trials
        if "no time was left" in str(trial.get("state") or "")
    ]
    return [text.rstrip(".") for text in dict.fromkeys(found) if not text.startswith("importance was not measured")]


def _best(rows: Sequence[Mapping[str, Any]], sign: float) -> Mapping[str, Any]:
    return max(rows, key=lambda row: sign * float(np.nanmean(row["fold_scores"])))


def _seconds(row: Mapping[str, Any]) -> float:
    value = row.get("fit_s")
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else 0.0


def _points(share: float, *, sign: bool = False) -> str:
    """A share in hundredths."""
    return f"{100 * share:+.0f}".replace("-", "−") if sign else f"{100 * share:.0f}"
