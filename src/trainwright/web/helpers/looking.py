"""Tasks of the form of a new training: the columns of a table, and all that can be known before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainwright.config.known import networks_here
from trainwright.jobs.memory_need import memory_mb, peak_memory
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.client_settings import client_settings

# Names that a target often has, the most telling first; else it is the last column.
TARGETS = ("target", "label", "class", "y", "outcome", "category")
# Of the time limit, what falls on fits (see `training.material`).
FITS = 0.8


def columns(workspace: Workspace, *, table: str) -> dict[str, Any]:
    """The columns of a table: `name`, `rows`, `columns` (name, some values, number of different ones) and the one that
    looks like the target.

    Args:
        workspace: not used; every task gets it.
        table: the server's own path of an upload.
    """
    from trainwright.data.read import read_table

    source = read_table(Path(table))
    frame = source.frame
    found = []
    for name in frame.columns:
        values = frame[name].drop_nulls().head(10_000)
        different = values.unique(maintain_order=True)
        found.append({"name": name, "values": [str(v)[:30] for v in different.head(3)], "distinct": len(different)})
    names = {name.strip().lower(): name for name in frame.columns}
    target = next((names[word] for word in TARGETS if word in names), frame.columns[-1] if frame.columns else None)
    return {"name": source.name, "rows": frame.height, "columns": found, "target": target}


def look(
    workspace: Workspace,
    *,
    table: str | None,
    yaml: str | None,
    values: Mapping[str, Any],
    test_file: str | None = None,
) -> dict[str, Any]:
    """What is known before a training: all that `examine` says, and `plan`: what would be trained, in which time and
    memory. Nothing is written; of a dataset version no sealed row is read.

    Args:
        workspace: where a dataset version lies.
        table: the server's own path of an upload; None with `data.version`.
        yaml, values: settings from the client, `data.target` among them, or `data.version` and `project`.
        test_file: the path of a further upload, the sealed test.
    """
    settings = client_settings(yaml, values, test_file=test_file)
    before = None
    if settings.data.version is None:
        from trainwright.training.prepare import examine

        found = examine(table, settings)
    else:
        from trainwright.training.examine_stored import examine_stored
        from trainwright.training.stored import read_stored

        stored = read_stored(workspace, table, settings)
        found, settings, before = examine_stored(stored), stored.settings, stored.before.id
    with read(workspace) as connection:
        took = peak_memory(connection, settings.project or "")
    measured = None if took is None else {"most_mb": took[0], "trainings": took[1]}
    return {**found, "plan": {**_plan(found, settings), "measured": measured, "settings_of": before}}


def _plan(found: Mapping[str, Any], settings: Any) -> dict[str, Any]:
    """The candidates that the size of the table lets one expect: an estimate, since the clock decides."""
    from trainwright.training.options import RunOptions
    from trainwright.training.plan import make_plan
    from trainwright.training.steps import Facts, wall

    options = RunOptions.from_settings(settings)
    features = [column for column in found["schema"] if column["role"] == "feature"]
    kinds = [column["kind"] for column in features]
    folds = found["split"]["folds"]
    trained = sorted(fold["train"] for fold in folds)
    classes = found["target"]["classes"]
    n_train = trained[len(trained) // 2] if trained else 0
    threads, jobs, _ = options.threads_and_jobs(n_train, len(folds))
    facts = Facts(
        task=found["target"]["task"],
        n_rows=found["split"]["sizes"]["development"],
        n_train=n_train,
        n_folds=len(folds),
        n_numbers=sum(kind in ("number", "datetime") for kind in kinds),
        n_categories=sum(kind in ("category", "boolean") for kind in kinds),
        n_texts=kinds.count("text"),
        n_outputs=len(classes) if classes else 1,
        threads=threads,
        jobs=jobs,
        networks=networks_here(),
    )
    plan = make_plan(
        facts, options.limit * FITS, chosen=options.families, family_settings=options.family_settings, also=options.also
    )
    cells = sum(found["split"]["sizes"].values()) * len(found["schema"])
    return {
        "limit": options.limit,
        "memory_mb": memory_mb(cells, options.limit),
        "steps": [
            {
                "name": step.name,
                "family": step.family,
                "seconds": wall(step, facts),
                "reason": step.reason,
                "optional": step.optional,
            }
            for step in plan.steps
        ],
        "reasons": list(plan.reasons),
    }
