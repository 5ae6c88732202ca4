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


def deciding(workspace: Workspace, opened: Opened, label: str | None = None) -> tuple[Opened, JudgedBy]:
    """The version as it answers, and by what it decides.

    Args:
        workspace: where it is.
        opened: the version.
        label: "d1" for a certain decision, "none" for its own threshold, None for the one in force.

    Raises:
        UserError: the version has no such decision.
        EnvironmentProblem: the decision was damaged by hand.
    """
    found = decision_for(workspace, opened.project, opened.version, label)
    threshold = opened.predictor.manifest.threshold
    by = JudgedBy(found, None if found is None else policy_of(found), 0.5 if threshold is None else threshold)
    return replace(opened, predictor=opened.predictor.deciding(by.policy, by.label)), by


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
    opened, by = deciding(workspace, open_version(workspace, name), decision)
    manifest = opened.predictor.manifest
    labelled = labelled_for(workspace, opened, table)
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


def labelled_for(workspace: Workspace, opened: Opened, table: Any) -> Labelled:
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
