"""Reads a stored dataset version and prepares a training on it: its rows, split and sealed test stay what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trainwright.config.settings import Settings
from trainwright.config.together import check_together
from trainwright.data.checks.policy import check_codes
from trainwright.data.notes import Note
from trainwright.data.parts import read_development
from trainwright.data.split import Split
from trainwright.errors import UserError
from trainwright.store.datasets import DatasetVersion, SplitRow, find_dataset_version, latest_split
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run, list_runs
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.ignored import without
from trainwright.training.options import RunOptions
from trainwright.training.prepared import Prepared, check, queue_run
from trainwright.training.remarks import remarks
from trainwright.training.setting_values import at, put
from trainwright.training.table import Table, check_asked
from trainwright.training.text_models import check_versions
from trainwright.training.try_log import stands
from trainwright.training.tuning.request import check_search, check_winner
from trainwright.training.understood import schema_and_target, table_notes

# Of the `data:` block, what may be said anew about stored rows; the rest made the split, which stays as it is.
FREE = ("version", "on_finding", "ignore_findings", "filter_low_quality")
FILES = ("train_file", "test_file")
# Notes about the settings or the moment of the run that made the split, which say nothing about this one.
NOT_KEPT = ("without_effect", "recommendation")


@dataclass(frozen=True)
class Stored:
    """A stored dataset version as a run on it begins.

    Args:
        project, dataset: which it is.
        row: its newest split.
        split: which row is where.
        table: its development rows, as understood; no other row is read.
        settings: what was given, on top of those of `before`.
        before: the run that made the split.
    """

    project: Project
    dataset: DatasetVersion
    row: SplitRow
    split: Split
    table: Table
    settings: Settings
    before: Run


def prepare_stored(
    workspace: Workspace,
    source: Any,
    settings: Settings,
    *,
    say: Callable[[str], None] = lambda _: None,
    run: Run | None = None,
) -> Prepared:
    """Writes everything a run on a stored dataset version needs; no sealed label is read.

    Args:
        workspace: where the version is stored.
        source: must be None: the rows are stored.
        settings: with `data.version` and `project`; what they leave open is taken from the run that made the split.
        say: told which stage begins.
        run: one that was made before, to be filled in; None to make one.

    Raises:
        UserError: no such project or version, a table beside the version, or a setting that would change the split.
    """
    check_codes(settings.data.ignore_findings)
    say("reading the dataset version")
    stored = read_stored(workspace, source, settings)
    project, dataset, settings = stored.project, stored.dataset, stored.settings
    check_versions(workspace, settings)
    with write(workspace) as connection:
        called = f"{project.name} d{dataset.number}"
        run = queue_run(connection, project, settings, dataset, stored.row, called=called, run=run)
    say("checking the data")
    limit = RunOptions.from_settings(settings).limit
    findings = check(workspace, run, stored.row, stored.table, stored.table.frame, stored.split, limit)
    return Prepared(run, project, stored.table, stored.split, findings, dataset.number, dataset.rows)


def read_stored(workspace: Workspace, source: Any, settings: Settings) -> Stored:
    """The development rows of a dataset version with the settings that a run on it has; nothing is written.

    Args:
        workspace: where the version is stored.
        source: must be None: the rows are stored.
        settings: with `data.version` and `project`.

    Raises:
        UserError: as `prepare_stored`.
    """
    assert settings.data.version is not None
    if source is not None:
        raise UserError(
            f"a table and --data-version {settings.data.version} are both given",
            remedy="give one: a dataset version is trained on from the workspace",
        )
    if settings.project is None:
        raise UserError(
            f"--data-version {settings.data.version} needs the project whose dataset version it is",
            remedy=f"trainwright train --project NAME --data-version {settings.data.version}",
        )
    check_winner(workspace, settings.project, settings)
    with read(workspace) as connection:
        project = get_project(connection, settings.project)
        dataset = find_dataset_version(connection, project.id, settings.data.version)
        row = latest_split(connection, dataset.id)
        if row is None:
            raise UserError(f"d{dataset.number} has no split", remedy="train on its file instead")
        runs = list_runs(connection, project.id)
        origin = dataset.origin or {}
        before = get_run(connection, origin["run"]) if "run" in origin else _run_on(runs, dataset)
    settings = inherit(settings, before)
    check_together(settings)
    schema, target = schema_and_target(row)
    check_search(settings.search, target.task)
    frame, split, _ = read_development(workspace, row)
    check_asked(settings, without(schema, settings.data.ignore), target, frame)
    known = [n for n in table_notes(row) or [] if n.get("code") not in NOT_KEPT]
    notes = tuple(Note(n["code"], n["message"], tuple(n.get("columns") or ())) for n in known)
    corrected = [n["message"] for n in dataset.notes or [] if n.get("code") == "corrected_labels"]
    notes = (*(Note("corrected_labels", words) for words in corrected), *notes)
    said = [n for n in remarks(settings, target, frame[target.column], schema) if n not in notes]
    source = dataset.source or f"d{dataset.number}"
    table = Table(frame, schema, target, dataset.name, source, (*notes, *said))
    return Stored(project, dataset, row, split, table, settings, before)


def inherit(settings: Settings, before: Run) -> Settings:
    """The settings of the run that made the split, with what is given now on top.

    Raises:
        UserError: a key is given that would change how the rows are read or split.
    """
    base = dict(before.settings or {})
    given = settings.to_json()
    origins = dict(before.origins or {})
    merged: dict[str, Any] = {name: dict(value) if isinstance(value, dict) else value for name, value in base.items()}
    if settings.search.asked:  # then nothing of an earlier search holds, its winner least of all
        merged.pop("search", None)
        origins = {key: where for key, where in origins.items() if not key.startswith("search.")}
    for key, where in settings.origins.items():
        block, _, rest = key.partition(".")
        if block == "data" and rest not in FREE:
            if rest == "train_file" or at(given, key) == at(base, key):  # the YAML of the first training may name it
                continue
            raise UserError(
                f"data.{rest} ({where}) cannot change on a stored dataset version: its split stays as it is",
                remedy="leave it out, or train on the file in a new project (--project NAME)",
            )
        put(merged, key, at(given, key))
        origins[key] = where
    merged["project"] = settings.project
    for name in FILES:  # the rows are stored; the files may be gone
        put(merged, f"data.{name}", None)
        origins.pop(f"data.{name}", None)
    return Settings.from_json(merged, origins)


def _run_on(runs: list[Run], dataset: DatasetVersion) -> Run:
    for run in runs:  # the newest first
        if run.dataset_version_id == dataset.id and stands(run):
            return run
    raise UserError(f"no run was made on d{dataset.number}", remedy="train on its file instead")
