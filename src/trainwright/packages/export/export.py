"""Exports a version: writes it in another form, compares its answers with ours, and only then gives it its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.errors import UserError
from trainwright.models.storage import write_json
from trainwright.packages.disk import disk_problems
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.deciding import Deciding, deciding, own_threshold, wider
from trainwright.packages.export.parity import Parity, compare, require
from trainwright.packages.export.pipeline import Pipeline, pipeline
from trainwright.packages.export.place import MODEL, RECORD, check_place, filled_beside, publish
from trainwright.packages.export.trial_rows import MADE_UP, ROWS, trial_rows
from trainwright.packages.needs import own_version
from trainwright.packages.predictor import Given, Predictor
from trainwright.packages.verify import Checked, check_package
from trainwright.store.audit import record_act
from trainwright.store.files import open_artifact
from trainwright.store.names import resolve_version
from trainwright.store.projects import Project
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace


@dataclass(frozen=True)
class Subject:
    """The version that is exported.

    Args:
        label: how users call it, such as "adult@v2".
        checked: its package, every byte checked.
        predictor: the same, opened.
        rows: the rows on which the export is compared.
        deciding: by which decision, or the package's own threshold.
    """

    label: str
    checked: Checked
    predictor: Predictor
    rows: Given
    deciding: Deciding


def export_version(
    workspace: Workspace,
    name: str,
    format: str,
    to: str | Path | None = None,
    *,
    decision: str | None = None,
    say: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Writes a version as an ONNX file, as a folder that runs without trainwright, or as an MLflow model.

    Args:
        workspace: where the version is kept.
        name: such as `adult` or `adult@v2`.
        format: a key of `FORMATS`.
        to: a folder that is not there yet or is empty; for ONNX also a file ending in .onnx. By default a folder named
            after version and format, where the command runs.
        decision: "d1" for a certain decision, "none" for the version's own threshold, None for the one in force.
        say: told what happens.

    Returns:
        `version`, `format`, `path`, `files` {name: bytes}, `size_mb`, `parity` {rows, made_up, worst, worst_row,
        tolerance, labels}, `needs` {library: range}, `inputs`, `notes` (what is left out, and what that means); this is
        stored in `export.json`, too.

    Raises:
        UserError: no such version or format, the place is taken, a step cannot be expressed, or the answers differ.
        EnvironmentProblem: a library is missing, or the disk is full.
    """
    if format not in FORMATS:
        raise UserError(f"there is no export format {format!r}", remedy=f"the formats are {', '.join(FORMATS)}")
    writer, check_libraries = FORMATS[format]
    project, version = resolve_version(workspace, name)
    place = check_place(to, format, f"{project.name}-{version.label}-{format}")
    check_libraries()
    subject = _subject(workspace, project, version, decision)
    say(f"writing {subject.label} as {format}")
    with disk_problems(place), filled_beside(place) as temporary:
        written = writer(temporary, subject, say)
        record = {
            "version": subject.label,
            "manifest_sha256": subject.checked.sha,
            "decision": written.how.label or None,
            "decides": written.how.said(subject.checked.manifest.target),
            "format": format,
            "trainwright": own_version(),
            "parity": written.parity.to_json(),
            "needs": written.needs,
            "inputs": written.inputs,
            "notes": written.notes,
        }
        write_json(temporary / RECORD, record)
        files = {
            p.relative_to(temporary).as_posix(): p.stat().st_size for p in sorted(temporary.rglob("*")) if p.is_file()
        }
        publish(temporary, place)
    parity = written.parity
    size = sum(files.values())
    if not workspace.read_only:
        with write(workspace) as connection:
            details = {"format": format, "path": str(place), "parity": parity.to_json(), "bytes": size}
            record_act(connection, "export", version.label, project_id=project.id, details=details)
    return {**record, "path": str(place), "files": files, "size_mb": size / 1e6, "text": parity.text}


def _subject(workspace: Workspace, project: Project, version: Version, decision: str | None) -> Subject:
    folder = open_artifact(workspace, "package", version.artifact)
    checked = check_package(folder, version.manifest_sha)
    predictor = Predictor(checked, Ensemble(checked))
    rows = trial_rows(
        _development(workspace, version), checked.layout, checked.manifest.schema, checked.reference, seed=0
    )
    label = f"{project.name}@{version.label}"
    how = deciding(workspace, version, checked.manifest, label, decision)
    return Subject(label, checked, predictor, predictor.conform(rows), how)


def _development(workspace: Workspace, version: Version) -> pl.DataFrame | None:
    """The version's development rows; None where they are not kept."""
    from trainwright.data.parts import read_development
    from trainwright.store.datasets import get_split
    from trainwright.store.runs import get_run

    if version.run_id is None:
        return None
    with read(workspace) as connection:
        run = get_run(connection, version.run_id)
        row = None if run.split_id is None else get_split(connection, run.split_id)
    return None if row is None else read_development(workspace, row)[0]


@dataclass(frozen=True)
class Written:
    """What a format's writer made.

    Args:
        needs: what running it needs: library -> range.
        parity: how its answers compare with ours.
        notes: what it leaves out of the version, and what that means.
        inputs: what each column takes.
        how: by what it decides.
    """

    needs: dict[str, str]
    parity: Parity
    notes: list[str]
    inputs: dict[str, str]
    how: Deciding


def _compared(subject: Subject, how: Deciding, theirs: Any, labels: Any, what: str, *, bounds: bool = False) -> Parity:
    """Refuses what does not answer as the version does; with `bounds` low and high are compared as well."""
    if bounds and subject.predictor.interval is not None:
        ours = subject.predictor.predict_spans(subject.rows)
    else:
        ours = how.corrected(subject.predictor.predict_raw(subject.rows))
    parity = compare(ours, theirs, labels, subject.checked.manifest.target, how.threshold, min(MADE_UP, ROWS))
    require(parity, what)
    return parity


def _pipeline(subject: Subject, how: Deciding, notes: list[str]) -> Pipeline:
    """The version's steps, with what they leave out."""
    return replace(pipeline(subject.checked, Ensemble(subject.checked), how), left_out=tuple(notes))


def _onnx(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.onnx_export import input_kinds, run_onnx, write_onnx

    how, notes = subject.deciding.without_review(), subject.deciding.left_out()
    if subject.checked.manifest.interval is not None:
        review = subject.deciding.review
        sent = "" if review is None else f", and sends no row to a person (trainwright sends {wider(review)})"
        notes.append(
            "low and high are not part of the export: it gives the number alone, without how far off it may be"
            f"{sent}; --format folder and --format mlflow hold them"
        )
    pipe = _pipeline(subject, how, notes)
    needed = write_onnx(temporary / MODEL, pipe, subject.label, own_version())
    say(f"comparing it with the version on {subject.rows.frame.height:,} rows")
    theirs, labels = run_onnx(temporary / MODEL, pipe, subject.rows.frame)
    return Written(needed, _compared(subject, how, theirs, labels, "ONNX file"), notes, input_kinds(pipe), how)


def _folder(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.standalone import run_folder, write_folder

    how, notes = subject.deciding, subject.deciding.left_out(band=True)
    pipe = _pipeline(subject, how, notes)
    needed = write_folder(temporary, pipe, subject.checked, subject.label)
    say(f"comparing it with the version on {subject.rows.frame.height:,} rows, in a process without trainwright")
    theirs, labels = run_folder(temporary, pipe, subject.rows.frame)
    inputs = {name: pipe.schema[name].kind.value for name in pipe.layout.names}
    return Written(needed, _compared(subject, how, theirs, labels, "folder", bounds=True), notes, inputs, how)


def _mlflow(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.mlflow_model import input_types, run_mlflow, write_mlflow

    target, label = subject.checked.manifest.target, subject.deciding.label
    how = own_threshold(subject.checked.manifest)
    notes = []
    if label:
        rule = f"it decides {how.said(target)}" if target.n_outputs == 2 else "the most probable class is its label"
        rule = "it marks rows for review by the version's own width, or none" if target.task != "classes" else rule
        notes.append(f"the decision {label} is not part of an MLflow model: {rule}; `trainwright predict` follows it")
    made_up = trial_rows(
        None, subject.checked.layout, subject.checked.manifest.schema, subject.checked.reference, n=10, seed=1
    )
    needed = write_mlflow(temporary, subject.checked, subject.predictor, made_up, subject.label, notes)
    say(f"comparing it with the version on {subject.rows.frame.height:,} rows, through mlflow.pyfunc")
    theirs, labels = run_mlflow(temporary, subject.checked, subject.rows.frame)
    parity = _compared(subject, how, theirs, labels, "MLflow model", bounds=True)
    return Written(needed, parity, notes, input_types(subject.checked), how)


def _no_library() -> None:
    """The folder needs nothing more."""


def _require_onnx() -> None:
    from trainwright.packages.export.onnx_export import require_onnx

    require_onnx()


def _require_mlflow() -> None:
    from trainwright.packages.export.mlflow_model import require_mlflow

    require_mlflow()


FORMATS: dict[str, tuple[Callable[[Path, Subject, Callable[[str], None]], Written], Callable[[], None]]] = {
    "onnx": (_onnx, _require_onnx),
    "mlflow": (_mlflow, _require_mlflow),
    "folder": (_folder, _no_library),
}
