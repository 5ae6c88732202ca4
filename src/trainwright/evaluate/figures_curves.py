"""Curves of an evaluation: ROC, precision-recall, reliability, thresholds, confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PALETTE,
    RED,
    Figure,
    envelope,
    histogram_bins,
    label,
    line,
)
from trainwright.evaluate.intervals import wilson
from trainwright.evaluate.text import count, number, part_label, percent, plural, score

Document = Mapping[str, Any]


def roc(document: Document) -> Figure | None:
    """ROC curve: the share found against the share of false alarms, over all thresholds."""
    curves = _curves(document, "roc", "fpr", "tpr")
    if not curves:
        return None
    traces = [line(c["fpr"], c["tpr"], name, colour) for (name, c), colour in zip(curves, PALETTE)]
    traces.append(line([0, 1], [0, 1], "guessing", GREY, dash="dot"))
    value = (document.get("metrics") or {}).get("roc_auc")
    found = _at(curves[0][1]["fpr"], curves[0][1]["tpr"], 0.1)
    alt = _versus(curves)
    if not alt and value is not None:
        alt = f"The area under the curve is {score('roc_auc', value)}. "
    whose = f"the rows of {curves[0][1]['class']}" if "class" in curves[0][1] else "the positive rows"
    alt += f"Accepting false alarms on 10 % of the other rows, {percent(found)} of {whose} are found."
    axes = _shares("false alarms among the other class", "positive rows found")
    return envelope("ROC curve", part_label(document), alt, traces, axes)


def precision_recall(document: Document) -> Figure | None:
    """Precision against recall, over all thresholds, with the precision of guessing."""
    curves = _curves(document, "precision_recall", "recall", "precision")
    if not curves:
        return None
    traces = [line(c["recall"], c["precision"], name, colour) for (name, c), colour in zip(curves, PALETTE)]
    share = _positive_share(document)
    alt = _versus(curves)
    if share is not None and not alt:
        traces.append(line([0, 1], [share, share], "guessing", GREY, dash="dot"))
        alt = f"Guessing would reach a precision of {percent(share)} at any recall. "
    kept = _at(curves[0][1]["recall"], curves[0][1]["precision"], 0.8)
    whose = f"the rows of {curves[0][1]['class']}" if "class" in curves[0][1] else "the positive rows"
    alt += f"When 80 % of {whose} are to be found, {percent(kept)} of the flagged rows are right."
    axes = _shares("recall: positive rows found", "precision: flagged rows that are right")
    return envelope("Precision and recall", part_label(document), alt, traces, axes)


def reliability(document: Document) -> Figure | None:
    """Reliability diagram: of the rows given a probability, the share that turned out so."""
    bins = [b for b in _curve(document, "reliability") or [] if b.get("n")]
    if not bins:
        return None
    most = max(b["n"] for b in bins)
    off = sum(abs(b["share"] - b["mean_probability"]) * b["n"] for b in bins) / sum(b["n"] for b in bins)
    spans = [wilson(b["share"] * b["n"], b["n"]) for b in bins]
    trace = line([b["mean_probability"] for b in bins], [b["share"] for b in bins], "this model", BLUE)
    trace |= {
        "mode": "lines+markers",
        "marker": {"size": [6 + 12 * (b["n"] / most) ** 0.5 for b in bins]},
        "customdata": [count(b["n"]) for b in bins],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, span.high - b["share"]) for span, b in zip(spans, bins)],
            "arrayminus": [max(0.0, b["share"] - span.low) for span, b in zip(spans, bins)],
            "thickness": 1.2,
            "width": 3,
            "color": GREY,
        },
        "hovertemplate": "probability %{x:.1%}<br>turned out so %{y:.1%}<br>%{customdata} rows<extra></extra>",
    }
    traces = [trace, line([0, 1], [0, 1], "perfect", GREY, dash="dot")]
    far = max(bins, key=lambda b: abs(b["share"] - b["mean_probability"]))
    alt = f"On average the probabilities are {number(off * 100)} percentage points away from what happened; furthest "
    alt += f"where {percent(far['mean_probability'])} were given and {percent(far['share'])} turned out so. "
    alt += f"Each of the {len(bins)} points stands for about as many rows; the lines are what chance leaves open."
    axes = _shares("probability given", "share that turned out so")
    return envelope("Can the probabilities be believed?", part_label(document), alt, traces, axes)


def thresholds(document: Document, threshold: float | None = None) -> Figure | None:
    """Precision, recall, F1 and the share flagged, for each threshold; the one in use as a vertical line."""
    sweep = _curve(document, "thresholds")
    if not sweep:
        return None
    x = [point["threshold"] for point in sweep]
    dashes = {"precision": "solid", "recall": "dash", "f1": "dashdot", "flagged": "dot"}
    total = document.get("n_rows") or 0
    many = any((point.get("flagged") or 0) > 1 for point in sweep)  # a count of rows rather than a share
    traces = []
    for (name, dash), colour in zip(dashes.items(), (BLUE, ORANGE, GREEN, GREY)):
        y = [point.get(name) for point in sweep]
        if name == "flagged" and many:
            y = [value / total if value is not None and total else None for value in y]
        if any(value is not None for value in y):
            traces.append(line(x, y, {"f1": "F1", "flagged": "share flagged"}.get(name, name), colour, dash=dash))
    best = max(sweep, key=lambda point: point.get("f1") or 0)
    alt = f"Of the thresholds drawn, {number(best['threshold'])} has the highest F1, {number(best.get('f1'))}."
    layout = _shares("threshold on the probability", "")
    if threshold is not None:
        alt += f" The model uses {number(threshold)}."
        layout["shapes"] = [
            {
                "type": "line",
                "x0": threshold,
                "x1": threshold,
                "y0": 0,
                "y1": 1,
                "line": {"color": RED, "width": 1.5},
            }
        ]
    return envelope("What a threshold trades", part_label(document), alt, traces, layout)


def confidence(document: Document) -> Figure | None:
    """Histogram of confidence, right against wrong predictions."""
    histogram = _curve(document, "confidence") or {}
    edges, right, wrong = histogram.get("edges"), histogram.get("right"), histogram.get("wrong")
    if not edges or right is None or wrong is None:
        return None
    middle, width = histogram_bins(edges)
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": middle,
            "y": list(values),
            "width": width,
            "marker": {"color": colour},
        }
        for name, values, colour in (("right", right, BLUE), ("wrong", wrong, ORANGE))
    ]
    sure = [i for i, low in enumerate(edges[:-1]) if low >= 0.9 - 1e-9]
    n_sure = sum(right[i] + wrong[i] for i in sure)
    n_wrong = sum(wrong[i] for i in sure)
    part = percent(n_sure / max(1, sum(right) + sum(wrong)))
    alt = f"{part} of the rows are predicted with at least 90 % confidence"
    alt += f"; of those {percent(n_wrong / n_sure)} ({plural(n_wrong, 'row')}) are wrong" if n_sure else ""
    alt += f", which is {percent(n_wrong / sum(wrong))} of all mistakes." if n_sure and sum(wrong) else "."
    layout = {
        "barmode": "stack",
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
        "xaxis": {"title": {"text": "confidence in the predicted class"}, "tickformat": ".0%"},
        "yaxis": {"title": {"text": "rows"}},
    }
    return envelope("Confidence, right against wrong", part_label(document), alt, traces, layout)


def beside(figure: Figure, test: Figure) -> Figure:
    """One figure with the curve of out-of-fold rows and, dashed, the curve of the sealed test."""
    if any(trace["name"] != "this model" for trace in (figure["data"][0], test["data"][0])):
        return figure
    first, second = dict(figure["data"][0]), dict(test["data"][0])
    first["name"], second["name"] = "out of fold", "sealed test"
    second["line"] = {"color": ORANGE, "width": 2, "dash": "dash"}
    meta = dict(figure["layout"]["meta"])
    meta["shows"] += f", and {test['layout']['meta']['shows'].removeprefix('Predictions of ')}"
    title = {**figure["layout"]["title"], "subtitle": {"text": label(meta["shows"], 200)}}
    layout = {**figure["layout"], "meta": meta, "title": title, "showlegend": True}
    return {"data": [first, second, *figure["data"][1:]], "layout": layout}


def _curve(document: Document, name: str) -> Any:
    return (document.get("curves") or {}).get(name)


def _curves(document: Document, name: str, x: str, y: str) -> list[tuple[str, Mapping[str, Any]]]:
    """One curve for two classes, or a list of them with a "class" each; the first six."""
    curve = _curve(document, name)
    if isinstance(curve, Mapping):
        return [("this model", curve)] if curve.get(x) and curve.get(y) else []
    return [(label(c.get("class", i)), c) for i, c in enumerate(curve or []) if c.get(x) and c.get(y)][: len(PALETTE)]


def _versus(curves: Sequence[tuple[str, Any]]) -> str:
    """For more than two classes: which curves these are."""
    return f"{len(curves)} classes, each against the rest. " if "class" in curves[0][1] else ""


def _shares(x: str, y: str) -> dict[str, Any]:
    """Both axes from 0 to 1, in percent."""
    axis = {"range": [-0.01, 1.02], "tickformat": ".0%", "zeroline": False}
    return {"xaxis": {**axis, "title": {"text": x}}, "yaxis": {**axis, "title": {"text": y}}}


def _at(x: Sequence[float], y: Sequence[float], where: float) -> float:
    """The y of the point whose x is nearest to `where`."""
    return y[min(range(len(x)), key=lambda i: abs(x[i] - where))]


def _positive_share(document: Document) -> float | None:
    positive = (document.get("target") or {}).get("positive")
    rows = document.get("per_class") or []
    total = sum(row.get("support") or 0 for row in rows)
    return next((row["support"] / total for row in rows if total and row["class"] == positive), None)
