"""Exports a version: writes it in another form, compares its answers with ours, and only then gives it its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from trainwright.errors import UserError
from trainwright.models.storage import write_json
from trainwright.packages.disk import disk_problems
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.deciding import deciding
from trainwright.packages.export.forms import FORMATS, Subject
from trainwright.packages.export.place import RECORD, check_place, filled_beside, is_file, publish
from trainwright.packages.export.precision import reads_tokens
from trainwright.packages.export.trial_rows import trial_rows
from trainwright.packages.needs import own_version
from trainwright.packages.predictor import Predictor
from trainwright.packages.verify import check_package
from trainwright.store.audit import record_act
from trainwright.store.files import open_artifact
from trainwright.store.names import resolve_version
from trainwright.store.projects import Project
from trainwright.store.transaction import read, write
from trainwright.store.versions import Version
from trainwright.store.workspace import Workspace


def export_version(
    workspace: Workspace,
    name: str,
    format: str,
    to: str | Path | None = None,
    *,
    decision: str | None = None,
    int8: bool = False,
    who: str | None = None,
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
        int8: networks are written in eight bits, and what that costs is measured.
        who: asks for it; the user of this process when not given.
        say: told what happens.

    Returns:
        `version`, `format`, `path`, `files` {name: bytes}, `size_mb`, `parity` {rows, made_up, worst, worst_row,
        tolerance, labels}, `needs` {library: range}, `inputs`, `notes` (what is left out, and what that means),
        `remarks` (what else to know), `int8` (what eight bits changed, or None); this is stored in `export.json`, too.

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
    subject = replace(_subject(workspace, project, version, decision), int8=int8)
    if is_file(place) and (texts := subject.checked.layout.texts) and reads_tokens(subject.checked):
        raise UserError(
            f"{place} names a file, but {subject.label} reads the text {texts[0]!r}, whose tokenizer lies beside it",
            remedy="give the name of a folder with --to",
        )
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
            "remarks": list(written.remarks),
            "int8": None if written.short is None else written.short.to_json(),
        }
        write_json(temporary / RECORD, record)
        files = {
            p.relative_to(temporary).as_posix(): p.stat().st_size for p in sorted(temporary.rglob("*")) if p.is_file()
        }
        publish(temporary, place)
    parity = written.parity
    shortened = {} if written.short is None else {"int8_text": written.short.text}
    size = sum(files.values())
    if not workspace.read_only:
        with write(workspace) as connection:
            details = {"format": format, "path": str(place), "parity": parity.to_json(), "bytes": size}
            record_act(connection, "export", version.label, project_id=project.id, who=who, details=details)
    return {**record, "path": str(place), "files": files, "size_mb": size / 1e6, "text": parity.text, **shortened}


def _subject(workspace: Workspace, project: Project, version: Version, decision: str | None) -> Subject:
    folder = open_artifact(workspace, "package", version.artifact)
    checked = check_package(folder, version.manifest_sha)
    predictor = Predictor(checked, Ensemble(checked))
    development = _development(workspace, version)
    rows = trial_rows(development, checked.layout, checked.manifest.schema, checked.reference, seed=0)
    label = f"{project.name}@{version.label}"
    how = deciding(workspace, version, checked.manifest, label, decision)
    return Subject(label, checked, predictor, predictor.conform(rows), how, development)


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
