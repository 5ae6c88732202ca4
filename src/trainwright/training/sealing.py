"""Draws the split of a table and seals its test part: a row sealed once stays sealed in every later version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import polars as pl

from trainwright.config.resolve import resolve_split
from trainwright.config.settings import Settings
from trainwright.data.copies import Copies, find_copies
from trainwright.data.dataset import codes_of, role_codes, role_time
from trainwright.data.infer import encode_target
from trainwright.data.parts import publish_parts
from trainwright.data.schema import Role, Schema
from trainwright.data.snapshot import row_keys
from trainwright.data.split import DEVELOPMENT, TEST, Split, SplitRule, make_split
from trainwright.data.split_keys import earlier_rows, number_copies
from trainwright.errors import UserError
from trainwright.store.files import Published
from trainwright.store.projects import Project, ensure_project, find_project
from trainwright.store.sealed_keys import (
    KeysChangedError,
    SealedKeys,
    earlier_keys,
    key_kinds,
    last_entry,
    record_keys,
)
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training.options import RunOptions
from trainwright.training.plan import choose_folds
from trainwright.training.table import Table

# Trainings that begin in one project at the same moment draw again, each with the other's rows in view.
SPLIT_TRIES = 10
Drawn = TypeVar("Drawn")


def drawn_again(attempt: Callable[[], Drawn]) -> Drawn:
    """What `attempt` gives: draws and seals once more, while other trainings record their keys in between.

    Raises:
        KeysChangedError: they never rested.
    """
    for _ in range(SPLIT_TRIES - 1):
        try:
            return attempt()
        except KeysChangedError:
            continue
    return attempt()


def seal(
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
            sealed = recorded_keys(keys_of(given_test, table.schema, kind), kind)
        development = keys[split.part == DEVELOPMENT]
        record_keys(workspace, project.id, kind, test=sealed, development=development, last_seen=last_seen)
    return project, split, parts


def draw(
    table: Table,
    settings: Settings,
    rule: SplitRule,
    earlier_test: np.ndarray | None,
    earlier_development: np.ndarray | None,
) -> Split:
    """Applies the rule to the table."""
    strata = [table.frame[name] for name in rule.strata]
    codes = codes_of(strata) if strata else None
    copies = _copies(table, rule)
    split = make_split(
        rule,
        table.frame.height,
        task=table.target.task,
        y=encode_target(table.frame[table.target.column], table.target),
        strata=codes,
        group=role_codes(table.frame, table.schema, Role.GROUP),
        time=_time(table, settings),
        copies=None if copies is None else copies.kept_whole,
        split_values=table.frame[rule.split_column].to_list() if rule.split_column else None,
        earlier_test=earlier_test,
        earlier_development=earlier_development,
        classes=table.target.classes,
        strata_names=() if codes is None else _names_of(strata, codes),
    )
    if copies is not None and copies.repeated:
        split = replace(split, reason=(*split.reason, copies.words))
    if rule.folds is None or settings.data.folds is not None:
        return split
    asked, chosen = f"{rule.folds} folds, as asked.", f"{rule.folds} folds: what the time limit affords."
    return replace(split, reason=tuple(chosen if words == asked else words for words in split.reason))


def _copies(table: Table, rule: SplitRule) -> Copies | None:
    """Rows that equal another in every feature; None where the split does not go by chance."""
    if not rule.by_chance:
        return None
    return find_copies(table.frame, [column.name for column in table.schema.features])


def rule_of(settings: Settings, n_rows: int, limit: float) -> SplitRule:
    """The split that the settings ask for, with no more folds than the time limit affords."""
    rule = SplitRule(**resolve_split(settings).rule)
    if rule.folds is None and not rule.holdout and rule.split_column is None:
        rule = replace(rule, folds=choose_folds(n_rows, limit))
    return rule


def _project(workspace: Workspace, name: str) -> Project | None:
    with read(workspace) as connection:
        return find_project(connection, name)


def _split(
    workspace: Workspace,
    name: str,
    project: Project | None,
    table: Table,
    settings: Settings,
    options: RunOptions,
) -> tuple[Split, np.ndarray, str]:
    """The split, the key of every row, and what the keys are made of."""
    rule = rule_of(settings, table.frame.height, options.limit)
    kind = key_kind(table.schema)
    keys = keys_of(table.frame, table.schema, kind)
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
    split = draw(table, settings, rule, *earlier_masks(known, keys, kind))
    return split, recorded_keys(keys, kind), kind


def earlier_masks(known: SealedKeys | None, keys: np.ndarray, kind: str) -> tuple[np.ndarray | None, np.ndarray | None]:
    """(n,) bool each, which rows earlier splits of the project sealed, and which they trained on; None without any."""
    if known is None:
        return None, None
    if kind.startswith("group:"):
        return np.isin(keys, known.test), np.isin(keys, known.development)
    return earlier_rows(keys, known.test, known.development)


def _names_of(columns: list[pl.Series], codes: np.ndarray) -> tuple[str, ...]:
    """The values that stand behind the codes of combined columns, for messages."""
    _, first = np.unique(codes, return_index=True)
    rows = [", ".join(str(column[int(i)]) for column in columns) for i in first]
    return tuple(rows[1:] if codes.min() < 0 else rows)


def _time(table: Table, settings: Settings) -> np.ndarray | None:
    if settings.data.time == "row-order":
        return np.arange(table.frame.height, dtype=np.float64)
    return role_time(table.frame, table.schema)


def key_kind(schema: Schema) -> str:
    """What names a row in every later dataset version: its group, else its id, else the hash of its features."""
    for role in (Role.GROUP, Role.ID):
        name = schema.with_role(role)
        if name is not None:
            return f"{role.value}:{name}"
    return "features"


def keys_of(frame: pl.DataFrame, schema: Schema, kind: str) -> np.ndarray:
    """(n,) uint64, what names each row: its group, its id or all it holds but the target."""
    if kind == "features":
        names = sorted(c.name for c in schema.columns if c.role is not Role.TARGET)
        return row_keys(frame, names)
    return row_keys(frame, [kind.partition(":")[2]])


def recorded_keys(keys: np.ndarray, kind: str) -> np.ndarray:
    """The keys as they are kept: rows of a group share one key, copies of a row have one each."""
    return keys if kind.startswith("group:") else number_copies(keys)


def _kind_words(kind: str) -> str:
    role, _, name = kind.partition(":")
    return f"the {role} column {name!r}" if name else "whole rows"


def _problem(settings: Settings) -> dict[str, Any] | None:
    problem = settings.problem.model_dump(mode="json", exclude_defaults=True)
    return problem or None
