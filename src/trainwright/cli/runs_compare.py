"""`trainwright runs compare`: two or three runs side by side, in the terminal or as a page."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

METRICS = 6
CLASSES = 12


@click.command(
    "compare",
    help="Two or three runs side by side, the first being what the others are compared with: settings, figures with "
    "differences paired on the same rows, times, size, curves. RUN is a number, PROJECT@v2, or after that v3.",
)
@click.argument("runs", metavar="RUN RUN [RUN]", nargs=-1, required=True)
@click.option("--html", "page", metavar="FILE", help="Write the comparison as a page, with its curves.")
@workspace_option
@json_option
def COMMAND(runs: tuple[str, ...], page: str | None, workspace: str | None, as_json: bool) -> None:
    """Compares runs."""
    from trainwright.store.workspace import open_workspace
    from trainwright.training.run_compare import compare_named

    place = None if page is None else _place(page)
    document = compare_named(open_workspace(workspace, create=False, read_only=True), runs)
    if place is not None:
        from trainwright.evaluate.comparison_page import write_comparison

        write_comparison(document, place)
        document["page"] = str(place)
    if as_json:
        output.print_json(document)
    else:
        _say(document)


def _place(page: str) -> Path:
    from trainwright.errors import EnvironmentProblem, UserError

    place = Path(page)
    if place.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"the comparison is a web page: {page!r} must end with .html", remedy=f"--html {page}.html")
    if not place.parent.is_dir():
        raise EnvironmentProblem(f"the folder {place.parent} does not exist", remedy="make it, or choose another one")
    return place


def _say(document: dict[str, Any]) -> None:
    names = [run["name"] for run in document["runs"]]
    output.table(
        ["", *names],
        [
            ["run", *(run["run"] for run in document["runs"])],
            ["model", *(run["selected"] for run in document["runs"])],
            ["made", *(run["written"] for run in document["runs"])],
            *_line("try", [run["try"] for run in document["runs"]]),
            *_line("comments", [run["comments"] for run in document["runs"]]),
        ],
    )
    output.say()
    if document["settings"] or document["data"]:
        cells = [[row["what"], *map(_value, row["values"])] for row in document["data"]]
        cells += [
            [row["key"], *(_given(value, origin) for value, origin in zip(row["values"], row["origins"]))]
            for row in document["settings"]
        ]
        output.table(["differs", *names], cells)
    else:
        output.say("settings, data, split and seed are the same")
    for run in document["fitted"]:
        for words in run["differences"][:4]:
            output.say(f"{run['name']}: {words}")
    output.say()
    _say_metrics(document, names)
    _say_classes(document, names)
    output.table(
        ["", *names], [[row["what"], *map(_number, row["values"])] for row in document["costs"]], right=(1, 2, 3)
    )
    _say_curves(document)
    output.say()
    for warning in document["warnings"]:
        output.say(f"warning: {warning}")
    for verdict in document["verdicts"]:
        output.say(verdict["text"])
    if "page" in document:
        output.say(f"  {document['page']}")


def _say_metrics(document: dict[str, Any], names: list[str]) -> None:
    rows = [row for row in document["metrics"] if row["part"] == "validation"][:METRICS]
    tests = [row for row in document["metrics"] if row["part"] == "test"][:1]
    cells = []
    for row in [*rows, *tests]:
        label = row["metric"] if row["part"] == "validation" else f"{row['metric']}, sealed test"
        cells.append([label, *map(_figure, row["values"]), *(_difference(one) for one in row["differences"][1:])])
    output.table(["figure", *names, *(f"{name} better by" for name in names[1:])], cells)
    output.say()


def _say_classes(document: dict[str, Any], names: list[str]) -> None:
    rows = document["per_class"]
    if not rows:
        return
    if len(rows) > CLASSES:  # the ones that changed most
        rows = sorted(rows, key=lambda row: -_spread(row["recall"]))[:CLASSES]
    output.table(
        ["recall of class", "rows", *names],
        [[row["class"], row["support"], *(_figure(value) for value in row["recall"])] for row in rows],
        right=(1,),
    )
    if document.get("decided"):
        output.say(document["decided"])
    output.say()


def _say_curves(document: dict[str, Any]) -> None:
    """Loss by round on rows not seen, one line per run on one scale."""
    from trainwright.evaluate.sparkline import sparkline

    curves = [curve for curve in document["curves"] if curve.get("validation")]
    values = [value for curve in curves for value in curve["validation"] if value is not None]
    if not values:
        return
    output.say()
    width = max(len(curve["run"]) for curve in curves)
    for curve in curves:
        line = sparkline(curve["validation"], min(values), max(values))
        last = curve["validation"][-1]
        output.say(
            f"{curve['run'].ljust(width)}  {line}  {curve['loss']} {last:.4g} after "
            f"{curve['steps'][-1]:g} {curve['unit']}s"
        )


def _line(label: str, values: list[Any]) -> list[list[Any]]:
    return [[label, *values]] if any(values) else []


def _given(value: Any, origin: str) -> str:
    return _value(value) if origin == "default" else f"{_value(value)} ({origin})"


def _value(value: Any) -> str:
    from trainwright.training.setting_values import shown

    return shown(value)


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:.3g}"


def _figure(figure: dict[str, Any] | None) -> str | None:
    if not figure or figure.get("value") is None:
        return None
    if figure.get("low") is None:
        return f"{figure['value']:.4g}"
    return f"{figure['value']:.4g} ({figure['low']:.4g} to {figure['high']:.4g})"


def _difference(found: dict[str, Any] | None) -> str | None:
    if not found or found.get("difference") is None:
        return None
    if found.get("low") is None:
        return f"{found['difference']:+.3g}"
    if found["difference"] == found["low"] == found["high"] == 0:
        return "the same"
    return f"{found['difference']:+.3g} ({found['low']:+.3g} to {found['high']:+.3g})"


def _spread(values: list[dict[str, Any] | None]) -> float:
    known = [one["value"] for one in values if one and one.get("value") is not None and math.isfinite(one["value"])]
    return max(known) - min(known) if known else 0.0
