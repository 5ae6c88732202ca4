"""From what the user gave to a run that can be executed: read, infer, split, publish, check, and write the rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.config.resolve import hidden_columns, resolve_metric, resolve_split
from trainwright.config.settings import Settings
from trainwright.data.checks import Findings, run_checks
from trainwright.data.dataset import codes_of, role_codes, role_time
from trainwright.data.infer import Inferred, encode_target, infer_schema, infer_target
from trainwright.data.notes import listing
from trainwright.data.parts import publish_parts, read_test_features
from trainwright.data.read import ReadOptions, Source, read_table
from trainwright.data.schema import Kind, Role, Schema, Target
from trainwright.data.snapshot import content_hash, row_keys
from trainwright.data.split import DEVELOPMENT, TEST, Split, SplitRule, make_split
from trainwright.data.split_keys import earlier_rows, number_copies
from trainwright.data.target import rarer_is_positive
from trainwright.errors import UserError
from trainwright.store.datasets import add_dataset_version, add_split, get_split
from trainwright.store.evaluations import save_findings
from trainwright.store.files import Published
from trainwright.store.projects import Project, check_project_name, ensure_project, list_projects
from trainwright.store.runs import Run, create_run
from trainwright.store.sealed_keys import KeysChangedError, earlier_keys, key_kinds, last_entry, record_keys
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.tasks import task_for
from trainwright.tasks.names import CLASS_METRICS, NUMBER_METRICS
from trainwright.training.options import RunOptions
from trainwright.training.plan import choose_folds

METRICS = CLASS_METRICS.keys() | NUMBER_METRICS.keys()
# DESIGN decision 8: checks may take at most a tenth of the limit.
CHECK_SHARE = 0.1
# Trainings that begin in one project at the same moment draw again, each with the other's rows in view.
SPLIT_TRIES = 10


@dataclass(frozen=True)
class Table:
    """A labelled table, understood.

    Args:
        frame: n labelled rows, cast to the schema's kinds.
        schema, target: what the columns are and what is predicted.
        name: of the file or frame.
        source: where it was read from, in words.
        notes: what was found out or assumed.
    """

    frame: pl.DataFrame
    schema: Schema
    target: Target
    name: str
    source: str
    notes: tuple[Any, ...]


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
    """

    run: Run
    project: Project
    table: Table
    split: Split
    findings: Findings
    dataset_number: int


def understand(source: Any, settings: Settings) -> Table:
    """Reads a file or takes a frame, and finds out kinds, roles and target.

    Args:
        source: a path, or any frame that `data.frames` knows.
        settings: with `data.target`.

    Raises:
        UserError: anything about the table that makes training impossible, with what to do.
    """
    data = settings.data
    if data.target is None:
        raise UserError("no target column is named", remedy="name the column to predict with --target")
    given = _read(source, settings)
    roles = {
        getattr(data, name): role
        for name, role in (
            ("id", Role.ID),
            ("group", Role.GROUP),
            ("cluster", Role.CLUSTER),
            ("weight", Role.WEIGHT),
            ("split_column", Role.SPLIT),
        )
        if getattr(data, name) is not None
    }
    if data.time is not None and data.time != "row-order":
        roles[data.time] = Role.TIME
    inferred: Inferred = infer_schema(
        given.frame,
        target=data.target,
        roles=roles,
        kinds={name: Kind(kind) for name, kind in data.kinds.items()},
        ignore=hidden_columns(settings),
        missing_marks=data.missing_marks,
    )
    frame, target, notes = infer_target(inferred.frame, data.target, positive=data.positive, task=data.task)
    metric = resolve_metric(settings)
    if metric in METRICS:  # any other name is that of a function handed over in Python
        task_for(target).metric(metric)
    if settings.training.sample is not None:
        rows = max(2, round(frame.height * settings.training.sample))
        frame = frame.sample(rows, seed=settings.training.seed, shuffle=False)
    return Table(
        frame,
        inferred.schema,
        target,
        given.name,
        str(given.path or "a table in memory"),
        (*given.notes, *inferred.notes, *notes),
    )


def look_first(source: Any, settings: Settings, *, say: Callable[[str], None] = lambda _: None) -> Table:
    """The table, once everything that needs no workspace is known to be sound: a mistake then makes none.

    Args:
        source: see `understand`.
        settings: of the run.
        say: told which stage begins.

    Raises:
        UserError: about the table, the split or the settings.
    """
    say("reading the table")
    table = understand(source, settings)
    check_project_name(settings.project or _project_name(table.name))
    _given_test(settings, table)
    limit = RunOptions.from_settings(settings).limit
    _draw(table, settings, _rule(settings, table.frame.height, limit), None, None)
    return table


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
        source: see `understand`; or a `Table` that is understood already.
        settings: of the run.
        started: `time.time()` when the command began.
        say: told which stage begins.

    Raises:
        UserError: about the table, the split or the settings.
    """
    started = time.time() if started is None else started
    if not isinstance(source, Table):
        say("reading the table")
    table = source if isinstance(source, Table) else understand(source, settings)
    options = RunOptions.from_settings(settings)
    name = settings.project or _project_name(table.name)
    check_project_name(name)
    given_test = _given_test(settings, table)
    say("splitting")
    for tries in range(SPLIT_TRIES):
        try:
            project, split, parts = _sealed(workspace, name, table, settings, options, given_test, say)
            break
        except KeysChangedError:
            if tries == SPLIT_TRIES - 1:
                raise
    table = _with_positive(table, split, settings)
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
        row = add_split(
            connection, project.id, dataset.id, rule=split.rule.to_json(), summary=summary, artifacts=parts
        )
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
    findings = _check(workspace, row.id, table, split, options.limit * CHECK_SHARE)
    with write(workspace) as connection:
        save_findings(connection, run.id, [finding.to_json() for finding in findings.findings])
    return Prepared(run, project, table, split, findings, dataset.number)


def _with_positive(table: Table, split: Split, settings: Settings) -> Table:
    """The table with its default positive class decided by development rows: sealed labels decide nothing."""
    target = table.target
    if target.positive is None or settings.data.positive is not None:
        return table
    y = encode_target(table.frame[target.column], target)
    counts = np.bincount(y[split.part == DEVELOPMENT], minlength=2)
    target, note = rarer_is_positive(target, counts)
    return replace(table, target=target, notes=(*(n for n in table.notes if n.code != "positive"), note))


def _read(source: Any, settings: Settings) -> Source:
    data = settings.data
    if not isinstance(source, (str, Path)):
        from trainwright.data.frames import to_polars

        return Source(to_polars(source), settings.project or "table", None)
    options = ReadOptions(
        delimiter=data.delimiter,
        encoding=data.encoding,
        decimal=data.decimal,
        header_row=data.header_row,
        sheet=data.sheet,
        missing_marks=data.missing_marks or None,
    )
    return read_table(source, options)


def _given_test(settings: Settings, table: Table) -> pl.DataFrame | None:
    """The rows of a test file of the user's own, with the training table's types."""
    if settings.data.test_file is None:
        return None
    from trainwright.data.conform import conform

    source = _read(settings.data.test_file, settings)
    target = table.target.column
    frame = source.frame
    if target not in frame.columns and len(frame.columns) == len(table.schema.columns):
        # A file without a header has the training table's columns, in its order.
        frame = frame.rename(dict(zip(frame.columns, table.schema.names)))
    if target not in frame.columns:
        raise UserError(f"{settings.data.test_file} has no column {target!r}", remedy="the test file needs labels")
    needed = [target, *(column.name for column in table.schema.features)]
    conformed, _ = conform(frame, table.schema, required=needed)
    y = encode_target(conformed[target], table.target)
    known = y >= 0 if table.target.task == "classes" else np.isfinite(y)
    if not known.any():
        raise UserError(
            f"{settings.data.test_file}: no row has a label of the training table in column {target!r}; it holds "
            f"{listing(frame[target].unique().sort().to_list(), limit=3)}, the training table "
            f"{listing(table.target.classes, limit=3)}",
            remedy="spell the labels alike in both files",
        )
    return conformed.filter(pl.Series(known))


def _sealed(
    workspace: Workspace,
    name: str,
    table: Table,
    settings: Settings,
    options: RunOptions,
    given_test: pl.DataFrame | None,
    say: Callable[[str], None],
) -> tuple[Project, Split, dict[str, Published]]:
    """The project, the split and its published parts; the keys of both parts are recorded.

    Raises:
        KeysChangedError: another training recorded its keys after this split was drawn.
    """
    found = _project(workspace, name)
    last_seen = 0 if found is None else last_entry(workspace, found.id)
    split, keys, kind = _split(workspace, name, found, table, settings, options)
    with write(workspace) as connection:
        project = ensure_project(connection, name, target=table.target.column, problem=_problem(settings))
    say("storing the dataset version")
    parts = publish_parts(workspace, table.frame, split, table.target, given_test=given_test)
    if settings.training.sample is None:  # a rehearsal seals nothing
        sealed = keys[split.part == TEST]
        if given_test is not None:
            sealed = _recorded(_keys(given_test, table.schema, kind), kind)
        development = keys[split.part == DEVELOPMENT]
        record_keys(workspace, project.id, kind, test=sealed, development=development, last_seen=last_seen)
    return project, split, parts


def _project(workspace: Workspace, name: str) -> Project | None:
    with read(workspace) as connection:
        return next((project for project in list_projects(connection) if project.name == name), None)


def _split(
    workspace: Workspace,
    name: str,
    project: Project | None,
    table: Table,
    settings: Settings,
    options: RunOptions,
) -> tuple[Split, np.ndarray, str]:
    """The split, the key of every row, and what the keys are made of."""
    rule = _rule(settings, table.frame.height, options.limit)
    kind = _key_kind(table.schema, settings)
    keys = _keys(table.frame, table.schema, kind)
    known = None
    if project is not None:
        earlier = key_kinds(workspace, project.id)
        if earlier and kind not in earlier:
            raise UserError(
                f"the sealed test of project {name!r} was drawn by {_kind_words(earlier[0])}, "
                f"this training would draw it by {_kind_words(kind)}",
                remedy="rows could move from test to training: use the same roles, or a new project (--project NAME)",
            )
        known = earlier_keys(workspace, project.id, kind)
    masks: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    if known is not None:
        if kind.startswith("group:"):
            masks = np.isin(keys, known.test), np.isin(keys, known.development)
        else:
            masks = earlier_rows(keys, known.test, known.development)
    split = _draw(table, settings, rule, *masks)
    return split, _recorded(keys, kind), kind


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


def _draw(
    table: Table,
    settings: Settings,
    rule: SplitRule,
    earlier_test: np.ndarray | None,
    earlier_development: np.ndarray | None,
) -> Split:
    """Applies the rule to the table."""
    strata = [table.frame[name] for name in rule.strata]
    codes = codes_of(strata) if strata else None
    split = make_split(
        rule,
        table.frame.height,
        task=table.target.task,
        y=encode_target(table.frame[table.target.column], table.target),
        strata=codes,
        group=role_codes(table.frame, table.schema, Role.GROUP),
        time=_time(table, settings),
        split_values=table.frame[rule.split_column].to_list() if rule.split_column else None,
        earlier_test=earlier_test,
        earlier_development=earlier_development,
        classes=table.target.classes,
        strata_names=() if codes is None else _names_of(strata, codes),
    )
    if rule.folds is None or settings.data.folds is not None:
        return split
    asked, chosen = f"{rule.folds} folds, as asked.", f"{rule.folds} folds: what the time limit affords."
    return replace(split, reason=tuple(chosen if words == asked else words for words in split.reason))


def _names_of(columns: list[pl.Series], codes: np.ndarray) -> tuple[str, ...]:
    """The values that stand behind the codes of combined columns, for messages."""
    _, first = np.unique(codes, return_index=True)
    rows = [", ".join(str(column[int(i)]) for column in columns) for i in first]
    return tuple(rows[1:] if codes.min() < 0 else rows)


def _rule(settings: Settings, n_rows: int, limit: float) -> SplitRule:
    """The split that the settings ask for, with no more folds than the time limit affords."""
    rule = SplitRule(**resolve_split(settings).rule)
    if rule.folds is None and not rule.holdout and rule.split_column is None:
        rule = replace(rule, folds=choose_folds(n_rows, limit))
    return rule


def _time(table: Table, settings: Settings) -> np.ndarray | None:
    if settings.data.time == "row-order":
        return np.arange(table.frame.height, dtype=np.float64)
    return role_time(table.frame, table.schema)


def _key_kind(schema: Schema, settings: Settings) -> str:
    """What names a row in every later dataset version: its group, else its id, else the hash of its features."""
    for role in (Role.GROUP, Role.ID):
        name = schema.with_role(role)
        if name is not None:
            return f"{role.value}:{name}"
    return "features"


def _keys(frame: pl.DataFrame, schema: Schema, kind: str) -> np.ndarray:
    if kind == "features":
        names = sorted(c.name for c in schema.columns if c.role is not Role.TARGET)
        return row_keys(frame, names)
    return row_keys(frame, [kind.partition(":")[2]])


def _recorded(keys: np.ndarray, kind: str) -> np.ndarray:
    """The keys as they are kept: rows of a group share one key, copies of a row have one each."""
    return keys if kind.startswith("group:") else number_copies(keys)


def _kind_words(kind: str) -> str:
    role, _, name = kind.partition(":")
    return f"the {role} column {name!r}" if name else "whole rows"


def _check(workspace: Workspace, split_id: int, table: Table, split: Split, seconds: float) -> Findings:
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    with read(workspace) as connection:
        row = get_split(connection, split_id)
    return run_checks(
        development,
        read_test_features(workspace, row),
        table.schema,
        table.target,
        split,
        deadline=seconds,
        notes=table.notes,
    )


def _problem(settings: Settings) -> dict[str, Any] | None:
    problem = settings.problem.model_dump(mode="json", exclude_defaults=True)
    return problem or None


def _project_name(name: str) -> str:
    """A project's name made from a file's."""
    import re

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
    rule = _rule(settings, table.frame.height, RunOptions.from_settings(settings).limit)
    split = _draw(table, settings, rule, None, None)
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    test = table.frame.filter(pl.Series(split.part == TEST)).drop(table.target.column)
    findings = run_checks(
        development,
        test if test.height else None,
        table.schema,
        table.target,
        split,
        deadline=60,
        notes=table.notes,
    )
    return {
        "name": table.name,
        "rows": table.frame.height,
        "target": table.target.to_json(),
        "schema": table.schema.to_json(),
        "notes": [note.to_json() for note in table.notes],
        "split": split.summary(),
        "statistics": statistics(table.frame, table.schema, table.target, split),
        "findings": [finding.to_json() for finding in findings.findings],
        "checks": [outcome.to_json() for outcome in findings.outcomes],
    }
