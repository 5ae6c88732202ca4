"""From what the user gave to a run that can be executed: read, infer, split, publish, check, and write the rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.checks import Findings, run_checks
from trainwright.data.checks.policy import check_codes, silence
from trainwright.data.split import DEVELOPMENT, TEST, Split
from trainwright.errors import UserError
from trainwright.store.projects import check_project_name
from trainwright.store.runs import Run
from trainwright.store.workspace import Workspace
from trainwright.training.base_overlap import seen_by_base
from trainwright.training.full_or_incremental import advice_before_full
from trainwright.training.options import RunOptions
from trainwright.training.prepared import Prepared, write_prepared
from trainwright.training.sealing import draw, drawn_again, rule_of, seal
from trainwright.training.table import Table, settled, understand
from trainwright.training.table import given_test as read_given_test
from trainwright.training.text_models import check_versions, check_without_workspace
from trainwright.training.tuning.request import check_search, check_winner


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
    check_without_workspace(settings, table.schema)
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
    say: Callable[[str], None] = lambda _: None,
    run: Run | None = None,
) -> Prepared:
    """Writes everything a run needs; nothing is written before the table and the split are known to be sound.

    Args:
        source: see `understand`; or a `Table` that is understood already; None with `data.version`.
        settings: of the run.
        say: told which stage begins.
        run: one that was made before its data was read, to be filled in; None to make one.

    Raises:
        UserError: about the table, the split or the settings.
    """
    check_base(settings)
    if settings.training.incremental:
        from trainwright.training.incremental_prepare import prepare_incremental

        return prepare_incremental(workspace, source, settings, say=say, run=run)
    if settings.data.version is not None:
        from trainwright.training.stored import prepare_stored

        return prepare_stored(workspace, source, settings, say=say, run=run)
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
    check_versions(workspace, settings)
    given_test = read_given_test(settings, table)
    advice = None
    if settings.training.sample is None:
        say("looking for rows that are known")
        advice = advice_before_full(workspace, name, table, settings)
    say("splitting")
    project, split, parts = drawn_again(lambda: seal(workspace, name, table, settings, options, given_test, say))
    table = settled(table, split, settings)
    told = (*(() if advice is None else (advice,)), *seen_by_base(workspace, table, settings))
    table = replace(table, notes=(*table.notes, *told))
    return write_prepared(
        workspace,
        project,
        table,
        split,
        parts,
        settings,
        called=name,
        summary=_summary(split, given_test),
        limit=options.limit,
        say=say,
        run=run,
    )


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


def _project_name(name: str) -> str:
    """A project's name made from a file's."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-._")[:100] or "project"


def examine(source: Any, settings: Settings) -> dict[str, Any]:
    """What `inspect` shows: kinds, roles, split sizes, statistics and findings; nothing is written.

    Args:
        source: see `understand`.
        settings: with `data.target`.
    """
    from trainwright.data.statistics import statistics

    check_codes(settings.data.ignore_findings)
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
    return examined(
        table,
        silence(findings, settings.data.ignore_findings),
        rows=table.frame.height,
        split=_summary(split, given),
        statistics=statistics(table.frame, table.schema, table.target, split),
    )


def examined(
    table: Table, findings: Findings, *, rows: int, split: dict[str, Any], statistics: dict[str, Any]
) -> dict[str, Any]:
    """What a look at a table tells, as plain data.

    Args:
        table: as it was understood.
        findings: of the checks.
        rows: of the whole table.
        split: its summary.
        statistics: see `data.statistics`.
    """
    return {
        "name": table.name,
        "rows": rows,
        "target": table.target.to_json(),
        "schema": table.schema.to_json(),
        "notes": [note.to_json() for note in table.notes],
        "split": split,
        "statistics": statistics,
        "findings": [finding.to_json() for finding in findings.findings],
        "checks": [outcome.to_json() for outcome in findings.outcomes],
    }
