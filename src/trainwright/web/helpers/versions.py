"""Tasks on versions that load models: compare, evaluate, decide, export, and the report written anew."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.config.cost_text import names_file
from trainwright.errors import UserError
from trainwright.store.names import resolve_version
from trainwright.store.problems import storage_problems
from trainwright.store.workspace import Workspace


def compare_versions(workspace: Workspace, *, first: str, second: str, table: str | None = None) -> dict[str, Any]:
    """Two versions side by side, judged on rows of an upload that neither was trained on; see `versions_compare`."""
    from trainwright.training.versions_compare import compare

    return compare(workspace, first, second, table)


def compare_trainings(workspace: Workspace, *, names: list[str]) -> dict[str, Any]:
    """The trainings behind versions side by side, on the rows that all of them held out; see `run_compare`."""
    from trainwright.training.run_compare import compare_named

    return compare_named(workspace, names)


def evaluate_version(
    workspace: Workspace, *, name: str, table: str, stress: str | None = None, decision: str | None = None
) -> dict[str, Any]:
    """A version measured on a labelled upload; see `judge.evaluate_file`."""
    from trainwright.training.judge import evaluate_file

    return evaluate_file(workspace, name, table, stress=stress, decision=decision)


def decide(workspace: Workspace, *, name: str, use: bool, who: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A decision made for a version and kept beside it; see `training.decide.decide_version`."""
    from threadpoolctl import threadpool_limits

    from trainwright.training.decide import decide_version

    cost = asked.get("cost")
    if isinstance(cost, str) and ("=" not in cost or names_file(cost)):
        raise UserError(f"cost {cost!r} names a file of the server", remedy='write the costs: {"fp": 1, "fn": 20}')
    with threadpool_limits(1, user_api="blas"):
        return decide_version(workspace, name, use=use, who=who, **dict(asked))


def export(
    workspace: Workspace, *, name: str, format: str, decision: str | None = None, int8: bool = False, who: str
) -> dict[str, Any]:
    """A version written for other programs, as one file that the server sends and removes.

    Returns:
        `path` (of a file in a temporary folder of its own), `name` for the receiver, and `record`.
    """
    from trainwright.packages.export.export import export_version

    project, version = resolve_version(workspace, name)
    called = f"{project.name}-{version.label}-{format}"
    folder = Path(tempfile.mkdtemp(prefix="trainwright-export-"))
    try:
        place = folder / called
        record = export_version(workspace, name, format, place, decision=decision, int8=int8, who=who)
        with storage_problems(Path(tempfile.gettempdir())):
            shutil.make_archive(str(folder / called), "zip", folder, called)
        shutil.rmtree(folder / called)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    record.pop("path", None)
    return {"path": str(folder / f"{called}.zip"), "name": f"{called}.zip", "record": record}


def report(workspace: Workspace, *, name: str) -> None:
    """Writes the report of a version anew where the sealed test was opened since."""
    from trainwright.training.report_again import openings_since, refresh_report

    _, version = resolve_version(workspace, name)
    if openings_since(workspace, version):
        refresh_report(workspace, version)
