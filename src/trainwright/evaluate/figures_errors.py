"""Where a model errs: confusion matrix, classes, residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import (
    BLUE,
    GREY,
    Figure,
    envelope,
    histogram_bins,
    label,
    name_axis,
)
from trainwright.evaluate.text import count, estimate, number, part_label, percent, plural

Document = Mapping[str, Any]
WORST_CLASSES = 30  # more bars than this cannot be read; the table beside the figure has them all


def confusion(document: Document) -> Figure | None:
    """Confusion matrix: colour is the share of the actual class, so rare classes are as visible as common
    ones.

    `customdata` of a cell is [actual, predicted, count, share]; a viewer opens
    `document["confusion"]["examples"]` under the key "i,j" of the cell that was clicked.
    """
    matrix = (document.get("confusion") or {}).get("matrix")
    if not matrix:
        return None
    names = [str(name) for name in document["confusion"]["classes"]]
    totals = [sum(row) for row in matrix]
    shares = [[cell / total if total else 0.0 for cell in row] for row, total in zip(matrix, totals)]
    right = sum(row[i] for i, row in enumerate(matrix))
    cells = [
        [[label(names[i], 60), label(names[j], 60), cell, percent(shares[i][j])] for j, cell in enumerate(row)]
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
        "xaxis": name_axis(
            names, title={"text": "predicted"}, tickangle=-90 if k > 20 else -45 if k > 6 else 0, **ticks
        ),
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
            "arrayminus": [(value or 0) - (low if low is not None else value or 0) for value, low, _ in figures],
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
    errors = [a - p for p, a in zip(predicted, actual)]
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": list(predicted),
        "y": errors,
        "customdata": list(actual),
        "marker": {"color": BLUE, "size": 5, "opacity": 0.45},
        "hovertemplate": "predicted %{x:,.4g}<br>actual %{customdata:,.4g}<br>error %{y:,.4g}<extra></extra>",
    }
    over = sum(error < 0 for error in errors) / len(errors)
    alt = f"Each dot is a row. {percent(over)} of the predictions are too high, "
    alt += f"{percent(1 - over)} too low or exact."
    layout = {
        "xaxis": {"title": {"text": "predicted"}},
        "yaxis": {"title": {"text": "error: actual − predicted"}, "zeroline": True, "zerolinewidth": 2},
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
    middle, width = histogram_bins(edges)
    trace = {
        "type": "bar",
        "x": middle,
        "y": list(counts),
        "width": width,
        "marker": {"color": BLUE},
        "hovertemplate": "error around %{x:,.4g}<br>%{y:,} rows<extra></extra>",
    }
    peak = max(range(len(counts)), key=counts.__getitem__)
    alt = f"Most errors lie around {number(middle[peak])}, "
    alt += f"between {number(edges[peak])} and {number(edges[peak + 1])}."
    layout = {
        "xaxis": {"title": {"text": "error: actual − predicted"}},
        "yaxis": {"title": {"text": "rows"}},
        "bargap": 0.04,
    }
    return envelope("How large the errors are", part_label(document), alt, [trace], layout)


def _worst_confusions(names: list[str], matrix: Sequence[Sequence[int]]) -> list[str]:
    """The most frequent mistake as a sentence."""
    pairs = [(cell, i, j) for i, row in enumerate(matrix) for j, cell in enumerate(row) if i != j and cell]
    if not pairs:
        return []
    cell, i, j = max(pairs)
    return [f"The most frequent mistake: {names[i]} taken for {names[j]}, {plural(cell, 'time')}."]
