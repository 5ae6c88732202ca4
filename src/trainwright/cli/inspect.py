"""`trainwright inspect`: what a table holds and what is wrong with it, before any training; writes nothing."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.check_outcomes import summary
from trainwright.cli.output import json_option, workspace_option
from trainwright.cli.train import option_for, overrides
from trainwright.config.flags import flags

# The settings that change how a table is understood.
KEYS = ("data.target", "data.test_file", "data.group", "data.time", "data.cluster", "data.id", "data.weight",
        "data.ignore", "data.annotators", "data.ignore_findings", "data.kinds", "data.positive", "data.task",
        "data.test_size", "data.missing_marks", "data.sheet", "data.header_row", "data.delimiter", "data.encoding",
        "data.decimal", "data.stratify", "data.split_column")  # fmt: skip

# Columns named below a finding that does not name them itself; the others are counted.
NAMED = 8
# Columns in the table of a wide file: beyond these, those that are no ordinary feature, then the first ones.
COLUMNS = 60


def inspect(source: str, config: str | None, workspace: str | None, as_json: bool, **given: Any) -> None:
    """Shows the statistics of M2 and the findings."""
    from trainwright.config.source import load_settings
    from trainwright.training.prepare import examine

    document = examine(source, load_settings(config, overrides=overrides(given)))
    if as_json:
        output.print_json(document)
        return
    about = document["statistics"]["target"]
    output.say(f"{document['name']}: {document['rows']:,} labelled rows, target {document['target']['column']}")
    for one in about.get("classes", [])[:COLUMNS]:
        output.say(f"  {one['class']}: {one['rows']:,} rows ({one['share']:.1%})")
    sizes = document["split"]["n_rows"]
    output.say(f"split: {sizes['train']:,} train / {sizes['validation']:,} validation / {sizes['test']:,} test")
    for reason in document["split"]["reason"]:
        output.say(f"  {reason}")
    schema = document["schema"]
    shown = sorted(sorted(range(len(schema)), key=lambda i: schema[i]["role"] == "feature")[:COLUMNS])
    output.table(
        ["column", "kind", "role", "missing", "distinct", "why"],
        [
            [c["name"], c["kind"], c["role"], c["missing"], c["distinct"], c["reason"]]
            for c in (schema[i] for i in shown)
        ],
        right=(3, 4),
    )
    if len(schema) > len(shown):
        output.say(f"and {len(schema) - len(shown):,} more columns; --json lists all")
    for note in document["notes"]:
        output.say(f"note: {note['message']}")
    for finding in document["findings"]:
        output.say(f"{finding['severity']}: {finding['code']} {finding['message']}")
        unnamed = [repr(name) for name in finding["columns"] if repr(name) not in finding["message"]]
        if unnamed:
            more = f" and {len(unnamed) - NAMED} more" if len(unnamed) > NAMED else ""
            output.say(f"  columns: {', '.join(unnamed[:NAMED])}{more}")
        if finding.get("remedy"):
            output.say(f"  what to do: {finding['remedy']}")
    if not document["findings"]:
        output.say("no check found anything")
    for line in summary(document["checks"]):
        output.say(line)


COMMAND = click.Command(
    "inspect",
    callback=inspect,
    help="Show what a table holds and what is wrong with it, before training. Nothing is written.",
    params=[
        click.Argument(["source"], metavar="TABLE"),
        click.Option(["--config"], metavar="FILE", help="A YAML file; flags win over it."),
        *(option_for(flag) for flag in flags() if flag.key in KEYS),
    ],
)
COMMAND = workspace_option(json_option(COMMAND))
