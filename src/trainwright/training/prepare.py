"""From what the user gave to a run that can be executed: read, infer, split, publish, check, and write the rows."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.checks import Findings, label_errors, run_checks
from trainwright.data.checks.policy import check_codes, silence, stop_on_errors
from trainwright.data.parts import read_test_features
from trainwright.data.snapshot import content_hash
from trainwright.data.split import DEVELOPMENT, TEST, Split
from trainwright.errors import UserError
from trainwright.store.datasets import SplitRow, add_dataset_version, add_split
from trainwright.store.evaluations import save_findings, save_outcomes
from trainwright.store.projects import Project, check_project_name
from trainwright.store.runs import Run, create_run, save_document, set_state
from trainwright.store.sealed_keys import KeysChangedError
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.training.full_or_incremental import advice_before_full
from trainwright.training.options import RunOptions
from trainwright.training.sealing import draw, rule_of, seal
from trainwright.training.table import Table, settled, understand
from trainwright.training.table import given_test as read_given_test
from trainwright.training.tuning.request import check_search, check_winner

# Checks may take at most a tenth of the limit; a quarter where their findings may stop the training.
CHECK_SHARE, DECIDING_SHARE = 0.1, 0.25
# Trainings that begin in one project at the same moment draw again, each with the other's rows in view.
SPLIT_TRIES = 10


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


def look_first(source: Any, settings: Settings, *, say: Callable[[str], None] = lambda _: None) -> Table:
    """The table, once everything that needs no workspace is known to be sound: a mistake then makes none.

    Args:
        source: see `understand`.
        settings: of the run.
        say: told which stage begins.

    Raises:
        UserError: about the table, the split or the settings.
    """
    check_base(settings)
    say("reading the table")
    check_codes(settings.data.ignore_findings)
    check_search(settings.search)
    check_winner(None, settings.project, settings)
    table = understand(source, settings)
    check_search(settings.search, table.target.task)
    check_project_name(settings.project or _project_name(table.name))
    read_given_test(settings, table)
    limit = RunOptions.from_settings(settings).limit
    draw(table, settings, rule_of(settings, table.frame.height, limit), None, None)
    return table


def check_base(settings: Settings) -> None:
    """A version to learn on from is named only where something learns on.

    Raises:
        UserError: it, or what is replayed of its rows, is named without `training.incremental`.
    """
    if settings.training.base is not None and not settings.training.incremental:
        raise UserError(
            f"training.base ({settings.origin('training.base')}) names a version to learn on from, "
            "but the training is in full",
            remedy="add --incremental, or leave base out",
        )
    if "training.replay" in settings.origins and not settings.training.incremental:
        raise UserError(
            f"training.replay ({settings.origin('training.replay')}) says how much is learned from again, "
            "but the training is in full",
            remedy="add --incremental, or leave replay out",
        )


def prepare(
    workspace: Workspace,
    source: Any,
    settings: Settings,
    *,
    started: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Writes everything a run needs; nothing is written before the table and the split are known to be sound.

    Args:
        source: see `understand`; or a `Table` that is understood already; None with `data.version`.
        settings: of the run.
        started: `time.time()` when the command began.
        say: told which stage begins.

    Raises:
        UserError: about the table, the split or the settings.
    """
    check_base(settings)
    if settings.training.incremental:
        from trainwright.training.incremental_prepare import prepare_incremental

        return prepare_incremental(workspace, source, settings, say=say)
    if settings.data.version is not None:
        from trainwright.training.stored import prepare_stored

        return prepare_stored(workspace, source, settings, say=say)
    started = time.time() if started is None else started
    check_search(settings.search)
    check_winner(workspace, settings.project, settings)
    if not isinstance(source, Table):
        say("reading the table")
    table = source if isinstance(source, Table) else understand(source, settings)
    check_search(settings.search, table.target.task)
    options = RunOptions.from_settings(settings)
    check_codes(settings.data.ignore_findings)
    name = settings.project or _project_name(table.name)
    check_project_name(name)
    check_winner(workspace, name, settings)
    given_test = read_given_test(settings, table)
    advice = None
    if settings.training.sample is None:
        say("looking for rows that are known")
        advice = advice_before_full(workspace, name, table, settings)
    say("splitting")
    for tries in range(SPLIT_TRIES):
        try:
            project, split, parts = seal(workspace, name, table, settings, options, given_test, say)
            break
        except KeysChangedError:
            if tries == SPLIT_TRIES - 1:
                raise
    table = settled(table, split, settings)
    table = table if advice is None else replace(table, notes=(*table.notes, advice))
    sha = content_hash(table.frame, table.schema)
    with write(workspace) as connection:
        dataset = add_dataset_version(
            connection,
            project.id,
            sha=sha,
            name=table.name,
            source=table.source,
            rows=table.frame.height,
            columns=len(table.schema.columns),
            schema=table.schema.to_json(),
            target=table.target.to_json(),
            notes=[note.to_json() for note in table.notes],
        )
        # How this run understands the columns: another run may give the same rows other roles.
        understood = {
            "schema": table.schema.to_json(),
            "target": table.target.to_json(),
            "notes": [note.to_json() for note in table.notes],
        }
        summary = {**_summary(split, given_test), "understood": understood}
        row = add_split(connection, project.id, dataset.id, rule=split.rule.to_json(), summary=summary, artifacts=parts)
        run = create_run(
            connection,
            project.id,
            name=_run_name(name),
            settings=settings.to_json(),
            origins=settings.origins,
            dataset_version_id=dataset.id,
            split_id=row.id,
            comments=settings.training.comments,
        )
    say("checking the data")
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    findings = check(workspace, run, row, table, development, split, options.limit)
    return Prepared(run, project, table, split, findings, dataset.number)


def _summary(split: Split, given_test: pl.DataFrame | None) -> dict[str, Any]:
    """The split's summary; with a test file of the user's own, its rows are the test part."""
    summary = split.summary()
    if given_test is not None:
        sealed = summary["sizes"]["test"]
        summary["sizes"]["test"] = summary["n_rows"]["test"] = given_test.height
        if sealed:
            summary["sizes"]["left_out"] += sealed
            summary["left_out"] = {**summary["left_out"], "sealed by an earlier training": sealed}
    return summary


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


def _project_name(name: str) -> str:
    """A project's name made from a file's."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-._")[:100] or "project"


def _run_name(project: str) -> str:
    return f"{project} {time.strftime('%Y-%m-%d %H:%M:%S')}"


def examine(source: Any, settings: Settings) -> dict[str, Any]:
    """What `inspect` shows: kinds, roles, split sizes, statistics and findings; nothing is written.

    Args:
        source: see `understand`.
        settings: with `data.target`.
    """
    from trainwright.data.statistics import statistics

    table = understand(source, settings)
    rule = rule_of(settings, table.frame.height, RunOptions.from_settings(settings).limit)
    split = draw(table, settings, rule, None, None)
    table = settled(table, split, settings)
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    given = read_given_test(settings, table)
    held = table.frame.filter(pl.Series(split.part == TEST)) if given is None else given
    test = held.drop(table.target.column)
    findings = run_checks(
        development,
        test if test.height else None,
        table.schema,
        table.target,
        split,
        deadline=60,
        notes=table.notes,
    )
    check_codes(settings.data.ignore_findings)
    findings = silence(findings, settings.data.ignore_findings)
    return {
        "name": table.name,
        "rows": table.frame.height,
        "target": table.target.to_json(),
        "schema": table.schema.to_json(),
        "notes": [note.to_json() for note in table.notes],
        "split": _summary(split, given),
        "statistics": statistics(table.frame, table.schema, table.target, split),
        "findings": [finding.to_json() for finding in findings.findings],
        "checks": [outcome.to_json() for outcome in findings.outcomes],
    }
