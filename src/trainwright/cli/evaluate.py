"""`trainwright evaluate`: a version measured on a labelled file."""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command("evaluate", help="Measure a version (PROJECT or PROJECT@v2) on a labelled file.")
@click.argument("version")
@click.argument("table", metavar="FILE")
@workspace_option
@json_option
def COMMAND(version: str, table: str, workspace: str | None, as_json: bool) -> None:
    """Evaluates."""
    from trainwright.evaluate.text import explain, interval, score
    from trainwright.store.workspace import open_workspace
    from trainwright.training.judge import evaluate_file

    document = evaluate_file(open_workspace(workspace, create=False), version, table)
    if as_json:
        output.print_json(document)
        return
    output.say(f"{document['version']} on {document['n_rows']:,} labelled rows of {table}")
    for note in document["notes"]:
        output.say(f"note: {note}")
    rows = []
    for name, figure in document["metrics"].items():
        spread = interval(name, figure)
        rows.append([explain(name).title, score(name, figure), spread or "", figure.get("method")])
    output.table(["metric", "value", "95 % interval", "how"], rows, right=(1,))
    for row in document.get("per_class", [])[:30]:
        if row is document["per_class"][0]:
            output.say("")
            output.say("class: precision, recall, F1, rows")
        figures = [row[key]["value"] for key in ("precision", "recall", "f1")]
        words = ", ".join("-" if value is None else f"{value:.3f}" for value in figures)
        output.say(f"  {row['class']}: {words}, {row['support']:,}")
    if document.get("lift"):
        output.say("")
        rows = [[at["k"], f"{at['share']:.0%}", at["precision"], at["lift"]] for at in document["lift"]]
        shown = [[k, share, f"{p:.4g}", "-" if x is None else f"{x:.2f}"] for k, share, p, x in rows]
        output.table(["first k", "share", "precision at k", "lift"], shown, right=(0, 1, 2, 3))
