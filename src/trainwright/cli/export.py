"""`trainwright export`: a version for other programs (an ONNX file, a folder of its own, an MLflow model)."""

from __future__ import annotations

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.command(
    "export",
    help="Write a version (PROJECT or PROJECT@v2; the active version by default) for other programs. Every export is "
    "compared with the version on 1,000 rows before it is published; a step that the format cannot express is named.",
)
@click.argument("version")
@click.option(
    "--format",
    "form",
    metavar="onnx|mlflow|folder",
    help="onnx: one file for ONNX Runtime; mlflow: a model for mlflow.pyfunc; folder: a script with NumPy alone.",
)
@click.option("--to", "place", metavar="PATH", help="A new or empty folder; for onnx also a new file ending in .onnx.")
@click.option(
    "--decision", metavar="dN|none", help="A decision of the version, not the one in force; none: its own threshold."
)
@click.option("--int8", is_flag=True, help="Networks in eight bits: smaller, quicker; what it costs is measured.")
@workspace_option
@json_option
def COMMAND(
    version: str,
    form: str | None,
    place: str | None,
    decision: str | None,
    int8: bool,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Exports."""
    from trainwright.errors import UserError
    from trainwright.packages.export.export import FORMATS, export_version
    from trainwright.store.workspace import open_workspace

    if form is None:
        raise UserError(f"--format says which of {', '.join(FORMATS)}", remedy="such as --format onnx")
    say = (lambda words: None) if as_json else (lambda words: output.say(f"{words} ..."))
    space = open_workspace(workspace, create=False)
    found = export_version(space, version, form, place, decision=decision, int8=int8, say=say)
    if as_json:
        output.print_json(found)
        return
    output.say(f"{found['version']} is in {found['path']} ({found['size_mb']:.1f} MB)")
    output.say(found["text"])
    for remark in (found["int8_text"] if found["int8"] else None, *found["remarks"]):
        if remark:
            output.say(remark)
    if found["decides"]:
        output.say(f"it decides: {found['decides']}")
    needs = ", ".join(f"{library}{range_}" for library, range_ in sorted(found["needs"].items()))
    output.say(f"running it needs {needs}")
    for note in found["notes"]:
        output.say(f"left out: {note}")
