"""The version that an incremental training learns on from: found, checked, and its earlier rows with their folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.parts import read_development, read_test_features
from trainwright.data.schema import Role, Schema, Target
from trainwright.data.snapshot import row_keys
from trainwright.data.split import Split
from trainwright.data.split_keys import number_copies
from trainwright.errors import UserError
from trainwright.store.datasets import SplitRow, get_split
from trainwright.store.deployments import active_deployment
from trainwright.store.files import artifact_path
from trainwright.store.names import split_name
from trainwright.store.projects import Project, get_project
from trainwright.store.runs import Run, get_run
from trainwright.store.transaction import read
from trainwright.store.trials import trials_of
from trainwright.store.versions import Version, get_version, list_versions
from trainwright.store.workspace import Workspace
from trainwright.training.kept_plan import kept_plan
from trainwright.training.kept_rows import rows_are_there
from trainwright.training.understood import schema_and_target


@dataclass(frozen=True)
class Base:
    """A version, the run that made it, and the splits behind it.

    Args:
        project, version, run, split_row: the rows.
        schema, target: how its run understood the columns.
        chain: the splits of the versions that it learned on from, newest first, each with the number of its fold for
            each of this split's folds; its own first.
    """

    project: Project
    version: Version
    run: Run
    split_row: SplitRow
    schema: Schema
    target: Target
    chain: tuple[tuple[SplitRow, tuple[int, ...]], ...]

    @property
    def label(self) -> str:
        """Such as "adult@v3"."""
        return f"{self.project.name}@{self.version.label}"

    @property
    def members(self) -> dict[str, float]:
        """Share of each candidate that the version is made of."""
        return {name: float(w) for name, w in (kept_plan(self.run).get("weights") or {}).items() if w > 0}


@dataclass(frozen=True)
class Pool:
    """The earlier development rows.

    Args:
        frame: n rows, in the types of the base's table.
        trains, validates: (f, n) bool, by fold of the base.
        keys: (n,) uint64 of the rows, copies numbered.
        sealed: (m,) uint64 keys of the earlier sealed rows.
        names: the columns that name a row.
        units: (n,) uint64 of what is never parted by a fold: the group, else the features.
    """

    frame: pl.DataFrame
    trains: np.ndarray
    validates: np.ndarray
    keys: np.ndarray
    sealed: np.ndarray
    names: tuple[str, ...]
    units: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.uint64))


def find_base(workspace: Workspace, settings: Settings) -> Base:
    """The version to learn on from: the one named, else the active one, else the newest.

    Raises:
        UserError: no project or version, of another project, or its fold models or rows are gone.
    """
    if settings.project is None:
        raise UserError(
            "--incremental learns on from a version, and no project is named",
            remedy="trainwright train NEW.csv --project NAME --incremental",
        )
    named = settings.training.base
    with read(workspace) as connection:
        project = get_project(connection, settings.project)
        versions = list_versions(connection, project.id)
        if not versions:
            raise UserError(
                f"project {project.name!r} has no version to learn on from",
                remedy=f"train in full first: trainwright train TABLE.csv --target COLUMN --project {project.name}",
            )
        if named is not None:
            version = get_version(connection, project, _number(named, project))
        else:
            active = active_deployment(connection, project.id)
            held = {one.id: one for one in versions}
            version = held.get(active.version_id, versions[-1]) if active is not None else versions[-1]
        if version.run_id is None:
            raise UserError(f"{project.name}@{version.label} was not trained here", remedy="name another with --base")
        run = get_run(connection, version.run_id)
    rows_are_there(workspace, run)
    with read(workspace) as connection:
        row = get_split(connection, run.split_id or 0)
    base = Base(
        project,
        version,
        run,
        row,
        *schema_and_target(row),
        _chain(workspace, row),
    )
    _check_folds(workspace, base)
    return base


def read_pool(workspace: Workspace, base: Base) -> Pool:
    """Every earlier development row once, with the folds that held it out, and the keys of the sealed ones."""
    frames, trains, validates, keys, sealed = [], [], [], [], []
    names: tuple[str, ...] = ()
    known = np.zeros(0, dtype=np.uint64)
    for row, folds in base.chain:
        frame, split, _ = read_development(workspace, row)
        if not names:
            names = _names(base, frame)
        own = number_copies(row_keys(frame, names))
        fresh = ~np.isin(own, known)
        known = np.concatenate([known, own])
        frames.append(frame.filter(pl.Series(fresh)))
        keys.append(own[fresh])
        trained, validated = _roles(split, folds, frame.height)
        trains.append(trained[:, fresh])
        validates.append(validated[:, fresh])
        test = read_test_features(workspace, row)
        if test is not None and set(names) <= set(test.columns):
            sealed.append(number_copies(row_keys(test, names)))
    frame = pl.concat(frames, how="vertical_relaxed")
    return Pool(
        frame,
        np.concatenate(trains, axis=1),
        np.concatenate(validates, axis=1),
        np.concatenate(keys),
        np.concatenate([np.zeros(0, dtype=np.uint64), *sealed]),
        names,
        row_keys(frame, unit_names(base.schema)),
    )


def unit_names(schema: Schema) -> list[str]:
    """The columns by which rows belong together in a fold: the group, else every feature (copies of a row)."""
    group = schema.with_role(Role.GROUP)
    return [group] if group is not None else sorted(column.name for column in schema.features)


def _number(named: str, project: Project) -> int:
    """The number of the version that `training.base` names: v3, 3 or project@v3."""
    text = named if "@" in named else f"{project.name}@{named}"
    name, number = split_name(text)
    if name != project.name or number is None:
        raise UserError(
            f"--base {named} is no version of project {project.name!r}",
            remedy=f"name one such as v1; `trainwright versions list {project.name}` shows them",
        )
    return number


def _chain(workspace: Workspace, row: SplitRow) -> tuple[tuple[SplitRow, tuple[int, ...]], ...]:
    """The split and those that its version learned on from."""
    grown = (row.summary or {}).get("incremental")
    count = len((row.summary or {}).get("folds") or [])
    found: list[tuple[SplitRow, tuple[int, ...]]] = [(row, tuple(range(count)))]
    if grown:
        with read(workspace) as connection:
            for link in grown["chain"]:
                folds = link["folds"]
                found.append((get_split(connection, link["split"]), tuple(folds)))
    return tuple(found)


def _roles(split: Split, folds: tuple[int, ...], n: int) -> tuple[np.ndarray, np.ndarray]:
    """(f, n) which rows train and which validate in each fold of the base."""
    trains, validates = np.zeros((len(folds), n), dtype=bool), np.zeros((len(folds), n), dtype=bool)
    for i, at in enumerate(folds):
        trains[i, split.folds[at].train] = True
        validates[i, split.folds[at].validation] = True
    return trains, validates


def _names(base: Base, frame: pl.DataFrame) -> tuple[str, ...]:
    """The columns that name a row: its id, else every column but the target."""
    name = base.schema.with_role(Role.ID)
    if name is not None and name in frame.columns:
        return (name,)
    return tuple(sorted(c.name for c in base.schema.columns if c.role is not Role.TARGET and c.name in frame.columns))


def _check_folds(workspace: Workspace, base: Base) -> None:
    """The fold models of every member lie in the workspace: each fold learns on from its own, so that it stays honest.

    Raises:
        UserError: one is gone.
    """
    with read(workspace) as connection:
        rows: list[Any] = trials_of(connection, base.run.id, state="completed")
    there = {
        (row.name, row.fold)
        for row in rows
        if row.artifact is not None and artifact_path(workspace, "trial", row.artifact).is_dir()
    }
    folds = len((base.split_row.summary or {}).get("folds") or [])
    lacking = [name for name in base.members if any((name, at) not in there for at in range(folds))]
    if set(base.members) == {"baseline"}:
        raise UserError(
            f"{base.label} answers the same for every row: there is nothing to learn on from", remedy="train in full"
        )
    if lacking or not base.members:
        what = f"the fold models of {', '.join(lacking)}" if lacking else "the members of the version"
        raise UserError(
            f"{what} are not kept in the workspace: {base.label} cannot learn on",
            remedy="name another version with --base, or train in full",
        )
