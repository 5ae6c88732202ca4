"""`trainwright stability`: how much of a version's figure, and of its decisions, is the luck of its seed?"""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command("stability", help="Fit a version's candidate again with other seeds: how much of its figure is luck?")
@click.argument("version", metavar="PROJECT[@vN]")
@click.option("--seeds", type=click.IntRange(2, 100), default=5, show_default=True, help="Seeds in all.")
@click.option("--time-limit", default="20m", show_default=True, metavar="DURATION", help="No seed begins after it.")
@workspace_option
@json_option
def COMMAND(version: str, seeds: int, time_limit: str, workspace: str | None, as_json: bool) -> None:
    """Fits the version's candidate with other seeds."""
    from trainwright.api import stability

    found = stability(version, seeds=seeds, time_limit=time_limit, workspace=workspace)
    if as_json:
        output.print_json(found)
        return
    if "skipped" in found:
        output.say(f"not measured: {found['skipped']}")
        return
    rows = [[seed, f"{value:.4f}"] for seed, value in zip(found["seeds"], found["scores"]) if value is not None]
    output.table(["seed", found["metric"]], rows, right=(0, 1))
    output.say(f"{found['candidate']}: {found['text']}")
    if found["shortened"]:
        output.say(f"shortened: {found['shortened']}")
    if found["warning"]:
        output.say(f"warning: {found['warning']}")
    output.say(f"  trainwright report {found['version']} --open")
