"""`trainwright data labels`: look at labels that are probably wrong, and say which are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option

if TYPE_CHECKING:
    from trainwright.store.workspace import Workspace
    from trainwright.training.doubtful_labels import Labels

SHOWN = 20
COLUMNS = 4


@click.group(help="Labels that are probably wrong: list them, accept or reject the suggestions, set others.")
def LABELS() -> None:
    """The group."""


@LABELS.command("list", help="Rows whose label is probably wrong (PROJECT, or PROJECT@12 for run 12), likeliest first.")
@click.argument("name")
@click.option("--top", type=click.IntRange(1), default=SHOWN, show_default=True, metavar="N", help="Rows to show.")
@click.option("--output", "target", metavar="FILE", help="Write all of them as CSV, with every column of the rows.")
@workspace_option
@json_option
def list_labels(name: str, top: int, target: str | None, workspace: str | None, as_json: bool) -> None:
    """Lists what is suspected and undecided."""
    _, labels = _opened(workspace, name, read_only=True)
    suspects = labels.open_suspects()
    if target is not None:
        _write(labels, suspects, Path(target))
    if as_json:
        facts = {key: value for key, value in labels.suspected.items() if key not in ("rows", "examples")}
        output.print_json({"project": labels.project.name, "run": labels.run.id, "dataset": f"d{labels.data.number}",
                           **facts, "decided": len(labels.decisions), "rows": suspects})  # fmt: skip
        return
    if "skipped" in labels.suspected:
        output.say(f"run {labels.run.id} looked for no wrong labels: {labels.suspected['skipped']}")
        return
    names = labels.suspected.get("examples", {}).get("columns", [])[:COLUMNS]
    values = labels.frame.select(names)[[labels.position(item["row"]) for item in suspects[:top]]]
    number = labels.target.task == "number"
    how = "far off" if number else "probability"
    rows = [
        [item["row"], item["given"], item["suggested"], f"{item['probability']:.{1 if number else 3}f}", *cells]
        for item, cells in zip(suspects[:top], values.rows())
    ]
    output.table(["row", labels.target.column, "expected" if number else "suggested", how, *names], rows, right=(0, 3))
    decided = f"; {len(labels.decisions)} decided" if labels.decisions else ""
    output.say(
        f"{len(suspects):,} suspected label(s) of run {labels.run.id} on d{labels.data.number}{decided}; "
        f"found by {labels.suspected['by']}, by models that had not seen the row"
    )
    if labels.suspected.get("overlap"):
        output.say("the classes overlap: many of these may be unusual cases with a right label")
    if suspects:
        first = suspects[0]["row"]
        act = f"set {labels.project.name} {first}=VALUE" if number else f"accept {labels.project.name} {first}"
        output.say(f"next: trainwright data labels {act}, or reject {labels.project.name} {first}")


def _rows_command(function: Callable[..., None]) -> Callable[..., None]:
    """The arguments of `accept` and `reject`: a project, and the rows by number, all, or the most suspicious."""
    for part in (
        json_option,
        workspace_option,
        click.option("--top", type=click.IntRange(1), metavar="N", help="Only the N most suspicious rows."),
        click.option("--all", "everything", is_flag=True, help="Every row that `labels list` shows."),
        click.argument("rows", nargs=-1, metavar="[ROW[,ROW...]]..."),
        click.argument("name"),
    ):
        function = part(function)
    return function


@LABELS.command(help="Take the suggested labels of these rows: makes a new dataset version.")
@_rows_command
def accept(**given: Any) -> None:
    """Accepts suggestions."""
    _decide("accepted", **given)


@LABELS.command(help="Keep the labels of these rows; they are not suspected again.")
@_rows_command
def reject(**given: Any) -> None:
    """Rejects suspicions."""
    _decide("rejected", **given)


@LABELS.command("set", help="Give rows the label that you know is right: ROW=LABEL, as often as needed.")
@click.argument("name")
@click.argument("pairs", nargs=-1, required=True, metavar="ROW=LABEL...")
@workspace_option
@json_option
def set_labels(name: str, pairs: tuple[str, ...], workspace: str | None, as_json: bool) -> None:
    """Sets labels."""
    from trainwright.errors import UserError
    from trainwright.training.corrections import decide

    wanted: dict[int, str | None] = {}
    for pair in pairs:
        row, mark, label = pair.partition("=")
        if not mark or not label:
            raise UserError(f"{pair!r} must be ROW=LABEL", remedy=f"for example: data labels set {name} 17=LABEL")
        if _row(row) in wanted:
            raise UserError(f"row {row} is named twice", remedy="give each row one label")
        wanted[_row(row)] = label
    space, labels = _opened(workspace, name)
    made = decide(space, labels, "accepted", wanted)
    _say_what_came_out(labels, f"set {len(wanted)} label(s)", made, as_json)


@LABELS.command(help="Take back what was decided about these rows.")
@click.argument("name")
@click.argument("rows", nargs=-1, metavar="[ROW[,ROW...]]...")
@click.option("--all", "everything", is_flag=True, help="Every decision about this dataset version.")
@workspace_option
@json_option
def restore(name: str, rows: tuple[str, ...], everything: bool, workspace: str | None, as_json: bool) -> None:
    """Takes decisions back."""
    from trainwright.errors import UserError
    from trainwright.training.corrections import restore as take_back

    space, labels = _opened(workspace, name)
    numbers = sorted(labels.decisions) if everything else _rows(rows)
    if not numbers:
        raise UserError("no row is named", remedy=f"trainwright data labels restore {name} ROW,ROW, or --all")
    made = take_back(space, labels, numbers)
    _say_what_came_out(labels, f"took back {len(numbers)} decision(s)", made, as_json)


def _decide(
    decision: str,
    name: str,
    rows: Sequence[str],
    everything: bool,
    top: int | None,
    workspace: str | None,
    as_json: bool,
) -> None:
    from trainwright.errors import UserError
    from trainwright.training.corrections import decide

    space, labels = _opened(workspace, name)
    verb = "accept" if decision == "accepted" else "reject"
    if rows and (everything or top):
        raise UserError("rows and --all or --top are both given", remedy="give one of them")
    numbers = _rows(rows)
    if everything or top:
        numbers = [item["row"] for item in labels.open_suspects()][:top]
        if not numbers:
            raise UserError("no suspected label is left to decide", remedy="nothing to do")
    if not numbers:
        raise UserError(
            "no row is named", remedy=f"trainwright data labels {verb} {name} ROW,ROW, or --top N, or --all"
        )
    made = decide(space, labels, decision, dict.fromkeys(numbers))
    if decision == "rejected" and not as_json:
        output.say(f"rejected {len(numbers)} row(s): their labels stay, and are not suspected again")
        return
    _say_what_came_out(labels, f"accepted {len(numbers)} row(s)", made, as_json)


def _say_what_came_out(labels: Labels, words: str, made: Any, as_json: bool) -> None:
    project = labels.project.name
    version = None if made is None else f"d{made.number}"
    changes = [] if made is None else made.origin["changes"]
    if as_json:
        output.print_json(
            {"project": project, "from": f"d{labels.data.number}", "version": version, "changes": changes}
        )
        return
    output.say(words)
    if version is None:
        output.say(f"no label is corrected: d{labels.data.number} stays as it is")
        return
    output.say(f"{version}: d{labels.data.number} with {len(changes)} corrected label(s); the sealed test is untouched")
    output.say(f"next: trainwright train --project {project} --data-version {version}")


def _opened(workspace: str | None, name: str, *, read_only: bool = False) -> tuple[Workspace, Labels]:
    from trainwright.store.workspace import open_workspace
    from trainwright.training.doubtful_labels import read_labels

    space = open_workspace(workspace, create=False, read_only=read_only)
    return space, read_labels(space, name)


def _rows(words: Sequence[str]) -> list[int]:
    return list(dict.fromkeys(_row(part) for word in words for part in word.split(",") if part.strip()))


def _row(word: str) -> int:
    from trainwright.errors import UserError

    if not word.strip().isdigit() or len(word.strip()) > 15:
        raise UserError(
            f"{word.strip()!r} is no row number",
            remedy="rows are numbered as `trainwright data labels list` shows them",
        )
    return int(word)


def _write(labels: Labels, suspects: Sequence[dict[str, Any]], path: Path) -> None:
    """All suspects as CSV: what is suspected, then the row as it is."""
    import polars as pl

    from trainwright.errors import EnvironmentProblem

    part = labels.frame[[labels.position(item["row"]) for item in suspects]]
    said = pl.DataFrame(
        {
            "suspected_row": [item["row"] for item in suspects],
            "suggested_label": [str(item["suggested"]) for item in suspects],
            "suspicion": [item["probability"] for item in suspects],
        },
        schema={"suspected_row": pl.Int64, "suggested_label": pl.String, "suspicion": pl.Float64},
    )
    try:
        pl.concat([said, part.drop(c for c in said.columns if c in part.columns)], how="horizontal").write_csv(path)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be written: {error.strerror or error}") from None
