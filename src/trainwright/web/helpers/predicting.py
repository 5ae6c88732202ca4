"""Tasks with a loaded model: predictions with their reasons, and what a form must ask for."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.errors import UserError
from trainwright.packages.predictor import Predictor
from trainwright.store.files import open_artifact
from trainwright.store.names import resolve_version
from trainwright.store.projects import Project
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace
from trainwright.training.deployed import policy_for
from trainwright.web.helpers.seen_values import seen_values

# Models that a child keeps loaded, by the SHA-256 of their manifest.
KEPT = 4
_loaded: OrderedDict[str, Predictor] = OrderedDict()


def predict(
    workspace: Workspace,
    *,
    name: str,
    rows: Sequence[Mapping[str, Any]] | None = None,
    table: str | None = None,
    decision: str | None = None,
    threshold: float | None = None,
    explain: int = 0,
    keep: Sequence[str] | str = (),
    most: int = 10_000,
) -> dict[str, Any]:
    """Predictions of a version.

    Args:
        workspace: where the version is kept.
        name: such as `adult` or `adult@v2`.
        rows: column name -> value; or
        table: the server's own path of an upload.
        decision: "d1", "none", or None for the decision in force.
        threshold: for two classes, instead.
        explain: reasons for each row.
        keep: columns of the table to keep, or "all".
        most: rows that may be asked for at once.

    Returns:
        `version`, `decision` (its label or None), `rows`, `predictions` (a mapping for each row), `reasons` (a list for
        each row, with `explain`) and `notes`.
    """
    from trainwright.data.frames import to_polars

    project, version, predictor = opened(workspace, name, decision)
    if (rows is None) == (table is None):
        raise UserError("give either rows or an upload")
    if rows is not None:
        if not rows:
            raise UserError("no row is given", remedy="give at least one")
        _check_columns(rows, predictor)
        given = predictor.conform(to_polars({name: [row.get(name) for row in rows] for name in _names(rows)}))
    else:
        given = predictor.conform(table)
    if given.source.height > most:
        raise UserError(
            f"{given.source.height:,} rows are more than the {most:,} that are predicted at once",
            remedy="give fewer, or use `trainwright predict`",
        )
    frame = predictor.predict(given, threshold=threshold, keep=keep)
    found = predictor.explain(given, explain) if explain else []
    reasons = [[{**reason.to_json(), "text": reason.text} for reason in row] for row in found]
    return {
        "version": f"{project.name}@{version.label}",
        "decision": None if threshold is not None else predictor.decision,
        "rows": frame.height,
        "predictions": frame.to_dicts(),
        "reasons": reasons or None,
        "notes": [note.message for note in given.notes],
    }


def inputs(workspace: Workspace, *, name: str) -> dict[str, Any]:
    """What a version must be given: a field for each column, for a form.

    Returns:
        `version`, `target` {column, task, classes}, and `columns`: name, kind, the values of a category, and of the
        rows it learned from `typical` (median, most frequent value), for a number also `low` and `high`.
    """
    project, version, predictor = opened(workspace, name, None)
    seen = seen_values(workspace, version, predictor.layout)
    layout, schema = predictor.layout, predictor.manifest.schema
    values = dict(zip(layout.categories, layout.vocabulary))
    target = predictor.manifest.target
    return {
        "version": f"{project.name}@{version.label}",
        "target": {"column": target.column, "task": target.task, "classes": list(target.classes)},
        "columns": [
            {
                "name": name,
                "kind": schema[name].kind.value,
                "values": [str(value) for value in values.get(name, ())][:200],
                **seen.get(name, {"typical": None, "low": None, "high": None}),
            }
            for name in layout.names
        ],
    }


def opened(workspace: Workspace, name: str, decision: str | None) -> tuple[Project, Version, Predictor]:
    """A version with its model, loaded once by the package's own hash, answering by a decision."""
    project, version = resolve_version(workspace, name)
    policy, label = policy_for(workspace, project, version, decision)
    predictor = _loaded.pop(version.manifest_sha, None)
    if predictor is None:
        folder = open_artifact(workspace, "package", version.artifact)
        predictor = Predictor.open(folder, expected_sha=version.manifest_sha)
    _loaded[version.manifest_sha] = predictor
    while len(_loaded) > KEPT:
        _loaded.popitem(last=False)
    return project, version, predictor.deciding(policy, label)


def _names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _check_columns(rows: Sequence[Mapping[str, Any]], predictor: Predictor) -> None:
    for number, row in enumerate(rows, 1):
        for name, value in row.items():
            if isinstance(value, list | dict):
                raise UserError(f"row {number}: {name!r} holds {type(value).__name__}", remedy="give one value")
    missing = [name for name in predictor.layout.names if name not in set(_names(rows))]
    if missing:
        raise UserError(
            f"the rows lack {', '.join(map(repr, missing[:10]))}{' and more' if len(missing) > 10 else ''}",
            remedy="give every column of the model; null where a value is missing",
        )
