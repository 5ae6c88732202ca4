"""Figures of an evaluation: pure functions from the evaluation document to a Plotly document, or None without data.

Plotly itself is never imported; any viewer of Plotly JSON (the report, a page, a notebook) draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    label,
    name_axis,
)
from trainwright.evaluate.text import count, estimate, number, part_label, percent, plural, score

Document = Mapping[str, Any]
WORST_CLASSES = 30  # more bars than this cannot be read; the table beside the figure has them all


def confusion(document: Document) -> Figure | None:
    """Confusion matrix: colour is the share of the actual class, so rare classes are as visible as common ones.

    `customdata` of a cell is [actual, predicted, count, share]; a viewer opens `document["confusion"]["examples"]`
    under the key "i,j" of the cell that was clicked.
    """
    matrix = (document.get("confusion") or {}).get("matrix")
    if not matrix:
        return None
    names = [str(name) for name in document["confusion"]["classes"]]
    totals = [sum(row) for row in matrix]
    shares = [[cell / total if total else 0.0 for cell in row] for row, total in zip(matrix, totals)]
    right = sum(row[i] for i, row in enumerate(matrix))
    cells = [
        [
            [label(names[i], 60), label(names[j], 60), cell, percent(shares[i][j])]
            for j, cell in enumerate(row)
        ]
        for i, row in enumerate(matrix)
    ]
    k = len(names)
    trace = {
        "type": "heatmap",
        "z": shares,
        "customdata": cells,
        "zmin": 0,
        "zmax": 1,
        "autocolorscale": True,
        "showscale": False,
        "xgap": 1 if k <= 40 else 0,
        "ygap": 1 if k <= 40 else 0,
        "hovertemplate": "actual %{customdata[0]}<br>predicted %{customdata[1]}<br>"
        "%{customdata[2]} rows, %{customdata[3]} of the actual class<extra></extra>",
    }
    if k <= 12:
        trace |= {"text": [[count(cell) for cell in row] for row in matrix], "texttemplate": "%{text}"}
    ticks = {"tickfont": {"size": 13 if k <= 20 else 9}}
    layout = {
        "xaxis": name_axis(names, title={"text": "predicted"}, tickangle=-60 if k > 6 else 0, **ticks),
        "yaxis": name_axis(names, title={"text": "actual"}, autorange="reversed", **ticks),
    }
    alt = (
        f"{count(right)} of {plural(sum(totals), 'row')} lie on the diagonal, where the prediction is right."
        + "".join(f" {sentence}" for sentence in _worst_confusions(names, matrix))
    )
    return envelope(
        "Confusion matrix",
        part_label(document),
        alt,
        [trace],
        layout,
        height=max(340, min(900, 150 + 34 * k)),
    )


def roc(document: Document) -> Figure | None:
    """ROC curve: the share found against the share of false alarms, over all thresholds."""
    curves = _curves(document, "roc", "fpr", "tpr")
    if not curves:
        return None
    traces = [_line(c["fpr"], c["tpr"], name, colour) for (name, c), colour in zip(curves, PALETTE)]
    traces.append(_line([0, 1], [0, 1], "guessing", GREY, dash="dot"))
    value = (document.get("metrics") or {}).get("roc_auc")
    found = _at(curves[0][1]["fpr"], curves[0][1]["tpr"], 0.1)
    alt = f"The area under the curve is {score('roc_auc', value)}. " if value is not None else ""
    alt += (
        f"Accepting false alarms on 10 % of the other rows, {percent(found)} of the positive rows are found."
    )
    axes = _shares("false alarms among the other class", "positive rows found")
    return envelope("ROC curve", part_label(document), alt, traces, axes)


def precision_recall(document: Document) -> Figure | None:
    """Precision against recall, over all thresholds, with the precision of guessing."""
    curves = _curves(document, "precision_recall", "recall", "precision")
    if not curves:
        return None
    traces = [_line(c["recall"], c["precision"], name, colour) for (name, c), colour in zip(curves, PALETTE)]
    share = _positive_share(document)
    alt = ""
    if share is not None and len(curves) == 1:
        traces.append(_line([0, 1], [share, share], "guessing", GREY, dash="dot"))
        alt = f"Guessing would reach a precision of {percent(share)} at any recall. "
    kept = _at(curves[0][1]["recall"], curves[0][1]["precision"], 0.8)
    alt += f"When 80 % of the positive rows are to be found, {percent(kept)} of the flagged rows are right."
    axes = _shares("recall: positive rows found", "precision: flagged rows that are right")
    return envelope("Precision and recall", part_label(document), alt, traces, axes)


def reliability(document: Document) -> Figure | None:
    """Reliability diagram: of the rows given a probability, the share that turned out so."""
    bins = [b for b in _curve(document, "reliability") or [] if b.get("n")]
    if not bins:
        return None
    most = max(b["n"] for b in bins)
    off = sum(abs(b["share"] - b["mean_probability"]) * b["n"] for b in bins) / sum(b["n"] for b in bins)
    trace = _line([b["mean_probability"] for b in bins], [b["share"] for b in bins], "this model", BLUE)
    trace |= {
        "mode": "lines+markers",
        "marker": {"size": [6 + 12 * (b["n"] / most) ** 0.5 for b in bins]},
        "customdata": [count(b["n"]) for b in bins],
        "hovertemplate": "probability %{x:.1%}<br>turned out so %{y:.1%}<br>%{customdata} rows<extra></extra>",
    }
    traces = [trace, _line([0, 1], [0, 1], "perfect", GREY, dash="dot")]
    alt = f"On average the probabilities are {number(off * 100)} percentage points away from what happened."
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
            traces.append(
                _line(x, y, {"f1": "F1", "flagged": "share flagged"}.get(name, name), colour, dash=dash)
            )
    best = max(sweep, key=lambda point: point.get("f1") or 0)
    alt = f"F1 is highest, {number(best.get('f1'))}, at threshold {number(best['threshold'])}."
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
    middle, width = _bins(edges)
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
    share = sum(wrong[i] for i in sure) / n_sure if n_sure else 0.0
    alt = f"{percent(n_sure / max(1, sum(right) + sum(wrong)))} of the rows are predicted with at least 90 % confidence"
    alt += f"; of those {percent(share)} are wrong." if n_sure else "."
    layout = {
        "barmode": "stack",
        "xaxis": {"title": {"text": "confidence: probability of the predicted class"}, "tickformat": ".0%"},
        "yaxis": {"title": {"text": "rows"}},
    }
    return envelope("Confidence, right against wrong", part_label(document), alt, traces, layout)


def per_class(document: Document) -> Figure | None:
    """F1 of each class, weakest first, with intervals."""
    rows = [row for row in document.get("per_class") or [] if estimate(row.get("f1"))[0] is not None]
    if len(rows) < 2:
        return None
    rows = sorted(rows, key=lambda row: estimate(row["f1"])[0] or 0.0)
    shown = rows[:WORST_CLASSES]
    figures = [estimate(row["f1"]) for row in shown]
    trace = {
        "type": "bar",
        "orientation": "h",
        "name": "F1",
        "x": [value for value, _, _ in figures],
        "y": list(range(len(shown))),
        "marker": {"color": BLUE},
        "customdata": [[label(row["class"], 80), plural(row.get("support") or 0, "row")] for row in shown],
        "hovertemplate": "%{customdata[0]}<br>F1 %{x:.3f}<br>%{customdata[1]}<extra></extra>",
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [(high or value or 0) - (value or 0) for value, _, high in figures],
            "arrayminus": [
                (value or 0) - (low if low is not None else value or 0) for value, low, _ in figures
            ],
            "thickness": 1.4,
            "width": 3,
            "color": GREY,
        },
    }
    few = len(rows) > len(shown)
    alt = f"Weakest: {rows[0]['class']} with F1 {number(figures[0][0])}; strongest: {rows[-1]['class']} with "
    alt += f"{number(estimate(rows[-1]['f1'])[0])}." + (
        f" The {len(shown)} weakest of {len(rows)} classes." if few else ""
    )
    layout = {
        "yaxis": name_axis([row["class"] for row in shown], autorange="reversed"),
        "xaxis": {"title": {"text": "F1"}, "range": [0, 1.02]},
    }
    title = "F1 of the weakest classes" if few else "F1 of each class"
    return envelope(title, part_label(document), alt, [trace], layout, height=140 + 22 * len(shown))


def residuals(document: Document) -> Figure | None:
    """Error against prediction, one dot per row."""
    data = document.get("residuals") or {}
    predicted, actual = data.get("predicted"), data.get("actual")
    if not predicted or not actual:
        return None
    errors = [p - a for p, a in zip(predicted, actual)]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": list(predicted),
        "y": errors,
        "customdata": list(actual),
        "marker": {"color": BLUE, "size": 5, "opacity": 0.45},
        "hovertemplate": "predicted %{x:,.4g}<br>actual %{customdata:,.4g}<br>error %{y:,.4g}<extra></extra>",
    }
    over = sum(error > 0 for error in errors) / len(errors)
    alt = f"Each dot is a row. {percent(over)} of the predictions are too high, {percent(1 - over)} too low or exact."
    layout = {
        "xaxis": {"title": {"text": "predicted"}},
        "yaxis": {"title": {"text": "error: predicted − actual"}, "zeroline": True, "zerolinewidth": 2},
    }
    sample = part_label(document)
    if document.get("n_rows") and document["n_rows"] > len(predicted):
        sample = f"{count(len(predicted))} of the {sample}"
    return envelope("Errors over the range of predictions", sample, alt, [trace], layout, height=380)


def residual_histogram(document: Document) -> Figure | None:
    """How large the errors are."""
    data = document.get("residuals") or {}
    edges, counts = data.get("edges"), data.get("counts")
    if not edges or not counts:
        return None
    middle, width = _bins(edges)
    trace = {
        "type": "bar",
        "x": middle,
        "y": list(counts),
        "width": width,
        "marker": {"color": BLUE},
        "hovertemplate": "error around %{x:,.4g}<br>%{y:,} rows<extra></extra>",
    }
    peak = max(range(len(counts)), key=counts.__getitem__)
    alt = f"Most errors lie around {number(middle[peak])}, between {number(edges[peak])} and {number(edges[peak + 1])}."
    layout = {
        "xaxis": {"title": {"text": "error: predicted − actual"}},
        "yaxis": {"title": {"text": "rows"}},
        "bargap": 0.04,
    }
    return envelope("How large the errors are", part_label(document), alt, [trace], layout)


FIGURES: dict[str, Callable[[Document], Figure | None]] = {
    "confusion": confusion,
    "roc": roc,
    "precision_recall": precision_recall,
    "reliability": reliability,
    "thresholds": thresholds,
    "confidence": confidence,
    "per_class": per_class,
    "residuals": residuals,
    "residual_histogram": residual_histogram,
}


def evaluation_figures(document: Document, threshold: float | None = None) -> dict[str, Figure]:
    """Every figure that an evaluation document has data for, by name."""
    made = {name: make(document) for name, make in FIGURES.items() if name != "thresholds"}
    made["thresholds"] = thresholds(document, threshold)
    return {name: figure for name, figure in made.items() if figure is not None}


def _curve(document: Document, name: str) -> Any:
    return (document.get("curves") or {}).get(name)


def _curves(document: Document, name: str, x: str, y: str) -> list[tuple[str, Mapping[str, Any]]]:
    """One curve for two classes, or a list of them with a "class" each; the first six."""
    curve = _curve(document, name)
    if isinstance(curve, Mapping):
        return [("this model", curve)] if curve.get(x) and curve.get(y) else []
    return [(label(c.get("class", i)), c) for i, c in enumerate(curve or []) if c.get(x) and c.get(y)][
        : len(PALETTE)
    ]


def _line(
    x: Sequence[Any], y: Sequence[Any], name: str, colour: str, *, dash: str = "solid"
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 2.2 if dash == "solid" else 1.8, "dash": dash},
    }


def _shares(x: str, y: str) -> dict[str, Any]:
    """Both axes from 0 to 1, in percent."""
    axis = {"range": [-0.01, 1.02], "tickformat": ".0%", "zeroline": False}
    return {"xaxis": {**axis, "title": {"text": x}}, "yaxis": {**axis, "title": {"text": y}}}


def _at(x: Sequence[float], y: Sequence[float], where: float) -> float:
    """The y of the point whose x is nearest to `where`."""
    return y[min(range(len(x)), key=lambda i: abs(x[i] - where))]


def _bins(edges: Sequence[float]) -> tuple[list[float], list[float]]:
    """Middles and widths of histogram bins."""
    pairs = list(zip(edges[:-1], edges[1:]))
    return [(low + high) / 2 for low, high in pairs], [high - low for low, high in pairs]


def _positive_share(document: Document) -> float | None:
    positive = (document.get("target") or {}).get("positive")
    rows = document.get("per_class") or []
    total = sum(row.get("support") or 0 for row in rows)
    return next((row["support"] / total for row in rows if total and row["class"] == positive), None)


def _worst_confusions(names: list[str], matrix: Sequence[Sequence[int]]) -> list[str]:
    """The most frequent mistake as a sentence."""
    pairs = [(cell, i, j) for i, row in enumerate(matrix) for j, cell in enumerate(row) if i != j and cell]
    if not pairs:
        return []
    cell, i, j = max(pairs)
    return [f"The most frequent mistake: {names[i]} taken for {names[j]}, {plural(cell, 'time')}."]
