"""Figures of how a training came about: loss by round with the kept round marked, and the figure against the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.figure_style import BLUE, GREY, ORANGE, Figure, envelope, line
from trainwright.evaluate.formats import count, number, score
from trainwright.evaluate.glossary import explain

Result = Mapping[str, Any]


def loss_curve(result: Result) -> Figure | None:
    """Loss by round of the heaviest member, in a fold that shows its verdict; rounds that were not kept are shaded."""
    curves = [curve for curve in result.get("curves") or [] if isinstance(curve, Mapping)]
    if not curves:
        return None
    said = result.get("convergence") or {}
    curve = next(
        (c for c in curves if c.get("name") == said.get("name") and c.get("fold") == said.get("fold")), curves[0]
    )
    verdict = curve.get("verdict") or {}
    traces = [line(curve["steps"], curve["training"], "rows it learned from", ORANGE)]
    if curve.get("validation"):
        traces.append(line(curve["steps"], curve["validation"], "rows it had not seen", BLUE))
    layout: dict[str, Any] = {
        "xaxis": {"title": {"text": f"{curve.get('unit') or 'step'}s"}},
        "yaxis": {"title": {"text": f"{curve['loss']} (less is better)"}},
        "shapes": [],
    }
    kept, best = curve.get("kept"), verdict.get("best_step")
    tail = curve.get("tail") or {}
    last = max([*curve["steps"], *(tail.get("steps") or [])])
    if tail.get("steps"):
        rest = line(
            [curve["steps"][-1], *tail["steps"]], [curve["validation"][-1], *tail["validation"]], "not kept", BLUE
        )
        rest["line"] |= {"dash": "dot", "width": 1.4}
        traces.append(rest)
    mark = best if verdict.get("code") == "overfitting" else kept
    if mark is not None and mark < last:
        layout["shapes"] = [
            {"type": "line", "x0": mark, "x1": mark, "y0": 0, "y1": 1, "yref": "paper",
             "line": {"color": GREY, "dash": "dash", "width": 1.4}},
            {"type": "rect", "x0": mark, "x1": last, "y0": 0, "y1": 1, "yref": "paper", "fillcolor": ORANGE,
             "opacity": 0.08, "line": {"width": 0}},
        ]  # fmt: skip
    held = curve.get("rows") or "held-out rows"
    shows = f"candidate {curve['name']}, fold {int(curve.get('fold') or 0) + 1}; not seen: {held}"
    alt = f"{str(verdict.get('title') or '').capitalize()}: {verdict.get('text') or ''}."
    if mark is not None and mark < last:
        alt += f" The dashed line is {curve.get('unit') or 'step'} {count(mark)}; what came later (shaded) was not "
        alt += "kept or only memorised."
    return envelope("Loss by round", shows, alt, traces, layout)


def growth(result: Result) -> Figure | None:
    """The figure against the number of training rows, with the law through it, its band, and twice the rows."""
    found = result.get("size_curve") or {}
    points, ahead = found.get("points") or [], found.get("ahead") or {}
    if len(points) < 2 or not ahead.get("rows"):
        return None
    metric = str(found.get("metric") or result.get("metric") or "")
    rows = ahead["rows"]
    band = {
        **line([*rows, *reversed(rows)], [*ahead["high"], *reversed(ahead["low"])], "95 % band", GREY),
        "fill": "toself",
        "fillcolor": "rgba(88,169,217,0.18)",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    law = line(rows, ahead["value"], "power law", BLUE)
    law["line"]["dash"] = "dash"
    measured = {
        "type": "scatter",
        "mode": "markers",
        "name": "measured",
        "x": [point["rows"] for point in points],
        "y": [point["value"] for point in points],
        "marker": {"color": BLUE, "size": 9},
        "hovertemplate": "%{x:,.0f} rows<br>%{y:.4g}<extra></extra>",
    }
    full = points[-1]["rows"]
    title = explain(metric).title
    better = "more is better" if explain(metric).greater_is_better else "less is better"
    layout = {
        "xaxis": {"type": "log", "title": {"text": "training rows of a fold"}},
        "yaxis": {"title": {"text": f"{title} ({better})"}, "range": _reach(points, ahead, full)},
        "shapes": [
            {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "yref": "paper",
             "line": {"color": GREY, "dash": "dot", "width": 1.2}}
            for at in (full, 2 * full)
        ],
    }  # fmt: skip
    first, last = points[0], points[-1]
    spread = abs(float(last["value"]) - float(first["value"])) or None
    alt = (
        f"{title} goes from {score(metric, first['value'], spread)} with {count(first['rows'])} rows to "
        f"{score(metric, last['value'], spread)} with {count(last['rows'])}. The dotted lines are today's rows and "
        f"twice as many. The law: a + b n^-c with c = {number((found.get('law') or {}).get('c'))}."
    )
    shows = f"candidate {found.get('candidate')}, mean over {found.get('folds')} folds"
    return envelope("With fewer and with more rows", shows, alt, [band, law, measured], layout)


def _reach(points: Sequence[Mapping[str, Any]], ahead: Mapping[str, Any], full: float) -> list[float]:
    """The axis over what was measured and what twice the rows would give, not over the band's far ends."""
    shown = [float(point["value"]) for point in points]
    shown += [v for rows, v in zip(ahead["rows"], ahead["value"]) if v is not None and rows <= 2.1 * full]
    low, high = min(shown), max(shown)
    pad = 0.6 * (high - low) or 0.05 * abs(high) or 1.0
    return [low - pad, high + pad]
