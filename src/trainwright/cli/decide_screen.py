"""What `decide` shows: the answer first and last, between them why, what it buys, and what thresholds nearby buy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.cli import output

FIGURES = {
    "review": ("share that goes to a person", 1.0),
    "flagged": ("share flagged", 1.0),
    "precision": ("precision: flagged cases that are right", 1.0),
    "recall": ("recall: positive cases found or reviewed", 1.0),
    "right": ("decided rightly", 1.0),
    "missed_per_1000": ("missed in 1,000 cases", None),
    "false_per_1000": ("false alarms in 1,000 cases", None),
    "wrong_per_1000": ("decided wrongly in 1,000 cases", None),
    "cost_per_1000": ("cost of 1,000 cases", None),
    "error_kept": ("mean error of the others", None),
    "error_review": ("mean error of those that go to a person", None),
    "error_all": ("mean error of all", None),
}
# Why a version's own threshold has other figures here than in a report or a comparison of runs.
JUDGED = (
    "the version's own threshold is counted here on the rows it was chosen on; the report and `runs compare` decide "
    "each row by a threshold that the other rows chose, so their recall differs a little"
)
# Lines of the sweep, and of the segments, that are shown without --full.
NEARBY, SEGMENTS = 4, 10


def say_decision(document: dict[str, Any], *, full: bool = False) -> None:
    """Shows a decision.

    Args:
        document: of the decision, with "version" and "label".
        full: every threshold of the sweep and every segment, not only some.
    """
    from trainwright.evaluate.deciding.answer import answer

    output.say(f"{document['version']} {document['label']}: {document['text']}")
    if document.get("kind") == "width":
        output.say(f"note: {document['note']}")
        _say_widths(document, full)
    else:
        for reason in document["reasons"]:
            output.say(f"because: {reason}")
        _say_thresholds(document)
        _say_figures(document)
        _say_segments(document, full)
        _say_sweep(document, full)
    output.say("")
    output.say(f"{document['label']}: {answer(document)}")
    _say_next(document)


def _say_thresholds(document: dict[str, Any]) -> None:
    from trainwright.evaluate.formats import estimate

    band = document["policy"].get("band")
    for name, words in (("low", "accept below"), ("high", "reject from" if band else "threshold")):
        value, low, high = estimate((document.get("thresholds") or {}).get(name))
        if value is not None and (name == "high" or band):
            spread = "" if low is None else f" (chosen again on resamples: {low:.3g} to {high:.3g})"
            output.say(f"{words} {value:.4g}{spread}")


def _say_figures(document: dict[str, Any]) -> None:
    from trainwright.evaluate.deciding.decide import OWN

    ways = {"this decision": document["figures"], **(document.get("against") or {})}
    output.say("")
    output.table(["on held-out rows, with 95 % intervals", *ways], figure_rows(ways))
    if OWN in ways:
        output.say(JUDGED)


def figure_rows(ways: Mapping[str, Mapping[str, Any] | None]) -> list[list[str | None]]:
    """A line for each figure that any of several ways to decide has.

    Args:
        ways: name -> figures, each a number or {"value", "low", "high"}.
    """
    from trainwright.evaluate.formats import estimate, number, percent

    rows = []
    for name, (title, share) in FIGURES.items():
        cells = [(figures or {}).get(name) for figures in ways.values()]
        values = [estimate(cell)[0] for cell in cells]
        if any(value is not None for value in values) and (name != "review" or any(values)):
            write = percent if share else number
            rows.append([title, *(_cell(cell, write) for cell in cells)])
    return rows


def _cell(figure: Any, write: Any) -> str | None:
    from trainwright.evaluate.formats import estimate

    value, low, high = estimate(figure)
    if value is None:
        return None
    width = None if low is None or high is None else high - low
    text: str = write(value, width or None)
    return text if not width else f"{text} ({write(low, width or None)} to {write(high, width or None)})"


def _say_segments(document: dict[str, Any], full: bool) -> None:
    rows = document.get("segments") or []
    if not rows:
        return
    output.say("")
    shown = [
        [
            row["value"],
            f"{row['n_rows']:,}",
            f"{row['positives']:,}",
            f"{row['threshold']:.3g}",
            None if row.get("alone") is None else f"{row['alone']:.3g}",
            *(None if row.get(key) is None else f"{row[key]:.0%}" for key in ("flagged", "precision", "recall")),
        ]
        for row in (rows if full else rows[:SEGMENTS])
    ]
    heads = [str(document["policy"].get("by")), "rows", "positive", "threshold", "by its rows alone"]
    output.table([*heads, "flagged", "precision", "recall"], shown, right=(1, 2, 3, 4, 5, 6, 7))
    if len(rows) > len(shown):
        output.say(f"  and {len(rows) - len(shown)} more with --full and in the report")


def _say_sweep(document: dict[str, Any], full: bool) -> None:
    sweep = document.get("sweep") or []
    if not sweep:
        return
    policy = document["policy"]
    chosen = [policy[name] for name in ("low", "high") if isinstance(policy.get(name), int | float)]
    points = sweep if full else nearby(sweep, "threshold", chosen)
    costs = any(point.get("cost_per_1000") is not None for point in points)
    heads = ["threshold", "flagged", "precision", "recall", "F1", *(["cost of 1,000 cases"] if costs else [])]
    rows = []
    for point in points:
        shares = [None if point.get(key) is None else f"{point[key]:.1%}" for key in ("flagged", "precision", "recall")]
        rows.append([f"{point['threshold']:.2f}", *shares, f"{point['f1']:.3f}"])
        if costs:
            paid = point.get("cost_per_1000")
            rows[-1].append(None if paid is None else f"{paid:,.1f}")
    output.say("")
    output.say("other thresholds, each on all held-out rows; this decision above only on rows it was not chosen on")
    output.table(heads, rows, right=tuple(range(len(heads))))
    _say_rest(document, len(sweep) - len(points), "thresholds")


def _say_widths(document: dict[str, Any], full: bool) -> None:
    """A decision on a number: from which width a person looks."""
    from trainwright.evaluate.formats import estimate, number, percent

    limit = percent if document["policy"]["width"].endswith("%") else number
    sweep = document["figures"]["sweep"]
    share = estimate(document["figures"].get("review"))[0]
    points = sweep if full or share is None else nearby(sweep, "share", [share])
    rows = [[percent(at["share"]), limit(at["limit"]), number(at.get("error_kept"))] for at in points]
    output.say("")
    output.table(["goes to a person", "low and high further apart than", "mean error of the others"], rows, (0, 1, 2))
    _say_rest(document, len(sweep) - len(points), "widths")


def _say_rest(document: dict[str, Any], more: int, what: str) -> None:
    if more > 0:
        output.say(f"  {more} more {what}: trainwright decide {document['version']} --show {document['label']} --full")


def nearby(points: Sequence[dict[str, Any]], key: str, chosen: Sequence[float]) -> list[dict[str, Any]]:
    """The few points of a sweep that lie nearest to what was chosen, in their order.

    Args:
        points: of the sweep.
        key: what they are ordered by.
        chosen: one value, or the two ends of a band.

    Example:
        >>> [at["x"] for at in nearby([{"x": i / 10} for i in range(1, 10)], "x", [0.42])]
        [0.3, 0.4, 0.5, 0.6]
    """
    by_distance = sorted(range(len(points)), key=lambda i: min((abs(points[i][key] - c) for c in chosen), default=i))
    return [points[i] for i in sorted(by_distance[:NEARBY])]


def _say_next(document: dict[str, Any]) -> None:
    """How the decision takes effect, and how it is tried."""
    name, label = document["version"], document["label"]
    if document.get("used"):
        output.say(f"{name} now answers by {label}")
    else:
        output.say(f"  trainwright decide {name} --use {label}")
    output.say(f"  trainwright predict {name} NEW.csv --decision {label}")
    if document.get("report"):
        output.say(f"  trainwright report {name} --open")


def say_list(name: str, found: Sequence[dict[str, Any]], *, full: bool = False) -> None:
    """The decisions of a version, a line each; the paragraph of one is `--show`.

    Args:
        name: of the version, as the user wrote it.
        found: of `list_decisions`.
        full: the paragraphs as well.
    """
    if not found:
        output.say(f"{name} has no decisions; it answers by its own threshold")
        output.say(f"  trainwright decide {name} --cost fp=1 fn=20")
        return
    output.table(
        ["decision", "", "made for", "date", "who", "what it does"],
        [[d["label"], "in force" if d["used"] else "", d["flags"], d["date"], d["who"], d["answer"]] for d in found],
    )
    shown = next((d for d in found if d["used"]), found[-1])
    output.say("")
    for one in found if full else ():
        output.say(f"{one['label']}: {one['text']}")
    if not any(d["used"] for d in found):
        output.say(f"none is in force: {name} answers by its own threshold")
    output.say(f"  trainwright decide {shown['version']} --show {shown['label']}")
