"""What was compared, by which measure and why, what was chosen, and what the choice gives up, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.decision_figures import Result, stated_costs
from trainwright.evaluate.decision_words import CLARITY, SCALES, measure, of_hundred, option, positive_name, shown
from trainwright.evaluate.formats import common_width, duration, estimate, number, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.verdict import beats_baselines, chosen, chosen_row

# From this factor on a difference in time is worth a word.
TIMES = 1.5
# How easily a person follows an answer, the easiest first.
ORDER = {"high": 0, "medium": 1, "low": 2}


def options(result: Result, most: int) -> dict[str, Any] | None:
    """The candidates as a table: what each is, its score, its time for one case."""
    metric, pick = str(result.get("metric") or ""), chosen(result)
    board = [row for row in result.get("leaderboard") or [] if isinstance(row, Mapping)]
    if not board:
        return None
    kept = board[:most]
    for row in board[most:]:  # today's process, the chosen one and the last, which guesses, are never cut
        if row.get("role") == "present" or row.get("name") == pick or row is board[-1]:
            kept.append(row)
    width = common_width((row.get("metrics") or {}).get(metric) for row in kept)
    width = width or min((2 * s for row in kept if (s := estimate(row.get("std"))[0])), default=None)
    rows: list[list[str]] = []
    notes: list[str] = []
    for row in kept:
        name = str(row.get("name", ""))
        value = (row.get("metrics") or {}).get(metric)
        time = estimate(row.get("row_ms", row.get("predict_ms_per_row")))[0]
        reached = score(metric, value, width) if estimate(value)[0] is not None else "see below"
        rows.append([name, reached, "" if time is None else duration(time / 1000)])
        notes.append(option(row))
    mark = next((i for i, row in enumerate(rows) if row[0] == pick), None)
    head = ["Way to answer", "score", "time for a case"]
    left = f"{len(board) - len(kept)} more were tried." if len(board) > len(kept) else ""
    return {"head": head, "rows": rows, "what": notes, "mark": mark, "note": left}


def measure_and_why(result: Result) -> list[str]:
    """By which measure the options were ranked, and from when on a case is flagged, and why."""
    metric = str(result.get("metric") or "")
    if not metric:
        return []
    about = explain(metric)
    way = "more" if about.greater_is_better else "less"
    name = f" (named {about.title!r} in the rest of this report)" if about.text else ""
    out = [f"The score says {measure(metric, result)}{name}; {way} is better."]
    asked = (result.get("origins") or {}).get("training.metric")
    if metric in SCALES:
        out[0] += f" {SCALES[metric]}"
    out.append("It was asked for in the settings." if asked else _why(metric, result))
    if result.get("threshold"):
        out.append(_cut(result))
    return [text for text in out if text]


def _why(metric: str, result: Result) -> str:
    """Why the platform chose this measure."""
    if metric == "roc_auc":
        return (
            "It was chosen because it judges the order in which cases are put, whatever a mistake costs. "
            "From when on a case is flagged is settled afterwards."
        )
    if metric == "log_loss":
        return "It was chosen because with several classes it judges every stated chance, not only the first guess."
    if metric == "rmse":
        return (
            "It was chosen because large misses usually hurt most. "
            "If every unit of error costs the same, ask for another one (metric: mae)."
        )
    return ""


def _cut(result: Result) -> str:
    """From which stated chance on a case is flagged, and why there."""
    value = estimate(
        result["threshold"].get("value") if isinstance(result["threshold"], Mapping) else result["threshold"]
    )[0]
    if value is None:
        return ""
    decided = result.get("operating_point")
    if isinstance(decided, Mapping) and decided.get("policy") and decided.get("text"):
        return f"Decided ({decided.get('label') or 'rehearsal'}): {decided['text']}"
    name = positive_name(result)
    start = f"A case is flagged as {name} when the model gives it a chance of {of_hundred(value)} or more"
    settings = result.get("settings") if isinstance(result.get("settings"), Mapping) else {}
    needs = (settings.get("requirements") or {}) if isinstance(settings, Mapping) else {}
    costs = stated_costs(result)
    if needs.get("min_recall") is not None:
        return f"{start}. There it finds as many as you asked for with the fewest false alarms."
    if needs.get("min_precision") is not None:
        return f"{start}. There as many flags are right as you asked for, and it finds the most."
    if costs is not None:
        alarm, miss = costs
        if alarm > 0 and miss >= alarm:
            ratio = f"a miss costs {number(miss / alarm)} times a false alarm"
        elif miss > 0:
            ratio = f"a false alarm costs {number(alarm / miss)} times a miss"
        else:
            ratio = "only false alarms cost anything"
        return f"{start}. There the mistakes cost least, since {ratio}."
    return (
        f"{start}. No costs are stated, so misses and false alarms were taken to be about equally bad. "
        "With your costs it would be set where mistakes cost least."
    )


def choice(result: Result) -> list[str]:
    """Which option was chosen, and by what reasoning."""
    row, pick = chosen_row(result), chosen(result)
    comparison = result.get("comparison")
    compared: Mapping[str, Any] = comparison if isinstance(comparison, Mapping) else {}
    best, simplest = compared.get("best"), compared.get("simplest")
    simplest = simplest.get("name") if isinstance(simplest, Mapping) else simplest
    what = f"Chosen: {pick}, {option(row)}." if row else f"Chosen: {pick}."
    if best and best != pick:
        why = f"{best} scored a little better, by no more than chance would give, and {pick} is simpler."
    elif beats_baselines(result) is False and row.get("role") != "baseline" and not row.get("baseline"):
        why = "It scored best on cases that it had not learned from, but chance may explain its lead over simple ones."
    elif simplest and simplest == pick:
        why = "It scored best on cases that it had not learned from, and nothing simpler comes close."
    else:
        why = "It scored best on cases that it had not learned from."
    out = [f"{what} {why}"]
    if simplest and simplest != pick:
        out.append(f"The simplest that is about as good is {simplest}: take it if speed or clarity matters more.")
    return out


def given_up(result: Result) -> list[str]:
    """What the chosen model costs in speed, size, clarity and upkeep, against the simplest that was trained."""
    row = chosen_row(result)
    other = _simplest(result)
    package = result.get("package") if isinstance(result.get("package"), Mapping) else {}
    size = estimate((package or {}).get("size_mb"))[0] or estimate(row.get("size_mb"))[0]
    own_ms = estimate(row.get("row_ms", row.get("predict_ms_per_row")))[0]  # as the other's: of one model of a fold
    if other is None:
        out = ["Nothing simpler was given up: it is the simplest model that was trained."]
    else:
        name, out = other.get("name"), []
        metric = str(result.get("metric") or "")
        theirs = (other.get("metrics") or {}).get(metric)
        if estimate(theirs)[0] is not None:
            out.append(
                f"The yardstick is the simple model {name}, {option(other)}: its score is "
                f"{shown(metric, estimate(theirs)[0])}, the chosen model's "
                f"{shown(metric, estimate((row.get('metrics') or {}).get(metric))[0])}."
            )
        their_ms = estimate(other.get("row_ms", other.get("predict_ms_per_row")))[0]
        if own_ms is not None and their_ms:
            ratio = own_ms / their_ms
            how = f", {number(ratio)} times as long" if ratio > TIMES else ", which is no slower" if ratio <= 1 else ""
            out.append(
                f"Speed: one answer takes {duration(own_ms / 1000)} instead of {duration(their_ms / 1000)}{how}."
            )
        their_fit, own_fit = estimate(other.get("fit_s"))[0], estimate(row.get("fit_s"))[0]
        if own_fit and their_fit and own_fit > TIMES * their_fit:
            out.append(f"Training: {duration(own_fit)} instead of {duration(their_fit)}.")
        clear, other_clear = row.get("explainability"), other.get("explainability")
        if clear in CLARITY and ORDER.get(str(clear), 3) > ORDER.get(str(other_clear), 3):
            than = f", while with {name} {CLARITY[other_clear]}" if other_clear in CLARITY else ""
            out.append(f"Clarity: {CLARITY[str(clear)]}{than}.")
    if size is not None:
        out.append(
            f"Size: it takes {size:.1f} MB on disk." if size >= 0.1 else "Size: it takes less than 0.1 MB on disk."
        )
    upkeep = str(row.get("upkeep") or "")
    if upkeep and not upkeep.startswith("None"):
        out.append("Upkeep: it needs further software to run, which must be kept up to date.")
    return out


def _simplest(result: Result) -> Mapping[str, Any] | None:
    """The leaderboard row of the simplest trained model that is not the chosen one and not a fixed answer."""
    rows = [
        row
        for row in result.get("leaderboard") or []
        if (row.get("role") == "baseline" or row.get("baseline"))
        and row.get("family") != "baseline"
        and row.get("name") != chosen(result)
    ]
    if not rows:
        return None
    least = min(rows, key=lambda row: ORDER.get(str(row.get("explainability")), 3))
    own = chosen_row(result)
    simple = own.get("role") == "baseline" or own.get("baseline")
    clearer = ORDER.get(str(own.get("explainability")), 3) <= ORDER.get(str(least.get("explainability")), 3)
    return None if simple and clearer else least
