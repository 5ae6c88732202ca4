"""`trainwright explain`: what a version leans on and where it is weak; for one row of a file, what pushed it."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

# Pushes are measured from usual values of the columns, where a model may be surer still of the same answer.
AGAINST = "although what is shown speaks against it: with usual values it would be surer"


@click.command(
    "explain",
    help="What a version (PROJECT or PROJECT@v2) leans on, and the kinds of rows on which it is weak; with --data, "
    "what pushed the prediction of one row. A package from elsewhere (the path of its folder) explains rows only.",
)
@click.argument("version")
@click.option("--data", "table", metavar="FILE", help="A file with rows to predict.")
@click.option("--row", type=click.IntRange(min=0), help="Which row of the file, 0 for its first (the default).")
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many columns to show.")
@workspace_option
@json_option
def COMMAND(version: str, table: str | None, row: int | None, top: int, workspace: str | None, as_json: bool) -> None:
    """Explains."""
    from trainwright.cli.predict import is_folder
    from trainwright.errors import UserError

    if row is not None and table is None:
        raise UserError("--row names a row of a file, and no file was given", remedy="add --data FILE")
    if is_folder(version) and table is None:
        raise UserError(
            f"the package {version} holds no account of its training", remedy="explain a row of it: add --data FILE"
        )
    document = _one_row(version, table, row or 0, top, workspace) if table is not None else _overall(version, workspace)
    if as_json:
        output.print_json(document)
    elif table is not None:
        _say_row(document)
    else:
        _say_overall(document, top)


def _overall(version: str, workspace: str | None) -> dict[str, Any]:
    """What the version's training found out about it."""
    from trainwright.store.names import resolve_version
    from trainwright.store.runs import get_run
    from trainwright.store.transaction import read
    from trainwright.store.workspace import open_workspace

    space = open_workspace(workspace, create=False, read_only=True)
    project, found = resolve_version(space, version)
    result: dict[str, Any] = {}
    if found.run_id is not None:
        with read(space) as connection:
            result = get_run(connection, found.run_id).result or {}
    told = {key: result.get(key) for key in ("selected", "importance", "attributions", "segments", "shapes")}
    return {"version": f"{project.name}@{found.label}", **told}


def _one_row(version: str, table: str, row: int, top: int, workspace: str | None) -> dict[str, Any]:
    """The prediction of one row of a file and its strongest reasons."""
    from trainwright.cli.predict import open_package
    from trainwright.errors import UserError

    predictor, label = open_package(version, workspace)
    given = predictor.conform(table)
    if row >= given.frame.height:
        raise UserError(
            f"{table} has {given.frame.height:,} rows, and --row {row} is not one of them",
            remedy=f"the first is 0, the last {max(given.frame.height - 1, 0)}",
        )
    one = type(given)(given.source[row : row + 1], given.frame[row : row + 1], given.notes)
    prediction = predictor.predict(one).row(0, named=True)
    reasons = predictor.explain(one, top)[0]
    return {
        "version": label,
        "file": table,
        "row": row,
        **prediction,
        "reasons": [{**reason.to_json(), "text": reason.text} for reason in reasons],
        "notes": [note.message for note in given.notes],
    }


def _say_row(document: dict[str, Any]) -> None:
    for note in document["notes"]:
        output.say(f"note: {note}")
    sure = document.get("confidence")
    said = "" if sure is None else f" (confidence {100 * sure:.1f} %)"
    answer = f"{document['version']} predicts {document['prediction']}{said} for row {document['row']}"
    output.say(f"{answer}, {'because' if _supported(document) else AGAINST}")
    output.table(
        ["column", "value", "push", "reason"],
        [[r["feature"], r["value"], f"{r['push']:+.3g}", r["text"]] for r in document["reasons"]],
        right=(2,),
    )
    if document["reasons"] and not document["reasons"][0]["exact"]:
        output.say("approximate: what changes when the column takes its median or most frequent value")


def _supported(document: dict[str, Any]) -> bool:
    """Whether any of the reasons shown speaks for the answer; those of numbers raise or lower it, which is the same."""
    reasons = document["reasons"]
    speaks_for = [
        r["towards"] is None or (r["push"] >= 0) == (r["towards"] == str(document["prediction"])) for r in reasons
    ]
    return not reasons or any(speaks_for)


def _say_overall(document: dict[str, Any], top: int) -> None:
    from trainwright.evaluate.sections.segments import remedy, sentence

    output.say(f"{document['version']}: {document['selected'] or 'trained elsewhere'}")
    importance, pushes = document["importance"] or {}, document["attributions"] or {}
    mean = {item["feature"]: item["mean_abs"] for item in pushes.get("features", [])}
    drops = {item["feature"]: item for item in importance.get("features", [])}
    names = list(drops) or list(mean)
    if names:
        rows = [[name, _drop(drops.get(name)), f"{mean[name]:.3g}" if name in mean else None] for name in names[:top]]
        push = f"mean push on {pushes['scale']}" if "scale" in pushes else "mean push"
        output.table(["column", f"worsening of {importance.get('metric')} without it", push], rows, right=(1, 2))
        if len(names) > top:
            output.say(f"({len(names) - top} more columns: --top {len(names)})")
    else:
        output.say("nothing is known about its columns: it was trained before explanations were kept")
    if "skipped" in pushes:
        output.say(f"no exact pushes: {pushes['skipped']}")
    weak = document["segments"] or {}
    shares = weak.get("measure") == "share decided wrongly"
    for one in weak.get("segments") or []:
        output.say(f"weak where {sentence(one, shares)}\n  {remedy(one, shares)}")
    if "segments" in weak and not weak["segments"]:
        output.say(f"no kind of row is clearly worse than the rest ({weak['tried']} slices tried)")
    if "skipped" in weak:
        output.say(f"weak segments were not looked for: {weak['skipped']}")
    output.say(f"one row: trainwright explain {document['version']} --data FILE --row 0")


def _drop(item: dict[str, Any] | None) -> str | None:
    """An importance with its interval."""
    if item is None or item["value"] is None:
        return None
    if item.get("low") is None:
        return f"{item['value']:.4g}"
    return f"{item['value']:.4g} ({item['low']:.4g} to {item['high']:.4g})"
