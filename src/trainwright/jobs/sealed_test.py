"""Opens the sealed test on a finished package, loaded from disk in a fresh process.

`python -m trainwright.jobs.sealed_test WORKSPACE RUN ATTEMPT PACKAGE SHA` prints the evaluation document, or null when
there is no test part. It holds figures and curves, never rows.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trainwright.data.dataset import role_codes, role_time, weights
from trainwright.data.infer import encode_target
from trainwright.data.schema import Role, Schema, Target
from trainwright.data.sealed import has_test, open_test
from trainwright.errors import TrainwrightError, UserError
from trainwright.evaluate.document import evaluate
from trainwright.evaluate.interval_coverage import Bounds, booleans_of, measure
from trainwright.evaluate.present_process import Rows
from trainwright.jobs.process import watch_parent
from trainwright.packages.predictor import Predictor
from trainwright.store.audit import current_user
from trainwright.store.datasets import get_dataset_version, get_split
from trainwright.store.fence import fence
from trainwright.store.runs import get_run
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.tasks import task_for
from trainwright.training.guarded import guarded
from trainwright.training.incremental_judge import Side, judge_sealed, older_splits, together
from trainwright.training.options import RunOptions
from trainwright.training.present import present_on_test
from trainwright.training.record import peak_memory_mb


def test_document(workspace: Workspace, run_id: int, package: Path, sha: str) -> dict[str, Any] | None:
    """The evaluation document of the sealed test, with the number of this opening and its level."""
    with read(workspace) as connection:
        run = get_run(connection, run_id)
        assert run.split_id is not None and run.dataset_version_id is not None
        split = get_split(connection, run.split_id)
        get_dataset_version(connection, run.dataset_version_id)
    older = older_splits(workspace, run, split)
    sealed = [one for one in (split, *older) if has_test(one)]
    if not sealed:
        return None
    options = RunOptions.of(run)
    predictor = Predictor.open(package, expected_sha=sha)
    purpose, who = f"final figures of run {run_id}", current_user()
    doors = [open_test(workspace, one, run_id=run_id, manifest_sha=sha, purpose=purpose, who=who) for one in sealed]
    opened, everything = doors[0], together([door.frame for door in doors])  # of one run and package: one opening
    target = predictor.manifest.target
    y = encode_target(everything[target.column], target)
    known = y >= 0 if target.task == "classes" else ~(y != y)
    frame = everything.filter(known)
    schema = predictor.manifest.schema
    metric = _metric(target, options.metric_name)
    weight = schema.with_role(Role.WEIGHT)
    given = predictor.conform(frame)
    spans = None if predictor.interval is None else predictor.predict_spans(given)
    prediction = predictor.predict_raw(given) if spans is None else spans[:, 0]
    document = evaluate(
        target,
        y[known],
        prediction,
        rows=None,
        part="test",
        metric=metric,
        group=role_codes(frame, schema, Role.GROUP),
        time=_time(frame, schema, options),
        cluster=role_codes(frame, schema, Role.CLUSTER),
        weight=weights(frame[weight]) if weight is not None and _complete(frame, weight) else None,
        threshold=predictor.manifest.threshold if predictor.manifest.threshold is not None else 0.5,
        level=opened.level,
        seed=options.seed,
        seconds=options.evaluation_seconds,
    )
    today = present_on_test(
        options.settings,
        frame,
        target,
        task_for(target).metric(document["metric"]),
        prediction,
        Rows(
            y[known],
            group=role_codes(frame, schema, Role.GROUP),
            time=_time(frame, schema, options),
            cluster=role_codes(frame, schema, Role.CLUSTER),
        ),
        threshold=predictor.manifest.threshold if predictor.manifest.threshold is not None else 0.5,
        level=opened.level,
        seed=options.seed,
        seconds=options.evaluation_seconds,
    )
    if spans is not None and predictor.interval is not None:
        document["interval"] = measure(
            Bounds.of(y[known], spans, predictor.interval.level),
            columns=lambda rows: predictor.layout.encode(given.frame[rows]),
            booleans=booleans_of(schema),
            group=role_codes(frame, schema, Role.GROUP),
            cluster=role_codes(frame, schema, Role.CLUSTER),
            time=_time(frame, schema, options),
            seed=options.seed,
        )
    if today is not None:
        document["present_process"] = today
    if older:
        new = doors[0].frame.height if sealed[0] is split else 0
        cut = predictor.manifest.threshold
        candidate = Side(
            y[known],
            prediction,
            prediction,
            0.5,
            0.5 if cut is None else cut,
            np.flatnonzero(known) >= new,
            role_codes(frame, schema, Role.GROUP)
            if schema.with_role(Role.GROUP)
            else role_codes(frame, schema, Role.CLUSTER),
            _time(frame, schema, options),
            weights(frame[weight]) if weight is not None and _complete(frame, weight) else None,
        )
        document["incremental"] = guarded(
            lambda: judge_sealed(
                workspace, split, frame, candidate, target, document["metric"], seed=options.seed, level=opened.level
            )
        )
    document["peak_memory_mb"] = peak_memory_mb()
    document["opening"] = {"k": opened.k, "level": opened.level, "unknown_labels": int((~known).sum())}
    return document


def _time(frame: pl.DataFrame, schema: Schema, options: RunOptions) -> np.ndarray | None:
    """(n,) when each test row happened: intervals are made from blocks of neighbours in time."""
    if options.settings.data.time == "row-order":
        return np.arange(frame.height, dtype=np.float64)
    name = schema.with_role(Role.TIME)
    return role_time(frame, schema) if name is not None and _complete(frame, name) else None


def _metric(target: Target, name: str | None) -> str | None:
    """The metric asked for, unless it is a function handed over in Python, which does not travel to this process."""
    try:
        return None if name is None else task_for(target).metric(name).name
    except UserError:
        return None


def _complete(frame: pl.DataFrame, name: str) -> bool:
    """Whether every row has a value: a test file of the user's own may lack a role's column."""
    return name in frame.columns and frame[name].null_count() == 0


def main(arguments: list[str]) -> int:
    path, run_id, attempt, package, sha = arguments
    watch_parent(lambda _: None)
    # No family needs scikit-learn to predict; LightGBM would import it (a second) merely because it is there.
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]
    try:
        workspace = open_workspace(Path(path), create=False)
        with write(workspace) as connection:
            fence(connection, int(run_id), int(attempt))
        document = test_document(workspace, int(run_id), Path(package), sha)
    except TrainwrightError as error:
        sys.stderr.write(str(error))
        return error.exit_code
    sys.stdout.write(json.dumps(document))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
