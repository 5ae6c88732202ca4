"""`trainwright evaluate`: a version measured on a labelled file."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


def _beside(document: dict[str, Any]) -> list[str]:
    """The stress test's main figure beside the version's own, as a line."""
    from trainwright.evaluate.text import explain, interval, score

    own, metric = document["against"], document["metric"]
    figure = document["metrics"].get(metric)
    if own is None or not figure or figure.get("value") is None:
        return []
    where = "the sealed test" if own["part"] == "test" else "validation"
    here, there = (f"{score(metric, f)} ({interval(metric, f) or 'no interval'})" for f in (figure, own))
    return [f"{explain(metric).title}: {here} here, {there} on {where}"]


def _judged_by(document: dict[str, Any], asked: str | None) -> str:
    """By what the rows were decided."""
    found = document["decision"]
    if found is not None:
        follows = ", as predict does" if asked is None else ""
        return f"decided by {found['label']} ({found['flags']}){follows}"
    if document["task"] == "number":
        return "no decision: no width sends a row to a person"
    if len(document["target"]["classes"]) > 2:
        return "no decision: the most probable class counts"
    why = "as asked" if asked is not None else "no decision is in force"
    return f"decided by the version's own threshold {document.get('threshold', 0.5):.4g} ({why})"


def _say_decision(document: dict[str, Any]) -> None:
    """What the decision does on these rows, beside what it did on the held-out rows of the training."""
    from trainwright.cli.decide_screen import figure_rows

    found = document["decision"] or {}
    if "figures" in found:
        output.say("")
        ways = {"these rows": found["figures"], "held-out rows of the training": found["expected"]}
        output.table([f"{found['label']}, with 95 % intervals", *ways], figure_rows(ways))


@click.command("evaluate", help="Measure a version (PROJECT or PROJECT@v2) on a labelled file.")
@click.argument("version")
@click.argument("table", metavar="FILE")
@click.option(
    "--as",
    "kind",
    type=click.Choice(["evaluation", "stress-test"]),
    default="evaluation",
    help="stress-test: rows that are hard on purpose (winter, a new site); kept and shown apart.",
)
@click.option("--name", "stress", help="What to call the stress test; by default the name of the file.")
@click.option(
    "--decision", metavar="dN|none", help="A decision of the version, not the one in force; none: its own threshold."
)
@workspace_option
@json_option
def COMMAND(
    version: str,
    table: str,
    kind: str,
    stress: str | None,
    decision: str | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Evaluates."""
    from pathlib import Path

    from trainwright.errors import UserError
    from trainwright.evaluate.interval_words import said, segment
    from trainwright.evaluate.text import explain, interval, score
    from trainwright.store.workspace import open_workspace
    from trainwright.training.judge import evaluate_file

    if stress is not None and kind != "stress-test":
        raise UserError("--name is for stress tests", remedy="add --as stress-test, or leave --name out")
    called = (stress or Path(table).stem) if kind == "stress-test" else None
    space = open_workspace(workspace, create=False)
    document = evaluate_file(space, version, table, stress=called, decision=decision)
    if as_json:
        output.print_json(document)
        return
    output.say(f"{document['version']} on {document['n_rows']:,} labelled rows of {table}")
    if called is not None:
        output.say(f"stress test {called!r}: hard rows, kept apart; it does not change the version's own figures")
        for line in _beside(document):
            output.say(line)
    output.say(_judged_by(document, decision))
    for note in document["notes"]:
        output.say(f"note: {note}")
    rows = []
    for name, figure in document["metrics"].items():
        spread = interval(name, figure)
        rows.append([explain(name).title, score(name, figure), spread or "", figure.get("method")])
    output.table(["metric", "value", "95 % interval", "how"], rows, right=(1,))
    _say_decision(document)
    if document.get("interval"):
        output.say("")
        output.say(f"low and high: {said(document['interval'], 'file')}")
        for one in document["interval"].get("per_segment") or []:
            if one["too_low"]:
                output.say(f"  too few: {segment(one)}")
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
