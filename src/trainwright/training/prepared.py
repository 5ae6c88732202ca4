"""A run that is ready to be executed: what was prepared is written, and its development rows are looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import Connection

from trainwright.config.settings import Settings
from trainwright.data.checks import Findings, label_errors, run_checks
from trainwright.data.checks.policy import silence, stop_on_errors
from trainwright.data.parts import read_test_features
from trainwright.data.snapshot import content_hash
from trainwright.data.split import DEVELOPMENT, Split
from trainwright.store.datasets import DatasetVersion, SplitRow, add_dataset_version, add_split
from trainwright.store.evaluations import save_findings, save_outcomes
from trainwright.store.files import Published
from trainwright.store.projects import Project
from trainwright.store.runs import Run, create_run, fill_run, save_document, set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.training.table import Table

# Checks may take at most a tenth of the limit; a quarter where their findings may stop the training.
CHECK_SHARE, DECIDING_SHARE = 0.1, 0.25


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to be executed.

    Args:
        run: its row.
        project: its project.
        table: the labelled rows, as understood.
        split: which row is where.
        findings: what the checks say.
        dataset_number: of the dataset version.
        dataset_rows: of the dataset version, where the table holds only its development rows.
    """

    run: Run
    project: Project
    table: Table
    split: Split
    findings: Findings
    dataset_number: int
    dataset_rows: int | None = None


def write_prepared(
    workspace: Workspace,
    project: Project,
    table: Table,
    split: Split,
    parts: dict[str, Published],
    settings: Settings,
    *,
    called: str,
    summary: Mapping[str, Any],
    limit: float,
    grown: Mapping[str, Any] | None = None,
    say: Callable[[str], None],
    run: Run | None = None,
) -> Prepared:
    """Writes dataset version, split and run in one transaction, then looks at the development rows.

    Args:
        workspace: where.
        project: whose.
        table: all rows of the dataset version, as understood.
        split: which row is where.
        parts: what was published of it.
        settings: of the run.
        called: what the run's name begins with.
        summary: of the split.
        limit: seconds of the whole run.
        grown: what an incremental training is made of; None for a training in full.
        say: told which stage begins.
        run: one that waits for its data, to be filled in; None to make one.

    Raises:
        UserError: see `check`.
    """
    sha = content_hash(table.frame, table.schema)
    columns, target = table.schema.to_json(), table.target.to_json()
    notes = [note.to_json() for note in table.notes]
    # How this run understands the columns: another run may give the same rows other roles.
    understood = {"schema": columns, "target": target, "notes": notes}
    with write(workspace) as connection:
        dataset = add_dataset_version(
            connection,
            project.id,
            sha=sha,
            name=table.name,
            source=table.source,
            rows=table.frame.height,
            columns=len(table.schema.columns),
            schema=columns,
            target=target,
            notes=notes,
        )
        row = add_split(
            connection,
            project.id,
            dataset.id,
            rule=split.rule.to_json(),
            summary={**summary, "understood": understood, **({} if grown is None else {"incremental": grown})},
            artifacts=parts,
        )
        kind = "full" if grown is None else "incremental"
        run = queue_run(connection, project, settings, dataset, row, called=called, kind=kind, run=run)
    say("checking the data")
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    findings = check(workspace, run, row, table, development, split, limit)
    return Prepared(run, project, table, split, findings, dataset.number)


def queue_run(
    connection: Connection,
    project: Project,
    settings: Settings,
    dataset: DatasetVersion,
    split: SplitRow,
    *,
    called: str,
    kind: str = "full",
    run: Run | None = None,
) -> Run:
    """Writes a run of these settings on this split, which waits to be executed; its name ends with the moment.

    A `run` that waits for its data is filled in instead.
    """
    if run is not None:
        return fill_run(
            connection,
            run,
            settings=settings.to_json(),
            origins=settings.origins,
            dataset_version_id=dataset.id,
            split_id=split.id,
        )
    return create_run(
        connection,
        project.id,
        name=f"{called} {time.strftime('%Y-%m-%d %H:%M:%S')}",
        settings=settings.to_json(),
        origins=settings.origins,
        dataset_version_id=dataset.id,
        split_id=split.id,
        kind=kind,
        comments=settings.training.comments,
    )


def check(
    workspace: Workspace, run: Run, row: SplitRow, table: Table, development: pl.DataFrame, split: Split, limit: float
) -> Findings:
    """Looks at the development rows, keeps what was found with the run, and ends it where the user asked for that.

    Args:
        run, row: of the run, and of its split.
        table: how the columns are understood.
        development: the development rows.
        split: which row is where.
        limit: seconds of the whole run, of which the checks may take their share.

    Raises:
        UserError: a finding is an error, and `data.on_finding` is stop.
    """
    wanted = Settings.from_json(run.settings or {}).data
    findings = run_checks(
        development,
        read_test_features(workspace, row),
        table.schema,
        table.target,
        split,
        deadline=limit * (DECIDING_SHARE if wanted.on_finding == "stop" else CHECK_SHARE),
        notes=table.notes,
        later={label_errors.CODE: "the training's own models look, after they were chosen"},
    )
    findings = silence(findings, wanted.ignore_findings)
    documents = [finding.to_json() for finding in findings.findings]
    stop = stop_on_errors(documents) if wanted.on_finding == "stop" else None
    with write(workspace) as connection:
        save_findings(connection, run.id, documents)
        save_outcomes(connection, run.id, run.attempt, [outcome.to_json() for outcome in findings.outcomes])
        if stop is not None:
            save_document(connection, run.id, run.attempt, "error", {"message": str(stop), "exit_code": stop.exit_code})
            set_state(connection, run.id, run.attempt, "failed", str(stop))
    if stop is not None:
        raise stop
    return findings
