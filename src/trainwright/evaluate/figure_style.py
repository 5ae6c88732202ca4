"""How every figure looks: a colour-blind-safe palette, a light and a dark template, and the envelope around
the data.

A figure is a plain Plotly document, `{"data": [...], "layout": {...}}`. Its `layout.meta` holds `title`,
`shows` (the data behind it) and `alt` (the figure in words, for those who cannot see it).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

Figure = dict[str, Any]

# Okabe and Ito's colours (Color Universal Design, 2008), adapted to be read on white and on black.
BLUE, ORANGE, GREEN, PURPLE, SKY, RED = "#2b7bba", "#d9822b", "#159a78", "#b0689a", "#58a9d9", "#c8553d"
GREY = "#8b929c"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)


def _template(ink: str, muted: str, grid: str, paper: str, scale: Sequence[str]) -> dict[str, Any]:
    axis = {
        "gridcolor": grid,
        "zerolinecolor": grid,
        "linecolor": grid,
        "tickcolor": grid,
        "tickfont": {"color": muted},
        "title": {"font": {"color": muted, "size": 13}, "standoff": 10},
        "automargin": True,
    }
    return {
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {
                "family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
                "size": 13,
                "color": ink,
            },
            "colorway": list(PALETTE),
            "colorscale": {"sequential": [[i / (len(scale) - 1), colour] for i, colour in enumerate(scale)]},
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": paper, "bordercolor": grid, "font": {"color": ink}, "align": "left"},
            "legend": {"font": {"color": ink}},
        }
    }


LIGHT = _template("#1d2329", "#5a6470", "#e4e7eb", "#ffffff", ["#f4f8fc", "#a9cdea", "#2b7bba", "#0d3f6b"])
DARK = _template("#e8ebee", "#a2abb6", "#343b43", "#1c2126", ["#1d252d", "#1f4a70", "#3f93d6", "#cfe7fa"])


def envelope(
    title: str,
    shows: str,
    alt: str,
    data: list[dict[str, Any]],
    layout: dict[str, Any],
    *,
    height: int = 340,
) -> Figure:
    """A figure with its title, the data it shows and its text alternative.

    Args:
        title: what the figure is.
        shows: the data behind it, such as "out-of-fold predictions of 27,676 development rows".
        alt: the figure in words.
        data: Plotly traces.
        layout: what differs from the common layout.
        height: in pixels.
    """
    shown = shows[:1].upper() + shows[1:]
    common: dict[str, Any] = {
        "title": {"text": label(title, 200), "subtitle": {"text": label(shown, 200)}},
        "template": LIGHT,
        "height": height,
        "margin": {"l": 56, "r": 16, "t": 64, "b": 48},
        "hovermode": "closest",
        "dragmode": False,
        "showlegend": len([trace for trace in data if trace.get("showlegend", True)]) > 1,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "meta": {"title": title, "shows": shown, "alt": alt},
    }
    return {"data": data, "layout": {**common, **layout}}


def label(text: Any, limit: int = 24) -> str:
    """A name as Plotly must be given it: its pseudo-HTML escaped, long names cut in the middle.

    Example:
        >>> label("<b>x</b>")
        '&lt;b&gt;x&lt;/b&gt;'
        >>> label("card_payment_fee_charged_twice", 16)
        'card_pa…ed_twice'
    """
    plain = " ".join(str(text).split()) or "(blank)"
    if len(plain) > limit:
        plain = plain[: (limit - 1) // 2] + "…" + plain[-(limit - (limit - 1) // 2 - 1) :]
    return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def name_axis(names: Sequence[Any], **more: Any) -> dict[str, Any]:
    """An axis of names at positions 0, 1, ...: equal, numeric-looking or hostile names stay what they are."""
    return {
        "tickmode": "array",
        "tickvals": list(range(len(names))),
        "ticktext": [label(name) for name in names],
        "zeroline": False,
        "showgrid": False,
        **more,
    }


def line(x: Sequence[Any], y: Sequence[Any], name: str, colour: str, *, dash: str = "solid") -> dict[str, Any]:
    """A trace that is a line; one that is not solid is thinner."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": {"color": colour, "width": 2.2 if dash == "solid" else 1.8, "dash": dash},
    }


def dots(
    names: Sequence[str],
    figures: Sequence[tuple[float | None, float | None, float | None]],
    texts: Sequence[str],
    *,
    title: str,
    colours: Sequence[str] | str = BLUE,
    y: Sequence[float] | None = None,
) -> dict[str, Any]:
    """A trace of values with their intervals, one per line: the honest form where zero is not a natural
    origin."""
    values = [value for value, _, _ in figures]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": title,
        "x": values,
        "y": list(y) if y is not None else list(range(len(names))),
        "customdata": [[label(name, 80), text] for name, text in zip(names, texts)],
        "hovertemplate": "%{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        "marker": {"size": 10, "color": list(colours) if not isinstance(colours, str) else colours},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [_reach(high, value) for value, _, high in figures],
            "arrayminus": [_reach(value, low) for value, low, _ in figures],
            "thickness": 1.6,
            "width": 5,
            "color": GREY,
        },
    }


def histogram_bins(edges: Sequence[float]) -> tuple[list[float], list[float]]:
    """Middles and widths of histogram bins."""
    pairs = list(pairwise(edges))
    return [(low + high) / 2 for low, high in pairs], [high - low for low, high in pairs]


def _reach(upper: float | None, lower: float | None) -> float:
    return max(0.0, upper - lower) if upper is not None and lower is not None else 0.0
