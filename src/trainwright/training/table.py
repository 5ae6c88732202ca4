"""A labelled table, understood: read, kinds and roles found out, target and positive class decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.config.resolve import hidden_columns, resolve_metric
from trainwright.config.settings import Settings
from trainwright.data.dataset import weights
from trainwright.data.infer import Inferred, absent, encode_target, infer_schema, infer_target
from trainwright.data.notes import Note, listing
from trainwright.data.read import ReadOptions, Source, read_table
from trainwright.data.schema import Kind, Role, Schema, Target
from trainwright.data.split import DEVELOPMENT, Split
from trainwright.data.target import rarer_is_positive
from trainwright.errors import UserError
from trainwright.tasks import task_for
from trainwright.tasks.names import CLASS_METRICS, NUMBER_METRICS
from trainwright.training import calibrate
from trainwright.training.decided import check_decision
from trainwright.training.empty_texts import check_contents
from trainwright.training.network_request import check_networks
from trainwright.training.present import check_column, check_values
from trainwright.training.rebalance import Rebalance
from trainwright.training.remarks import about_texts, remarks
from trainwright.training.text_models import check_labels, check_texts
from trainwright.training.weak_columns import check_most

METRICS = CLASS_METRICS.keys() | NUMBER_METRICS.keys()


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


def understand(source: Any, settings: Settings) -> Table:
    """Reads a file or takes a frame, and finds out kinds, roles and target.

    Args:
        source: a path, or any frame that `data.frames` knows.
        settings: with `data.target`.

    Raises:
        UserError: anything about the table that makes training impossible, with what to do.
    """
    data = settings.data
    if data.target is None and not data.annotators:
        raise UserError("no target column is named", remedy="name the column to predict with --target")
    given = read_source(source, settings)
    given, named, voted = _annotated(given, settings)
    check_column(settings, given.frame.columns)
    for name in data.stratify if not isinstance(data.stratify, bool) else ():
        if name not in given.frame.columns:
            raise absent(name, given.frame.columns, f"stratify, {settings.origin('data.stratify')}")
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
        target=named,
        roles=roles,
        kinds={**given.kinds, **_kinds(settings)},
        ignore=hidden_columns(settings),
        missing_marks=data.missing_marks,
    )
    frame, target, notes = infer_target(inferred.frame, named, positive=data.positive, task=data.task)
    check_asked(settings, inferred.schema, target, frame)
    if settings.training.sample is not None:
        rows = max(2, round(frame.height * settings.training.sample))
        drawn = np.random.default_rng(settings.training.seed).choice(frame.height, rows, replace=False)
        frame = frame[np.sort(drawn)]
    check_values(settings, frame, target)
    if data.weight is not None:
        weights(frame[data.weight])  # refused here, before anything is written
    return Table(
        frame,
        inferred.schema,
        target,
        given.name,
        str(given.path or "a table in memory"),
        (*given.notes, *voted, *inferred.notes, *notes),
    )


def check_asked(settings: Settings, schema: Schema, target: Target, frame: pl.DataFrame) -> None:
    """Refuses what cannot be done with this target and these columns, before anything is written.

    Args:
        settings: of the run.
        schema: which columns are features.
        target: what is predicted.
        frame: the table.

    Raises:
        UserError: naming the key.
        EnvironmentProblem: a base model, or a GPU, is not here.
    """
    metric = resolve_metric(settings)
    if metric in METRICS:  # any other name is that of a function handed over in Python
        task_for(target).metric(metric)
    Rebalance.from_settings(settings.training, target)
    calibrate.check(settings.training.calibration, target)
    check_decision(settings, target, frame)
    check_texts(settings, schema)
    check_contents(settings, schema, frame)
    check_labels(settings, target)
    check_networks(settings, target, texts=about_texts(schema))
    called = f"training.select_features ({settings.origin('training.select_features')})"
    check_most(settings.training.select_features, len(schema.features), called)


def _annotated(given: Source, settings: Settings) -> tuple[Source, str, tuple[Note, ...]]:
    """The table, its target, and what is said about annotators; without a target, what most of them say is one."""
    data = settings.data
    if not data.annotators:
        assert data.target is not None
        return given, data.target, ()
    from trainwright.data.annotators import CODE, read_annotations, with_majority

    words = f"{len(data.annotators)} columns hold annotators' labels; no model sees them"
    named = Note(CODE, words, tuple(data.annotators))
    if data.target is not None:
        read_annotations(given.frame, data.annotators)  # refused here, before anything is written
        return given, data.target, (named,)
    frame, target, made = with_majority(given.frame, data.annotators, task=data.task)
    return replace(given, frame=frame), target, (named, made)


def _kinds(settings: Settings) -> dict[str, Kind]:
    """The kinds that the user gave; today's decisions keep their own spelling, which is compared with the classes."""
    today = settings.problem.present_process.column
    return {**({} if today is None else {today: Kind.CATEGORY}), **{n: Kind(k) for n, k in settings.data.kinds.items()}}


def settled(table: Table, split: Split, settings: Settings) -> Table:
    """The table with what only development rows may decide: the default positive class, and remarks on the settings."""
    table = _with_positive(table, split, settings)
    labels = table.frame[table.target.column].filter(pl.Series(split.part == DEVELOPMENT))
    return replace(table, notes=(*table.notes, *remarks(settings, table.target, labels, table.schema)))


def _with_positive(table: Table, split: Split, settings: Settings) -> Table:
    """The table with its default positive class decided by development rows: sealed labels decide nothing."""
    target = table.target
    if target.positive is None or settings.data.positive is not None:
        return table
    y = encode_target(table.frame[target.column], target)
    counts = np.bincount(y[split.part == DEVELOPMENT], minlength=2)
    target, note = rarer_is_positive(target, counts)
    return replace(table, target=target, notes=(*(n for n in table.notes if n.code != "positive"), note))


def given_test(settings: Settings, table: Table) -> pl.DataFrame | None:
    """The rows of a test file of the user's own, with the training table's types."""
    if settings.data.test_file is None:
        return None
    from trainwright.data.conform import conform

    source = read_source(settings.data.test_file, settings)
    target = table.target.column
    frame = source.frame
    if target not in frame.columns and len(frame.columns) == len(table.schema.columns):
        # A file without a header has the training table's columns, in its order.
        frame = frame.rename(dict(zip(frame.columns, table.schema.names)))
    if target not in frame.columns and settings.data.target is None:
        from trainwright.data.annotators import with_majority

        frame, made, _ = with_majority(frame, settings.data.annotators, task=table.target.task)
        frame = frame.rename({made: target})
    if target not in frame.columns:
        raise UserError(f"{settings.data.test_file} has no column {target!r}", remedy="the test file needs labels")
    needed = [target, *(column.name for column in table.schema.features)]
    # Columns that no model sees are part of what names a row, so they are kept where the file has them.
    needed += [c.name for c in table.schema.columns if c.name in frame.columns and c.name not in needed]
    conformed, _ = conform(frame, table.schema, required=needed)
    lacking = [name for name in table.schema.names if name not in conformed.columns]
    conformed = conformed.with_columns(pl.lit(None, table.frame.schema[name]).alias(name) for name in lacking)
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


def read_source(source: Any, settings: Settings) -> Source:
    """The table of a path or a frame, read as the settings say."""
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
