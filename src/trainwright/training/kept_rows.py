"""Whether the rows that a run learned from are still in the workspace, said before anything is trained on them."""

from __future__ import annotations

from trainwright.errors import EnvironmentProblem
from trainwright.store.datasets import get_dataset_version, get_split
from trainwright.store.files import artifact_path
from trainwright.store.runs import Run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace

NEEDED = ("split", "development")
WORDS = {"split": "the split", "development": "the part with the development rows"}


def rows_are_there(workspace: Workspace, run: Run) -> None:
    """Refuses a run whose rows are gone.

    Raises:
        EnvironmentProblem: its development rows or its split are not among the artifacts any more.
    """
    if run.split_id is None or run.dataset_version_id is None:
        raise EnvironmentProblem(
            f"run {run.id} ended before its rows were split", remedy="train again: there is nothing to repeat"
        )
    with read(workspace) as connection:
        split = get_split(connection, run.split_id)
        dataset = get_dataset_version(connection, run.dataset_version_id)
    for part in NEEDED:
        held = (split.artifacts or {}).get(part)
        if held is None or not artifact_path(workspace, held["kind"], held["sha"]).is_dir():
            where = "" if held is None else f" ({artifact_path(workspace, held['kind'], held['sha'])})"
            raise EnvironmentProblem(
                f"{WORDS[part]} of d{dataset.number}, which run {run.id} learned from, is not in the workspace any more"
                f"{where}",
                remedy=f"restore the folder from a backup, or train again on {dataset.source or dataset.name}",
            )
