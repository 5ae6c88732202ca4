"""The forms in which a version is written: what each holds, and how its answers are compared with the version's."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.infer import encode_target
from trainwright.errors import UserError
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.deciding import Deciding, own_threshold, wider
from trainwright.packages.export.int8 import Short, bytes_of, in_int8, measured
from trainwright.packages.export.parity import TOLERANCE, Parity, compare, require
from trainwright.packages.export.pipeline import Pipeline, pipeline
from trainwright.packages.export.place import MODEL
from trainwright.packages.export.precision import in_full
from trainwright.packages.export.trial_rows import ROWS, made_up, trial_rows
from trainwright.packages.needs import own_version
from trainwright.packages.predictor import Given, Predictor
from trainwright.packages.verify import Checked

# Rows on which it is looked how far the version's own numbers of few bits are from those of 32.
FEW = 100


@dataclass(frozen=True)
class Subject:
    """The version that is exported.

    Args:
        label: how users call it, such as "adult@v2".
        checked: its package, every byte checked.
        predictor: the same, opened.
        rows: the rows on which the export is compared.
        deciding: by which decision, or the package's own threshold.
        development: the rows that it was trained on, with the target; None where they are not kept.
        int8: networks are written in eight bits.
        remarks: what else is to be said of it, in sentences.
    """

    label: str
    checked: Checked
    predictor: Predictor
    rows: Given
    deciding: Deciding
    development: pl.DataFrame | None = None
    int8: bool = False
    remarks: tuple[str, ...] = ()

    @property
    def made_up(self) -> int:
        """How many of the rows that are compared belong to nobody."""
        return made_up(1 if self.development is None else self.development.height)


@dataclass(frozen=True)
class Written:
    """What a format's writer made.

    Args:
        needs: what running it needs: library -> range.
        parity: how its answers compare with ours.
        notes: what it leaves out of the version, and what that means.
        inputs: what each column takes.
        how: by what it decides.
        remarks: what else is to be said of it, in sentences.
        short: what eight bits changed, where they were asked for.
    """

    needs: dict[str, str]
    parity: Parity
    notes: list[str]
    inputs: dict[str, str]
    how: Deciding
    remarks: tuple[str, ...] = ()
    short: Short | None = None


def _in_full(subject: Subject) -> Subject:
    """The subject with language models that compute in 32 bits, as an export does."""
    ensemble = Ensemble(subject.checked)
    if not in_full(ensemble):
        return subject
    full, few = Predictor(subject.checked, ensemble), subject.rows.frame.head(FEW)
    far = float(np.abs(full.predict_raw(few) - subject.predictor.predict_raw(few)).max(initial=0.0))
    remark = (
        "it computes in 32 bits, and was compared with the version computing so too; here the version takes 16 for its "
        f"language model, which is quicker and moves its own answers by up to {far:.1g}"
    )
    return replace(subject, predictor=full, remarks=(remark,) if far > TOLERANCE else ())


def _shortened(
    subject: Subject,
    pipe: Pipeline,
    how: Deciding,
    place: Path,
    write: Callable[[Path, Pipeline], Any],
    run: Callable[[Path, Pipeline, pl.DataFrame], tuple[np.ndarray, float]],
) -> Short:
    """Writes the export again in eight bits, in the place of what is there, and measures what that changes.

    Args:
        subject, pipe, how: what is written.
        place: where the export lies.
        write: writes it there.
        run: its answers to rows, and the seconds for them.

    Raises:
        UserError: there is nothing to shorten, or the rows it was trained on are not kept.
    """
    target = subject.checked.manifest.target
    if subject.development is None:
        raise UserError(
            "--int8 measures what eight bits cost on rows that the version was trained on, and they are not kept",
            remedy="leave --int8 out, or train again in this workspace",
        )
    less = in_int8(pipe)
    y = encode_target(subject.development[target.column], target)
    known = np.flatnonzero(np.isfinite(y) if target.task == "number" else y >= 0)
    drawn = np.sort(np.random.default_rng(0).permutation(known)[:ROWS])
    rows = subject.predictor.conform(subject.development[drawn.tolist()].select(subject.checked.layout.names)).frame
    before, seconds_before = run(place, pipe, rows)
    size = bytes_of(place)
    for path in place.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    write(place, less)
    after, seconds_after = run(place, less, rows)
    sizes, seconds = (size, bytes_of(place)), (seconds_before, seconds_after)
    return measured(target, how.threshold, y[drawn], before, after, sizes, seconds)


def _compared(subject: Subject, how: Deciding, theirs: Any, labels: Any, what: str, *, bounds: bool = False) -> Parity:
    """Refuses what does not answer as the version does; with `bounds` low and high are compared as well."""
    if bounds and subject.predictor.interval is not None:
        ours = subject.predictor.predict_spans(subject.rows)
    else:
        ours = how.corrected(subject.predictor.predict_raw(subject.rows))
    parity = compare(
        ours, theirs, labels, subject.checked.manifest.target, how.threshold, subject.made_up, costs=how.costs
    )
    require(parity, what)
    return parity


def _pipeline(subject: Subject, how: Deciding, notes: list[str]) -> Pipeline:
    """The version's steps, with what they leave out."""
    return replace(pipeline(subject.checked, Ensemble(subject.checked), how), left_out=tuple(notes))


def _onnx(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.onnx_export import input_kinds, run_onnx, timed_onnx, write_onnx

    subject = _in_full(subject)
    how, notes = subject.deciding.without_review(), subject.deciding.left_out()
    if subject.checked.manifest.interval is not None:
        review = subject.deciding.review
        sent = "" if review is None else f", and sends no row to a person (trainwright sends {wider(review)})"
        notes.append(
            "low and high are not part of the export: it gives the number alone, without how far off it may be"
            f"{sent}; --format folder and --format mlflow hold them"
        )
    pipe = _pipeline(subject, how, notes)

    def write(place: Path, pipe: Pipeline) -> dict[str, str]:
        return write_onnx(place / MODEL, pipe, subject.label, own_version())

    needed = write(temporary, pipe)
    say(f"comparing it with the version on {subject.rows.frame.height:,} rows")
    theirs, labels = run_onnx(temporary / MODEL, pipe, subject.rows.frame)
    parity, short = _compared(subject, how, theirs, labels, "ONNX file"), None
    if subject.int8:
        say("writing its networks in eight bits, and measuring what that costs")
        short = _shortened(subject, pipe, how, temporary, write, lambda at, p, rows: timed_onnx(at / MODEL, p, rows))
    return Written(needed, parity, notes, input_kinds(pipe), how, subject.remarks, short)


def _folder(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.standalone import run_folder, timed_folder, write_folder

    subject = _in_full(subject)
    how, notes = subject.deciding, subject.deciding.left_out(band=True)
    pipe = _pipeline(subject, how, notes)

    def write(place: Path, pipe: Pipeline) -> dict[str, str]:
        return write_folder(place, pipe, subject.checked, subject.label)

    needed = write(temporary, pipe)
    say(f"comparing it with the version on {subject.rows.frame.height:,} rows, in a process without trainwright")
    theirs, labels = run_folder(temporary, pipe, subject.rows.frame)
    inputs = {name: pipe.schema[name].kind.value for name in pipe.layout.names}
    parity, short = _compared(subject, how, theirs, labels, "folder", bounds=True), None
    if subject.int8:
        say("writing its networks in eight bits, and measuring what that costs")
        short = _shortened(subject, pipe, how, temporary, write, timed_folder)
    return Written(needed, parity, notes, inputs, how, subject.remarks, short)


def _mlflow(temporary: Path, subject: Subject, say: Callable[[str], None]) -> Written:
    from trainwright.packages.export.mlflow_model import input_types, run_mlflow, write_mlflow

    target, label = subject.checked.manifest.target, subject.deciding.label
    how = own_threshold(subject.checked.manifest)
    notes = []
    if label:
        rule = f"it decides {how.said(target)}" if target.n_outputs == 2 else "the most probable class is its label"
        rule = "it marks rows for review by the version's own width, or none" if target.task != "classes" else rule
        notes.append(f"the decision {label} is not part of an MLflow model: {rule}; `trainwright predict` follows it")
    if subject.int8:
        raise UserError(
            "an MLflow model is the version's own package, which stays as it is",
            remedy="leave --int8 out, or take --format onnx or folder",
        )
    examples = trial_rows(
        None, subject.checked.layout, subject.checked.manifest.schema, subject.checked.reference, n=10, seed=1
    )
    needed = write_mlflow(temporary, subject.checked, subject.predictor, examples, subject.label, notes)
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
