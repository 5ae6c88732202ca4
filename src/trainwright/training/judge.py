"""Judges versions on labelled files: which rows they were trained on is counted, and left out of comparisons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.dataset import role_codes
from trainwright.data.infer import encode_target
from trainwright.data.parts import read_development
from trainwright.data.schema import Role
from trainwright.data.snapshot import row_keys
from trainwright.errors import UserError
from trainwright.evaluate.compare import compare_versions
from trainwright.evaluate.document import evaluate
from trainwright.evaluate.interval_coverage import Bounds, booleans_of, measure
from trainwright.packages.predictor import Given, Predictor
from trainwright.packages.ranking import lift
from trainwright.store.datasets import get_split
from trainwright.store.evaluations import add_evaluation, evaluations_of
from trainwright.store.files import open_artifact
from trainwright.store.names import resolve_version
from trainwright.store.projects import Project
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace
from trainwright.tasks import task_for
from trainwright.training.deployed import decision_for, policy_of
from trainwright.training.judged_by import JudgedBy

ORDINARY, STRESS_TEST = "evaluation", "stress-test"
# The note of a predictor whose decision has thresholds by a column that the table lacks.
NO_SEGMENTS = "no_segments"


@dataclass(frozen=True)
class Opened:
    """A version with its package loaded."""

    project: Project
    version: Version
    predictor: Predictor

    @property
    def label(self) -> str:
        return f"{self.project.name}@{self.version.label}"


@dataclass(frozen=True)
class Labelled:
    """A labelled file as one version sees it.

    Args:
        given: conformed features and the source rows.
        y: (n,) class positions or numbers; -1 or NaN where the label is missing or unknown.
        seen: (n,) whether the version was trained on the row.
    """

    given: Given
    y: np.ndarray
    seen: np.ndarray


def open_version(workspace: Workspace, name: str) -> Opened:
    """The version that a name such as `adult@v2` stands for, checked and loaded."""
    project, version = resolve_version(workspace, name)
    folder = open_artifact(workspace, "package", version.artifact)
    return Opened(project, version, Predictor.open(folder, expected_sha=version.manifest_sha))


def evaluate_file(
    workspace: Workspace,
    name: str,
    table: Any,
    *,
    keep: bool = True,
    stress: str | None = None,
    decision: str | None = None,
) -> dict[str, Any]:
    """Measures a version on a labelled table.

    Args:
        name: such as `adult` or `adult@v2`.
        table: a path or a frame, with the target column.
        keep: store the evaluation with the version.
        stress: the name of a stress test: the rows are hard on purpose, so the figures are kept and shown apart and
            say nothing about the version in general.
        decision: by which of its decisions, such as "d1"; "none": its own threshold; None: as `predict` answers.

    Returns:
        The evaluation document, with `seen` (rows the version was trained on), `decision` (by which it was judged and
        what that does on these rows; None: its own threshold) and, where ranking makes sense, `lift`;
        of a stress test with `kind`, `name` and `against`, the figure on the sealed test beside it.

    Raises:
        UserError: the table lacks the target or features, or the version has no such decision.
        EnvironmentProblem: the decision was damaged by hand.
    """
    opened = open_version(workspace, name)
    found = decision_for(workspace, opened.project, opened.version, decision)
    manifest = opened.predictor.manifest
    by = JudgedBy(
        found, None if found is None else policy_of(found), 0.5 if manifest.threshold is None else manifest.threshold
    )
    opened = replace(opened, predictor=opened.predictor.deciding(by.policy, by.label))
    labelled = _labelled(workspace, opened, table)
    state = opened.predictor.interval
    spans = None if state is None else opened.predictor.predict_spans(labelled.given)
    prediction = opened.predictor.predict_raw(labelled.given) if spans is None else spans[:, 0]
    shown = by.shown(prediction)
    metric = (opened.version.metrics or {}).get("metric")
    source = labelled.given.source
    roles: dict[str, Any] = {
        key: _role(source, manifest.schema, role) for key, role in (("group", Role.GROUP), ("cluster", Role.CLUSTER))
    }
    document = evaluate(
        manifest.target,
        labelled.y,
        shown,
        part="file",
        metric=metric if metric in task_for(manifest.target).metrics else None,
        **roles,
        threshold=by.cut(len(labelled.y), labelled.given.segment),
        seed=manifest.seed,
    )
    document["decision"] = None
    if manifest.target.task == "classes":
        by.measured(
            manifest.target, labelled.y, shown, document, segment=labelled.given.segment, seed=manifest.seed, **roles
        )
    elif spans is not None:
        by.measured_width(document, labelled.y, spans, manifest.seed, **roles)
    if state is not None and spans is not None:
        document["interval"] = measure(
            Bounds.of(labelled.y, spans, state.level),
            columns=lambda rows: opened.predictor.layout.encode(labelled.given.frame[rows]),
            booleans=booleans_of(manifest.schema),
            **roles,
            seed=manifest.seed,
        )
    document["version"] = opened.label
    document["notes"] += [note.message for note in labelled.given.notes if note.code == NO_SEGMENTS]
    document["seen"] = int(labelled.seen.sum())
    document["rows"] = len(labelled.y)
    if labelled.seen.any():
        document["notes"] = [
            f"{document['seen']:,} of {len(labelled.y):,} rows were trained on: their figures flatter the version",
            *document["notes"],
        ]
    target = manifest.target
    if target.task == "number" or len(target.classes) == 2:
        score = prediction if target.task == "number" else prediction[:, target.positive_index]
        truth = labelled.y if target.task == "number" else labelled.y == target.positive_index
        known = labelled.y >= 0 if target.task == "classes" else np.isfinite(labelled.y)
        document["lift"] = [at.to_json() for at in lift(score[known], truth[known].astype(float))]
    document["kind"] = ORDINARY if stress is None else STRESS_TEST
    if stress is not None:
        document["name"] = stress
        document["against"] = _beside(opened.version, document)
    if keep and not workspace.read_only:
        with write(workspace) as connection:
            origin = str(table) if isinstance(table, str) else "a table in memory"
            add_evaluation(connection, "file", document, version_id=opened.version.id, source=origin)
    return document


def kept_evaluations(workspace: Workspace, version: Version) -> dict[str, list[dict[str, Any]]]:
    """The evaluations on files that are kept with a version, oldest first: ordinary ones and stress tests apart."""
    with read(workspace) as connection:
        rows = evaluations_of(connection, version_id=version.id, part="file")
    out: dict[str, list[dict[str, Any]]] = {"evaluations": [], "stress_tests": []}
    for row in rows:
        document, metric = row.document, row.document.get("metric")
        stress = document.get("kind") == STRESS_TEST
        out["stress_tests" if stress else "evaluations"].append(
            {
                **({"name": document.get("name")} if stress else {}),
                "source": row.source,
                "created": row.created,
                "rows": document.get("n_rows"),
                "seen": document.get("seen"),
                "metric": metric,
                "decision": (document.get("decision") or {}).get("label"),
                "figure": (document.get("metrics") or {}).get(metric),
            }
        )
    return out


def _beside(version: Version, document: dict[str, Any]) -> dict[str, Any] | None:
    """The version's own figure, on the sealed test where there is one, beside that of a stress test."""
    figures, name = version.metrics or {}, document["metric"]
    for part in ("test", "validation"):
        figure = (figures.get(part) or {}).get(name)
        if figure and figure.get("value") is not None:
            return {"part": part, "metric": name, **figure}
    return None


def compare(workspace: Workspace, first: str, second: str, table: Any = None) -> dict[str, Any]:
    """Two versions side by side, and a verdict on rows that neither was trained on.

    Args:
        first, second: such as `adult@v1` and `adult@v2`.
        table: a labelled table; without one the stored figures are shown and no verdict is given.

    Returns:
        {"versions": [...], "rows": n, "verdict": {...} or None, "reason": words}.

    Raises:
        UserError: the versions predict different targets.
    """
    pair = [open_version(workspace, name) for name in (first, second)]
    targets = [opened.predictor.manifest.target for opened in pair]
    if targets[0].column != targets[1].column or targets[0].classes != targets[1].classes:
        raise UserError(
            f"{pair[0].label} and {pair[1].label} predict different things", remedy="compare versions of one target"
        )
    document: dict[str, Any] = {
        "versions": [
            {
                "name": opened.label,
                "metrics": opened.version.metrics,
                "details": opened.version.details,
                "comments": opened.version.comments,
                "created": opened.version.created,
            }
            for opened in pair
        ],
        "rows": 0,
        "verdict": None,
        "reason": "no rows are known that neither version was trained on: give a labelled file with --data",
    }
    if table is None:
        return document
    seen = [_labelled(workspace, opened, table) for opened in pair]
    target = targets[0]
    known = seen[0].y >= 0 if target.task == "classes" else np.isfinite(seen[0].y)
    fresh = known & ~seen[0].seen & ~seen[1].seen
    document["rows"] = int(fresh.sum())
    document["left_out"] = int(len(fresh) - fresh.sum())
    if not fresh.any():
        document["reason"] = "every labelled row of the file was trained on by one of the versions"
        return document
    task = task_for(target)
    name = (pair[0].version.metrics or {}).get("metric")
    metric = task.metrics.get(str(name)) or task.default_metric()
    predictions = [opened.predictor.predict_raw(one.given) for opened, one in zip(pair, seen)]
    found = compare_versions(
        seen[0].y[fresh],
        predictions[1][fresh],
        predictions[0][fresh],
        metric,
        names=(pair[1].label, pair[0].label),
    )
    document["verdict"] = found.to_json()
    document["reason"] = _words(found.to_json(), metric.title)
    return document


def _words(found: dict[str, Any], title: str) -> str:
    if found["verdict"] == "too few rows":
        return f"{found['n_rows']} rows that neither was trained on are too few for a verdict (100 are needed)"
    words = {"better": "is better than", "worse": "is worse than"}.get(found["verdict"], "is not distinguishable from")
    spread = ""
    if found["low"] is not None:
        spread = f" by {found['difference']:+.4g} ({found['low']:+.4g} to {found['high']:+.4g})"
    return f"{found['name']} {words} {found['against']} in {title}{spread} on {found['n_rows']:,} rows"


def _labelled(workspace: Workspace, opened: Opened, table: Any) -> Labelled:
    """The table conformed for the version, its labels, and which rows the version knows."""
    manifest = opened.predictor.manifest
    given = opened.predictor.conform(table)
    column = manifest.target.column
    source = given.source
    if column not in source.columns:
        raise UserError(
            f"the table has no column {column!r} with the labels", remedy="use `trainwright predict` without labels"
        )
    y = encode_target(source[column], manifest.target)
    if not (y >= 0 if manifest.target.task == "classes" else np.isfinite(y)).any():
        found = ", ".join(repr(value) for value in source[column].drop_nulls().unique(maintain_order=True).head(5))
        expected = "numbers" if manifest.target.task == "number" else ", ".join(map(repr, manifest.target.classes[:5]))
        raise UserError(
            f"no row has a label that {opened.label} knows in column {column!r}: found {found or 'no value'}, "
            f"expected {expected}",
            remedy="write the labels as in the training table, or use `trainwright predict` without labels",
        )
    return Labelled(given, y, trained_on(workspace, opened.version, given.frame))


def trained_on(workspace: Workspace, version: Version, features: pl.DataFrame) -> np.ndarray:
    """(n,) whether the version was trained on a row with these feature values."""
    if version.run_id is None:
        return np.zeros(features.height, dtype=bool)
    with read(workspace) as connection:
        run = get_run(connection, version.run_id)
        assert run.split_id is not None
        split = get_split(connection, run.split_id)
    development, _, _ = read_development(workspace, split)
    names = sorted(features.columns)
    return np.isin(row_keys(features, names), row_keys(development.select(names), names))


def _role(source: pl.DataFrame, schema: Any, role: Role) -> np.ndarray | None:
    name = schema.with_role(role)
    return role_codes(source, schema, role) if name is not None and name in source.columns else None
