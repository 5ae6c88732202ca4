"""`trainwright learning-curve`: would more rows help a version?"""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command("learning-curve", help="Measure how the figure of a version grows with rows: would more data help?")
@click.argument("version", metavar="PROJECT[@vN]")
@click.option("--time-limit", default="2m", show_default=True, metavar="DURATION", help="For the fits, such as 90s.")
@workspace_option
@json_option
def COMMAND(version: str, time_limit: str, workspace: str | None, as_json: bool) -> None:
    """Fits the version's candidate on parts of its rows."""
    from trainwright.api import learning_curve

    found = learning_curve(version, time_limit=time_limit, workspace=workspace)
    if as_json:
        output.print_json(found)
        return
    if "skipped" in found:
        output.say(f"not measured: {found['skipped']}")
        return
    metric = found["metric"]
    output.table(
        ["training rows", metric, "95 % band"],
        [[f"{p['rows']:,.0f}", f"{p['value']:.4f}", f"{p['low']:.4f} to {p['high']:.4f}"] for p in found["points"]],
        right=(0, 1),
    )
    folds = f"{found['folds']} folds, {found['fits']} fits"
    output.say(f"measured on {found['reason']} ({folds}); {found['rule']}")
    if found["shortened"]:
        output.say(f"shortened: {found['shortened']}")
    output.say(found["text"])
    output.say(f"  trainwright report {found['version']} --open")
