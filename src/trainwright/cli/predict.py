"""`trainwright predict`: predictions for the rows of a file, in their order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

if TYPE_CHECKING:
    from trainwright.packages.predictor import Predictor


@click.command(
    "predict",
    help="Predict the rows of a file with a version (PROJECT or PROJECT@v2; the active version by default), or with a "
    "package from elsewhere (the path of its folder, such as ./package), which is opened in a limited process.",
)
@click.argument("version")
@click.argument("table", metavar="FILE")
@click.option("-o", "--output", "place", metavar="FILE", help="Where to write: .csv, .parquet, .jsonl or .xlsx.")
@click.option("--explain", is_flag=True, help="Add the three strongest reasons for each row.")
@click.option("--keep", metavar="COLUMNS", help="Columns of the file to keep, separated by commas, or 'all'.")
@click.option("--rank", "ranked", is_flag=True, help="Sort by risk, the highest first.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="For two classes, instead of the version's own.")
@click.option(
    "--decision", metavar="dN|none", help="A decision of the version, not the one in force; none: its own threshold."
)
@click.option(
    "--review-width",
    metavar="WIDTH",
    help="For a number: mark rows whose low and high lie further apart for review; 5, or 20% of the prediction.",
)
@workspace_option
@json_option
def COMMAND(
    version: str,
    table: str,
    place: str | None,
    explain: bool,
    keep: str | None,
    ranked: bool,
    threshold: float | None,
    decision: str | None,
    review_width: str | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    """Predicts."""
    from trainwright.packages.prediction_files import check_place, write_predictions
    from trainwright.packages.ranking import rank

    if place is not None:
        check_place(place)
    check_decision(decision, threshold, version)
    predictor, label = open_package(version, workspace, decision=decision)
    given = predictor.conform(table)
    names = "all" if keep == "all" else [name.strip() for name in (keep or "").split(",") if name.strip()]
    frame = predictor.predict(
        given, threshold=threshold, keep=names, explain=3 if explain else 0, review_width=review_width
    )
    if ranked:
        frame = rank(frame, predictor.target)
    notes = [note.message for note in given.notes]
    if is_folder(version):
        notes.insert(0, f"the package {label} is from elsewhere: it is whole, but nobody here knows who made it")
    if predictor.decision is not None and threshold is None:
        notes.append(f"decided by {predictor.decision} of {label}")
    written = None if place is None else str(write_predictions(frame, place))
    if as_json:
        document = {"version": label, "from_elsewhere": is_folder(version), "rows": frame.height, "output": written}
        document["notes"] = notes
        document["decision"] = None if threshold is not None else predictor.decision
        output.print_json(document if written else {**document, "predictions": frame.to_dicts()})
        return
    for note in notes:
        output.say(f"note: {note}")
    if written is None:
        output.say(frame.head(20).write_csv().rstrip())
        if frame.height > 20:
            output.say(f"({frame.height - 20:,} more rows; write them with -o FILE)")
    else:
        output.say(f"{frame.height:,} predictions of {label} are in {written}")


def is_folder(name: str) -> bool:
    """Whether a name is the path of a package: no project's name holds a slash.

    Example:
        >>> is_folder("adult@v2"), is_folder("./adult"), is_folder("/backup/package")
        (False, True, True)
    """
    return "/" in name or "\\" in name


def check_decision(decision: str | None, threshold: float | None, version: str) -> None:
    """Refuses a decision beside a threshold, and one of a package that has no version here."""
    from trainwright.errors import UserError

    if decision is not None and threshold is not None:
        raise UserError("--decision and --threshold both say how to decide", remedy="give one of them")
    if decision is not None and is_folder(version):
        raise UserError("a package from elsewhere has no decisions", remedy="leave --decision out, or give --threshold")


def open_package(name: str, workspace: str | None, decision: str | None = None) -> tuple[Predictor, str]:
    """What predicts, and how to call it.

    Args:
        name: of a version, or the path of a package.
        workspace: the folder, or None to look for it.
        decision: a label, "none", or None for the decision in force.
    """
    from trainwright.errors import UserError
    from trainwright.packages.manifest import NAME
    from trainwright.packages.predictor import Predictor
    from trainwright.store.workspace import open_workspace
    from trainwright.training.deployed import policy_for
    from trainwright.training.judge import open_version

    if is_folder(name):
        return Predictor.open(name, trusted=False), str(Path(name))
    try:
        space = open_workspace(workspace, create=False, read_only=True)
        opened = open_version(space, name)
    except UserError as error:
        if not (Path(name) / NAME).is_file():
            raise
        raise UserError(error.problem, remedy=f"for the package in the folder {name}, write ./{name}") from None
    policy, chosen = policy_for(space, opened.project, opened.version, decision)
    return opened.predictor.deciding(policy, chosen), opened.label
