"""The sections of the report, in their order on the page: to add one, add a file here, a partial template, a line.

A section `NAME` is a module `sections/NAME.py` with

- `TITLE`: its name in the list of contents; `HEADING`, if the heading above it says more;
- `view(result, evaluations) -> dict`: plain values that its template shows as `view.KEY` (a key must not be called
  like a method of dict: `items`, `keys`, `values`); an empty one when there is nothing to say;
- `figures(result, evaluations) -> dict[str, Figure]`, if it draws some: the partial shows one with `figure("name")`;
- `FIGURES`: names of figures drawn elsewhere (`evaluate.figures`, `evaluate.figures_training`) that it shows;

and a partial `templates/sections/NAME.html.jinja`: what stands below the heading. Beside `view` it sees `result`,
`target`, `metric`, `terms` and the macros of `macros.html.jinja`. A section appears when its view is not empty or one
of its figures was drawn; one that fails is named at the end of the report, and the report is written without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from trainwright.evaluate.figure_style import Figure

Result = Mapping[str, Any]
Evaluations = Mapping[str, Mapping[str, Any]]

MODULES = (
    "decision",
    "data",
    "findings",
    "leaderboard",
    "present",
    "choice",
    "ensemble",
    "search",
    "incremental",
    "metrics",
    "errors",
    "intervals",
    "labels",
    "reliability",
    "curves",
    "operating_point",
    "segments",
    "worst_errors",
    "weak_columns",
    "importance",
    "attributions",
    "shapes",
    "diagnosis",
    "growth",
    "iterations",
    "plan",
    "checklist",
    "record",
    "glossary",
)


@dataclass(frozen=True)
class Section:
    """A section of the report, as its module describes it.

    Args:
        name: of the module and the partial; also the anchor on the page.
        title: in the list of contents.
        heading: above it.
        shown: names of figures drawn elsewhere that it shows.
        view: the values its template shows.
        figures: draws its own figures.
    """

    name: str
    title: str
    heading: str
    shown: tuple[str, ...]
    view: Callable[[Result, Evaluations], Mapping[str, Any] | None]
    figures: Callable[[Result, Evaluations], Mapping[str, Figure | None]]

    @property
    def template(self) -> str:
        return f"sections/{self.name}.html.jinja"


def _no_figures(result: Result, evaluations: Evaluations) -> dict[str, Figure | None]:
    return {}


@cache
def sections() -> tuple[Section, ...]:
    """Every section in the order of the page.

    Example:
        >>> [section.title for section in sections()][-1]
        'Words'
    """
    out = []
    for name in MODULES:
        module = import_module(f"trainwright.evaluate.sections.{name}")
        heading = getattr(module, "HEADING", module.TITLE)
        shown = tuple(getattr(module, "FIGURES", ()))
        out.append(Section(name, module.TITLE, heading, shown, module.view, getattr(module, "figures", _no_figures)))
    return tuple(out)
