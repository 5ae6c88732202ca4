"""`trainwright inspect`: what a table holds and what is wrong with it, before any training; writes nothing."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option
from trainwright.cli.train import option_for, overrides
from trainwright.config.flags import flags

# The settings that change how a table is understood.
KEYS = ("data.target", "data.test_file", "data.group", "data.time", "data.cluster", "data.id", "data.weight",
        "data.ignore", "data.annotators", "data.ignore_findings", "data.kinds", "data.positive", "data.task",
        "data.test_size", "data.missing_marks", "data.sheet", "data.header_row", "data.delimiter", "data.encoding",
        "data.decimal", "data.stratify", "data.split_column")  # fmt: skip


def inspect(source: str, config: str | None, workspace: str | None, as_json: bool, **given: Any) -> None:
    """Shows the statistics of M2 and the findings."""
    from trainwright.config.source import load_settings
    from trainwright.training.prepare import examine

    document = examine(source, load_settings(config, overrides=overrides(given)))
    if as_json:
        output.print_json(document)
        return
    facts = document["statistics"]
    output.say(f"{document['name']}: {document['rows']:,} labelled rows, target {document['target']['column']}")
    for name, share in (facts.get("classes") or {}).items():
        output.say(f"  {name}: {share}")
    sizes = document["split"]["n_rows"]
    output.say(f"split: {sizes['train']:,} train / {sizes['validation']:,} validation / {sizes['test']:,} test")
    for reason in document["split"]["reason"]:
        output.say(f"  {reason}")
    output.table(
        ["column", "kind", "role", "missing", "distinct", "why"],
        [[c["name"], c["kind"], c["role"], c["missing"], c["distinct"], c["reason"]] for c in document["schema"]],
        right=(3, 4),
    )
    for note in document["notes"]:
        output.say(f"note: {note['message']}")
    for finding in document["findings"]:
        remedy = f"; {finding['remedy']}" if finding.get("remedy") else ""
        output.say(f"{finding['severity']}: {finding['code']} {finding['message']}{remedy}")
    if not document["findings"]:
        output.say("no check found anything")


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
