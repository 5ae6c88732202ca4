"""Repeats the run of a version from its record, and says figure by figure whether it came out the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.data.parts import read_development
from trainwright.data.schema import Schema
from trainwright.data.snapshot import content_hash
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.evaluate.paired_runs import HeldOut
from trainwright.evaluate.reproduction import (
    environment_differences,
    figure_rows,
    manifest_differences,
    record_parts,
    verdict_words,
)
from trainwright.jobs.launch import Watcher, repeat
from trainwright.models.storage import read_json
from trainwright.packages.manifest import NAME
from trainwright.packages.verify import check_package
from trainwright.store.datasets import get_split
from trainwright.store.files import artifact_path
from trainwright.store.names import resolve_run
from trainwright.store.projects import project_of
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.held_out import read_held_out
from trainwright.training.ignored import without
from trainwright.training.kept_plan import kept_plan
from trainwright.training.kept_rows import rows_are_there
from trainwright.training.measurement import refuse_measurement
from trainwright.training.options import RunOptions
from trainwright.training.plan_document import own_estimators
from trainwright.training.record import environment_record


def reproduce(workspace: Workspace, name: str, *, watcher: Watcher | None = None) -> dict[str, Any]:
    """Repeats a run on the rows it learned from, obeying its recorded counts and no clock, and compares.

    The sealed test stays closed: the same package gives the same figures on it.

    Args:
        workspace: where it is kept.
        name: `PROJECT`, `PROJECT@vN` or the number of a run.
        watcher: told the events of the repetition.

    Returns:
        {"name", "run", "repetition", "same", "text", "record": parts with "present", "environment": what differs,
        "figures": [{"figure", "then", "now", "same"}], "package": {"then", "now", "same", "differences"},
        "predictions": {"rows", "same", "first_row", "largest"}, "wall_s", "notes"}; "package" has "damage", too:
        what is wrong with the package that the workspace holds, or None.

    Raises:
        UserError: there is no such run, or it had estimators handed over in Python.
        EnvironmentProblem: its rows are not in the workspace any more, or are not what they were.
    """
    first, called = repeatable(workspace, name)
    result = repeat(workspace, first.id, watcher=watcher)
    with read(workspace) as connection:
        again = get_run(connection, int(result["run"]))
    return comparison(workspace, first, again, called)


def repeatable(workspace: Workspace, name: str) -> tuple[Run, str]:
    """The run that a name stands for, known to be one that can be repeated, and what it is called.

    Raises:
        UserError, EnvironmentProblem: as `reproduce`.
    """
    first, called = _find(workspace, name)
    _check(workspace, first)
    return first, called


def comparison(workspace: Workspace, first: Run, again: Run, name: str) -> dict[str, Any]:
    """A run and its repetition side by side; see `reproduce`."""
    before, after = first.record or {}, again.record or {}
    rows = figure_rows(*({"result": run.result or {}, "record": run.record or {}} for run in (first, again)))
    package = _packages(workspace, first, again)
    predictions = _predictions(read_held_out(workspace, first), read_held_out(workspace, again))
    then = {**(before.get("environment") or {})}
    # That of the repetition, which a worker on another machine may have made.
    now = after.get("environment") or environment_record(int(then.get("threads") or 0), int(then.get("jobs") or 0))
    missing = [part["part"] for part in record_parts(before) if not part["present"]]
    notes = ["the sealed test was not opened again: the same package gives the same figures on it"]
    if missing:
        notes.append(f"the record lacks {', '.join(missing)}: it was written by an earlier release")
    if then.get("code") != now.get("code"):
        notes.append("the command runs in another checkout or commit of your own code than the first time")
    document = {
        "name": name,
        "run": first.id,
        "repetition": again.id,
        "same": package["same"]
        and package["damage"] is None
        and predictions["same"] is not False
        and all(row["same"] for row in rows),
        "record": record_parts(before),
        "environment": environment_differences(then, now),
        "figures": rows,
        "package": package,
        "predictions": predictions,
        "wall_s": {"then": (first.result or {}).get("wall_s"), "now": (again.result or {}).get("wall_s")},
        "notes": notes,
    }
    return {**document, "recorded": sorted(after), "text": verdict_words(document)}


def _find(workspace: Workspace, name: str) -> tuple[Run, str]:
    """The run that a name stands for, and what it is called."""
    if re.fullmatch(r"\d{1,9}", name):
        with read(workspace) as connection:
            run = get_run(connection, int(name))
            project = project_of(connection, run.project_id).name
        return run, f"run {run.id} of {project}"
    found, version, run = resolve_run(workspace, name)
    return run, f"{found.name}@{version.label}"


def _check(workspace: Workspace, run: Run) -> None:
    """Refuses what cannot be repeated before anything is fitted."""
    refuse_measurement(run)
    if run.state != "completed":
        raise UserError(f"run {run.id} is {run.state}", remedy="only a completed run can be repeated")
    own = own_estimators(kept_plan(run))
    if own:
        raise UserError(
            f"run {run.id} compared estimators handed over in Python ({', '.join(own)}), which are not kept with it",
            remedy="train again with them; a run of our own families can be repeated",
        )
    metric = (run.result or {}).get("metric")
    if metric not in ((run.result or {}).get("validation") or {}):
        raise UserError(
            f"run {run.id} was chosen by {metric}, a function handed over in Python, which is not kept with it",
            remedy="train again with it",
        )
    rows_are_there(workspace, run)
    known = ((run.record or {}).get("data") or {}).get("trained_on")
    if known is None:
        return
    assert run.split_id is not None
    with read(workspace) as connection:
        split = get_split(connection, run.split_id)
    frame, _, _ = read_development(workspace, split)
    schema = Schema.from_json((split.summary or {})["understood"]["schema"])
    found = content_hash(frame, without(schema, RunOptions.of(run).settings.data.ignore))
    if found != known:
        raise EnvironmentProblem(
            f"the development rows of run {run.id} are not what it learned from: "
            f"their hash is {found[:12]}, its record says {known[:12]}",
            remedy="restore the workspace from a backup: its files were changed",
        )


def _packages(workspace: Workspace, first: Run, again: Run) -> dict[str, Any]:
    """The packages of both, and where they differ."""
    pair = [(run.result or {}).get("package") or {} for run in (first, again)]
    shas = [package.get("sha256") for package in pair]
    folders = [artifact_path(workspace, "package", Path(str(package.get("path"))).name) for package in pair]
    document: dict[str, Any] = {
        "then": shas[0],
        "now": shas[1],
        "same": shas[0] == shas[1],
        "damage": _damage(folders[0], shas[0]),
        "differences": [],
    }
    if document["same"]:
        return document
    if not all((folder / NAME).exists() for folder in folders):
        document["differences"] = ["the first package is not in the workspace any more, so only its hash is compared"]
        return document
    document["differences"] = manifest_differences(*(read_json(folder / NAME) for folder in folders))
    return document


def _damage(folder: Path, sha: str | None) -> str | None:
    """What is wrong with the package that the workspace holds; None where nothing is, or where it was deleted."""
    if not folder.exists():
        return None
    try:
        check_package(folder, sha)
    except UserError as error:
        return error.problem
    return None


def _predictions(first: HeldOut | None, again: HeldOut | None) -> dict[str, Any]:
    """Whether both predicted the same for the rows they held out, bit by bit."""
    if first is None or again is None:
        return {"rows": 0 if again is None else len(again.rows), "same": None, "first_row": None, "largest": None}
    n = len(again.rows)
    if first.prediction.shape != again.prediction.shape or not np.array_equal(first.rows, again.rows):
        return {"rows": n, "same": False, "first_row": None, "largest": None}
    differs = np.abs(first.prediction - again.prediction).reshape(n, -1).max(axis=1)
    same = first.prediction.tobytes() == again.prediction.tobytes()
    at = np.flatnonzero(differs > 0)
    return {
        "rows": n,
        "same": same,
        "first_row": int(first.rows[at[0]]) if len(at) else None,
        "largest": float(differs.max()) if len(at) else None,
    }
